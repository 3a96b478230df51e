"""The commands that are the first of a project, several at once."""

import multiprocessing
import os
import tempfile
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from healthscore_assets.orchestration.instance import open_instance

_PROCESSES = 6
_SECONDS = 120
_NOBODY = 65534


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


def _open_as_nobody(writable: Path, read_only: Path) -> None:
    os.environ["DAGSTER_HOME"] = str(writable / "first")
    open_instance().dispose()  # every module is loaded while the code can be read for sure
    if os.getuid() == 0:
        os.setuid(_NOBODY)  # root may write anywhere
    os.environ["DAGSTER_HOME"] = str(read_only)
    with open_instance() as instance:
        assert instance.get_runs_count() == 0


def test_a_folder_that_can_only_be_read_is_opened_as_it_is() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        writable, read_only = root / "writable", root / "read_only"
        for folder in (writable, read_only):
            folder.mkdir()
        writable.chmod(0o777)
        storage = f"storage:\n  sqlite:\n    base_dir: {writable}/tables\n"
        (read_only / "dagster.yaml").write_text(storage)
        (read_only / "storage").mkdir(mode=0o777)  # as the volume of a deployment
        read_only.chmod(0o555)
        process = multiprocessing.get_context("spawn").Process(
            target=_open_as_nobody, args=(writable, read_only)
        )
        process.start()
        process.join(_SECONDS)
        found = sorted(path.name for path in read_only.iterdir())
        read_only.chmod(0o755)
    assert process.exitcode == 0
    assert found == ["dagster.yaml", "storage"]
