"""Columns of text as codes: what is true of a text is worked out once, not once a row."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def coded(column: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    """Texts as codes. Each text of the dictionary is of some row, in the order of the rows."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if not pa.types.is_dictionary(column.type):
        return column.dictionary_encode()
    return _compact(column)


def _compact(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """Without texts that no row has, which a file's own dictionary may hold."""
    indices, size = column.indices, len(column.dictionary)
    used = pc.unique(indices).drop_null()
    if len(used) == size and used.equals(pa.array(np.arange(size), used.type)):
        return column
    places = np.zeros(max(size, 1), np.int32)
    places[used.to_numpy()] = np.arange(len(used), dtype=np.int32)
    codes = pa.array(places).take(indices)
    return pa.DictionaryArray.from_arrays(codes, column.dictionary.take(used))


def each_text(
    column: pa.Array | pa.ChunkedArray, of: Callable[[pa.ChunkedArray], pa.ChunkedArray]
) -> pa.ChunkedArray:
    """What ``of`` makes of each cell, worked out once for each text where texts are codes."""
    if not pa.types.is_dictionary(column.type):
        return of(column)
    codes = coded(column)
    told = of(pa.chunked_array([codes.dictionary])).combine_chunks()
    return pa.chunked_array([told.take(codes.indices)])


def each_once(column: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    """The texts of a column, those that repeat once where they are codes."""
    if pa.types.is_dictionary(column.type):
        return pa.chunked_array([coded(column).dictionary])
    return column


def plain(cells: pa.Table) -> pa.Table:
    """Columns of codes as the texts that they stand for."""
    schema = pa.schema([(field.name, _decoded(field.type)) for field in cells.schema])
    return cells if schema == cells.schema else cells.cast(schema)


def _decoded(dtype: pa.DataType) -> pa.DataType:
    return dtype.value_type if pa.types.is_dictionary(dtype) else dtype
