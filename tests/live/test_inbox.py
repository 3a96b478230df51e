"""A file dropped into the inbox of a running stack, sensors on as they are by default."""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from lake_files import differing, files_of
from postgres import Postgres
from project import Project
from stack import MONTH, Stack, running_stack

from healthscore_assets.lake.months import span

MONTHS = span("2023-01", "2023-08")
TICKS = 180
"""Seconds in which a sensor that looks every 15 s has surely seen a file stand still."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, database: Postgres) -> Iterator[Stack]:
    root = tmp_path_factory.mktemp("inbox")
    project = Project.make(root / "project")
    storage = database.database("inbox")
    with running_stack(root, project, storage, sensors=True) as stack:
        yield stack


def drop(project: Project, month: str, clicks: dict[str, int]) -> None:
    """As a careful program does: written beside the inbox, then renamed into it."""
    beside = Project(project.root / "written")
    beside.inbox.mkdir(parents=True, exist_ok=True)
    path = beside.deliver_month(month, clicks)
    path.replace(project.inbox / path.name)


REGISTER = "Client,Name,Contract start\nacme,Acme Ltd,2022-01-01\nbolt,Bolt Inc,2022-01-01\n"
TICKETS = (
    "Id,Client,Created at,Solved at,Subject\n"
    "1,acme,2023-02-10,2023-04-02,The export is broken again\n"
    "2,bolt,2023-03-10,,I really love this great product\n"
)


def drop_feeds(project: Project) -> None:
    """A register, and tickets of three months."""
    for name, text in (("accounts/a_2023-03-31", REGISTER), ("support_tickets/t", TICKETS)):
        path = project.exports / f"{name}.csv"
        path.parent.mkdir()
        path.with_suffix(".part").write_text(text)
        path.with_suffix(".part").replace(path)


def clicks(month: str) -> dict[str, int]:
    return {"acme": 5 + MONTHS.index(month), "bolt": 20 - MONTHS.index(month)}


def months_run(stack: Stack) -> list[str]:
    """The months of all runs, in the order in which they started."""
    started = [record for record in stack.runs() if record.start_time is not None]
    started.sort(key=lambda record: record.start_time)
    return [record.dagster_run.tags[MONTH] for record in started]


def quiet(stack: Stack, expected: int) -> bool:
    return len(stack.runs()) >= expected and stack.idle()


def same_as_the_command(project: Project, root: Path, month_clicks: dict[str, dict[str, int]]):
    other = Project.make(root / "project")
    for month, each in month_clicks.items():
        other.deliver_month(month, each)
    drop_feeds(other)
    done = other.run("run")
    assert done.returncode == 0, done.stderr
    assert differing(files_of(project), files_of(other)) == []


def test_exports_dropped_into_the_inbox_are_scored(stack: Stack, tmp_path: Path) -> None:
    project = stack.project
    drop_feeds(project)
    for month in MONTHS:
        drop(project, month, clicks(month))
    stack.wait("runs of all months", lambda: quiet(stack, len(MONTHS)), TICKS + 400, every=0.5)
    # One run per month, the oldest first: later months read earlier ones.
    assert months_run(stack) == MONTHS
    assert {r.dagster_run.status for r in stack.runs()} == {dg.DagsterRunStatus.SUCCESS}
    same_as_the_command(project, tmp_path, {month: clicks(month) for month in MONTHS})


def test_a_correction_runs_its_month_and_those_that_read_it_though_the_daemon_dies(
    stack: Stack, tmp_path: Path
) -> None:
    project, before = stack.project, len(stack.runs())
    corrected = MONTHS[0]
    drop(project, corrected, {"acme": 70, "bolt": 1})
    due = MONTHS[MONTHS.index(corrected) :]  # a band is held against half a year, and more
    stack.wait("the sensor to ask for runs", lambda: len(stack.runs()) > before, TICKS)
    stack.daemon.kill()
    # Touched, but the same bytes: nothing to do when the daemon is back.
    os.utime(project.inbox / f"usage {MONTHS[-1]}.csv")
    stack.daemon.start()
    stack.wait("the months due", lambda: quiet(stack, before + len(due)), TICKS + 400, every=0.5)
    seen = stack.ticks("inbox")
    stack.wait("two more ticks", lambda: stack.ticks("inbox") >= seen + 2, TICKS + 30, every=0.5)
    assert months_run(stack)[before:] == due
    assert all(r.dagster_run.status is dg.DagsterRunStatus.SUCCESS for r in stack.runs())
    delivered = {month: clicks(month) for month in MONTHS} | {corrected: {"acme": 70, "bolt": 1}}
    same_as_the_command(project, tmp_path, delivered)
