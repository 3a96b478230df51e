"""Cells that a library hands over as Python values, as columns of numbers or of text."""

import json
import math
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa

from healthscore_assets.reading.formats.batch import NOT_COLLECTED, Batch, NotTyped, name_of

EXACT = 2**53
"""Up to here a double holds every whole number."""

_UNCOLLECTED = frozenset(NOT_COLLECTED)
_WHOLE = 1e21


def batch_of(
    columns: dict[int, list[Any]], numbers: Sequence[int], source_row: Sequence[int]
) -> Batch:
    """A batch of columns; raises NotTyped where one of ``numbers`` holds anything else."""
    typed = set(numbers)
    cells = {
        name_of(n): numbers_of(n, values) if n in typed else texts_of(values)
        for n, values in columns.items()
    }
    return Batch(pa.table(cells), pa.array(source_row, pa.int64()), [])


def numbers_of(column: int, values: list[Any]) -> pa.Array:
    """Doubles, with null where nothing was collected; raises NotTyped for anything else.

    A whole number that a double would round is no number here, so that it is read as text.
    """
    return pa.array([_number(column, value) for value in values], pa.float64())


def texts_of(values: list[Any]) -> pa.Array:
    """Text without nulls."""
    return pa.array([v if type(v) is str else text_of(v) for v in values], pa.string())


def text_of(value: Any) -> str:
    """A value as people write it: dates in ISO 8601, what is nested as compact JSON."""
    if value is None or value != value:  # NaN: nothing, not a client of that name.
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=text_of)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode()
    return str(value)


def whole_as_integer(value: Any) -> Any:
    """A spreadsheet holds each number as a double, and shows ``4``, not ``4.0``."""
    if type(value) is float and value.is_integer() and abs(value) < _WHOLE:
        return int(value)
    return value


def _number(column: int, value: Any) -> float | None:
    kind = type(value)
    if value is None or (kind is str and value in _UNCOLLECTED):
        return None
    if kind is int and -EXACT <= value <= EXACT:
        return float(value)
    if kind is Decimal or kind is float:
        number = float(value)
        if math.isfinite(number):
            return number
        if math.isnan(number):
            return None
    raise NotTyped(column)
