"""Rows of totals, which spreadsheets and reports end with."""

import pyarrow as pa

TOTAL_LABELS = pa.array(
    ["total", "totals", "grand total", "sum", "overall", "all accounts", "all visitors", "average"]
)
"""What a row of totals says in place of a name."""
