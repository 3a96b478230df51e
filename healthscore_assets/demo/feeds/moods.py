"""How content each client is, month by month: what tickets, surveys and renewals follow."""

from collections.abc import Callable

import numpy as np

from healthscore_assets.demo.clients import BoolArray, Client, FloatArray, stream
from healthscore_assets.demo.feeds.places import PLACES
from healthscore_assets.demo.window import MONTHS

_WARNING = 8
"""Months before a client leaves in which its mood sinks: long enough to be seen coming."""

_TROUBLED = 0.16
"""Share of clients for which something goes wrong once, for some months."""

_UNHAPPY_FROM = MONTHS.index("2025-03")
_STORIES: dict[str, Callable[[int], float]] = {
    "dying": lambda at: max(-0.8, 0.5 - 0.15 * max(0, at - _UNHAPPY_FROM)),
    "silent": lambda at: max(-0.7, 0.3 - 0.2 * max(0, at - _UNHAPPY_FROM)),
    "growing": lambda at: 0.8,  # noqa: ARG005
    "unhappy_heavy": lambda at: -0.9,  # noqa: ARG005
    "quiet_happy": lambda at: 0.9,  # noqa: ARG005
}


def build_moods(seed: int, clients: list[Client], neglected: BoolArray) -> FloatArray:
    """Client x month, from -1 (about to leave) to 1 (tells others)."""
    rng = stream(seed, 11)
    usual = np.clip(0.6 + 0.3 * rng.standard_normal(len(clients)), -0.7, 0.9)
    wobble = 0.05 * rng.standard_normal((len(clients), len(MONTHS)))
    months = np.arange(len(MONTHS))
    troubled = rng.random(len(clients)) < _TROUBLED
    troubled[list(PLACES.values())] = False
    begins = np.where(troubled, rng.integers(2, len(MONTHS), len(clients)), len(MONTHS))[:, None]
    trouble = (months >= begins) & (months < begins + rng.integers(3, 8, len(clients))[:, None])
    leaves = np.array([len(MONTHS) - one.plan.listed[::-1].index(True) for one in clients])
    near = np.clip(months - leaves[:, None] + _WARNING + 1, 0, _WARNING)
    near[leaves == len(MONTHS)] = 0
    moods = usual[:, None] + wobble - 1.1 * trouble - 0.9 * neglected - 0.15 * near
    for key, mood in _STORIES.items():
        moods[PLACES[key]] = [mood(at) for at in range(len(MONTHS))]
    clipped: FloatArray = np.clip(np.round(moods, 3), -1.0, 1.0)
    return clipped
