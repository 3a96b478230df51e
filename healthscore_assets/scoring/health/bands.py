"""Bands, the bands announced, and velocity (SCORING.md section 5)."""

from functools import lru_cache, reduce
from operator import add

import ibis

from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lookups.health_settings import HealthSettings

WALKED_MONTHS = 6
"""How many months back the band that was announced is looked for."""

_DECIMALS = 9
"""79.9999999999 is 80: thresholds are held against nine decimals."""


@lru_cache(maxsize=EXPRESSIONS)
def with_bands(health: ibis.Table, at: ibis.Table, settings: HealthSettings) -> ibis.Table:
    """``band``, ``announced_band``, ``velocity`` and its band. Grain: client of the month.

    Parameters: ``health`` of the month and the `WALKED_MONTHS` before, told apart by
    ``months_ago``; ``at`` is `month_at_hand`.
    A band is announced once it has held for ``notice_months``, and at once after a sudden drop;
    a month without health breaks a run. The first band of a client that had no health before is
    announced; where none has held for so long, the one of most of the months before is.
    """
    months = range(WALKED_MONTHS, -1, -1)
    wide = health.group_by("client_id").aggregate(
        **{f"health_{ago}": health.health.max(where=health.months_ago == ago) for ago in months}
    )
    wide = wide.mutate(**{f"rank_{ago}": _rank(wide[f"health_{ago}"], settings) for ago in months})
    # What the client begins with; unknown where the months to be walked begin in its midst.
    announced: ibis.Value = ibis.null("int64")
    for ago in months:
        announced = _announced(wide, ago, announced, settings)
        wide = wide.mutate(**{f"announced_{ago}": announced})
        announced = wide[f"announced_{ago}"]
    now = health.filter(health.months_ago == 0).drop("months_ago")
    rows = now.inner_join(wide, "client_id").cross_join(at)
    velocity = (rows.health_0 - rows.health_1) / rows.days
    rows = rows.mutate(velocity=velocity)
    has_health = rows.health.notnull()
    return rows.select(
        *now.columns,
        "velocity",
        band=_word(rows.rank_0),
        announced_band=ibis.ifelse(
            has_health, _word(rows.announced_0.coalesce(_most_months(rows))), None
        ),
        velocity_band=_velocity_band(rows.velocity.round(_DECIMALS), settings),
    )


def _rank(health: ibis.Value, settings: HealthSettings) -> ibis.Value:
    """3 for green, 2 for yellow, 1 for red."""
    rounded = health.round(_DECIMALS)
    return ibis.cases(
        (rounded >= settings.bands.green, 3),
        (rounded >= settings.bands.yellow, 2),
        (rounded.notnull(), 1),
    )


def _word(rank: ibis.Value) -> ibis.Value:
    return ibis.cases((rank == 3, "green"), (rank == 2, "yellow"), (rank == 1, "red"))


def _announced(
    wide: ibis.Table, ago: int, before: ibis.Value, settings: HealthSettings
) -> ibis.Value:
    """What is announced at the end of a month, given what was at the end of the one before."""
    rank = wide[f"rank_{ago}"]
    held = ibis.literal(True)
    for month in range(ago + 1, ago + 1 + settings.notice_months):
        earlier = wide[f"rank_{month}"] if month <= WALKED_MONTHS else ibis.null("int64")
        held = held & (earlier == rank).fill_null(False)
    dropped = ibis.literal(False)
    begins = ibis.literal(False)
    if ago < WALKED_MONTHS:
        fall = (wide[f"health_{ago + 1}"] - wide[f"health_{ago}"]).round(_DECIMALS)
        was = before.coalesce(wide[f"rank_{ago + 1}"])
        dropped = ((rank < was) & (fall >= settings.sudden_drop)).fill_null(False)
        begins = before.isnull() & wide[f"rank_{WALKED_MONTHS}"].isnull()
    return ibis.cases(
        (rank.isnull(), before),
        (begins | held | dropped, rank),
        else_=before,
    )


def _most_months(rows: ibis.Table) -> ibis.Value:
    """The band of most of the months before; of several that of the worst health."""
    months = [rows[f"rank_{ago}"] for ago in range(1, WALKED_MONTHS + 1)]
    red, yellow, green = (
        reduce(add, ((month == rank).fill_null(False).cast("int64") for month in months))
        for rank in (1, 2, 3)
    )
    return ibis.cases(((red >= yellow) & (red >= green), 1), (yellow >= green, 2), else_=3)


def _velocity_band(velocity: ibis.Value, settings: HealthSettings) -> ibis.Value:
    steps = settings.velocity
    return ibis.cases(
        (velocity <= steps.declining_fast, "declining_fast"),
        (velocity <= steps.declining, "declining"),
        (velocity < steps.improving, "stable"),
        (velocity < steps.improving_fast, "improving"),
        (velocity.notnull(), "improving_fast"),
    )
