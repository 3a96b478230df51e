"""Drift of the values behind each index, by the population stability index (PSI)."""

from collections.abc import Collection
from functools import lru_cache

import ibis

from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.monitoring.observation import Observation
from healthscore_assets.scoring.indices import Compared, rank_scores

BINS = 10
LEAST_THRESHOLD = 0.1
"""The usual mark of a shift worth a look, however many clients there are."""
CHI_SQUARE_999 = (10.828, 13.816, 16.266, 18.467, 20.515, 22.458, 24.322, 26.124, 27.877)
"""99.9 % points of the chi-square distribution with 1 to 9 degrees of freedom.

E. S. Pearson and H. O. Hartley, Biometrika Tables for Statisticians, vol. 1, table 8.
"""


def drift(
    engine: Computes, now: Compared, before: Compared, weights: ibis.Table, partial: Collection[int]
) -> Observation:
    """Compare the weighted engagement behind each index with that of the month before.

    Parameters: as of `index_scores`, with the ``weights`` of the month at hand.
    The scores themselves are shares of clients and look alike in every month. So what they rank is
    compared, and both months under the weights of the month at hand: new weights alone are no
    drift, and an area that is used for the first time is, which under the weights of the month
    before would not count. A PSI above `threshold` is unusual; from or to a partial month there is
    none.
    """
    if {0, 1} & {*partial}:
        return Observation(True, "A month that is not whole is not compared.")
    measured = engine.rows(_stability(now, before, weights))
    rows = [
        {**row, "threshold": threshold(row["clients"], row["clients_before"], row["bins"])}
        for row in measured
    ]
    if not rows:
        return Observation(True, "There is no month before to compare with.")
    beyond = [row for row in rows if row["psi"] > row["threshold"]]
    told = ", ".join(
        f"{row['index']} {row['psi']:.3f} (threshold {row['threshold']:.3f}, "
        f"{row['clients']:,} clients)"
        for row in beyond or rows
    )
    if beyond:
        says = (
            "The engagement behind these indices has shifted since the month before, by more than "
            f"chance explains: PSI of {told}. See whether the exports count the same things."
        )
    else:
        says = f"Spread as in the month before: PSI of {told}."
    numbers = {f"drift_{row['index']}": row["psi"] for row in rows}
    return Observation(not beyond, says, numbers, {"by_index": rows})


def threshold(clients: int, clients_before: int, bins: int) -> float:
    """The PSI that chance exceeds once in a thousand times, and at least `LEAST_THRESHOLD`.

    Without drift, PSI x N M / (N + M) has about a chi-square distribution with bins - 1 degrees of
    freedom for N and M clients that have nothing in common (B. Yurdakul and J. Naranjo, Statistical
    properties of the population stability index, Journal of Risk Model Validation 14, 2020). Most
    clients are the same in both months, so that chance does less still.
    """
    by_chance = (1 / clients + 1 / clients_before) * CHI_SQUARE_999[bins - 2]
    return max(LEAST_THRESHOLD, by_chance)


@lru_cache(maxsize=EXPRESSIONS)
def _stability(now: Compared, before: Compared, weights: ibis.Table) -> ibis.Table:
    """`psi` and `bins` of the values of both months.

    Grain: index, of those that rank clients in both months and tell any of them apart. The
    expression is kept: it takes longer to build than to run.
    """

    def values(month: Compared) -> ibis.Table:
        scores = rank_scores(month.cells, weights, month.ranked)
        return scores.select(index=scores.basis + "_" + scores.audience, value="raw")

    return stability(values(now), values(before))


def stability(now: ibis.Table, before: ibis.Table) -> ibis.Table:
    """The population stability index of ``value`` by ``index``.

    Bins are the tenths of the values before; tenths that end at the same value, as at zero, are one
    bin. Half a client more in every bin keeps empty ones finite.
    Grain: index, of those with at least two bins. Columns ``clients``, ``clients_before``, ``bins``
    and ``psi``.
    """
    tenths = [number / BINS for number in range(1, BINS)]
    ends = before.group_by("index").aggregate(
        ends=before.value.quantile(tenths), largest=before.value.max()
    )
    ends = ends.select("index", ends=_below(ends.ends, ends.largest).unique())
    values = now.mutate(now=1).union(before.mutate(now=0)).join(ends, "index")
    placed = values.mutate(bin=_below(values.ends, values.value).length())
    counts = placed.group_by("index", "bin").aggregate(
        now=placed.now.sum().cast("float64"),
        before=(1 - placed.now).sum().cast("float64"),
    )
    index = ibis.window(group_by="index")
    counts = counts.mutate(
        clients=counts.now.sum().over(index),
        clients_before=counts.before.sum().over(index),
        bins=counts.count().over(index),
    )
    share = (counts.now + 0.5) / (counts.clients + 0.5 * counts.bins)
    share_before = (counts.before + 0.5) / (counts.clients_before + 0.5 * counts.bins)
    found = counts.mutate(part=(share - share_before) * (share / share_before).ln())
    found = found.group_by("index").aggregate(
        psi=found.part.sum(),
        bins=found.bins.max(),
        clients=found.clients.max().cast("int64"),
        clients_before=found.clients_before.max().cast("int64"),
    )
    both = (found.bins > 1) & (found.clients > 0)
    return found.filter(both).order_by("index")


def _below(ends: ibis.Value, limit: ibis.Value) -> ibis.Value:
    return ends.filter(lambda end: end < limit)
