"""The job to backfill in the UI: months one by one, the oldest first."""

import dagster as dg

from healthscore_assets.contracts import CONTRACTS, FILES
from healthscore_assets.lake.months import ordinal
from healthscore_assets.orchestration.partitions import MONTHS

IN_ORDER = "healthscore/in_order"
"""Tag of the runs that go one by one: later months read earlier ones."""


def in_order(month: str) -> dict[str, str]:
    """Tags by which the queue runs months one by one, the oldest of those waiting first."""
    return {IN_ORDER: "yes", "dagster/priority": str(-ordinal(month))}


months = dg.define_asset_job(
    "months",
    selection=dg.AssetSelection.assets(*CONTRACTS, *FILES),
    config=dg.PartitionedConfig(
        partitions_def=MONTHS,
        run_config_for_partition_key_fn=lambda _: {},
        tags_for_partition_key_fn=in_order,
    ),
    description="All tables and files of a month in one run. Backfill it for many months: they go "
    "one by one, the oldest first.",
)
