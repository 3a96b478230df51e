"""How much was delivered and used, against the own past of the base and of each client."""

import math
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from statistics import median
from typing import Any

import ibis

from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lake.expressions import listed_in_order
from healthscore_assets.monitoring.observation import Observation, plural

LEAST_MONTHS = 3
"""Whole months of the past: of two, neither can be called the odd one."""
UNUSUAL = 4.0
"""Deviations from the usual. Of stable clients fewer than one in a hundred then stand out by
chance, though their deviation is known from three to six months only."""
LEAST_CHANGE_OF_BASE = 1.25
"""A quarter more than usual, or as much less by the same factor: holidays change no more."""
LEAST_CHANGE_OF_CLIENT = 2.0
"""Twice the usual or half of it: a team that changes less has changed nothing."""
SPREAD_OF_BASE = 0.07
SPREAD_OF_CLIENT = 0.2
"""Standard deviations of the logarithm that nobody falls below: months differ in working days."""
TO_DEVIATION = 1.4826
"""From a median absolute deviation to a standard deviation, for normal numbers."""
FEW_MONTHS = {3: 1.495, 4: 1.363, 5: 1.206, 6: 1.2, 7: 1.14, 8: 1.129, 9: 1.107}
"""What the median absolute deviation of so few numbers is too small by; of n more, n / (n - 0.8).

C. Croux and P. J. Rousseeuw, Time-efficient algorithms for two highly robust estimators of scale,
Computational Statistics 1, 1992.
"""

_SHOWN = 5


def volume(
    engine: Computes,
    client_month: ibis.Table,
    rows_delivered: Mapping[int, int],
    silent_months: int,
    partial: Collection[int],
    accounts: ibis.Table | None = None,
) -> Observation:
    """Compare the month with the whole months before it, in all and client by client.

    Parameters: ``client_month`` of the month and of those before it that are there;
    ``rows_delivered`` of each delivered month by how many months ago it was, of which ``partial``
    are not whole.
    A number ``x`` stands out where ``ln((1 + x) / (1 + usual))`` is more than `UNUSUAL` deviations
    and the least change away from 0. Usual is the median of the past months. The deviation is the
    median absolute one of the past, but at least what chance alone brings about in counts,
    ``1 / (1 + usual)``, and a spread beside it: a fixed one, and for clients that of the typical
    client. A client counts from the month it was first listed in, as long as it is in the base; in
    months in which it was not listed it has no engagement; ``accounts`` tells whose contract ended.
    """
    if 0 in partial:
        return Observation(True, "A month that is not whole is not compared.")
    by_month = {row.pop("months_ago"): row for row in engine.rows(_of_base(client_month))}
    told = {
        ago: {
            name: float(value)
            for name, value in (row | {"rows_delivered": rows_delivered.get(ago)}).items()
            if value is not None
        }
        for ago, row in by_month.items()
    }
    numbers = told.get(0, {})
    past = sorted(ago for ago in told if ago and ago not in partial)
    if len(past) < LEAST_MONTHS:
        reason = f"{plural(len(past), 'whole month')} before this one; compared from three on."
        return Observation(True, reason, numbers)
    histories = {name: [told[ago][name] for ago in past if name in told[ago]] for name in numbers}
    measured = [
        _compared(name, numbers[name], history)
        for name, history in histories.items()
        if len(history) >= LEAST_MONTHS
    ]
    odd = [row for row in measured if row["stands_out"]]
    (clients,) = engine.rows(_of_clients(client_month, silent_months, tuple(past), accounts))
    numbers = numbers | {f"clients_{way}": clients[way] for way in ("dropped", "risen")}
    says = [
        f"{row['number']}: {row['month']:,.0f}, {_factor(row['factor'])} the usual "
        f"{row['usual']:,.0f} ({row['deviations']:+.1f} deviations)."
        for row in odd
    ]
    if clients["first"]:
        named = ", ".join(
            f"{row['client_id']} {row['engagement']:,.0f} (usual {row['usual']:,.0f})"
            for row in clients["first"]
        )
        ways = {"far less": clients["dropped"], "far more": clients["risen"]}
        used = " and ".join(f"{count:,} used {way}" for way, count in ways.items() if count)
        says.append(f"Of {plural(clients['compared'], 'client')} {used} than usual: {named}.")
    tables = {"by_number": measured, "first_clients": clients["first"]}
    return Observation(
        not says,
        "\n".join(says)
        or f"In all and for each of {plural(clients['compared'], 'client')}, within the usual.",
        numbers,
        {name: rows for name, rows in tables.items() if rows},
    )


