"""The contract of `client_signals`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import CLIENT_ID, amount, count, optional_text

CLIENT_SIGNALS = pa.DataFrameSchema(
    name="client_signals",
    description="What feeds and features tell of each client that alert rules ask about.",
    metadata={"grain": "client of the base", "never_empty": True},
    unique=["client_id"],
    columns={
        "client_id": CLIENT_ID,
        "account_owner": optional_text("Who looks after the client, else their e-mail address."),
        "days_to_renewal": pa.Column(
            int,
            nullable=True,
            description="Days from the month's end to the renewal; negative when it is past.",
        ),
        "tickets": count("Tickets opened in the month; null without the feed.", nullable=True),
        "tickets_avg_3m": amount(
            "Mean of the three months before; null unless the feed tells of all three.",
            nullable=True,
        ),
        "negative_tickets": count(
            "Tickets of the last 30 days of the month whose words are negative; null without the "
            "feed.",
            nullable=True,
        ),
        "touchpoints": count("Touchpoints of the month; null without the feed.", nullable=True),
        "touchpoint_months": count(
            "Months with touchpoints among the three before; null unless the feed tells of all "
            "three.",
            nullable=True,
        ),
        "overdue_invoices": count(
            "Invoices owed after their due day; null without the feed.", nullable=True
        ),
        "days_overdue": count(
            "Days since the oldest of them was due; null without any.", nullable=True
        ),
        "features_tried": count(
            "Features used in the month before for the first time in four months; null unless the "
            "client has earlier usage, and the four months are there and whole.",
            nullable=True,
        ),
        "features_kept": count(
            "Of those, the ones used in this month too; null as above.", nullable=True
        ),
    },
)
