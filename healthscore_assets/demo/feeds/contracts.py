"""When contracts begin and end, and into which terms they fall.

A contract follows the listing of its client in the usage exports: it runs in every month with
usage, and there is no usage after one that ended.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from healthscore_assets.demo.clients import Client
from healthscore_assets.demo.feeds.calendar_months import ENDS, STARTS
from healthscore_assets.demo.stories import STORIES
from healthscore_assets.demo.window import MONTHS

FIRST_DAY: date = STARTS[0].item()
LAST_DAY: date = ENDS[-1].item()
NEXT_DAY = timedelta(days=1)

_KNOWN: dict[str, tuple[tuple[date, date | None], ...]] = {
    "dying": ((date(2022, 2, 16), None),),
    "silent": ((date(2022, 12, 1), date(2025, 11, 30)),),  # in the base for its silent months
    "silent_listed": ((date(2023, 3, 1), None),),
    "growing": ((date(2023, 7, 1), None),),
    "returns": ((date(2022, 4, 1), date(2025, 3, 31)), (date(2025, 6, 2), None)),
    "unhappy_heavy": ((date(2021, 3, 16), None),),
    "late_payer": ((date(2022, 3, 15), None),),
    "onboarding": ((date(2025, 10, 6), None),),
}
_STORY_OF = {story.client_id: story.key for story in STORIES}


@dataclass(frozen=True)
class Period:
    """One term of a contract that was `signed` for its first day; the last one is not renewed."""

    signed: date
    start: date
    end: date
    last: bool


def periods(client: Client, age: int, months: int) -> Iterator[Period]:
    """The terms of `months` months that touch the window.

    `age` is how many days before the window the contract began, if the client was there then.
    """
    for signed, until in _contracts(client, age):
        starts = _starts(signed, until, months)
        ends = [start - NEXT_DAY for start in starts[1:]]
        ends.append(until or later(starts[-1], months) - NEXT_DAY)
        for start, end in zip(starts, ends, strict=True):
            if end >= FIRST_DAY:
                yield Period(signed, start, end, last=end == until)


def _contracts(client: Client, age: int) -> tuple[tuple[date, date | None], ...]:
    """First and last day of each; no last day: it is still running."""
    key = _STORY_OF.get(client.client_id)
    if key in _KNOWN:
        return _KNOWN[key]
    listed = client.plan.listed
    first, last = listed.index(True), len(MONTHS) - 1 - listed[::-1].index(True)
    begins = STARTS[first].item() + age % 9 * NEXT_DAY
    if first == 0:
        begins = FIRST_DAY - age * NEXT_DAY
        begins = begins.replace(day=min(begins.day, 28))  # every month has that day
    return ((begins, None if last == len(MONTHS) - 1 else ENDS[last].item()),)


def _starts(signed: date, until: date | None, months: int) -> list[date]:
    """First days of the terms; where the last day is known, whole years back from it."""
    starts = [signed]
    if until is None:
        while (following := later(starts[-1], months)) <= LAST_DAY:
            starts.append(following)
    else:
        following = later(until + NEXT_DAY, -12)
        while following > later(signed, 6):
            starts.insert(1, following)
            following = later(following, -12)
    return starts


def later(day: date, months: int) -> date:
    """The same day of the month `months` later; `day` is one that every month has."""
    years, month = divmod(day.month - 1 + months, 12)
    return day.replace(year=day.year + years, month=month + 1)
