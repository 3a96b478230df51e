"""A cluster computes what one machine does, and goes on where a machine is lost."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from lakes_compared import differences
from project import COMMAND, Project
from spark_cluster import kill, running

_SECONDS = 900
HEADER = "Account ID,Account Name,Visitor ID,Email,Visitor Type,Day,Feature Name,Clicks,Minutes\n"
FEATURES = ["Reports | Charts", "Reports | Export", "Team | Chat", "Unknown"]


def events(month: str, salt: int) -> str:
    """Clicks of 300 visitors of 30 clients, each on some days and features."""
    rows = [HEADER]
    for n in range(6_000):
        client, visitor = n * 7 % 30, n % 300
        day, feature = n * 11 % 28 + 1, FEATURES[(n * n + salt) % len(FEATURES)]
        rows.append(
            f"c{client},Client {client},v{visitor}-{client},v{visitor}@example.com,,"
            f"{month}-{day:02},{feature},{n % 13 + salt},{n % 5}.25\n"
        )
    return "".join(rows)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.make(tmp_path)
    for salt, month in enumerate(["2024-04", "2024-05"], start=1):
        made.deliver(f"events {month}.csv", events(month, salt))
    return made


def test_a_worker_is_killed_half_way(project: Project, tmp_path: Path) -> None:
    here = project.run("run", HEALTHSCORE_LAKE="one_machine", DAGSTER_HOME=str(tmp_path / "one"))
    assert (here.returncode, here.stderr) == (0, ""), here.stdout
    with running(tmp_path) as cluster:
        lost, _ = cluster.start_worker("lost"), cluster.start_worker("left")
        env = {k: v for k, v in os.environ.items() if not k.startswith(("HEALTHSCORE", "DAGSTER"))}
        process = subprocess.Popen(
            [COMMAND, "run", "--engine", "spark"],
            cwd=project.root,
            env=env | {"HEALTHSCORE_SPARK_MASTER": cluster.master, "SPARK_LOCAL_IP": "127.0.0.1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        first, until = project.lake / "area_engagement", time.monotonic() + _SECONDS
        while not first.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.05)
        assert [*(tmp_path / "lost").iterdir()], "the cluster was not used"
        kill(lost)
        out, errors = process.communicate(timeout=_SECONDS)
    assert (process.returncode, errors) == (0, ""), out
    assert "2 of 2 months done" in out
    for month in ("2024-04", "2024-05"):
        assert differences(project.root / "one_machine", project.lake, month) == []
    assert list((project.lake / "_stage").glob("parts-*")) == []
