"""The contracts of what was delivered of the feeds: `raw_<feed>`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import count, day


def raw_feed(feed: str) -> pa.DataFrameSchema:
    """The contract of the files of a feed that cover a month."""
    return pa.DataFrameSchema(
        name=f"raw_{feed}",
        description=f"What was delivered of {feed}: each file that covers the month.",
        metadata={
            "grain": "one delivered file; of a workbook, one sheet",
            "never_empty": True,
            "feed": feed,
        },
        unique=["source_file"],
        columns={
            "source_file": pa.Column(str, description="Path of the file below the exports."),
            "source_sha256": pa.Column(
                str,
                pa.Check.str_matches("^[0-9a-f]{64}$"),
                description="SHA-256 of the bytes, and their name in the archive.",
            ),
            "as_of": day("Day on which the file tells how things are."),
            "rows": count("Rows below the header, blank ones left out."),
            "rows_of_month": count("Those that can be used and count in the month."),
            "rows_refused": count("Rows and cells that cannot be used."),
            "month_hash": pa.Column(
                str, description="Hash of what the file tells of the month; empty for nothing."
            ),
            "column_map": pa.Column(str, description="How each column was understood, as JSON."),
        },
    )
