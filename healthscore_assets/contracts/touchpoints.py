"""The contract of `touchpoints`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import FEED_CLIENT, count, day, flag, optional_text

TOUCHPOINTS = pa.DataFrameSchema(
    name="touchpoints",
    description="Meetings, calls, trainings and events of the month.",
    metadata={"grain": "touchpoint", "feed": "touchpoints"},
    unique=["touchpoint_id"],
    columns={
        "touchpoint_id": pa.Column(
            str,
            pa.Check.str_length(min_value=1),
            description="Id of the touchpoint, else one made from what it tells.",
        ),
        "client_id": FEED_CLIENT,
        "date": day("Day on which it was."),
        "kind": optional_text("What it was, as the file spells it."),
        "meaningful": flag("Whether it counts as meaningful; null where the file does not say."),
        "executive": flag("Whether an executive took part; null where the file does not say."),
        "training": count("People who were trained or certified.", nullable=True),
        "community": count("Posts and events of the community.", nullable=True),
    },
)
