"""The contract of `client_names`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import CLIENT_ID

CLIENT_NAMES = pa.DataFrameSchema(
    name="client_names",
    description="The account names that the month's exports give their clients.",
    metadata={"grain": "client"},
    unique=["client_id"],
    columns={
        "client_id": CLIENT_ID,
        "client_name": pa.Column(
            str,
            pa.Check.str_length(min_value=1),
            description="Name on most of the client's rows; of several equally frequent ones, "
            "the first in alphabetical order.",
        ),
    },
)
