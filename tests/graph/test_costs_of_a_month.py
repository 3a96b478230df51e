"""What the run of a small month costs, by counting: a slow path cannot slip in unseen.

The counts are recorded in costs_of_a_month.yaml. One that differs says which stage it is of, and
what to do: to look, or to record it on purpose.
"""

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from counted import Counts, counted
from project import Project

from healthscore_assets.contracts import FILES, FROM_USAGE
from healthscore_assets.definitions import build_definitions
from healthscore_assets.orchestration.instance import open_instance

RECORDED = Path(__file__).with_name("costs_of_a_month.yaml")

BEFORE, MONTH = "2024-01", "2024-02"
"""The second month is counted: it reads an earlier one, as most do."""

FEW, MANY = 12, 36
"""Clients. More than the samples that checks and previews show, of either."""

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def counts_of(root: Path, clients: int) -> Counts:
    """The counts of the month's run, on an instance as a project has it."""
    project = Project.make(root)
    for month, more in ((BEFORE, 0), (MONTH, 3)):
        project.deliver_month(month, {f"client-{n:02d}": 5 + n % 7 + more for n in range(clients)})
    job = build_definitions(counted(project, Counts())).resolve_implicit_global_asset_job_def()
    made = [dg.AssetKey(table) for table in (*FROM_USAGE, *FILES)]
    with open_instance() as instance:
        for month in (BEFORE, MONTH):
            counts, run_id = Counts(), str(uuid.uuid4())
            counted(project, counts)
            instance.add_event_listener(run_id, counts.heard)
            done = job.execute_in_process(
                partition_key=month,
                asset_selection=made,
                instance=instance,
                run_id=run_id,
                run_config=QUIET,
            )
            assert done.success
            assert len(instance.all_logs(run_id)) == counts.events.total()
    return counts


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An instance of its own, in SQLite as in a project."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Counts:
    return counts_of(tmp_path_factory.mktemp("few"), FEW)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Counts:
    return counts_of(tmp_path_factory.mktemp("many"), MANY)


@pytest.fixture(scope="module")
def recorded() -> dict[str, dict[str, Any]]:
    return yaml.safe_load(RECORDED.read_text())


def differing(
    what: str, counted: Mapping[str, int], expected: Mapping[str, int], share: float = 0
) -> list[str]:
    """A line for each count that is not the recorded one, or within a share of it."""
    lines = []
    for name in dict.fromkeys([*expected, *counted]):
        found, wanted = counted.get(name, 0), expected.get(name, 0)
        if abs(found - wanted) > share * wanted:
            lines.append(
                f"{name}: expected {wanted} {what}, counted {found}. Look what changed it; "
                f"if it is meant, write {found} to {RECORDED.name}."
            )
    return lines


def test_queries_of_each_stage(few: Counts, recorded: dict[str, dict[str, Any]]) -> None:
    told = differing("queries", few.queries, recorded["queries"])
    assert not told, "\n".join(told)


def test_rows_that_each_stage_takes_into_python(
    few: Counts, recorded: dict[str, dict[str, Any]]
) -> None:
    """Of checks, previews and samples; see the next test for all others."""
    told = differing("rows taken into Python", few.rows, recorded["rows"])
    assert not told, "\n".join(told)


def test_no_rows_come_to_python_on_the_way(few: Counts, many: Counts) -> None:
    """Three times the clients make no more of them, and no more queries."""
    grown = [
        f"{stage}: {many.rows[stage]} rows come to Python with {MANY} clients, {few.rows[stage]} "
        f"with {FEW}. Leave them in the engine: no table is to be read into Python."
        for stage in many.rows
        if many.rows[stage] != few.rows[stage]
    ]
    grown += [
        f"{stage}: {many.queries[stage]} queries with {MANY} clients, {few.queries[stage]} with "
        f"{FEW}. Ask once for all of them."
        for stage in many.queries
        if many.queries[stage] != few.queries[stage]
    ]
    assert not grown, "\n".join(grown)


def test_bytes_written_of_each_table(few: Counts, recorded: dict[str, dict[str, Any]]) -> None:
    """To a tenth: other versions of the Parquet writer may differ a little."""
    told = differing("bytes written", few.written, recorded["written"], share=0.1)
    assert not told, "\n".join(told)


def test_events_of_the_run(few: Counts, recorded: dict[str, dict[str, Any]]) -> None:
    told = differing("events", few.events, recorded["events"])
    assert not told, "\n".join(told)
