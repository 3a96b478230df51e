"""The contract of `area_weights`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import AREA, AUDIENCE_OR_ALL, amount, count

AREA_WEIGHTS = pa.DataFrameSchema(
    name="area_weights",
    description="How much each product area counts in each index, and why.",
    metadata={"grain": "audience x basis x area", "never_empty": True},
    unique=["audience", "basis", "area"],
    columns={
        "audience": AUDIENCE_OR_ALL,
        "basis": pa.Column(
            str,
            pa.Check.isin(["total", "per_user"]),
            description="Engagement in total, or per visitor with engagement.",
        ),
        "area": AREA,
        "users": count("Clients with engagement in the area."),
        "mean": amount(
            "Mean of the scaled engagement over the clients ranked; null without any.",
            nullable=True,
        ),
        "std": amount("Its sample standard deviation; null below two clients.", nullable=True),
        "cv": amount("`std / mean`; null where the mean is 0 or undefined.", nullable=True),
        "weight": pa.Column(
            float,
            pa.Check.in_range(0, 1),
            description="Weight in the index: 1 / cv, scaled so that an index's weights sum to 1.",
        ),
    },
)
