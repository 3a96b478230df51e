"""The graph: every stage, over given folders. A run from the command line loads no more."""

import dagster as dg

from healthscore_assets.assets.alerts import alerts
from healthscore_assets.assets.area_engagement import area_engagement
from healthscore_assets.assets.cleaned_usage import cleaning
from healthscore_assets.assets.client_month import clients
from healthscore_assets.assets.client_scores import client_scores
from healthscore_assets.assets.client_signals import client_signals
from healthscore_assets.assets.composite_health import composite_health
from healthscore_assets.assets.crm import (
    crm_scores,
    gainsight_companies,
    hubspot_companies,
    salesforce_accounts,
    zendesk_organizations,
)
from healthscore_assets.assets.feeds import FEED_STAGES
from healthscore_assets.assets.health_components import health_components
from healthscore_assets.assets.health_scores import health_scores
from healthscore_assets.assets.index_scores import index_scores
from healthscore_assets.assets.lookups import (
    alert_rules,
    client_aliases,
    column_aliases,
    crm_settings,
    excluded_accounts,
    excluded_visitors,
    health_settings,
    internal_domains,
    product_areas,
    scoring_settings,
)
from healthscore_assets.assets.momentum import momentum
from healthscore_assets.assets.portfolio import portfolio
from healthscore_assets.assets.pulled_export import pulled_export
from healthscore_assets.assets.raw_pendo_export import raw_pendo_export
from healthscore_assets.assets.structural_risk import structural_risk
from healthscore_assets.orchestration.workplace import Workplace


def stages(workplace: Workplace) -> dg.Definitions:
    """The stages and the lookups they read, without what runs them by itself."""
    silent_months = workplace.silent_months
    return dg.Definitions(
        assets=[
            product_areas,
            internal_domains,
            column_aliases,
            client_aliases,
            excluded_accounts,
            excluded_visitors,
            scoring_settings,
            health_settings,
            alert_rules,
            crm_settings,
            pulled_export,
            raw_pendo_export,
            cleaning,
            *FEED_STAGES,
            area_engagement,
            clients,
            index_scores(silent_months),
            momentum(silent_months),
            client_scores(silent_months, workplace.export_due_day),
            health_components,
            composite_health,
            health_scores,
            structural_risk,
            portfolio,
            client_signals,
            alerts,
            crm_scores,
            salesforce_accounts,
            hubspot_companies,
            gainsight_companies,
            zendesk_organizations,
        ],
        resources={"workplace": workplace},
        # The engine uses the cores; a process per step would cost two seconds each.
        executor=dg.in_process_executor,
    )
