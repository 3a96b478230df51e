"""Stage 8: what was observed of each client, from usage and every other feed."""

import dagster as dg
import ibis

from healthscore_assets.contracts import CLIENT_PROFILE, HEALTH_COMPONENTS
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import Finding, Publication, Published, Stage
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.scoring.health.feed_clients import with_clients
from healthscore_assets.scoring.health.inputs import (
    KNOWN_MONTHS,
    RECENT_MONTHS,
    TERMS_MONTHS,
    YEAR,
    HealthInputs,
    known_ids,
    month_at_hand,
)
from healthscore_assets.scoring.health.observed import observed

_FEEDS = ("support_tickets", "surveys", "invoices", "touchpoints", "renewals")


@monthly(
    CLIENT_PROFILE,
    HEALTH_COMPONENTS,
    group="health",
    reads={
        "index_scores": 0,
        "client_names": KNOWN_MONTHS - 1,
        "client_month": KNOWN_MONTHS - 1,
        "client_feature_month": KNOWN_MONTHS - 1,
        "area_engagement": KNOWN_MONTHS - 1,
        "feature_areas": RECENT_MONTHS - 1,
        "visitor_month": KNOWN_MONTHS - 1,
    },
    may_read={
        "accounts": YEAR,
        "support_tickets": 3,
        "surveys": 6,
        "invoices": YEAR - 1 + TERMS_MONTHS,
        "touchpoints": YEAR - 1,
        "renewals": YEAR - 1,
    },
    after=["product_areas", "scoring_settings", "health_settings"],
    checks={
        "strangers": (
            "health_components",
            "Every row of the feeds is of a client that usage or the register knows.",
        ),
    },
)
def health_components(
    context: dg.AssetExecutionContext,
    workplace: Workplace,
    client_names: ibis.Table,
    **tables: ibis.Table,
) -> Published:
    """The components of composite health before smoothing, and who each client is."""
    engine, month = workplace.engine, context.partition_key
    known = known_ids(tables["index_scores"], tables["client_month"], tables["accounts"])
    feeds = with_clients(engine, {name: tables[name] for name in _FEEDS}, known, client_names)
    inputs = HealthInputs(
        **{**tables, **feeds.feeds},
        product_areas=workplace.product_areas_table(),
        at=month_at_hand(engine, month),
        delivered=frozenset(feed for feed in _FEEDS if workplace.lake.has(feed, month)),
    )
    profile, components = observed(engine, inputs, workplace.settings)
    with engine.single_threaded():
        stage = Stage(context, workplace, of_health=True)
        stage.write(
            Publication(CLIENT_PROFILE, profile), Publication(HEALTH_COMPONENTS, components)
        )
    yield from stage.publish([Finding.warning("strangers", "health_components", feeds.seen)])
