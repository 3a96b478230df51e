"""One table of a feed's file, read once: typed rows in a Parquet file, and what was refused."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from healthscore_assets.lake.months import days_in, span
from healthscore_assets.reading.dates.column import DateFormat, DateReader, NotADate
from healthscore_assets.reading.dates.file_months import day_named, months_named
from healthscore_assets.reading.dates.single_dates import read_day
from healthscore_assets.reading.dates.windows import window_in
from healthscore_assets.reading.formats import tables
from healthscore_assets.reading.formats.batch import Batch, Layout, Opening, name_of
from healthscore_assets.reading.refused import ExportRefused, Problem
from healthscore_assets.signals.by_month import by_month
from healthscore_assets.signals.cells import Cells, observe_days, typed
from healthscore_assets.signals.columns import Aliases, find_columns
from healthscore_assets.signals.feeds import Feed

DateOrder = str | None

_DECIDE = ("score", "nps")
"""Columns that are not required, as another may be there, and without which a row is none."""

REFUSED_LINE = pa.schema(
    {
        "source_file": pa.string(),
        "source_row": pa.int64(),
        "column": pa.string(),
        "value": pa.string(),
        "reason": pa.string(),
        "day": pa.date32(),
    }
)
"""A line of quarantine, with the day from which its row would be known, where it tells one."""


@dataclass(frozen=True)
class FeedFile:
    """How a table was understood, and its rows.

    ``rows`` is a Parquet file of `by_month`. ``columns`` tells the header of each column,
    ``unread`` the other headers. ``as_of`` is the day on which the file tells how things are.
    ``months`` are those that it covers, each with a hash of what it tells of it, empty where that
    is nothing. ``delivered`` counts the rows of the file, ``used`` those that can be used,
    ``refused`` has a line per refused row or cell, ``blank`` counts rows without any cell.
    """

    feed: str
    source_file: str
    layout: Layout
    columns: Mapping[str, str]
    unread: tuple[str, ...]
    as_of: datetime.date
    months: Mapping[str, str]
    delivered: int
    used: int
    blank: int
    rows: Path
    refused: pa.Table


def read_feed_file(
    path: Path,
    source_file: str,
    feed: Feed,
    into: Path,
    *,
    aliases: Aliases,
    date_order: DateOrder = None,
    month: str | None = None,
) -> list[FeedFile]:
    """Read each table of a file.

    Parameters: ``into`` is a folder for the rows; ``month`` is what a sidecar tells.
    Raises ExportRefused for what is no such table, and where neither its rows nor its name tell
    which months it covers.
    """
    sheets: dict[str | None, list[Opening]] = {}
    for opening in tables.openings(path, source_file):
        sheets.setdefault(opening.layout.sheet, []).append(opening)
    found, refused = [], None
    for sheet, openings in sheets.items():
        named = source_file if sheet is None else f"{source_file}#{sheet}"
        try:
            best, at, columns = find_columns(openings, feed, named, aliases)
        except ExportRefused as error:
            refused = refused or error
            continue
        number, header = best.rows[at]
        layout = replace(best.layout, header=header, header_row=number)
        reader = _Reader(path, named, feed, layout, columns, date_order)
        found.append(reader.read(into, month))
    if not found and refused is not None:
        raise refused
    return found


class _Reader:
    def __init__(
        self,
        path: Path,
        source_file: str,
        feed: Feed,
        layout: Layout,
        columns: Mapping[str, int],
        date_order: DateOrder,
    ) -> None:
        self._path, self._source_file, self._feed = path, source_file, feed
        self._layout, self._columns, self._order = layout, columns, date_order
        self._fields = [field for field in feed.fields if field.name in columns]

    def read(self, into: Path, month: str | None) -> FeedFile:
        days = self._days()
        number = len(list(into.iterdir()))
        typed_rows, target = into / f"{number}.typed", into / f"{number}.parquet"
        blank, lines = 0, [REFUSED_LINE.empty_table()]
        happened: datetime.date | None = None
        with pq.ParquetWriter(typed_rows, _rows_schema(self._feed)) as writer:
            for batch in self._batches(list(self._columns.values())):
                rows, refused, empty = self._typed(batch, days)
                blank += empty
                lines.append(refused)
                writer.write_table(rows)
                for name in (self._feed.begins, *(end for end, _ in self._feed.ends)):
                    happened = _most(happened, pc.max(rows[name]).as_py())
            header = self._layout.header
        as_of = self._as_of(month, happened)
        exploded = by_month(typed_rows, target, self._feed, as_of)
        typed_rows.unlink()
        lines.append(self._beyond(exploded.beyond))
        refused = pa.concat_tables(lines).sort_by("source_row")
        return FeedFile(
            self._feed.name,
            self._source_file,
            self._layout,
            {name: header[n] for name, n in self._columns.items()},
            tuple(h for n, h in enumerate(header) if n not in self._columns.values()),
            as_of,
            self._months(month, _with_refused(exploded.hashes, refused)),
            tables.count(self._path, self._source_file, self._layout),
            exploded.rows,
            blank,
            target,
            refused,
        )

    def _batches(self, columns: list[int]) -> Iterator[Batch]:
        prose = {self._columns[f.name] for f in self._fields if f.kind == "prose"}
        return tables.batches(self._path, self._source_file, self._layout, [], columns, prose=prose)

    def _days(self) -> dict[str, DateFormat]:
        """How each column of days is written; not told of a column that has none."""
        names = [field.name for field in self._fields if field.kind == "day"]
        readers = {name: DateReader("time") for name in names}
        for batch in self._batches([self._columns[name] for name in names]):
            if len(batch.source_row):
                for name, reader in readers.items():
                    observe_days(reader, batch.cells[name_of(self._columns[name])])
        found = {}
        for name, reader in readers.items():
            try:
                found[name] = reader.decide(self._order)  # type: ignore[arg-type]
            except NotADate as error:
                if error.text:
                    header = self._layout.header[self._columns[name]]
                    raise ExportRefused(
                        Problem(self._source_file, error.what, error.todo, column=header)
                    ) from None
        return found

    def _typed(self, batch: Batch, days: dict[str, DateFormat]) -> tuple[pa.Table, pa.Table, int]:
        """The rows that can be used, the lines of those that cannot, and how many are blank."""
        size = len(batch.source_row)
        if not size:
            return _rows_schema(self._feed).empty_table(), self._misshapen(batch), 0
        told: dict[str, Cells] = {}
        raw: dict[str, pa.ChunkedArray] = {}
        blank = pa.array([True] * size)
        for field in self._fields:
            raw[field.name] = batch.cells[name_of(self._columns[field.name])]
            told[field.name] = typed(field, raw[field.name], days.get(field.name))
            empty = pc.equal(pc.utf8_trim_whitespace(raw[field.name]), "").combine_chunks()
            blank = pc.and_(blank, empty)
        _tell_score(self._feed, told)
        dropped = blank
        lines = [self._misshapen(batch)]
        day = self._day(told, size)
        for field in self._fields:
            cells = told[field.name]
            reasons = cells.refused
            if field.required:
                missing = pc.and_(pc.is_null(cells.values), pc.is_null(reasons))
                reasons = pc.if_else(pc.fill_null(missing, False), f"no_{field.name}", reasons)
            # Of a row that is refused its first reason is told.
            reasons = pc.if_else(dropped, pa.scalar(None, pa.string()), reasons)
            lines.append(self._lines(batch, field.name, raw[field.name], reasons, day))
            if field.required or field.name in _DECIDE or field.kind == "word":
                dropped = pc.or_(dropped, pc.is_valid(reasons))
        rows = _rows(self._feed, told, batch.source_row, size).filter(pc.invert(dropped))
        return rows, pa.concat_tables(lines), pc.sum(blank).as_py()

    def _day(self, told: Mapping[str, Cells], size: int) -> pa.Array:
        begins = told.get(self._feed.begins)
        return pa.nulls(size, pa.date32()) if begins is None else begins.values

    def _lines(
        self, batch: Batch, name: str, raw: pa.ChunkedArray, reasons: pa.Array, day: pa.Array
    ) -> pa.Table:
        at = pc.indices_nonzero(pc.is_valid(reasons))
        prose = self._feed.field(name).kind == "prose"
        values = pa.nulls(len(at), pa.string()) if prose else raw.take(at).combine_chunks()
        return pa.table(
            {
                "source_file": _repeated(self._source_file, len(at)),
                "source_row": batch.source_row.take(at),
                "column": _repeated(self._layout.header[self._columns[name]], len(at)),
                "value": values,
                "reason": reasons.take(at),
                "day": day.take(at),
            },
            schema=REFUSED_LINE,
        )

    def _misshapen(self, batch: Batch) -> pa.Table:
        """Rows with more or fewer cells than the header; their texts may be anybody's words."""
        size = len(batch.misshapen)
        return pa.table(
            {
                "source_file": _repeated(self._source_file, size),
                "source_row": pa.array([number for number, _ in batch.misshapen], pa.int64()),
                "column": _repeated("*", size),
                "value": pa.nulls(size, pa.string()),
                "reason": _repeated("wrong_cell_count", size),
                "day": pa.nulls(size, pa.date32()),
            },
            schema=REFUSED_LINE,
        )

    def _beyond(self, beyond: pa.Table) -> pa.Table:
        """Rows of days that the file cannot know yet, by what its name tells."""
        size = beyond.num_rows
        column = self._columns.get(self._feed.begins)
        header = "" if column is None else self._layout.header[column]
        return pa.table(
            {
                "source_file": _repeated(self._source_file, size),
                "source_row": beyond["source_row"],
                "column": _repeated(header, size),
                "value": pc.cast(beyond["day"], pa.string()),
                "reason": _repeated("after_the_file", size),
                "day": pa.nulls(size, pa.date32()),
            },
            schema=REFUSED_LINE,
        )

    def _as_of(self, month: str | None, happened: datetime.date | None) -> datetime.date:
        """Told by the name, else the sidecar, else by the newest row."""
        name = Path(self._source_file.partition("#")[0]).name
        window, day = window_in(name), day_named(name)
        if window is not None and window.last is not None:
            return datetime.date.fromisoformat(window.last)
        if day is not None and (read := _read_day(day, self._order)) is not None:
            return read
        months = months_named(name) or ({month} if month else set())
        if len(months) == 1:
            return _last_day(months.pop())
        if happened is not None:
            return happened
        raise ExportRefused(Problem(self._source_file, *self._untold()))

    def _untold(self) -> tuple[str, str]:
        """Why nobody knows what a file is about, and what to do."""
        if self._feed.register:
            what = "the day of the snapshot cannot be told: neither its name nor a column says it"
            example, column = "2024-05-31.csv", self._feed.begins.replace("_", " ")
            todo = (
                f"put the day into its name: {self._feed.name}_{example}, or add a column {column}"
            )
        else:
            what = "holds no rows that can be used, and its name tells no month without any"
            todo = f"export it again, or put the month into its name: {self._feed.name}_2024-05.csv"
        return what, todo

    def _months(self, month: str | None, told: Mapping[str, str]) -> dict[str, str]:
        """The months that its rows, its name or its sidecar tell, and those between."""
        covered = set(told)
        if not self._feed.register:
            name = Path(self._source_file.partition("#")[0]).name
            window = window_in(name)
            covered |= months_named(name) | ({month} if month else set())
            if window is not None and window.first is not None and window.last is not None:
                covered |= {window.first[:7], window.last[:7]}
            covered = set(span(min(covered), max(covered))) if covered else covered
        if not covered:
            raise ExportRefused(Problem(self._source_file, *self._untold()))
        return {each: told.get(each, "") for each in sorted(covered)}


