"""Clients that joined the base and clients that left it, against the month before."""

import math
from collections.abc import Collection
from functools import lru_cache
from typing import Any

import ibis

from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lake.expressions import listed_in_order
from healthscore_assets.monitoring.observation import Observation, plural
from healthscore_assets.scoring.base import bases

COMPARED_MONTHS = 3
"""The step into the month at hand, and the two before it that say what is usual."""
USUAL_SHARE = 0.05
"""Of a base, joining or leaving in a month: nearly half of it in a year. Less is never told."""
CHANCE = 0.001
"""So rarely would chance alone bring more: less than once in eighty years of months."""

_NAMED = 5


def population(
    engine: Computes,
    client_month: ibis.Table,
    silent_months: int,
    partial: Collection[int],
    delivered: Collection[int],
    accounts: ibis.Table | None = None,
) -> Observation:
    """Compare the base with that of the month before.

    Parameters: ``client_month`` of the month, the three before and the ``silent_months`` before
    those; ``partial`` and ``delivered`` say which of these months are not whole and which are
    there, by how many months ago they were; ``accounts`` is the register of these months.
    More clients than `usual_up_to` the usual number, either way, are unusual. The usual share is
    that of the two months before, and at least `USUAL_SHARE`. A partial month is counted and not
    judged: not everybody is listed yet. Nobody counts as too many new clients while the base still
    grows, that is until all months it is made of were delivered.
    """
    steps = {
        row["months_ago"]: row for row in engine.rows(_steps(client_month, silent_months, accounts))
    }
    now = steps.get(0)
    if now is None:
        return Observation(True, "There is no base of the month before to compare with.")
    base = now["before"]
    numbers = {
        "clients_in_base": now["now"],
        "clients_new": now["new"],
        "clients_gone": now["gone"],
        "share_gone": now["gone"] / base,
    }
    past = [row for ago, row in steps.items() if ago and not {ago, ago + 1} & {*partial}]
    before = sum(row["before"] for row in past)
    limits = {
        which: usual_up_to(
            base * max(USUAL_SHARE, sum(row[which] for row in past) / before if before else 0.0)
        )
        for which in ("new", "gone")
    }
    grown = {*range(1, silent_months + 2)} <= {*delivered}
    judged = {"new": grown and not {0, 1} & {*partial}, "gone": 0 not in partial}
    too_many = [which for which in judged if judged[which] and now[which] > limits[which]]
    says = [
        f"{plural(now['new'], 'client')} joined the base of {base:,} and "
        f"{now['gone']:,} left it: {now['now']:,} now."
    ]
    if "gone" in too_many:
        says.append(
            f"More than {limits['gone']:,} leaving is unusual ({_ids(now['gone_ids'])}): see "
            "whether the exports of the last months lack them."
        )
    if "new" in too_many:
        says.append(
            f"More than {limits['new']:,} joining is unusual ({_ids(now['new_ids'])}): see whether "
            "ids of known clients changed; client_aliases.csv merges them."
        )
    tables = {
        f"first_{which}": [{"client_id": client} for client in now[f"{which}_ids"]]
        for which in ("new", "gone")
        if now[which]
    }
    return Observation(not too_many, " ".join(says), numbers, tables)


def usual_up_to(mean: float) -> int:
    """The largest count that is not surprising where ``mean`` are expected.

    More come with a probability of at most `CHANCE` (Poisson distribution).
    """
    count, told = 0, math.exp(-mean)
    while 1 - told > CHANCE:
        count += 1
        told += math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))
    return count


@lru_cache(maxsize=EXPRESSIONS)
def _steps(client_month: ibis.Table, silent_months: int, accounts: ibis.Table | None) -> ibis.Table:
    """Each month and the one before it: clients of both bases, new and gone, the first of them.

    Grain: months_ago, of those that were delivered as the one before them was.
    """
    base = bases(client_month, [*range(COMPARED_MONTHS + 1)], silent_months, accounts)
    here = base.select("client_id", "months_ago", now=True)
    there = base.select("client_id", months_ago=base.months_ago - 1, now=False)
    both = here.union(there)
    both = both.group_by("months_ago", "client_id").aggregate(
        now=both.now.any(), before=(~both.now).any()
    )
    new, gone = both.now & ~both.before, both.before & ~both.now
    steps = both.group_by("months_ago").aggregate(
        now=both.count(where=both.now),
        before=both.count(where=both.before),
        new=both.count(where=new),
        gone=both.count(where=gone),
        new_ids=_first(both.client_id, new),
        gone_ids=_first(both.client_id, gone),
    )
    return steps.filter((steps.now > 0) & (steps.before > 0))


def _first(client_id: ibis.Value, where: ibis.Value) -> ibis.Value:
    return listed_in_order(client_id, [client_id], where)[:_NAMED]


def _ids(clients: list[Any]) -> str:
    more = ", ..." if len(clients) == _NAMED else ""
    return ", ".join(map(str, clients)) + more
