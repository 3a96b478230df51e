"""Stage 11: whom and what a client's usage hangs on."""

import dagster as dg
import ibis

from healthscore_assets.contracts import STRUCTURAL_RISK
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import Finding, Publication, Published, Stage
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.risk.inputs import WALKED_MONTHS, RiskInputs
from healthscore_assets.risk.structural import structural_risk as structure
from healthscore_assets.scoring.health.feed_clients import with_clients
from healthscore_assets.scoring.health.inputs import known_ids, month_at_hand, of_month


# As far back for each, though usage matters for fewer: Dagster takes the months of a backfill from
# the first inputs it comes to, and would leave out those due by the others.
@monthly(
    STRUCTURAL_RISK,
    group="risk",
    reads={
        "client_profile": 0,
        "client_names": WALKED_MONTHS,
        "client_month": WALKED_MONTHS,
        "client_area_month": WALKED_MONTHS,
        "visitor_activity": WALKED_MONTHS,
        "client_feature_month": WALKED_MONTHS,
        "area_engagement": WALKED_MONTHS,
    },
    may_read={"accounts": 0, "stakeholders": WALKED_MONTHS},
    after=["scoring_settings", "health_settings"],
    checks={
        "strangers": (
            "structural_risk",
            "Every stakeholder is of a client that usage or the register knows.",
        ),
    },
)
def structural_risk(
    context: dg.AssetExecutionContext,
    workplace: Workplace,
    client_profile: ibis.Table,
    client_names: ibis.Table,
    client_month: ibis.Table,
    client_area_month: ibis.Table,
    visitor_activity: ibis.Table,
    client_feature_month: ibis.Table,
    area_engagement: ibis.Table,
    accounts: ibis.Table,
    stakeholders: ibis.Table,
) -> Published:
    """Engagement value, concentration, diversity, dormancy and champions of every client."""
    engine, settings = workplace.engine, workplace.settings
    known = known_ids(client_profile, client_month, accounts)
    of_people = with_clients(engine, {"stakeholders": stakeholders}, known, client_names)
    inputs = RiskInputs(
        of_month(client_profile),
        client_month,
        client_area_month,
        visitor_activity,
        client_feature_month,
        area_engagement,
        accounts,
        of_people.feeds["stakeholders"],
        month_at_hand(engine, context.partition_key),
    )
    stage = Stage(context, workplace, of_health=True)
    risks = structure(engine, inputs, settings.health.risk)
    with engine.single_threaded():
        stage.write(Publication(STRUCTURAL_RISK, risks))
    yield from stage.publish([Finding.warning("strangers", "structural_risk", of_people.seen)])
