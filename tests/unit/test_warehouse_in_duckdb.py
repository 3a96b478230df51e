"""Usage from a DuckDB file: every example, and what only a file can do."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from warehouse_examples import EVENTS, Given, WarehouseExamples, event, memory_of_a_large_month


@pytest.fixture
def given(tmp_path: Path) -> Given:
    path = tmp_path / "usage.duckdb"

    def sql(statements: str) -> None:
        with duckdb.connect(str(path)) as connection:
            connection.execute(statements)

    sql("SELECT 1")
    return Given("duckdb", str(path), sql, tmp_path)


class TestInDuckDB(WarehouseExamples):
    """Every example, in a file of its own."""


def test_memory_does_not_grow_with_a_month(given: Given) -> None:
    memory_of_a_large_month(given)


def test_a_file_that_another_process_writes_is_told(given: Given) -> None:
    given.sql(EVENTS + event("2024-05-02 00:00:00+00"))
    holding = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holding, given.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"held\n"
        assert "Conflicting lock is held" in given.refused()
        writer.communicate(b"\n")
    assert len(given.refresh().files) == 1


def test_what_a_killed_process_was_writing_is_cleared_away(given: Given) -> None:
    given.sql(EVENTS + event("2024-04-02 00:00:00+00") + event("2024-05-02 00:00:00+00"))
    killed = (
        "import os, signal, sys; from pathlib import Path; from warehouse_examples import Given;"
        "given = Given('duckdb', sys.argv[1], print, Path(sys.argv[2]));"
        "given.refresh(tell=lambda _: os.kill(os.getpid(), signal.SIGKILL))"
    )
    done = subprocess.run(
        [sys.executable, "-c", killed, given.url, str(given.root)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert list(given.files()) == ["feature_event 2024-04.parquet"]
    assert (given.folder / ".warehouse").is_dir()
    report = given.refresh()
    assert ([file.month for file in report.files], report.kept) == (["2024-05"], 1)
    assert not (given.folder / ".warehouse").exists()
