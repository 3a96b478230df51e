"""What is refused of an export, as lines of `quarantine`."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.pendo.cleaning.metrics import Metric
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.reading.formats.batch import Batch, name_of

QUARANTINE_LINE = pa.schema(
    {
        "source_file": pa.string(),
        "source_row": pa.int64(),
        "column": pa.string(),
        "value": pa.string(),
        "reason": pa.string(),
    }
)


class RefusedLines:
    """Makes the lines of one table of a file."""

    def __init__(self, export: ExportFile) -> None:
        self._source_file = export.source_file
        self.columns = export.column_names
        client = export.index("client_id")
        assert client is not None, export
        self._client = self.columns[client]

    def cells(self, batch: Batch, parsed: Mapping[int, Metric], kept: pa.ChunkedArray) -> pa.Table:
        """A line per refused cell, in rows that are ``kept``."""
        lines = [QUARANTINE_LINE.empty_table()]
        for n, metric in parsed.items():
            for reason, indices in metric.refused.items():
                at = indices.filter(kept.take(indices))
                rows = batch.source_row.take(at)
                lines.append(self._lines(rows, self.columns[n], metric.text.take(at), reason))
        return pa.concat_tables(lines)

    def rows(
        self,
        batch: Batch,
        client_id: pa.ChunkedArray,
        metrics: Mapping[int, Metric],
        refused: pa.ChunkedArray,
        reasons: pa.ChunkedArray | str,
    ) -> pa.Table:
        """A line per positive metric cell of a refused row, or one line where it has none."""
        at = pc.indices_nonzero(refused)
        lines = [QUARANTINE_LINE.empty_table()]
        if not len(at):
            return lines[0]
        if isinstance(reasons, str):
            reasons = pa.chunked_array([pa.repeat(pa.scalar(reasons), len(refused))])
        numbers, reasons = batch.source_row.take(at), reasons.take(at)
        told = pa.array([False] * len(at), pa.bool_())
        for n, metric in metrics.items():
            positive = pc.fill_null(pc.greater(metric.values.take(at), 0), False)
            told = pc.or_(told, positive)
            cells = batch.cells[name_of(n)].take(at).filter(positive)
            lines.append(
                self._lines(
                    numbers.filter(positive), self.columns[n], cells, reasons.filter(positive)
                )
            )
        silent = pc.invert(told)
        ids = client_id.take(at).filter(silent)
        lines.append(self._lines(numbers.filter(silent), self._client, ids, reasons.filter(silent)))
        return pa.concat_tables(lines)

    def misshapen(self, batch: Batch) -> pa.Table:
        """A line per row that has not the cells of the header."""
        numbers = pa.array([number for number, _ in batch.misshapen], pa.int64())
        texts = pa.array([text for _, text in batch.misshapen], pa.string())
        return self._lines(numbers, "*", texts, "wrong_cell_count")

    def _lines(
        self, rows: pa.Array, column: str, values: pa.Array, reasons: pa.Array | str
    ) -> pa.Table:
        def repeated(text: str) -> pa.Array:
            return pa.repeat(pa.scalar(text), len(rows))

        return pa.table(
            {
                "source_file": repeated(self._source_file),
                "source_row": rows,
                "column": repeated(column),
                "value": pc.cast(values, pa.string()),
                "reason": repeated(reasons) if isinstance(reasons, str) else reasons,
            },
            schema=QUARANTINE_LINE,
        )
