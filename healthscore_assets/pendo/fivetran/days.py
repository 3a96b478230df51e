"""Days that are delivered again: each counts in the file whose rows of it were synced last."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from healthscore_assets.lake.engine import Engine
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.fivetran.versions import moments
from healthscore_assets.pendo.headers.aliases import COUNTS
from healthscore_assets.pendo.periods import day_of_rows
from healthscore_assets.reading.formats import tables
from healthscore_assets.reading.formats.batch import name_of
from healthscore_assets.reading.header_text import comparable

_NO_KEYS = {"synced", "deleted", "active", *COUNTS}
_KNOWN_BY = 256
"""Hashes of rows by which two files are seen to tell of the same ones.

Where a day comes again with twenty times its rows, one in 500,000 is not seen, and then refused as
an overlap.
"""

_SAME = 0.5
"""From this share of either file's rows on, a day is told again; others were deleted or came."""

_BY_DAY = """
    SELECT day, max(synced) AS last, min(hash({keys}), {known_by}) AS rows,
           count(*) - count(synced) AS untold
    FROM rows_synced WHERE day IS NOT NULL GROUP BY day
"""


@dataclass(frozen=True)
class SyncedDay:
    """When the last row of a day was synced, in microseconds since 1970, and some of its rows.

    ``rows`` are the smallest hashes of who did what when: two files that tell of the same rows
    share some, parts of one export none.
    """

    last: int
    rows: frozenset[int]


Synced = Mapping[str, SyncedDay]
"""By day."""


def synced(path: Path, export: ExportFile) -> Synced:
    """When the rows of each day were synced; nothing of a file with a row that does not tell.

    Raises ExportRefused for a time that is none.
    """
    at, when = export.index("synced"), export.when
    if at is None or when is None:
        return {}
    # All that tells one row from another, addresses included.
    keys = [
        n
        for n, column in enumerate(export.columns)
        if column.role not in _NO_KEYS and not comparable(column.header).startswith("fivetran")
    ]
    names = [name_of(n) for n in keys]
    schema = pa.schema(
        {"day": pa.date32(), "synced": pa.int64()} | dict.fromkeys(names, pa.string())
    )
    engine = Engine()
    try:
        rows = _rows(path, export, at, when, keys, schema)
        engine.con.register("rows_synced", pa.RecordBatchReader.from_batches(schema, rows))
        told = engine.rows(_BY_DAY.format(keys=", ".join(names), known_by=_KNOWN_BY))
    finally:
        engine.close()
    if any(row["untold"] for row in told):
        return {}
    return {
        row["day"].isoformat(): SyncedDay(row["last"], frozenset(row["rows"]))
        for row in sorted(told, key=lambda row: row["day"])
    }


def _rows(
    path: Path, export: ExportFile, at: int, when: int, keys: Sequence[int], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    read = dict.fromkeys([at, when, *keys])
    for batch in tables.batches(path, export.source_file, export.layout, [], read):
        if len(batch.source_row):
            cells = [batch.cells[name_of(n)] for n in keys]
            days = day_of_rows(export, batch.cells[name_of(when)])
            rows = pa.table([days, moments(batch, export, at), *cells], schema=schema)
            yield from rows.to_batches()


@dataclass(frozen=True)
class Counting:
    """Which days of a month do not count in a file, and which files are not of one table.

    ``superseded`` has by file its days, each with the file that tells it later; ``unlike`` are the
    files that have too few rows of a day in common to be the same, and too many to be parts.
    """

    superseded: dict[str, dict[str, str]]
    unlike: set[str]


def counting(files: Mapping[str, Synced], month: str) -> Counting:
    """Where each day of a month counts: in the file whose rows of it were synced last.

    That is one that has most rows of the other, or most of whose rows the other has; of two synced
    at the same time the one that was synced on, of equals the one whose name is greater. Files
    without a row in common are parts of one table: both count.
    """
    ends = {
        name: max((day.last for day in days.values()), default=0) for name, days in files.items()
    }
    found: dict[str, dict[str, str]] = {}
    unlike: set[str] = set()
    for name, days in files.items():
        for day, told in days.items():
            if not day.startswith(month):
                continue
            own = told.last, ends[name], name
            later = []
            for other, its in files.items():
                again = its.get(day)
                if again is None or (again.last, ends[other], other) <= own:
                    continue
                share = max(_shared(told, again), _shared(again, told))
                if share >= _SAME:
                    later.append((again.last, ends[other], other))
                elif share:
                    unlike |= {name, other}
            if later:
                found.setdefault(name, {})[day] = max(later)[2]
    return Counting(found, unlike)


def _shared(told: SyncedDay, again: SyncedDay) -> float:
    """Which part of the first's rows the second has too, as far as both are known."""
    whole = len(again.rows) < _KNOWN_BY
    both = [row for row in told.rows if whole or row <= max(again.rows)]
    return len(again.rows.intersection(both)) / len(both) if both else 0.0
