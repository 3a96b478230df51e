"""Everything that `make bench` does, on the smallest sizes: one round, the trial of each goal."""

import json
from typing import Any

import pytest
from bench_run import run

from benchmarks.contestants.programs import CONTESTANTS

SIZES = ("XS", "XS-events")

GOALS = (
    "The graph on XS: at most 1.5 x the faster hand-written script",
    "The graph on XS: at least 8 x faster than the pandas scripts",
    "Memory of the graph on XS: at most 0.1 x that of the pandas scripts",
    "Peak memory of the graph on XS-events: under 4 GB",
    "The graph on two-months-of-XS without its fixed costs: at most 1.5 x the faster script",
    "Of the graph on two-months-of-XS: start of the process, months planned, its end (fixed)",
    "Of the graph on two-months-of-XS: Dagster, as 2 runs of as many empty assets (fixed)",
    "Of the graph on two-months-of-XS: its own queries, as it waits for DuckDB",
    "Of the graph on two-months-of-XS: the rest",
    "Process start, `healthscore run` with nothing due: at most 1.5 x importing Dagster",
    "`healthscore --help`, which loads no Dagster",
    "A month beyond its own queries: at most 1.3 x as many empty assets",
    "Ten times the rows: at most ten times the time of the month itself",
    "The same with the start of the process and its first month",
    "A corrected month touches only its own files and those of months that read it",
    "One more month costs the same after 3 months as after 1: within 1.1 x",
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """The page and the JSON of a run."""
    into = tmp_path_factory.mktemp("bench")
    run("benchmarks", "--sizes", *SIZES, "--rounds", "1", "--goals", "trial", "--into", into)
    page, told = (into / name for name in ("RESULTS.md", "results.json"))
    return page.read_text(), json.loads(told.read_text())


def test_every_contestant_has_a_row_for_each_size(written: tuple[str, dict[str, Any]]) -> None:
    page, told = written
    names = [each.name for each in CONTESTANTS]
    sections = page.split("\n## ")[1:]
    for size, section in zip(SIZES, sections, strict=False):
        assert section.startswith(f"{size}: ")
        rows = [line for line in section.splitlines() if line.startswith("| ")][2:]
        assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == names
        assert list(told["sizes"][size]["measured"]) == names
        assert not told["sizes"][size]["failed"]


def test_all_that_compute_came_to_the_same_scores(written: tuple[str, dict[str, Any]]) -> None:
    page, told = written
    for size in SIZES:
        assert told["sizes"][size]["equal"] == ["graph", "pandas", "Polars script", "DuckDB script"]
    said = "To the same scores came: graph, pandas, Polars script, DuckDB script."
    assert page.count(said) == len(SIZES)


def test_every_goal_was_measured(written: tuple[str, dict[str, Any]]) -> None:
    page, told = written
    assert [goal["goal"] for goal in told["goals"]] == list(GOALS)
    assert [line for goal in GOALS for line in page.splitlines() if line.startswith(f"| {goal} |")]
    (corrected,) = [goal for goal in told["goals"] if goal["goal"].startswith("A corrected month")]
    assert corrected["met"], corrected


def test_results_name_their_code_and_that_they_are_a_trial(
    written: tuple[str, dict[str, Any]],
) -> None:
    page, told = written
    assert "commit" in told["machine"]["healthscore"]
    assert f"| healthscore | {told['machine']['healthscore']} |" in page
    assert not told["complete"]
    assert "**Not a full run**" in page
