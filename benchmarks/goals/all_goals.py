"""Every goal that needs runs of its own."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.data.dataset import dataset
from benchmarks.goals.corrected_month import corrected_month
from benchmarks.goals.figure import Figure
from benchmarks.goals.long_history import long_history
from benchmarks.goals.month_overhead import month_overhead
from benchmarks.goals.parts import parts
from benchmarks.goals.process_start import process_start
from benchmarks.goals.ten_times import ten_times
from benchmarks.plan import SEED, GoalSizes
from benchmarks.rounds import Told


def all_goals(
    sizes: GoalSizes,
    rounds: int,
    data: Path,
    work: Path,
    told: Told,
) -> Iterator[Figure]:
    """Measure one after the other; figures as they come."""
    yield from parts(dataset(sizes.parts, SEED, data, told), rounds, work, told)
    small = dataset(sizes.small, SEED, data, told)
    yield from process_start(small, rounds, work)
    yield from month_overhead(small, rounds, work)
    warm_up = dataset(sizes.warm_up, SEED, data, told)
    rows = dataset(sizes.rows, SEED, data, told)
    more = dataset(sizes.ten_times_the_rows, SEED, data, told)
    yield from ten_times(warm_up, rows, more, rounds, work)
    correct = dataset(sizes.corrected, SEED, data, told)
    correction = dataset(sizes.corrected, SEED + 1, data, told)
    yield from corrected_month(correct, correction, work)
    history = dataset(sizes.history, SEED, data, told)
    yield from long_history(history, rounds, work, short=sizes.short_history)
