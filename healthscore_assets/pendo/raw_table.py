"""`raw_pendo_export`: what was delivered for a month, and back again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.pendo.csv_rows import count_rows, name_of, read_batches
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.inbox import Delivery
from healthscore_assets.pendo.periods import month_of_rows

_SCHEMA = pa.schema(
    {
        "source_file": pa.string(),
        "source_sha256": pa.string(),
        "bytes": pa.int64(),
        "shape": pa.string(),
        "header_row": pa.int64(),
        "rows": pa.int64(),
        "column_count": pa.int64(),
        "column_map": pa.string(),
    }
)


@dataclass(frozen=True)
class TakenIn:
    """A file of the archive, as its row in `raw_pendo_export` tells it."""

    sha256: str
    export: ExportFile
    rows: int
    partial: bool


def raw_rows(
    deliveries: list[Delivery], month: str, partial: Mapping[str, bool], *, over: bool
) -> pa.Table:
    """A row for each file of the month; the same bytes under two names count once.

    Parameters: ``partial`` says of bytes taken in before, by hash, whether the month was partial
    then; new bytes are partial unless the month is ``over``.
    Raises ExportRefused where the rows of a file cannot be counted.
    """
    rows: dict[str, dict[str, Any]] = {}
    for delivery in deliveries:
        export, sha256 = delivery.export, delivery.sha256
        assert export is not None, delivery.problem
        if sha256 in rows:
            continue
        told = json.loads(export.to_json()) | {"partial": partial.get(sha256, not over)}
        rows[sha256] = {
            "source_file": export.source_file,
            "source_sha256": sha256,
            "bytes": delivery.path.stat().st_size,
            "shape": export.shape,
            "header_row": export.header_row,
            "rows": _count_rows(delivery, export, month),
            "column_count": len(export.columns),
            "column_map": json.dumps(told, ensure_ascii=False),
        }
    return pa.Table.from_pylist(list(rows.values()), schema=_SCHEMA)


def taken_in(row: Mapping[str, Any]) -> TakenIn:
    """The file behind a row of `raw_pendo_export`."""
    export = ExportFile.from_json(
        row["source_file"], row["shape"], row["header_row"], row["column_map"]
    )
    partial = json.loads(row["column_map"])["partial"]
    return TakenIn(row["source_sha256"], export, row["rows"], partial)


def _count_rows(delivery: Delivery, export: ExportFile, month: str) -> int:
    """Rows below the header, blank lines left out; of a file of several months the month's."""
    period = export.index("period")
    if period is None:
        return count_rows(delivery.path, export)
    rows = 0
    for batch in read_batches(delivery.path, export, [], [period]):
        if len(batch.source_row):
            months = month_of_rows(export, batch.cells[name_of(period)], batch.source_row)
            rows += pc.sum(pc.equal(months, month)).as_py() or 0
    return rows
