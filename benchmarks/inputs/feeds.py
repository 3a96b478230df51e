"""Every feed of many clients over many months, through the graph: how long, and how much memory.

    python -m benchmarks.inputs.feeds --clients 100000 --months 24

Writes a project into a temporary folder (or the one of --into), then runs `healthscore run` on it
twice: the months, and the newest month once more, whose texts are all known by then. Prints
seconds and the peak memory of each process.
"""

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.goals.project import Project
from benchmarks.inputs.feed_files import months_of, write_project
from benchmarks.measuring import Cost


def feeds(root: Path, clients: int, months: int) -> list[Cost]:
    """Write and run; prints a line for each. Raises Failed."""
    started = time.monotonic()
    rows = write_project(root, clients, months)
    size = sum(path.stat().st_size for path in (root / "exports").rglob("*.csv"))
    print(
        f"{rows:,} rows of feeds, {size / 1e6:,.0f} MB of CSV, {time.monotonic() - started:.0f} s"
    )
    project = Project(root)
    all_months = project.run()
    print(f"{months} months of {clients:,} clients: {_told(all_months)}")
    *_, (_, newest) = months_of(months)
    again = project.run("--from", newest, "--to", newest)
    print(f"{newest} once more, its texts known: {_told(again)}")
    return [all_months, again]


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--clients", type=int, default=100_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--into", type=Path, help="an empty folder to keep; default: a temporary")
    arguments = parser.parse_args()
    if arguments.into is not None:
        arguments.into.mkdir(parents=True, exist_ok=True)
        feeds(arguments.into.absolute(), arguments.clients, arguments.months)
        return
    with tempfile.TemporaryDirectory() as name:
        feeds(Path(name), arguments.clients, arguments.months)


def _told(cost: Cost) -> str:
    return f"{cost.seconds:,.0f} s, peak {cost.peak_bytes / 2**20:,.0f} MiB"


if __name__ == "__main__":
    main()
