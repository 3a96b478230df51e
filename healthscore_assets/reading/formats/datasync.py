"""The events of a Data Sync export: the Avro files that its bill of materials lists, in batches.

A row is what one visitor did on one day: Pendo tells each click by itself, and thousands of equal
ones are added up while they are read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
    for file in _files(layout.parts):
        for some in _events(path, source_file, layout.parts, file):
            waiting.append(some)
            events += some.num_rows
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
    files = _files(layout.parts)
    before = np.array([file.before for file in files], np.int64)
    numbers = rows.to_numpy()
    at = np.searchsorted(before, numbers) - 1
    first = (layout.parts[file.parts[0]] for file in files)
    names = pa.array([part_name(source_file, part) for part in first], pa.string())
    return names.take(pa.array(at)), pa.array(numbers - before[at], pa.int64())


@dataclass(frozen=True)
class _File:
    """An Avro file: the parts that are of it, and how many records come before its own."""

    parts: list[int]
    before: int


def _files(parts: Sequence[Part]) -> list[_File]:
    """The files that parts stand in, one of several days once."""
    found: dict[str, list[int]] = {}
    for n, part in enumerate(parts):
        found.setdefault(part.path, []).append(n)
    sizes = [parts[numbers[0]].records for numbers in found.values()]
    return [
        _File(numbers, before)
        for numbers, before in zip(found.values(), [0, *accumulate(sizes)], strict=False)
    ]


def _events(bill: Path, source_file: str, parts: Sequence[Part], file: _File) -> Iterator[pa.Table]:
    """The events of a file's days: who they are by, and their numbers over all records."""
    first = parts[file.parts[0]]
    name = part_name(source_file, first)
    of_day: dict[str, list[int]] = {}
    for n in file.parts:
        of_day.setdefault(parts[n].period, []).append(n)
    found = dict.fromkeys(file.parts, 0)
    for record, fields in avro_file.records(part_file(bill, first), name, HEADER[: PERIOD + 1]):
        _has_fields(name, fields, HEADER[: PERIOD + 1])
        at, numbers = [], []
        for n, day in enumerate(_periods(name, fields)):
            for number in of_day.get(day, ()):
                at.append(n)
                numbers.append(number)
                found[number] += 1
        taken = pa.array(at, pa.int64())
        yield pa.table(
            {
                "part": pa.array(numbers, pa.int32()),
                name_of(CLIENT): _texts(name, fields, HEADER[CLIENT]).take(taken),
                name_of(VISITOR): _texts(name, fields, HEADER[VISITOR]).take(taken),
                "row": pc.add(taken, file.before + record),
            }
        )
    for number, events in found.items():
        part = parts[number]
        if events != part.rows:
            what = f"has {events:,} events of {part.period}; expected {part.rows:,}"
            raise ExportRefused(Problem(name, what, "copy the export again"))


def _texts(source_file: str, fields: Mapping[str, list[Any]], name: str) -> pa.Array:
    try:
        return texts_of(fields[name])
    except UnicodeDecodeError:
        raise ExportRefused(
            Problem(source_file, "an id is not UTF-8", "copy the export again", column=name)
        ) from None


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
        if not isinstance(value, str | int | date):
            raise _no_day(source_file, value)
        period = known.get(value)
        if period is None:
            period = known[value] = _period(source_file, value)
        told.append(period)
    return told


def _period(source_file: str, value: str | int | date) -> str:
    """A day, ``YYYY-MM-DD``: as a date, as text, as days since 1970, or as 20240531."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, int) and abs(value) < _FIRST_YEARLY and not isinstance(value, bool):
        with suppress(OverflowError):
            return (_EPOCH + timedelta(days=value)).isoformat()
    day = day_of(str(value))
    if day is None:
        raise _no_day(source_file, value)
    return day


def _no_day(source_file: str, value: object) -> ExportRefused:
    what = f"periodId {value!r} is not a day"
    return ExportRefused(Problem(source_file, what, "copy the export again", column=HEADER[PERIOD]))


def day_of(text: str) -> str | None:
    """The day of a text such as ``2024-05-31T00:00:00Z`` or ``20240531``; None for another."""
    told = re.match(r"(\d{4})-?(\d{2})-?(\d{2})(?:T|$)", text)
    try:
        return None if told is None else date(*map(int, told.groups())).isoformat()
    except ValueError:
        return None
