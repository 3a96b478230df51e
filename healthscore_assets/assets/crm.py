"""Stage 15: scores for the CRM and the help desk, and a file for each."""

import dagster as dg
import ibis

from healthscore_assets.contracts import CRM_SCORES
from healthscore_assets.delivery.crm import gainsight, hubspot, salesforce, zendesk
from healthscore_assets.delivery.crm.cells import Layout
from healthscore_assets.delivery.crm.scores import MonthTables
from healthscore_assets.delivery.crm.scores import crm_scores as told
from healthscore_assets.orchestration.files import monthly_file
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import Publication, Published, Stage
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.risk.alerts.states import rule_facts
from healthscore_assets.scoring.health.inputs import month_at_hand, of_month

_GROUP = "delivery"
_file = monthly_file(reads="crm_scores", after="crm_settings", group=_GROUP)


@monthly(
    CRM_SCORES,
    group=_GROUP,
    reads={
        "client_scores": 0,
        "health_scores": 0,
        "health_drivers": 0,
        "client_profile": 0,
        "alerts": 0,
    },
    after=["alert_rules"],
)
def crm_scores(
    context: dg.AssetExecutionContext, workplace: Workplace, **tables: ibis.Table
) -> Published:
    """Score, band, trend, top three drivers and open alerts of every client, in words."""
    engine = workplace.engine
    month = MonthTables(
        **{name: of_month(table) for name, table in tables.items()},
        rules=rule_facts(engine, workplace.alert_rules),
        at=month_at_hand(engine, context.partition_key),
    )
    stage = Stage(context, workplace)
    stage.write(Publication(CRM_SCORES, told(month)))
    yield from stage.publish()


@_file
def salesforce_accounts(workplace: Workplace, crm_scores: ibis.Table) -> Layout | None:
    """Accounts for Salesforce's Data Loader, matched by the client's id in an external id field."""
    settings = workplace.delivery.crm.salesforce
    return salesforce.accounts(crm_scores, settings) if settings.enabled else None


@_file
def hubspot_companies(workplace: Workplace, crm_scores: ibis.Table) -> Layout | None:
    """Companies for HubSpot's import, matched by the client's id in a unique property."""
    settings = workplace.delivery.crm.hubspot
    return hubspot.companies(crm_scores, settings) if settings.enabled else None


@_file
def gainsight_companies(workplace: Workplace, crm_scores: ibis.Table) -> Layout | None:
    """Companies for a data job of Gainsight, matched by the client's id in a custom field."""
    settings = workplace.delivery.crm.gainsight
    return gainsight.companies(crm_scores, settings) if settings.enabled else None


@_file
def zendesk_organizations(workplace: Workplace, crm_scores: ibis.Table) -> Layout | None:
    """Organizations for Zendesk's import, matched by the client's id as external id."""
    settings = workplace.delivery.crm.zendesk
    return zendesk.organizations(crm_scores, settings) if settings.enabled else None
