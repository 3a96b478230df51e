"""The contract of `client_profile`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import CLIENT_ID, amount, count, day, optional_text

STAGES = ("onboarding", "renewal", "adoption", "mature")
"""Where a client is in the life of its contract."""

STAGE = pa.Column(
    str,
    pa.Check.isin(list(STAGES)),
    nullable=True,
    description="Where its contract is: onboarding (90 days), renewal (90 days before it), "
    "adoption (to one year), mature; null where the register does not tell.",
)

CLIENT_PROFILE = pa.DataFrameSchema(
    name="client_profile",
    description="Who each client of the base is: segment, contract and people.",
    metadata={"grain": "client of the base", "never_empty": True},
    unique=["client_id"],
    columns={
        "client_id": CLIENT_ID,
        "segment": optional_text("Segment, as the register spells it."),
        "stage": STAGE,
        "contract_days": pa.Column(
            int, nullable=True, description="Days from the contract's start to the month's end."
        ),
        "renewal_date": day("Day on which the contract is to be renewed.", nullable=True),
        "seats": count("Seats bought; null where there are none.", nullable=True),
        "people": count(
            "Who could use the product: the seats, else the visitors listed in six months.",
            nullable=True,
        ),
        "active_visitors": count(
            "Visitors with usage; null where an export lists the client without visitors.",
            nullable=True,
        ),
        "has_usage": pa.Column(bool, description="Whether it has usage in the month."),
        "dau_share": amount("Share of the people active on an average day.", nullable=True),
        "arr": amount("Annual recurring revenue, in the register's currency.", nullable=True),
        "arr_a_year_ago": amount("The same twelve months before.", nullable=True),
    },
)
