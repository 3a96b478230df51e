"""Metric cells: what is a number, and which numbers can be true."""

from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.contracts.columns import LARGEST_VALUE
from healthscore_assets.reading.formats.batch import NOT_COLLECTED

_NUMBER = r"^\s*[+-]?((\d+|\d{1,3}(,\d{3})+)(\.\d*)?|\.\d+)([eE][+-]?\d+)?%?\s*$"
COUNTS = ("clicks", "page_views", "days_active")
_LARGEST = {"days_active": 31}


@dataclass(frozen=True)
class Metric:
    """A metric column as numbers, null where nothing was collected or the cell is refused.

    ``refused`` gives the reason by row index, ``text`` the cells as they stood.
    """

    values: pa.ChunkedArray
    refused: dict[str, pa.Array]
    text: pa.ChunkedArray


def parse_metric(
    cells: pa.ChunkedArray,
    measure: str,
    most_minutes: float = LARGEST_VALUE,
    total: pa.ChunkedArray | None = None,
) -> Metric:
    """Read a column of cells, typed by Arrow or text, as a measure.

    Parameters: ``most_minutes`` is what one row can spend in the month; ``total`` marks rows that
    sum up others, which may hold more than one visitor can do.
    Numbers may carry thousands separators (``1,000``) or be shares (``75%`` is 0.75). Cells that
    are not numbers, negative, beyond what a table can hold or a month has, or counts with decimals
    are refused one by one.
    """
    refused: dict[str, pa.Array] = {}
    values = cells
    if pa.types.is_string(cells.type):
        trimmed = pc.utf8_trim_whitespace(cells)
        cells = pc.if_else(pc.is_in(trimmed, pa.array(NOT_COLLECTED)), None, cells)
        numeric = pc.match_substring_regex(cells, _NUMBER)
        plain = pc.replace_substring(pc.if_else(numeric, trimmed, None), ",", "")
        values = _numbers(pc.replace_substring_regex(plain, r"^\+", ""))
        _refuse(refused, "not_a_number", pc.invert(numeric))
    whole = pa.types.is_integer(values.type)
    # Unsafe: a whole number that a float cannot hold is too large anyway.
    values = pc.cast(values, pa.float64(), safe=False)
    if measure not in COUNTS:
        values = _rounded(values)
    largest = most_minutes if measure == "minutes" else _LARGEST.get(measure, LARGEST_VALUE)
    if not _plausible(values, largest, whole=whole or measure not in COUNTS):
        values = _without(values, refused, "not_a_number", pc.is_nan(values))
        values = _without(values, refused, "negative", pc.less(values, 0))
        beyond = pc.greater(values, largest)
        if total is not None and largest < LARGEST_VALUE:
            beyond = pc.or_(pc.and_(beyond, pc.invert(total)), pc.greater(values, LARGEST_VALUE))
        values = _without(values, refused, _beyond(measure, largest), beyond)
        if measure in COUNTS:
            fraction = pc.not_equal(values, pc.floor(values))
            values = _without(values, refused, "not_whole", fraction)
    return Metric(values, refused, cells)


def _rounded(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """To six decimals, as the tables add up; what is too large anyway stays as it is."""
    if pc.all(pc.equal(values, pc.floor(values))).as_py():
        return values
    beyond = pc.greater(pc.abs(values), LARGEST_VALUE)
    rounded = pc.round(pc.if_else(beyond, None, values), 6, "half_towards_infinity")
    return pc.if_else(beyond, values, rounded)


def _numbers(plain: pa.ChunkedArray) -> pa.ChunkedArray:
    percent = pc.ends_with(plain, "%")
    values = pc.cast(pc.utf8_rtrim(plain, "%"), pa.float64())
    return pc.if_else(percent, pc.divide(values, 100), values)


def exact_total(values: pa.ChunkedArray, measure: str) -> Decimal:
    """The sum of a column to six decimals, whatever the order of its rows."""
    if measure in COUNTS or pc.all(pc.equal(values, pc.floor(values))).as_py():
        return Decimal(int(pc.sum(values).as_py() or 0))  # floats add whole numbers exactly
    return pc.sum(pc.cast(values, pa.decimal128(18, 6), safe=False)).as_py() or Decimal()


def _plausible(values: pa.ChunkedArray, largest: float, *, whole: bool) -> bool:
    """Whether no cell of the column can be refused; true of almost every column.

    ``whole`` says that decimals are allowed, or cannot be there.
    """
    extremes = pc.min_max(values).as_py()
    if extremes["min"] is None:
        return True
    if extremes["min"] < 0 or extremes["max"] > largest or pc.any(pc.is_nan(values)).as_py():
        return False
    return whole or pc.all(pc.equal(values, pc.floor(values))).as_py()


def _beyond(measure: str, largest: float) -> str:
    return "too_many_minutes" if measure == "minutes" and largest < LARGEST_VALUE else "too_large"


def _without(
    values: pa.ChunkedArray, refused: dict[str, pa.Array], reason: str, bad: pa.ChunkedArray
) -> pa.ChunkedArray:
    _refuse(refused, reason, bad)
    return pc.if_else(pc.fill_null(bad, False), None, values)


def _refuse(refused: dict[str, pa.Array], reason: str, bad: pa.ChunkedArray) -> None:
    rows = pc.indices_nonzero(pc.fill_null(bad, False))
    if len(rows):
        refused[reason] = rows
