"""The rows of a Parquet file in batches, typed as the file says."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from healthscore_assets.reading.formats.batch import (
    MOST_COLUMNS,
    NOT_COLLECTED,
    Batch,
    Layout,
    NotTyped,
    Opening,
    name_of,
)
from healthscore_assets.reading.formats.coded import coded
from healthscore_assets.reading.formats.python_cells import text_of
from healthscore_assets.reading.refused import ExportRefused, Problem

_ROWS = 8192
_ROWS_OF_CODES, _BYTES_OF_CODES = 1 << 18, 64 << 20
"""Codes are small, and what is true of a text is worked out once for all rows of a batch."""


def openings(path: Path, source_file: str) -> list[Opening]:
    """The names of the columns; raises ExportRefused for bytes that are not Parquet."""
    with _opened(path, source_file) as file:
        names = tuple(file.schema_arrow.names)
        return [Opening(Layout("parquet", (), 0), ((0, names),))]


def batches(
    path: Path,
    source_file: str,
    layout: Layout,
    numbers: Sequence[int],
    texts: Sequence[int],
    as_codes: bool = False,
) -> Iterator[Batch]:
    """Read columns a few thousand rows at a time, or more where texts are codes, and no others.

    Raises NotTyped where a column of ``numbers`` holds anything else, and ExportRefused for bytes
    that cannot be read.
    """
    wanted, typed = sorted({*numbers, *texts}), set(numbers)
    with _opened(path, source_file, as_codes=as_codes) as file:
        groups, before = _piece(file, layout)
        first = before + 1
        for columns in _columns(file, wanted, groups, as_codes=as_codes):
            cells: dict[str, pa.Array] = {}
            size = len(columns[0])
            for n, column in zip(wanted, columns, strict=True):
                try:
                    if n in typed:
                        cells[name_of(n)] = _numbers(n, _plain(column))
                    else:
                        cells[name_of(n)] = _codes(column) if as_codes else _texts(_plain(column))
                except (UnicodeDecodeError, pa.ArrowInvalid) as error:
                    raise _unreadable_column(source_file, layout, n, error) from None
            rows = pa.array(np.arange(first, first + size), pa.int64())
            first += size
            yield Batch(pa.table(cells), rows, [])


def text_columns(path: Path, source_file: str, layout: Layout, numbers: Iterable[int]) -> set[int]:
    """Which of the columns hold more than numbers, by their type."""
    del layout
    with _opened(path, source_file) as file:
        types = file.schema_arrow.types
        return {n for n in numbers if not _is_number(_value_type(types[n]))}


def count(path: Path, source_file: str, layout: Layout) -> int:
    """Rows, as the file's metadata has them."""
    del layout
    with _opened(path, source_file) as file:
        return int(file.metadata.num_rows)


def _piece(file: pq.ParquetFile, layout: Layout) -> tuple[list[int], int]:
    """The row groups that begin in the piece, and the rows before them."""
    number, pieces = layout.piece
    sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    starts = list(accumulate(sizes, initial=0))
    total = starts[-1] or 1
    found = [n for n, start in enumerate(starts[:-1]) if start * pieces // total == number]
    return found, starts[found[0]] if found else 0


def _columns(
    file: pq.ParquetFile, wanted: Sequence[int], groups: Sequence[int], *, as_codes: bool
) -> Iterator[list[pa.Array]]:
    """Consecutive rows; those of several row groups together where texts are codes."""
    if not as_codes:
        yield from (batch.columns for batch in _record_batches(file, wanted, groups, _ROWS))
        return
    held: list[pa.RecordBatch] = []
    rows = _rows_of_codes(file)
    for batch in _record_batches(file, wanted, groups, rows):
        if held and sum(map(len, held)) + len(batch) > rows:
            yield _together(held)
            held = []
        held.append(batch)
    if held:
        yield _together(held)


def _rows_of_codes(file: pq.ParquetFile) -> int:
    """Fewer where rows are long, so that they fit into memory as texts, too."""
    groups = [file.metadata.row_group(n) for n in range(file.num_row_groups)]
    longest = max((g.total_byte_size / g.num_rows for g in groups if g.num_rows), default=1)
    return int(min(max(_BYTES_OF_CODES / longest, _ROWS), _ROWS_OF_CODES))


def _together(batches: Sequence[pa.RecordBatch]) -> list[pa.Array]:
    return [
        column.unify_dictionaries().combine_chunks()
        if pa.types.is_dictionary(column.type)
        else column.combine_chunks()
        for column in pa.Table.from_batches(batches).columns
    ]


def _record_batches(
    file: pq.ParquetFile, wanted: Sequence[int], groups: Sequence[int], rows: int
) -> Iterator[pa.RecordBatch]:
    # By position: names repeat, and a name with a dot means a nested column to `columns=`.
    ends, leaves = 0, []
    for field in file.schema_arrow:
        start, ends = ends, ends + _leaves(field.type)
        leaves.append(range(start, ends))
    yield from file.reader.iter_batches(
        batch_size=rows,
        row_groups=list(groups),
        column_indices=[leaf for n in wanted for leaf in leaves[n]],
        use_threads=False,
    )


def _leaves(dtype: pa.DataType) -> int:
    """Columns as Parquet stores them: a nested one is several."""
    if isinstance(dtype, pa.ExtensionType):
        dtype = dtype.storage_type
    return sum(_leaves(dtype.field(n).type) for n in range(dtype.num_fields)) or 1


def _value_type(dtype: pa.DataType) -> pa.DataType:
    return dtype.value_type if pa.types.is_dictionary(dtype) else dtype


def _is_number(dtype: pa.DataType) -> bool:
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_null)
    return any(is_kind(dtype) for is_kind in kinds)


