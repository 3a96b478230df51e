"""What every format gives: where a table stands in a file, and its cells in batches."""

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

NOT_COLLECTED = ["", "--", "null", "NULL", "None", "nan", "NaN"]
"""Metric cells that say nothing was collected."""

LONGEST_OPENING = 15
"""Rows in which a header is looked for."""

MOST_COLUMNS = 16_384
"""Columns that a table may have: as many as a spreadsheet has."""

FormatName = Literal["csv", "xlsx", "parquet", "avro", "json", "datasync"]


@dataclass(frozen=True)
class Part:
    """One of the Avro files that the table of a Data Sync export stands in, for one of its days.

    ``path`` is below the export's folder; ``period`` the day, ``feature`` the id of the feature
    that its events match, if it is of one. ``rows`` are those of the day, ``records`` those that
    the file has in all. ``at`` is where its bytes are, if not below the export's folder.
    """

    path: str
    period: str
    feature: str = ""
    rows: int = 0
    records: int = 0
    sha256: str = ""
    at: str = ""


@dataclass(frozen=True)
class Layout:
    """Where the cells of a table stand in a delivered file.

    ``header_row`` is the number of the row of the header, the first row being 1; 0 where a format
    names its columns elsewhere, so that the first record is row 1. ``sheet`` is of a workbook,
    ``encoding`` and ``delimiter`` are of text, ``parts`` of a Data Sync export. ``piece`` is which
    piece is read by itself, counted from 0, and of how many, of Parquet or Data Sync; its rows keep
    their numbers.
    """

    format: FormatName
    header: tuple[str, ...]
    header_row: int
    sheet: str | None = None
    encoding: str = "utf-8"
    delimiter: str = ","
    parts: tuple[Part, ...] = ()
    piece: tuple[int, int] = (0, 1)

    @property
    def is_whole(self) -> bool:
        """Whether everything that the file holds is read."""
        return self.piece == (0, 1)


@dataclass(frozen=True)
class Opening:
    """The first rows of a table, where its header is to be found.

    ``rows`` are the number and the cells of up to `LONGEST_OPENING` rows that are not blank;
    ``layout`` is complete but for ``header`` and ``header_row``.
    """

    layout: Layout
    rows: tuple[tuple[int, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Batch:
    """The cells of some columns of consecutive rows, and the rows that have no such columns.

    ``cells`` has a column ``c<n>`` per column read, n counted from 0: numbers with null where
    nothing was collected, or text without nulls, in a dictionary if that was allowed for;
    ``source_row`` numbers its rows as the file does;
    ``misshapen`` are the rows with more or fewer cells than the header: their number and the start
    of their text; ``added_up`` counts those that were added up to one of the others.
    """

    cells: pa.Table
    source_row: pa.Array
    misshapen: list[tuple[int, str]]
    added_up: int = 0


class NotTyped(Exception):
    """A column that does not hold numbers only; ``column`` counts from 0."""

    def __init__(self, column: int) -> None:
        super().__init__(f"column {column} holds more than numbers")
        self.column = column


class NotWhole(Exception):
    """A piece of a file holds what only the whole file can judge."""


def name_of(index: int) -> str:
    """The name under which a column is read: headers repeat, positions do not."""
    return f"c{index}"
