"""The contract of `client_scores`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import CLIENT_ID
from healthscore_assets.contracts.index_scores import INDEX_SCORES
from healthscore_assets.contracts.momentum import MOMENTUM

_KEY = "client_id"

CLIENT_SCORES = pa.DataFrameSchema(
    name="client_scores",
    description="The analysis-ready file: name, scores and momentum of every client, in one row.",
    metadata={"grain": "client of the base", "never_empty": True},
    unique=[_KEY],
    columns={
        _KEY: CLIENT_ID,
        "client_name": pa.Column(
            str,
            pa.Check.str_length(min_value=1),
            description="Name in the account register, else in the newest export that gives one, "
            "else the client id.",
        ),
        **{name: column for name, column in INDEX_SCORES.columns.items() if name != _KEY},
        **{name: column for name, column in MOMENTUM.columns.items() if name != _KEY},
        "partial": pa.Column(
            bool,
            description="The month is not whole: it was not over when an export of it was taken "
            "in, or the export says so.",
        ),
    },
)
