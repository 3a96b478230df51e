"""The contract of `raw_pendo_export`."""

import pandera.ibis as pa

RAW_PENDO_EXPORT = pa.DataFrameSchema(
    name="raw_pendo_export",
    description="What was delivered: each export file of the month and how it was understood.",
    metadata={"grain": "one delivered file; of a workbook, one sheet", "never_empty": True},
    unique=["source_file"],
    columns={
        "source_file": pa.Column(str, description="Path of the file below the inbox."),
        "source_sha256": pa.Column(
            str,
            pa.Check.str_matches("^[0-9a-f]{64}$"),
            description="SHA-256 of the bytes, and their name in the archive.",
        ),
        "bytes": pa.Column(int, pa.Check.gt(0), description="Size of the file, in bytes."),
        "shape": pa.Column(
            str,
            pa.Check.isin(["wide_visitor", "wide_account", "events"]),
            description="Layout of the export: a row per visitor and a column per feature "
            "(`wide_visitor`), the same per account without visitors (`wide_account`), or a row "
            "per use of a feature (`events`).",
        ),
        "header_row": pa.Column(
            int,
            pa.Check.ge(0),
            description="Row of the header, the first row being 1; 0 where the format names its "
            "columns elsewhere.",
        ),
        "rows": pa.Column(
            int, pa.Check.ge(0), description="Rows below the header that belong to the month."
        ),
        "column_count": pa.Column(int, pa.Check.gt(0), description="Columns in the header."),
        "column_map": pa.Column(str, description="How each column was understood, as JSON."),
    },
)
