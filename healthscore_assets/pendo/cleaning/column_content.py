"""Whether a column of numbers holds any: one of text alone is no metric."""

from dataclasses import dataclass

from healthscore_assets.pendo.cleaning.metrics import Metric
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.headers.grammar import Column
from healthscore_assets.reading.formats.batch import Batch
from healthscore_assets.reading.refused import ExportRefused, Problem


@dataclass
class ColumnContent:
    """What a column held so far: rows, numbers, cells that are none, and the first of those."""

    rows: int = 0
    numbers: int = 0
    texts: int = 0
    first: tuple[int, str] | None = None

    def add(self, metric: Metric, batch: Batch) -> None:
        """Take in the cells of a batch."""
        self.rows += len(metric.values)
        self.numbers += len(metric.values) - metric.values.null_count
        bad = metric.refused.get("not_a_number", ())
        self.texts += len(bad)
        if len(bad) and self.first is None:
            at = bad[0].as_py()
            self.first = (batch.source_row[at].as_py(), metric.text[at].as_py())

    @property
    def no_numbers(self) -> bool:
        """Whether cells hold texts, and none a number."""
        return self.texts > 0 and not self.numbers

    @property
    def text_only(self) -> bool:
        """Whether cells hold texts, in more than one row, and never a number."""
        return self.no_numbers and (self.texts > 1 or self.rows == 1)

    def refuse_text(self, export: ExportFile, column: Column) -> None:
        """Raises ExportRefused where the column holds texts alone, naming the first."""
        if self.first is not None and self.text_only:
            row, text = self.first
            of = "" if column.feature is None else f" of feature {column.feature!r}"
            raise ExportRefused(
                Problem(
                    export.source_file,
                    f"the column holds text, not numbers (the first: {text!r})",
                    f"expected {column.measure}{of}; correct or delete it",
                    row=row,
                    column=column.header,
                )
            )
