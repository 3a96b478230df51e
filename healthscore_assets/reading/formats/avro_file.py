"""The rows of an Avro file in batches, typed as its schema says."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import DecimalException
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
from fastavro.types import Schema

from healthscore_assets.reading.formats.avro_blocks import (
    Corrupt,
    Header,
    blocks,
    header_of,
    unpacked,
)
from healthscore_assets.reading.formats.avro_schema import AvroSchema, Unusable, schema_of
from healthscore_assets.reading.formats.batch import MOST_COLUMNS, Batch, Layout, Opening
from healthscore_assets.reading.formats.python_cells import batch_of
from healthscore_assets.reading.refused import ExportRefused, Problem

_ROWS, _BYTES = 4096, 32 << 20
_UNDECODABLE = (
    DecimalException,
    EOFError,
    IndexError,  # a branch of a union that it has not
    OverflowError,  # a date after the year 9999
    ValueError,  # among them text that is not UTF-8
    struct.error,
)


def openings(path: Path, source_file: str) -> list[Opening]:
    """The names of the fields; raises ExportRefused for bytes that are not Avro."""
    with _refusing(source_file):
        _, schema = _start(path)
    return [Opening(Layout("avro", (), 0), ((0, schema.names),))]


def batches(
    path: Path, source_file: str, layout: Layout, numbers: Sequence[int], texts: Sequence[int]
) -> Iterator[Batch]:
    """Read columns a few thousand rows at a time.

    Raises NotTyped where a column of ``numbers`` holds anything else, and ExportRefused for bytes
    that cannot be read to the end.
    """
    del layout
    wanted = sorted({*numbers, *texts})
    with _refusing(source_file):
        header, schema = _start(path)
        names = {n: schema.names[n] for n in wanted}
        first = 1
        for records in _in_batches(path, header, schema):
            columns = {n: [record[name] for record in records] for n, name in names.items()}
            yield batch_of(columns, numbers, range(first, first + len(records)))
            first += len(records)


def records(
    path: Path, source_file: str, fields: Sequence[str]
) -> Iterator[tuple[int, dict[str, list[Any]]]]:
    """Some fields of all records, a few thousand at a time, with the number of the first.

    Fields that the schema has not are left out.
    Raises ExportRefused for bytes that cannot be read to the end.
    """
    with _refusing(source_file):
        header, schema = _start(path)
        names = [name for name in fields if name in schema.names]
        first = 1
        for batch in _in_batches(path, header, schema, schema.of_fields(names)):
            yield first, {name: [record[name] for record in batch] for name in names}
            first += len(batch)


def text_columns(path: Path, source_file: str, layout: Layout, numbers: Iterable[int]) -> set[int]:
    """Which of the columns hold more than numbers, by the schema."""
    del layout
    with _refusing(source_file):
        _, schema = _start(path)
        return {n for n in numbers if not schema.numeric[n]}


def count(path: Path, source_file: str, layout: Layout) -> int:
    """Rows, as the blocks say of themselves."""
    del layout
    with _refusing(source_file):
        header, _ = _start(path)
        return sum(block.records for block in blocks(path, header))


def _start(path: Path) -> tuple[Header, AvroSchema]:
    with path.open("rb") as stream:
        header = header_of(stream)
    schema = schema_of(header.schema)
    if len(schema.names) > MOST_COLUMNS:
        raise Unusable(f"it has {len(schema.names)} columns, more than {MOST_COLUMNS}")
    return header, schema


def _in_batches(
    path: Path, header: Header, schema: AvroSchema, wanted: Schema | None = None
) -> Iterator[list[dict[str, Any]]]:
    waiting: list[dict[str, Any]] = []
    size = 0
    for block in blocks(path, header):
        data = unpacked(block, header.codec)
        size += len(data)
        for record in _records(data, block.records, schema, wanted):
            waiting.append(record)
            if len(waiting) == _ROWS:
                yield waiting
                waiting, size = [], 0
        if size > _BYTES:
            yield waiting
            waiting, size = [], 0
    if waiting:
        yield waiting


def _records(
    data: bytes, records: int, schema: AvroSchema, wanted: Schema | None
) -> Iterator[dict[str, Any]]:
    stream = BytesIO(data)
    for _ in range(records):
        try:
            record = fastavro.schemaless_reader(stream, schema.parsed, wanted)
        except _UNDECODABLE as error:
            reason = f"{type(error).__name__} {error}".strip()
            raise Corrupt(f"a record is not as the schema says ({reason})") from None
        assert isinstance(record, dict), record
        yield record
    if stream.read(1):
        raise Corrupt("a block holds more than its records")


@contextmanager
def _refusing(source_file: str) -> Iterator[None]:
    try:
        yield
    except (Corrupt, Unusable, OSError, UnicodeDecodeError) as error:
        raise ExportRefused(
            Problem(source_file, f"cannot be read as Avro: {error}", "export it again")
        ) from None
