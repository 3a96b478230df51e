"""Spark is asked for and cannot be had: one line that says what to do."""

import socket
import sys
from pathlib import Path

import pytest

from healthscore_assets.lake.spark.needed import need_java, need_master, need_pyspark
from healthscore_assets.lake.spark.refused import EngineRefused
from healthscore_assets.orchestration.engines import engine_named

SETTING = "HEALTHSCORE_SPARK_MASTER"


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(EngineRefused, match=r"pip install 'healthscore-assets\[spark\]'"):
        need_pyspark()


def test_without_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineRefused, match=f"JAVA_HOME={tmp_path} has no bin/java; install it"):
        need_java(str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineRefused, match="PATH holds no java; install it"):
        need_java(None)


def java(home: Path, version: str) -> str:
    program = home / "bin" / "java"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{version}' >&2\n")
    program.chmod(0o755)
    return str(home)


def test_java_of_a_version_that_is_too_old(tmp_path: Path) -> None:
    with pytest.raises(EngineRefused, match=r"needs Java 17 or later, .* is a Java of version 1;"):
        need_java(java(tmp_path, 'openjdk version "1.8.0_442"'))


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        ("#!/bin/sh\n", 0o644, "Permission denied"),
        ("\x7fELF of another", 0o755, "Exec format error"),
    ],
)
def test_java_that_cannot_be_run(tmp_path: Path, content: str, mode: int, reason: str) -> None:
    program = Path(java(tmp_path, "")) / "bin" / "java"
    program.write_text(content)
    program.chmod(mode)
    with pytest.raises(
        EngineRefused, match=rf"{program} cannot be run \({reason}\); set JAVA_HOME"
    ):
        need_java(str(tmp_path))


@pytest.mark.parametrize("version", ['openjdk version "17.0.15" 2025-04-15', 'java version "21"'])
def test_java_that_will_do(tmp_path: Path, version: str) -> None:
    need_java(java(tmp_path, version))


@pytest.mark.parametrize(
    "master", ["spork", "spark://", "spark://host", "spark://host:port", "local[x]", "http://h:1"]
)
def test_what_is_no_master(master: str) -> None:
    with pytest.raises(EngineRefused, match=f"{SETTING}: .* is no master of Spark; expected"):
        need_master(master, SETTING)


@pytest.mark.parametrize("master", ["local", "local[*]", "local[4]", "yarn", "k8s://https://h:1"])
def test_masters_that_need_no_host(master: str) -> None:
    need_master(master, SETTING)


def test_a_master_that_does_not_answer_and_one_of_two_that_does() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        there = closed.getsockname()[1]
    with pytest.raises(EngineRefused, match=rf"no master answers at spark://127.0.0.1:{there} \("):
        need_master(f"spark://127.0.0.1:{there}", SETTING)
    with socket.create_server(("127.0.0.1", 0)) as answers:
        other = answers.getsockname()[1]
        need_master(f"spark://127.0.0.1:{there},127.0.0.1:{other}", SETTING)


def test_another_name_of_an_engine() -> None:
    with pytest.raises(ValueError, match="'snark' is no engine; expected duckdb or spark"):
        engine_named("snark")
