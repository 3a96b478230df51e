"""The contract of `client_feature_month`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import CLIENT_ID, FEATURE, MEASURE

CLIENT_FEATURE_MONTH = pa.DataFrameSchema(
    name="client_feature_month",
    description="How much each client used each feature, all its visitors together.",
    metadata={"grain": "client x feature x measure, value > 0"},
    unique=["client_id", "feature", "measure"],
    columns={
        "client_id": CLIENT_ID,
        "feature": FEATURE,
        "measure": MEASURE,
        "value": pa.Column(
            float, pa.Check.gt(0), description="Sum of `cleaned_usage` over the visitors."
        ),
    },
)
