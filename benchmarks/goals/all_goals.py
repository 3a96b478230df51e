"""Every goal that needs runs of its own."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.data.dataset import Dataset, dataset
from benchmarks.goals.corrected_month import corrected_month
from benchmarks.goals.figure import Figure
from benchmarks.goals.long_history import long_history
from benchmarks.goals.month_overhead import month_overhead
from benchmarks.goals.parts import parts
from benchmarks.goals.process_start import process_start
from benchmarks.goals.ten_times import ten_times
from benchmarks.plan import SEED, GoalSizes
from benchmarks.rounds import SizeResult, Told


def all_goals(
    sizes: GoalSizes,
    contest: Mapping[str, tuple[Dataset, SizeResult]],
    rounds: int,
    data: Path,
    work: Path,
    told: Told,
) -> Iterator[Figure]:
    """Measure one after the other; figures as they come.

    Parameters: ``contest`` are the data and the results of the sizes that were run.
    """
    if sizes.beside_scripts in contest:
        yield from parts(*contest[sizes.beside_scripts], rounds, work)
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
