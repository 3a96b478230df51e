"""The rows of a CSV export in batches, read with Arrow: ids as text, metrics typed."""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from io import RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv

from healthscore_assets.reading.formats.batch import (
    NOT_COLLECTED,
    Batch,
    Layout,
    NotTyped,
    name_of,
)
from healthscore_assets.reading.formats.encodings import text_of
from healthscore_assets.reading.refused import ExportRefused, Problem

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLOCK, _SAMPLE = 4 << 20, 256 << 10
_SHOWN = 200
_BLANK, _END = "\x1f", "\x1e"


def batches(
    path: Path,
    source_file: str,
    layout: Layout,
    numbers: Sequence[int],
    texts: Sequence[int],
    prose: Container[int] = (),
) -> Iterator[Batch]:
    """Read columns of a table a few thousand rows at a time; ``texts`` stay as they are.

    Those of ``prose`` may look like rows that a stray quote made one cell. The last batch may be
    without rows. Raises NotTyped where a column of ``numbers`` holds anything else, and
    ExportRefused for bytes that are not the CSV that the header promised.
    """
    rows = _Rows(source_file, layout, prose)
    named = {name_of(n): pa.string() for n in texts} | {name_of(n): pa.float64() for n in numbers}
    try:
        with text_of(path, source_file, layout.encoding) as stream:
            reader = _open(stream, layout, named, rows)
            for batch in reader:
                yield rows.number(pa.Table.from_batches([batch]), texts)
            yield rows.rest()
    except pa.ArrowInvalid as error:
        raise _refusal(source_file, error) from None
    if not rows.ended:
        raise _unpaired(source_file, rows.last)


def text_columns(path: Path, source_file: str, layout: Layout, numbers: Iterable[int]) -> set[int]:
    """Which of the columns hold more than numbers in the first rows of the file."""
    wanted = list(numbers)
    try:
        with text_of(path, source_file, layout.encoding) as stream:
            names = [name_of(n) for n in wanted]
            sample = _open(stream, layout, {}, _Rows(source_file, layout), names, block=_SAMPLE)
            first = sample.read_next_batch()
    except (pa.ArrowInvalid, StopIteration):
        return set()
    return {n for n, field in zip(wanted, first.schema, strict=True) if not _is_number(field.type)}


def count(path: Path, source_file: str, layout: Layout) -> int:
    """Rows below the header, blank lines left out, whatever their cells.

    Where no cell is quoted and no line blank, a row is a line: counting those is quick, and a count
    that shares nothing with the reading of the cells.
    """
    lines, ends_open, plain = 0, False, True
    with text_of(path, source_file, layout.encoding) as stream:
        while plain and (block := stream.read(_BLOCK)):
            lines += block.count(b"\n")
            plain = b'"' not in block and b"\r" not in block and b"\n\n" not in block
            plain = plain and not (block.startswith(b"\n") and not ends_open)
            ends_open = not block.endswith(b"\n")
    if plain:
        return lines + ends_open - layout.header_row
    read = batches(path, source_file, layout, [], [0])
    return sum(batch.cells.num_rows + len(batch.misshapen) for batch in read)


class _Rows:
    """Numbers the rows of a file as they come by."""

    def __init__(self, source_file: str, layout: Layout, prose: Container[int] = ()) -> None:
        self._source_file = source_file
        self._layout = layout
        self._prose = prose
        self._end = _end_of(layout)
        self._skipped: list[tuple[int, str]] = []
        self.last = layout.header_row
        self.ended = False

    def skip(self, row: csv.InvalidRow) -> str:
        """Called by Arrow for every row that has not the cells of the header."""
        if row.text == self._end:
            self.ended = True
        self._skipped.append((row.number, row.text))
        return "skip"

    def number(self, cells: pa.Table, texts: Sequence[int]) -> Batch:
        """The next rows, with their numbers: those that are not among the skipped ones."""
        size = cells.num_rows
        passed = [number for number, _ in self._skipped]
        at = pa.array(range(self.last + 1, self.last + 1 + size + len(passed)), pa.int64())
        if passed:
            at = at.filter(pc.invert(pc.is_in(at, pa.array(passed, pa.int64()))))[:size]
        if size:
            self.last = at[-1].as_py()
        for n in texts:
            if n not in self._prose:
                self._refuse_swallowed(cells[name_of(n)], at)
        return Batch(self._restored(cells, texts), at, self._misshapen(self.last))

    def rest(self) -> Batch:
        """What was skipped after the last row."""
        empty = pa.table({})
        return Batch(empty, pa.array([], pa.int64()), self._misshapen(None))

    def _misshapen(self, before: int | None) -> list[tuple[int, str]]:
        """Rows skipped up to a row; those beyond it belong to a later batch."""
        due = [row for row in self._skipped if before is None or row[0] <= before]
        self._skipped = self._skipped[len(due) :]
        for number, text in due:
            if _END in text and text != self._end:
                raise _unpaired(self._source_file, number)
        return [(n, text[:_SHOWN]) for n, text in due if text not in (self._end, _BLANK)]

    def _refuse_swallowed(self, column: pa.ChunkedArray, at: pa.Array) -> None:
        """A stray quote makes one cell of several rows."""
        breaks = pc.count_substring(column, "\n")
        if pc.any(pc.greater(breaks, 0)).as_py():
            # From the middle of one row to the same place in a later one, every cell between.
            commas = pc.multiply(breaks, len(self._layout.header) - 1)
            whole = pc.equal(pc.count_substring(column, self._layout.delimiter), commas)
            swallowed = pc.and_(pc.greater(breaks, 0), whole)
            found = pc.indices_nonzero(swallowed)
            if len(found):
                raise _unpaired(self._source_file, at[found[0].as_py()].as_py())

    def _restored(self, cells: pa.Table, texts: Sequence[int]) -> pa.Table:
        """Blank lines inside of a cell as they were."""
        for n in texts:
            column = cells[name_of(n)]
            if pc.any(pc.match_substring(column, _BLANK)).as_py():
                restored = pc.replace_substring(column, _BLANK, "")
                at = cells.column_names.index(name_of(n))
                cells = cells.set_column(at, name_of(n), restored)
        return cells


