"""The command with its lake in an object store: the same bytes as in a folder, errors in a line."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from project import HEADER, Project
from s3_server import S3Server, s3_server

PREFIX = "team/lake/"


@dataclass(frozen=True)
class Twins:
    """The same exports twice: one project with its lake in a folder, one with it in a bucket."""

    folder: Project
    bucket: Project
    server: S3Server
    name: str

    @property
    def environment(self) -> dict[str, str]:
        lake = f"s3://{self.name}/{PREFIX}"
        return self.server.environment | {"HEALTHSCORE_LAKE": lake}

    def deliver(self, month: str, **clicks: int) -> None:
        for project in (self.folder, self.bucket):
            project.deliver_month(month, clicks)

    def both(self, *arguments: str) -> str:
        """What the command prints, which is the same for both."""
        with ThreadPoolExecutor() as pool:
            other = pool.submit(self.folder.run, *arguments)
            here, there = self.bucket.run(*arguments, **self.environment), other.result()
        assert here.returncode == there.returncode == 0, here.stdout + here.stderr
        assert here.stderr == there.stderr == ""
        return same(here.stdout, there.stdout)

    def objects(self) -> dict[str, bytes]:
        """Every object of the lake, which are the files of the other one."""
        found = self.server.objects(self.name, PREFIX)
        assert found == self.folder.bytes_of_lake()
        return found


def same(printed: str, other: str) -> str:
    def timeless(text: str) -> list[str]:
        return [line for line in text.splitlines() if " s" not in line and ":" not in line]

    assert timeless(printed) == timeless(other)
    return printed


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def twins(server: S3Server, tmp_path: Path) -> Twins:
    here, there = Project.make(tmp_path / "bucket"), Project.make(tmp_path / "folder")
    return Twins(there, here, server, server.new_bucket())


def test_a_lake_in_a_bucket_is_the_lake_in_a_folder(twins: Twins) -> None:
    for month, clicks in (("2024-01", 5), ("2024-02", 7), ("2024-03", 2)):
        twins.deliver(month, acme=clicks, bolt=3, cogs=4)
    twins.both("run")
    made = twins.objects()
    months = {key.split("/")[1] for key in made if "/month=" in key}
    assert months == {"month=2024-01", "month=2024-02", "month=2024-03"}
    assert "client_scores_csv/2024-03.csv" in made
    assert len([key for key in made if key.startswith("archive/")]) == 3
    assert not twins.bucket.lake.exists()

    assert "2024-03" in twins.both("status")
    assert twins.both("scores", "--client", "acme", "--format", "csv").count("\n") == 4
    assert "acme" in twins.both("explain", "acme")

    twins.deliver("2024-02", acme=1, bolt=3, cogs=4)  # corrected: no longer the first
    twins.both("run")
    corrected = twins.objects()
    changed = {key for key in made if made[key] != corrected[key]}
    assert "client_scores/month=2024-02/data.parquet" in changed
    assert "client_scores/month=2024-03/data.parquet" in changed
    assert not [key for key in changed if "2024-01" in key]

    for project in (twins.folder, twins.bucket):  # withdrawn
        (project.inbox / "usage 2024-02.csv").unlink()
    twins.both("run")
    left = twins.objects()
    assert not [key for key in left if "2024-02" in key]
    assert {key for key in corrected if key.startswith("archive/")} <= {*left}


def test_a_refused_month_keeps_the_old_one(twins: Twins) -> None:
    twins.deliver("2024-01", acme=5, bolt=3)
    twins.both("run")
    before = twins.objects()
    path = twins.bucket.deliver(
        "usage 2024-01.csv", HEADER + "v-acme,acme,1,5,2\n" + "v-bolt,bolt,1,900000000,2\n" * 2
    )
    done = twins.bucket.run("run", **twins.environment)
    assert done.returncode == 1
    assert done.stderr.startswith("cleaned_usage.value: expected at most 1e+09")
    no_secret_in(twins.bucket.root / ".dagster_home")
    after = twins.server.objects(twins.name, PREFIX)
    # The delivered bytes were taken in before the cells were read.
    assert {key for key in after if after[key] != before.get(key)} == {
        key
        for key, content in after.items()
        if content == path.read_bytes() or key.startswith("raw_pendo_export/")
    }
    assert (
        after["client_scores/month=2024-01/data.parquet"]
        == (before["client_scores/month=2024-01/data.parquet"])
    )


def no_secret_in(instance: Path) -> None:
    kept = [path for path in instance.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in kept)
    for path in kept:
        assert b"secret-of-the-tests" not in path.read_bytes(), path


def line_of(done: "subprocess.CompletedProcess[str]", status: int) -> str:
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    return line


COMMANDS = (("run",), ("status",), ("scores",), ("explain", "acme"))


def test_a_store_that_is_down_is_told_in_a_line(twins: Twins, tmp_path: Path) -> None:
    twins.bucket.deliver_month("2024-01")
    with s3_server(tmp_path) as gone:
        pass
    environment = twins.environment | {"AWS_ENDPOINT_URL": gone.url}
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(twins.bucket.run, *each, **environment) for each in COMMANDS]
        lines = [line_of(run.result(), 1) for run in runs]
    for line in lines:
        assert line.startswith(f"s3://{twins.name}/team/lake/")
        assert f"no answer from {gone.url} (Connection refused)" in line
        assert "secret-of-the-tests" not in line


def test_a_bucket_that_is_not_there_is_told_in_a_line(twins: Twins) -> None:
    twins.bucket.deliver_month("2024-01")
    environment = twins.environment | {"HEALTHSCORE_LAKE": "s3://no-such-bucket"}
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(twins.bucket.run, *each, **environment) for each in COMMANDS]
        lines = [line_of(run.result(), 1) for run in runs]
    for line in lines:
        assert line.startswith("s3://no-such-bucket/")
        assert " listing failed: " in line
        assert "create the bucket, or correct HEALTHSCORE_LAKE (--lake)" in line


@pytest.mark.parametrize("lake", ["gs://bucket/lake", "s3://"])
def test_a_url_that_cannot_be_the_lake_is_wrong_usage(twins: Twins, lake: str) -> None:
    twins.bucket.deliver_month("2024-01")
    for arguments in (("scores",), ("check", "exports/pendo/usage 2024-01.csv")):
        done = twins.bucket.run(*arguments, HEALTHSCORE_LAKE=lake)
        assert done.returncode == 2, arguments
        assert "Traceback" not in done.stderr
        assert "HEALTHSCORE_LAKE" in done.stderr
