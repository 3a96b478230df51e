"""The rows of one wide export in one month, batch by batch, with what is refused set apart."""

import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.pendo.csv_rows import Batch, NotTyped, name_of, read_batches
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.metrics import Metric, exact_total, parse_metric
from healthscore_assets.pendo.periods import month_of_rows
from healthscore_assets.pendo.refused import ExportRefused, Problem
from healthscore_assets.pendo.total_rows import TotalRows, says_total

_TEXTS = ("client_id", "visitor_id", "client_name", "email", "is_internal", "period")

ROWS = pa.schema(
    {
        "source_row": pa.int64(),
        "client_id": pa.string(),
        "visitor_id": pa.string(),
        "client_name": pa.string(),
        "email": pa.string(),
        "is_internal": pa.string(),
        "days_active": pa.float64(),
        "minutes": pa.float64(),
    }
)
CELLS = pa.schema({"source_row": pa.int64(), "metric": pa.int32(), "value": pa.float64()})
QUARANTINE_LINE = pa.schema(
    {
        "source_file": pa.string(),
        "source_row": pa.int64(),
        "column": pa.string(),
        "value": pa.string(),
        "reason": pa.string(),
    }
)


@dataclass(frozen=True)
class Understood:
    """Some rows of a file: those that can be used, their metrics above zero, and what is refused.

    ``metric`` of a cell is the column it stands in, counted from 0.
    """

    rows: pa.Table
    cells: pa.Table
    quarantine: pa.Table


@dataclass
class FileSums:
    """What was read of a file in all, by the time the last batch has been.

    ``engagement`` sums each measure over all rows, refused ones included; ``rows`` are those below
    the header; ``total_rows`` were dropped, their sums agreed; ``zeros`` and ``not_collected``
    count metric cells.
    """

    engagement: dict[str, Decimal] = field(default_factory=dict)
    rows: int = 0
    total_rows: int = 0
    zeros: int = 0
    not_collected: int = 0


