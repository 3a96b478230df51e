"""Before stage 1: usage from Pendo itself, into the inbox."""

from typing import Any

import dagster as dg

from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.lookups.secrets import SecretMissing
from healthscore_assets.orchestration.partitions import MONTHS
from healthscore_assets.orchestration.plan import SOURCES
from healthscore_assets.orchestration.pull_runs import PULLED
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.pendo.api.failed import PullFailed


@dg.asset(
    name=PULLED,
    partitions_def=MONTHS,
    group_name=SOURCES,
    kinds={"parquet"},
    pool="pull",
    description="The month's use of features as Pendo's API tells it: a file of the inbox, which "
    "is taken in like any other. Settings are in `lookups/sources.yaml`.",
)
def pulled_export(
    context: dg.AssetExecutionContext, workplace: Workplace
) -> dg.MaterializeResult[Any]:
    """Pull the month; one without rows is told in `sha256`, with what became of its file."""
    from healthscore_assets.orchestration.pulling import pulling  # httpx, which few runs need

    month = context.partition_key
    try:
        with pulling(workplace, [month], context.log.info, context.log.info) as pull:
            pulled = pull(month)
    except (LookupRefused, SecretMissing, PullFailed) as failed:
        raise dg.Failure(str(failed), allow_retries=False) from None
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": pulled.rows,
            "pages": pulled.pages,
            "windows": pulled.windows,
            "seconds": round(pulled.seconds, 1),
            "changed": pulled.changed,
            "sha256": pulled.sha256 or f"{pulled.nothing}: no use is told",
            "file": str(pulled.path or "none"),
        }
    )
