"""Touchpoints: when the vendor's people and the client met, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from healthscore_assets.demo.clients import BoolArray, IntArray, stream
from healthscore_assets.demo.feeds import monthly
from healthscore_assets.demo.feeds.background import Background
from healthscore_assets.demo.feeds.calendar_months import day_within
from healthscore_assets.demo.window import MONTHS


@dataclass(frozen=True)
class _Kind:
    """Shares of the kind's touchpoints that are meaningful and that an executive attends."""

    name: str
    meaningful: float
    executive: float = 0.0


_CALL, _MEETING, _REVIEW, _TRAINING, _EVENT, _EMAIL, _REFERENCE, _CASE_STUDY = range(8)
_KINDS = (
    _Kind("call", 0.95, 0.01),
    _Kind("meeting", 0.98, 0.03),
    _Kind("business review", 1.0),  # with an executive, where one is involved
    _Kind("training", 0.9),
    _Kind("event", 0.05, 0.01),
    _Kind("email", 0.03, 0.01),
    _Kind("reference", 1.0, 0.1),
    _Kind("case study", 1.0, 0.1),
)
_APPOINTMENTS = {"SMB": 1, "SME": 2, "Mid-Market": 3, "Enterprise": 4, "GOV": 2}  # a month
_CLASS = 25  # people trained at once
_ANGRY = -0.2  # moods below
_QUARTER, _YEAR = 3, 12  # months


def names() -> list[str]:
    """One file a month."""
    return monthly.names("touchpoints")


def tables(background: Background) -> Iterator[pa.Table]:
    """One row per touchpoint of a client that is in the exports: the larger, the more.

    Whoever is looked after has appointments every month, one a quarter a business review, and is
    trained when it is taken over and as each year begins; who is angry calls most of them off.
    """
    rng = stream(background.seed, 17)
    counts = _counts(rng, background)
    involved = rng.random(len(background.clients)) < 0.85
    kind, place, month = (
        np.repeat(at, counts.ravel()) for at in np.indices(counts.shape).reshape(3, -1)
    )
    date = day_within(rng, month)
    order = np.lexsort((place, date))
    kind, place, month, date = kind[order], place[order], month[order], date[order]

    meaningful = rng.random(place.size) < np.array([one.meaningful for one in _KINDS])[kind]
    executive = rng.random(place.size) < np.array([one.executive for one in _KINDS])[kind]
    executive |= (kind == _REVIEW) & involved[place]
    room = np.minimum(background.people[place, month], _CLASS)
    trained = np.where(kind == _TRAINING, np.ceil(room * (0.6 + 0.4 * rng.random(place.size))), 0)
    posts = np.where(kind == _EVENT, rng.integers(1, 4, place.size), 0)
    yield from monthly.told_once(
        {
            "client_id": np.array([one.client_id for one in background.clients])[place],
            "date": date,
            "kind": np.array([one.name for one in _KINDS])[kind],
            "meaningful": meaningful,
            "executive": executive,
            "training": trained.astype(np.int64),
            "community": posts,
        },
        month,
    )


def _counts(rng: np.random.Generator, background: Background) -> IntArray:
    """Kind x client x month."""
    there: BoolArray = background.people > 0
    shape, moods, months = there.shape, background.moods, np.arange(len(MONTHS))
    segment = {term.client: term.segment for term in background.terms}
    usual = np.array([_APPOINTMENTS[segment[place]] for place in range(shape[0])])
    usual = usual[:, None] + (rng.random((shape[0], 1)) < 0.4)
    sociable = rng.random((shape[0], 1)) < 0.6
    tended = there & ~background.care.neglected
    called_off = (moods < _ANGRY) & (rng.random(shape) < 0.7)
    taken_over = tended & ~np.hstack([tended[:, :1], tended[:, :-1]])

    counts = np.zeros((len(_KINDS), *shape), dtype=np.int64)
    counts[_REVIEW] = tended & ~called_off & (months % _QUARTER == 0)
    appointments = np.where(tended, (usual - counts[_REVIEW]) * ~called_off, 0)
    appointments += rng.poisson(0.4 * usual, shape) * ~tended
    counts[_MEETING] = rng.binomial(appointments, 0.4)
    counts[_CALL] = appointments - counts[_MEETING]
    counts[_MEETING] += taken_over
    trains = taken_over | (tended & (months % _YEAR == 0))
    counts[_TRAINING] = np.ceil(background.people / _CLASS) * trains
    counts[_EVENT] = (sociable & tended) | (rng.random(shape) < 0.03)
    counts[_EMAIL] = rng.poisson(0.4 * usual, shape)
    counts[_REFERENCE] = rng.random(shape) < 0.10 * np.maximum(moods, 0.0)
    counts[_CASE_STUDY] = rng.random(shape) < 0.04 * np.maximum(moods, 0.0)
    return counts * (there & ~background.care.unheard)
