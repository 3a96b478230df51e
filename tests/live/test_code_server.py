"""The code server dies during a run: nobody has to notice."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from lake_files import differing, files_of
from postgres import Postgres
from processes import going
from project import Project
from stack import Stack, running_stack

from healthscore_assets.orchestration.worker import PROCESS_TAG

MONTHS = ("2024-01", "2024-02", "2024-03")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, database: Postgres) -> Iterator[Stack]:
    root = tmp_path_factory.mktemp("code_server")
    with running_stack(root, Project.make(root / "project"), database.database("c")) as stack:
        yield stack


def processes(stack: Stack, run_id: str) -> list[int]:
    """The process that executes a run, by its own word; none before it gives it."""
    told = stack.instance.get_run_by_id(run_id)
    assert told is not None
    words = told.tags.get(PROCESS_TAG, "").split(" ")
    return [int(words[1])] if words[-1] == run_id else []


@pytest.mark.parametrize("with_its_runs", [True, False], ids=["container", "process"])
def test_a_run_whose_code_server_was_killed_is_run_again(stack: Stack, with_its_runs: bool) -> None:
    """A container dies with all its processes; a server killed alone leaves the run's process."""
    project, month = stack.project, MONTHS[0 if with_its_runs else 1]
    project.deliver_month(month)
    run_id = stack.launch(month)
    (pid,) = stack.wait("the run to start", lambda: processes(stack, run_id), 120, every=0.02)
    stack.code.kill(children=with_its_runs)
    assert going(pid) is not with_its_runs
    stack.start_code()
    ended = stack.finished(run_id, 240)
    if with_its_runs:
        assert ended is dg.DagsterRunStatus.FAILURE
        tags = {"dagster/parent_run_id": run_id}
        (again,) = stack.wait("a second attempt", lambda: stack.runs(**tags), 30)
        assert stack.finished(again.dagster_run.run_id, 240) is dg.DagsterRunStatus.SUCCESS
    else:
        # Its process goes on without the server, and is not taken for dead.
        assert ended is dg.DagsterRunStatus.SUCCESS
        assert [r.dagster_run.run_id for r in stack.runs(**{"dagster/partition": month})] == [
            run_id
        ]
    assert month in project.months("client_scores")


def test_what_was_made_is_what_an_undisturbed_command_makes(stack: Stack, tmp_path: Path) -> None:
    other = Project.make(tmp_path / "project")
    for month in MONTHS[:2]:
        other.deliver_month(month)
    assert other.run("run").returncode == 0
    assert differing(files_of(stack.project), files_of(other)) == []
