"""Health: the weighted mean of what was observed, component by component (SCORING.md section 5)."""

from dataclasses import dataclass
from functools import lru_cache

import ibis
import pyarrow as pa

from healthscore_assets.lake.engine import EXPRESSIONS, Engine
from healthscore_assets.lookups.health_presets import DIMENSION, LEADING, WEIGHTS
from healthscore_assets.lookups.health_settings import HealthSettings

SMOOTHED_MONTHS = 3
_WHOLE = 10_000
"""Points of the default weights, dimension times component."""


@dataclass(frozen=True)
class Composite:
    """``health``: grain client. ``points``: grain client x component."""

    health: ibis.Table
    points: ibis.Table


def weights_table(engine: Engine, settings: HealthSettings) -> ibis.Table:
    """The weights as set. Grain: segment (in lower case) x component.

    ``of_dimension`` and ``within`` are in percent, ``covers`` the points of the default weights.
    """
    segments = settings.weights_of_segments()
    rows = [
        {
            "segment_key": segment.strip().lower(),
            "dimension": dimension,
            "component": component,
            "leading": component in LEADING,
            "of_dimension": weights[dimension],
            "within": settings.weights_within(dimension)[component],
            "covers": segments["default"][dimension]
            * settings.weights_within(dimension)[component],
        }
        for segment, weights in segments.items()
        for component, dimension in DIMENSION.items()
    ]
    schema = ibis.schema(
        {
            "segment_key": "string",
            "dimension": "string",
            "component": "string",
            "leading": "boolean",
            "of_dimension": "float64",
            "within": "float64",
            "covers": "float64",
        }
    )
    table = pa.Table.from_pylist(rows, schema=schema.to_pyarrow())
    return engine.arrow("health_weights", table, schema)


@lru_cache(maxsize=EXPRESSIONS)
def composite(
    components: ibis.Table,
    profile: ibis.Table,
    index_scores: ibis.Table,
    weights: ibis.Table,
    settings: HealthSettings,
    held_out: frozenset[str] = frozenset(),
) -> Composite:
    """Health of each client of the base, and the points that each component gives.

    Parameters: ``components`` of the month and the two before, as `component_scores` gives them,
    ``index_scores`` likewise; ``profile`` of the month; ``weights`` as `weights_table`; components
    that are ``held_out`` count as missing.
    Weights are shares of one; points sum to health. Below ``least_coverage`` there is none.
    """
    scores = _smoothed(components, settings)
    if held_out:
        measured = scores.component.notin(sorted(held_out))
        scores = scores.mutate(score=ibis.ifelse(measured, scores.score, None))
    keys = weights.select("segment_key").distinct()
    clients = profile.select("client_id", "segment", "stage", key=profile.segment.lower().strip())
    clients = clients.left_join(keys, clients.key == keys.segment_key)
    clients = clients.select(
        "client_id", "segment", "stage", segment_key=ibis._.segment_key.fill_null("default")
    )
    rows = scores.inner_join(clients.select("client_id", "segment_key"), "client_id")
    rows = rows.inner_join(weights.drop("dimension"), ["segment_key", "component"])
    rows = rows.mutate(
        own=ibis.ifelse(rows.score.notnull(), rows.within, 0.0),
        covered=ibis.ifelse(rows.score.notnull(), rows.covers, 0.0),
    )
    dimension = ibis.window(group_by=["client_id", "dimension"])
    client = ibis.window(group_by="client_id")
    rows = rows.mutate(of_observed=rows.own.sum().over(dimension))
    # A dimension counts once, with the first of its components.
    first = ibis.row_number().over(
        ibis.window(group_by=["client_id", "dimension"], order_by="component")
    )
    rows = rows.mutate(
        once=ibis.ifelse((first == 0) & (rows.of_observed > 0), rows.of_dimension, 0.0)
    )
    rows = rows.mutate(
        of_all=rows.once.sum().over(client), covered=rows.covered.sum().over(client).round()
    )
    enough = (rows.covered >= _whole_points(settings)) & (rows.of_all > 0)
    share = rows.of_dimension / rows.of_all.nullif(0) * rows.own / rows.of_observed.nullif(0)
    rows = rows.mutate(weight=ibis.ifelse(enough, share.fill_null(0.0), 0.0), enough=enough)
    rows = rows.mutate(points=rows.weight * rows.score.fill_null(0.0))
    points = rows.select(
        "client_id", "dimension", "component", "value", "score", "weight", "points"
    )
    return Composite(_per_client(rows, clients, index_scores, settings), points)


