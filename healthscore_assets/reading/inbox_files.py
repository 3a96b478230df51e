"""The files of the inbox as a listing tells them, and what of it changed; none is opened."""

import base64
import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from healthscore_assets.reading.refused import ExportRefused, Problem

_IN_TRANSIT = (".part", ".filepart", ".partial", ".crdownload", ".download", ".tmp")
_SLOTS = 256
_DIGEST = 6

Seen = tuple[int, int]
"""Size and time of the last change, by which a change of a file is noticed without reading it.

The time that the system keeps (ctime), since permissions that are given change no other, and copy
tools set the time of the content (mtime) back.
"""


def listed(inbox: Path) -> dict[Path, Seen]:
    """The files of the inbox and the folders in it, by path, with one ``stat`` each.

    Hidden files and those that a browser or copy tool has not finished are not listed.
    Raises ExportRefused for a folder that cannot be read: its files are not gone.
    """
    found = {}
    try:
        for entry in _entries(inbox):
            if not entry.name.lower().endswith(_IN_TRANSIT):
                with suppress(FileNotFoundError):  # deleted meanwhile
                    stat = entry.stat()
                    found[Path(entry.path)] = (stat.st_size, stat.st_ctime_ns)
    except OSError as error:
        folder = error.filename or str(inbox)
        problem = Problem(folder, f"cannot be read ({error.strerror})", "check its permissions")
        raise ExportRefused(problem) from None
    return dict(sorted(found.items()))


def largest_delivery(inbox: Path) -> int:
    """Bytes of the largest file of an inbox, where a folder of an export counts as one.

    Raises ExportRefused for a folder that cannot be read.
    """
    sizes: Counter[str] = Counter()
    for path, (size, _) in (listed(inbox) if inbox.is_dir() else {}).items():
        sizes[path.relative_to(inbox).parts[0]] += size
    return max(sizes.values(), default=0)


def _entries(folder: str | Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "~$")):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(entry.path)
            elif entry.is_file():
                yield entry


def problem_of_name(source_file: str) -> Problem | None:
    """Why a file's name cannot be kept in a table."""
    told = source_file.encode(errors="replace").decode()
    return None if told == source_file else Problem(told, "its name is not UTF-8", "rename it")


@dataclass(frozen=True)
class Fingerprint:
    """A listing in 2 KB however many files it has.

    Each file belongs to one of 256 slots, by its path; a slot is known by a hash over its files. So
    two listings tell which slots differ, and in an inbox of a few hundred files which files do.
    """

    slots: tuple[bytes, ...] = (b"\0" * _DIGEST,) * _SLOTS

    @classmethod
    def of(cls, files: Mapping[Path, Seen]) -> "Fingerprint":
        """The fingerprint of a listing, whatever the order of its files."""
        hashes = [hashlib.blake2b(digest_size=_DIGEST) for _ in range(_SLOTS)]
        empty = hashes[0].digest()
        for path in sorted(files):
            hashes[slot_of(path)].update(os.fsencode(path) + repr(files[path]).encode() + b"\0")
        digests = (each.digest() for each in hashes)
        return cls(tuple(b"\0" * _DIGEST if each == empty else each for each in digests))

    def differing(self, other: "Fingerprint") -> set[int]:
        """The slots in which files differ."""
        pairs = zip(self.slots, other.slots, strict=True)
        return {slot for slot, (mine, its) in enumerate(pairs) if mine != its}

    def with_slots_of(self, other: "Fingerprint", slots: set[int]) -> "Fingerprint":
        """A copy with some slots as they are in the other."""
        both = zip(self.slots, other.slots, strict=True)
        return Fingerprint(tuple(o if i in slots else m for i, (m, o) in enumerate(both)))

    def text(self) -> str:
        """As text; nothing for an empty inbox."""
        return base64.b64encode(b"".join(self.slots)).decode() if any(map(any, self.slots)) else ""

    @classmethod
    def from_text(cls, text: str) -> "Fingerprint":
        """What `text` told. Raises ValueError for anything else."""
        if not text:
            return cls()
        raw = base64.b64decode(text, validate=True)
        if len(raw) != _SLOTS * _DIGEST:
            raise ValueError(f"a fingerprint of {_SLOTS * _DIGEST} bytes, not {len(raw)}")
        return cls(tuple(raw[i : i + _DIGEST] for i in range(0, len(raw), _DIGEST)))


def slot_of(path: Path) -> int:
    """The slot of a file."""
    return hashlib.blake2b(os.fsencode(path), digest_size=1).digest()[0]
