"""Touchpoints: when the vendor's people and the client met, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from healthscore_assets.demo.clients import stream
from healthscore_assets.demo.feeds import monthly
from healthscore_assets.demo.feeds.background import Background
from healthscore_assets.demo.feeds.calendar_months import day_within
from healthscore_assets.demo.feeds.places import PLACES


@dataclass(frozen=True)
class _Kind:
    """Shares: of all touchpoints, and of the kind's own those meaningful and with an executive."""

    name: str
    share: float
    meaningful: float
    executive: float


_KINDS = (
    _Kind("call", 0.30, 0.5, 0.04),
    _Kind("meeting", 0.20, 0.85, 0.12),
    _Kind("business review", 0.08, 1.0, 0.6),
    _Kind("training", 0.10, 0.9, 0.0),
    _Kind("event", 0.12, 0.4, 0.08),
    _Kind("email", 0.17, 0.1, 0.02),
    _Kind("reference", 0.02, 1.0, 0.1),
    _Kind("case study", 0.01, 1.0, 0.1),
)
_PER_MONTH = {"SMB": 1.2, "SME": 2.2, "Mid-Market": 3.5, "Enterprise": 5.0, "GOV": 3.0}
_CLASS = 12  # people trained at once


def names() -> list[str]:
    """One file a month."""
    return monthly.names("touchpoints")


def tables(background: Background) -> Iterator[pa.Table]:
    """One row per touchpoint of a client that is in the exports: the larger, the more."""
    rng = stream(background.seed, 17)
    segment = {term.client: term.segment for term in background.terms}
    usual = np.array([_PER_MONTH[segment[place]] for place in range(len(background.clients))])
    attention = usual * (0.4 + 1.8 * rng.random(usual.size) ** 2)
    attention[PLACES["three_missing"]] = 0.0
    counts = rng.poisson(attention[:, None] * (background.people > 0))
    places, months = (
        np.repeat(at, counts.ravel()) for at in np.indices(counts.shape).reshape(2, -1)
    )
    date = day_within(rng, months)
    order = np.lexsort((places, date))
    place, month, date = places[order], months[order], date[order]

    kind = rng.choice(len(_KINDS), place.size, p=[one.share for one in _KINDS])
    names = np.array([one.name for one in _KINDS])[kind]
    meaningful = rng.random(place.size) < np.array([one.meaningful for one in _KINDS])[kind]
    executive = rng.random(place.size) < np.array([one.executive for one in _KINDS])[kind]
    room = np.minimum(background.people[place, month], _CLASS)
    trained = np.where(names == "training", 1 + np.floor(room * rng.random(place.size)), 0)
    posts = np.where(names == "event", rng.integers(1, 5, place.size), 0)
    yield from monthly.told_once(
        {
            "client_id": np.array([one.client_id for one in background.clients])[place],
            "date": date,
            "kind": names,
            "meaningful": meaningful,
            "executive": executive,
            "training": trained.astype(np.int64),
            "community": posts,
        },
        month,
    )
