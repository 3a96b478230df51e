"""What a refresh did, in words."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class File:
    """A file that was fetched, its rows, and whether it is another than before."""

    name: str
    month: str | None
    rows: int
    changed: bool

    def line(self) -> str:
        """One line of progress."""
        return f"{self.name}: {self.rows:,} rows" + ("" if self.changed else ", as they were")


@dataclass(frozen=True)
class Report:
    """The files fetched, how many were left as they are, and the names of those taken away.

    ``elsewhere`` are rows without a time, or of months that are not known to the graph. ``twice``
    are files of Pendo's API, whose months were not fetched.
    """

    files: tuple[File, ...]
    kept: int
    gone: tuple[str, ...]
    elsewhere: int = 0
    twice: tuple[Path, ...] = ()

    def problems(self) -> dict[Path, str]:
        """A line for each file of the API whose month the warehouse has, too."""
        todo = "take one source for it: delete that file, or leave the month out of the warehouse"
        found = "has a month that the warehouse has, which is not fetched from there"
        return {path: f"{path} {found}; {todo}" for path in self.twice}

    def line(self) -> str:
        """All of it in one line."""
        changed = [file for file in self.files if file.changed]
        told = [f"{_files(len(changed))} fetched ({_rows(changed)})"] if changed else []
        same = self.kept + len(self.files) - len(changed)
        told += [f"{_files(same)} as before"] if same else []
        told += [f"taken away: {', '.join(self.gone)}"] if self.gone else []
        if self.elsewhere:
            told.append(f"{self.elsewhere:,} rows left out, whose time is no month of the graph")
        return f"From the warehouse: {'; '.join(told) or 'no rows of these months'}."


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _rows(files: list[File]) -> str:
    names = [file.month or file.name.removesuffix(".parquet") for file in files]
    shown = ", ".join(names[:4]) + (f" ... {names[-1]}" if len(names) > 4 else "")
    return f"{shown}: {sum(file.rows for file in files):,} rows"
