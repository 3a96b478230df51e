"""The one day or month that a text is: ``2024-05-01``, ``1 May 2024``, ``May-24``, ``45413``."""

import datetime
import re
from dataclasses import dataclass

from healthscore_assets.reading.dates.file_months import MONTH_NAME, MONTH_NAMES

_GAP = r"[\s_.,/-]{1,3}"
_YEAR = r"(?P<year>20[0-9]{2})"
_SHORT = r"(?P<year>[0-9]{2})"
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"

_YEAR_FIRST = re.compile(r"([0-9]{4})([-/._])([0-9]{1,2})\2([0-9]{1,2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/._])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_NAMED_DAYS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_DAY}{_GAP}(?P<name>{MONTH_NAME}){_GAP}{_YEAR}",
        rf"{_DAY}[\s/-](?P<name>{MONTH_NAME})[\s/-]{_SHORT}",
        rf"(?P<name>{MONTH_NAME}){_GAP}{_DAY}{_GAP}{_YEAR}",
        rf"{_YEAR}{_GAP}(?P<name>{MONTH_NAME}){_GAP}{_DAY}",
    )
]
_MONTHS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Two digits after a point: 2024.1 may be what a spreadsheet left of 2024.10.
        r"(?P<year>20[0-9]{2})(?:[-/_](?P<month>[0-9]{1,2})|\.?(?P<two>[0-9]{2}))",
        rf"(?P<month>[0-9]{{1,2}})[-/_.]{_YEAR}",
        rf"(?P<name>{MONTH_NAME})(?:{_GAP}|\s?['’])?{_YEAR}",
        rf"(?P<name>{MONTH_NAME})(?:\.?[-_/]|\.?\s?['’]){_SHORT}",
        rf"{_YEAR}(?:{_GAP})?(?P<name>{MONTH_NAME})\.?",
    )
]
_EXCEL_EPOCH = datetime.date(1899, 12, 30)
_EXCEL_DAYS = range(36_526, 73_051)
"""2000-01-01 to 2099-12-31 in the 1900 system."""


@dataclass(frozen=True)
class Day:
    """A day, read with the day before the month and the other way; None where that is no day.

    ``year_unsure``: 24-05-13 may have its year first or last.
    """

    dmy: datetime.date | None
    mdy: datetime.date | None
    year_unsure: bool = False


def read_day(text: str) -> Day | None:
    """The day that a text is; None for any other text, and for years other than 2000 to 2099."""
    if text.isascii() and text.isdigit():
        return _of_digits(text)
    if match := _YEAR_FIRST.fullmatch(text):
        return _certain(_date(match[1], match[3], match[4]))
    if match := _YEAR_LAST.fullmatch(text):
        first, gap, second, year = match.groups()
        day = Day(_date(year, second, first), _date(year, first, second))
        if day == Day(None, None):
            return None
        swapped = len(year) == len(first) == 2 and gap == "-" and _date(first, second, year)
        return Day(day.dmy, day.mdy, year_unsure=bool(swapped) and swapped != day.dmy)
    for pattern in _NAMED_DAYS:
        if match := pattern.fullmatch(text):
            month = str(MONTH_NAMES[match["name"].lower()])
            return _certain(_date(match["year"], month, match["day"]))
    return None


def read_month(text: str) -> str | None:
    """The month that a text is, ``YYYY-MM``; None for any other text."""
    for pattern in _MONTHS:
        if match := pattern.fullmatch(text):
            told = match.groupdict()
            number = told.get("month") or told.get("two")
            month = int(number) if number else MONTH_NAMES[told["name"].lower()]
            return f"20{told['year'][-2:]}-{month:02d}" if 1 <= month <= 12 else None
    return None


def _of_digits(text: str) -> Day | None:
    if len(text) == 8:
        return _certain(_date(text[:4], text[4:6], text[6:]))
    if len(text) == 5 and int(text) in _EXCEL_DAYS:
        return _certain(_EXCEL_EPOCH + datetime.timedelta(days=int(text)))
    return None


def _certain(day: datetime.date | None) -> Day | None:
    return None if day is None else Day(day, day)


def _date(year: str, month: str, day: str) -> datetime.date | None:
    full = year if len(year) == 4 else f"20{year}"
    if not full.startswith("20"):
        return None
    try:
        return datetime.date(int(full), int(month), int(day))
    except ValueError:  # no day of the calendar
        return None
