"""The rows of one export in one month, batch by batch, with what is refused set apart."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.contracts.columns import LARGEST_VALUE
from healthscore_assets.lake.months import days_in
from healthscore_assets.pendo.cleaning.column_content import ColumnContent
from healthscore_assets.pendo.cleaning.days_seen import bits_of
from healthscore_assets.pendo.cleaning.file_sums import FileSums
from healthscore_assets.pendo.cleaning.identities import (
    NOTHING_KNOWN,
    Identities,
    clients,
    mangled,
    refusals,
)
from healthscore_assets.pendo.cleaning.metric_codes import MetricCodes
from healthscore_assets.pendo.cleaning.metrics import Metric, exact_total, parse_metric
from healthscore_assets.pendo.cleaning.refused_lines import QUARANTINE_LINE, RefusedLines
from healthscore_assets.pendo.cleaning.total_rows import TotalRows, says_total
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.fivetran.marks import marked_as_gone
from healthscore_assets.pendo.periods import counts_in, day_of_rows, told_later
from healthscore_assets.reading.formats import tables
from healthscore_assets.reading.formats.batch import Batch, NotTyped, NotWhole, name_of
from healthscore_assets.reading.refused import ExportRefused, Problem

_TEXTS = ("client_id", "visitor_id", "client_name", "email", "is_internal")
_FEATURES = (("feature_id", "feature"), ("page_id", "page"))

ROWS = pa.schema(
    {
        "source_row": pa.int64(),
        "client_id": pa.string(),
        "visitor_id": pa.string(),
        "client_name": pa.string(),
        "email": pa.string(),
        "is_internal": pa.string(),
        "listed_rows": pa.int64(),
        "day": pa.date32(),
        "days": pa.int32(),
        "days_active": pa.float64(),
        "minutes": pa.float64(),
    }
)
CELLS = pa.schema(
    {
        "source_row": pa.int64(),
        "metric": pa.int32(),
        "days": pa.int32(),
        "value": pa.float64(),
    }
)


@dataclass(frozen=True)
class Understood:
    """Some rows of a file: those that can be used, their metrics above zero, and what is refused.

    A row may stand for ``listed_rows`` of the file, by the number of the first of them; ``day`` is
    the last with usage, and ``days`` are all of them, as bits. So are those of a cell, and its
    ``metric`` is a number of `MetricCodes`.
    """

    rows: pa.Table
    cells: pa.Table
    quarantine: pa.Table


class ExportRows:
    """Reads the rows of a month from the bytes of an export.

    Parameters: ``as_text`` are metric columns known to hold more than numbers; ``known`` is what
    people know of ids.
    """

    _as_codes = False
    """Whether texts may come as codes."""

    def __init__(
        self,
        path: Path,
        export: ExportFile,
        month: str,
        codes: MetricCodes,
        as_text: set[int],
        known: Identities = NOTHING_KNOWN,
    ) -> None:
        self._path, self._export, self._month = path, export, month
        self._codes, self._as_text, self._known = codes, as_text, known
        one_visitor = export.index("visitor_id") is not None
        self._most_minutes = 1440.0 * days_in(month) if one_visitor else LARGEST_VALUE
        self._texts = {role: export.index(role) for role in _TEXTS}
        self._marks = {role: export.index(role) for role in ("deleted", "active")}
        self._metrics = export.metrics
        long = export.is_long
        self._feature = [export.index(role) for role in _feature_roles(export)] if long else []
        self._days = None if long else export.index("days_active")
        self._minutes = export.index("minutes")
        numbers = [n for n in (self._days, self._minutes) if n is not None]
        self._numbers = list(dict.fromkeys([*numbers, *self._metrics]))
        self._lines = RefusedLines(export)
        self._totals = TotalRows()
        self._held: list[pa.Table] = []
        self._columns = {n: ColumnContent() for n in self._numbers}
        self.sums = FileSums()

    def __iter__(self) -> Iterator[Understood]:
        """The batches, once.

        Raises NotTyped for a column that has to be read as text, ExportRefused for a metric column
        that holds text only, and for what the format refuses; NotWhole for a piece of a file that
        holds a total, or no number beside its texts.
        """
        typed = [n for n in self._numbers if n not in self._as_text]
        told = [*self._texts.values(), *self._feature, self._export.when]
        texts = [n for n in told if n is not None]
        texts += [n for n in self._marks.values() if n is not None]
        texts += [n for n in self._numbers if n in self._as_text]
        of_file = (self._path, self._export.source_file, self._export.layout)
        wanted = dict.fromkeys(texts)
        for batch in tables.batches(*of_file, typed, wanted, as_codes=self._as_codes):
            of_month = self._of_month(batch)
            misshapen = self._lines.misshapen(of_month)
            self.sums.rows += len(of_month.source_row) + len(of_month.misshapen)
            self.sums.added_up += of_month.added_up
            if len(of_month.source_row):
                yield from self._understood(of_month)
            if misshapen.num_rows:
                yield Understood(ROWS.empty_table(), CELLS.empty_table(), misshapen)
        for n in self._metrics:
            if self._columns[n].no_numbers and not self._export.layout.is_whole:
                raise NotWhole
            self._columns[n].refuse_text(self._export, self._export.columns[n])
        yield Understood(ROWS.empty_table(), CELLS.empty_table(), self._mismatched_totals())

    def _of_month(self, batch: Batch) -> Batch:
        """The rows of the month, where a column tells it: totals are totals of their month.

        A row without the header's cells tells no month: it counts in the first of the file.
        """
        when = self._export.when
        if when is None or self._export.layout.parts:
            return batch
        misshapen = batch.misshapen if self._month == self._export.months[0] else []
        if not len(batch.source_row):
            return Batch(batch.cells, batch.source_row, misshapen)
        dates = batch.cells[name_of(when)]
        self.sums.told_later += told_later(self._export, self._month, dates)
        at = counts_in(self._export, self._month, dates).combine_chunks()
        if pc.all(at).as_py():
            return Batch(batch.cells, batch.source_row, misshapen, batch.added_up)
        return Batch(batch.cells.filter(at), batch.source_row.filter(at), misshapen)

    def _understood(self, batch: Batch) -> Iterator[Understood]:
        """What the rows of a batch hold, in one part or several."""
        yield self._understand(batch)

    def _understand(self, batch: Batch) -> Understood:
        texts = {role: self._text(batch, n) for role, n in self._texts.items()}
        total = says_total(texts["client_id"], texts["visitor_id"])
        parsed = {n: self._parse(batch, n, total) for n in self._numbers}
        metrics = {n: parsed[n] for n in self._metrics}
        features = self._features(batch)
        day = self._day(batch)
        self._totals.add(total, metrics)
        told = clients(texts["client_id"], self._known)
        self.sums.id_lists += told.lists
        self.sums.mangled_ids += told.mangled + mangled(texts["visitor_id"])
        date = None if self._export.when is None else self._text(batch, self._export.when)
        reason = refusals(
            told,
            texts["visitor_id"],
            self._known,
            features,
            date,
            blank=_blank(texts, parsed),
            header=self._repeats_header(texts),
            gone=self._gone(batch),
        )
        texts["client_id"] = told.ids
        refused = pc.is_valid(reason)
        accepted = pc.and_(pc.invert(refused), pc.invert(total))
        held = pc.and_(refused, pc.invert(total))
        ids = texts["client_id"]
        if pc.any(total).as_py():
            if not self._export.layout.is_whole:
                raise NotWhole
            self._held.append(self._lines.rows(batch, ids, metrics, total, "total_mismatch"))
            self._held.append(self._lines.cells(batch, parsed, total))
        lines = [self._lines.rows(batch, ids, metrics, held, reason)]
        lines.append(self._lines.cells(batch, parsed, pc.invert(total)))
        for n, metric in metrics.items():
            self.sums.add(metric, self._measure(n), total)
        size = len(batch.source_row)
        rows = {"source_row": batch.source_row, **texts}
        rows["listed_rows"] = pa.repeat(pa.scalar(1, pa.int64()), size)
        rows["day"] = _where_used(day, metrics)
        rows["days"] = bits_of(rows["day"])
        rows["days_active"] = _nulls(size) if self._days is None else parsed[self._days].values
        rows["minutes"] = self._minutes_of(parsed, size)
        return Understood(
            pa.table(rows, schema=ROWS).filter(accepted),
            self._cells(batch, metrics, features, day, accepted),
            pa.concat_tables(lines),
        )

    def _text(self, batch: Batch, n: int | None) -> pa.ChunkedArray:
        if n is None:
            return pa.chunked_array([pa.nulls(len(batch.source_row), pa.string())])
        return pc.utf8_trim_whitespace(batch.cells[name_of(n)])

    def _repeats_header(self, texts: Mapping[str, pa.ChunkedArray]) -> pa.ChunkedArray:
        """Rows whose ids are the headers of their columns, as where files were put together."""
        found = []
        for role in ("client_id", "visitor_id"):
            n = self._texts[role]
            if n is not None:
                found.append(pc.equal(texts[role], self._export.columns[n].header.strip()))
        return functools.reduce(pc.and_, found)

    def _gone(self, batch: Batch) -> pa.ChunkedArray | None:
        """Rows that are deleted at their source, where columns tell."""
        cells = [None if n is None else batch.cells[name_of(n)] for n in self._marks.values()]
        return marked_as_gone(*cells)

    def _features(self, batch: Batch) -> pa.ChunkedArray | None:
        """The feature of each row: its name, else the name of its id, else the id."""
        if not self._feature:
            return None
        ids, names = (self._text(batch, n) for n in self._feature)
        known = self._export.feature_names
        if known:
            place = pc.index_in(ids, value_set=pa.array(list(known), pa.string()))
            of_ids = pa.array(list(known.values()), pa.string()).take(place.combine_chunks())
            ids = pc.coalesce(of_ids, ids)
        blank = pc.fill_null(pc.equal(names, ""), True)
        features = pc.fill_null(pc.if_else(blank, ids, names), "")
        zeros = pc.indices_nonzero(pc.match_substring(features, "\0"))
        if len(zeros):
            raise ExportRefused(
                Problem(
                    self._export.source_file,
                    "the name of a feature holds zero bytes",
                    "export it again",
                    row=batch.source_row[zeros[0].as_py()].as_py(),
                )
            )
        return features

    def _day(self, batch: Batch) -> pa.ChunkedArray:
        when = self._export.when
        if when is None:
            return pa.chunked_array([pa.nulls(len(batch.source_row), pa.date32())])
        return day_of_rows(self._export, batch.cells[name_of(when)])

    def _cells(
        self,
        batch: Batch,
        metrics: Mapping[int, Metric],
        features: pa.ChunkedArray | None,
        day: pa.ChunkedArray,
        accepted: pa.ChunkedArray,
    ) -> pa.Table:
        """The metrics above zero of the rows that can be used, long; column by column."""
        some_refused = not pc.all(accepted).as_py()
        bits = bits_of(day) if self._export.when is not None else None
        rows: list[pa.Array] = []
        codes: list[pa.Array] = []
        days: list[pa.Array] = []
        values: list[pa.Array] = []
        for n, metric in metrics.items():
            column = self._export.columns[n]
            positive = pc.greater(metric.values, 0)
            if some_refused:
                positive = pc.and_(positive, accepted)
            at = pc.indices_nonzero(pc.fill_null(positive, False))
            rows.append(batch.source_row.take(at))
            if features is None:
                assert column.feature is not None
                code = self._codes.of(column.feature, self._measure(n))
                codes.append(pa.repeat(pa.scalar(code, pa.int32()), len(at)))
            else:
                codes.append(self._codes.of_each(features.take(at), self._measure(n)))
            days += [pa.nulls(len(at), pa.int32())] if bits is None else bits.take(at).chunks
            values += metric.values.take(at).chunks
        columns = (
            pa.chunked_array(arrays, kind)
            for arrays, kind in zip((rows, codes, days, values), CELLS.types, strict=True)
        )
        return pa.table(list(columns), schema=CELLS)

    def _parse(self, batch: Batch, n: int, total: pa.ChunkedArray) -> Metric:
        """A column as numbers; cells that cannot be true are told as they stand, so as text."""
        column = self._export.columns[n]
        metric = parse_metric(
            batch.cells[name_of(n)], column.measure or column.role, self._most_minutes, total
        )
        if metric.refused and n not in self._as_text:
            raise NotTyped(n)
        self._columns[n].add(metric, batch)
        return metric

    def _minutes_of(self, parsed: Mapping[int, Metric], size: int) -> pa.ChunkedArray:
        """Minutes of each row: the export's own total, else the sum over features."""
        if self._minutes is not None:
            return parsed[self._minutes].values
        columns = self._export.columns
        told = [parsed[n].values for n in self._metrics if columns[n].measure == "minutes"]
        return functools.reduce(_plus, told) if told else _nulls(size)

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
        measure = self._export.columns[self._lines.columns.index(str(line["column"]))].measure
        if measure is not None:
            cell = pa.chunked_array([pa.array([line["value"]], pa.string())])
            self.sums.engage(measure, exact_total(parse_metric(cell, measure).values, measure))

    def _measure(self, n: int) -> str:
        measure = self._export.columns[n].measure
        assert measure is not None, self._export
        return measure


