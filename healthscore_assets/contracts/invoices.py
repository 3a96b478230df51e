"""The contract of `invoices`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import FEED_CLIENT, day, optional_text

INVOICES = pa.DataFrameSchema(
    name="invoices",
    description="Invoices issued or paid in the month, as they were known at its end.",
    metadata={"grain": "invoice", "feed": "invoices"},
    unique=["invoice_id"],
    columns={
        "invoice_id": pa.Column(
            str,
            pa.Check.str_length(min_value=1),
            description="Id of the invoice, else one made from what it tells.",
        ),
        "client_id": FEED_CLIENT,
        "issued": day("Day on which it was issued."),
        "due": day("Day by which it is to be paid.", nullable=True),
        "paid": day("Day on which it was paid; null while it is not.", nullable=True),
        "amount": pa.Column(float, description="Amount, in the currency of the file."),
        "status": optional_text("Status, as the billing system spells it."),
    },
)
