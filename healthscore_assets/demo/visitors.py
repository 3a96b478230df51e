"""The people behind the clients: who they are, since when, and what they tend to use."""

from dataclasses import dataclass

import numpy as np

from healthscore_assets.demo.clients import BoolArray, Client, FloatArray, IntArray, stream
from healthscore_assets.demo.names import email_domain, person
from healthscore_assets.demo.product import AREAS, FEATURES, NEW_AREA, VENDOR_DOMAIN
from healthscore_assets.demo.window import MONTHS

BROWSERS = ("Chrome", "Edge", "Firefox", "Safari")
_AREA_OF = {area.name: at for at, area in enumerate(AREAS)}


@dataclass(frozen=True)
class Visitors:
    """One entry per visitor, in order of visitor id."""

    visitor_id: list[str]
    client: IntArray  # position in the list of clients
    email: list[str]
    internal: BoolArray
    browser: list[str]
    rate: FloatArray  # feature x visitor: clicks in an ordinary month
    rhythm: FloatArray  # clicks in one active day
    away: FloatArray  # chance to do nothing in a month
    since: IntArray  # month of the first row; 0 also for those who came before the window
    listed: BoolArray  # visitor x month
    reached: BoolArray  # visitor x month


def build_visitors(seed: int, clients: list[Client]) -> Visitors:
    """Everyone who appears in any month."""
    rng = stream(seed, 2)
    groups = [(at, group) for at, client in enumerate(clients) for group in client.plan.groups]
    counts = np.array([group.count for _, group in groups])
    of_group = np.repeat(np.arange(len(groups)), counts)
    client = np.array([at for at, _ in groups])[of_group]
    internal = np.array([group.internal for _, group in groups])[of_group]
    thorough = np.array([group.thorough for _, group in groups])[of_group]
    turnover = np.array([one.plan.turnover for one in clients])[client]
    place = np.concatenate([np.arange(count) for count in counts])  # within the group

    # A story must not hang on one keen visitor, so its people are more alike.
    spread = np.where(turnover, 0.6, 0.2)
    keenness = np.round(np.exp(spread * rng.standard_normal(client.size)), 3)
    pace = keenness * np.array([group.pace for _, group in groups])[of_group]

    reach = np.array([one.plan.reach for one in clients])[client]
    reached = (place + 0.5)[:, None] / counts[of_group][:, None] < reach
    since, until = _tenure(rng, clients, client, turnover, counts[of_group], reached)
    months = np.arange(len(MONTHS))
    listed = np.array([one.plan.listed for one in clients])[client]
    listed = listed & (months >= since[:, None]) & (months < until[:, None])

    order = rng.permutation(client.size)
    return Visitors(
        visitor_id=[f"v-{number:06d}" for number in range(1001, 1001 + client.size)],
        client=client[order],
        email=_emails(clients, client, internal, order),
        internal=internal[order],
        browser=[BROWSERS[at] for at in rng.choice(4, client.size, p=[0.6, 0.2, 0.08, 0.12])],
        rate=_rates(rng, clients, client, pace, thorough)[:, order],
        rhythm=np.round(rng.uniform(6.0, 20.0, client.size), 2),
        away=np.where(turnover, 0.08, 0.0)[order] / (1.0 + 2.0 * keenness[order]),
        since=since[order],
        listed=listed[order],
        reached=reached[order],
    )


def _tenure(
    rng: np.random.Generator,
    clients: list[Client],
    client: IntArray,
    turnover: BoolArray,
    size: IntArray,
    reached: BoolArray,
) -> tuple[IntArray, IntArray]:
    """First month listed, and the first one not listed any more.

    Where people come and go, four in five are there from the client's first month and one in ten
    leaves; a handful of people is a fixed team, or a single hire would be a momentum story.
    """
    last = len(MONTHS)
    first = np.array([one.plan.listed.index(True) for one in clients])[client]
    settled = ~turnover | (size <= 6) | (rng.random(client.size) < 0.8)
    joined = first + np.floor(rng.random(client.size) * (last - first)).astype(np.int64)
    since = np.where(settled, first, joined)
    since = np.where(turnover, since, np.maximum(since, reached.argmax(axis=1)))
    leaves = turnover & (size > 6) & (rng.random(client.size) < 0.10)
    until = np.where(leaves, since + 3 + rng.integers(0, last, client.size), last)
    return since, until


def _rates(
    rng: np.random.Generator,
    clients: list[Client],
    client: IntArray,
    pace: FloatArray,
    thorough: BoolArray,
) -> FloatArray:
    """Ordinary clicks a month per feature and visitor: the areas one uses, what one likes there."""
    shape = (len(FEATURES), client.size)
    chance = np.array([area.visitors for area in AREAS])
    uses_area = (rng.random((len(AREAS), client.size)) < chance[:, None]) | thorough
    unassigned = ~uses_area[: _AREA_OF[NEW_AREA]].any(axis=0)
    uses_area[_AREA_OF["Planning"]] |= unassigned
    uses_area &= np.array([one.plan.areas for one in clients])[client].T
    everywhere = np.ones((1, client.size), dtype=bool)  # what no area holds is open to all
    position = [_AREA_OF.get(feature.area or "", len(AREAS)) for feature in FEATURES]
    open_to = np.concatenate([uses_area, everywhere])[position]

    popularity = np.array([feature.popularity for feature in FEATURES])
    taste = np.where(rng.random(shape) < popularity[:, None], 0.4 + 1.2 * rng.random(shape), 0.0)
    clicks = np.array([feature.clicks for feature in FEATURES])
    rates: FloatArray = clicks[:, None] * pace * taste * open_to
    return rates


def _emails(
    clients: list[Client], client: IntArray, internal: BoolArray, order: IntArray
) -> list[str]:
    domains = [email_domain(one.client_name) for one in clients]
    return [
        f"{person(number)}@{VENDOR_DOMAIN if internal[number] else domains[client[number]]}"
        for number in order.tolist()
    ]
