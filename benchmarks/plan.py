"""What a run of the benchmarks is made of: sizes, data of the goals, how often."""

from dataclasses import dataclass, replace

from benchmarks.sizes import Size, wide

SEED = 1

ROUNDS = 5
"""The least that a figure of RESULTS.md is the median of."""


@dataclass(frozen=True)
class GoalSizes:
    """The sizes of the contest that goals are about, and the data of those with own runs."""

    beside_scripts: str
    beside_pandas: str
    memory: str
    parts: Size
    small: Size
    warm_up: Size
    rows: Size
    ten_times_the_rows: Size
    history: Size
    short_history: int
    corrected: Size


FULL_GOALS = GoalSizes(
    beside_scripts="M",
    beside_pandas="S",
    memory="L",
    parts=wide("six-months-of-M", 6, 100_000, 150),
    small=wide("small", 6, 2_000, 30),
    warm_up=replace(wide("warm-up", 1, 2_000, 150), first_year=2018),
    rows=wide("rows", 1, 100_000, 150),
    ten_times_the_rows=wide("ten-times-the-rows", 1, 1_000_000, 150),
    history=replace(wide("history", 121, 2_000, 30), first_year=2014),
    short_history=12,
    corrected=wide("corrected", 12, 2_000, 30),
)

TRIAL_GOALS = GoalSizes(
    beside_scripts="XS",
    beside_pandas="XS",
    memory="XS-events",
    parts=wide("two-months-of-XS", 2, 2_000, 30),
    small=wide("small-trial", 2, 400, 12),
    warm_up=replace(wide("warm-up-trial", 1, 400, 30), first_year=2018),
    rows=wide("rows-trial", 1, 10_000, 30),
    ten_times_the_rows=wide("ten-times-the-rows-trial", 1, 100_000, 30),
    history=wide("history-trial", 4, 400, 12),
    short_history=1,
    corrected=wide("corrected-trial", 3, 400, 12),
)
"""The same in minutes, to see that everything works; the figures say little."""
