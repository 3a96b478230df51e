"""Why health changed: what a component did, and what its weight did (SCORING.md section 5)."""

from functools import lru_cache

import ibis

from healthscore_assets.lake.engine import EXPRESSIONS


@lru_cache(maxsize=EXPRESSIONS)
def drivers(points: ibis.Table, health: ibis.Table) -> ibis.Table:
    """Points and their change, by value and by weight. Grain: client x component of the month.

    Parameters: ``points`` and ``health`` of the month and the one before, told apart by
    ``months_ago``. ``points_change = value_effect + weight_effect``; summed over the components
    of a client they are the change of its health. Null where either month has none.
    """
    now = points.filter(points.months_ago == 0).drop("months_ago")
    before = points.filter(points.months_ago == 1)
    before = before.select("client_id", "component", score_before="score", weight_before="weight")
    healths = health.group_by("client_id").aggregate(
        health_now=health.health.max(where=health.months_ago == 0),
        health_before=health.health.max(where=health.months_ago == 1),
    )
    rows = now.left_join(before, ["client_id", "component"])
    rows = rows.drop("client_id_right", "component_right")
    rows = rows.left_join(healths, "client_id").drop("client_id_right")
    weight_before = rows.weight_before.fill_null(0.0)
    both = rows.score.notnull() & rows.score_before.notnull()
    value = ibis.ifelse(
        both, (rows.weight + weight_before) / 2 * (rows.score - rows.score_before), 0.0
    )
    known = rows.score.coalesce(rows.score_before)
    mean = (known + rows.score_before.coalesce(rows.score)) / 2
    healths_mean = (rows.health_now + rows.health_before) / 2
    weight = ((mean - healths_mean) * (rows.weight - weight_before)).fill_null(0.0)
    compared = rows.health_now.notnull() & rows.health_before.notnull()
    return rows.select(
        *now.columns,
        points_change=ibis.ifelse(compared, value + weight, None),
        value_effect=ibis.ifelse(compared, value, None),
        weight_effect=ibis.ifelse(compared, weight, None),
    )
