"""The events of a Data Sync export: the Avro files that its bill of materials lists, in batches.

A row is what one visitor did on one day: Pendo tells each click by itself, and thousands of equal
ones are added up while they are read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa

from healthscore_assets.reading.formats import avro_file
from healthscore_assets.reading.formats.batch import Batch, Layout, Part, name_of
from healthscore_assets.reading.formats.python_cells import texts_of
from healthscore_assets.reading.refused import ExportRefused, Problem

BILL = "billofmaterials.json"
CLIENT, VISITOR, PERIOD, FEATURE, EVENTS = range(5)
HEADER = ("accountId", "visitorId", "periodId", "featureId", "events")
"""The columns of a table of events; one of visitors ends before the feature."""

_EVENTS = 262_144
"""At least so many are added up at a time, but those of a last batch."""

_EPOCH = date(1970, 1, 1)
_FIRST_YEARLY = 19_700_101


def batches(
    path: Path, source_file: str, layout: Layout, numbers: Sequence[int], texts: Sequence[int]
) -> Iterator[Batch]:
    """Read the parts one after the other; rows are numbered over all of their records.

    Raises ExportRefused for a part that is not there or cannot be read.
    """
    wanted = {*numbers, *texts}
    waiting: list[pa.Table] = []
    events = 0
    for n, before in enumerate(_before(layout.parts)):
        waiting.append(_events(path, source_file, layout.parts[n], n, before))
        events += waiting[-1].num_rows
        if events >= _EVENTS:
            yield _batch(waiting, layout.parts, wanted)
            waiting, events = [], 0
    if waiting:
        yield _batch(waiting, layout.parts, wanted)


def text_columns(path: Path, source_file: str, layout: Layout, numbers: Iterable[int]) -> set[int]:
    """None: the only numbers are counted here."""
    del path, source_file, layout, numbers
    return set()


def count(path: Path, source_file: str, layout: Layout) -> int:
    """Events of the days that are read."""
    del path, source_file
    return sum(part.rows for part in layout.parts)


def rows_by_period(path: Path, source_file: str) -> dict[str, int]:
    """How many events of each day an Avro file has."""
    found: dict[str, int] = {}
    for _, fields in avro_file.records(path, source_file, [HEADER[PERIOD]]):
        for period in _periods(source_file, fields):
            found[period] = found.get(period, 0) + 1
    return found


def part_file(bill: Path, part: Part) -> Path:
    """Where the bytes of a part are."""
    return Path(part.at) if part.at else bill.parent / part.path


def part_name(source_file: str, part: Part) -> str:
    """What a part is called: its path below the inbox."""
    return str(PurePosixPath(source_file).parent / part.path)


def places(source_file: str, layout: Layout, rows: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """The files that rows stand in, and their numbers there."""
    before = np.array(_before(layout.parts), np.int64)
    numbers = rows.to_numpy()
    at = np.searchsorted(before, numbers) - 1
    names = pa.array([part_name(source_file, part) for part in layout.parts], pa.string())
    return names.take(pa.array(at)), pa.array(numbers - before[at], pa.int64())


def _before(parts: Sequence[Part]) -> list[int]:
    """How many records come before those of each part."""
    return [0, *accumulate(part.records for part in parts)][: len(parts)]


def _events(bill: Path, source_file: str, part: Part, number: int, before: int) -> pa.Table:
    """The events of a part's day: who they are by, and their numbers over all records."""
    name = part_name(source_file, part)
    client, visitor = [], []
    rows: list[int] = []
    for first, fields in avro_file.records(part_file(bill, part), name, HEADER[: PERIOD + 1]):
        _has_fields(name, fields, HEADER[: PERIOD + 1])
        of_day = [n for n, day in enumerate(_periods(name, fields)) if day == part.period]
        client += [fields[HEADER[CLIENT]][n] for n in of_day]
        visitor += [fields[HEADER[VISITOR]][n] for n in of_day]
        rows += [before + first + n for n in of_day]
    if len(rows) != part.rows:
        found = f"has {len(rows):,} events of {part.period}, not {part.rows:,} as before"
        raise ExportRefused(Problem(name, found, "copy the export again"))
    return pa.table(
        {
            "part": pa.repeat(pa.scalar(number, pa.int32()), len(rows)),
            name_of(CLIENT): texts_of(client),
            name_of(VISITOR): texts_of(visitor),
            "row": pa.array(rows, pa.int64()),
        }
    )


def _batch(tables: Sequence[pa.Table], parts: Sequence[Part], wanted: set[int]) -> Batch:
    """What each visitor did on each day: the first of the events, and how many there are."""
    events = pa.concat_tables(tables)
    keys = ["part", name_of(CLIENT), name_of(VISITOR)]
    rows = events.group_by(keys).aggregate([("row", "min"), ("row", "count")])
    rows = rows.sort_by("row_min").combine_chunks()
    of_part = {
        PERIOD: pa.array([part.period for part in parts], pa.string()),
        FEATURE: pa.array([part.feature for part in parts], pa.string()),
    }
    for n, values in of_part.items():
        rows = rows.append_column(name_of(n), values.take(rows["part"].combine_chunks()))
    rows = rows.append_column(name_of(EVENTS), rows["row_count"].cast(pa.float64()))
    cells = rows.select([name_of(n) for n in sorted(wanted)])
    return Batch(cells, rows["row_min"].combine_chunks(), [], events.num_rows - rows.num_rows)


def _has_fields(source_file: str, fields: Mapping[str, object], names: Iterable[str]) -> None:
    for name in names:
        if name not in fields:
            raise ExportRefused(
                Problem(source_file, f"has no field {name}", "copy the export again", column=name)
            )


def _periods(source_file: str, fields: Mapping[str, list[Any]]) -> list[str]:
    _has_fields(source_file, fields, [HEADER[PERIOD]])
    known: dict[Any, str] = {}
    told = []
    for value in fields[HEADER[PERIOD]]:
        period = known.get(value)
        if period is None:
            period = known[value] = _period(source_file, value)
        told.append(period)
    return told


def _period(source_file: str, value: Any) -> str:
    """A day, ``YYYY-MM-DD``: as a date, as text, as days since 1970, or as 20240531."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, int) and not isinstance(value, bool):
        if value < _FIRST_YEARLY:
            return (_EPOCH + timedelta(days=value)).isoformat()
        value = str(value)
    if isinstance(value, str) and (day := day_of(value)) is not None:
        return day
    raise ExportRefused(
        Problem(
            source_file,
            f"periodId {value!r} is not a day",
            "copy the export again",
            column=HEADER[PERIOD],
        )
    )


def day_of(text: str) -> str | None:
    """The day of a text such as ``2024-05-31T00:00:00Z`` or ``20240531``; None for another."""
    told = re.match(r"(\d{4})-?(\d{2})-?(\d{2})(?:T|$)", text)
    try:
        return None if told is None else date(*map(int, told.groups())).isoformat()
    except ValueError:
        return None
