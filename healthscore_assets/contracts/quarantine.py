"""The contract of `quarantine`."""

import pandera.ibis as pa

REASONS = {
    "blank_row": "the row holds nothing",
    "repeated_header": "the row repeats the header",
    "deleted_row": "the row is deleted at its source (_fivetran_deleted, _fivetran_active)",
    "no_client_id": "the row names no client",
    "no_visitor_id": "the row names no visitor",
    "placeholder_client": "the client is Pendo's placeholder, ACCOUNT-UNIQUE-ID",
    "placeholder_visitor": "the visitor is Pendo's placeholder, VISITOR-UNIQUE-ID",
    "anonymous_visitor": "the visitor was not signed in (_PENDO_T_...)",
    "excluded_account": "the client is listed in excluded_accounts.csv",
    "excluded_visitor": "the visitor is listed in excluded_visitors.csv",
    "no_feature": "the row names no feature",
    "no_date": "the row tells no date",
    "wrong_cell_count": "the row has more or fewer cells than the header",
    "total_mismatch": "a total row that is not the sum of the other rows",
    "not_a_number": "a metric cell that is not a number",
    "negative": "a metric below zero",
    "not_whole": "a count with decimals",
    "too_large": "a metric beyond anything a month can hold",
    "too_many_minutes": "more minutes than the month has",
}
"""Why something is refused: the closed list, each with its meaning."""

ROW_REASONS = (
    "blank_row",
    "repeated_header",
    "deleted_row",
    "no_client_id",
    "no_visitor_id",
    "placeholder_client",
    "placeholder_visitor",
    "anonymous_visitor",
    "excluded_account",
    "excluded_visitor",
    "no_feature",
    "no_date",
    "wrong_cell_count",
    "total_mismatch",
)
"""Reasons that refuse a whole row; the others refuse one cell of it."""

LEFT_OUT = (
    "blank_row",
    "deleted_row",
    "placeholder_client",
    "placeholder_visitor",
    "anonymous_visitor",
    "excluded_account",
    "excluded_visitor",
)
"""Reasons that say nothing against the file: usage that is nobody's, or is not to be counted."""

QUARANTINE = pa.DataFrameSchema(
    name="quarantine",
    description="Rows and cells that could not be used, with where they stand and why.",
    metadata={
        "grain": "one refused cell; a refused row has a line per positive metric cell, "
        "or one line when it has none"
    },
    unique=["source_file", "source_row", "column"],
    columns={
        "source_file": pa.Column(str, description="Path of the file below the inbox."),
        "source_row": pa.Column(
            int,
            pa.Check.ge(1),
            description="Row in the file, the first row being 1; a cell with a line break "
            "does not start a new row.",
        ),
        "column": pa.Column(str, description="Header of the refused cell's column."),
        "value": pa.Column(str, nullable=True, description="The cell as it stood in the file."),
        "reason": pa.Column(
            str, pa.Check.isin(list(REASONS)), description="Why, from the closed list of reasons."
        ),
    },
)