class WideRows:
    """Reads the rows of a month from the bytes of a wide export.

    Parameters: ``as_text`` are metric columns known to hold more than numbers.
    """

    def __init__(self, path: Path, export: ExportFile, month: str, as_text: set[int]) -> None:
        self._path, self._export, self._month = path, export, month
        self._as_text = as_text
        self._texts = {role: export.index(role) for role in _TEXTS}
        self._metrics = [n for n, column in enumerate(export.columns) if column.role == "metric"]
        self._days, self._minutes = export.index("days_active"), export.index("minutes")
        self._numbers = [n for n in (self._days, self._minutes) if n is not None] + self._metrics
        self._headers = _headers(export)
        self._totals = TotalRows()
        self._held: list[pa.Table] = []
        self._columns = {n: _Seen() for n in self._numbers}
        self.sums = FileSums()

    def __iter__(self) -> Iterator[Understood]:
        """The batches, once.

        Raises NotTyped for a column that has to be read as text, ExportRefused for a feature
        column that holds text only, and for what `read_batches` and `month_of_rows` refuse.
        """
        typed = [n for n in self._numbers if n not in self._as_text]
        texts = [n for n in self._texts.values() if n is not None]
        texts += [n for n in self._numbers if n in self._as_text]
        for batch in read_batches(self._path, self._export, typed, dict.fromkeys(texts)):
            misshapen = self._misshapen(batch)
            self.sums.rows += len(batch.source_row) + len(batch.misshapen)
            if len(batch.source_row):
                understood = self._understand(self._of_month(batch))
                lines = pa.concat_tables([understood.quarantine, misshapen])
                yield Understood(understood.rows, understood.cells, lines)
            else:
                yield Understood(ROWS.empty_table(), CELLS.empty_table(), misshapen)
        for seen, n in ((self._columns[n], n) for n in self._metrics):
            self._refuse_text(seen, n)
        yield Understood(ROWS.empty_table(), CELLS.empty_table(), self._mismatched_totals())

    def _of_month(self, batch: Batch) -> Batch:
        """The rows of the month, where a column tells it: totals are totals of their month."""
        period = self._export.index("period")
        if period is None:
            return batch
        months = month_of_rows(self._export, batch.cells[name_of(period)], batch.source_row)
        at = pc.equal(months, self._month).combine_chunks()
        kept = Batch(batch.cells.filter(at), batch.source_row.filter(at), batch.misshapen)
        self.sums.rows -= len(batch.source_row) - len(kept.source_row)
        return kept

    def _understand(self, batch: Batch) -> Understood:
        size = len(batch.source_row)
        texts = {
            role: pa.chunked_array([pa.nulls(size, pa.string())])
            if n is None
            else pc.utf8_trim_whitespace(batch.cells[name_of(n)])
            for role, n in self._texts.items()
        }
        parsed = {n: self._parse(batch, n) for n in self._numbers}
        metrics = {n: parsed[n] for n in self._metrics}
        total = says_total(texts["client_id"], texts["visitor_id"])
        self._totals.add(total, metrics)
        reason = pc.case_when(
            pc.make_struct(pc.equal(texts["client_id"], ""), pc.equal(texts["visitor_id"], "")),
            "no_client_id",
            "no_visitor_id",
        )
        rows = {"source_row": batch.source_row}
        rows |= {role: texts[role] for role in _TEXTS if role != "period"}
        rows["days_active"] = _nulls(size) if self._days is None else parsed[self._days].values
        rows["minutes"] = self._minutes_of(parsed, size)
        refused = pc.is_valid(reason)
        accepted = pc.and_(pc.invert(refused), pc.invert(total))
        held = pc.and_(refused, pc.invert(total))
        if pc.any(total).as_py():
            self._held.append(self._row_lines(batch, texts, metrics, total, "total_mismatch"))
            self._held.append(self._cell_lines(batch, parsed, total))
        lines = [self._row_lines(batch, texts, metrics, held, reason)]
        lines.append(self._cell_lines(batch, parsed, pc.invert(total)))
        for n, metric in metrics.items():
            self._add_up(n, metric, total)
        return Understood(
            pa.table(rows, schema=ROWS).filter(accepted),
            _cells(batch, metrics, accepted),
            pa.concat_tables(lines),
        )

    def _parse(self, batch: Batch, n: int) -> Metric:
        """A column as numbers; cells that cannot be true are told as they stand, so as text."""
        column = self._export.columns[n]
        metric = parse_metric(batch.cells[name_of(n)], column.measure or column.role)
        if metric.refused and n not in self._as_text:
            raise NotTyped(n)
        self._columns[n].add(metric, batch)
        return metric

    def _refuse_text(self, seen: "_Seen", n: int) -> None:
        column = self._export.columns[n]
        if seen.first is not None and not seen.numbers and (seen.texts > 1 or seen.rows == 1):
            row, text = seen.first
            raise ExportRefused(
                Problem(
                    self._export.source_file,
                    f"the column holds text, not numbers (the first: {text!r})",
                    f"expected {column.measure} of feature {column.feature!r}; "
                    "correct or delete it",
                    row=row,
                    column=column.header,
                )
            )

    def _add_up(self, n: int, metric: Metric, total: pa.ChunkedArray) -> None:
        measure = self._export.columns[n].measure
        assert measure is not None
        values = metric.values.filter(pc.invert(total)) if pc.any(total).as_py() else metric.values
        told = self.sums.engagement.get(measure, Decimal())
        self.sums.engagement[measure] = told + exact_total(values, measure)
        refused = sum(len(rows) for rows in metric.refused.values())
        self.sums.not_collected += metric.values.null_count - refused
        self.sums.zeros += pc.sum(pc.equal(metric.values, 0)).as_py() or 0

    def _minutes_of(self, parsed: Mapping[int, Metric], size: int) -> pa.ChunkedArray:
        """Minutes of each row: the export's own total, else the sum over features."""
        if self._minutes is not None:
            return parsed[self._minutes].values
        columns = self._export.columns
        told = [parsed[n].values for n in self._metrics if columns[n].measure == "minutes"]
        return functools.reduce(_plus, told) if told else _nulls(size)

    def _cell_lines(
        self, batch: Batch, parsed: Mapping[int, Metric], kept: pa.ChunkedArray
    ) -> pa.Table:
        lines = [QUARANTINE_LINE.empty_table()]
        for n, metric in parsed.items():
            for reason, indices in metric.refused.items():
                at = indices.filter(kept.take(indices))
                rows = batch.source_row.take(at)
                lines.append(self._lines(rows, self._headers[n], metric.text.take(at), reason))
        return pa.concat_tables(lines)

    def _row_lines(
        self,
        batch: Batch,
        texts: Mapping[str, pa.ChunkedArray],
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
                    numbers.filter(positive), self._headers[n], cells, reasons.filter(positive)
                )
            )
        silent = pc.invert(told)
        client = self._export.header("client_id")
        ids = texts["client_id"].take(at).filter(silent)
        lines.append(self._lines(numbers.filter(silent), client, ids, reasons.filter(silent)))
        return pa.concat_tables(lines)

    def _mismatched_totals(self) -> pa.Table:
        agree = self._totals.agree()
        self.sums.total_rows = sum(agree)
        lines = pa.concat_tables([QUARANTINE_LINE.empty_table(), *self._held])
        rows = list(dict.fromkeys(sorted(lines["source_row"].to_pylist())))
        wrong = [row for row, agrees in zip(rows, agree, strict=True) if not agrees]
        mismatched = lines.filter(pc.is_in(lines["source_row"], pa.array(wrong, pa.int64())))
        for line in mismatched.to_pylist():
            if line["reason"] == "total_mismatch":
                self._count_refused(line)
        return mismatched

    def _count_refused(self, line: dict[str, object]) -> None:
        """A total that is refused is engagement of the file, and in quarantine."""
        n = self._headers.index(str(line["column"]))
        column = self._export.columns[n]
        if column.measure is not None:
            cell = pa.chunked_array([pa.array([line["value"]], pa.string())])
            metric = parse_metric(cell, column.measure)
            told = self.sums.engagement.get(column.measure, Decimal())
            self.sums.engagement[column.measure] = told + exact_total(metric.values, column.measure)

    def _misshapen(self, batch: Batch) -> pa.Table:
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
                "source_file": repeated(self._export.source_file),
                "source_row": rows,
                "column": repeated(column),
                "value": pc.cast(values, pa.string()),
                "reason": repeated(reasons) if isinstance(reasons, str) else reasons,
            },
            schema=QUARANTINE_LINE,
        )