def _with_refused(told: Mapping[str, str], refused: pa.Table) -> dict[str, str]:
    """The hash of each month, another one where more of it is refused."""
    months = pc.strftime(refused["day"], "%Y-%m")
    counts = {each["values"]: each["counts"] for each in pc.value_counts(months).to_pylist()}
    untold = counts.get(None, 0)
    return {month: f"{hashed}-{counts.get(month, 0)}-{untold}" for month, hashed in told.items()}


def _tell_score(feed: Feed, told: dict[str, Cells]) -> None:
    """An answer needs a score, and that of CSAT, told by its kind, is from 1 to 5."""
    if feed.name != "surveys":
        return
    scores = [name for name in ("score", "nps", "csat") if name in told]
    if {"kind", "score"} <= told.keys():
        score = told["score"]
        outside = pc.or_(pc.less(score.values, 1), pc.greater(score.values, 5))
        csat = pc.equal(told["kind"].values, "csat")
        told["score"] = _without(score, pc.and_(csat, outside), "out_of_range")
    told_none = pc.and_(
        pc.is_null(pc.coalesce(*(told[name].values for name in scores))),
        pc.is_null(pc.coalesce(*(told[name].refused for name in scores))),
    )
    told[scores[0]] = _without(told[scores[0]], told_none, "no_score")


