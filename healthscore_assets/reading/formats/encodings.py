"""Text as UTF-8, whatever encoding a file is in."""

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO, cast

from healthscore_assets.reading.formats.stream import BLOCK, unpacked
from healthscore_assets.reading.refused import ExportRefused, Problem

_HEAD = 1 << 20
_SAMPLE = 4096
_SAVE = "save it as CSV UTF-8"


@contextmanager
def text_of(path: Path, source_file: str, encoding: str) -> Iterator[BinaryIO]:
    """The text of a file as UTF-8 bytes, unpacked.

    Raises ExportRefused where the bytes cannot be read to the end, also while they are being read.
    """
    with unpacked(path, source_file) as stream:
        if encoding == "utf-8":
            yield cast(BinaryIO, _Letters(stream, source_file))
        else:
            yield cast(BinaryIO, _Recoded(stream, encoding))


def encoding_of(path: Path, source_file: str) -> str:
    """UTF-8, UTF-16 or Windows-1252, by a byte order mark, else by what the first bytes can be.

    A file that begins with ASCII is called UTF-8; `text_of` tells by its first other letter.
    Raises ExportRefused for bytes that are none of them.
    """
    with unpacked(path, source_file) as stream:
        head = stream.read(_HEAD)
    start = head[:_SAMPLE]
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in start:
        return _utf16_without_mark(start, source_file)
    letters = _Letters(_NoStream(), source_file)
    letters.take(head)
    return "cp1252" if letters.windows_1252 else "utf-8"


def _utf16_without_mark(start: bytes, source_file: str) -> str:
    """Every other byte of Latin letters in UTF-16 is zero."""
    first, second = start[0::2].count(0), start[1::2].count(0)
    most = len(start) // 4
    if second > most and not first:
        return "utf-16-le"
    if first > most and not second:
        return "utf-16-be"
    raise ExportRefused(Problem(source_file, "is not a table in text (it holds zero bytes)", _SAVE))


class _NoStream(RawIOBase):
    """A stream at its end."""

    def read(self, size: int = -1) -> bytes:  # noqa: ARG002
        return b""


class _Letters(RawIOBase):
    """UTF-8 as it is, and Windows-1252 as UTF-8: the first letter beyond ASCII tells which it is.

    Where UTF-8 is followed by bytes that are not, the file is refused: read as anything else its
    letters would come out wrong.
    """

    def __init__(self, stream: BinaryIO | RawIOBase, source_file: str) -> None:
        self._stream, self._source_file = stream, source_file
        self._cut = b""
        self._given = 0
        self._utf8 = False
        self.windows_1252 = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """About as many bytes as asked for, a few more where letters take more than one."""
        while True:
            block = self._stream.read(BLOCK if size < 0 else size)
            text = self.take(block or b"", final=not block)
            if text or not block:
                return text

    def take(self, block: bytes, *, final: bool = False) -> bytes:
        """The next bytes as UTF-8; a letter that they cut off is kept for the next ones."""
        text, self._cut = self._cut + block, b""
        if not self.windows_1252 and not text.isascii():
            text = self._checked(text, final=final)
        if self.windows_1252:
            text = self._recoded(text)
        self._given += len(text)
        return text

    def _checked(self, text: bytes, *, final: bool) -> bytes:
        try:
            text.decode()
        except UnicodeDecodeError as error:
            good = text[: error.start]
            self._utf8 = self._utf8 or not good.isascii()
            if error.reason == "unexpected end of data" and not final:
                self._cut = text[error.start :]
                return good
            if self._utf8:
                raise self._mixed(self._given + error.start) from None
            self.windows_1252 = True
        else:
            self._utf8 = True
        return text

    def _recoded(self, text: bytes) -> bytes:
        try:
            return text.decode("cp1252").encode()
        except UnicodeDecodeError:
            raise ExportRefused(
                Problem(
                    self._source_file,
                    "is not a table in UTF-8, UTF-16 or Windows-1252 text",
                    _SAVE,
                )
            ) from None

    def _mixed(self, byte: int) -> ExportRefused:
        return ExportRefused(
            Problem(
                self._source_file,
                f"is UTF-8 text but for byte {byte + 1:,}, which is not",
                f"export it again or {_SAVE}",
            )
        )


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
