"""What is tried again and what is not, and what people are told of a run that failed."""

import errno
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import psutil
import pytest
from project import HEADER, Project

from healthscore_assets.definitions import build_definitions
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.refused import LakeRefused
from healthscore_assets.lake.unavailable import LakeUnavailable
from healthscore_assets.orchestration import transient
from healthscore_assets.orchestration.plan import Graph, MonthPlan
from healthscore_assets.orchestration.runs import run_month
from healthscore_assets.orchestration.sensors import failed_runs
from healthscore_assets.orchestration.worker import PROCESS_TAG, end_abandoned_runs, is_gone
from healthscore_assets.orchestration.workplace import Workplace

MONTH = "2024-05"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.make(tmp_path)
    made.deliver_month(MONTH)
    return made


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = dg.RetryPolicy(max_retries=transient.POLICY.max_retries, delay=0.01)
    monkeypatch.setattr(transient, "POLICY", quick)


def run(project: Project, instance: dg.DagsterInstance) -> tuple[bool, str]:
    workplace = Workplace.at(project.exports, project.lookups, project.lake)
    definitions = build_definitions(workplace)
    outcome = run_month(definitions, instance, MonthPlan(MONTH, tuple(Graph.of(definitions).reads)))
    return outcome.succeeded, outcome.run_id


def failing(times: int, error: Exception, then: Callable[..., object]) -> Callable[..., object]:
    """Raises the first few times that it is called, as a server that restarts."""
    left = [times]

    def called(*arguments: object, **named: object) -> object:
        if left[0]:
            left[0] -= 1
            raise error
        return then(*arguments, **named)

    return called


def retries(instance: dg.DagsterInstance, run_id: str) -> int:
    of_type = dg.DagsterEventType.STEP_UP_FOR_RETRY
    return len(instance.get_records_for_run(run_id, of_type=of_type).records)


@pytest.mark.parametrize(
    "error",
    [
        LakeUnavailable("s3://scores: does not answer"),
        ConnectionResetError("reset"),
        OSError(errno.ESTALE, "stale file handle"),
    ],
)
@pytest.mark.parametrize("call", ["promote", "archive", "present"])
def test_what_may_pass_is_tried_again(
    project: Project,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    call: str,
) -> None:
    monkeypatch.setattr(Lake, call, failing(2, error, getattr(Lake, call)))
    succeeded, run_id = run(project, instance)
    assert succeeded
    assert retries(instance, run_id) == 2
    assert project.months("client_scores") == [MONTH]


@pytest.mark.parametrize(
    "error",
    [
        LakeRefused("s3://scores: access denied; check AWS_ACCESS_KEY_ID"),
        OSError(errno.ENOSPC, "no space left on device"),
        ValueError("a mistake in the code"),
    ],
)
def test_what_will_not_pass_is_not_tried_again(
    project: Project,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    monkeypatch.setattr(Lake, "promote", failing(1, error, Lake.promote))
    succeeded, run_id = run(project, instance)
    assert not succeeded
    assert retries(instance, run_id) == 0


def test_retries_come_to_an_end_and_wait_longer_each_time(
    project: Project, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lake, "promote", failing(99, TimeoutError("slow"), Lake.promote))
    succeeded, run_id = run(project, instance)
    assert not succeeded
    assert retries(instance, run_id) == 4
    monkeypatch.undo()
    waits = [transient.POLICY.calculate_delay(attempt) for attempt in (1, 2, 3, 4)]
    # Within the jitter of Dagster's own policy, one base delay of 2 s.
    assert all(abs(wait - usual) <= 2 for wait, usual in zip(waits, (2, 6, 14, 30), strict=True))


def test_refused_data_are_not_tried_again(project: Project, instance: dg.DagsterInstance) -> None:
    project.deliver(f"usage {MONTH}.csv", HEADER + "v-1,acme,1,5\n")
    succeeded, run_id = run(project, instance)
    assert not succeeded
    assert retries(instance, run_id) == 0


def told(
    project: Project, instance: dg.DagsterInstance, caplog: pytest.LogCaptureFixture, run_id: str
) -> list[str]:
    event = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.RUN_FAILURE).records[0]
    dagster_event = event.event_log_entry.dagster_event
    failed = instance.get_run_by_id(run_id)
    assert dagster_event is not None
    assert failed is not None
    workplace = Workplace.at(project.exports, project.lookups, project.lake)
    with (
        dg.build_run_status_sensor_context(
            sensor_name="failed_runs",
            dagster_instance=instance,
            dagster_run=failed,
            dagster_event=dagster_event,
            resources={"workplace": workplace},
        ) as context,
        caplog.at_level(logging.WARNING, logger="healthscore.operators"),
    ):
        failed_runs(context.for_run_failure())
    return [r.message for r in caplog.records if r.name == "healthscore.operators"]


def test_one_message_says_what_failed_which_month_and_what_to_do(
    project: Project, instance: dg.DagsterInstance, caplog: pytest.LogCaptureFixture
) -> None:
    project.deliver(f"usage {MONTH}.csv", "of nothing\nthat is known\n")
    _, run_id = run(project, instance)
    (message,) = told(project, instance, caplog, run_id)
    first, reason, to_do = message.splitlines()
    assert first == f"2024-05 failed and keeps the tables it had (run {run_id})."
    assert reason.startswith("usage 2024-05.csv")
    assert to_do == (
        "To do: mend the export or lookup that is named, and the month is run again by itself; "
        "where there is nothing to mend, healthscore run --from 2024-05 --to 2024-05."
    )


def test_nothing_is_said_of_a_run_that_is_tried_again(
    project: Project, instance: dg.DagsterInstance, caplog: pytest.LogCaptureFixture
) -> None:
    project.deliver(f"usage {MONTH}.csv", HEADER + "v-1,acme,1,5\n")
    _, run_id = run(project, instance)
    instance.add_run_tags(run_id, {"dagster/will_retry": "true"})
    assert told(project, instance, caplog, run_id) == []


def test_a_run_tells_its_process_and_is_abandoned_when_that_is_gone(
    project: Project, instance: dg.DagsterInstance
) -> None:
    _, run_id = run(project, instance)
    done = instance.get_run_by_id(run_id)
    assert done is not None
    host, pid, started, of_run = done.tags[PROCESS_TAG].split(" ")
    assert (host, pid, of_run) == (socket.gethostname(), str(os.getpid()), run_id)
    assert is_gone(done) is False
    # A process of our own that has ended; then one with the id of a living process, but older.
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    living = psutil.Process().create_time()
    for process, gone in (
        (f"{host} {ended.pid} {float(started):.2f}", True),
        (f"{host} {os.getpid()} {living - 100:.2f}", True),
        (f"elsewhere {ended.pid} {started}", None),
    ):
        job = build_definitions(
            Workplace.at(project.exports, project.lookups, project.lake)
        ).resolve_implicit_global_asset_job_def()
        of_it = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        instance.add_run_tags(of_it.run_id, {PROCESS_TAG: f"{process} {of_it.run_id}"})
        found = instance.get_run_by_id(of_it.run_id)
        assert found is not None
        assert is_gone(found) is gone
        assert end_abandoned_runs(instance) == ([of_it.run_id] if gone else [])
    # A retry is given the tags of the run before it: those say nothing of its own process.
    retry = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    instance.add_run_tags(retry.run_id, {PROCESS_TAG: f"{host} {ended.pid} 1.00 {run_id}"})
    found = instance.get_run_by_id(retry.run_id)
    assert found is not None
    assert is_gone(found) is None
