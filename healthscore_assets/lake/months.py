"""Calendar months as the text ``YYYY-MM``, the partition key of every table."""

import calendar
import re
from functools import lru_cache

FIRST_MONTH = "2010-01"
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@lru_cache(maxsize=10_000)
def ordinal(month: str) -> int:
    """Months since year 0, so that months can be subtracted.

    Raises ValueError for a text that is not ``YYYY-MM``.
    """
    match = _MONTH.fullmatch(month)
    if match is None:
        raise ValueError(f"{month!r} is not a month: expected YYYY-MM, such as 2024-05")
    return int(match[1]) * 12 + int(match[2]) - 1


@lru_cache(maxsize=10_000)
def shift(month: str, by: int) -> str:
    """The month ``by`` months later (earlier when negative)."""
    year, index = divmod(ordinal(month) + by, 12)
    return f"{year:04d}-{index + 1:02d}"


def span(first: str, last: str) -> list[str]:
    """Every month from ``first`` to ``last``, both included; empty when ``last`` is earlier."""
    return [shift(first, by) for by in range(ordinal(last) - ordinal(first) + 1)]


def days_in(month: str) -> int:
    """How many days the month has."""
    year, index = divmod(ordinal(month), 12)
    return calendar.monthrange(year, index + 1)[1]
