"""What CRM and help desk are told of each client, in words."""

from dataclasses import dataclass
from functools import lru_cache

import ibis

from healthscore_assets.contracts.crm_scores import DIRECTIONS, DRIVERS
from healthscore_assets.delivery.crm.cells import tenths
from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lake.expressions import listed_in_order
from healthscore_assets.lookups.health_presets import DIMENSION
from healthscore_assets.risk.alerts.states import rank_of
from healthscore_assets.scoring.health.words import words_of


@dataclass(frozen=True)
class MonthTables:
    """The tables of a month that are told of, without ``months_ago``.

    ``rules`` are `rule_facts`; ``at`` is `month_at_hand`.
    """

    client_scores: ibis.Table
    health_scores: ibis.Table
    health_drivers: ibis.Table
    client_profile: ibis.Table
    alerts: ibis.Table
    rules: ibis.Table
    at: ibis.Table


@lru_cache(maxsize=EXPRESSIONS)
def crm_scores(month: MonthTables) -> ibis.Table:
    """Score, band, trend, drivers and alerts side by side. Grain: client of the base.

    The band is the announced one: it does not go back and forth with every month. Without health
    there are a reason, the trend of usage, and no drivers.
    """
    scores = month.client_scores.select("client_id", "client_name", "direction", "partial")
    health = month.health_scores.select(
        "client_id", "health", "velocity_band", "reason", band="announced_band"
    )
    rows = scores
    for more in (
        month.client_profile.select("client_id", "segment"),
        health,
        _drivers(month.health_drivers, health),
        _alerts(month.alerts, month.rules),
    ):
        rows = rows.left_join(more, "client_id").drop("client_id_right")
    rows = rows.cross_join(month.at)
    usage = ibis.cases(*((rows.direction == word, says) for word, says in DIRECTIONS.items()))
    return rows.mutate(
        health=rows.health.round(1),
        trend=rows.velocity_band.replace("_", " ").coalesce(usage),
        open_alerts=rows.open_alerts.fill_null(0),
        scored_month=rows["last"].strftime("%Y-%m"),
    )


def _drivers(drivers: ibis.Table, health: ibis.Table) -> ibis.Table:
    """The three components to be told of a client that has health. Grain: client.

    Those that changed most come first, held against each other as they are shown, to a tenth of a
    point; of equal ones the heavier, then the one that the model names first. One that is missing
    and changed nothing is none.
    """
    with_health = health.filter(health.health.notnull()).select("client_id")
    rows = drivers.inner_join(with_health, "client_id")
    change = rows.points_change.fill_null(0.0).round(9).round(1)
    rows = rows.mutate(change=change, is_there=rows.score.notnull() & (rows.weight > 0))
    rows = rows.filter(rows.is_there | (rows.change != 0))
    names = list(DIMENSION)
    place = ibis.cases(*((rows.component == name, at) for at, name in enumerate(names)))
    rows = rows.mutate(place=place)
    order = [ibis.desc(rows.change.abs()), ibis.desc(rows.weight), rows.place]
    ranked = rows.mutate(
        rank=ibis.row_number().over(ibis.window(group_by="client_id", order_by=order))
    )
    told = ranked.filter(ranked["rank"] < len(DRIVERS))
    told = told.mutate(says=_says(told))
    return told.group_by("client_id").aggregate(
        **{name: told.says.max(where=told["rank"] == at) for at, name in enumerate(DRIVERS)}
    )


def _says(rows: ibis.Table) -> ibis.Value:
    """Such as ``Depth 12.4 of 20 points, -3.1 since last month``."""
    word = ibis.cases(
        *(
            (rows.component == name, words_of(name)[0].upper() + words_of(name)[1:])
            for name in DIMENSION
        )
    )
    whole = tenths(rows.weight * 100).re_replace(r"\.0$", "")
    stands = ibis.ifelse(
        rows.is_there,
        word + " " + tenths(rows.points) + " of " + whole + " points",
        word + " missing",
    )
    sign = ibis.ifelse(rows.change > 0, "+", "")
    moved = stands + ", " + sign + tenths(rows.change) + " since last month"
    return ibis.ifelse(rows.change == 0, stands, moved)


def _alerts(alerts: ibis.Table, rules: ibis.Table) -> ibis.Table:
    """Open alerts of a client in one line, in the order in which people see them. Grain: client."""
    is_open = alerts.filter(alerts.status == "open")
    rows = is_open.left_join(rules.select("rule", "place", "title"), "rule").drop("rule_right")
    rows = rows.mutate(rank=rank_of(rows.tier))
    order = [-rows["rank"], rows.place, rows.rule]
    return rows.group_by("client_id").aggregate(
        open_alerts=rows.count(),
        highest_tier=rows.tier.argmax(rows["rank"]),
        alerts=ibis.literal("; ").join(listed_in_order(rows.title.coalesce(rows.rule), order)),
    )