@dataclass
class _Seen:
    """What a column held so far: rows, numbers, cells that are none, and the first of those."""

    rows: int = 0
    numbers: int = 0
    texts: int = 0
    first: tuple[int, str] | None = None

    def add(self, metric: Metric, batch: Batch) -> None:
        self.rows += len(metric.values)
        self.numbers += len(metric.values) - metric.values.null_count
        bad = metric.refused.get("not_a_number", ())
        self.texts += len(bad)
        if len(bad) and self.first is None:
            at = bad[0].as_py()
            self.first = (batch.source_row[at].as_py(), metric.text[at].as_py())


def _cells(batch: Batch, metrics: Mapping[int, Metric], accepted: pa.ChunkedArray) -> pa.Table:
    """The metrics above zero of the rows that can be used, long; column by column."""
    some_refused = not pc.all(accepted).as_py()
    rows, columns, values = [], [], []
    for n, metric in metrics.items():
        positive = pc.greater(metric.values, 0)
        if some_refused:
            positive = pc.and_(positive, accepted)
        at = pc.indices_nonzero(pc.fill_null(positive, False))
        rows.append(batch.source_row.take(at))
        columns.append(pa.repeat(pa.scalar(n, pa.int32()), len(at)))
        values += metric.values.take(at).chunks
    return pa.table(
        [
            pa.chunked_array(rows, pa.int64()),
            pa.chunked_array(columns, pa.int32()),
            pa.chunked_array(values, pa.float64()),
        ],
        schema=CELLS,
    )


def _plus(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.ChunkedArray:
    """The sum of two columns; null only where neither was collected."""
    both = pc.add(pc.fill_null(left, 0), pc.fill_null(right, 0))
    return pc.if_else(pc.and_(pc.is_null(left), pc.is_null(right)), None, both)


def _nulls(size: int) -> pa.ChunkedArray:
    return pa.chunked_array([pa.nulls(size, pa.float64())])


def _headers(export: ExportFile) -> list[str]:
    """Headers as the file has them; repeated ones are told apart by their column number."""
    times = Counter(column.header for column in export.columns)
    return [
        column.header if times[column.header] == 1 else f"{column.header} [column {n + 1}]"
        for n, column in enumerate(export.columns)
    ]