def _without(cells: Cells, wrong: pa.Array, reason: str) -> Cells:
    wrong = pc.fill_null(wrong, False)
    return Cells(pc.if_else(wrong, None, cells.values), pc.if_else(wrong, reason, cells.refused))


def _rows_schema(feed: Feed) -> pa.Schema:
    return ibis.schema(feed.columns).to_pyarrow()


def _rows(feed: Feed, told: Mapping[str, Cells], source_row: pa.Array, size: int) -> pa.Table:
    schema = _rows_schema(feed)
    columns = {name: cells.values for name, cells in told.items()} | {"source_row": source_row}
    prose = [told[f.name].values for f in feed.fields if f.kind == "prose" and f.name in told]
    if prose:
        told_words = [pc.fill_null(words, "") for words in prose]
        joined = pc.utf8_trim_whitespace(pc.binary_join_element_wise(*told_words, "\n"))
        columns["text"] = _not_blank(joined)
    return pa.table([columns.get(f.name, pa.nulls(size, f.type)) for f in schema], schema=schema)


def _not_blank(texts: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _repeated(text: str, size: int) -> pa.Array:
    return pa.repeat(pa.scalar(text), size)


def _most(one: datetime.date | None, other: datetime.date | None) -> datetime.date | None:
    return max(filter(None, (one, other)), default=None)


def _read_day(text: str, order: DateOrder) -> datetime.date | None:
    """The day in a file's name, where it is certain."""
    day = read_day(text.replace("_", "-"))
    if day is None or (day.dmy != day.mdy and order is None and day.dmy and day.mdy):
        return None
    return (day.mdy if order == "mdy" else day.dmy) or day.dmy or day.mdy


def _last_day(month: str) -> datetime.date:
    return datetime.date.fromisoformat(f"{month}-{days_in(month)}")
