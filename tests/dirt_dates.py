"""Months and days as exports write them."""

from __future__ import annotations

import calendar
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from dirt_files import Cell

MONTH_FORMS = ("{y}-{m:02d}", "{name} {y}", "{long} {y}", "{name}-{yy:02d}", "{y}{m:02d}")
NAME_FORMS = ("{y}-{m:02d}", "{name} {y}", "{long} {y}", "{y}{m:02d}", "{y}_{m:02d}")

DAY_FORMS = {
    "iso": "day",
    "slashes": "day",
    "compact": "day",
    "words": "day",
    "american words": "day",
    "serial": "day",
    "dmy": "day",
    "mdy": "day",
    "midnight ms": "day",
    "midnight s": "day",
    "local midnight ms": "day",
    "month": "month",
    "iso hour": "hour",
    "hour ms": "hour",
    "local time": "timestamp",
    "instant ms": "timestamp",
    "date": "day",
}
HEADERS = {"day": ("day", "Day", "Date"), "month": ("month", "Month"), "hour": ("hour",)}
HEADERS |= {"timestamp": ("timestamp", "Timestamp")}


@dataclass(frozen=True)
class Dates:
    """A date column, and what its sidecar has to say of the order of day and month."""

    header: str
    cells: list[Cell]
    order: str | None


def month_cell(month: str, form: str) -> str:
    year, number = map(int, month.split("-"))
    return form.format(
        y=year,
        yy=year % 100,
        m=number,
        name=calendar.month_abbr[number],
        long=calendar.month_name[number],
    )


def month_in_name(month: str, rng: random.Random) -> str:
    return month_cell(month, rng.choice(NAME_FORMS))


def drawn(
    year: int, month: int, days: Sequence[int], file_format: str, rng: random.Random
) -> Dates:
    """The days of a month as one column; all its cells are of one form."""
    form = rng.choice(sorted(DAY_FORMS))
    if form == "date" and file_format not in ("xlsx", "parquet"):
        form = "iso"
    header = rng.choice(HEADERS[DAY_FORMS[form]])
    months = rng.choice(MONTH_FORMS)
    cells = [_cell(form, date(year, month, day), months, rng) for day in days]
    return Dates(header, cells, form if form in ("dmy", "mdy") else None)


def _cell(form: str, day: date, months: str, rng: random.Random) -> Cell:
    hour, minute = rng.randrange(24), rng.randrange(60)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    seconds = int(midnight.timestamp())
    name = calendar.month_abbr[day.month]
    found: dict[str, Cell] = {
        "iso": day.isoformat(),
        "slashes": f"{day:%Y/%m/%d}",
        "compact": f"{day:%Y%m%d}",
        "words": f"{day.day} {name} {day.year}",
        "american words": f"{name} {day.day}, {day.year}",
        "serial": str((day - date(1899, 12, 30)).days),
        "dmy": f"{day:%d/%m/%Y}",
        "mdy": f"{day:%m/%d/%Y}",
        "midnight ms": seconds * 1000,
        "midnight s": seconds,
        "local midnight ms": (seconds - 7200) * 1000,  # as a zone two hours east has it
        "month": month_cell(f"{day:%Y-%m}", months),
        "iso hour": f"{midnight + timedelta(hours=hour):%Y-%m-%dT%H}:00:00Z",
        "hour ms": (seconds + hour * 3600) * 1000,
        "local time": f"{day.isoformat()}T{hour:02d}:{minute:02d}:00+02:00",
        "instant ms": (seconds + hour * 3600 + minute * 60) * 1000 + rng.randrange(1000),
        "date": day,
    }
    return found[form]
