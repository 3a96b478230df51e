"""Ten times the rows beside the rows."""

from pathlib import Path

from benchmarks.data.dataset import Dataset
from benchmarks.goals.figure import Figure, at_most
from benchmarks.goals.project import Project
from benchmarks.measuring import Cost
from benchmarks.rounds import in_turns

LIMIT = 10.0


def ten_times(rows: Dataset, more: Dataset, rounds: int, work: Path) -> list[Figure]:
    """`healthscore run` of both, each into a fresh lake."""

    def run(data: Dataset) -> Cost:
        return Project.of(work / "project", data.files, data.lookups).run()

    found = in_turns({"rows": lambda: run(rows), "more": lambda: run(more)}, rounds)
    return [
        at_most(
            "Ten times the rows: at most ten times the time",
            found["more"].seconds / found["rows"].seconds,
            LIMIT,
            f"{more.size.rows:,} rows of {more.size.features} features"
            f" {found['more'].seconds:.2f} s, {rows.size.rows:,} rows"
            f" {found['rows'].seconds:.2f} s; peak"
            f" {found['more'].peak_bytes / 2**20:,.0f} and"
            f" {found['rows'].peak_bytes / 2**20:,.0f} MiB",
        )
    ]
