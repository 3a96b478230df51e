"""A lake in an object store: machines fetch months by key, and hand in what they write."""

import os
from pathlib import Path

import pytest
from lakes_compared import differences
from project import Project
from s3_server import s3_server

from healthscore_assets.lake.bucket import Bucket
from healthscore_assets.lake.lake import Lake

MONTHS = ["2024-04", "2024-05"]


def downloaded(url: str, root: Path) -> Path:
    """Every table of the lake, as files."""
    store = Bucket(url)
    for key in store.keys(""):
        if "/month=" in key:
            path = root / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(store.file(key).read_bytes())
    return root


def test_a_month_of_a_lake_in_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project.make(tmp_path)
    for number, month in enumerate(MONTHS):
        project.deliver_month(month, {f"c{n}": n + number for n in range(1, 9)})
    with s3_server(tmp_path) as server:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        here, there = (f"s3://{server.new_bucket()}/lake" for _ in range(2))
        for url, engine in ((here, "duckdb"), (there, "spark")):
            ran = project.run(
                *("run", "--lake", url, "--engine", engine),
                DAGSTER_HOME=str(tmp_path / engine),
            )
            assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
        lakes = [downloaded(url, tmp_path / url[5:]) for url in (here, there)]
        for month in MONTHS:
            assert differences(*lakes, month) == []
        assert Lake.at(there).store.keys("_stage") == [], "parts were left behind"
