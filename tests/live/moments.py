"""Which files of a month have been replaced: what a killed run had come to."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


def promoted(lake: Path, month: str) -> dict[str, int]:
    """The files that readers of a month see, and the inode of each: a promotion changes it."""
    found = {}
    for pattern in (f"*/month={month}/*", f"*_csv/{month}.csv"):
        for path in lake.glob(pattern):
            found[str(path.relative_to(lake))] = path.stat().st_ino
    return found


class Watch:
    """Counts the files of a month that were replaced since it began; cheap enough to ask often."""

    def __init__(self, lake: Path, month: str) -> None:
        self._before = {lake / path: inode for path, inode in promoted(lake, month).items()}
        self.files = len(self._before)

    def replaced(self) -> int:
        return sum(path.stat().st_ino != inode for path, inode in self._before.items())


@dataclass
class Tally:
    """Kills by how far the run had come."""

    kills: Counter[str] = field(default_factory=Counter)
    outlived: int = 0

    def count(self, replaced: int, files: int) -> None:
        where = "before" if replaced == 0 else "after" if replaced == files else "during"
        self.kills[f"{where} the promotions"] += 1

    @property
    def total(self) -> int:
        return self.kills.total()

    def __str__(self) -> str:
        told = ", ".join(f"{count} {where}" for where, count in sorted(self.kills.items()))
        return f"{self.total} kills: {told}; {self.outlived} runs ended before their moment"
