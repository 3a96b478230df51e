"""Months told by a column of the export instead of its name."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.pendo.csv_rows import name_of, read_batches
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.file_months import month_of_cell
from healthscore_assets.pendo.refused import ExportRefused, Problem


def months_in_column(path: Path, export: ExportFile) -> tuple[str, ...]:
    """The months that the file's period column tells, in order.

    Raises ExportRefused for a cell that is not a month, naming its row.
    """
    index = export.index("period")
    assert index is not None, export.source_file
    months: set[str] = set()
    for batch in read_batches(path, export, [], [index]):
        for number, text in batch.misshapen:
            raise ExportRefused(
                Problem(
                    export.source_file,
                    f"expected {len(export.columns)} cells to tell its month, found {text!r}",
                    "correct or delete the row",
                    row=number,
                )
            )
        if len(batch.source_row):
            told = month_of_rows(export, batch.cells[name_of(index)], batch.source_row)
            months |= set(pc.unique(told).to_pylist())
    return tuple(sorted(months))


def month_of_rows(
    export: ExportFile, period: pa.ChunkedArray, source_row: pa.Array
) -> pa.ChunkedArray:
    """The month of each row, ``YYYY-MM``.

    Raises ExportRefused for a cell that is not a month, naming its row.
    """
    texts = pc.unique(period)
    months = [month_of_cell(text or "") for text in texts.to_pylist()]
    for text, month in zip(texts.to_pylist(), months, strict=True):
        if month is None:
            at = pc.index(period, text).as_py()
            raise ExportRefused(
                Problem(
                    export.source_file,
                    f"{text!r} is not a month",
                    "expected a month such as 2024-05 or May 2024",
                    row=source_row[at].as_py(),
                    column=export.header("period"),
                )
            )
    return pc.take(pa.array(months, pa.string()), pc.index_in(period, texts))
