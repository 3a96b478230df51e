"""What was read of a month, as an engine holds it before anything is added up."""

from dataclasses import dataclass

import ibis

from healthscore_assets.pendo.cleaning.file_sums import FileSums
from healthscore_assets.pendo.cleaning.metric_codes import MetricCodes
from healthscore_assets.pendo.export_file import ExportFile

ROW_SCHEMA = ibis.schema(
    {
        "file": "int32",
        "source_file": "string",
        "segment": "string",
        "source_row": "int64",
        "client_id": "string",
        "visitor_id": "string",
        "client_name": "string",
        "email": "string",
        "is_internal": "string",
        "listed_rows": "int64",
        "day": "date",
        "days": "int32",
        "days_active": "float64",
        "minutes": "float64",
    }
)
CELL_SCHEMA = ibis.schema(
    {
        "file": "int32",
        "source_row": "int64",
        "metric": "int32",
        "days": "int32",
        "value": "float64",
    }
)


@dataclass(frozen=True)
class MonthRead:
    """The accepted rows of a month, their metrics above zero, and what was refused.

    ``rows`` are of `ROW_SCHEMA`, ``cells`` of `CELL_SCHEMA`, both as `Understood` tells them,
    ``quarantine`` of its contract; ``file`` numbers ``exports``, ``metric`` is a number of
    ``codes``. ``listed`` are the rows with what histories beside the exports tell of visitors,
    ``account_names`` what they call clients.
    """

    exports: list[ExportFile]
    rows: ibis.Table
    cells: ibis.Table
    quarantine: ibis.Table
    codes: MetricCodes
    sums: FileSums
    listed: ibis.Table
    account_names: ibis.Table | None
