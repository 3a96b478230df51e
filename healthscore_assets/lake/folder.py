"""A lake in a local folder."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Folder:
    """Files below a root; see `Store`. One is replaced by a rename."""

    root: Path

    @property
    def location(self) -> str:
        """The root's path."""
        return str(self.root)

    @property
    def shared(self) -> bool:
        """Yes: every machine of a cluster has the folder at its path."""
        return True

    @property
    def workshop(self) -> Path:
        """Below the root, so that a file is moved in by a rename, and in no table's folder."""
        return self.root / "_stage"

    def place(self, key: str) -> str:
        """The file's path."""
        return str(self.root / key)

    def has(self, key: str) -> bool:
        """Whether the file is there."""
        return (self.root / key).exists()

    def file(self, key: str) -> Path:
        """The file itself. Raises FileNotFoundError when there is none."""
        path = self.root / key
        if not path.exists():
            raise FileNotFoundError(path)
        return path

    def forget(self, key: str) -> None:
        """Nothing to do: the file itself is given out."""

    def key_of(self, path: Path) -> str | None:
        """The path below the root; None for a file of the workshop."""
        if path.is_relative_to(self.workshop):
            return None
        return path.relative_to(self.root).as_posix()

    def keys(self, folder: str) -> list[str]:
        """The keys below ``<folder>/``, at any depth, in no order."""
        above = len(str(self.root / "_")) - 1
        return [
            f"{where}/{name}"[above:]  # a Path for each file took longer than the walk
            for where, _, names in os.walk(self.root / folder)  # which minds no folder that goes
            for name in names
        ]

    def put(self, staged: Path, key: str) -> None:
        """Rename a staged file: readers see the old file or the new one."""
        final = self.root / key
        final.parent.mkdir(parents=True, exist_ok=True)
        staged.replace(final)

    def delete(self, key: str) -> bool:
        """Unlink a file, and the folder that was only for it; says whether it was there."""
        path = self.root / key
        if not path.exists():
            return False
        path.unlink()
        if path.parent.parent != self.root:  # a month's; other files may be coming into a table's
            try:
                path.parent.rmdir()
            except OSError as error:
                if error.errno != errno.ENOTEMPTY:  # somebody else's file; the self-check tells
                    raise
        return True
