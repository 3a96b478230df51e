"""The contract of `support_tickets`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import FEED_CLIENT, SENTIMENT, day, flag, optional_text

SUPPORT_TICKETS = pa.DataFrameSchema(
    name="support_tickets",
    description="Support tickets created or closed in the month, as they were known at its end.",
    metadata={"grain": "ticket", "feed": "support_tickets"},
    unique=["ticket_id"],
    columns={
        "ticket_id": pa.Column(
            str, pa.Check.str_length(min_value=1), description="Id of the ticket."
        ),
        "client_id": FEED_CLIENT,
        "created": day("Day on which it was opened."),
        "closed": day("Day on which it was solved; null while it is open.", nullable=True),
        "priority": optional_text("Priority, as the help desk spells it."),
        "escalated": flag("Whether it was escalated; null where the file does not say."),
        "csat": pa.Column(
            float,
            pa.Check.in_range(1, 5),
            nullable=True,
            description="Satisfaction with the answer, from 1 to 5; null where none was given.",
        ),
        **SENTIMENT,
    },
)
