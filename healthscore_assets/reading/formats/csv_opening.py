"""How a text file is written, and the first rows of it under each delimiter it may have."""

import csv
import io
import sys
from pathlib import Path
from typing import BinaryIO

from healthscore_assets.reading.formats.batch import LONGEST_OPENING, MOST_COLUMNS, Layout, Opening
from healthscore_assets.reading.formats.encodings import encoding_of, text_of
from healthscore_assets.reading.refused import ExportRefused, Problem

DELIMITERS = (",", ";", "\t")

_HEAD = 4 << 20
"""Bytes in which the header has to be: 16,384 columns of 250 letters."""

csv.field_size_limit(sys.maxsize)  # the default refuses cells that Arrow reads


def openings(path: Path, source_file: str) -> list[Opening]:
    """The first rows read with each delimiter: alternatives, one of which is the table.

    Raises ExportRefused for an empty file and for bytes that are no text.
    """
    if path.stat().st_size == 0:
        raise ExportRefused(Problem(source_file, "the file is empty", "export it again"))
    encoding = encoding_of(path, source_file)
    with text_of(path, source_file, encoding) as stream:
        head = _read(stream, _HEAD).decode("utf-8-sig", "ignore")
    if not head.strip():
        raise ExportRefused(Problem(source_file, "holds blank lines only", "export it again"))
    read = {delimiter: _rows(head, delimiter, source_file) for delimiter in DELIMITERS}
    found = [
        Opening(
            Layout(
                "csv",
                (),
                0,
                encoding=encoding,
                delimiter=delimiter,
            ),
            rows,
        )
        for delimiter, rows in read.items()
        if rows
    ]
    in_columns = any(len(cells) > 1 for rows in read.values() for _, cells in rows)
    if not in_columns and not all(read.values()):
        raise ExportRefused(
            Problem(
                source_file,
                "is not a table (its quotes do not pair up)",
                "save it as CSV UTF-8",
                row=1,
            )
        )
    return found


def _read(stream: BinaryIO, size: int) -> bytes:
    blocks: list[bytes] = []
    while size > 0 and (block := stream.read(min(size, 64 << 10))):
        blocks.append(block)
        size -= len(block)
    return b"".join(blocks)


def _rows(head: str, delimiter: str, source_file: str) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """The rows that are not blank; fewer where the quotes go wrong."""
    rows = []
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, cells in enumerate(reader, start=1):
            if number > LONGEST_OPENING:
                break
            if len(cells) > MOST_COLUMNS:
                raise ExportRefused(
                    Problem(
                        source_file,
                        f"has over {MOST_COLUMNS:,} columns",
                        "export fewer features at a time",
                        row=number,
                    )
                )
            if any(cell.strip() for cell in cells):
                rows.append((number, tuple(cells)))
    except csv.Error:
        pass  # what is above the stray quote may be a header; the rows are refused when read
    return tuple(rows)
