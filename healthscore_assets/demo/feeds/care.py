"""How the vendor looks after each client, month by month: most by the calendar, some hardly."""

from dataclasses import dataclass

import numpy as np

from healthscore_assets.demo.clients import BoolArray, stream
from healthscore_assets.demo.feeds.places import PLACES
from healthscore_assets.demo.window import MONTHS

_NEGLECTED = 0.14
"""Share of clients that nobody looks after for some months, or ever."""

_UNHEARD = 0.15
"""Share of clients that hear nothing at all, once, for a month or two."""


@dataclass(frozen=True)
class Care:
    """Client x month. `neglected`: met by chance only; `unheard`: without a word."""

    neglected: BoolArray
    unheard: BoolArray


def build_care(seed: int, clients: int) -> Care:
    """Clients with a story are looked after, but for the one that has no touchpoint at all."""
    rng = stream(seed, 20)
    months = np.arange(len(MONTHS))
    at_all = rng.random((2, clients, 1)) < np.array([_NEGLECTED, _UNHEARD])[:, None, None]
    at_all[:, list(PLACES.values())] = False

    # Some never were looked after before the window, and some never will be.
    begins = np.where(rng.random(clients) < 0.33, 0, rng.integers(3, 20, clients))
    lasts = np.where(rng.random(clients) < 0.33, len(MONTHS), rng.integers(4, 12, clients))
    neglected = at_all[0] & (months >= begins[:, None]) & (months < (begins + lasts)[:, None])

    begins, lasts = rng.integers(1, len(MONTHS), clients), rng.integers(1, 3, clients)
    unheard = at_all[1] & (months >= begins[:, None]) & (months < (begins + lasts)[:, None])
    unheard[PLACES["three_missing"]] = True
    return Care(neglected, unheard)
