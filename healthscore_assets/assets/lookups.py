"""What people change, as inputs of the graph: an edit makes the tables made before it stale."""

import warnings

import dagster as dg

from healthscore_assets.orchestration.workplace import Workplace

_GROUP = "lookups"

warnings.filterwarnings("ignore", message=".*observable_source_asset.*", category=dg.BetaWarning)


@dg.observable_source_asset(group_name=_GROUP, tags={"dagster/kind/csv": ""})
def product_areas(workplace: Workplace) -> dg.DataVersion:
    """Which product area each feature belongs to, kept by the product team."""
    return dg.DataVersion(workplace.lookup_version("product_areas"))


@dg.observable_source_asset(group_name=_GROUP, tags={"dagster/kind/csv": ""})
def internal_domains(workplace: Workplace) -> dg.DataVersion:
    """The vendor's own e-mail domains: visitors with such an address are internal."""
    return dg.DataVersion(workplace.lookup_version("internal_domains"))


@dg.observable_source_asset(group_name=_GROUP, tags={"dagster/kind/csv": ""})
def column_aliases(workplace: Workplace) -> dg.DataVersion:
    """Further headers for the columns of an export, beside those that are known."""
    return dg.DataVersion(workplace.lookup_version("column_aliases"))


@dg.observable_source_asset(group_name=_GROUP, tags={"dagster/kind/csv": ""})
def client_aliases(workplace: Workplace) -> dg.DataVersion:
    """Further ids of clients: what belongs together."""
    return dg.DataVersion(workplace.lookup_version("client_aliases"))


@dg.observable_source_asset(group_name=_GROUP, tags={"dagster/kind/csv": ""})
def excluded_accounts(workplace: Workplace) -> dg.DataVersion:
    """Accounts that are no clients: the vendor's own, test and demo accounts."""
    return dg.DataVersion(workplace.lookup_version("excluded_accounts"))


@dg.observable_source_asset(group_name=_GROUP, tags={"dagster/kind/csv": ""})
def excluded_visitors(workplace: Workplace) -> dg.DataVersion:
    """Visitors whose usage is not counted, such as those of Pendo's exclude list."""
    return dg.DataVersion(workplace.lookup_version("excluded_visitors"))


@dg.observable_source_asset(group_name=_GROUP, tags={"dagster/kind/yaml": ""})
def scoring_settings(workplace: Workplace) -> dg.DataVersion:
    """The settings of the scoring model."""
    return dg.DataVersion(workplace.lookup_version("scoring_settings"))


@dg.observable_source_asset(group_name=_GROUP, tags={"dagster/kind/yaml": ""})
def alert_rules(workplace: Workplace) -> dg.DataVersion:
    """When somebody is to act on a client, who, by when, and how."""
    return dg.DataVersion(workplace.lookup_version("alert_rules"))


@dg.observable_source_asset(group_name=_GROUP, tags={"dagster/kind/yaml": ""})
def crm_settings(workplace: Workplace) -> dg.DataVersion:
    """Which systems have files, and the fields of theirs: a section of the delivery settings."""
    return dg.DataVersion(workplace.lookup_version("crm_settings"))


@dg.observable_source_asset(group_name=_GROUP, tags={"dagster/kind/yaml": ""})
def health_settings(workplace: Workplace) -> dg.DataVersion:
    """The settings of composite health, in the same file."""
    return dg.DataVersion(workplace.lookup_version("health_settings"))
