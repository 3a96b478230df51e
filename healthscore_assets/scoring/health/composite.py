"""Health: the weighted mean of what was observed, component by component (SCORING.md section 5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import add

import ibis

from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lake.expressions import trimmed
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


def composite(
    engine: Computes,
    components: ibis.Table,
    profile: ibis.Table,
    index_scores: ibis.Table,
    settings: HealthSettings,
    held_out: frozenset[str] = frozenset(),
) -> Composite:
    """Health of each client of the base, and the points that each component gives.

    Parameters: ``components`` of the month and the two before, as `component_scores` gives them,
    ``index_scores`` likewise; ``profile`` of the month; components that are ``held_out`` count as
    missing.
    Weights are shares of one; points sum to health. Below ``least_coverage`` there is none.
    """
    scores = _scores(components, profile, index_scores, settings, held_out)
    # A row per client, and a column per component: rows per component ran out of memory at 100,000.
    clients = engine.keep("weighed_clients", _weighed(engine.keep("scores", scores), settings))
    return Composite(_health(clients, settings, held_out), _points(clients))


def _sum(values: Iterable[ibis.Value]) -> ibis.Value:
    """Added up in the order they come in: the same to the last bit in every run."""
    return reduce(add, values)


def _double(number: float) -> ibis.Value:
    """A number with a point in SQL is a DECIMAL, whose sums overflow."""
    return ibis.literal(repr(float(number))).cast("float64")


@lru_cache(maxsize=EXPRESSIONS)
def _scores(
    components: ibis.Table,
    profile: ibis.Table,
    index_scores: ibis.Table,
    settings: HealthSettings,
    held_out: frozenset[str],
) -> ibis.Table:
    """Each component's ``value_`` and its ``score_`` in force. Grain: client."""
    rows = components.filter(components.months_ago < SMOOTHED_MONTHS)
    told = {}
    for name, dimension in DIMENSION.items():
        is_now = (rows.component == name) & (rows.months_ago == 0)
        told[f"value_{name}"] = rows.value.max(where=is_now)
        months = SMOOTHED_MONTHS if dimension == "usage" else 1
        for ago in range(months):
            is_it = (rows.component == name) & (rows.months_ago == ago)
            told[f"score_{name}_{ago}"] = rows.score.max(where=is_it)
    wide = rows.group_by("client_id").aggregate(**told)
    index = index_scores.filter(index_scores.months_ago < SMOOTHED_MONTHS)
    index = index.group_by("client_id").aggregate(
        **{
            f"total_all_{ago}": index.total_all.max(where=index.months_ago == ago)
            for ago in range(SMOOTHED_MONTHS)
        }
    )
    clients = profile.select("client_id", "segment", "stage")
    for more in (wide, index):
        clients = clients.left_join(more, "client_id").drop("client_id_right")
    scores = {
        name: _smoothed(clients, f"score_{name}", settings)
        if dimension == "usage"
        else clients[f"score_{name}_0"]
        for name, dimension in DIMENSION.items()
    } | {name: ibis.null("float64") for name in held_out}
    return clients.select(
        *("client_id", "segment", "stage"),
        *(f"value_{name}" for name in DIMENSION),
        **{f"score_{name}": score for name, score in scores.items()},
        total_all_smoothed=_smoothed(clients, "total_all", settings),
    )


def _smoothed(rows: ibis.Table, name: str, settings: HealthSettings) -> ibis.Value:
    """Of the columns by months ago; missing where the month's own is."""
    now = rows[f"{name}_0"]
    if settings.usage_smoothing == "none":
        return now
    months = [rows[f"{name}_{ago}"] for ago in range(SMOOTHED_MONTHS)]
    known = _sum(month.notnull().cast("int64") for month in months)
    mean3 = _sum(month.fill_null(0.0) for month in months) / known.nullif(0)
    smooth = mean3 if settings.usage_smoothing == "mean3" else (now + mean3) / 2
    return ibis.ifelse(now.notnull(), smooth, None)


