"""What each term of a contract is worth, and what happened at its end."""

from dataclasses import dataclass

import numpy as np

from healthscore_assets.demo.clients import Client, FloatArray, stream
from healthscore_assets.demo.feeds.contracts import LAST_DAY, Period, periods
from healthscore_assets.demo.feeds.places import PLACES
from healthscore_assets.demo.window import MONTHS

SEGMENTS = ("SMB", "SME", "Mid-Market", "Enterprise", "GOV")
_SEATS_FROM = (10, 25, 60)
_PRICES = (660, 600, 540, 420, 480)  # of a seat and year, by segment
_PLAN_PRICES = {"Essential": 0.8, "Professional": 1.0, "Premium": 1.3}
_MOST = 4  # ends of terms within the window
_LATER_WORTH = {"growing": 1.15, "quiet_happy": 1.0}  # one term against the one before


@dataclass(frozen=True)
class Term:
    """One term of one client (position in the list of clients).

    `outcome` is what happened at its end, None where that is to come.
    """

    client: int
    segment: str
    plan: str
    period: Period
    seats: int
    arr: int
    outcome: str | None
    arr_after: int


def build_terms(seed: int, clients: list[Client], moods: FloatArray) -> list[Term]:
    """All terms that touch the window, by client and start."""
    rng = stream(seed, 12)
    count = len(clients)
    people = np.array([sum(g.count for g in one.plan.groups if not g.internal) for one in clients])
    seats = np.maximum(1, np.ceil(people * rng.uniform(0.88, 1.18, count))).astype(np.int64)
    segment = np.searchsorted(_SEATS_FROM, seats, side="right")
    segment[(rng.random(count) < 0.06) & (segment > 0)] = SEGMENTS.index("GOV")
    plan = rng.choice(list(_PLAN_PRICES), count, p=[0.3, 0.5, 0.2])
    three_years = (rng.random(count) < 0.2) & (segment > 1)
    age = rng.integers(40, 2200, count)
    changes = _changes(rng, moods)

    terms = []
    for at, client in enumerate(clients):
        price = _PRICES[segment[at]] * _PLAN_PRICES[plan[at]]
        held = float(seats[at])
        months = 36 if three_years[at] else 12
        for number, period in enumerate(periods(client, int(age[at]), months)):
            ends = MONTHS.index(f"{min(period.end, LAST_DAY):%Y-%m}")
            change = 0.0 if period.last else float(changes[at, number, ends])
            arr, arr_after = _arr(held * price), _arr(held * change * price)
            terms.append(
                Term(
                    client=at,
                    segment=SEGMENTS[segment[at]],
                    plan=str(plan[at]),
                    period=period,
                    seats=max(1, round(held)),
                    arr=arr,
                    outcome=_outcome(period, arr, arr_after),
                    arr_after=arr_after,
                )
            )
            held *= change or 1.0  # who comes back starts with what it had
    return terms


def _outcome(period: Period, before: int, after: int) -> str | None:
    if period.end >= LAST_DAY:
        return None
    if period.last:
        return "churned"
    if after < before:
        return "contracted"
    return "expanded" if after > 1.05 * before else "renewed"


def _changes(rng: np.random.Generator, moods: FloatArray) -> FloatArray:
    """Client x term x month of its end: the happy buy more, the unhappy less."""
    chance, size = rng.random((2, len(moods), _MOST, 1))
    same = np.where(size < 0.3, 1.0, 1.03)  # a rise of the price
    more = chance < 0.12 + 0.16 * moods[:, None]
    fewer = chance > 0.92 + 0.08 * moods[:, None]
    changes: FloatArray = np.where(more, 1.1 + 0.3 * size, np.where(fewer, 0.7 + 0.22 * size, same))
    for key, change in _LATER_WORTH.items():
        changes[PLACES[key]] = change
    return np.round(changes, 3)


def _arr(worth: float) -> int:
    """Whole hundreds, so that a quarter of it is a whole amount."""
    return round(worth / 100) * 100
