"""A goal beside what was measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A goal, the figure, and whether it is reached; ``behind`` are the numbers it comes from.

    ``met`` is None where there is no goal: a figure that tells what others are made of.
    """

    goal: str
    measured: str
    met: bool | None
    behind: str


def at_most(goal: str, ratio: float, limit: float, behind: str) -> Figure:
    """A ratio with an upper limit."""
    return Figure(goal, f"{ratio:.2f} x", ratio <= limit, behind)


def told(what: str, measured: str, behind: str) -> Figure:
    """A figure that is no goal."""
    return Figure(what, measured, None, behind)
