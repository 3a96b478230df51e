"""How rows become the files of a feed that is delivered every month."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from healthscore_assets.demo.clients import IntArray
from healthscore_assets.demo.window import MONTHS

Columns = Mapping[str, NDArray[Any]]


def table(columns: Columns) -> pa.Table:
    """Flags as yes and no; no date and no text are both a blank cell."""
    arrays = {}
    for name, values in columns.items():
        shown = np.where(values, "yes", "no") if values.dtype == bool else values
        blank = shown == "" if shown.dtype.kind == "U" else None
        arrays[name] = pa.array(shown, mask=blank)
    return pa.table(arrays)


def names(feed: str) -> list[str]:
    """One file a month, the month in its name."""
    return [f"{feed}_{month}.csv" for month in MONTHS]


def dated(rows: Sequence[Mapping[str, Any]], columns: pa.Schema) -> Iterator[pa.Table]:
    """Each row in the file of its date's month; a file without rows says that nothing happened."""
    for month in MONTHS:
        of_month = [row for row in rows if f"{row['date']:%Y-%m}" == month]
        yield pa.Table.from_pylist(of_month, columns)


def told_once(columns: Columns, month: IntArray) -> Iterator[pa.Table]:
    """Each row in the file of its month."""
    for at in range(len(MONTHS)):
        keep = month == at
        yield table({name: values[keep] for name, values in columns.items()})


def told_twice(
    columns: Columns, opened: IntArray, closed: IntArray, meanwhile: Columns
) -> Iterator[pa.Table]:
    """Each row in the month it was opened, and again in a later month that closed it.

    Until then the columns of `meanwhile` say what was known.
    """
    for at in range(len(MONTHS)):
        keep = (opened == at) | (closed == at)
        known = closed[keep] <= at
        told = {name: values[keep] for name, values in columns.items()}
        for name, values in meanwhile.items():
            told[name] = np.where(known, told[name], values[keep])
        yield table(told)
