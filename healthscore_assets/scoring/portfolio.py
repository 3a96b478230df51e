"""All clients together: bands and revenue, movers, churn, cohorts, dimensions."""

from dataclasses import dataclass
from functools import lru_cache

import ibis

from healthscore_assets.contracts.portfolio import ALL_SEGMENTS, NO_BAND, NO_SEGMENT
from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lake.expressions import summed_in_order, trimmed
from healthscore_assets.lookups.health_presets import WEIGHTS
from healthscore_assets.scoring.health.inputs import of_month

MOVERS = 20
_DECIMALS = 9


@dataclass(frozen=True)
class Portfolio:
    """The tables of a month, as in their contracts."""

    bands: ibis.Table
    movers: ibis.Table
    churn: ibis.Table
    cohorts: ibis.Table
    dimensions: ibis.Table


@lru_cache(maxsize=EXPRESSIONS)
def portfolio(
    health_scores: ibis.Table,
    client_scores: ibis.Table,
    client_month: ibis.Table,
    client_profile: ibis.Table,
    structural_risk: ibis.Table,
    accounts: ibis.Table,
    at: ibis.Table,
) -> Portfolio:
    """Sum the clients up.

    Parameters: ``health_scores`` of the month and the one before, the other tables of the month,
    each with ``months_ago``; ``at`` is `scoring.health.inputs.month_at_hand`.
    """
    before = health_scores.filter(health_scores.months_ago == 1)
    before = before.select("client_id", health_before="health")
    clients = of_month(health_scores)
    for more in (
        of_month(client_scores).select("client_id", "client_name", "total_all"),
        of_month(client_profile).select("client_id", "arr", "has_usage"),
        of_month(structural_risk).select("client_id", "cohort"),
        before,
    ):
        clients = clients.left_join(more, "client_id").drop("client_id_right")
    clients = clients.mutate(segment=_segment(clients.segment))
    return Portfolio(
        _bands(clients),
        _movers(clients),
        _churn(of_month(accounts), of_month(client_month), clients),
        _cohorts(clients, at),
        _dimensions(clients),
    )


def _segment(segment: ibis.Value) -> ibis.Value:
    """As it is spelled; a segment that the register calls ``all`` is not everybody."""
    told = trimmed(segment).nullif("").fill_null(NO_SEGMENT)
    return ibis.ifelse(told == ALL_SEGMENTS, f"{ALL_SEGMENTS} (segment)", told)


def _with_all(rows: ibis.Table) -> ibis.Table:
    """Each row for its segment, and again for all of them."""
    return rows.union(rows.mutate(segment=ibis.literal(ALL_SEGMENTS)))


def _bands(clients: ibis.Table) -> ibis.Table:
    rows = clients.select("segment", "client_id", "arr", band=clients.band.fill_null(NO_BAND))
    rows = _with_all(rows)
    sums = rows.group_by("segment", "band").aggregate(
        clients=rows.count(), arr=_in_order(rows, rows.arr).fill_null(0.0)
    )
    whole = sums.arr.sum().over(ibis.window(group_by="segment"))
    return sums.mutate(arr_share=sums.arr / whole.nullif(0))


def _in_order(rows: ibis.Table, value: ibis.Value) -> ibis.Value:
    """Summed in one order: the same to the last bit in every run."""
    return summed_in_order(value, [rows.client_id], value.notnull())


def _movers(clients: ibis.Table) -> ibis.Table:
    # To nine decimals, as bands are: what differs by less has not moved, and ties are ties.
    change = (clients.health - clients.health_before).round(_DECIMALS)
    moved = clients.mutate(health_change=change)
    moved = moved.filter(moved.health_change.notnull() & (moved.health_change != 0))
    rises = moved.health_change > 0
    moved = moved.mutate(direction=ibis.ifelse(rises, "riser", "faller"))
    order = ibis.window(
        group_by="direction", order_by=[ibis.desc(moved.health_change.abs()), moved.client_id]
    )
    moved = moved.mutate(place=ibis.row_number().over(order) + 1)
    return moved.filter(moved.place <= MOVERS)


def _churn(accounts: ibis.Table, client_month: ibis.Table, clients: ibis.Table) -> ibis.Table:
    """Those that left are in the register, not in the base; their usage may go on."""
    register = accounts.filter(accounts.contract != "to_come")
    register = register.select("client_id", "churned", segment=_segment(register.segment))
    used = client_month.filter(client_month.audience == "all").select("client_id", "engagement")
    rows = register
    for more in (used, clients.select("client_id", "health")):
        rows = rows.left_join(more, "client_id").drop("client_id_right")
    rows = _with_all(rows)
    rows = rows.mutate(engagement=rows.engagement.fill_null(0.0))
    return rows.group_by("segment", "churned").aggregate(
        clients=rows.count(),
        engagement_mean=_in_order(rows, rows.engagement) / rows.count(),
        health_mean=_in_order(rows, rows.health) / rows.health.count().nullif(0),
    )


def _cohorts(clients: ibis.Table, at: ibis.Table) -> ibis.Table:
    rows = clients.filter(clients.cohort.notnull()).cross_join(at)
    quarters = rows.cohort.substr(0, 4).cast("int64") * 12 + rows.cohort.right(1).cast("int64") * 3
    month = rows["last"].year() * 12 + rows["last"].month()
    rows = rows.mutate(age_months=ibis.greatest(month - quarters, 0))
    return rows.group_by("cohort").aggregate(
        age_months=rows.age_months.max(),
        clients=rows.count(),
        active_share=rows.has_usage.cast("float64").mean(),
        health_mean=_in_order(rows, rows.health) / rows.health.count().nullif(0),
        total_all_mean=_in_order(rows, rows.total_all) / rows.total_all.count().nullif(0),
    )


def _dimensions(clients: ibis.Table) -> ibis.Table:
    parts = [
        clients.select("segment", "client_id", dimension=ibis.literal(name), score=clients[name])
        for name in (*WEIGHTS, "health")
    ]
    rows = _with_all(ibis.union(*parts))
    return rows.group_by("segment", "dimension").aggregate(
        clients=rows.count(),
        observed=rows.score.count(),
        mean=_in_order(rows, rows.score) / rows.score.count().nullif(0),
        p25=rows.score.quantile(0.25),
        median=rows.score.quantile(0.5),
        p75=rows.score.quantile(0.75),
    )
