"""Contestants in turns, round by round: what disturbs the machine disturbs them all alike."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.comparison import differences
from benchmarks.contestants.programs import GRAPH, Contestant
from benchmarks.data.dataset import Dataset
from benchmarks.measuring import Cost, Failed, measure
from benchmarks.medians import Measured

Told = Callable[[str], None]
Key = TypeVar("Key")


class Disagreement(Exception):
    """Programs came to different numbers: nothing of the run counts."""


@dataclass(frozen=True)
class Failure:
    """Why a contestant failed, and in which try: it was not tried again."""

    why: str
    tries: int


@dataclass(frozen=True)
class SizeResult:
    """What each contestant cost on a size, by name, and those that could not do it.

    Nobody is in both: what came through before it failed does not count. ``equal`` are those that
    came to the same scores in every round.
    """

    measured: dict[str, Measured]
    failed: dict[str, Failure]
    equal: list[str]


def in_turns(what: Mapping[Key, Callable[[], Cost]], rounds: int) -> dict[Key, Measured]:
    """Measure each once per round: A B C, A B C."""
    costs: dict[Key, list[Cost]] = {key: [] for key in what}
    for _ in range(rounds):
        for key, once in what.items():
            costs[key].append(once())
    return {key: Measured(tuple(each)) for key, each in costs.items()}


def compete(
    data: Dataset, contestants: Sequence[Contestant], rounds: int, work: Path, told: Told
) -> SizeResult:
    """Run all contestants ``rounds`` times in turns; each leaves the graph's own numbers.

    One that fails is not tried again, and its earlier runs are dropped.
    Raises Disagreement where scores differ, and Failed by contestants that may not fail.
    """
    costs: dict[str, list[Cost]] = {}
    failed: dict[str, Failure] = {}
    for number in range(1, rounds + 1):
        scores: dict[str, Path] = {}
        for each in contestants:
            if each.name in failed:
                continue
            folder = work / each.name.replace(" ", "_")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            try:
                cost = measure(each.commands(data, folder), each.environment(folder))
            except Failed as failure:
                if not each.may_fail:
                    raise
                failed[each.name] = Failure(str(failure), tries=number)
                costs.pop(each.name, None)
                told(f"{data.size.name}, round {number}: {each.name} failed: {failure}")
                shutil.rmtree(folder)
                continue
            costs.setdefault(each.name, []).append(cost)
            told(
                f"{data.size.name}, round {number}: {each.name} {cost.seconds:.2f} s,"
                f" CPU {cost.cpu_seconds:.2f} s, {cost.peak_bytes / 2**20:,.0f} MiB"
            )
            if each.scores is not None:
                scores[each.name] = folder / each.scores
        # Against the graph's; without it, as for the parts of its time, against the first.
        hold_together(scores, GRAPH.name if GRAPH.name in scores else next(iter(scores), ""))
        shutil.rmtree(work)
    equal = [each.name for each in contestants if each.name in costs and each.scores is not None]
    measured = {name: Measured(tuple(runs)) for name, runs in costs.items()}
    return SizeResult(measured, failed, equal)


def hold_together(scores: Mapping[str, Path], first: str) -> None:
    """All against those of the first. Raises Disagreement where they differ."""
    for name, files in scores.items():
        lines = differences(scores[first], files)
        if lines:
            raise Disagreement(f"{name} against {first}: {'; '.join(lines)}")
