"""Who matters at each client: all of them at first, then who came and who left."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from healthscore_assets.demo.clients import NEVER, BoolArray, stream
from healthscore_assets.demo.feeds import monthly
from healthscore_assets.demo.feeds.background import Background
from healthscore_assets.demo.feeds.calendar_months import DAY, STARTS
from healthscore_assets.demo.feeds.places import PLACES
from healthscore_assets.demo.names import email_domain, person
from healthscore_assets.demo.window import MONTHS

_COLUMNS = pa.schema(
    {
        "client_id": pa.string(),
        "person": pa.string(),
        "role": pa.string(),
        "status": pa.string(),
        "date": pa.date32(),
    }
)
_ROLES = ("champion", "admin", "user", "user")
_SPONSOR_FROM = 6  # people
_SPONSORS = 700  # their numbers begin here: a sponsor need not use the product


@dataclass(frozen=True, eq=False)
class _Person:
    email: str
    there: BoolArray  # by month


def names() -> list[str]:
    """One file a month."""
    return monthly.names("stakeholders")


def tables(background: Background) -> Iterator[pa.Table]:
    """One row per person and change; the first month lists everyone.

    The champion is who uses the product most. One whose client stops using it altogether does not
    leave: nobody told.
    """
    rng = stream(background.seed, 16)
    shape = (len(background.clients), len(MONTHS))
    changes = np.where(rng.random(shape[0]) < 0.15, rng.integers(3, 22, shape[0]), NEVER)
    day = STARTS + rng.integers(0, 28, shape) * DAY
    for term in background.terms:
        begun = f"{term.period.signed:%Y-%m}"
        if begun in MONTHS:  # nobody matters before the contract begins
            row = day[term.client]
            row[MONTHS.index(begun)] = max(row[MONTHS.index(begun)], term.period.signed)
    rows = [
        {
            "client_id": client.client_id,
            "person": who.email,
            "role": role,
            "status": status,
            "date": day[place, at].item(),
        }
        for place, client in enumerate(background.clients)
        for at, who, role, status in _history(_pools(background, place, int(changes[place])))
    ]
    yield from monthly.dated(rows, _COLUMNS)


def _pools(background: Background, place: int, change: int) -> list[tuple[str, list[_Person]]]:
    """For each role who can hold it, the best first."""
    visitors = background.visitors
    own = np.flatnonzero((visitors.client == place) & ~visitors.internal)
    order = own[np.argsort(-visitors.rate[:, own].sum(axis=0), kind="stable")]
    there = visitors.listed & visitors.reached
    people = [_Person(visitors.email[at], there[at]) for at in order]
    pools = [(role, people) for role in _ROLES]
    if place == PLACES["champion_left"]:
        pools[0] = ("champion", people[:1])  # nobody follows
    if len(people) >= _SPONSOR_FROM:
        domain = email_domain(background.clients[place].client_name)
        taken = {one.email for one in people}
        numbers = range(_SPONSORS + 7 * place, _SPONSORS + 7 * place + len(people) + 2)
        emails = [f"{person(number)}@{domain}" for number in numbers]
        first, second = [email for email in emails if email not in taken][:2]
        months = np.arange(len(MONTHS))
        used = there[own].any(axis=0)
        sponsors = [
            _Person(first, used & (months < change)),
            _Person(second, used & (months > change)),
        ]
        pools.append(("sponsor", sponsors))
    return pools


def _history(
    pools: list[tuple[str, list[_Person]]],
) -> Iterator[tuple[int, _Person, str, str]]:
    """Month, person, role, status. Who leaves is followed in the next month with usage."""
    used = np.any([who.there for _, pool in pools for who in pool], axis=0)
    holders: dict[int, _Person] = {}
    for at in np.flatnonzero(used).tolist():
        for place, (role, pool) in enumerate(pools):
            if place not in holders:
                free = [one for one in pool if one.there[at] and one not in holders.values()]
                if free:
                    holders[place] = free[0]
                    yield at, free[0], role, "active"
            elif not holders[place].there[at:].any():
                yield at, holders.pop(place), role, "left"
