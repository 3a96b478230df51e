"""Spans of days that a cell, a title or a file name tells: ``Apr 1 - Apr 16``, ``Last 30 days``."""

import calendar
import datetime
import re
from dataclasses import dataclass

from healthscore_assets.reading.dates.file_months import MONTH_NAME, MONTH_NAMES
from healthscore_assets.reading.dates.single_dates import Day, read_day

_S = r"[\s_]"  # file names write _ for a space
_TO = rf"(?:{_S}*[-–—~]{_S}*|{_S}+(?:to|through|thru|until|till){_S}+)"
_TH = r"(?:st|nd|rd|th)?"
_COMMA_YEAR = rf"(?:,?{_S}*20[0-9]{{2}})?"
_DAY = (
    r"(?:20[0-9]{2}([-/._])[0-9]{1,2}\{n}[0-9]{1,2}|20[0-9]{6}"
    r"|[0-9]{1,2}([-/.])[0-9]{1,2}\{m}(?:20)?[0-9]{2}"
    rf"|(?:NAME)\.?{_S}*[0-9]{{1,2}}{_TH}(?![0-9]){_COMMA_YEAR}"
    rf"|[0-9]{{1,2}}{_TH}{_S}*(?:NAME)\.?{_COMMA_YEAR})"
)
_TIME = rf"(?:(?:T|{_S})[0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}})?Z?)?"


def _day(named: str, first_group: int) -> str:
    told = _DAY.replace("{n}", str(first_group + 1)).replace("{m}", str(first_group + 2))
    return f"(?P<{named}>{told.replace('NAME', MONTH_NAME)}){_TIME}"


_DAYS = re.compile(
    rf"(?<![a-z0-9/.-]){_day('first', 1)}(?:{_TO}|_|/){_day('last', 4)}(?![a-z0-9])",
    re.IGNORECASE,
)
_DAYS_OF_ONE_MONTH = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![a-z])(?P<name>{MONTH_NAME})\.?{_S}+(?P<first>[0-9]{{1,2}}){_TH}{_TO}(?P<last>[0-9]{{1,2}})"
        rf"{_TH}(?:,?{_S}*(?P<year>20[0-9]{{2}}))?(?![0-9]|-[0-9])",
        rf"(?<![a-z0-9.-])(?P<first>[0-9]{{1,2}}){_TH}{_TO}(?P<last>[0-9]{{1,2}}){_TH}{_S}+"
        rf"(?P<name>{MONTH_NAME})\.?(?:,?{_S}*(?P<year>20[0-9]{{2}}))?(?![a-z0-9])",
    )
]
_MONTHS = re.compile(
    rf"(?<![a-z])(?P<first>{MONTH_NAME})\.?(?:{_S}+(?P<year>20[0-9]{{2}}))?{_TO}"
    rf"(?P<last>{MONTH_NAME})\.?{_S}*(?P<end>20[0-9]{{2}})(?![0-9])",
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"(?<![a-z0-9])(?:last|past|previous|prior|trailing|rolling)[\s_-]+(?P<last>[0-9]{1,3})[\s_-]*"
    r"(?P<unit>d|days?|weeks?|months?)(?![a-z0-9])"
    r"|(?<![a-z0-9.,])(?P<days>[0-9]{1,3})[\s_-]*days?(?![a-z0-9])"
    # 2D and 3D are no windows.
    r"|(?<![a-z0-9.,])(?P<short>[7-9]|[0-9]{2,3})d(?![a-z0-9])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Window:
    """A span of days as told; its first and last as ``YYYY-MM-DD`` where they are certain."""

    text: str
    first: str | None = None
    last: str | None = None
    days: int | None = None

    @property
    def whole_month(self) -> str | None:
        """The month that the span is exactly, or None."""
        if self.last is None or self.month is None:
            return None
        end = calendar.monthrange(int(self.month[:4]), int(self.month[5:]))[1]
        whole = self.first == f"{self.month}-01" and self.last == f"{self.month}-{end}"
        return self.month if whole else None

    @property
    def month(self) -> str | None:
        """The month that the span lies in, or None."""
        if self.first is None or self.last is None or self.first[:7] != self.last[:7]:
            return None
        return self.first[:7]


def window_in(text: str) -> Window | None:
    """The span of days that a text tells, or None; a date or a month alone is none."""
    if match := _DAYS.search(text):
        return _window(match[0], *_ends(match["first"], match["last"]))
    for pattern in _DAYS_OF_ONE_MONTH:
        if match := pattern.search(text):
            ends = [_named(match[end], match["name"], match["year"]) for end in ("first", "last")]
            return _window(match[0], *ends)
    if match := _MONTHS.search(text):
        end = match["end"]
        month = MONTH_NAMES[match["last"].lower()]
        last = str(calendar.monthrange(int(end), month)[1])
        first = _named("1", match["first"], match["year"] or end)
        return _window(match[0], first, _named(last, match["last"], end))
    if match := _COUNT.search(text):
        number = int(match["last"] or match["days"] or match["short"])
        unit = (match["unit"] or "d")[0].lower()
        days = {"d": number, "w": 7 * number}.get(unit)
        return Window(" ".join(match[0].split()), days=days)
    return None


def _window(text: str, first: datetime.date | None, last: datetime.date | None) -> Window:
    text = " ".join(text.split())
    if first is None or last is None or first > last:
        return Window(text)
    return Window(text, first.isoformat(), last.isoformat())


def _ends(first: str, last: str) -> tuple[datetime.date | None, datetime.date | None]:
    """Both days, in the one order of day and month in which both are days and follow each other."""
    begin, end = _read(first, None), _read(last, None)
    if end is None:
        return None, None
    if begin is None:
        begin = _read(first, last)
        if begin is not None and begin.dmy is not None and end.dmy is not None:
            # Dec 15 - Jan 14, 2024 begins the year before.
            back = begin.dmy > end.dmy and begin.dmy.month > end.dmy.month
            begin = _read(first, str(end.dmy.year - 1)) if back else begin
    if begin is None:
        return None, None
    found = {
        (one, two)
        for one, two in ((begin.dmy, end.dmy), (begin.mdy, end.mdy))
        if one is not None and two is not None and one <= two
    }
    unsure = begin.year_unsure or end.year_unsure
    return (None, None) if len(found) != 1 or unsure else found.pop()


def _read(text: str, year_from: str | None) -> Day | None:
    """The day that a text is, with the year of another text where it has none."""
    if re.search("[a-z]", text, re.IGNORECASE):
        text = re.sub(r"[\s_.,]+", " ", text).strip()
        text = re.sub(
            rf"({MONTH_NAME})(?=[0-9])|(?<=[0-9])(?={MONTH_NAME})", r"\1 ", text, flags=re.I
        )
        year = re.search("20[0-9]{2}", year_from) if year_from is not None else None
        text = f"{text} {year[0]}" if year is not None else text
    return read_day(text)


def _named(day: str, name: str, year: str | None) -> datetime.date | None:
    told = None if year is None else read_day(f"{day} {name} {year}")
    return None if told is None else told.dmy
