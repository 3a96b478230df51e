"""Medians of several runs, and ratios between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.measuring import Cost


@dataclass(frozen=True)
class Measured:
    """What several runs of one thing cost."""

    runs: tuple[Cost, ...]

    @property
    def seconds(self) -> float:
        """The median."""
        return median(run.seconds for run in self.runs)

    @property
    def cpu_seconds(self) -> float:
        """The median."""
        return median(run.cpu_seconds for run in self.runs)

    @property
    def peak_bytes(self) -> float:
        """The median."""
        return median(run.peak_bytes for run in self.runs)

    @property
    def largest_peak_bytes(self) -> int:
        """Of all runs."""
        return max(run.peak_bytes for run in self.runs)

    @property
    def span(self) -> tuple[float, float]:
        """Seconds of the fastest and of the slowest run."""
        seconds = [run.seconds for run in self.runs]
        return min(seconds), max(seconds)


def least_peak_bytes(these: Sequence[Measured]) -> float:
    """The smallest median of their memory: not always that of the faster one."""
    return min(each.peak_bytes for each in these)


def faster(these: Sequence[Measured]) -> Measured:
    """The one with the smaller median."""
    return min(these, key=lambda each: each.seconds)
