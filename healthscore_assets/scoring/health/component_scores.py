"""From what was observed to 0-100: by target, percentile, deviation or range."""

from collections.abc import Callable
from functools import lru_cache

import ibis

from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lake.expressions import trimmed
from healthscore_assets.lookups.health_presets import DIMENSION
from healthscore_assets.lookups.health_settings import HealthSettings, Normalising

_AGAINST_THE_BASE = ("frequency", "depth", "session_minutes")
"""Full marks are the 75th percentile of the clients that have usage."""

_RAMPED = ("active_users", "feature_adoption", "frequency")
"""Held to less while a client is being onboarded."""

_ZERO_WITHOUT_USAGE = ("active_users", "feature_adoption", "frequency", "depth")

_SHORTEST_RAMP_DAYS = 30
_Z = 3.0

_BY_TARGET = Normalising()


@lru_cache(maxsize=EXPRESSIONS)
def component_scores(values: ibis.Table, settings: HealthSettings) -> ibis.Table:
    """Each component's ``value`` and its ``score`` of 0 to 100, before smoothing.

    Parameters: ``values`` has a column per component, ``has_usage``, ``segment``, ``stage`` and
    ``contract_days``. Grain: client x component; nulls where something is missing.
    """
    best = values.aggregate(
        **{
            f"best_{name}": ibis.ifelse(values.has_usage, values[name], None).quantile(0.75)
            for name in _AGAINST_THE_BASE
        },
    )
    rows = values.cross_join(best)
    scores = {}
    for name in DIMENSION:
        how = settings.normalisers.get(name, _BY_TARGET)
        score = _by_target(rows, name, settings) if how.by == "target" else _among(rows, name, how)
        if name in _ZERO_WITHOUT_USAGE:
            score = ibis.ifelse(rows.has_usage, score, 0.0)
        scores[name] = score
    rows = rows.mutate(**{f"score_{name}": score for name, score in scores.items()})
    each = [
        ibis.struct(
            {
                "dimension": ibis.literal(DIMENSION[name]),
                "component": ibis.literal(name),
                "value": rows[name].cast("float64"),
                "score": rows[f"score_{name}"].cast("float64"),
            }
        )
        for name in DIMENSION
    ]
    told = rows.select("client_id", each=ibis.array(each).unnest())
    return told.select(
        "client_id", **{n: told.each[n] for n in ("dimension", "component", "value", "score")}
    )


def _by_target(rows: ibis.Table, name: str, settings: HealthSettings) -> ibis.Value:
    """100 where the target is reached, in proportion below."""
    value = rows[name]
    if name in _OWN_SCALE:
        return _OWN_SCALE[name](value, settings)
    target: ibis.Value | float = 1.0
    if name in _AGAINST_THE_BASE:
        target = rows[f"best_{name}"].nullif(0)
    if name == "frequency" and settings.targets.frequency != "p75":
        target = float(settings.targets.frequency)
    if name == "touchpoint_quality":
        target = settings.targets.touchpoints
    if name == "community":
        target = settings.targets.community
    reached = value / target
    if name in _RAMPED:
        ramp = settings.lifecycle.onboarding_days
        days = ibis.greatest(rows.contract_days, _SHORTEST_RAMP_DAYS)
        reached = reached * ibis.ifelse(
            (rows.stage == "onboarding").fill_null(False), ramp / days, 1.0
        )
    return (100 * reached).clip(0.0, 100.0)


_OWN_SCALE: dict[str, Callable[[ibis.Value, HealthSettings], ibis.Value]] = {
    "engagement_index": lambda value, _: value,
    "nps": lambda value, _: (value + 100) / 2,
    "csat": lambda value, _: (value - 1) / 4 * 100,
    "support_health": lambda value, _: value,
    "arr_trend": lambda value, settings: (
        100 * (value + settings.targets.arr_trend) / (2 * settings.targets.arr_trend)
    ).clip(0.0, 100.0),
}
"""Components whose values have a scale of their own."""


def _among(rows: ibis.Table, name: str, how: Normalising) -> ibis.Value:
    """Against the other clients of the base or segment; null where they are all alike."""
    value = rows[name]
    group: list[ibis.Value] = [value.notnull()]
    if how.over == "segment":
        group.append(trimmed(rows.segment.lower()))
    others = ibis.window(group_by=group)
    size = value.count().over(others)
    spread = value.max().over(others) > value.min().over(others)
    if how.by == "percentile":
        behind = ibis.rank().over(ibis.window(group_by=group, order_by=value))
        score = 100 * behind / (size - 1).nullif(0)
    elif how.by == "zscore":
        deviation = value.std(how="pop").over(others).nullif(0)
        z = ((value - value.mean().over(others)) / deviation).clip(-_Z, _Z)
        score = 50 + 50 * z / _Z
    else:
        low, high = value.quantile(0.05).over(others), value.quantile(0.95).over(others)
        score = (100 * (value - low) / (high - low).nullif(0)).clip(0.0, 100.0)
    return ibis.ifelse(value.notnull() & spread, score, None)
