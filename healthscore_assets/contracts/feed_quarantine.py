"""The contracts of what is refused of the feeds: `<feed>_quarantine`."""

import pandera.ibis as pa

FEED_REASONS = {
    "no_client_id": "the row names no client",
    "no_ticket_id": "the row has no id",
    "no_created": "the row tells no day of creation",
    "no_date": "the row tells no day",
    "no_issued": "the row tells no day of issue",
    "no_amount": "the row tells no amount",
    "no_person": "the row names nobody",
    "no_status": "the row tells no status",
    "no_outcome": "the row tells no outcome",
    "no_score": "the row tells no score",
    "after_the_file": "the row is of a month after the one that the file's name tells",
    "in_the_future": "a day on which it cannot have happened yet",
    "total_row": "the row is the sum of the others",
    "excluded_account": "the client is listed in excluded_accounts.csv",
    "wrong_cell_count": "the row has more or fewer cells than the header",
    "not_a_day": "a cell that is not a day",
    "not_a_number": "a cell that is not a number",
    "not_whole": "a count or score with decimals",
    "not_yes_or_no": "a cell that is neither yes nor no",
    "out_of_range": "a number beyond what the column can hold",
    "unknown_word": "a word that is none of those the column can hold",
}
"""Why something of a feed is refused: the closed list, each with its meaning."""

FEED_LEFT_OUT = ("excluded_account", "no_score", "total_row")
"""Reasons that say nothing against the file."""


def feed_quarantine(feed: str) -> pa.DataFrameSchema:
    """The contract of the rows and cells of a feed that could not be used."""
    return pa.DataFrameSchema(
        name=f"{feed}_quarantine",
        description=f"Rows and cells of {feed} that could not be used, and why.",
        metadata={"grain": "one refused cell, or one refused row", "feed": feed},
        unique=["source_file", "source_row", "column"],
        columns={
            "source_file": pa.Column(str, description="Path of the file below the exports."),
            "source_row": pa.Column(
                int, pa.Check.ge(1), description="Row in the file, the first row being 1."
            ),
            "column": pa.Column(
                str, description="Header of the column that is to blame; `*` for the whole row."
            ),
            "value": pa.Column(
                str, nullable=True, description="The cell as it stood; null where it holds prose."
            ),
            "reason": pa.Column(
                str, pa.Check.isin(list(FEED_REASONS)), description="Why, from the closed list."
            ),
        },
    )
