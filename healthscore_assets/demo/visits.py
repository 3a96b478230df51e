"""First and last visit of every visitor, carried from month to month as Pendo does."""

import numpy as np
from numpy.typing import NDArray

from healthscore_assets.demo.clients import stream
from healthscore_assets.demo.usage import MonthUsage
from healthscore_assets.demo.visitors import Visitors
from healthscore_assets.demo.window import MONTHS, days_in

_DAY = np.timedelta64(1, "D")


class VisitDates:
    """`first` and `last` visit per visitor as of the last month advanced to.

    A silent visitor keeps an old `last`, which is what tells dormancy from a quiet week.
    """

    first: NDArray[np.datetime64]
    last: NDArray[np.datetime64]

    def __init__(self, seed: int, visitors: Visitors) -> None:
        self._seed = seed
        self._since = visitors.since
        rng = stream(seed, 4)
        people = len(visitors.visitor_id)
        window_start = np.datetime64(f"{MONTHS[0]}-01", "D")
        self.first = window_start - rng.integers(32, 800, people) * _DAY
        self.last = window_start - rng.integers(1, 32, people) * _DAY

    def advance(self, usage: MonthUsage) -> None:
        """Take in a month: as many days as were active must fit between first and last visit."""
        at = MONTHS.index(usage.month)
        rng = stream(self._seed, 5, at)
        spare = days_in(usage.month) - np.maximum(usage.days_active, 1)
        start = np.floor((spare + 1) * rng.random(spare.size)).astype(np.int64)
        end = start + np.floor((spare - start + 1) * rng.random(spare.size)).astype(np.int64)
        day_one = np.datetime64(f"{usage.month}-01", "D")
        joins = (self._since[usage.rows] == at) & (at > 0)
        self.first[usage.rows[joins]] = day_one + start[joins] * _DAY
        came = joins | (usage.days_active > 0)
        final = end + np.maximum(usage.days_active, 1) - 1
        self.last[usage.rows[came]] = day_one + final[came] * _DAY
