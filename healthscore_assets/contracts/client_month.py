"""The contract of `client_month`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import AUDIENCE_OR_ALL, CLIENT_ID, amount, count

CLIENT_MONTH = pa.DataFrameSchema(
    name="client_month",
    description="Each client that the month's exports list, with its engagement by audience.",
    metadata={"grain": "client x audience", "never_empty": True},
    unique=["client_id", "audience"],
    columns={
        "client_id": CLIENT_ID,
        "audience": AUDIENCE_OR_ALL,
        "engagement": amount("Sum of the scoring measure over mapped areas."),
        "unique_visitors": count(
            "Visitors with a positive scoring measure on any feature, mapped or not; null where an "
            "export lists the client without visitors.",
            nullable=True,
        ),
        "active_areas": count("Mapped areas with engagement."),
        "engagement_per_user": amount(
            "`engagement` per unique visitor; null where there is none or none is known.",
            nullable=True,
        ),
        "listed": pa.Column(
            bool,
            description="Whether the exports list the client in this audience, active or not.",
        ),
    },
)
