"""Content hashes: the same bytes are known by the same text."""

import functools
import hashlib
import stat
from pathlib import Path


def content_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def version_of(path: Path) -> tuple[int, int] | None:
    """By which a file that is read is known to be the same; None where there is none."""
    try:
        told = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return (told.st_size, told.st_mtime_ns) if stat.S_ISREG(told.st_mode) else None


def hash_of(path: Path) -> str:
    """Hash of a file's bytes, worked out anew only when its size or time changes."""
    return hash_of_version(path, version_of(path))


@functools.lru_cache(maxsize=500_000)
def hash_of_version(path: Path, _version: tuple[int, int] | None) -> str:
    """The same for a file whose `version_of` is known."""
    return content_hash(path)
