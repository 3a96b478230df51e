"""One more month after a short history and after one ten times as long."""

from pathlib import Path

from benchmarks.data.dataset import Dataset
from benchmarks.goals.figure import Figure, at_most
from benchmarks.goals.project import Project
from benchmarks.measuring import Cost
from benchmarks.rounds import in_turns

SAME = 1.1
"""Two medians of one thing differ by this much on an ordinary machine."""


def long_history(data: Dataset, rounds: int, work: Path, *, short: int) -> list[Figure]:
    """The same last month, after all the others and after the ``short`` newest of them."""
    *others, last = data.files
    after_few = Project.of(work / "short", others[-short:], data.lookups)
    after_many = Project.of(work / "long", others, data.lookups)
    for project in (after_few, after_many):
        project.run()

    def one_more(project: Project) -> Cost:
        now = project.copied(work / "one_more")
        now.deliver(last)
        return now.run()

    found = in_turns(
        {"few": lambda: one_more(after_few), "many": lambda: one_more(after_many)}, rounds
    )
    few, many = found["few"].seconds, found["many"].seconds
    return [
        at_most(
            f"One more month costs the same after {len(others)} months as after {short}:"
            f" within {SAME} x",
            many / few,
            SAME,
            f"{many:.2f} s and {few:.2f} s",
        )
    ]