def _compared(number: str, month: float, past: Sequence[float]) -> dict[str, Any]:
    """A number of the whole base beside its usual."""
    usual = float(median(past))
    deviation = TO_DEVIATION * small_sample(len(past)) * median(abs(_log(x, usual)) for x in past)
    deviation = max(deviation, math.hypot(SPREAD_OF_BASE, 1 / math.sqrt(1 + usual)))
    change = _log(month, usual)
    return {
        "number": number,
        "month": month,
        "usual": usual,
        "factor": month / usual if usual else None,
        "deviations": change / deviation,
        "months": len(past),
        "stands_out": abs(change) >= math.log(LEAST_CHANGE_OF_BASE)
        and abs(change) > UNUSUAL * deviation,
    }


def small_sample(months: int) -> float:
    """What to multiply a median absolute deviation of so few numbers by."""
    return FEW_MONTHS.get(months, months / (months - 0.8))


def _log(value: float, usual: float) -> float:
    return math.log((1 + value) / (1 + usual))


def _factor(factor: float | None) -> str:
    return "against" if factor is None else f"{factor:.2f} times"


@lru_cache(maxsize=8)
def _of_base(client_month: ibis.Table) -> ibis.Table:
    """Engagement, clients and visitors in all. Grain: months_ago."""
    listed = client_month.filter(client_month.audience == "all")
    return listed.group_by("months_ago").aggregate(
        engagement=listed.engagement.cast("decimal(18, 6)").sum().cast("float64"),
        clients=listed.count(),
        visitors=listed.unique_visitors.sum(),
    )


@lru_cache(maxsize=EXPRESSIONS)
def _of_clients(
    client_month: ibis.Table,
    silent_months: int,
    past_months: tuple[int, ...],
    accounts: ibis.Table | None,
) -> ibis.Table:
    """How many clients were compared, dropped and rose, and the largest changes. Grain: one row."""
    months = (0, *past_months)
    usage = client_month.filter(client_month.audience == "all")
    known = usage.group_by("client_id").aggregate(
        first=usage.months_ago.max(), last=usage.months_ago.min()
    )
    known = known.filter(known["last"] <= silent_months)
    if accounts is not None:
        ended = (accounts.months_ago == 0) & (accounts.contract == "ended")
        known = known.anti_join(accounts.filter(ended), "client_id")
    grid = known.cross_join(ibis.array(list(months)).unnest().name("months_ago").as_table())
    grid = grid.filter(grid.months_ago <= grid["first"])
    rows = grid.left_join(usage, ["client_id", "months_ago"]).select(
        "client_id", "months_ago", engagement=ibis._.engagement.fill_null(0.0)
    )
    of_past = rows.months_ago > 0
    clients = rows.group_by("client_id").aggregate(
        usual=ibis.ifelse(of_past, rows.engagement, None).median(),
        months=rows.count(where=of_past),
        engagement=rows.engagement.max(where=~of_past),
        past=rows.engagement.collect(where=of_past),
    )
    clients = clients.filter((clients.months >= LEAST_MONTHS) & (clients.usual > 0))
    each = clients.select("client_id", "usual", x=clients.past.unnest())
    off = each.mutate(off=((1 + each.x) / (1 + each.usual)).ln().abs())
    off = off.group_by("client_id").aggregate(off=off.off.median())
    clients = clients.join(off, "client_id")
    few = ibis.cases(
        *((clients.months == months, factor) for months, factor in FEW_MONTHS.items()),
        else_=clients.months / (clients.months - 0.8),
    )
    clients = clients.mutate(own=TO_DEVIATION * few * clients.off, chance=1 / (1 + clients.usual))
    excess = ibis.greatest(clients.own**2 - clients.chance, 0.0).sqrt()
    clients = clients.mutate(typical=excess.median().over(ibis.window()))
    spread = ibis.greatest(clients.typical, SPREAD_OF_CLIENT)
    clients = clients.mutate(
        deviation=ibis.greatest(clients.own, (clients.chance + spread**2).sqrt()),
        change=((1 + clients.engagement) / (1 + clients.usual)).ln(),
    )
    odd = (clients.change.abs() >= math.log(LEAST_CHANGE_OF_CLIENT)) & (
        clients.change.abs() > UNUSUAL * clients.deviation
    )
    by_size = [-(clients.engagement - clients.usual).abs(), clients.client_id]
    row = ibis.struct(
        {
            "client_id": clients.client_id,
            "engagement": clients.engagement,
            "usual": clients.usual,
            "factor": clients.engagement / clients.usual,
            "deviations": clients.change / clients.deviation,
        }
    )
    found = clients.aggregate(
        compared=clients.count(),
        dropped=clients.count(where=odd & (clients.change < 0)),
        risen=clients.count(where=odd & (clients.change > 0)),
        first=listed_in_order(row, by_size, odd)[:_SHOWN],
    )
    return found.mutate(first=found["first"].fill_null([]))
