"""An engine that cannot be had: one line of the command, before any work starts."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from project import Project

from healthscore_assets.lake.spark.refused import EngineRefused
from healthscore_assets.orchestration.workplace import Workplace

MASTER = "HEALTHSCORE_SPARK_MASTER"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.make(tmp_path)
    made.deliver_month("2024-05")
    return made


@pytest.fixture
def silent() -> Iterator[str]:
    """A master's address where something listens that is none."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"spark://127.0.0.1:{listening.getsockname()[1]}"


def closed() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"spark://127.0.0.1:{listening.getsockname()[1]}"


def refused(project: Project, **environment: str) -> str:
    ran = project.run("run", "--engine", "spark", **environment)
    assert (ran.returncode, ran.stdout) == (1, "")
    (line,) = ran.stderr.splitlines()
    assert not project.lake.exists(), "work had started"
    return line


def test_without_pyspark(project: Project) -> None:
    (project.root / "sitecustomize.py").write_text("import sys\nsys.modules['pyspark'] = None\n")
    line = refused(project, PYTHONPATH=str(project.root))
    assert line.startswith("HEALTHSCORE_ENGINE=spark: pyspark is not installed here; install")


def test_without_java(project: Project) -> None:
    line = refused(project, JAVA_HOME=str(project.root))
    assert f"JAVA_HOME={project.root} has no bin/java; install it" in line


def test_a_master_that_is_not_there(project: Project) -> None:
    master = closed()
    line = refused(project, **{MASTER: master})
    told = f"{MASTER}: no master answers at {master} (Connection refused); start it, or correct"
    assert line.startswith(told)


def test_a_run_of_dagster(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused before its first step."""
    monkeypatch.setenv(MASTER, closed())
    at = Workplace.at(project.exports, project.lookups, project.lake, "spark")
    with (
        pytest.raises(EngineRefused, match=f"{MASTER}: no master answers"),
        at.yield_for_execution(dg.build_init_resource_context()),
    ):
        pass


OPENED = """
import sys
from pathlib import Path
from healthscore_assets.lake.spark.refused import EngineRefused
from healthscore_assets.lake.spark.session import open_session
try:
    open_session(sys.argv[1], "SETTING", Path(sys.argv[2]), 8.0)
except EngineRefused as refused:
    print(refused)
"""


def test_a_master_that_never_answers(silent: str, tmp_path: Path) -> None:
    log = tmp_path / "spark.log"
    told = subprocess.run(
        [sys.executable, "-c", OPENED, silent, log],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert told.stdout == (
        f"SETTING: no session of Spark at {silent}: it did not answer within 8 s; see that it is "
        f"up and has room (Java's words are in {log})\n"
    )
    assert "WARN" in log.read_text()
