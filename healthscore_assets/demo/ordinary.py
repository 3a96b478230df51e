"""The clients without a story: very different sizes, each wobbling on its own."""

import numpy as np

from healthscore_assets.demo.clients import (
    NEVER,
    BoolArray,
    Client,
    FloatArray,
    Group,
    Plan,
    stream,
)
from healthscore_assets.demo.names import company_names
from healthscore_assets.demo.product import AREAS, NEW_AREA_LAUNCHED
from healthscore_assets.demo.stories import STORIES
from healthscore_assets.demo.story_plans import PLANS
from healthscore_assets.demo.window import MONTHS

CLIENTS = 300
_LARGEST = 150


def build_clients(seed: int) -> list[Client]:
    """All clients in order of their id, those with a story at their fixed place."""
    rng = stream(seed, 1)
    names = company_names(rng, CLIENTS)
    plans = _ordinary_plans(rng)
    clients = [
        Client(f"acct-{at + 1:04d}", name, plan)
        for at, (name, plan) in enumerate(zip(names, plans, strict=True))
    ]
    for story in STORIES:
        at = int(story.client_id.removeprefix("acct-")) - 1
        clients[at] = Client(story.client_id, story.client_name, PLANS[story.key])
    return clients


def _ordinary_plans(rng: np.random.Generator) -> list[Plan]:
    sizes = np.clip(np.rint(rng.lognormal(2.15, 1.15, CLIENTS)), 1, _LARGEST).astype(np.int64)
    paces = np.round(rng.lognormal(0.0, 0.35, CLIENTS), 3)
    staff = np.where(rng.random(CLIENTS) < 0.15, rng.integers(1, 4, CLIENTS), 0)
    areas = rng.random((CLIENTS, len(AREAS))) < [area.clients for area in AREAS]
    level = _levels(rng)
    listed = _listed(rng)
    launch = MONTHS.index(NEW_AREA_LAUNCHED)
    lag = rng.integers(0, 10, CLIENTS)
    adopts = np.where(rng.random(CLIENTS) < 0.65, launch + lag, NEVER)
    return [
        Plan(
            groups=(
                Group(int(sizes[at]), float(paces[at])),
                Group(int(staff[at]), 0.8, internal=True),
            ),
            areas=tuple(areas[at].tolist()),
            level=tuple(level[at].tolist()),
            listed=tuple(listed[at].tolist()),
            adopts=int(adopts[at]),
            turnover=True,
        )
        for at in range(CLIENTS)
    ]


def _levels(rng: np.random.Generator) -> FloatArray:
    """A slow drift and a wobble that remembers last month: momentum moves, rarely beyond 15 %."""
    drift = 1.0 + np.round(rng.uniform(-0.01, 0.012, CLIENTS), 4)
    wobble = np.round(0.025 * rng.standard_normal((CLIENTS, len(MONTHS))), 4)
    level = np.ones((CLIENTS, len(MONTHS)))
    carried = np.zeros(CLIENTS)
    trend = np.ones(CLIENTS)
    for at in range(len(MONTHS)):
        carried = 0.5 * carried + wobble[:, at]
        level[:, at] = trend * (1.0 + carried)
        trend = trend * drift
    return level


def _listed(rng: np.random.Generator) -> BoolArray:
    """Most are there throughout; some sign later, and a few leave for good."""
    months = np.arange(len(MONTHS))
    joins = np.where(rng.random(CLIENTS) < 0.75, 0, rng.integers(1, 21, CLIENTS))
    leaves = np.where(rng.random(CLIENTS) < 0.06, joins + rng.integers(6, 20, CLIENTS), NEVER)
    listed: BoolArray = (months >= joins[:, None]) & (months < leaves[:, None])
    return listed
