"""The bytes of a delivered text file: unpacked, as UTF-8, and never more than they should be."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from healthscore_assets.pendo.refused import ExportRefused, Problem

if TYPE_CHECKING:
    pass

BLOCK = 4 << 20

_FAR, _TIMES = 100 << 20, 200
"""A file that unpacks to over 100 MB and over 200 times its size is no export: they do by 50."""

_SAMPLE = 4096


def is_compressed(source_file: str) -> bool:
    """Whether the name says that the bytes are gzip."""
    return source_file.lower().endswith(".gz")


class _UnpacksTooFar(OSError):
    """More bytes than a file of its size can hold."""


@contextmanager
def text_of(path: Path, source_file: str, encoding: str) -> Iterator[BinaryIO]:
    """The text of a file as UTF-8 bytes, unpacked.

    Raises ExportRefused where the bytes cannot be read to the end, also while they are being read.
    """
    with _plain(path, source_file) as stream:
        if encoding == "utf-8":
            yield stream
        else:
            yield cast(BinaryIO, _Recoded(stream, encoding))


def encoding_of(path: Path, source_file: str) -> str:
    """UTF-8, UTF-16 or Windows-1252, by a byte order mark, else by what the bytes can be.

    Raises ExportRefused for bytes that are none of them, and for UTF-8 with some bytes that are
    not: read as anything else its letters would come out wrong.
    """
    with _plain(path, source_file) as stream:
        start = stream.read(_SAMPLE)
        for mark, encoding in (
            (codecs.BOM_UTF8, "utf-8"),
            (codecs.BOM_UTF16_LE, "utf-16"),
            (codecs.BOM_UTF16_BE, "utf-16"),
        ):
            if start.startswith(mark) and not start.startswith(codecs.BOM_UTF32_LE):
                if encoding == "utf-8":
                    _check(stream, start, source_file, only_utf8=True)
                return encoding
        if b"\0" in start:
            return _utf16_without_mark(start, source_file)
        return _check(stream, start, source_file, only_utf8=False)


def _utf16_without_mark(start: bytes, source_file: str) -> str:
    """Every other byte of Latin letters in UTF-16 is zero."""
    first, second = start[0::2].count(0), start[1::2].count(0)
    most = len(start) // 4
    if second > most and not first:
        return "utf-16-le"
    if first > most and not second:
        return "utf-16-be"
    raise ExportRefused(
        Problem(
            source_file,
            "is not a table in text (it holds zero bytes)",
            "save it as CSV UTF-8",
        )
    )


def _check(stream: BinaryIO, start: bytes, source_file: str, *, only_utf8: bool) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    block, seen, letters = start, 0, False
    while block:
        try:
            if not block.isascii() or decoder.getstate()[0]:
                decoder.decode(block)
                letters = True
        except UnicodeDecodeError as error:
            at = seen + max(error.start, 0)
            before = len(error.object[: error.start].decode("utf-8", "ignore")) < error.start
            if letters or before or only_utf8:
                raise _mixed(source_file, at) from None
            return _windows_1252(stream, block, source_file)
        seen += len(block)
        block = stream.read(BLOCK)
    if decoder.getstate()[0]:
        if letters or only_utf8:
            raise _mixed(source_file, seen)
        return "cp1252"
    return "utf-8"


def _windows_1252(stream: BinaryIO, block: bytes, source_file: str) -> str:
    while block:
        try:
            block.decode("cp1252")
        except UnicodeDecodeError:
            raise ExportRefused(
                Problem(
                    source_file,
                    "is not a table in UTF-8, UTF-16 or Windows-1252 text",
                    "save it as CSV UTF-8",
                )
            ) from None
        block = stream.read(BLOCK)
    return "cp1252"


def _mixed(source_file: str, byte: int) -> ExportRefused:
    return ExportRefused(
        Problem(
            source_file,
            f"is UTF-8 text but for byte {byte + 1:,}, which is not",
            "export it again or save it as CSV UTF-8",
        )
    )


@contextmanager
def _plain(path: Path, source_file: str) -> Iterator[BinaryIO]:
    compressed = is_compressed(source_file)

    def refuse(what: str, todo: str) -> ExportRefused:
        return ExportRefused(Problem(source_file, what, todo))

    try:
        with path.open("rb") as raw:
            if compressed:
                with gzip.open(raw) as stream:
                    most = max(_FAR, _TIMES * path.stat().st_size)
                    yield cast(BinaryIO, _Bounded(cast(BinaryIO, stream), most))
            else:
                yield raw
    except _UnpacksTooFar:
        raise refuse(
            f"unpacks to over {_TIMES} times its size", "no export does: check where it comes from"
        ) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        if str(error).startswith("Not a gzipped file"):
            raise refuse(
                "is not a gzip file", "export it again or drop .gz from its name"
            ) from None
        raise refuse("is a broken gzip file", "copy it again") from None
    except UnicodeDecodeError as error:
        raise refuse(f"is not {error.encoding} text to its end", "save it as CSV UTF-8") from None
    except OSError as error:
        raise refuse(f"cannot be read ({error.strerror or error})", "copy it again") from None


class _Bounded(RawIOBase):
    """A stream that gives no more than it may."""

    def __init__(self, stream: BinaryIO, most: int) -> None:
        self._stream, self._left = stream, most

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(BLOCK if size < 0 else size)
        self._left -= len(block)
        if self._left < 0:
            raise _UnpacksTooFar
        return block


class _Recoded(RawIOBase):
    """Text of another encoding as UTF-8."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._ended = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """About as many bytes as asked for, a few more where letters take more than one."""
        while not self._ended:
            block = self._stream.read(BLOCK if size < 0 else size)
            self._ended = not block
            text = self._decoder.decode(block, final=self._ended)
            if text:
                return text.encode()
        return b""
