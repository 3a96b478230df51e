"""What people change, as inputs of the graph: an edit makes the tables made before it stale."""

import warnings

import dagster as dg

from healthscore_assets.lake.folder import content_hash
from healthscore_assets.orchestration.workplace import Workplace

_GROUP = "lookups"

warnings.filterwarnings("ignore", message=".*observable_source_asset.*", category=dg.BetaWarning)


@dg.observable_source_asset(group_name=_GROUP, tags={"dagster/kind/csv": ""})
def product_areas(workplace: Workplace) -> dg.DataVersion:
    """Which product area each feature belongs to, kept by the product team."""
    return lookup_version(workplace, "product_areas")


@dg.observable_source_asset(group_name=_GROUP, tags={"dagster/kind/csv": ""})
def internal_domains(workplace: Workplace) -> dg.DataVersion:
    """The vendor's own e-mail domains: visitors with such an address are internal."""
    return lookup_version(workplace, "internal_domains")


@dg.observable_source_asset(group_name=_GROUP, tags={"dagster/kind/yaml": ""})
def scoring_settings(workplace: Workplace) -> dg.DataVersion:
    """The settings of the scoring model."""
    return lookup_version(workplace, "scoring_settings")


def lookup_version(workplace: Workplace, name: str) -> dg.DataVersion:
    """Hash of the lookup's file."""
    path = workplace.lookup_file(name)
    return dg.DataVersion(content_hash(path) if path.exists() else "missing")
