"""One table of a delivered file, understood: where its cells stand, its shape, its columns."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from healthscore_assets.pendo.fivetran.shapes import resolve
from healthscore_assets.pendo.fivetran.tables import table_of
from healthscore_assets.pendo.headers.grammar import Column, Vocabulary, find_header, recognised
from healthscore_assets.pendo.headers.shapes import EVENTS, NotUnderstood, Shape
from healthscore_assets.reading.dates.column import DateFormat
from healthscore_assets.reading.formats import tables
from healthscore_assets.reading.formats.batch import Layout, Opening, Part
from healthscore_assets.reading.refused import ExportRefused, Problem

DateOrder = Literal["dmy", "mdy"]


@dataclass(frozen=True)
class Reading:
    """What people wrote down about exports in general: further headers, features, date order."""

    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    date_order: DateOrder | None = None


@dataclass(frozen=True)
class ExportFile:
    """How a table was understood.

    ``source_file`` is its file's path below the inbox, with ``#`` and the sheet of a workbook;
    ``segment`` the audience in its name, if it names one; ``titles`` the texts above the header;
    ``dates`` how its column of dates is written, if it has one, and ``months`` those it tells;
    ``told_by`` what else tells the month; ``partial`` says that it does not hold its whole month;
    ``notes`` are what a person should know; ``feature_names`` the names of its feature ids and
    ``feature_areas`` the product areas that Pendo has its features in, by their names;
    ``replaces`` the file that it is the successor of; ``beside`` the hashes of what was read for it
    in other files; ``made`` when a Data Sync export was; ``superseded`` the days that another file
    of the folder tells of as synced later, with its name; ``part_of`` the table that it is one of
    several files of, which tell no row twice; ``histories`` who its clients and visitors are.
    """

    source_file: str
    shape: str
    layout: Layout
    columns: tuple[Column, ...]
    segment: str | None = None
    titles: tuple[str, ...] = ()
    dates: DateFormat | None = None
    partial: bool = False
    notes: tuple[str, ...] = ()
    feature_names: dict[str, str] = field(default_factory=dict)
    replaces: str | None = None
    beside: dict[str, str] = field(default_factory=dict)
    months: tuple[str, ...] = ()
    told_by: str = ""
    feature_areas: dict[str, str] = field(default_factory=dict)
    made: str = ""
    superseded: dict[str, str] = field(default_factory=dict)
    histories: tuple["History", ...] = ()
    part_of: str = ""

    @property
    def is_long(self) -> bool:
        """Whether a row tells of one feature, and the rows of a visitor are many."""
        return self.shape == EVENTS

    def index(self, role: str) -> int | None:
        """Where the column of a role stands, counted from 0."""
        return next((n for n, column in enumerate(self.columns) if column.role == role), None)

    @property
    def when(self) -> int | None:
        """Where the column stands that tells each row's date or month."""
        found = (self.index(role) for role in ("hour", "day", "period"))
        return next((n for n in found if n is not None), None)

    @property
    def metrics(self) -> list[int]:
        """The columns whose numbers are usage of a feature."""
        return [n for n, column in enumerate(self.columns) if column.measure is not None]

    @property
    def counted_in(self) -> dict[str, str]:
        """The measure of each column with numbers, by the column's name in quarantine."""
        names = self.column_names
        return {names[n]: self.columns[n].measure or "" for n in self.metrics}

    @property
    def column_names(self) -> list[str]:
        """Headers as the file has them; repeated ones are told apart by their column number."""
        headers = [column.header for column in self.columns]
        repeated = (
            {header for header in headers if headers.count(header) > 1}
            if (len(set(headers)) < len(headers))
            else set()
        )
        return [
            f"{header} [column {n + 1}]" if header in repeated else header
            for n, header in enumerate(headers)
        ]

    def to_json(self) -> str:
        """The column map, as `raw_pendo_export` keeps it."""
        told: dict[str, Any] = {
            "layout": {
                k: v
                for k, v in asdict(self.layout).items()
                # The header is told by the columns; a piece is of one reading, not of the file.
                if k not in ("header", "piece") and v != ()
            },
            "segment": self.segment,
            "titles": self.titles,
            "dates": None if self.dates is None else self.dates.to_json(),
            "notes": self.notes,
            "replaces": self.replaces,
            "beside": self.beside,
            "feature_names": self.feature_names,
            "feature_areas": self.feature_areas,
            "months": self.months,
            "told_by": self.told_by,
            "made": self.made,
            "superseded": self.superseded,
            "part_of": self.part_of,
            "histories": [history.to_json() for history in self.histories],
            "columns": [
                {k: v for k, v in asdict(column).items() if v is not None}
                for column in self.columns
            ],
        }
        return json.dumps({k: v for k, v in told.items() if v}, ensure_ascii=False)

    @classmethod
    def from_json(cls, source_file: str, shape: str, text: str) -> "ExportFile":
        """The file again, from its row in `raw_pendo_export`."""
        told = json.loads(text)
        columns = tuple(Column(**column) for column in told["columns"])
        parts = tuple(Part(**part) for part in told["layout"].pop("parts", ()))
        header = tuple(column.header for column in columns)
        layout = Layout(header=header, parts=parts, **told["layout"])
        return cls(
            source_file,
            shape,
            layout,
            columns,
            told.get("segment"),
            tuple(told.get("titles", ())),
            DateFormat.from_json(told["dates"]) if "dates" in told else None,
            told.get("partial", False),
            tuple(told.get("notes", ())),
            told.get("feature_names", {}),
            told.get("replaces"),
            told.get("beside", {}),
            tuple(told.get("months", ())),
            told.get("told_by", ""),
            told.get("feature_areas", {}),
            told.get("made", ""),
            told.get("superseded", {}),
            tuple(map(History.from_json, told.get("histories", ()))),
            told.get("part_of", ""),
        )


