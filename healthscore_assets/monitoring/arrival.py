"""Whether a month's export has come, and by when it was expected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from healthscore_assets.lake.months import shift
from healthscore_assets.monitoring.observation import plural


@dataclass(frozen=True)
class Arrival:
    """What is to be said of a month's export; ``numbers`` are days, plotted by month."""

    late: bool
    says: str
    numbers: Mapping[str, int] = field(default_factory=dict)


def newest_complete_month(today: date) -> str:
    """The month before the one that the day is in."""
    return shift(f"{today:%Y-%m}", -1)


def due_date(month: str, due_day: int) -> date:
    """The last day on which a month's export is not late: ``due_day`` of the month after."""
    return _first_day(shift(month, 1)).replace(day=due_day)


def days_late(month: str, due_day: int, today: date) -> int:
    """Days since the due date; 0 on it and before."""
    return max(0, (today - due_date(month, due_day)).days)


def not_here(month: str, due_day: int, today: date) -> Arrival:
    """Nothing was taken in for the month."""
    return _awaited(month, due_day, today, "no export yet")


def not_whole(month: str, due_day: int, today: date) -> Arrival:
    """What was taken in was written before the month was over."""
    return _awaited(month, due_day, today, "only an export from before the month was over")


def came(month: str, on: date) -> Arrival:
    """The month's export was taken in, whole, ``on`` a day after the month."""
    after = (on - month_end(month)).days
    says = f"{month}: taken in {plural(after, 'day')} after the month's end"
    return Arrival(False, says, {"days_late": 0, "days_after_month_end": after})


def month_end(month: str) -> date:
    """The last day of a month."""
    return _first_day(shift(month, 1)) - timedelta(days=1)


def _awaited(month: str, due_day: int, today: date, what: str) -> Arrival:
    late, due = days_late(month, due_day, today), due_date(month, due_day)
    on = f"{due.day} {due:%B %Y}"
    if not late:
        return Arrival(False, f"{month}: {what}; due {on}", {"days_late": 0})
    return Arrival(
        True, f"{month}: {what}, {plural(late, 'day')} late (due {on})", {"days_late": late}
    )


def _first_day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")
