"""What the stages of a month cost: the table of docs/performance.md.

    python -m benchmarks.stages --sizes S M

Runs the first three months of each size in a process, a fresh lake and a fresh instance, and prints
the third: the first compiles what the others use. One run, not a median: CPU seconds are steadier.
"""

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks.data.dataset import Dataset, dataset
from benchmarks.goals.project import Project
from benchmarks.markdown import table
from benchmarks.measuring import measure_module
from benchmarks.plan import SEED
from benchmarks.recorded_runs import stage_of
from benchmarks.sizes import ALL
from benchmarks.stages_in_process import MONTH, Figures
from healthscore_assets.contracts import FILES

MONTHS = 3
FOR_CRMS = "files for CRMs"

_NOTHING: Figures = (0.0, 0.0, 0.0)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser("python -m benchmarks.stages", description="Stages of a month")
    parser.add_argument("--sizes", nargs="*", default=["S", "M"], choices=[*ALL])
    parser.add_argument("--into", type=Path, default=Path(".bench"), help="data")
    asked = parser.parse_args()
    data = [dataset(ALL[n], SEED, asked.into.absolute() / "data") for n in asked.sizes]
    print("\n".join(stages_table({each.size.name: stages(each) for each in data})))


def stages(data: Dataset) -> dict[str, Figures]:
    """Seconds, CPU seconds and seconds of DuckDB of each stage of the last month. Raises Failed."""
    with tempfile.TemporaryDirectory() as name:
        project = Project.of(Path(name) / "project", data.files[:MONTHS], data.lookups)
        into = Path(name) / "stages.json"
        exports, lookups = project.folder / "exports", project.folder / "lookups"
        given = exports, lookups, project.lake, into
        measure_module("benchmarks.stages_in_process", *given, environment=project.environment)
        steps: dict[str, Figures] = json.loads(into.read_text())[-1]
    month = steps.pop(MONTH)
    found: dict[str, Figures] = {}
    for step, took in steps.items():
        stage = FOR_CRMS if stage_of(step) in FILES else f"`{stage_of(step)}`"
        found[stage] = _added(found.get(stage, _NOTHING), took)
    found["between stages"] = _added(month, *(tuple(-each for each in t) for t in found.values()))
    return {**found, f"**{MONTH}**": month}


def stages_table(of_sizes: dict[str, dict[str, Figures]]) -> list[str]:
    """A row per stage, three figures per size."""
    header = ["stage"]
    for size in of_sizes:
        header += [f"{size}: s", "CPU s", "s in DuckDB"]
    rows = [
        [stage, *(f"{figure:.2f}" for found in of_sizes.values() for figure in found[stage])]
        for stage in next(iter(of_sizes.values()))
    ]
    return table(header, rows)


def _added(*figures: tuple[float, ...]) -> Figures:
    seconds, cpu, queried = (sum(each) for each in zip(*figures, strict=True))
    return seconds, cpu, queried


if __name__ == "__main__":
    main()
