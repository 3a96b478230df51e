"""One table of a feed's file, read once: its rows by month, and what of it was refused."""

import datetime
import os
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from healthscore_assets.reading.dates.column import DateFormat, DateReader, NotADate
from healthscore_assets.reading.formats import tables
from healthscore_assets.reading.formats.batch import Batch, Layout, Opening, name_of
from healthscore_assets.reading.refused import ExportRefused, Problem
from healthscore_assets.signals.by_month import by_month
from healthscore_assets.signals.cells import flags_in, observe_days
from healthscore_assets.signals.columns import Aliases, find_columns
from healthscore_assets.signals.expected import not_used
from healthscore_assets.signals.feed_rows import RowReader
from healthscore_assets.signals.feeds import Feed
from healthscore_assets.signals.file_days import FileDays, covered, untold


@dataclass(frozen=True)
class ToldOfMonth:
    """What a file tells of a month: rows, lines refused, and a hash of the rows; empty for none."""

    rows: int
    refused: int
    hash: str


@dataclass(frozen=True, eq=False)
class RowsFile:
    """A file of `by_month`, removed when nobody refers to it any more."""

    path: Path

    def __post_init__(self) -> None:
        weakref.finalize(self, self.path.unlink, missing_ok=True)


@dataclass(frozen=True, eq=False)
class FeedFile:
    """How a table was understood, and its rows.

    ``columns`` tells the header of each column,
    ``unread`` the other headers. ``as_of`` is the day on which the file tells how things are;
    ``months`` what it tells of each that it covers. ``delivered`` counts its rows, in a way of its
    own, ``used``, ``blank`` and ``refused_rows`` what became of them. ``refused`` has a line per
    refused row or cell and its month, null where that is each. ``passed_over`` says which other
    tables of the file are none of the feed.
    """

    feed: str
    source_file: str
    layout: Layout
    columns: Mapping[str, str]
    unread: tuple[str, ...]
    as_of: datetime.date
    months: Mapping[str, ToldOfMonth]
    delivered: int
    used: int
    blank: int
    refused_rows: int
    rows: RowsFile
    refused: pa.Table
    passed_over: tuple[str, ...] = ()

    @property
    def adds_up(self) -> bool:
        """Whether every row of the file is accounted for."""
        return self.delivered == self.used + self.blank + self.refused_rows

    def lines_of(self, month: str) -> pa.Table:
        """What was refused that belongs to a month."""
        of_each = pc.is_null(self.refused["month"])
        return self.refused.filter(
            pc.or_(of_each, pc.fill_null(pc.equal(self.refused["month"], month), False))
        )


@dataclass(frozen=True)
class HowToRead:
    """What is known of a file beside its bytes.

    ``month`` is what a sidecar tells; ``newest`` the last day on which anything can have happened.
    """

    aliases: Aliases = ()
    date_order: Literal["dmy", "mdy"] | None = None
    month: str | None = None
    newest: datetime.date | None = None


def read_feed_file(
    path: Path, source_file: str, feed: Feed, into: Path, how: HowToRead
) -> list[FeedFile]:
    """Read each table of a file; ``into`` is a folder for the rows.

    Raises ExportRefused for what is no such table, and where neither its rows nor its name tell
    which months it covers.
    """
    sheets: dict[str | None, list[Opening]] = {}
    for opening in tables.openings(path, source_file):
        sheets.setdefault(opening.layout.sheet, []).append(opening)
    found: list[FeedFile] = []
    refused: list[ExportRefused] = []
    passed_over: list[str] = []
    for sheet, openings in sheets.items():
        named = source_file if sheet is None else f"{source_file}#{sheet}"
        try:
            best, at, columns = find_columns(openings, feed, named, how.aliases)
        except ExportRefused as error:
            refused.append(error)
            passed_over += [str(error)] if _looks_like_a_table(openings[0]) else []
            continue
        number, header = best.rows[at]
        layout = replace(best.layout, header=header, header_row=number)
        found.append(_Table(path, named, feed, layout, columns, how).read(into))
    if not found:
        raise refused[0]
    return [replace(file, passed_over=tuple(passed_over)) for file in found]


def _looks_like_a_table(opening: Opening) -> bool:
    """Whether several rows have several cells: more than notes."""
    return sum(sum(1 for cell in cells if cell) > 1 for _, cells in opening.rows) > 1


