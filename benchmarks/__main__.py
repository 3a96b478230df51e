"""All benchmarks in one run.

    python -m benchmarks --sizes S M L

A run of all sizes with all contestants and goals writes RESULTS.md and results.json beside this
file, when it is through. What there is before, and any other run, is written into the folder of
``--into``.
"""

import argparse
import json
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.contestants.programs import CONTESTANTS, MAY_BE_LEFT_OUT
from benchmarks.data.dataset import Dataset, dataset
from benchmarks.goals.all_goals import all_goals
from benchmarks.goals.of_contest import of_contest
from benchmarks.machine import machine
from benchmarks.plan import FULL_GOALS, ROUNDS, SEED, TRIAL_GOALS
from benchmarks.results import Run, page
from benchmarks.rounds import SizeResult, compete
from benchmarks.sizes import ALL, FULL
from benchmarks.written import write_whole

_HERE = Path(__file__).parent
_GOALS = {"full": FULL_GOALS, "trial": TRIAL_GOALS, "none": None}


def main() -> None:
    """Read the command line, measure, write."""
    asked = _arguments()
    root: Path = asked.into.absolute()
    sizes: dict[str, tuple[Dataset, SizeResult]] = {}
    contestants = [each for each in CONTESTANTS if each.name not in asked.without]
    before = machine("polars")
    datasets = {name: dataset(ALL[name], SEED, root / "data", _say) for name in asked.sizes}
    work = root / "work"
    shutil.rmtree(work, ignore_errors=True)
    for name, data in datasets.items():
        sizes[name] = data, compete(data, contestants, asked.rounds, work / name, _say)
    goals = _GOALS[asked.goals]
    results = {name: result for name, (_, result) in sizes.items()}
    figures = of_contest(results, goals or FULL_GOALS)
    so_far = Run(asked.command or _command(), asked.rounds, before, sizes, figures, complete=False)
    _write(so_far, root)
    if goals is not None:
        for figure in all_goals(goals, asked.rounds, root / "data", work, _say):
            _say(f"{figure.goal}: {figure.measured} ({figure.behind})")
            figures.append(figure)
            _write(so_far, root)
    shutil.rmtree(work, ignore_errors=True)
    complete = (
        {*FULL} <= {*asked.sizes}
        and goals is FULL_GOALS
        and asked.rounds >= ROUNDS
        and not asked.without
        and not results[goals.beside_pandas].failed  # a goal would be missing
    )
    folder = _HERE if complete else root
    _write(replace(so_far, complete=complete), folder)
    _say(f"Written: {folder / 'RESULTS.md'}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description="All benchmarks.")
    parser.add_argument("--sizes", nargs="*", default=[*FULL], choices=[*ALL])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--goals", default="full", choices=[*_GOALS], help="those with own runs")
    names = [each.name for each in MAY_BE_LEFT_OUT]
    parser.add_argument("--without", nargs="*", default=[], choices=names)
    parser.add_argument("--into", type=Path, default=Path(".bench"), help="data, partial results")
    parser.add_argument("--command", help="as the results name it")
    return parser.parse_args()


def _command() -> str:
    return " ".join(["python -m benchmarks", *sys.argv[1:]])


def _write(run: Run, folder: Path) -> None:
    """As a page and as JSON."""
    told = {
        **{name: getattr(run, name) for name in ("command", "rounds", "complete")},
        "machine": {**run.machine},
        "sizes": {
            name: {"size": asdict(data.size), "bytes": data.bytes, **asdict(result)}
            for name, (data, result) in run.sizes.items()
        },
        "goals": [asdict(goal) for goal in run.goals],
    }
    files = {"RESULTS.md": page(run), "results.json": json.dumps(told, indent=1) + "\n"}
    write_whole(files, folder)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
