"""The contract of `renewals`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import FEED_CLIENT, amount, day

RENEWALS = pa.DataFrameSchema(
    name="renewals",
    description="Decisions of the month about contracts.",
    metadata={"grain": "client x day x outcome", "feed": "renewals"},
    unique=["client_id", "date", "outcome"],
    columns={
        "client_id": FEED_CLIENT,
        "date": day("Day of the decision."),
        "outcome": pa.Column(
            str,
            pa.Check.isin(["renewed", "churned", "expanded", "contracted"]),
            description="What became of the contract.",
        ),
        "arr_before": amount("Annual recurring revenue before.", nullable=True),
        "arr_after": amount("Annual recurring revenue after.", nullable=True),
    },
)
