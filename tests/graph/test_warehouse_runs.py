"""Usage from a warehouse through the whole graph: the same as the same rows in files."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pytest
from project import Project

from healthscore_assets.definitions import build_definitions
from healthscore_assets.orchestration.pulling import pulling
from healthscore_assets.orchestration.schedules import warehouse_schedule
from healthscore_assets.orchestration.warehouse import refresh_inbox, warehouse_refresh
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.pendo.pulled import file_of_api, folder_of_warehouse
from healthscore_assets.pendo.warehouse.report import File

CHARTS, EXPORT, CHAT = "Reports | Charts", "Reports | Export", "Team | Chat"
USES = pd.DataFrame(
    [
        ("acme", "ann", CHARTS, "2024-04-30 23:59:59.999999+00", 3),
        ("acme", "ann", CHAT, "2024-05-01 00:00:00+00", 5),
        ("acme", "007", CHARTS, "2024-05-17 12:00:00+00", 7),
        ("bolt", "bob", CHARTS, "2024-04-02 08:00:00+00", 11),
        ("bolt", "bob", EXPORT, "2024-05-31 23:59:59+00", 13),
        ("bolt", None, CHAT, "2024-05-09 10:00:00+00", 17),  # to quarantine
    ],
    columns=["Account ID", "Visitor ID", "Feature Name", "Timestamp", "Clicks"],
)
QUERY = 'SELECT "Account ID", "Visitor ID", "Feature Name", "Timestamp", "Clicks" FROM uses'
URL = "HEALTHSCORE_WAREHOUSE"


def from_warehouse(root: Path, uses: pd.DataFrame = USES) -> Project:
    project = Project.make(root)
    fill(project, uses)
    project.lookup(
        "sources.yaml", f"source: warehouse\nwarehouse: {{backend: duckdb, query: '{QUERY}'}}\n"
    )
    return project


def fill(project: Project, uses: pd.DataFrame) -> None:
    with duckdb.connect(str(project.root / "usage.duckdb")) as connection:
        connection.register("given", uses)
        connection.execute(
            'CREATE OR REPLACE TABLE uses AS SELECT * REPLACE ("Timestamp"::timestamptz AS'
            ' "Timestamp") FROM given'
        )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = from_warehouse(tmp_path_factory.mktemp("warehouse"))
    done = project.run("run", **{URL: "usage.duckdb"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "From the warehouse: 2 files fetched (2024-04, 2024-05: 6 rows)." in done.stdout
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """The same in folders that a test may change."""
    return Project(shutil.copytree(made.root, tmp_path / "project"))


def test_the_tables_are_those_of_the_same_rows_in_files(made: Project, tmp_path: Path) -> None:
    files = Project.make(tmp_path)
    for month in ("2024-04", "2024-05"):
        text = USES[USES["Timestamp"].str.startswith(month)].to_csv(index=False)
        files.deliver(f"usage {month}.csv", text)
    done = files.run("run")
    assert (done.returncode, done.stderr) == (0, "")
    tables = sorted(path.name for path in files.lake.iterdir() if any(path.glob("month=*")))
    assert {"cleaned_usage", "quarantine", "client_scores", "health_scores"} <= {*tables}
    for table in tables:
        if table == "raw_pendo_export":
            continue  # it tells of the files themselves
        assert made.months(table) == files.months(table), table
        for month in files.months(table):
            theirs, ours = (of_rows(each, table, month) for each in (files, made))
            pd.testing.assert_frame_equal(ours, theirs, obj=f"{table} {month}")
    of_may = made.table("client_scores", "2024-05")
    assert sorted(of_may["client_id"].unique()) == ["acme", "bolt"]


def of_rows(project: Project, table: str, month: str) -> pd.DataFrame:
    """A month of a table without the names of files and the places in them."""
    found = project.table(table, month)
    return found.drop(columns=[c for c in found if c in ("source_file", "source_row", "cell")])


def test_a_month_that_leaves_the_warehouse_is_withdrawn(project: Project) -> None:
    fill(project, USES[USES["Timestamp"] >= "2024-05"])
    done = project.run("run", **{URL: "usage.duckdb"})
    assert done.returncode == 0, done.stderr
    assert "taken away: usage 2024-04.parquet" in done.stdout
    assert "2024-04 is withdrawn" in done.stdout
    assert project.months("client_scores") == ["2024-05"]


def test_a_warehouse_that_is_away_keeps_everything_and_files_go_on(project: Project) -> None:
    before = project.bytes_of_lake()
    done = project.run("run", **{URL: "moved.duckdb"})
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("warehouse: duckdb cannot be opened: ")
    assert line.endswith("check the URL in HEALTHSCORE_WAREHOUSE")
    assert project.bytes_of_lake() == before
    project.deliver_month("2024-06")
    done = project.run("run", **{URL: "moved.duckdb"})
    assert done.returncode == 1
    assert project.months("client_scores") == ["2024-04", "2024-05", "2024-06"]


def test_without_anything_delivered_the_warehouse_is_what_is_told(tmp_path: Path) -> None:
    project = from_warehouse(tmp_path)
    done = project.run("run")
    assert done.returncode == 1
    assert done.stderr == (
        "warehouse: HEALTHSCORE_WAREHOUSE is not set; set the environment variable "
        "HEALTHSCORE_WAREHOUSE\n"
    )


# ------------------------------------------------------------------------------- by itself


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    project = from_warehouse(tmp_path)
    monkeypatch.setenv(URL, str(tmp_path / "usage.duckdb"))
    return Workplace.at(project.exports, project.lookups, project.lake)


def test_the_job_brings_the_inbox_up_to_date(workplace: Workplace) -> None:
    definitions = build_definitions(workplace)
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions.resolve_job_def(warehouse_refresh.name)
        for fetched, as_before in ((2, 0), (0, 2)):
            result = job.execute_in_process(instance=instance)
            assert result.success
            told = {
                name: value.value
                for event in result.all_events
                if event.is_successful_output
                for name, value in event.step_output_data.metadata.items()
            }
            assert (told["fetched"], told["as_before"]) == (fetched, as_before)
    names = sorted(
        path.name for path in (workplace.inbox / "pulled" / "warehouse").glob("*.parquet")
    )
    assert names == ["usage 2024-04.parquet", "usage 2024-05.parquet"]


def test_a_pull_asks_for_all_months_at_once(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...] | None] = []

    def counted(workplace: Workplace, months: tuple[str, ...], tell: Callable[[File], None]) -> Any:
        asked.append(months)
        return refresh_inbox(workplace, months, tell)

    monkeypatch.setattr("healthscore_assets.orchestration.pulling.refresh_inbox", counted)
    told: list[str] = []
    months = ["2024-04", "2024-05", "2024-06"]
    with pulling(workplace, months, told.append, told.append) as pull:
        rows = [pull(month).rows for month in months]
    assert (rows, asked) == ([2, 4, 0], [tuple(months)])
    assert told == ["usage 2024-04.parquet: 2 rows", "usage 2024-05.parquet: 4 rows"]


def test_a_month_of_two_sources_fails_the_job_and_no_other(workplace: Workplace) -> None:
    other = file_of_api(workplace.inbox, "2024-05")
    other.parent.mkdir(parents=True)
    other.write_bytes(b"the same in other words")
    job = build_definitions(workplace).resolve_job_def(warehouse_refresh.name)
    with pytest.raises(dg.Failure, match=r"pendo 2024-05.parquet has a month that the warehouse"):
        job.execute_in_process()
    names = sorted(path.name for path in folder_of_warehouse(workplace.inbox).glob("*.parquet"))
    assert names == ["usage 2024-04.parquet"]


def test_the_job_fails_with_one_line(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL, "moved.duckdb")
    job = build_definitions(workplace).resolve_job_def(warehouse_refresh.name)
    with pytest.raises(dg.Failure, match="duckdb cannot be opened"):
        job.execute_in_process()


def test_the_schedule_is_off_and_passes_over_files_alone(workplace: Workplace) -> None:
    assert warehouse_schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    at = datetime(2024, 6, 3, 5, tzinfo=UTC)
    with dg.build_schedule_context(
        resources={"workplace": workplace}, scheduled_execution_time=at
    ) as context:
        asked = warehouse_schedule(context)
        assert isinstance(asked, dg.RunRequest)
        assert asked.run_key == "2024-06-03"
        workplace.sources_file.write_text("source: files\n")
        passed = warehouse_schedule(context)
    assert isinstance(passed, dg.SkipReason)
    assert "says source: files" in (passed.skip_message or "")
