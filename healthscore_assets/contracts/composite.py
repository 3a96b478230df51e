"""The contracts of `composite_health` and `composite_points`."""

import pandera.ibis as pa

from healthscore_assets.contracts.client_profile import STAGE
from healthscore_assets.contracts.columns import CLIENT_ID, optional_text, score
from healthscore_assets.contracts.health_components import HEALTH_COMPONENTS
from healthscore_assets.lookups.health_presets import WEIGHTS

SEGMENT = optional_text("Segment, as the register spells it.")
DIMENSIONS = {
    name: score(f"Weighted mean of the components of {name}; null where none was observed.")
    for name in WEIGHTS
}
HEALTH = score("Composite health; null where too little was observed.")
COVERAGE = pa.Column(
    float, pa.Check.in_range(0, 1), description="Observed share of the default weights."
)
LEADING_SHARE = pa.Column(
    float,
    pa.Check.in_range(0, 1 + 1e-9),
    nullable=True,
    description="Share of the weight in force on components that move before a client decides.",
)
LEADING_SCORE = score("Weighted mean of those components.")
TOTAL_ALL_SMOOTHED = score("`total_all` of `index_scores`, smoothed as usage is.")
REASON = optional_text("Why there is no health; null where there is.")

COMPOSITE_HEALTH = pa.DataFrameSchema(
    name="composite_health",
    description="Composite health of the month by itself; `health_scores` compares months.",
    metadata={"grain": "client of the base", "never_empty": True},
    unique=["client_id"],
    columns={
        "client_id": CLIENT_ID,
        "segment": SEGMENT,
        "stage": STAGE,
        **DIMENSIONS,
        "health": HEALTH,
        "coverage": COVERAGE,
        "leading_share": LEADING_SHARE,
        "leading_score": LEADING_SCORE,
        "total_all_smoothed": TOTAL_ALL_SMOOTHED,
        "reason": REASON,
    },
)

COMPOSITE_POINTS = pa.DataFrameSchema(
    name="composite_points",
    description="Points that each component gives to the health of the month.",
    metadata={"grain": "client of the base x component", "never_empty": True},
    unique=["client_id", "component"],
    columns={
        **HEALTH_COMPONENTS.columns,
        "score": score("The value from 0 to 100, smoothed; null where it is missing."),
        "weight": pa.Column(
            float,
            pa.Check.in_range(0, 1 + 1e-9),
            description="Share of health; 0 where it is missing.",
        ),
        "points": score("Points of health: weight times score."),
    },
)
