"""The error that opening a sentiment model raises."""

from pathlib import Path


class ModelRefused(ValueError):
    """A sentiment model cannot be used; the message is one line: where, what, what to do."""

    def __init__(self, folder: Path, what: str, todo: str) -> None:
        self.what = f"sentiment model {folder}: {what}"
        self.todo = todo
        super().__init__(" ".join(f"{self.what}; {todo}".split()))
