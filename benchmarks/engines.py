"""The same months by DuckDB and by Spark on the cores of this machine: what docs/scale.md is about.

    python -m benchmarks.engines --sizes S M L

Runs the first two months of each size by both engines in turns, each run a process, a fresh lake
and a fresh instance, and holds their scores together. Seconds are those of the steps, as Dagster
recorded them, added up. A run of all sizes writes ENGINES.md and engines.json beside this file, any
other run into ``--into``.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.contestants.programs import GRAPH_SCORES
from benchmarks.data.dataset import Dataset, dataset
from benchmarks.engines_page import EngineMonth, EnginesRun, page
from benchmarks.goals.project import Project
from benchmarks.machine import machine
from benchmarks.plan import SEED
from benchmarks.recorded_runs import recorded_runs
from benchmarks.rounds import hold_together
from benchmarks.sizes import ALL, FULL, WIDE, Size
from benchmarks.written import write_whole

ENGINES = ("duckdb", "spark")
MONTHS = 2
ROUNDS = 3

HERE_ALONE = frozenset({"raw_pendo_export"})
"""Stages that no cluster shortens: files are recognised, archived and counted on this machine."""

HERE_ALONE_IF_WIDE = frozenset({"cleaning"})
"""A wide file is one stream of bytes, read on this machine; events are read by executors."""


def main() -> None:
    """Read the command line, measure, write."""
    parser = argparse.ArgumentParser("python -m benchmarks.engines", description="DuckDB and Spark")
    parser.add_argument("--sizes", nargs="*", default=[*FULL], choices=[*ALL])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--into", type=Path, default=Path(".bench"), help="data, partial results")
    parser.add_argument("--command", help="as the results name it")
    asked = parser.parse_args()
    root: Path = asked.into.absolute()
    on = {**machine("pyspark"), "java": _java()}
    months = []
    for name in asked.sizes:
        data = dataset(ALL[name], SEED, root / "data")
        months += both_engines(data, asked.rounds, root / "work" / "engines")
    command = asked.command or " ".join(["python -m benchmarks.engines", *sys.argv[1:]])
    complete = {*FULL} <= {*asked.sizes} and asked.rounds >= ROUNDS
    run = EnginesRun(command, asked.rounds, on, {n: ALL[n] for n in asked.sizes}, months)
    files = {"ENGINES.md": page(run), "engines.json": json.dumps(run.told(), indent=1) + "\n"}
    write_whole(files, Path(__file__).parent if complete else root)


def both_engines(data: Dataset, rounds: int, work: Path) -> list[EngineMonth]:
    """Each month of each run. Raises Failed, and Disagreement where scores differ."""
    here = here_alone(data.size)
    found = []
    for number in range(1, rounds + 1):
        scores: dict[str, Path] = {}
        for engine in ENGINES:
            project = Project.of(work / engine, data.files[:MONTHS], data.lookups)
            scores[engine] = project.folder / GRAPH_SCORES
            cost = project.run("--engine", engine)
            print(f"{data.size.name}, round {number}: {engine} {cost.seconds:.1f} s", flush=True)
            for nth, run in enumerate(recorded_runs(project.home), 1):
                alone = sum(run.steps[stage] for stage in here)
                rest = sum(run.steps.values()) - alone
                found.append(EngineMonth(data.size.name, engine, nth, number, alone, rest, cost))
        hold_together(scores, first=ENGINES[0])
    shutil.rmtree(work)
    return found


def here_alone(size: Size) -> frozenset[str]:
    """The stages of a month that only this machine takes part in, whatever the engine."""
    return HERE_ALONE | HERE_ALONE_IF_WIDE if size.shape == WIDE else HERE_ALONE


def _java() -> str:
    told = subprocess.run(["java", "-version"], check=True, capture_output=True, text=True)
    return told.stderr.splitlines()[0].replace('"', "")


if __name__ == "__main__":
    main()
