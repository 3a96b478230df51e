"""A goal beside what was measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A goal, the figure, and whether it is reached; ``behind`` are the numbers it comes from."""

    goal: str
    measured: str
    met: bool
    behind: str


def at_most(goal: str, ratio: float, limit: float, behind: str) -> Figure:
    """A ratio with an upper limit."""
    return Figure(goal, f"{ratio:.2f} x", ratio <= limit, behind)
