"""The blocks of an Avro container file, each checked before it is unpacked."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

_MAGIC, _SYNC = b"Obj\x01", 16
_LARGEST_HEADER, _LARGEST_BLOCK = 16 << 20, 256 << 20


class Corrupt(Exception):
    """Where a file is not the container that its header promises, and why."""


@dataclass(frozen=True)
class Header:
    """The schema as JSON, the codec, the marker after each block, and where the blocks begin."""

    schema: bytes
    codec: str
    sync: bytes
    end: int


@dataclass(frozen=True)
class Block:
    """So many records, packed."""

    records: int
    packed: bytes


def header_of(stream: BinaryIO) -> Header:
    """Read the header of a file; raises Corrupt."""
    if stream.read(len(_MAGIC)) != _MAGIC:
        raise Corrupt("does not begin as an Avro file")
    entries: dict[bytes, bytes] = {}
    while entry_count := _long(stream):
        if entry_count < 0:
            _long(stream)  # The size of the entries in bytes, for those who skip them.
        for _ in range(abs(entry_count)):
            key = _sized(stream, _LARGEST_HEADER)
            entries[key] = _sized(stream, _LARGEST_HEADER)
            if stream.tell() > _LARGEST_HEADER:
                raise Corrupt("its header is too large")
    sync = _exactly(stream, _SYNC)
    codec = entries.get(b"avro.codec", b"null").decode(errors="replace")
    return Header(entries.get(b"avro.schema", b""), codec, sync, stream.tell())


def blocks(path: Path, header: Header) -> Iterator[Block]:
    """The blocks of a file in order; raises Corrupt."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(header.end)
        while stream.tell() < size:
            records = _long(stream)
            packed = _sized(stream, min(size - stream.tell(), _LARGEST_BLOCK))
            if records < 0 or _exactly(stream, _SYNC) != header.sync:
                raise Corrupt(f"its block before byte {stream.tell()} is damaged")
            yield Block(records, packed)


def unpacked(block: Block, codec: str) -> bytes:
    """The bytes of the records of a block; raises Corrupt, also for a codec not known."""
    try:
        data = _UNPACK[codec](block.packed)
    except KeyError:
        known = ", ".join(_UNPACK)
        raise Corrupt(f"is compressed with {codec[:40]!r}, and only {known} are known") from None
    except (zlib.error, pa.ArrowInvalid, OSError) as error:
        raise Corrupt(f"a block cannot be unpacked ({str(error).splitlines()[0]})") from None
    if block.records > len(data):
        raise Corrupt(f"a block of {len(data)} bytes says that it holds {block.records} records")
    return data


def _deflate(packed: bytes) -> bytes:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    data = stream.decompress(packed, _LARGEST_BLOCK)
    if stream.unconsumed_tail:
        raise _too_large()
    if not stream.eof:
        raise Corrupt("a block ends before it should")
    return data


def _snappy(packed: bytes) -> bytes:
    """Bytes that begin with their unpacked size, and the checksum of them after it."""
    data, checksum = packed[:-4], packed[-4:]
    size = 0
    for n, byte in enumerate(data[:5]):
        size |= (byte & 0x7F) << 7 * n
        if byte < 0x80:
            break
    if size > _LARGEST_BLOCK:
        raise _too_large()
    plain = pa.decompress(data, decompressed_size=size, codec="snappy", asbytes=True)
    if zlib.crc32(plain).to_bytes(4, "big") != checksum:
        raise Corrupt("a block has not the checksum that it should")
    return plain


def _zstandard(packed: bytes) -> bytes:
    with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as stream:
        data: bytes = stream.read(_LARGEST_BLOCK + 1)
    if len(data) > _LARGEST_BLOCK:
        raise _too_large()
    return data


_UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "null": bytes,
    "deflate": _deflate,
    "snappy": _snappy,
    "zstandard": _zstandard,
}


def _too_large() -> Corrupt:
    return Corrupt(f"a block unpacks to more than {_LARGEST_BLOCK >> 20} MB")


def _long(stream: BinaryIO) -> int:
    """Avro's whole number: seven bits a byte, the sign in the lowest."""
    number = 0
    for n in range(10):
        byte = _exactly(stream, 1)[0]
        number |= (byte & 0x7F) << 7 * n
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1)
    raise Corrupt(f"has no number where one should be, before byte {stream.tell()}")


def _sized(stream: BinaryIO, most: int) -> bytes:
    size = _long(stream)
    if not 0 <= size <= most:
        raise Corrupt(f"says that {size} bytes follow byte {stream.tell()}, which cannot be")
    return _exactly(stream, size)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise Corrupt(f"ends at byte {stream.tell()}, in the middle")
    return data
