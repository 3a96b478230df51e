"""Ten times the rows beside the rows."""

from pathlib import Path
from statistics import median

from benchmarks.data.dataset import Dataset
from benchmarks.goals.figure import Figure, at_most
from benchmarks.goals.project import Project
from benchmarks.measuring import Cost
from benchmarks.recorded_runs import recorded_runs
from benchmarks.rounds import in_turns

LIMIT = 10.0


def ten_times(
    warm_up: Dataset, rows: Dataset, more: Dataset, rounds: int, work: Path
) -> list[Figure]:
    """`healthscore run` of both, each into a fresh lake: the process, and the month alone.

    The start of a process and the first month's compiling are in both and say nothing of growth.
    So a small month is run first: ``warm_up``, too early for anything to read it.
    """
    own: dict[str, list[float]] = {rows.size.name: [], more.size.name: []}

    def run(data: Dataset) -> Cost:
        project = Project.of(work / "project", [*warm_up.files, *data.files], data.lookups)
        cost = project.run()
        *_, month = recorded_runs(project.home)
        own[data.size.name].append(month.seconds)
        return cost

    found = in_turns({"rows": lambda: run(rows), "more": lambda: run(more)}, rounds)
    month, month_of_more = median(own[rows.size.name]), median(own[more.size.name])
    what = f"{more.size.rows:,} and {rows.size.rows:,} rows of {more.size.features} features"
    return [
        at_most(
            "Ten times the rows: at most ten times the time of the month itself",
            month_of_more / month,
            LIMIT,
            f"{what}: {month_of_more:.2f} s and {month:.2f} s, as Dagster recorded the run of the"
            " month, the second of its process",
        ),
        at_most(
            "The same with the start of the process and its first month",
            found["more"].seconds / found["rows"].seconds,
            LIMIT,
            f"{found['more'].seconds:.2f} s and {found['rows'].seconds:.2f} s; peak"
            f" {found['more'].peak_bytes / 2**20:,.0f} and"
            f" {found['rows'].peak_bytes / 2**20:,.0f} MiB",
        ),
    ]
