"""Columns of dates and months: how they are written, and the day and month of each row."""

import datetime
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.reading.dates.cells import Told, local_day, offset_of, reduced, tell
from healthscore_assets.reading.dates.single_dates import Day

Boundary = Literal["utc", "local", "as_written", "month"]
"""Where the days of a source end; ``month`` where it tells no days."""

Holds = Literal["day", "time", "period"]
"""What a column promises: days, instants, or months."""

_QUARTER = 900
_LONGEST = 60
_EXPECTED = "expected dates such as 2024-05-31, or months such as 2024-05 or May 2024"


class NotADate(Exception):
    """A cell that tells no day and no month, or not for certain; ``text`` is the cell as it is."""

    def __init__(self, text: str, what: str, todo: str) -> None:
        super().__init__(f"{what}; {todo}")
        self.text, self.what, self.todo = text, what, todo


@dataclass(frozen=True)
class DateFormat:
    """How a column is written, so that it can be read again.

    ``order`` of day and month where it matters; ``offsets`` of local midnights from UTC in minutes;
    ``forced`` takes a window inside a month for the month, ``partial`` says that there is one.
    """

    boundary: Boundary
    order: str | None = None
    offsets: tuple[int, ...] = ()
    forced: bool = False
    partial: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain values, to be kept."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> "DateFormat":
        """The format again."""
        return cls(**told | {"offsets": tuple(told["offsets"])})

    def days(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        """The calendar day of each row, as its source counts days; null for a month or blank.

        Raises NotADate for a cell that the format cannot read.
        """
        return self._each(texts, pa.date32(), self._day)

    def months(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        """The month of each row, ``YYYY-MM``; null where the cell is blank.

        Raises NotADate for a cell that the format cannot read.
        """
        return self._each(texts, pa.string(), self._month)

    def _each(
        self, texts: pa.ChunkedArray, kind: pa.DataType, of: Callable[[Told], Any]
    ) -> pa.ChunkedArray:
        cells = reduced(texts.combine_chunks(), times=bool(self.offsets))
        coded = cells.dictionary_encode()
        values = []
        for word in coded.dictionary.to_pylist():
            told = tell(word)
            if told is None or self._month(told) is None:
                raise _refusal(_first(texts, cells, word), told)
            values.append(of(told))
        return pa.chunked_array([pa.array(values, kind).take(coded.indices)])

    def _day(self, told: Told) -> datetime.date | None:
        if told.day is None:
            return None
        day = told.day.mdy if self.order == "mdy" else told.day.dmy
        return local_day(day, told.at) if day and told.at is not None and self.offsets else day

    def _month(self, told: Told) -> str | None:
        if told.window is not None:
            return told.window.month if self.forced else told.window.whole_month
        day = self._day(told)
        return told.month if day is None else f"{day:%Y-%m}"


class DateReader:
    """Learns how a column is written, over several batches of its cells.

    Parameters: ``holds`` is what its header promises: one time of day in all rows is a midnight of
    a time zone in a column of days, and in one of periods where all days are first ones; never in
    one of instants. ``forced`` takes a window of days inside a month for that month.
    """

    def __init__(self, holds: Holds, *, forced: bool = False) -> None:
        self._holds, self._forced = holds, forced
        self._refused: NotADate | None = None
        self._boundaries: set[Boundary] = set()
        self._orders: dict[str, str] = {}
        self._at: set[int] = set()
        self._instants = holds == "time"
        self._partial = False

    def observe(self, texts: pa.ChunkedArray) -> None:
        """Take in some cells; what is wrong with them, ``decide`` raises."""
        if self._refused is not None:
            return
        cells = reduced(texts.combine_chunks(), times=not self._instants)
        for word in pc.unique(cells).drop_null().to_pylist():
            told = tell(word)
            if told is not None and told.day is not None:
                self._note_day(told, told.day)
                proved = _order_of(told.day)
                if proved is not None and proved not in self._orders:
                    self._orders[proved] = _first(texts, cells, word)
            elif told is None or not self._note_month(told):
                self._refused = _refusal(_first(texts, cells, word), told)
                return

    @property
    def observed(self) -> bool:
        """Whether any cell told something."""
        return self._refused is not None or bool(self._boundaries)

    @property
    def proved(self) -> set[Literal["dmy", "mdy"]]:
        """The orders of day and month that cells such as 13/05/2024 prove."""
        orders: tuple[Literal["dmy", "mdy"], ...] = ("dmy", "mdy")
        return {order for order in orders if order in self._orders}

    def decide(self, order: Literal["dmy", "mdy"] | None) -> DateFormat:
        """How the column is written.

        Raises NotADate for a cell that is none, for days and months in an order that cannot be
        told, and for windows of days that are not months.
        """
        if self._refused is not None:
            raise self._refused
        if not self._boundaries:
            raise NotADate("", "the column is blank", _EXPECTED)
        offsets = self._midnights()
        return DateFormat(
            self._boundary(offsets), self._order(order), offsets, self._forced, self._partial
        )

    def _note_day(self, told: Told, day: Day) -> None:
        self._boundaries.add(told.zone)
        if told.at is None or self._instants:
            return
        self._at.add(told.at)
        begins = self._holds == "day" or (
            day.dmy is not None and local_day(day.dmy, told.at).day == 1
        )
        self._instants = not begins or len(self._at) > 2 or told.at % _QUARTER != 0

    def _note_month(self, told: Told) -> bool:
        """Whether the month, or the window, can be taken."""
        self._boundaries.add("month")
        if told.window is None or told.window.whole_month is not None:
            return self._holds == "period" or told.window is None
        self._partial = True
        return self._holds == "period" and self._forced and told.window.month is not None

    def _midnights(self) -> tuple[int, ...]:
        """The offsets from UTC at which days begin, in minutes; none where they are days of UTC."""
        offsets = sorted(map(offset_of, self._at))
        if self._instants or self._at <= {0}:
            return ()
        summer = len(offsets) == 2 and offsets[1] - offsets[0] != 60
        return () if summer else tuple(offsets)

    def _boundary(self, offsets: tuple[int, ...]) -> Boundary:
        days = self._boundaries - {"month"}
        if offsets:
            days = days - {"utc"} | {"local"}
        if len(days) > 1:
            return "local" if days == {"utc", "local"} else "as_written"
        return days.pop() if days else "month"

    def _order(self, told: str | None) -> str | None:
        """The order of day and month that cells such as 13/05/2024 prove, else the one set."""
        proved = {order: text for order, text in self._orders.items() if order != "unsure"}
        if len(proved) == 2:
            raise NotADate(
                proved["mdy"],
                f"{proved['dmy']!r} has the day first, {proved['mdy']!r} the month",
                "write all dates alike, such as 2024-05-31",
            )
        for order, text in proved.items():
            if told not in (None, order):
                raise NotADate(
                    text, f"{text!r} is not a date in the order {told}", "correct date_order"
                )
            return order
        if "unsure" in self._orders and told is None:
            text = self._orders["unsure"]
            raise NotADate(
                text,
                f"{text!r} may have the day or the month first",
                "set date_order to dmy or mdy, in scoring.yaml or in a file beside the export",
            )
        return told


def _order_of(day: Day) -> str | None:
    """The order that a day proves, ``unsure`` where it could have several; None for an only one."""
    if day.dmy == day.mdy:
        return None
    if day.dmy is None:
        return "mdy"
    return "unsure" if day.mdy is not None or day.year_unsure else "dmy"


def _first(texts: pa.ChunkedArray, cells: pa.Array, word: str) -> str:
    """The first of the texts that became this cell."""
    return texts[pc.index(cells, word).as_py()].as_py()


def _refusal(text: str, told: Told | None) -> NotADate:
    trimmed = text.strip()
    shown = repr(trimmed if len(trimmed) <= _LONGEST else f"{trimmed[:_LONGEST]}...")
    if told is not None and told.window is not None:
        return NotADate(
            text,
            f"{shown} is a span of days, not a whole month",
            "export whole months; or, for a span inside a month, write `window: month` into a file "
            "of the export's name and .yaml beside it",
        )
    return NotADate(text, f"{shown} is not a date or a month", _EXPECTED)
