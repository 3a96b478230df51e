"""The rows of one wide export in one month, with what is refused set apart."""

import functools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.pendo.csv_rows import CsvRows, name_of, read_rows
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.metrics import Metric, parse_metric
from healthscore_assets.pendo.periods import month_of_rows
from healthscore_assets.pendo.refused import ExportRefused, Problem
from healthscore_assets.pendo.total_rows import find_total_rows

_TEXTS = ("client_id", "visitor_id", "client_name", "email", "is_internal", "period")

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
class WideRows:
    """One file's rows of a month.

    ``rows``: ``source_file, source_row, refused`` (reason or null), the texts and numbers above,
    ``segment``, and a column per (feature, measure) named by `metric_name`; columns of one feature
    and measure are added. ``quarantine``: its lines. ``total_rows``: dropped, their sums
    agreed; ``misshapen`` rows are in the quarantine only.
    """

    rows: pa.Table
    quarantine: pa.Table
    total_rows: int
    misshapen: int


def metric_name(feature: str, measure: str) -> str:
    """The column of a metric; in alphabetical order they are in the order of the table's key."""
    return f"{feature}\x00{measure}"


def metric_of(name: str) -> tuple[str, str] | None:
    """The feature and measure of a metric's column; None for any other column."""
    feature, separator, measure = name.partition("\x00")
    return (feature, measure) if separator else None


def read_wide_rows(
    path: Path, export: ExportFile, month: str, spelling: Mapping[str, str]
) -> WideRows:
    """Read the rows of a month from the bytes of a wide export.

    Parameters: ``spelling`` gives the published name of each feature of the file.
    Raises ExportRefused for a feature column that holds text only, and for what `read_rows` and
    `month_of_rows` refuse.
    """
    texts = {role: export.index(role) for role in _TEXTS}
    text_columns = [n for n in texts.values() if n is not None]
    metrics = [n for n, column in enumerate(export.columns) if column.role == "metric"]
    days, minutes = export.index("days_active"), export.index("minutes")
    numbers = [n for n in (days, minutes) if n is not None]
    read = _read(path, export, [*numbers, *metrics], text_columns, month)
    size = read.cells.num_rows
    texts_of = {
        role: pa.chunked_array([pa.nulls(size, pa.string())])
        if n is None
        else pc.utf8_trim_whitespace(read.cells[name_of(n)])
        for role, n in texts.items()
    }
    parsed = {n: _parse(export, read, n) for n in [*numbers, *metrics]}
    unclear = [n for n, m in parsed.items() if m.refused and not pa.types.is_string(m.text.type)]
    if unclear:
        # Cells that Arrow took for numbers and cannot be true: as they stand in the file.
        again = _read(path, export, unclear, [*text_columns, *unclear], month)
        parsed |= {n: _parse(export, again, n) for n in unclear}
    totals = find_total_rows(
        texts_of["client_id"], texts_of["visitor_id"], [parsed[n] for n in metrics]
    )
    reason = pc.case_when(
        pc.make_struct(
            totals.mismatched,
            pc.equal(texts_of["client_id"], ""),
            pc.equal(texts_of["visitor_id"], ""),
        ),
        "total_mismatch",
        "no_client_id",
        "no_visitor_id",
    )
    columns = {
        "source_file": pa.repeat(pa.scalar(export.source_file), size),
        "source_row": read.source_row,
        "refused": reason,
        "segment": pa.repeat(pa.scalar(export.segment, pa.string()), size),
        **{role: texts_of[role] for role in _TEXTS if role != "period"},
        "days_active": _not_told(parsed) if days is None else parsed[days].values,
        "minutes": _minutes(export, metrics, parsed),
        **_add_up(export, metrics, parsed, spelling),
    }
    kept = pc.invert(totals.agreed)
    rows = pa.table(columns)
    lines = [
        *_refused_cells(export, read, parsed, kept),
        *_refused_rows(export, rows, parsed, metrics, kept),
        *_misshapen(export, read),
    ]
    quarantine = pa.concat_tables([QUARANTINE_LINE.empty_table(), *lines])
    dropped = pc.sum(totals.agreed).as_py() or 0
    return WideRows(rows.filter(kept), quarantine, dropped, len(read.misshapen))


def _read(
    path: Path, export: ExportFile, numbers: list[int], texts: list[int], month: str
) -> CsvRows:
    """The rows of the month, where a column tells it: totals are totals of their month."""
    read = read_rows(path, export, dict.fromkeys([*texts, *numbers]), texts)
    period = export.index("period")
    if period is None:
        return read
    months = month_of_rows(export, read.cells[name_of(period)], read.source_row)
    at = pc.equal(months, month).combine_chunks()
    return CsvRows(read.cells.filter(at), read.source_row.filter(at), read.misshapen)


