"""Content hashes: the same bytes are known by the same text."""

import functools
import hashlib
from pathlib import Path


def content_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def version_of(path: Path) -> tuple[int, int] | None:
    """By which a file that is read is known to be the same; None where there is none."""
    if not path.is_file():
        return None
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def hash_of(path: Path) -> str:
    """Hash of a file's bytes, worked out anew only when its size or time changes."""
    return _hashed(path, version_of(path))


@functools.lru_cache(maxsize=500_000)
def _hashed(path: Path, _version: tuple[int, int] | None) -> str:
    return content_hash(path)
