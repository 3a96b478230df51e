"""The contract of `momentum`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import CLIENT_ID, amount, count

MOMENTUM = pa.DataFrameSchema(
    name="momentum",
    description="Where each client is heading, against its own last three months.",
    metadata={"grain": "client of the base", "never_empty": True},
    unique=["client_id"],
    columns={
        "client_id": CLIENT_ID,
        "engagement": amount("Engagement of the month over mapped areas, all visitors."),
        "engagement_avg_3m": amount(
            "Mean engagement of the three months before; null unless the client was in the base "
            "of all three, and where one of the four months is partial.",
            nullable=True,
        ),
        "engagement_trend": pa.Column(
            float,
            pa.Check.ge(-1),
            nullable=True,
            description="`engagement / engagement_avg_3m - 1`; null where the mean is null or 0.",
        ),
        "active_areas": count("Mapped areas with engagement."),
        "active_areas_change": pa.Column(
            int,
            nullable=True,
            description="`active_areas` less that of the month before; null where either month is "
            "partial.",
        ),
        "unique_visitors": count(
            "Visitors with engagement; null where an export lists the client without visitors.",
            nullable=True,
        ),
        "unique_visitors_change": pa.Column(
            int,
            nullable=True,
            description="`unique_visitors` less that of the month before; null where either is, or "
            "either month is partial.",
        ),
        "direction": pa.Column(
            str,
            pa.Check.isin(["up", "flat", "down"]),
            nullable=True,
            description="The trend in a word; null where there is none.",
        ),
    },
)
