"""Which month a row of a warehouse is of, and the rows of a month; months are those of UTC."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import ibis
import ibis.expr.datatypes as dt

from healthscore_assets.lake.months import shift
from healthscore_assets.pendo.warehouse.failed import WarehouseFailed

_MONTH = "^[0-9]{4}-(0[1-9]|1[0-2])$"


@dataclass(frozen=True)
class TimeColumn:
    """The column that tells the time: a timestamp, a date, or text that begins like 2024-05.

    Timestamps without a time zone count as UTC. Raises WarehouseFailed for any other type.
    """

    table: ibis.Table
    name: str

    def __post_init__(self) -> None:
        dtype = self.column.type()
        if not (dtype.is_date() or dtype.is_timestamp() or dtype.is_string()):
            raise WarehouseFailed(
                f"warehouse, column {self.name!r}: holds {dtype}; expected a date, a timestamp or "
                "text such as 2024-05-31: cast it in setting warehouse.query"
            )

    @property
    def column(self) -> Any:
        """The column as it is."""
        return self.table[self.name]

    @property
    def is_text(self) -> bool:
        """Whether months are told by the first letters alone."""
        return bool(self.column.type().is_string())

    @property
    def month(self) -> Any:
        """The month of each row: 202405, or the first letters of a text."""
        if self.is_text:
            return self.column.strip().substr(0, 7)
        return (self.column.year() * 100 + self.column.month()).cast("int64")

    def told(self, month: int | str) -> str:
        """A value of ``month`` as 2024-05."""
        return f"{month // 100:04d}-{month % 100:02d}" if isinstance(month, int) else month

    @property
    def is_month(self) -> Any:
        """Whether a text begins like one."""
        return self.month.re_search(_MONTH)

    def within(self, first: str, last: str) -> Any:
        """Whether a row is of one of the months; a range of the column, which an index knows."""
        if self.is_text:
            return self.is_month & self.month.between(first, last)
        start, end = self._start(first), self._start(shift(last, 1))
        return (self.column >= start) & (self.column < end)

    def _start(self, month: str) -> Any:
        day = date(int(month[:4]), int(month[5:]), 1)
        dtype = self.column.type()
        if dtype.is_date():
            return ibis.literal(day, type=dt.date)
        zone = "UTC" if dtype.timezone is not None else None
        return ibis.literal(datetime(day.year, day.month, 1), type=dt.Timestamp(timezone=zone))
