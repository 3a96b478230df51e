"""Backfills as the UI starts them, over three years; cancelled, killed, and two at once."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg
import pytest
import tables
from lake_files import differing, files_of
from postgres import Postgres
from project import Project
from readers import Readers, with_pandas
from stack import BACKFILL, MONTH, Stack, running_stack

from healthscore_assets.lake.months import span

YEARS = span("2021-01", "2023-12")
BROKEN = "2022-05"
CORRECTED, DUE = span("2023-08", "2023-09"), span("2023-08", "2023-12")
SUCCESS, FAILURE = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE


def clicks(month: str, *, corrected: bool = False) -> dict[str, int]:
    """Another number each month, so that no month's tables look like another's."""
    number = YEARS.index(month)
    return {"acme": 5 + number * 7 % 11, "bolt": 3 + number, "cogs": 90 if corrected else 9}


def deliver(project: Project, months: Sequence[str], *, corrected: bool = False) -> None:
    for month in months:
        project.deliver_month(month, clicks(month, corrected=corrected))


class Undisturbed:
    """The same exports in another folder, month by month in this process."""

    def __init__(self, root: Path) -> None:
        self.project = Project.make(root)
        deliver(self.project, YEARS)
        self.before = self._made(YEARS)
        deliver(self.project, CORRECTED, corrected=True)
        self.after = self._made(DUE)

    def _made(self, months: Sequence[str]) -> dict[str, bytes]:
        at = self.project
        runs = tables.run_graph(at.exports, at.lookups, at.lake, months)
        assert [month for month in months if not runs[month].success] == []
        return files_of(at)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return Undisturbed(tmp_path_factory.mktemp("undisturbed") / "project")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, database: Postgres) -> Iterator[Stack]:
    root = tmp_path_factory.mktemp("backfills")
    with running_stack(root, Project.make(root / "project"), database.database("b")) as stack:
        yield stack


def outcomes(stack: Stack, backfill: str) -> dict[str, list[dg.DagsterRunStatus]]:
    """How the runs of each month ended, in order."""
    found: dict[str, list[dg.DagsterRunStatus]] = {}
    for record in stack.runs(**{BACKFILL: backfill}):
        run = record.dagster_run
        found.setdefault(run.tags[MONTH], []).append(run.status)
    return found


def done(stack: Stack, backfill: str) -> int:
    return sum(SUCCESS in each for each in outcomes(stack, backfill).values())


def old_or_new(stack: Stack, undisturbed: Undisturbed, months: Sequence[str]) -> None:
    """Every file of these months is the one before the correction or the one after it.

    Or, of a month that reads corrected ones, what is made of some of them.
    """
    found, before, after = files_of(stack.project), undisturbed.before, undisturbed.after
    assert found.keys() == before.keys()
    for path in found:
        if any(month in path for month in months):
            assert found[path] in (before[path], after[path]), path


def test_a_backfill_of_36_months_leaves_out_the_broken_one_alone(
    stack: Stack, undisturbed: Undisturbed
) -> None:
    project = stack.project
    deliver(project, YEARS)
    (project.inbox / f"usage {BROKEN}.csv").write_text("no header at all\n1\n")
    began = time.monotonic()
    backfill = stack.backfill_job(YEARS)
    stack.backfill_ended(backfill, 1200)
    print(f"\n36 months in {time.monotonic() - began:.0f} s")
    ended = outcomes(stack, backfill)
    # Refused data are refused again however often they are tried: they were tried once.
    assert ended == {month: [FAILURE if month == BROKEN else SUCCESS] for month in YEARS}
    assert project.months("client_scores") == [month for month in YEARS if month != BROKEN]
    # Mended, the month is run alone, and then those that read it.
    deliver(project, [BROKEN])
    assert stack.finished(stack.launch(BROKEN)) is SUCCESS
    assert project.months("client_scores") == YEARS
    told = project.run("run", **stack.settings)
    assert told.returncode == 0, told.stderr
    assert differing(files_of(project), undisturbed.before) == []


def test_a_backfill_that_is_cancelled_or_killed_half_way_is_completed_by_the_next(
    stack: Stack, undisturbed: Undisturbed
) -> None:
    project = stack.project
    assert differing(files_of(project), undisturbed.before) == []
    deliver(project, CORRECTED, corrected=True)
    cancelled = stack.backfill_job(DUE)
    stack.wait("two months to be done", lambda: done(stack, cancelled) >= 2, 300)
    stack.cancel_backfill(cancelled)
    assert stack.backfill_ended(cancelled, 300) == "CANCELED"
    assert done(stack, cancelled) < len(DUE)
    old_or_new(stack, undisturbed, CORRECTED)
    # All processes but the database die while the third month is made.
    killed = stack.backfill_job(DUE)
    stack.wait("two months to be done", lambda: done(stack, killed) >= 2, 300)
    stack.wait("the third to be at work", lambda: at_work(stack, killed), 120)
    for server in stack.servers:
        server.kill()
    old_or_new(stack, undisturbed, CORRECTED)
    stack.start(sensors=False)
    # The run whose process is gone is found and tried again; the rest of the backfill goes on.
    # Dagster calls the backfill failed all the same: of that month it looks at the first run.
    stack.backfill_ended(killed, 400)
    stack.wait("all runs to end", stack.idle, 300)
    ended = outcomes(stack, killed)
    assert {month: each[-1] for month, each in ended.items()} == dict.fromkeys(DUE, SUCCESS)
    assert sum(each.count(FAILURE) for each in ended.values()) == 1
    again = stack.backfill_job(DUE)
    stack.backfill_ended(again, 400)
    assert differing(files_of(project), undisturbed.after) == []


def at_work(stack: Stack, backfill: str) -> bool:
    return any(
        record.dagster_run.status is dg.DagsterRunStatus.STARTED
        for record in stack.runs(**{BACKFILL: backfill})
    )


def test_backfills_that_overlap_take_turns_and_readers_read_on(
    stack: Stack, undisturbed: Undisturbed
) -> None:
    project, overlapping = stack.project, DUE[:3]
    old = with_pandas(project.lake)
    deliver(project, CORRECTED)
    with Readers(project.lake) as readers:
        both = [stack.backfill_job(overlapping), stack.backfill_job(DUE)]
        # A person at the command line, in the same instance, at the same time.
        told = project.run("run", "--from", DUE[0], "--to", DUE[1], **stack.settings)
        assert told.returncode == 0, told.stderr
        for each in both:
            stack.backfill_ended(each, 600)
    assert all(set(each) == {SUCCESS} for b in both for each in outcomes(stack, b).values())
    assert differing(files_of(project), undisturbed.before) == []
    print(f"\n{dict(readers.reads)} while {len(DUE) + len(overlapping)} runs and a command wrote")
    assert readers.failures == []
    assert min(readers.reads.values()) > 20
    new = with_pandas(project.lake)
    assert [month for month in new if new[month] != old[month]] == CORRECTED
    for month, states in readers.states.items():
        assert states <= {old[month], new[month]}, month
    for month in CORRECTED:
        assert len(readers.states[month]) == 2


def test_a_backfill_from_the_assets_page_adds_the_later_months_that_read(
    stack: Stack, undisturbed: Undisturbed
) -> None:
    project = stack.project
    deliver(project, CORRECTED, corrected=True)
    began = time.monotonic()
    backfill = stack.backfill(CORRECTED)
    status = stack.backfill_ended(backfill, 900)
    ended = outcomes(stack, backfill)
    runs = sum(map(len, ended.values()))
    print(
        f"\n2 months from the assets page: {status}, {runs} runs of {sorted(ended)}, "
        f"{time.monotonic() - began:.0f} s"
    )
    assert {status for each in ended.values() for status in each} == {SUCCESS}
    assert differing(files_of(project), undisturbed.after) == []
