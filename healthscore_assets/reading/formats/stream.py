"""The bytes of a delivered text file, unpacked, and never more than they should be."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from healthscore_assets.reading.refused import ExportRefused, Problem

if TYPE_CHECKING:
    pass

BLOCK = 4 << 20

_FAR, _TIMES = 100 << 20, 200
"""A file that unpacks to over 100 MB and over 200 times its size is no export: they do by 50."""


class _UnpacksTooFar(OSError):
    """More bytes than a file of its size can hold."""


@contextmanager
def unpacked(path: Path, source_file: str) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked where they are gzip.

    Raises ExportRefused where they cannot be read to the end, also while they are being read.
    """

    def refuse(what: str, todo: str) -> ExportRefused:
        return ExportRefused(Problem(source_file, what, todo))

    try:
        with path.open("rb") as raw:
            if source_file.lower().endswith(".gz"):
                with gzip.open(raw) as stream:
                    yield cast(BinaryIO, _Bounded(cast(BinaryIO, stream), raw))
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
    """What is unpacked from packed bytes, as long as it stays in proportion to them."""

    def __init__(self, stream: BinaryIO, packed: BinaryIO) -> None:
        self._stream, self._packed, self._given = stream, packed, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(BLOCK if size < 0 else size)
        self._given += len(block)
        if self._given > _FAR and self._given > _TIMES * self._packed.tell():
            raise _UnpacksTooFar
        return block
