"""The contracts of `health_scores` and `health_drivers`."""

import pandera.ibis as pa

from healthscore_assets.contracts.client_profile import STAGE
from healthscore_assets.contracts.columns import CLIENT_ID
from healthscore_assets.contracts.composite import (
    COMPOSITE_POINTS,
    COVERAGE,
    DIMENSIONS,
    HEALTH,
    LEADING_SCORE,
    LEADING_SHARE,
    REASON,
    SEGMENT,
    TOTAL_ALL_SMOOTHED,
)

BANDS = ("green", "yellow", "red")
"""From good to bad."""

VELOCITY_BANDS = ("declining_fast", "declining", "stable", "improving", "improving_fast")
"""From falling to rising."""


def _effect(description: str) -> pa.Column:
    return pa.Column(float, nullable=True, description=description)


def _word(words: tuple[str, ...], description: str) -> pa.Column:
    return pa.Column(str, pa.Check.isin(list(words)), nullable=True, description=description)


HEALTH_SCORES = pa.DataFrameSchema(
    name="health_scores",
    description="Composite health of each client, its band and where it is heading.",
    metadata={"grain": "client of the base", "never_empty": True},
    unique=["client_id"],
    columns={
        "client_id": CLIENT_ID,
        "segment": SEGMENT,
        "stage": STAGE,
        **DIMENSIONS,
        "health": HEALTH,
        "band": _word(BANDS, "Band of the month's health."),
        "announced_band": _word(
            BANDS, "Band that has held for the notice period, or fell to at once."
        ),
        "coverage": COVERAGE,
        "leading_share": LEADING_SHARE,
        "leading_score": LEADING_SCORE,
        "velocity": _effect("Change of health since the month before, in points a day."),
        "velocity_band": _word(VELOCITY_BANDS, "The velocity in a word."),
        "total_all_smoothed": TOTAL_ALL_SMOOTHED,
        "reason": REASON,
    },
)

HEALTH_DRIVERS = pa.DataFrameSchema(
    name="health_drivers",
    description="Every component of each client's health: its points, and why they changed.",
    metadata={"grain": "client of the base x component", "never_empty": True},
    unique=["client_id", "component"],
    columns={
        **COMPOSITE_POINTS.columns,
        "points_change": _effect(
            "Change of health that the component explains; null without health in either month."
        ),
        "value_effect": _effect("Of that, what its own score did."),
        "weight_effect": _effect(
            "Of that, what its weight did, as where a feed came or went missing."
        ),
    },
)