def _parse(export: ExportFile, read: CsvRows, n: int) -> Metric:
    column = export.columns[n]
    metric = parse_metric(read.cells[name_of(n)], column.measure or column.role)
    if column.role == "metric" and metric.holds_no_number:
        first = metric.refused["not_a_number"][0].as_py()
        raise ExportRefused(
            Problem(
                export.source_file,
                f"the column holds text, not numbers (the first: {metric.text[first].as_py()!r})",
                f"expected {column.measure} of feature {column.feature!r}; correct or delete it",
                row=read.source_row[first].as_py(),
                column=column.header,
            )
        )
    return metric


def _add_up(
    export: ExportFile,
    metrics: list[int],
    parsed: dict[int, Metric],
    spelling: Mapping[str, str],
) -> dict[str, pa.ChunkedArray]:
    """Columns that tell of the same feature and measure, added cell by cell."""
    sums: dict[str, pa.ChunkedArray] = {}
    for n in metrics:
        column = export.columns[n]
        assert column.feature is not None
        assert column.measure is not None
        name = metric_name(spelling[column.feature], column.measure)
        values = parsed[n].values
        sums[name] = _plus(sums[name], values) if name in sums else values
    return sums


def _plus(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.ChunkedArray:
    """The sum of two columns; null only where neither was collected."""
    both = pc.add(pc.fill_null(left, 0), pc.fill_null(right, 0))
    return pc.if_else(pc.and_(pc.is_null(left), pc.is_null(right)), None, both)


def _minutes(export: ExportFile, metrics: list[int], parsed: dict[int, Metric]) -> pa.ChunkedArray:
    """Minutes of each row: the export's own total, else the sum over features."""
    total = export.index("minutes")
    if total is not None:
        return parsed[total].values
    told = [parsed[n].values for n in metrics if export.columns[n].measure == "minutes"]
    return functools.reduce(_plus, told) if told else _not_told(parsed)


def _not_told(parsed: dict[int, Metric]) -> pa.ChunkedArray:
    size = len(next(iter(parsed.values())).values)
    return pa.chunked_array([pa.nulls(size, pa.float64())])


def _headers(export: ExportFile) -> list[str]:
    """Headers as the file has them; repeated ones are told apart by their column number."""
    times = Counter(column.header for column in export.columns)
    return [
        column.header if times[column.header] == 1 else f"{column.header} [column {n + 1}]"
        for n, column in enumerate(export.columns)
    ]


def _lines(
    export: ExportFile, rows: pa.Array, column: str, values: pa.Array, reasons: pa.Array | str
) -> pa.Table:
    def repeated(text: str) -> pa.Array:
        return pa.repeat(pa.scalar(text), len(rows))

    return pa.table(
        {
            "source_file": repeated(export.source_file),
            "source_row": rows,
            "column": repeated(column),
            "value": pc.cast(values, pa.string()),
            "reason": repeated(reasons) if isinstance(reasons, str) else reasons,
        },
        schema=QUARANTINE_LINE,
    )


def _refused_cells(
    export: ExportFile, read: CsvRows, parsed: dict[int, Metric], kept: pa.ChunkedArray
) -> list[pa.Table]:
    headers, lines = _headers(export), []
    for n, metric in parsed.items():
        for reason, indices in metric.refused.items():
            at = indices.filter(kept.take(indices))
            rows = read.source_row.take(at)
            lines.append(_lines(export, rows, headers[n], metric.text.take(at), reason))
    return lines


def _refused_rows(
    export: ExportFile,
    rows: pa.Table,
    parsed: dict[int, Metric],
    metrics: list[int],
    kept: pa.ChunkedArray,
) -> list[pa.Table]:
    """A line per positive metric cell of a refused row, or one line where it has none."""
    at = pc.indices_nonzero(pc.and_(kept, pc.is_valid(rows["refused"])))
    if not len(at):
        return []
    numbers, reasons = rows["source_row"].take(at), rows["refused"].take(at)
    headers, lines = _headers(export), []
    told = pa.array([False] * len(at))
    for n in metrics:
        values = parsed[n].values.take(at)
        positive = pc.fill_null(pc.greater(values, 0), False)
        told = pc.or_(told, positive)
        lines.append(
            _lines(
                export,
                numbers.filter(positive),
                headers[n],
                parsed[n].text.take(at).filter(positive),
                reasons.filter(positive),
            )
        )
    silent = pc.invert(told)
    lines.append(
        _lines(
            export,
            numbers.filter(silent),
            export.header("client_id"),
            rows["client_id"].take(at).filter(silent),
            reasons.filter(silent),
        )
    )
    return lines


def _misshapen(export: ExportFile, read: CsvRows) -> list[pa.Table]:
    numbers = pa.array([number for number, _ in read.misshapen], pa.int64())
    texts = pa.array([text for _, text in read.misshapen], pa.string())
    return [_lines(export, numbers, "*", texts, "wrong_cell_count")]
