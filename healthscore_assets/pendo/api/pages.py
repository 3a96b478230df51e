"""A page of an answer, held against what was asked: its rows as a table, and where the next begins.

The visitor at the end of a full page may have more rows: they are left to the next page, which is
asked for from that visitor on. So no row is had twice, and a page that does not begin with the
visitor is another one than was asked for.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from io import RawIOBase
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from healthscore_assets.pendo.api.bodies import KEYS, Window
from healthscore_assets.pendo.api.failed import NotWhole, TooMuch
from healthscore_assets.reading.formats.json_rows import RESULTS, JsonRows
from healthscore_assets.reading.refused import ExportRefused

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

SCHEMA = pa.schema(
    {
        "accountId": pa.string(),
        "visitorId": pa.string(),
        "featureId": pa.string(),
        "day": pa.int64(),
        "numEvents": pa.int64(),
        "numMinutes": pa.float64(),
    }
)
"""``day`` is midnight in the subscription's time zone, in milliseconds since 1970."""

_ROWS = 8192
_LARGEST = 2**63
_EAST, _WEST = timedelta(hours=14), timedelta(hours=12)
"""How far from UTC time zones are: the first ends its day before all others."""


@dataclass(frozen=True)
class Page:
    """Rows of visitors that are whole; ``then`` is the visitor that the next page begins with."""

    rows: pa.Table
    then: str | None

    def digest(self) -> str:
        """By which the same rows are known again."""
        sink = _Hashed()
        with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), SCHEMA) as stream:
            for batch in self.rows.to_batches(max_chunksize=_ROWS):
                stream.write_batch(batch)
        return sink.sha256.hexdigest()


class _Hashed(RawIOBase):
    """What is written is hashed and not kept."""

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, content: "ReadableBuffer") -> int:
        self.sha256.update(content)
        return len(memoryview(content))


def read_page(answer: Path, window: Window, begins_with: str | None, limit: int) -> Page:
    """The page that was asked for.

    Raises NotWhole for anything else, and TooMuch where a page is full and no other can follow it:
    of a single visitor, or in another order than the filter by which the next is asked for.
    """
    batches: list[pa.RecordBatch] = []
    seen: set[str | None] = set()
    visitor: str | None = None
    count = whole = 0
    rises = True
    rows = (_row(row, number, window) for number, row in enumerate(answered(answer), 1))
    while block := list(islice(rows, _ROWS)):
        for row in block:
            if not count and begins_with is not None and row[1] != begins_with:
                raise NotWhole("does not begin with the visitor that was asked for")
            if not count or row[1] != visitor:
                rises = rises and (visitor is None or (row[1] is not None and visitor < row[1]))
                visitor, whole = row[1], count
                if visitor in seen:
                    raise NotWhole("is not sorted by visitor")
                seen.add(visitor)
            count += 1
        if count > limit:
            raise NotWhole(f"holds more than the {limit} rows that were asked for")
        batches.append(_batch(block))
    if not count and begins_with is not None:
        raise NotWhole("holds nothing, not even the visitor that was asked for")
    table = pa.Table.from_batches(batches, SCHEMA)
    if count < limit:
        return Page(table, None)
    if whole == 0 or visitor is None:
        raise TooMuch(f"a visitor with more than a page of {limit} rows", by_settings=True)
    if not rises:
        found = "more than a page of rows, in another order of visitors than that of their letters"
        raise TooMuch(found, by_settings=True)
    return Page(table.slice(0, whole), visitor)


def answered(answer: Path) -> Iterator[dict[str, Any]]:
    """The rows of an answer, one at a time. Raises NotWhole for what is no answer."""
    none = True
    try:
        for row in JsonRows(answer, answer.name):
            none = False
            if not isinstance(row, dict):
                raise NotWhole("holds what is no row")
            yield row
    except ExportRefused as refused:
        raise NotWhole(refused.problem.what) from None
    if none and not _tells_of_nothing(answer):
        raise NotWhole(f"has no {RESULTS!r}")


def _tells_of_nothing(answer: Path) -> bool:
    """``results`` that are null or empty; an answer without any tells of something else."""
    try:
        told = json.loads(answer.read_bytes())  # whole JSON, or its reading would have failed
    except RecursionError:
        return False
    return isinstance(told, dict) and not told.get(RESULTS, True)


def _row(row: dict[str, Any], number: int, window: Window) -> tuple[Any, ...]:
    """In the order of the schema."""
    visitor, account, feature = (_text(row, key, number) for key in KEYS[:3])
    day, events = whole_number(row, "day", number), whole_number(row, "numEvents", number)
    if feature is None or day is None:
        raise NotWhole(f"has no {'day' if feature else 'featureId'} in row {number}")
    if not _begins(window) - _EAST <= timedelta(milliseconds=day) <= _ends(window) + _WEST:
        raise NotWhole(f"tells of another day than was asked for, in row {number}")
    return account, visitor, feature, day, events, _number(row, "numMinutes", number)


def _text(row: dict[str, Any], key: str, number: int) -> str | None:
    value = row.get(key)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise NotWhole(f"has no text as {key} in row {number}")


def whole_number(row: dict[str, Any], key: str, number: int) -> int | None:
    """A number of a row of an answer. Raises NotWhole for anything else."""
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not abs(value) < _LARGEST:
        raise NotWhole(f"has no whole number as {key} in row {number}")
    return value


def _number(row: dict[str, Any], key: str, number: int) -> float | None:
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST:
        raise NotWhole(f"has no number as {key} in row {number}")
    return float(value)


def _batch(rows: list[tuple[Any, ...]]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _begins(window: Window) -> timedelta:
    midnight = datetime.combine(window.first, time(), UTC)
    return midnight - datetime(1970, 1, 1, tzinfo=UTC)


def _ends(window: Window) -> timedelta:
    """Midnight at which the last day begins."""
    return _begins(window) + timedelta(days=window.days - 1)
