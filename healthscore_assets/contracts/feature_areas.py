"""The contract of `feature_areas`."""

import pandera.ibis as pa

FEATURE_AREAS = pa.DataFrameSchema(
    name="feature_areas",
    description="The product areas that Pendo has the month's features in, where an export "
    "brings definitions that tell them.",
    metadata={"grain": "feature that Pendo has in an area"},
    unique=["feature"],
    columns={
        "feature": pa.Column(
            str,
            pa.Check.str_length(min_value=1),
            description="Feature, spelled as in `cleaned_usage`.",
        ),
        "area": pa.Column(
            str,
            pa.Check.str_length(min_value=1),
            description="Product area (group) in Pendo, as Pendo spells it; of several for one "
            "feature the first in alphabetical order. It counts where `product_areas.csv` lists "
            "the feature in none.",
        ),
    },
)
