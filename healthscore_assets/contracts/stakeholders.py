"""The contract of `stakeholders`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import FEED_CLIENT, day, optional_text

STAKEHOLDERS = pa.DataFrameSchema(
    name="stakeholders",
    description="Changes of the month in who matters at a client.",
    metadata={"grain": "client x person x day", "feed": "stakeholders"},
    unique=["client_id", "person", "date"],
    columns={
        "client_id": FEED_CLIENT,
        "person": pa.Column(str, pa.Check.str_length(min_value=1), description="Who it is."),
        "role": optional_text("Role, such as champion or sponsor, as the file spells it."),
        "status": pa.Column(
            str, pa.Check.isin(["active", "left"]), description="Whether they are there or left."
        ),
        "date": day("Day of the change."),
    },
)
