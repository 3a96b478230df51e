"""The rows of a CSV export, read once with Arrow: ids as text, metrics typed."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc

from healthscore_assets.pendo.export_file import ExportFile, is_compressed, opened
from healthscore_assets.pendo.refused import ExportRefused, Problem

_NOT_COLLECTED = ["", "--", "null", "NULL", "None", "nan", "NaN"]
_BLOCK = 4 << 20
_SHOWN = 200


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
    quoted, has_blank_lines = _traits(path, export)
    table, whole = _read(path, export, wanted, as_text, quoted)
    untyped = [n for n in wanted if not _is_typed(table[name_of(n)].type) and n not in as_text]
    retyped = [n for n in untyped if not pa.types.is_string(table[name_of(n)].type)]
    if retyped:
        # Cells that Arrow took for dates, times or bytes: as they stand in the file.
        again, _ = _read(path, export, retyped, set(retyped), quoted)
        for n in retyped:
            at = table.column_names.index(name_of(n))
            table = table.set_column(at, name_of(n), again[name_of(n)])
    if whole and not has_blank_lines:
        first = export.header_row + 1
        return CsvRows(table, pa.array(range(first, first + table.num_rows), pa.int64()), [])
    numbers, misshapen = _row_numbers(path, export)
    if len(numbers) != table.num_rows:
        raise ExportRefused(
            Problem(export.source_file, "its quotes do not pair up", "export it again")
        )
    return CsvRows(table, pa.array(numbers, pa.int64()), misshapen)


def _is_typed(dtype: pa.DataType) -> bool:
    return pa.types.is_integer(dtype) or pa.types.is_floating(dtype) or pa.types.is_null(dtype)


def _traits(path: Path, export: ExportFile) -> tuple[bool, bool]:
    """Whether any cell is quoted, and whether blank lines stand between the rows."""
    quoted = blank_lines = False
    tail = b""
    with opened(path, is_compressed(export.source_file)) as stream:
        while block := stream.read(_BLOCK):
            quoted = quoted or b'"' in block
            seen = tail + block
            body = seen.rstrip(b"\r\n")
            blank_lines = blank_lines or b"\n\n" in body or b"\n\r\n" in body
            tail = seen[len(body) - 1 :] if body else seen
    return quoted, blank_lines


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
        with opened(path, is_compressed(export.source_file)) as stream:
            table = pc.read_csv(
                stream,
                pc.ReadOptions(column_names=names, skip_rows=export.header_row, block_size=_BLOCK),
                pc.ParseOptions(newlines_in_values=quoted, invalid_row_handler=skip),
                pc.ConvertOptions(
                    include_columns=[name_of(n) for n in wanted],
                    column_types={name_of(n): pa.string() for n in as_text},
                    null_values=_NOT_COLLECTED,
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
    except (EOFError, OSError) as error:
        raise ExportRefused(
            Problem(export.source_file, f"cannot be read ({error})", "copy it again")
        ) from None
    return table, not misshapen


def _row_numbers(path: Path, export: ExportFile) -> tuple[list[int], list[tuple[int, str]]]:
    """Number every row, where blank lines or misshapen rows make counting necessary."""
    numbers, misshapen = [], []
    with opened(path, is_compressed(export.source_file)) as stream:
        rows = csv.reader(io.TextIOWrapper(stream, encoding="utf-8-sig", newline=""))
        for number, row in enumerate(rows, start=1):
            if number <= export.header_row or not row:
                continue
            if len(row) == len(export.columns):
                numbers.append(number)
            else:
                misshapen.append((number, ",".join(row)[:_SHOWN]))
    return numbers, misshapen
