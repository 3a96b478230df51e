"""What a look at a month gives: numbers for a plot, rows for a person, and a verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Observation:
    """How a month compares with others.

    ``numbers`` are plotted by month; ``tables`` are a few rows each, by what they show.
    """

    usual: bool
    says: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


def plural(count: int, noun: str) -> str:
    """``1 client``, ``1,204 clients``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
