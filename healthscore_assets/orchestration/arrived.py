"""How the export of a month is doing, from the lake and the runs so far."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

import dagster as dg
import pyarrow.parquet as pq

from healthscore_assets.lake.lake import Lake
from healthscore_assets.monitoring.arrival import Arrival, came, month_end, not_here, not_whole
from healthscore_assets.orchestration.plan import RAW
from healthscore_assets.orchestration.publish import Finding
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.pendo.raw_table import TakenIn, taken_in

ARRIVED = "arrived"


def arrival(
    instance: dg.DagsterInstance,
    workplace: Workplace,
    month: str,
    today: date,
    files: Iterable[TakenIn] | None = None,
) -> Arrival:
    """What is to be said of a month of which these files were taken in; without them, the lake's.

    A month without any is only late where an earlier one is there: nobody waits for what would have
    come before the first.
    """
    lake, due_day = workplace.lake, workplace.settings.export_due_day
    files = list(_in_the_lake(lake, month) if files is None else files)
    if files:
        if any(file.unfinished for file in files):
            return not_whole(month, due_day, today)
        return came(month, _first_taken_in(instance, month) or today)
    months = lake.months(RAW)
    if not months or month < months[0]:
        return Arrival(False, f"{month}: no export, nor of any month before it")
    return not_here(month, due_day, today)


def arrived(told: Arrival) -> Finding:
    """The check of the raw table."""
    return Finding(ARRIVED, RAW, not told.late, told.says, blocks=False, metadata=told.numbers)


def _in_the_lake(lake: Lake, month: str) -> list[TakenIn]:
    return [
        taken_in(row)
        for path in lake.present(RAW, month).values()
        for row in pq.read_table(path, partitioning=None).to_pylist()
    ]


def _first_taken_in(instance: dg.DagsterInstance, month: str) -> date | None:
    """The day of the first run after the month was over that took something in for it."""
    over = datetime.combine(month_end(month) + timedelta(days=1), time(), UTC)
    made = instance.fetch_materializations(
        dg.AssetRecordsFilter(
            asset_key=dg.AssetKey(RAW), asset_partitions=[month], after_timestamp=over.timestamp()
        ),
        limit=1,
        ascending=True,
    ).records
    return datetime.fromtimestamp(made[0].timestamp, UTC).date() if made else None
