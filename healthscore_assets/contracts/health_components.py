"""The contract of `health_components`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import CLIENT_ID, score
from healthscore_assets.lookups.health_presets import DIMENSION, WEIGHTS

HEALTH_COMPONENTS = pa.DataFrameSchema(
    name="health_components",
    description="What was observed of each client, component by component, before smoothing.",
    metadata={"grain": "client of the base x component", "never_empty": True},
    unique=["client_id", "component"],
    columns={
        "client_id": CLIENT_ID,
        "dimension": pa.Column(
            str, pa.Check.isin(list(WEIGHTS)), description="Dimension of the component."
        ),
        "component": pa.Column(
            str, pa.Check.isin(list(DIMENSION)), description="Component of composite health."
        ),
        "value": pa.Column(
            float,
            nullable=True,
            description="What was observed, in the component's own unit; null where it is missing.",
        ),
        "score": score("The value from 0 (bad) to 100 (good); null where it is missing."),
    },
)
