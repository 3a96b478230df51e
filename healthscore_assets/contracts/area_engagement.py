"""The contract of `area_engagement`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import AREA, AUDIENCE, CLIENT_ID, VISITOR_ID

AREA_ENGAGEMENT = pa.DataFrameSchema(
    name="area_engagement",
    description="How much each visitor used each product area, in the scoring measure.",
    metadata={"grain": "visitor (client and audience, where none is told) x area, engagement > 0"},
    unique=["client_id", "visitor_id", "audience", "area"],
    columns={
        "client_id": CLIENT_ID,
        "visitor_id": VISITOR_ID,
        "audience": AUDIENCE,
        "area": AREA,
        "engagement": pa.Column(
            float, pa.Check.gt(0), description="Sum of the measure over the area's features."
        ),
    },
)
