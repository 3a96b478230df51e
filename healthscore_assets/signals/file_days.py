"""The day on which a feed's file tells how things are, and the months that it covers."""

import datetime
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from healthscore_assets.lake.months import days_in, span
from healthscore_assets.reading.dates.file_months import day_named, months_named
from healthscore_assets.reading.dates.single_dates import read_day
from healthscore_assets.reading.dates.windows import window_in
from healthscore_assets.reading.refused import ExportRefused, Problem
from healthscore_assets.signals.feeds import Feed

DateOrder = str | None


@dataclass(frozen=True)
class FileDays:
    """What a file's name, and its sidecar, tell: the day, and months; both may be untold."""

    as_of: datetime.date | None
    months: frozenset[str]

    @classmethod
    def told(cls, source_file: str, sidecar: str | None, order: DateOrder) -> "FileDays":
        """Read off a name, such as ``tickets_2024-05-31.csv``, else off the sidecar's month."""
        name = Path(source_file.partition("#")[0]).name
        window, day = window_in(name), day_named(name)
        months = months_named(name) or ({sidecar} if sidecar else set())
        as_of = None if day is None else _certain(day, order)
        if window is not None and window.first is not None and window.last is not None:
            as_of = datetime.date.fromisoformat(window.last)
            months = months | {window.first[:7], window.last[:7]}
        elif as_of is None and len(months) == 1:
            as_of = last_day(min(months))
        return cls(as_of, frozenset(months))


def covered(feed: Feed, named: FileDays, by_rows: Collection[str]) -> list[str]:
    """The months that a file covers: those that its rows and its name tell, and those between.

    A register covers those of its snapshots only.
    """
    months = {*by_rows} if feed.register else {*by_rows, *named.months}
    if feed.register or not months:
        return sorted(months)
    return span(min(months), max(months))


def untold(feed: Feed, source_file: str, rows: int) -> ExportRefused:
    """Nobody knows which day or month a file is about, and what to do.

    Parameters: ``rows`` is how many of its rows could be used.
    """
    day = day_named(Path(source_file.partition("#")[0]).name)
    if feed.register and not rows:
        what, todo = "holds no rows, so it tells of no client", "export it again"
    elif feed.register and day is not None:
        what = (
            f"the day of the snapshot cannot be told: {day!r} may have the day or the month first"
        )
        todo = "set date_order to dmy or mdy, in scoring.yaml or in a file beside it"
    elif feed.register:
        what = "the day of the snapshot cannot be told: neither its name nor a column says it"
        column = feed.begins.replace("_", " ")
        todo = f"put the day into its name: {feed.name}_2024-05-31.csv, or add a column {column}"
    else:
        what = "holds no rows that can be used, and its name tells no month without any"
        todo = f"export it again, or put the month into its name: {feed.name}_2024-05.csv"
    return ExportRefused(Problem(source_file, what, todo))


def last_day(month: str) -> datetime.date:
    """The last day of a month."""
    return datetime.date.fromisoformat(f"{month}-{days_in(month)}")


def _certain(text: str, order: DateOrder) -> datetime.date | None:
    """The day in a file's name, where the order of day and month is certain or set."""
    day = read_day(text.replace("_", "-"))
    if day is None:
        return None
    if None in (day.dmy, day.mdy) or day.dmy == day.mdy:
        return day.dmy or day.mdy
    return {"dmy": day.dmy, "mdy": day.mdy}.get(order or "")
