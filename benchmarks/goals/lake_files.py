"""The files of a lake before and after a run."""

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class File:
    """A file of the lake as it is: another inode or time says that it was put there again."""

    inode: int
    changed: int
    sha256: str


def files_of(lake: Path) -> dict[str, File]:
    """Every file of the lake by its name in it, but not what lies under ``_stage``."""
    found = {}
    for path in lake.rglob("*"):
        name = path.relative_to(lake).as_posix()
        if path.is_file() and not name.startswith("_"):
            seen = path.stat()
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            found[name] = File(seen.st_ino, seen.st_mtime_ns, sha256)
    return found


ARCHIVE = "archive"
"""The folder of copies of delivered bytes, by their hash."""


def place_of(name: str) -> tuple[str, str]:
    """The folder of a file of the lake, and its month; of a copy in the archive its hash."""
    folder, _, rest = name.partition("/")
    return folder, rest if folder == ARCHIVE else rest.removeprefix("month=")[:7]
