"""The contracts of the tables about all clients together."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import CLIENT_ID, amount, count, score
from healthscore_assets.contracts.health_scores import BANDS
from healthscore_assets.lookups.health_presets import WEIGHTS

NO_SEGMENT = "none"
"""The segment of clients that the register tells none of."""

NO_BAND = "none"
"""The band of clients without a health."""

ALL_SEGMENTS = "all"

_SEGMENT = pa.Column(
    str,
    pa.Check.str_length(min_value=1),
    description="Segment, as the register spells it; `none` without one, `all` for everybody.",
)
_CLIENTS = pa.Column(int, pa.Check.ge(1), description="How many clients.")


def _portfolio(name: str, says: str, grain: str, key: list[str], columns: dict[str, pa.Column]):  # type: ignore[no-untyped-def]
    return pa.DataFrameSchema(
        name=name,
        description=says,
        metadata={"grain": grain},
        unique=key,
        columns=columns,
    )


PORTFOLIO_BANDS = _portfolio(
    "portfolio_bands",
    "How many clients and how much revenue are in each band: where the risk is.",
    "segment x band",
    ["segment", "band"],
    {
        "segment": _SEGMENT,
        "band": pa.Column(
            str,
            pa.Check.isin([*BANDS, NO_BAND]),
            description="Band of health; `none` where a client has no health.",
        ),
        "clients": _CLIENTS,
        "arr": amount("Sum of their annual recurring revenue, as far as the register tells it."),
        "arr_share": pa.Column(
            float,
            pa.Check.in_range(0, 1 + 1e-9),
            nullable=True,
            description="Share of the revenue of the segment; null where it has none.",
        ),
    },
)

PORTFOLIO_MOVERS = _portfolio(
    "portfolio_movers",
    "The clients whose health rose and fell most since the month before.",
    "client among the first 20 of its direction",
    ["direction", "place"],
    {
        "direction": pa.Column(
            str, pa.Check.isin(["riser", "faller"]), description="Whether its health rose or fell."
        ),
        "place": pa.Column(int, pa.Check.in_range(1, 20), description="1 moved most."),
        "client_id": CLIENT_ID,
        "client_name": pa.Column(str, description="Name of the client."),
        "segment": _SEGMENT,
        "health": score("Composite health."),
        "health_before": score("Health of the month before."),
        "health_change": pa.Column(float, description="`health - health_before`."),
        "arr": amount("Annual recurring revenue.", nullable=True),
    },
)

PORTFOLIO_CHURN = _portfolio(
    "portfolio_churn",
    "Clients of the register that stay and that have churned, with their average engagement.",
    "segment x churned",
    ["segment", "churned"],
    {
        "segment": _SEGMENT,
        "churned": pa.Column(
            bool, description="Whether the contract had ended by the month's end."
        ),
        "clients": _CLIENTS,
        "engagement_mean": amount("Mean engagement of the month; 0 for clients without any."),
        "health_mean": score("Mean health of those that have one."),
    },
)

PORTFOLIO_COHORTS = _portfolio(
    "portfolio_cohorts",
    "Each cohort at the age it has in the month; all months together make a heat table.",
    "cohort",
    ["cohort"],
    {
        "cohort": pa.Column(str, description="Quarter in which the clients began; see above."),
        "age_months": count("Months from the end of that quarter to this month; 0 within it."),
        "clients": _CLIENTS,
        "active_share": pa.Column(
            float, pa.Check.in_range(0, 1), description="Share of them with usage in the month."
        ),
        "health_mean": score("Mean health of those that have one."),
        "total_all_mean": score("Mean of `total_all`."),
    },
)

PORTFOLIO_DIMENSIONS = _portfolio(
    "portfolio_dimensions",
    "How each segment does in each dimension of health.",
    "segment x dimension",
    ["segment", "dimension"],
    {
        "segment": _SEGMENT,
        "dimension": pa.Column(
            str, pa.Check.isin([*WEIGHTS, "health"]), description="Dimension, or health itself."
        ),
        "clients": _CLIENTS,
        "observed": count("Clients of whom it was observed."),
        "mean": score("Mean over those."),
        "p25": score("Their 25th percentile."),
        "median": score("Their median."),
        "p75": score("Their 75th percentile."),
    },
)
