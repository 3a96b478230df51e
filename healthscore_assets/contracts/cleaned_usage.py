"""The contract of `cleaned_usage`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import (
    AUDIENCE,
    CLIENT_ID,
    FEATURE,
    LARGEST_VALUE,
    MEASURE,
    VISITOR_ID,
)

CLEANED_USAGE = pa.DataFrameSchema(
    name="cleaned_usage",
    description="Every use of a feature by a visitor, in long form; zeros are not kept.",
    metadata={
        "grain": "visitor (client and audience, where none is told) x feature x measure, value > 0"
    },
    unique=["client_id", "visitor_id", "audience", "feature", "measure"],
    columns={
        "client_id": CLIENT_ID,
        "visitor_id": VISITOR_ID,
        "audience": AUDIENCE,
        "feature": FEATURE,
        "measure": MEASURE,
        "value": pa.Column(
            float,
            [pa.Check.gt(0), pa.Check.le(LARGEST_VALUE)],
            description="Amount in the month: a count, or minutes.",
        ),
    },
)
