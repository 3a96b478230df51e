"""The contract of `visitor_activity`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import CLIENT_ID, VISITOR_ID, day

VISITOR_ACTIVITY = pa.DataFrameSchema(
    name="visitor_activity",
    description="The last day of usage of each visitor, where the month's exports date usage.",
    metadata={"grain": "visitor (client, where none is told) with dated usage"},
    unique=["client_id", "visitor_id"],
    columns={
        "client_id": CLIENT_ID,
        "visitor_id": VISITOR_ID,
        "last_active_day": day("Last day with usage that a row of the exports is dated by."),
    },
)
