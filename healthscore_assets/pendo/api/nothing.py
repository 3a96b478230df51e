"""Nothing at all as an answer: what a server ill answers, too."""

from collections.abc import Callable
from typing import TypeVar

from healthscore_assets.pendo.api.client import Pendo

T = TypeVar("T")

WAITS = (5.0, 25.0)
"""Seconds between the questions; that an answer is empty once may be a matter of a moment."""


def believed(pendo: Pendo, ask: Callable[[], T], is_empty: Callable[[T], bool], what: str) -> T:
    """An answer; an empty one when it was given three times."""
    found = ask()
    for wait in WAITS:
        if not is_empty(found):
            break
        pendo.tell(f"{what} told; asked again in {wait:.0f} s")
        pendo.sleep(wait)
        found = ask()
    return found