def _feature_roles(export: ExportFile) -> tuple[str, str]:
    """Where the features of an export of events stand: features, else pages."""
    for roles in _FEATURES:
        if any(export.index(role) is not None for role in roles):
            return roles
    raise AssertionError(f"{export.source_file}: events without a feature are of no shape")


def _blank(texts: Mapping[str, pa.ChunkedArray], parsed: Mapping[int, Metric]) -> pa.ChunkedArray:
    """Rows without any text and number, such as a spreadsheet leaves at the end."""
    blank = functools.reduce(
        pc.and_, (pc.fill_null(pc.equal(text, ""), True) for text in texts.values())
    )
    if not pc.any(blank).as_py():
        return blank
    for metric in parsed.values():
        blank = pc.and_(blank, pc.is_null(metric.values))
        for rows in metric.refused.values():
            at = pa.array(range(len(blank)), pa.int64())
            blank = pc.and_(blank, pc.invert(pc.is_in(at, pc.cast(rows, pa.int64()))))
    return blank


def _where_used(day: pa.ChunkedArray, metrics: Mapping[int, Metric]) -> pa.ChunkedArray:
    """The day of each row with a metric above zero, a day of activity; of all without metrics."""
    if day.null_count == len(day) or not metrics:
        return day
    used = functools.reduce(
        pc.or_, (pc.fill_null(pc.greater(m.values, 0), False) for m in metrics.values())
    )
    return pc.if_else(used, day, None)


def _plus(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.ChunkedArray:
    """The sum of two columns; null only where neither was collected."""
    both = pc.add(pc.fill_null(left, 0), pc.fill_null(right, 0))
    return pc.if_else(pc.and_(pc.is_null(left), pc.is_null(right)), None, both)


def _nulls(size: int) -> pa.ChunkedArray:
    return pa.chunked_array([pa.nulls(size, pa.float64())])
