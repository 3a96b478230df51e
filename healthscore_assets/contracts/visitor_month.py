"""The contract of `visitor_month`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import AUDIENCE, CLIENT_ID, VISITOR_ID, amount

VISITOR_MONTH = pa.DataFrameSchema(
    name="visitor_month",
    description="Every visitor the month's exports list, active or not.",
    metadata={
        "grain": "visitor (client and audience, where none is told)",
        "never_empty": True,
    },
    unique=["client_id", "visitor_id", "audience"],
    columns={
        "client_id": CLIENT_ID,
        "visitor_id": VISITOR_ID,
        "audience": AUDIENCE,
        "listed_rows": pa.Column(
            int, pa.Check.ge(1), description="Rows of the exports that list the visitor."
        ),
        "days_active": pa.Column(
            float,
            pa.Check.in_range(0, 31),
            nullable=True,
            description="Days with activity: the largest of the visitor's rows, else the days of "
            "its dated usage; null if not told.",
        ),
        "minutes": amount(
            "Minutes in the product: the export's own total, else the sum over features; "
            "null if not told.",
            nullable=True,
        ),
    },
)
