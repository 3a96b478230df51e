"""Stage 1: take in what was delivered."""

from datetime import UTC, datetime

import dagster as dg

from healthscore_assets.contracts import RAW_PENDO_EXPORT
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.plan import lost_files
from healthscore_assets.orchestration.publish import (
    CONTRACT,
    Finding,
    Publication,
    Published,
    Stage,
    plain_refusals,
)
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.pendo.inbox import Delivery, deliveries, of_month
from healthscore_assets.pendo.raw_table import raw_rows, taken_in

_RAW = schema_of(RAW_PENDO_EXPORT)


@monthly(
    RAW_PENDO_EXPORT,
    group="pendo",
    kinds=frozenset({"csv", "parquet"}),
    checks={"inbox": ("raw_pendo_export", "Every file in the inbox tells its month.")},
)
def raw_pendo_export(context: dg.AssetExecutionContext, workplace: Workplace) -> Published:
    """Keep the bytes of every export of the month and record how they were understood."""
    month, lake, engine = context.partition_key, workplace.lake, workplace.engine
    with plain_refusals():
        everything = deliveries(workplace.inbox)
    found = of_month(everything, month)
    refused = [delivery.problem.line() for delivery in found if delivery.problem]
    if refused or not found:
        yield from nothing_taken_in(month, refused)
        return
    before = engine.rows(engine.months("taken_in", lake.present("raw_pendo_export", month), _RAW))
    partial = {known.sha256: known.partial for known in map(taken_in, before)}
    over = datetime.now(UTC).strftime("%Y-%m") > month
    with plain_refusals():
        rows = raw_rows(found, month, partial, over=over)
    for delivery in found:
        lake.archive(delivery.path, delivery.sha256)
    table = engine.arrow("delivered", rows, _RAW)
    stage = Stage(context, workplace)
    hashes = "\n".join(rows["source_sha256"].to_pylist())
    stage.write(
        Publication(
            RAW_PENDO_EXPORT, table, metadata={"files": rows.num_rows, "source_sha256": hashes}
        )
    )
    yield from stage.publish([_inbox(everything)])


def nothing_taken_in(month: str, refused: list[str]) -> Published:
    """Why the month's table stays as it is: no export, or one that is refused."""
    says = "\n".join(refused) or f"There is no export of {month}."
    for check in (CONTRACT, "inbox"):
        yield dg.AssetCheckResult(
            passed=not refused, asset_key="raw_pendo_export", check_name=check, description=says
        )


def _inbox(everything: list[Delivery]) -> Finding:
    lost = lost_files(everything)
    says = "\n".join(lost) or "Every file tells its month."
    return Finding("inbox", "raw_pendo_export", not lost, says, blocks=False)