@lru_cache(maxsize=EXPRESSIONS)
def _weighed(scores: ibis.Table, settings: HealthSettings) -> ibis.Table:
    """The same with each component's ``weight_`` and ``points_``. Grain: client."""
    segments = settings.weights_of_segments()
    within = {dimension: settings.weights_within(dimension) for dimension in WEIGHTS}

    def observed(name: str, weight: float) -> ibis.Value:
        return scores[f"score_{name}"].notnull().cast("float64") * weight

    key = trimmed(scores.segment.lower())
    rows = scores.mutate(
        covered=_sum(
            observed(name, segments["default"][dimension] * within[dimension][name])
            for name, dimension in DIMENSION.items()
        ).round(),
        **{
            f"observed_{dimension}": _sum(
                observed(name, weight) for name, weight in within[dimension].items()
            )
            for dimension in WEIGHTS
        },
        **{
            f"set_{dimension}": ibis.cases(
                *(
                    (key == name.strip().lower(), _double(w[dimension]))
                    for name, w in segments.items()
                ),
                else_=_double(segments["default"][dimension]),
            )
            for dimension in WEIGHTS
        },
    )
    rows = rows.mutate(
        all_set=_sum(
            ibis.ifelse(rows[f"observed_{name}"] > 0, rows[f"set_{name}"], 0.0) for name in WEIGHTS
        )
    )
    enough = (rows.covered >= _whole_points(settings)) & (rows.all_set > 0)
    rows = rows.mutate(
        enough=enough,
        **{
            f"share_{name}": ibis.ifelse(
                enough & (rows[f"observed_{name}"] > 0),
                rows[f"set_{name}"] / rows.all_set / rows[f"observed_{name}"],
                0.0,
            )
            for name in WEIGHTS
        },
    )
    rows = rows.mutate(
        **{
            f"weight_{name}": ibis.ifelse(
                rows[f"score_{name}"].notnull(),
                rows[f"share_{dimension}"] * float(within[dimension][name]),
                0.0,
            )
            for name, dimension in DIMENSION.items()
        },
        # Clipped, since a mean of hundreds may be 100.00000000000001.
        **{
            dimension: (
                _sum(
                    rows[f"score_{name}"].fill_null(0.0) * float(weight)
                    for name, weight in within[dimension].items()
                )
                / rows[f"observed_{dimension}"].nullif(0)
            ).clip(0.0, 100.0)
            for dimension in WEIGHTS
        },
    )
    return rows.mutate(
        **{
            f"points_{name}": rows[f"weight_{name}"] * rows[f"score_{name}"].fill_null(0.0)
            for name in DIMENSION
        }
    )


def _whole_points(settings: HealthSettings) -> int:
    """How many points of the default weights must be observed."""
    return round(settings.least_coverage * _WHOLE)


@lru_cache(maxsize=EXPRESSIONS)
def _points(clients: ibis.Table) -> ibis.Table:
    """Grain: client x component."""
    each = [
        ibis.struct(
            {
                "dimension": ibis.literal(dimension),
                "component": ibis.literal(name),
                **{
                    of: clients[f"{of}_{name}"].cast("float64")
                    for of in ("value", "score", "weight", "points")
                },
            }
        )
        for name, dimension in DIMENSION.items()
    ]
    told = clients.select("client_id", each=ibis.array(each).unnest())
    columns = ("dimension", "component", "value", "score", "weight", "points")
    return told.select("client_id", **{name: told.each[name] for name in columns})


@lru_cache(maxsize=EXPRESSIONS)
def _health(clients: ibis.Table, settings: HealthSettings, held_out: frozenset[str]) -> ibis.Table:
    """Grain: client."""
    least = _whole_points(settings)
    leading = _sum(clients[f"weight_{name}"] for name in DIMENSION if name in LEADING)
    ahead = _sum(clients[f"points_{name}"] for name in DIMENSION if name in LEADING)
    health = _sum(clients[f"points_{name}"] for name in DIMENSION)
    coverage = (clients.covered / _WHOLE).clip(upper=1.0)
    too_little = (
        ibis.literal("observed: ")
        + (coverage * 100).round(2).cast("string")
        + f"% of the weights, {least / 100:g}% are needed"
        + (f"; held out: {', '.join(sorted(held_out))}" if held_out else "")
    )
    where_enough = {
        **{name: clients[name] for name in WEIGHTS},
        "health": health.clip(0.0, 100.0),
        "leading_share": leading.clip(0.0, 1.0),
        "leading_score": (ahead / leading.nullif(0)).clip(0.0, 100.0),
    }
    return clients.select(
        *("client_id", "segment", "stage", "total_all_smoothed"),
        **{name: ibis.ifelse(clients.enough, value, None) for name, value in where_enough.items()},
        coverage=coverage,
        reason=ibis.cases(
            (clients.enough, None),
            (clients.covered < least, too_little),
            else_="nothing that was observed has a weight",
        ),
    )
