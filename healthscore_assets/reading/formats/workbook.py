"""The rows of the sheets of an Excel workbook in batches."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import python_calamine as calamine

from healthscore_assets.reading.formats.batch import (
    LONGEST_OPENING,
    Batch,
    Layout,
    NotTyped,
    Opening,
)
from healthscore_assets.reading.formats.python_cells import (
    batch_of,
    numbers_of,
    text_of,
    whole_as_integer,
)
from healthscore_assets.reading.formats.workbook_parts import (
    Parts,
    Scan,
    Unusable,
    parts_of,
    scan_of,
)
from healthscore_assets.reading.refused import ExportRefused, Problem

_ROWS, _SAMPLE = 4096, 1000

Row = tuple[int, list[Any]]


def openings(path: Path, source_file: str) -> list[Opening]:
    """The first rows of each sheet that holds anything, hidden ones too.

    Rows have the numbers that Excel shows; cells begin with the first column in use. Raises
    ExportRefused for what is not a workbook, is protected, or is empty.
    """
    found = []
    with _opened(path, source_file) as (book, parts):
        for sheet in book.sheets_metadata:
            if sheet.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            rows = islice(_rows(book, sheet.name, scan_of(parts, sheet.name)), LONGEST_OPENING)
            first = tuple((number, tuple(map(text_of, cells))) for number, cells in rows)
            if first:
                found.append(Opening(Layout("xlsx", (), 0, sheet=sheet.name), first))
        if not found:
            raise Unusable("has no sheet with anything in it", "export it again")
    return found


def batches(
    path: Path, source_file: str, layout: Layout, numbers: Sequence[int], texts: Sequence[int]
) -> Iterator[Batch]:
    """Read columns of a sheet below its header, a few thousand rows at a time.

    Rows without any cell are left out, and counted in the numbers of the others. Raises NotTyped
    where a column of ``numbers`` holds anything else.
    """
    wanted = sorted({*numbers, *texts})
    with _opened(path, source_file) as (book, parts):
        rows = _below_header(book, parts, layout)
        while some := list(islice(rows, _ROWS)):
            columns = {n: [cells[n] for _, cells in some] for n in wanted}
            yield batch_of(columns, numbers, [number for number, _ in some])


def text_columns(path: Path, source_file: str, layout: Layout, numbers: Iterable[int]) -> set[int]:
    """Which of the columns hold more than numbers in the first rows."""
    with _opened(path, source_file) as (book, parts):
        first = list(islice(_below_header(book, parts, layout), _SAMPLE))
    return {n for n in numbers if not _is_number(n, [cells[n] for _, cells in first])}


def count(path: Path, source_file: str, layout: Layout) -> int:
    """Rows below the header that hold anything, counted in the XML of the sheet.

    Where a text of the workbook is empty, a row may be blank although it has a cell: those are
    counted by their cells.
    """
    with _opened(path, source_file) as (book, parts):
        scan = scan_of(parts, _sheet_of(layout))
        if parts.has_empty_text:
            return sum(1 for _ in _below_header(book, parts, layout))
        above = islice(_rows(book, _sheet_of(layout), scan), LONGEST_OPENING)
        return scan.rows - sum(1 for number, _ in above if number <= layout.header_row)


def _below_header(book: calamine.CalamineWorkbook, parts: Parts, layout: Layout) -> Iterator[Row]:
    sheet = _sheet_of(layout)
    rows = _rows(book, sheet, scan_of(parts, sheet))
    return (row for row in rows if row[0] > layout.header_row)


def _rows(book: calamine.CalamineWorkbook, sheet: str, scan: Scan) -> Iterator[Row]:
    """The rows that are not blank, with their numbers; errors are text, which calamine drops."""
    cells_of = book.get_sheet_by_name(sheet)
    if cells_of.start is None:
        return
    left = cells_of.start[1]
    errors: dict[int, list[tuple[int, str]]] = {}
    for (row, column), text in scan.errors.items():
        errors.setdefault(row, []).append((column - left, text))
    for index, cells in enumerate(cells_of.iter_rows()):
        for column, text in errors.get(index, ()):
            cells[column] = text
        if any(cell != "" for cell in cells):
            yield index + 1, [whole_as_integer(cell) for cell in cells]


def _sheet_of(layout: Layout) -> str:
    assert layout.sheet is not None, layout
    return layout.sheet


def _is_number(n: int, values: list[Any]) -> bool:
    try:
        numbers_of(n, values)
    except NotTyped:
        return False
    return True


@contextmanager
def _opened(path: Path, source_file: str) -> Iterator[tuple[calamine.CalamineWorkbook, Parts]]:
    try:
        parts = parts_of(path)
        with calamine.CalamineWorkbook.from_path(path) as book:
            yield book, parts
    except Unusable as error:
        raise ExportRefused(Problem(source_file, error.what, error.todo)) from None
    except (calamine.CalamineError, OSError) as error:
        raise ExportRefused(
            Problem(source_file, f"cannot be read as a workbook ({error})", "save it as .xlsx")
        ) from None
