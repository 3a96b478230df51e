"""Stage 1: take in what was delivered."""

from datetime import UTC, datetime

import dagster as dg

from healthscore_assets.contracts import FILES, FROM_USAGE, RAW_PENDO_EXPORT
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.monitoring.arrival import Arrival
from healthscore_assets.orchestration.arrived import arrival, arrived
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.plan import known_months_of, lost_files, with_former_months
from healthscore_assets.orchestration.publish import (
    CONTRACT,
    Finding,
    Publication,
    Published,
    Stage,
    check_result,
    plain_refusals,
)
from healthscore_assets.orchestration.withdrawal import withdraw
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.pendo.archived import archive
from healthscore_assets.pendo.beside import broken_histories
from healthscore_assets.pendo.delivery import Delivery
from healthscore_assets.pendo.inbox import deliveries
from healthscore_assets.pendo.of_month import of_month
from healthscore_assets.pendo.raw_table import raw_rows, taken_in

_RAW = schema_of(RAW_PENDO_EXPORT)


@monthly(
    RAW_PENDO_EXPORT,
    group="pendo",
    kinds=frozenset({"csv", "parquet"}),
    after=["column_aliases", "product_areas", "scoring_settings"],
    checks={
        "inbox": ("raw_pendo_export", "Every file in the inbox tells its month."),
        "flags": ("raw_pendo_export", "No export of the month needs a second look."),
        "arrived": ("raw_pendo_export", "The month's export came by the day it is due."),
    },
)
def raw_pendo_export(context: dg.AssetExecutionContext, workplace: Workplace) -> Published:
    """Keep the bytes of every export of the month and record how they were understood."""
    month, lake, engine = context.partition_key, workplace.lake, workplace.local
    with plain_refusals():
        everything = deliveries(workplace.inbox, workplace.reading())
    everything = with_former_months(lake, everything)
    found = of_month(everything, month)
    today = datetime.now(UTC).date()
    before = engine.rows(engine.months("taken_in", lake.present("raw_pendo_export", month), _RAW))
    known = [taken_in(row) for row in before]
    beside = (h.export.source_file for each in known for h in each.export.histories)
    problems = [delivery.problem for delivery in found if delivery.problem]
    problems += broken_histories(everything, beside) if found else []
    refused = list(dict.fromkeys(problem.line() for problem in problems))
    if refused:
        so_far = arrival(context.instance, workplace, month, today)
        yield from nothing_taken_in("\n".join(refused), so_far, passed=False)
        return
    if not found and not known_months_of(everything) and lake.has("raw_pendo_export", month):
        # As where a share is not mounted: that takes nothing away.
        so_far = arrival(context.instance, workplace, month, today)
        says = f"{workplace.inbox}: holds no exports; mount it, or put them back. {month} stays."
        yield from nothing_taken_in(says, so_far, passed=False)
        return
    if not found:
        gone = withdraw(context, lake, (*FROM_USAGE, *FILES))
        says = gone or f"There is no export of {month}."
        so_far = arrival(context.instance, workplace, month, today)
        yield from nothing_taken_in(says, so_far, passed=True)
        return
    unfinished = {each.sha256: each.unfinished for each in known}
    over = f"{today:%Y-%m}" > month
    with plain_refusals():
        rows = raw_rows(found, month, unfinished, over=over)
    for delivery in found:
        archive(lake, delivery)
    table = engine.arrow("delivered", rows, _RAW)
    stage = Stage(context, workplace, engine=engine)
    hashes = "\n".join(rows["source_sha256"].to_pylist())
    stage.write(
        Publication(
            RAW_PENDO_EXPORT,
            table,
            metadata={
                "files": rows.num_rows,
                "rows_delivered": sum(rows["rows"].to_pylist()),
                "source_sha256": hashes,
            },
        )
    )
    files = map(taken_in, rows.to_pylist())
    came = arrived(arrival(context.instance, workplace, month, today, files))
    yield from stage.publish([_inbox(everything), _flags(found), came])


def nothing_taken_in(says: str, so_far: Arrival, *, passed: bool) -> Published:
    """Why nothing is taken in: no export, or one that is refused; and whether it is late."""
    for check in (CONTRACT, "inbox", "flags"):
        yield dg.AssetCheckResult(
            passed=passed, asset_key="raw_pendo_export", check_name=check, description=says
        )
    yield check_result(arrived(so_far))


def _inbox(everything: list[Delivery]) -> Finding:
    lost = lost_files(everything)
    says = "\n".join(lost) or "Every file tells its month."
    return Finding(
        "inbox", "raw_pendo_export", not lost, says, False, {"files_without_a_month": len(lost)}
    )


def _flags(found: list[Delivery]) -> Finding:
    exports = [delivery.export for delivery in found if delivery.export is not None]
    flags = [
        {"source_file": export.source_file, "note": note}
        for export in exports
        for note in export.notes
    ]
    says = "\n".join(f"{flag['source_file']}: {flag['note']}" for flag in flags)
    return Finding(
        "flags",
        "raw_pendo_export",
        not flags,
        says or "Nothing stands out.",
        False,
        {"files_flagged": len({flag["source_file"] for flag in flags})},
        {"first_notes": flags[:5]},
    )
