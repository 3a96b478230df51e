"""One pandera schema per table: the only place where columns are declared.

A contract's name is the table's and its asset's, ``unique`` is the key and the order of the rows,
``metadata["grain"]`` says what a row is. Checks, column metadata and the data dictionary follow.
"""

from healthscore_assets.contracts.accounts import ACCOUNTS
from healthscore_assets.contracts.alerts import ALERT_STATES, ALERTS
from healthscore_assets.contracts.area_engagement import AREA_ENGAGEMENT
from healthscore_assets.contracts.area_weights import AREA_WEIGHTS
from healthscore_assets.contracts.cleaned_usage import CLEANED_USAGE
from healthscore_assets.contracts.client_area_month import CLIENT_AREA_MONTH
from healthscore_assets.contracts.client_feature_month import CLIENT_FEATURE_MONTH
from healthscore_assets.contracts.client_month import CLIENT_MONTH
from healthscore_assets.contracts.client_names import CLIENT_NAMES
from healthscore_assets.contracts.client_profile import CLIENT_PROFILE
from healthscore_assets.contracts.client_scores import CLIENT_SCORES
from healthscore_assets.contracts.client_signals import CLIENT_SIGNALS
from healthscore_assets.contracts.composite import COMPOSITE_HEALTH, COMPOSITE_POINTS
from healthscore_assets.contracts.crm_scores import CRM_SCORES
from healthscore_assets.contracts.feature_areas import FEATURE_AREAS
from healthscore_assets.contracts.feed_quarantine import feed_quarantine
from healthscore_assets.contracts.health_components import HEALTH_COMPONENTS
from healthscore_assets.contracts.health_scores import HEALTH_DRIVERS, HEALTH_SCORES
from healthscore_assets.contracts.index_scores import INDEX_SCORES
from healthscore_assets.contracts.invoices import INVOICES
from healthscore_assets.contracts.momentum import MOMENTUM
from healthscore_assets.contracts.portfolio import (
    PORTFOLIO_BANDS,
    PORTFOLIO_CHURN,
    PORTFOLIO_COHORTS,
    PORTFOLIO_DIMENSIONS,
    PORTFOLIO_MOVERS,
)
from healthscore_assets.contracts.quarantine import QUARANTINE
from healthscore_assets.contracts.raw_feed import raw_feed
from healthscore_assets.contracts.raw_pendo_export import RAW_PENDO_EXPORT
from healthscore_assets.contracts.renewals import RENEWALS
from healthscore_assets.contracts.stakeholders import STAKEHOLDERS
from healthscore_assets.contracts.structural_risk import STRUCTURAL_RISK
from healthscore_assets.contracts.support_tickets import SUPPORT_TICKETS
from healthscore_assets.contracts.surveys import SURVEYS
from healthscore_assets.contracts.touchpoints import TOUCHPOINTS
from healthscore_assets.contracts.visitor_activity import VISITOR_ACTIVITY
from healthscore_assets.contracts.visitor_month import VISITOR_MONTH

FEED_TABLES = {
    str(contract.name): (raw_feed(contract.name), contract, feed_quarantine(contract.name))
    for contract in (
        ACCOUNTS,
        SUPPORT_TICKETS,
        SURVEYS,
        INVOICES,
        TOUCHPOINTS,
        STAKEHOLDERS,
        RENEWALS,
    )
}
"""The tables of each feed: what was delivered, its rows, and what was refused of them."""

CONTRACTS = {
    str(contract.name): contract
    for contract in (
        RAW_PENDO_EXPORT,
        CLEANED_USAGE,
        VISITOR_MONTH,
        QUARANTINE,
        CLIENT_NAMES,
        VISITOR_ACTIVITY,
        FEATURE_AREAS,
        *(contract for tables in FEED_TABLES.values() for contract in tables),
        AREA_ENGAGEMENT,
        CLIENT_AREA_MONTH,
        CLIENT_FEATURE_MONTH,
        CLIENT_MONTH,
        AREA_WEIGHTS,
        INDEX_SCORES,
        MOMENTUM,
        CLIENT_SCORES,
        CLIENT_PROFILE,
        HEALTH_COMPONENTS,
        COMPOSITE_HEALTH,
        COMPOSITE_POINTS,
        HEALTH_SCORES,
        HEALTH_DRIVERS,
        STRUCTURAL_RISK,
        PORTFOLIO_BANDS,
        PORTFOLIO_MOVERS,
        PORTFOLIO_CHURN,
        PORTFOLIO_COHORTS,
        PORTFOLIO_DIMENSIONS,
        CLIENT_SIGNALS,
        ALERT_STATES,
        ALERTS,
        CRM_SCORES,
    )
}
"""Every table, in the order the data flow."""

FILES = (
    "salesforce_accounts",
    "hubspot_companies",
    "gainsight_companies",
    "zendesk_organizations",
)
"""What is made of the tables for other systems: a CSV a month, in their layout, and no table."""

FROM_USAGE = tuple(name for name, each in CONTRACTS.items() if "feed" not in each.metadata)
"""The tables that every month with usage has, in the order the data flow."""


def feed_of(table: str) -> str | None:
    """The feed that a table tells of; None for tables and files made from usage."""
    feed: str | None = None if table in FILES else CONTRACTS[table].metadata.get("feed")
    return feed


__all__ = [
    "ALERTS",
    "ALERT_STATES",
    "AREA_ENGAGEMENT",
    "AREA_WEIGHTS",
    "CLEANED_USAGE",
    "CLIENT_AREA_MONTH",
    "CLIENT_FEATURE_MONTH",
    "CLIENT_MONTH",
    "CLIENT_NAMES",
    "CLIENT_PROFILE",
    "CLIENT_SCORES",
    "CLIENT_SIGNALS",
    "COMPOSITE_HEALTH",
    "COMPOSITE_POINTS",
    "CONTRACTS",
    "CRM_SCORES",
    "FEATURE_AREAS",
    "FEED_TABLES",
    "FILES",
    "FROM_USAGE",
    "HEALTH_COMPONENTS",
    "HEALTH_DRIVERS",
    "HEALTH_SCORES",
    "INDEX_SCORES",
    "MOMENTUM",
    "PORTFOLIO_BANDS",
    "PORTFOLIO_CHURN",
    "PORTFOLIO_COHORTS",
    "PORTFOLIO_DIMENSIONS",
    "PORTFOLIO_MOVERS",
    "QUARANTINE",
    "RAW_PENDO_EXPORT",
    "STRUCTURAL_RISK",
    "VISITOR_ACTIVITY",
    "VISITOR_MONTH",
    "feed_of",
]