class _Table:
    def __init__(
        self,
        path: Path,
        source_file: str,
        feed: Feed,
        layout: Layout,
        columns: Mapping[str, int],
        how: HowToRead,
    ) -> None:
        self._path, self._source_file, self._feed = path, source_file, feed
        self._layout, self._columns, self._how = layout, columns, how

    def read(self, into: Path) -> FeedFile:
        feed, header = self._feed, self._layout.header
        days = self._days()
        reader = RowReader(feed, self._columns, header, days, self._how.newest)
        typed, target = _new_file(into), _new_file(into)
        lines: list[pa.Table] = []
        blank = refused = 0
        happened: list[datetime.date] = []
        with pq.ParquetWriter(typed, reader.schema) as writer:
            for batch in self._batches(list(self._columns.values())):
                found = reader.read(batch)
                writer.write_table(found.rows)
                lines.append(found.lines)
                blank, refused = blank + found.blank, refused + found.refused
                newest = (pc.max(found.rows[name]).as_py() for name in feed.happens)
                happened += filter(None, newest)
        named = FileDays.told(self._source_file, self._how.month, self._how.date_order)
        as_of = named.as_of or max(happened, default=None)
        if as_of is None:
            self._refuse_if_all_wrong(lines)
            used = pq.read_metadata(typed).num_rows
            raise untold(feed, self._source_file, used)
        told = by_month(typed, target, feed, as_of)
        typed.unlink()
        lines.append(reader.beyond(told.beyond))
        months = covered(feed, named, told.months)
        if not months:
            self._refuse_if_all_wrong(lines)
            raise untold(feed, self._source_file, told.rows)
        refused_lines = self._of_months(pa.concat_tables(lines), months)
        return FeedFile(
            feed.name,
            self._source_file,
            self._layout,
            {name: header[n] for name, n in self._columns.items()},
            tuple(h for n, h in enumerate(header) if n not in self._columns.values()),
            as_of,
            _told_of(months, told.months, refused_lines),
            tables.count(self._path, self._source_file, self._layout),
            told.rows,
            blank,
            refused + told.beyond.num_rows,
            RowsFile(target),
            refused_lines,
        )

    def _refuse_if_all_wrong(self, lines: Sequence[pa.Table]) -> None:
        """What is wrong with the first row, where no row tells a day."""
        refused = pa.concat_tables(lines).sort_by("source_row")
        if not refused.num_rows:
            return
        (first,) = refused.slice(0, 1).to_pylist()
        columns = {name: self._layout.header[at] for name, at in self._columns.items()}
        wrong = not_used(self._feed, columns, first)
        raise ExportRefused(
            Problem(
                self._source_file,
                f"{wrong}; no row of the file tells its month",
                "correct it",
                row=first["source_row"],
                column=first["column"],
            )
        )

    def _batches(self, columns: list[int]) -> Iterator[Batch]:
        prose = {self._columns[f.name] for f in self._feed.prose if f.name in self._columns}
        return tables.batches(self._path, self._source_file, self._layout, [], columns, prose=prose)

    def _days(self) -> dict[str, DateFormat]:
        """How each column of days is written; not told of a column that has none."""
        names = [f.name for f in self._feed.fields if f.kind == "day" and f.name in self._columns]
        readers = {name: DateReader("time") for name in names}
        words: dict[str, set[str]] = {name: set() for name in names}
        for batch in self._batches([self._columns[name] for name in names]):
            if len(batch.source_row):
                for name, reader in readers.items():
                    cells = batch.cells[name_of(self._columns[name])]
                    observe_days(reader, cells)
                    words[name] |= flags_in(cells)
        for name, found in words.items():
            if found and found <= {"true", "false"} and not self._feed.field(name).required:
                # Whether something happened, not when: as if the column were not there.
                del readers[name]
                self._columns = {n: at for n, at in self._columns.items() if n != name}
        formats = {}
        # Columns of one file are written alike: what one of them proves counts for the others.
        proved = set.union(set(), *(reader.proved for reader in readers.values()))
        alike = proved.pop() if len(proved) == 1 else None
        for name, reader in readers.items():
            try:
                if reader.observed:
                    formats[name] = reader.decide(self._how.date_order or alike)
            except NotADate as error:
                header = self._layout.header[self._columns[name]]
                raise ExportRefused(
                    Problem(self._source_file, error.what, error.todo, column=header)
                ) from None
        return formats

    def _of_months(self, lines: pa.Table, months: Sequence[str]) -> pa.Table:
        """Lines with their file and month: that of their day, else the first; a register's each."""
        lines = lines.sort_by("source_row")
        told = pc.strftime(lines["day"], "%Y-%m")
        own = pc.if_else(pc.is_in(told, pa.array(months)), told, None)
        none = pa.nulls(lines.num_rows, pa.string())
        month = none if self._feed.register else pc.fill_null(own, months[0])
        file = pa.repeat(pa.scalar(self._source_file), lines.num_rows)
        lines = lines.drop_columns("day").append_column("month", month)
        return lines.add_column(0, "source_file", file)


def _told_of(
    months: Sequence[str], by_rows: Mapping[str, tuple[int, str]], lines: pa.Table
) -> dict[str, ToldOfMonth]:
    counts = {
        each["values"]: each["counts"] for each in pc.value_counts(lines["month"]).to_pylist()
    }
    return {
        month: ToldOfMonth(
            by_rows.get(month, (0, ""))[0],
            counts.get(month, 0) + counts.get(None, 0),
            by_rows.get(month, (0, ""))[1],
        )
        for month in months
    }


def _new_file(folder: Path) -> Path:
    """A file of its own in a folder."""
    opened, name = tempfile.mkstemp(suffix=".parquet", dir=folder)
    os.close(opened)
    return Path(name)
