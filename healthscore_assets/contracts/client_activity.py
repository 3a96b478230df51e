"""The contract of `client_activity`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import CLIENT_ID, day

CLIENT_ACTIVITY = pa.DataFrameSchema(
    name="client_activity",
    description="The last day of usage, of clients whose usage the month's exports date.",
    metadata={"grain": "client with dated usage"},
    unique=["client_id"],
    columns={
        "client_id": CLIENT_ID,
        "last_active_day": day("Last day with usage that a row of the exports is dated by."),
    },
)