def _open(
    stream: BinaryIO,
    layout: Layout,
    types: dict[str, pa.DataType],
    rows: _Rows,
    columns: list[str] | None = None,
    block: int = _BLOCK,
) -> csv.CSVStreamingReader:
    return csv.open_csv(
        _Marked(stream, block, _end_of(layout)),
        # Rows, unlike `skip_rows`, which counts the lines of a header with line breaks. Rows that
        # are skipped have numbers only where one thread reads.
        csv.ReadOptions(
            column_names=[name_of(n) for n in range(len(layout.header))],
            skip_rows_after_names=layout.header_row,
            block_size=block,
            use_threads=False,
        ),
        csv.ParseOptions(
            delimiter=layout.delimiter, newlines_in_values=True, invalid_row_handler=rows.skip
        ),
        csv.ConvertOptions(
            include_columns=list(types) if columns is None else columns,
            column_types=types,
            null_values=NOT_COLLECTED,
            true_values=[],
            false_values=[],
        ),
    )


def _end_of(layout: Layout) -> str:
    """The last row, which has not the cells of the header."""
    return layout.delimiter.join([_END, _END]) if len(layout.header) == 1 else _END


class _Marked(RawIOBase):
    """The bytes with a row of our own in each blank line, and one at the end.

    Arrow passes over blank lines without counting them, and over a quote that nothing closes.
    """

    def __init__(self, stream: BinaryIO, block: int, end: str) -> None:
        self._stream = stream
        self._closing = end.encode() + b"\n"
        self._block = block
        self._pending = b""
        self._last = b"\n"
        self._end = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        if not self._pending and not self._end:
            self._pending = self._next()
        size = min(len(view), len(self._pending))
        view[:size] = self._pending[:size]
        self._pending = self._pending[size:]
        return size

    def _next(self) -> bytes:
        block = self._stream.read(self._block)
        if not block:
            self._end = True
            return (b"" if self._last.endswith(b"\n") else b"\n") + self._closing
        while block.endswith(b"\r") and (more := self._stream.read(1)):
            block += more
        seen = self._last + block
        marked = _BLANK_LINE.sub(rb"\1" + _BLANK.encode(), seen) if _may_be_blank(seen) else seen
        start = len(self._last)
        self._last = block[-1:]
        return marked[start:]


_BLANK_LINE = re.compile(rb"(\n)(?=\r?\n)|(?<=\r)()(?=\r)")


def _may_be_blank(block: bytes) -> bool:
    return b"\n\n" in block or b"\n\r" in block or b"\r\r" in block


def _is_number(dtype: pa.DataType) -> bool:
    return pa.types.is_integer(dtype) or pa.types.is_floating(dtype) or pa.types.is_null(dtype)


def _refusal(source_file: str, error: pa.ArrowInvalid) -> Exception:
    text = str(error).splitlines()[0]
    column = re.search(r"In CSV column #(\d+): .*CSV conversion error to double", text)
    if column:
        return NotTyped(int(column[1]))
    return ExportRefused(
        Problem(
            source_file,
            f"cannot be read as CSV in UTF-8 ({text})",
            "save it as CSV UTF-8",
        )
    )


def _unpaired(source_file: str, row: int | None = None) -> ExportRefused:
    """A stray quote swallows the rows after it, so the file cannot be used at all."""
    return ExportRefused(
        Problem(source_file, "its quotes do not pair up", "export it again", row=row)
    )
