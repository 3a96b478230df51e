"""The contract of `client_area_month`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import AREA, AUDIENCE_OR_ALL, CLIENT_ID

CLIENT_AREA_MONTH = pa.DataFrameSchema(
    name="client_area_month",
    description="How much each client used each product area, by audience.",
    metadata={"grain": "client x audience x area, engagement > 0"},
    unique=["client_id", "audience", "area"],
    columns={
        "client_id": CLIENT_ID,
        "audience": AUDIENCE_OR_ALL,
        "area": AREA,
        "engagement": pa.Column(
            float, pa.Check.gt(0), description="Sum of the scoring measure over the visitors."
        ),
        "visitors": pa.Column(
            int,
            pa.Check.ge(1),
            nullable=True,
            description="Visitors with engagement in the area; null where an export tells of some "
            "of it without visitors.",
        ),
    },
)
