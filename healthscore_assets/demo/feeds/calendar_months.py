"""The months of the window as days, and which month a day lies in."""

import numpy as np
from numpy.typing import NDArray

from healthscore_assets.demo.clients import IntArray
from healthscore_assets.demo.window import MONTHS

DateArray = NDArray[np.datetime64]

DAY = np.timedelta64(1, "D")
NOT_YET = np.datetime64("NaT", "D")
_MONTHS = np.array(MONTHS, dtype="datetime64[M]")
STARTS: DateArray = _MONTHS.astype("datetime64[D]")
_NEXT: DateArray = (_MONTHS + np.timedelta64(1, "M")).astype("datetime64[D]")
ENDS: DateArray = _NEXT - DAY
DAYS: IntArray = (ENDS - STARTS) // DAY + 1


def month_at(days: DateArray) -> IntArray:
    """Position in `MONTHS`; a day after the window counts as its next month, as does no day."""
    at = (days.astype("datetime64[M]") - _MONTHS[0]).astype(np.int64)
    return np.where(np.isnat(days) | (at > len(MONTHS)), len(MONTHS), at)


def day_within(rng: np.random.Generator, months: IntArray) -> DateArray:
    """Any day of each month."""
    days: DateArray = STARTS[months] + np.floor(rng.random(months.size) * DAYS[months]) * DAY
    return days
