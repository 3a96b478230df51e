"""One delivered file, understood: its shape, its columns and the months it tells of."""

import csv
import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from healthscore_assets.pendo.headers import Column, expected_headers, understand
from healthscore_assets.pendo.refused import ExportRefused, Problem

WIDE_VISITOR = "wide_visitor"

csv.field_size_limit(sys.maxsize)  # the default refuses cells that Arrow reads

_ONE_OF_EACH = ("client_id", "visitor_id", "is_internal", "period", "days_active", "minutes")


@dataclass(frozen=True)
class ExportFile:
    """How a file was understood.

    ``source_file`` is its path below the inbox, ``header_row`` the row of its header (the first row
    being 1), ``segment`` the audience in its name, if it names one.
    """

    source_file: str
    shape: str
    header_row: int
    columns: tuple[Column, ...]
    segment: str | None

    def index(self, role: str) -> int | None:
        """Where the column of a role stands, counted from 0."""
        return next((n for n, column in enumerate(self.columns) if column.role == role), None)

    def header(self, role: str) -> str:
        """The header of a role's column, as the file spells it."""
        return next(column.header for column in self.columns if column.role == role)

    def to_json(self) -> str:
        """The column map, as `raw_pendo_export` keeps it."""
        return json.dumps(
            {"segment": self.segment, "columns": [_told(column) for column in self.columns]},
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, source_file: str, shape: str, header_row: int, text: str) -> "ExportFile":
        """The file again, from its row in `raw_pendo_export`."""
        told = json.loads(text)
        columns = tuple(Column(**column) for column in told["columns"])
        return cls(source_file, shape, header_row, columns, told["segment"])


def _told(column: Column) -> dict[str, str]:
    return {name: value for name, value in asdict(column).items() if value is not None}


def understand_file(path: Path, source_file: str) -> ExportFile:
    """Read the header of a wide export and say what each column is.

    Raises ExportRefused for an empty file, bytes that are no table, no client column or two, no
    visitor column or two, or no feature column.
    """
    header = _header(path, source_file)
    columns = [understand(cell) for cell in header]
    for role in ("email", "client_name"):
        same = [n for n, column in enumerate(columns) if column.role == role]
        for n in same[1:]:
            columns[n] = replace(columns[n], role="metadata")
    for role in _ONE_OF_EACH:
        same_role = [column.header for column in columns if column.role == role]
        if len(same_role) > 1:
            raise ExportRefused(
                Problem(
                    source_file,
                    f"the columns {' and '.join(map(repr, same_role))} could both be the "
                    f"{_SAYS[role]}",
                    "rename or delete one of them",
                    row=1,
                )
            )
    found = ", ".join(header[:6]) + (", ..." if len(header) > 6 else "")
    roles = {column.role for column in columns}
    for role in ("client_id", "visitor_id"):
        if role not in roles:
            raise ExportRefused(
                Problem(
                    source_file,
                    f"no {_SAYS[role]} column among {len(header)} columns ({found})",
                    f"expected a header such as {expected_headers(role)}",
                    row=1,
                )
            )
    if "metric" not in roles:
        raise ExportRefused(
            Problem(
                source_file,
                f"no feature column among {len(header)} columns ({found})",
                "expected headers such as 'Clicks for X', 'Page Views for X', "
                "'Time On Page (minutes) for X' or 'Days Active for X'",
                row=1,
            )
        )
    return ExportFile(source_file, WIDE_VISITOR, 1, tuple(columns), segment_named(source_file))


_SAYS = {
    "client_id": "client",
    "visitor_id": "visitor",
    "is_internal": "mark of internal visitors",
    "period": "month",
    "days_active": "days active",
    "minutes": "minutes",
}


def segment_named(source_file: str) -> str | None:
    """The audience that a file name tells (``201401 External Usage.csv``), or None."""
    words = set(re.split(r"[^a-z]+", Path(source_file).name.lower()))
    named = words & {"external", "internal"}
    return named.pop() if len(named) == 1 else None


@contextmanager
def opened(path: Path, compressed: bool) -> Iterator[BinaryIO]:
    """The bytes of an export, decompressed."""
    with path.open("rb") as raw:
        if compressed:
            with gzip.open(raw) as stream:
                yield cast(BinaryIO, stream)
        else:
            yield raw


def is_compressed(source_file: str) -> bool:
    """Whether the name says that the bytes are gzip."""
    return source_file.lower().endswith(".gz")


def _header(path: Path, source_file: str) -> list[str]:
    def refuse(what: str, todo: str, row: int | None = None) -> ExportRefused:
        return ExportRefused(Problem(source_file, what, todo, row=row))

    if path.stat().st_size == 0:
        raise refuse("the file is empty", "export it again")
    try:
        with opened(path, is_compressed(source_file)) as stream:
            start = stream.read(4096)
            if b"\x00" in start:
                raise refuse(
                    "is not a table in UTF-8 text (it holds zero bytes)", "save it as CSV UTF-8"
                )
        with opened(path, is_compressed(source_file)) as stream:
            # Only the header is held to be UTF-8: bytes are decoded in blocks that go beyond it.
            text = io.TextIOWrapper(
                stream, encoding="utf-8-sig", errors="surrogateescape", newline=""
            )
            header = next(csv.reader(text, strict=True), [])
            first = next((row for row in csv.reader(text) if row), None)
    except gzip.BadGzipFile:
        raise refuse("is not a gzip file", "export it again or remove .gz from its name") from None
    except (EOFError, zlib.error):
        raise refuse("is a broken gzip file", "copy it again") from None
    except csv.Error as error:
        raise refuse(f"is not a table ({error})", "save it as CSV UTF-8", row=1) from None
    if any("\ud800" <= character <= "\udfff" for cell in header for character in cell):
        raise refuse("is not a table in UTF-8 text", "save it as CSV UTF-8", row=1)
    if any("\0" in cell for cell in header):
        raise refuse("is not a table (its header holds zero bytes)", "export it again", row=1)
    if not any(cell.strip() for cell in header):
        raise refuse("the first row is blank", "expected the header there", row=1)
    if first is None:
        raise refuse("has a header but no rows", "export it again")
    return header
