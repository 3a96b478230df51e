"""How often features were used on each day: by the pages that were had, and as Pendo tells it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from healthscore_assets.pendo.api.failed import NotWhole
from healthscore_assets.pendo.api.pages import answered, whole_number

Days = Mapping[int, int]
"""Uses by the midnight that a day begins with, in milliseconds since 1970; no day is without."""

_SETTLED = timedelta(days=3)
"""After the beginning of a day; until then, Pendo may come to know of more at any moment."""


def days_of(pages: Iterable[Path]) -> Days:
    """What pages hold."""
    days: Counter[int] = Counter()
    for page in pages:
        rows = pq.read_table(page, columns=["day", "numEvents"], partitioning=None)
        sums = rows.group_by("day").aggregate([("numEvents", "sum")])
        for row in sums.to_pylist():
            days[row["day"]] += row["numEvents_sum"] or 0
    return {day: uses for day, uses in days.items() if uses}


def read_days(answer: Path) -> Days:
    """What Pendo tells. Raises NotWhole."""
    days: dict[int, int] = {}
    for number, row in enumerate(answered(answer), 1):
        day = whole_number(row, "day", number)
        if day is None or day in days:
            raise NotWhole("does not tell the uses of each day once")
        days[day] = whole_number(row, "numEvents", number) or 0
    return {day: uses for day, uses in days.items() if uses}


def difference(had: Days, told: Days, at: datetime) -> str | None:
    """The first day, of those that are over for long enough, of which the two differ."""
    for day in sorted({*had, *told}):
        began = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=day)
        if had.get(day, 0) != told.get(day, 0) and began + _SETTLED <= at:
            return (
                f"its pages hold {had.get(day, 0):,} uses of the day that begins at "
                f"{began:%Y-%m-%d %H:%M} UTC, and Pendo tells of {told.get(day, 0):,}"
            )
    return None