@dataclass(frozen=True)
class History:
    """A table of who clients or visitors are, read beside an export.

    ``sha256`` are its bytes, ``at`` the file that holds them.
    """

    export: ExportFile
    sha256: str
    at: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values, to be kept; where the bytes lie is not."""
        return {
            "source_file": self.export.source_file,
            "sha256": self.sha256,
            "shape": self.export.shape,
            "column_map": json.loads(self.export.to_json()),
        }

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> "History":
        """The table again."""
        of_file = told["source_file"], told["shape"], json.dumps(told["column_map"])
        return cls(ExportFile.from_json(*of_file), told["sha256"])


def understand_file(path: Path, source_file: str, vocabulary: Vocabulary) -> list[ExportFile]:
    """Read the first rows of each table of a file and say what each column is.

    A sheet of a workbook in which no row could be a header holds notes, not a table.
    Raises ExportRefused for bytes that hold no table, and for a table of no known shape.
    """
    found: list[ExportFile] = []
    alone: list[Opening] = []
    passed_over: list[str] = []
    by_sheet = groupby(tables.openings(path, source_file), key=lambda each: each.layout.sheet)
    for sheet, alternatives in by_sheet:
        opening, at = _table(list(alternatives), vocabulary)
        if at is None:
            alone.append(opening)
            if sheet is not None:
                passed_over += [sheet] if _looks_like_a_table(opening) else []
                continue
        found.append(_understood(opening, at or 0, _named(source_file, sheet), vocabulary))
    if not found:
        found.append(
            _understood(alone[0], 0, _named(source_file, alone[0].layout.sheet), vocabulary)
        )
    for export in found:
        _refuse_without_rows(path, export)
    notes = tuple(f"its sheet {sheet!r} has no header that is known" for sheet in passed_over)
    return [replace(export, notes=(*export.notes, *notes)) for export in found]


def _looks_like_a_table(opening: Opening) -> bool:
    """Whether several rows have several cells: more than notes."""
    return sum(sum(1 for cell in cells if cell) > 1 for _, cells in opening.rows) > 1


def segment_named(source_file: str) -> str | None:
    """The audience that a file name tells (``201401 External Usage.csv``), or None."""
    words = set(re.split(r"[^a-z]+", Path(source_file).name.lower()))
    named = words & {"external", "internal"}
    return named.pop() if len(named) == 1 else None


def file_of(source_file: str) -> str:
    """The file that a table stands in: its name without the sheet."""
    return re.sub(r"(?i)(\.xlsx|billofmaterials\.json)#.*", r"\1", source_file)


def _named(source_file: str, sheet: str | None) -> str:
    return source_file if sheet is None else f"{source_file}#{sheet}"


def _table(alternatives: Sequence[Opening], vocabulary: Vocabulary) -> tuple[Opening, int | None]:
    """The alternative that reads most like a table, and which of its rows is the header."""
    best, at, most = alternatives[0], None, (0, 0)
    for opening in alternatives:
        if opening.rows and table_of(opening.rows[0][1]) is not None:
            return opening, 0
        rows = [cells for _, cells in opening.rows]
        header = find_header(rows, vocabulary)
        known = 0 if header is None else recognised(rows[header], vocabulary)
        width = max((len(cells) for cells in rows), default=0)
        if (known, width) > most:
            best, at, most = opening, header, (known, width)
    return best, at


def _understood(opening: Opening, at: int, source_file: str, vocabulary: Vocabulary) -> ExportFile:
    number, header = opening.rows[at]
    row = number or None
    if any("\0" in cell for cell in header):
        raise ExportRefused(
            Problem(source_file, "is not a table (its header holds zero bytes)", "export it again")
        )
    _refuse_table_above(opening, at, source_file, vocabulary)
    try:
        shape: Shape = resolve(header, vocabulary)
    except NotUnderstood as error:
        raise ExportRefused(
            Problem(source_file, error.what, error.todo, row=row, column=error.column)
        ) from None
    titles = (" ".join(" ".join(cells).split()) for _, cells in opening.rows[:at])
    return ExportFile(
        source_file,
        shape.name,
        replace(opening.layout, header=header, header_row=number),
        shape.columns,
        segment_named(source_file),
        tuple(titles),
    )


def _refuse_table_above(
    opening: Opening, at: int, source_file: str, vocabulary: Vocabulary
) -> None:
    """Refuse a second header with more columns: the rows of the first would pass for titles."""
    first = find_header([cells for _, cells in opening.rows[:at]], vocabulary)
    if first is not None and at - first > 1:
        raise ExportRefused(
            Problem(
                source_file,
                f"holds two tables: rows {opening.rows[first][0]} and {opening.rows[at][0]} are "
                "both headers",
                "put each into a file of its own",
                row=opening.rows[at][0],
            )
        )


def _refuse_without_rows(path: Path, export: ExportFile) -> None:
    read = tables.batches(path, export.source_file, export.layout, [], [0])
    if not any(len(batch.source_row) or batch.misshapen for batch in read):
        raise ExportRefused(
            Problem(export.source_file, "has a header but no rows", "export it again")
        )
