"""The contract of `crm_scores`."""

import pandera.ibis as pa

from healthscore_assets.contracts.alerts import TIERS
from healthscore_assets.contracts.client_scores import CLIENT_SCORES
from healthscore_assets.contracts.columns import CLIENT_ID, count, optional_text, score
from healthscore_assets.contracts.composite import REASON, SEGMENT
from healthscore_assets.contracts.health_scores import BANDS, VELOCITY_BANDS

DIRECTIONS = {"up": "usage up", "flat": "usage flat", "down": "usage down"}
"""A direction of momentum as a trend."""

TRENDS = (*(band.replace("_", " ") for band in VELOCITY_BANDS), *DIRECTIONS.values())

DRIVERS = ("driver_1", "driver_2", "driver_3")


def _word(words: tuple[str, ...], description: str) -> pa.Column:
    return pa.Column(str, pa.Check.isin(list(words)), nullable=True, description=description)


CRM_SCORES = pa.DataFrameSchema(
    name="crm_scores",
    description="What CRM and help desk are told of each client, in words that people read there.",
    metadata={"grain": "client of the base", "never_empty": True},
    unique=["client_id"],
    columns={
        "client_id": CLIENT_ID,
        "client_name": CLIENT_SCORES.columns["client_name"],
        "segment": SEGMENT,
        "health": score("Composite health, to a tenth; null where too little was observed."),
        "band": _word(BANDS, "Band that is announced, as people know it."),
        "trend": _word(
            TRENDS,
            "Where health is heading; where that cannot be told, where usage is; null where "
            "neither can.",
        ),
        "reason": REASON,
        **{
            name: optional_text(
                f"The {place} of the components of health that changed most since the month "
                "before, then those that weigh most; null without health, and where there are "
                "fewer."
            )
            for name, place in zip(DRIVERS, ("first", "second", "third"), strict=True)
        },
        "open_alerts": count("Open alerts of `alerts`, which folds weaker ones into stronger."),
        "highest_tier": _word(TIERS, "Tier of the strongest of them; null without any."),
        "alerts": optional_text("Titles of them, the strongest first; null without any."),
        "scored_month": pa.Column(
            str, pa.Check.str_matches(r"^\d{4}-\d{2}$"), description="Month of all of this."
        ),
        "partial": CLIENT_SCORES.columns["partial"],
    },
)
