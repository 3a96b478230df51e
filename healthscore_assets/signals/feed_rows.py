"""Rows of a feed's file: typed, or refused with the column that is to blame."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.reading.dates.column import DateFormat
from healthscore_assets.reading.formats.batch import Batch, name_of
from healthscore_assets.signals.between_columns import told_together
from healthscore_assets.signals.cells import Cells, typed
from healthscore_assets.signals.feeds import Feed, Field

_EITHER = ("score", "nps", "csat")
"""Columns of which another may be there, and without any of which a row is none."""

_LINE = pa.schema(
    {
        "source_row": pa.int64(),
        "column": pa.string(),
        "value": pa.string(),
        "reason": pa.string(),
        "day": pa.date32(),
    }
)


@dataclass(frozen=True)
class TypedRows:
    """Rows that can be used, in the columns of the feed, and what was refused.

    ``lines`` has a line per refused row or cell, with the day from which its row would be known;
    ``refused`` and ``blank`` count whole rows.
    """

    rows: pa.Table
    lines: pa.Table
    refused: int
    blank: int


class RowReader:
    """Types the batches of one table.

    Parameters: ``columns`` by field, counted from 0, under ``header``; ``days`` says how columns
    of days are written; ``newest`` is the last day on which anything can have happened.
    """

    def __init__(
        self,
        feed: Feed,
        columns: Mapping[str, int],
        header: Sequence[str],
        days: Mapping[str, DateFormat],
        newest: datetime.date | None,
    ) -> None:
        self._feed, self._columns, self._header = feed, columns, header
        self._days, self._newest = days, newest
        self._fields = [field for field in feed.fields if field.name in columns]
        self._schema = ibis.schema(feed.columns).to_pyarrow()
        self.schema = self._schema

    def read(self, batch: Batch) -> TypedRows:
        """The rows of a batch."""
        misshapen = self._misshapen(batch)
        size = len(batch.source_row)
        if not size:
            return TypedRows(self._schema.empty_table(), misshapen, misshapen.num_rows, 0)
        raw = {f.name: batch.cells[name_of(self._columns[f.name])] for f in self._fields}
        told = {f.name: self._cells(f, raw[f.name]) for f in self._fields}
        told = dict(told_together(self._feed.name, told))
        blank = _blank(list(raw.values()))
        begins = told.get(self._feed.begins)
        day = pa.nulls(size, pa.date32()) if begins is None else begins.values
        dropped, lines = blank, [misshapen]
        for field in self._fields:
            # Of a row that is refused its first reason is told.
            reasons = pc.if_else(dropped, None, self._reasons(field, told[field.name]))
            at = pc.indices_nonzero(pc.is_valid(reasons))
            cells = None if field.kind == "prose" else raw[field.name].take(at).combine_chunks()
            lines.append(self._lines(field.name, batch.source_row, reasons, cells, day))
            if self._decides(field):
                dropped = pc.or_(dropped, pc.is_valid(reasons))
        kept = self._rows(told, batch.source_row).filter(pc.invert(dropped))
        blanks = pc.sum(blank).as_py()
        refused = misshapen.num_rows + size - blanks - kept.num_rows
        return TypedRows(kept, pa.concat_tables(lines), refused, blanks)

    def beyond(self, rows: pa.Table) -> pa.Table:
        """Lines of rows, by their ``source_row`` and ``day``, that the file cannot know of yet."""
        size = rows.num_rows
        days = pc.cast(rows["day"], pa.string()).combine_chunks()
        none = pa.nulls(size, pa.date32())
        reasons = pa.repeat(pa.scalar("after_the_file"), size)
        return self._lines(
            self._feed.begins, rows["source_row"].combine_chunks(), reasons, days, none
        )

    def _cells(self, field: Field, raw: pa.ChunkedArray) -> Cells:
        cells = typed(field, raw, self._days.get(field.name))
        if self._newest is None or field.name not in self._feed.happens:
            return cells
        return cells.without(pc.greater(cells.values, pa.scalar(self._newest)), "in_the_future")

    def _reasons(self, field: Field, cells: Cells) -> pa.Array:
        if not field.required:
            return cells.refused
        missing = pc.and_(pc.is_null(cells.values), pc.is_null(cells.refused))
        return pc.if_else(missing, f"no_{field.name}", cells.refused)

    def _decides(self, field: Field) -> bool:
        """Whether a row is refused with a cell of the column."""
        decisive = field.required or field.kind == "word" or field.name == self._feed.begins
        return decisive or (self._feed.name == "surveys" and field.name in _EITHER)

    def _rows(self, told: Mapping[str, Cells], source_row: pa.Array) -> pa.Table:
        size = len(source_row)
        columns = {name: cells.values for name, cells in told.items()} | {"source_row": source_row}
        prose = [told[f.name].values for f in self._fields if f.kind == "prose"]
        if prose:
            words = [pc.fill_null(each, "") for each in prose]
            joined = pc.utf8_trim_whitespace(pc.binary_join_element_wise(*words, "\n"))
            columns["text"] = pc.if_else(pc.equal(joined, ""), None, joined)
        found = [columns.get(f.name, pa.nulls(size, f.type)) for f in self._schema]
        return pa.table(found, schema=self._schema)

    def _misshapen(self, batch: Batch) -> pa.Table:
        """Rows with more or fewer cells than the header; their texts may be anybody's words."""
        size = len(batch.misshapen)
        rows = pa.array([number for number, _ in batch.misshapen], pa.int64())
        reasons = pa.repeat(pa.scalar("wrong_cell_count"), size)
        return self._lines("*", rows, reasons, None, pa.nulls(size, pa.date32()))

    def _lines(
        self,
        column: str,
        source_row: pa.Array,
        reasons: pa.Array,
        cells: pa.Array | None,
        day: pa.Array,
    ) -> pa.Table:
        """A line for each row that has a reason; ``cells`` are of those rows only."""
        at = pc.indices_nonzero(pc.is_valid(reasons))
        header = self._header[self._columns[column]] if column in self._columns else column
        return pa.table(
            {
                "source_row": source_row.take(at),
                "column": pa.repeat(pa.scalar(header), len(at)),
                "value": pa.nulls(len(at), pa.string()) if cells is None else cells,
                "reason": reasons.take(at),
                "day": day.take(at),
            },
            schema=_LINE,
        )


def _blank(columns: list[pa.ChunkedArray]) -> pa.Array:
    """The rows that hold nothing in any of the columns."""
    empty = [pc.equal(pc.utf8_trim_whitespace(each), "").combine_chunks() for each in columns]
    blank = empty[0]
    for each in empty[1:]:
        blank = pc.and_(blank, each)
    return blank