def _whole_points(settings: HealthSettings) -> int:
    """How many points of the default weights must be observed."""
    return round(settings.least_coverage * _WHOLE)


def _smoothed(components: ibis.Table, settings: HealthSettings) -> ibis.Table:
    """The scores in force. Grain: client x component of the month."""
    now = components.filter(components.months_ago == 0).drop("months_ago")
    if settings.usage_smoothing == "none":
        return now
    recent = components.filter(
        (components.dimension == "usage") & (components.months_ago < SMOOTHED_MONTHS)
    )
    mean = recent.group_by("client_id", "component").aggregate(mean3=_mean(recent, "score"))
    rows = now.left_join(mean, ["client_id", "component"])
    mean3 = ibis.ifelse(rows.score.notnull(), rows.mean3, None)
    smooth = mean3 if settings.usage_smoothing == "mean3" else (rows.score + mean3) / 2
    score = ibis.ifelse(rows.dimension == "usage", smooth, rows.score)
    return rows.select("client_id", "dimension", "component", "value", score=score)


def _mean(rows: ibis.Table, column: str) -> ibis.Value:
    """Summed in the order of the months: the same to the last bit in every run."""
    known = rows[column].notnull()
    total = rows[column].collect(order_by=rows.months_ago, where=known).sums()
    return total / rows[column].count().nullif(0)


def _per_client(
    rows: ibis.Table, clients: ibis.Table, index_scores: ibis.Table, settings: HealthSettings
) -> ibis.Table:
    order = rows.component

    def total(value: ibis.Value, where: ibis.Value | None = None) -> ibis.Value:
        return value.collect(order_by=order, where=where).sums()

    # Clipped, since a mean of hundreds may be 100.00000000000001.
    of_dimension = {
        name: (
            total(rows.own * rows.score.fill_null(0.0), rows.dimension == name)
            / total(rows.own, rows.dimension == name).nullif(0)
        ).clip(0.0, 100.0)
        for name in WEIGHTS
    }
    leading = total(rows.weight, rows.leading)
    per_client = rows.group_by("client_id").aggregate(
        **of_dimension,
        health=total(rows.points).clip(0.0, 100.0),
        coverage=(rows.covered.max() / _WHOLE).clip(upper=1.0),
        leading_share=leading.clip(0.0, 1.0),
        leading_score=(total(rows.points, rows.leading) / leading.nullif(0)).clip(0.0, 100.0),
        enough=rows.enough.any(),
    )
    joined = clients.left_join(per_client, "client_id").drop("client_id_right")
    joined = joined.left_join(_index(index_scores, settings), "client_id").drop("client_id_right")
    least = _whole_points(settings)
    too_little = (
        ibis.literal("observed: ")
        + (joined.coverage * 100).round(2).cast("string")
        + f"% of the weights, {least / 100:g}% are needed"
    )
    some = [*WEIGHTS, "health", "leading_share", "leading_score"]
    return joined.select(
        "client_id",
        "segment",
        "stage",
        **{name: ibis.ifelse(joined.enough, joined[name], None) for name in some},
        coverage=joined.coverage,
        total_all_smoothed=joined.total_all_smoothed,
        reason=ibis.ifelse(
            joined.enough,
            None,
            ibis.ifelse(
                joined.coverage * _WHOLE < least - 0.5,
                too_little,
                "nothing that was observed has a weight",
            ),
        ),
    )


def _index(index_scores: ibis.Table, settings: HealthSettings) -> ibis.Table:
    """`total_all` smoothed as usage is. Grain: client of the month."""
    recent = index_scores.filter(index_scores.months_ago < SMOOTHED_MONTHS)
    per_client = recent.group_by("client_id").aggregate(
        now=recent.total_all.max(where=recent.months_ago == 0), mean3=_mean(recent, "total_all")
    )
    mean3 = ibis.ifelse(per_client.now.notnull(), per_client.mean3, None)
    smooth = {
        "none": per_client.now,
        "mean3": mean3,
        "blend": (per_client.now + mean3) / 2,
    }[settings.usage_smoothing]
    return per_client.select("client_id", total_all_smoothed=smooth)
