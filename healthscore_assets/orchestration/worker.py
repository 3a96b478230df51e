"""Which process executes a run, and whether it is still there."""

import os
import socket

import dagster as dg
import psutil

PROCESS_TAG = ".dagster/healthscore/process"
"""Beginning with a dot: the UI does not show it."""

UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
"""States of a run that waits or works."""


def tell_process(instance: dg.DagsterInstance, run_id: str) -> None:
    """Record that this process executes the run.

    By host, process id and when the process started, since ids are used again, most of all in
    containers; and with the id of the run, since a retry is given the tags of the run before.
    """
    instance.add_run_tags(run_id, {PROCESS_TAG: f"{this_process()} {run_id}"})


def this_process() -> str:
    """The process at hand, as `process_is_gone` knows it again: host, id, when it started."""
    return f"{socket.gethostname()} {os.getpid()} {psutil.Process().create_time():.2f}"


def is_gone(run: dg.DagsterRun) -> bool | None:
    """Whether the process of a run has ended; None where that cannot be told from this host."""
    process, _, run_id = run.tags.get(PROCESS_TAG, "? 0 0 ?").rpartition(" ")
    return process_is_gone(process) if run_id == run.run_id else None


def process_is_gone(process: str) -> bool | None:
    """Whether a process has ended; None where that cannot be told from this host."""
    host, pid, started = process.split(" ")
    if host != socket.gethostname():
        return None
    try:
        found = psutil.Process(int(pid))
        return f"{found.create_time():.2f}" != started or found.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def end_abandoned_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark as failed the runs of this host whose process is gone; returns their ids.

    Without it, a run of a killed command line would keep its turn at the lake for good where no
    daemon is there to notice.
    """
    ended = []
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        if is_gone(run):
            instance.report_run_failed(run, "The process that executed the run is gone.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            ended.append(run.run_id)
    return ended
