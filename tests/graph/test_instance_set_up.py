"""The commands that are the first of a project, several at once."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from healthscore_assets.orchestration.instance import open_instance

_PROCESSES = 6
_SECONDS = 120


def _open_with_the_others(ready: Barrier) -> None:
    ready.wait(_SECONDS)
    with open_instance() as instance:
        assert instance.get_runs_count() == 0


def test_an_empty_folder_is_set_up_by_one_process_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    spawned = multiprocessing.get_context("spawn")
    ready = spawned.Barrier(_PROCESSES)
    processes = [
        spawned.Process(target=_open_with_the_others, args=(ready,)) for _ in range(_PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(_SECONDS)
    assert [process.exitcode for process in processes] == [0] * _PROCESSES
    assert (tmp_path / "home" / "dagster.yaml").is_file()
