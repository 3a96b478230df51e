"""The error that every reader of a lookup raises."""

from pathlib import Path


class LookupRefused(Exception):
    """A lookup file cannot be used; the message is one line naming the file and the place."""

    def __init__(self, path: Path, place: str, what: str, todo: str) -> None:
        where = f"{path}, {place}" if place else str(path)
        super().__init__(f"{where}: {what}; {todo}")
