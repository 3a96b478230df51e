"""The error that reading an export raises."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Why a file cannot be used, and what to do about it."""

    source_file: str
    what: str
    todo: str
    row: int | None = None
    column: str | None = None

    def line(self) -> str:
        """One line: file, row and column where there are any, what was found, what to do."""
        place = [self.source_file]
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.column is not None:
            place.append(f"column {self.column!r}")
        return " ".join(f"{', '.join(place)}: {self.what}; {self.todo}".split())


class ExportRefused(Exception):
    """An export that cannot be used as a whole."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.line())
        self.problem = problem