def _is_text(dtype: pa.DataType) -> bool:
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(is_kind(dtype) for is_kind in kinds)


def _is_binary(dtype: pa.DataType) -> bool:
    kinds = (
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_binary_view,
        pa.types.is_fixed_size_binary,
    )
    return any(is_kind(dtype) for is_kind in kinds)


def _plain(column: pa.Array) -> pa.Array:
    """A column without dictionary and extension type."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _numbers(n: int, column: pa.Array) -> pa.Array:
    """Doubles with null where nothing was collected; a rounded one would not be exact."""
    if _is_text(column.type):
        blank = pc.is_in(column.cast(pa.string()), pa.array(NOT_COLLECTED))
        if not pc.all(pc.or_kleene(blank, column.is_null())).as_py():
            raise NotTyped(n)
        return pa.nulls(len(column), pa.float64())
    if not _is_number(column.type):
        raise NotTyped(n)
    try:
        values = column.cast(pa.float64())
    except pa.ArrowInvalid:
        raise NotTyped(n) from None
    if pc.any(pc.is_inf(values)).as_py():
        raise NotTyped(n)
    return pc.if_else(pc.is_nan(values), None, values)


def _texts(column: pa.Array) -> pa.Array:
    """Text without nulls: times in ISO 8601, what is nested as compact JSON."""
    dtype = column.type
    if _is_text(dtype) or _is_binary(dtype):
        if pa.types.is_fixed_size_binary(dtype):
            column = column.cast(pa.binary())
        text = column.cast(pa.string())
        text.validate(full=True)  # Parquet does not see to it that text is UTF-8.
    elif pa.types.is_timestamp(dtype):
        coded = column.dictionary_encode()  # hours and days repeat, and are slow to write
        text = _iso(coded.dictionary).take(coded.indices)
    elif pa.types.is_date64(dtype):
        text = column.cast(pa.date32()).cast(pa.string())
    elif _is_castable(dtype):
        text = column.cast(pa.string())
    else:
        text = _one_by_one(column)
    return text.fill_null("")


def _codes(column: pa.Array) -> pa.DictionaryArray:
    """The same as codes: texts are looked at once, whatever their rows."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if not (pa.types.is_dictionary(column.type) or _is_codable(column.type)):
        return coded(_texts(column))
    codes = coded(column)
    indices, texts = codes.indices, _texts(codes.dictionary)
    if indices.null_count:
        indices = indices.cast(pa.int32()).fill_null(len(texts))
        texts = pa.concat_arrays([texts, pa.array([""])])
    return pa.DictionaryArray.from_arrays(indices, texts)


def _is_codable(dtype: pa.DataType) -> bool:
    kinds = (
        pa.types.is_string,
        pa.types.is_binary,
        pa.types.is_integer,
        pa.types.is_timestamp,
        pa.types.is_date32,
    )
    return any(is_kind(dtype) for is_kind in kinds)


def _is_castable(dtype: pa.DataType) -> bool:
    kinds = (pa.types.is_integer, pa.types.is_boolean, pa.types.is_date, pa.types.is_decimal)
    return any(is_kind(dtype) for is_kind in kinds) or pa.types.is_null(dtype)


def _iso(column: pa.Array) -> pa.Array:
    """``2024-05-01T09:30:00`` and, where the column has a time zone, ``+00:00`` after it."""
    zoned = column.type.tz is not None
    text = pc.strftime(column, "%Y-%m-%dT%H:%M:%S" + ("%z" if zoned else ""))
    text = pc.replace_substring_regex(text, r"(\.\d*[1-9])0+\b|\.0+\b", r"\1")
    return pc.replace_substring_regex(text, r"([+-]\d\d)(\d\d)$", r"\1:\2") if zoned else text


def _one_by_one(column: pa.Array) -> pa.Array:
    """Each value once where Arrow can tell that it is the same: Arrow writes 4.0 as ``4``."""
    if column.type.num_fields:
        return pa.array([_or_null(value) for value in column.to_pylist()], pa.string())
    coded = column.dictionary_encode()
    texts = pa.array([_or_null(value) for value in coded.dictionary.to_pylist()], pa.string())
    return texts.take(coded.indices)


def _or_null(value: Any) -> str | None:
    return None if value is None else text_of(value)


@contextmanager
def _opened(path: Path, source_file: str, *, as_codes: bool = False) -> Iterator[pq.ParquetFile]:
    try:
        told = pq.read_metadata(path) if as_codes else None
        names = [] if told is None else _texts_in(told)
        with pq.ParquetFile(path, metadata=told, read_dictionary=names) as file:
            if file.metadata.num_columns > MOST_COLUMNS:
                raise ExportRefused(
                    Problem(
                        source_file,
                        f"has {file.metadata.num_columns} columns, more than {MOST_COLUMNS}",
                        "export the columns that are needed",
                    )
                )
            yield file
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ExportRefused(
            Problem(source_file, f"cannot be read as Parquet ({reason})", "export it again")
        ) from None


def _texts_in(file: pq.FileMetaData) -> list[str]:
    """The columns of text that Parquet can give as codes: those that are not nested."""
    columns = [file.schema.column(n) for n in range(file.num_columns)]
    return [
        column.path
        for column in columns
        if column.physical_type == "BYTE_ARRAY" and column.path == column.name
    ]


def _unreadable_column(
    source_file: str, layout: Layout, n: int, error: UnicodeDecodeError | pa.ArrowInvalid
) -> ExportRefused:
    return ExportRefused(
        Problem(
            source_file,
            f"holds what is not text in UTF-8 ({str(error).splitlines()[0]})",
            "export the column as text",
            column=layout.header[n] if n < len(layout.header) else name_of(n),
        )
    )
