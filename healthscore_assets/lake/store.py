"""What the lake needs of the place that its files lie in."""

from pathlib import Path
from typing import Protocol


class Store(Protocol):
    """Files by key, such as ``momentum/month=2024-05/data.parquet``; each is replaced whole.

    Every method may raise LakeUnavailable or LakeRefused.
    """

    @property
    def location(self) -> str:
        """The place as people name it: a path, or a URL."""

    @property
    def shared(self) -> bool:
        """Whether the machines of a cluster see the local files as they are."""

    @property
    def workshop(self) -> Path:
        """A local folder for files on their way into the store, and for what spills."""

    def place(self, key: str) -> str:
        """Where a file lies, as people name it."""

    def has(self, key: str) -> bool:
        """Whether the file is there."""

    def file(self, key: str) -> Path:
        """A local file with the bytes. Raises FileNotFoundError when there is none."""

    def forget(self, key: str) -> None:
        """Give back the room of a local copy, if there is one; the file stays."""

    def key_of(self, path: Path) -> str | None:
        """The key of a file that was given out, by which other machines find it.

        None for one that is still in the workshop.
        """

    def keys(self, folder: str) -> list[str]:
        """The keys below ``<folder>/``, at any depth, in no order."""

    def put(self, staged: Path, key: str) -> None:
        """Move a local file here in one step: readers see the old bytes or the new ones."""

    def delete(self, key: str) -> bool:
        """Take a file away; says whether it was there."""
