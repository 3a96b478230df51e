"""What a client of the sample exports is made of, before any visitor exists."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthscore_assets.demo.window import MONTHS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

EVERY_MONTH: tuple[float, ...] = (1.0,) * len(MONTHS)
ALWAYS_LISTED: tuple[bool, ...] = (True,) * len(MONTHS)
NEVER = len(MONTHS)


@dataclass(frozen=True)
class Group:
    """Visitors alike: `pace` is their usage against an ordinary visitor's.

    A `thorough` visitor uses every area the client has; the others pick some.
    """

    count: int
    pace: float
    internal: bool = False
    thorough: bool = False


@dataclass(frozen=True)
class Plan:
    """What a client does over the window, one entry per month where it is a sequence.

    `level` scales everyone's usage, `reach` is the share of the visitors who use the product at
    all, `listed` says whether the export has rows, `adopts` is the month (position in the window)
    from which the new area is used. `turnover`: visitors join and leave at random.
    """

    groups: tuple[Group, ...]
    areas: tuple[bool, ...]
    level: Sequence[float] = EVERY_MONTH
    reach: Sequence[float] = EVERY_MONTH
    listed: Sequence[bool] = ALWAYS_LISTED
    adopts: int = NEVER
    turnover: bool = False


@dataclass(frozen=True)
class Client:
    """A client as the exports name it, and its plan."""

    client_id: str
    client_name: str
    plan: Plan


def stream(seed: int, *key: int) -> np.random.Generator:
    """An own random stream per purpose, so that a change to one leaves the others as they were."""
    return np.random.Generator(np.random.PCG64([seed, *key]))
