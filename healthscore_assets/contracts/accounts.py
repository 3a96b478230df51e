"""The contract of `accounts`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import FEED_CLIENT, amount, count, day, optional_text

ACCOUNTS = pa.DataFrameSchema(
    name="accounts",
    description="The account register as it was known at the month's end: the newest snapshot, "
    "where that is at most 45 days old.",
    metadata={"grain": "client of the register", "feed": "accounts"},
    unique=["client_id"],
    columns={
        "client_id": FEED_CLIENT,
        "client_name": optional_text("Name of the client."),
        "segment": optional_text("Segment, as the register spells it."),
        "seats": count("Seats that the client has bought.", nullable=True),
        "arr": amount("Annual recurring revenue, in the register's currency.", nullable=True),
        "contract_start": day("First day of the contract.", nullable=True),
        "contract_end": day("Last day of the contract; null where it runs on.", nullable=True),
        "renewal_date": day("Day on which the contract is to be renewed.", nullable=True),
        "owner": optional_text("Who looks after the client."),
        "owner_email": optional_text("Their e-mail address."),
        "plan": optional_text("What the client has bought."),
        "industry": optional_text("Industry of the client."),
        "parent": optional_text("Client that it belongs to."),
        "snapshot_date": day("Day of the snapshot that tells all this."),
        "contract": pa.Column(
            str,
            pa.Check.isin(["running", "ended", "to_come"]),
            description="Whether the contract runs on any day of the month, ended before it, or "
            "starts after it. Without a start or an end it is taken to run.",
        ),
        "churned": pa.Column(
            bool, description="Whether the contract had ended by the month's end."
        ),
    },
)
