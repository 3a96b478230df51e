"""The rows of a CSV export, read once with Arrow: ids as text, metrics typed."""

import csv
import io
import itertools
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pc

from healthscore_assets.pendo.export_file import ExportFile, is_compressed, opened
from healthscore_assets.pendo.refused import ExportRefused, Problem

NOT_COLLECTED = ["", "--", "null", "NULL", "None", "nan", "NaN"]
"""Metric cells that say nothing was collected."""

_BLOCK = 4 << 20
_SHOWN = 200
_END = "\x1e"


@dataclass(frozen=True)
class CsvRows:
    """The cells of some columns of a file, and the rows that have no such columns.

    ``cells`` has a column ``c<n>`` per column read, n counted from 0; ``source_row`` numbers its
    rows as the file does, the first row being 1; ``misshapen`` are the rows with more or fewer
    cells than the header: their number and the start of their text.
    """

    cells: pa.Table
    source_row: pa.Array
    misshapen: list[tuple[int, str]]


def name_of(index: int) -> str:
    """The name under which a column is read: headers repeat, positions do not."""
    return f"c{index}"


def read_rows(
    path: Path, export: ExportFile, columns: Iterable[int], text: Iterable[int]
) -> CsvRows:
    """Read columns of an export; those in ``text`` stay as they are, the others are typed.

    A column whose cells are not all numbers comes back as text.
    Raises ExportRefused for bytes that are not the UTF-8 CSV that the header promised.
    """
    wanted, as_text = list(columns), set(text)
    quoted, must_count = _traits(path, export)
    table, whole = _read(path, export, wanted, as_text, quoted)
    untyped = [n for n in wanted if not _is_typed(table[name_of(n)].type) and n not in as_text]
    retyped = [n for n in untyped if not pa.types.is_string(table[name_of(n)].type)]
    if retyped:
        # Cells that Arrow took for dates, times or bytes: as they stand in the file.
        again, _ = _read(path, export, retyped, set(retyped), quoted)
        for n in retyped:
            at = table.column_names.index(name_of(n))
            table = table.set_column(at, name_of(n), again[name_of(n)])
    if whole and not must_count:
        first = export.header_row + 1
        return CsvRows(table, pa.array(range(first, first + table.num_rows), pa.int64()), [])
    numbers, misshapen = _row_numbers(path, export)
    if len(numbers) != table.num_rows:
        raise _unpaired(export)
    return CsvRows(table, pa.array(numbers, pa.int64()), misshapen)


def _unpaired(export: ExportFile, row: int | None = None) -> ExportRefused:
    """A stray quote swallows the rows after it, so the file cannot be used at all."""
    return ExportRefused(
        Problem(export.source_file, "its quotes do not pair up", "export it again", row=row)
    )


@contextmanager
def _bytes_of(path: Path, export: ExportFile) -> Iterator[BinaryIO]:
    """The decompressed bytes; raises ExportRefused where they cannot be read to the end."""
    try:
        with opened(path, is_compressed(export.source_file)) as stream:
            yield stream
    except (EOFError, OSError, zlib.error) as error:
        raise ExportRefused(
            Problem(export.source_file, f"cannot be read ({error})", "copy it again")
        ) from None


def count_rows(path: Path, export: ExportFile) -> int:
    """Rows below the header, blank lines left out, whatever their cells.

    Where no cell is quoted and no line blank, a row is a line: counting those is quick, and a count
    that shares nothing with the reading of the cells.
    """
    lines, ends_open, plain = 0, False, True
    with _bytes_of(path, export) as stream:
        while plain and (block := stream.read(_BLOCK)):
            lines += block.count(b"\n")
            ends_open = not block.endswith(b"\n")
            plain = b'"' not in block and b"\r" not in block and b"\n\n" not in block
            plain = plain and not block.startswith(b"\n")
    if plain:
        return lines + ends_open - export.header_row
    anchor = export.index("client_id")
    assert anchor is not None, export
    read = read_rows(path, export, [anchor], [anchor])
    return int(read.cells.num_rows) + len(read.misshapen)


def _is_typed(dtype: pa.DataType) -> bool:
    return pa.types.is_integer(dtype) or pa.types.is_floating(dtype) or pa.types.is_null(dtype)


def _traits(path: Path, export: ExportFile) -> tuple[bool, bool]:
    """Whether any cell is quoted, and whether rows must be counted one by one.

    They must where blank lines stand between them, or where a quote may be without its pair.
    """
    blank_lines, quotes = False, 0
    tail = b""
    with _bytes_of(path, export) as stream:
        while block := stream.read(_BLOCK):
            quotes += block.count(b'"')
            seen = tail + block
            body = seen.rstrip(b"\r\n")
            ends = (b"\n\n", b"\n\r", b"\r\r") if b"\r" in body else (b"\n\n",)
            blank_lines = blank_lines or any(end in body for end in ends)
            tail = seen[len(body) - 1 :] if body else seen
    return quotes > 0, blank_lines or quotes % 2 == 1


def _read(
    path: Path, export: ExportFile, wanted: list[int], as_text: set[int], quoted: bool
) -> tuple[pa.Table, bool]:
    misshapen = False

    def skip(_: pc.InvalidRow) -> str:
        nonlocal misshapen
        misshapen = True
        return "skip"

    names = [name_of(n) for n in range(len(export.columns))]
    try:
        with _bytes_of(path, export) as stream:
            table = pc.read_csv(
                stream,
                # Rows, unlike `skip_rows`, which counts the lines of a header with line breaks.
                pc.ReadOptions(
                    column_names=names,
                    skip_rows_after_names=export.header_row,
                    block_size=_BLOCK,
                ),
                pc.ParseOptions(newlines_in_values=quoted, invalid_row_handler=skip),
                pc.ConvertOptions(
                    include_columns=[name_of(n) for n in wanted],
                    column_types={name_of(n): pa.string() for n in as_text},
                    null_values=NOT_COLLECTED,
                    true_values=[],
                    false_values=[],
                ),
            )
    except pa.ArrowInvalid as error:
        raise ExportRefused(
            Problem(
                export.source_file,
                f"cannot be read as CSV in UTF-8 ({str(error).splitlines()[0]})",
                "save it as CSV UTF-8",
            )
        ) from None
    return table, not misshapen


def _row_numbers(path: Path, export: ExportFile) -> tuple[list[int], list[tuple[int, str]]]:
    """Number every row, where blank lines or misshapen rows make counting necessary.

    Raises ExportRefused where a stray quote makes one row of several.
    """
    numbers: list[int] = []
    misshapen: list[tuple[int, str]] = []
    with _bytes_of(path, export) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
        # A last line of our own is a row of its own, unless a quote before it is still open.
        rows = csv.reader(itertools.chain(text, ["\n", _END]))
        for number, row in enumerate(rows, start=1):
            if number <= export.header_row or not row:
                continue
            if len(row) == len(export.columns):
                numbers.append(number)
            elif any(_swallows_rows(cell, len(export.columns)) for cell in row):
                raise _unpaired(export, number)
            else:
                misshapen.append((number, ",".join(row)[:_SHOWN]))
    if not misshapen or misshapen.pop()[1] != _END:
        raise _unpaired(export, numbers[-1] if numbers else None)
    return numbers, misshapen


def _swallows_rows(cell: str, columns: int) -> bool:
    return ("\n" in cell or "\r" in cell) and cell.count(",") >= columns - 1
