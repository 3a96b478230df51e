"""The lake in an object store, against a real S3 server: months replaced whole, errors told."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from s3_server import S3Server, s3_server, soon

from healthscore_assets.lake.bucket import Bucket
from healthscore_assets.lake.content import content_hash
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.location import lake_location
from healthscore_assets.lake.process_folder import ProcessFolder
from healthscore_assets.lake.refused import LakeRefused
from healthscore_assets.lake.unavailable import LakeUnavailable

MONTH, KEY = "2024-05", "momentum/month=2024-05/data.parquet"
LARGE = 21_000_001
"""Bytes: more than one piece of a download (8 MiB) and four parts of an upload (5 MiB)."""
IMPATIENT = timedelta(seconds=2)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def bucket(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new bucket, and the environment that leads to it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return server.new_bucket()


def promote(lake: Lake, content: bytes, month: str = MONTH, suffix: str = "parquet") -> None:
    staged = lake.stage_file("run", "momentum", month, suffix)
    staged.write_bytes(content)
    lake.promote(staged, "momentum", month)
    assert not staged.exists()


def another(url: str) -> Lake:
    """The lake as another process sees it: a client of its own, nothing downloaded yet."""
    return Lake(Bucket(url))


# ----------------------------------------------------------------------------------- location


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/", "s3://bucket"),
        ("s3://bucket/a/lake/", "s3://bucket/a/lake"),
        ("/a/lake", "/a/lake"),
        (Path("/a/lake"), "/a/lake"),
    ],
)
def test_where_a_lake_may_be(given: str | Path, expected: str) -> None:
    assert lake_location(given) == expected


def test_a_relative_folder_is_taken_from_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert lake_location("a/lake") == f"{tmp_path}/a/lake"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("gs://bucket/lake", "its scheme is not s3"),
        ("S3://bucket/lake", "its scheme is not s3"),
        ("https://s3.eu-west-1.amazonaws.com/bucket", "its scheme is not s3"),
        ("s3://", "it names no bucket"),
        ("s3:///lake", "it names no bucket"),
        ("s3://bucket//lake", "a part of its prefix is empty, . or .."),
        ("s3://bucket/a/../lake", "a part of its prefix is empty, . or .."),
        ("s3://bucket/lake?region=x", "it holds more than a bucket and a prefix"),
    ],
)
def test_where_a_lake_cannot_be(given: str, says: str) -> None:
    with pytest.raises(ValueError, match="HEALTHSCORE_LAKE") as error:
        lake_location(given)
    assert f"{given!r} cannot be the lake: {says};" in str(error.value)


def test_credentials_in_a_url_are_not_repeated() -> None:
    with pytest.raises(ValueError, match="the URL cannot be the lake") as error:
        lake_location("s3://key:secret@bucket/lake")
    assert "secret" not in str(error.value)


# ------------------------------------------------------------------------------------- months


def test_an_empty_lake(bucket: str) -> None:
    lake = Lake.at(f"s3://{bucket}/lake")
    assert lake.location == f"s3://{bucket}/lake"
    assert lake.months("momentum") == []
    assert not lake.has("momentum", MONTH)
    assert lake.present("momentum", MONTH) == {}
    assert lake.column("momentum", MONTH, "client_id") == set()
    assert not lake.withdraw("momentum", MONTH)
    with pytest.raises(FileNotFoundError):
        lake.file("momentum", MONTH)
    with pytest.raises(FileNotFoundError):
        lake.archived("0" * 64)


def test_a_promoted_month_is_one_object_and_its_stage_is_gone(
    server: S3Server, bucket: str
) -> None:
    lake = Lake.at(f"s3://{bucket}/lake")
    for month, text in (("2024-05", b"may"), ("2023-12", b"december"), ("2024-05", b"may again")):
        promote(lake, text, month)
    promote(lake, b"a,b\n", suffix="csv")
    assert server.objects(bucket) == {
        "lake/momentum/month=2023-12/data.parquet": b"december",
        "lake/momentum/month=2024-05/data.parquet": b"may again",
        "lake/momentum_csv/2024-05.csv": b"a,b\n",
    }
    assert lake.months("momentum") == ["2023-12", "2024-05"]
    assert lake.csv_place("momentum", MONTH) == f"s3://{bucket}/lake/momentum_csv/2024-05.csv"
    for seen in (lake, another(lake.location)):
        (path,) = seen.present("momentum", MONTH).values()
        assert path.read_bytes() == b"may again"
    assert lake.withdraw("momentum", MONTH)
    assert not lake.withdraw("momentum", MONTH)
    assert [*server.objects(bucket)] == ["lake/momentum/month=2023-12/data.parquet"]


def test_lakes_of_one_bucket_are_apart_and_a_bucket_may_be_a_lake(
    server: S3Server, bucket: str
) -> None:
    whole, part, odd = (Lake.at(f"s3://{bucket}{prefix}") for prefix in ("", "/part", "/a b/é%20+"))
    for lake, text in ((whole, b"whole"), (part, b"part"), (odd, b"odd")):
        promote(lake, text)
    assert server.objects(bucket) == {
        KEY: b"whole",
        f"part/{KEY}": b"part",
        f"a b/é%20+/{KEY}": b"odd",
    }
    for lake, text in ((whole, b"whole"), (part, b"part"), (odd, b"odd")):
        assert lake.months("momentum") == [MONTH]
        assert another(lake.location).file("momentum", MONTH).read_bytes() == text


def test_only_months_of_the_table_are_its_months(server: S3Server, bucket: str) -> None:
    lake = Lake.at(f"s3://{bucket}/lake")
    promote(lake, b"may")
    for other in (
        "momentum2/month=2024-06/data.parquet",
        "momentum/month=2024-07/data.parquet.old",
        "momentum/x",
    ):
        server.client.put_object(Bucket=bucket, Key=f"lake/{other}", Body=b"")
    assert lake.months("momentum") == [MONTH]


def test_more_months_than_a_page_of_a_listing_holds(server: S3Server, bucket: str) -> None:
    lake = Lake.at(f"s3://{bucket}")
    months = [f"{year}-{month:02d}" for year in range(1000, 1100) for month in range(1, 13)]
    for month in months:  # a page has 1,000 keys
        server.client.put_object(
            Bucket=bucket, Key=f"momentum/month={month}/data.parquet", Body=b""
        )
    assert lake.months("momentum") == months


def test_a_version_is_downloaded_once_and_a_newer_one_is_seen(bucket: str) -> None:
    writer, reader = Lake.at(f"s3://{bucket}/lake"), another(f"s3://{bucket}/lake")
    promote(writer, b"first")
    first = reader.file("momentum", MONTH)
    mark = first.stat().st_ino
    assert reader.file("momentum", MONTH) == first
    assert first.stat().st_ino == mark
    promote(writer, b"second")
    assert reader.file("momentum", MONTH).read_bytes() == b"second"
    # Who opened the month before still reads what it opened.
    assert first.read_bytes() == b"first"


def test_what_was_promoted_need_not_be_downloaded(bucket: str) -> None:
    lake = Lake.at(f"s3://{bucket}/lake")
    for size in (10, LARGE):  # one request; an upload in parts, whose ETag is no hash
        staged = lake.stage_file("run", "momentum", MONTH)
        staged.write_bytes(os.urandom(size))
        written = staged.stat().st_ino
        lake.promote(staged, "momentum", MONTH)
        assert lake.file("momentum", MONTH).stat().st_ino == written


@pytest.mark.parametrize("size", [1, 8 * 1024 * 1024, 8 * 1024 * 1024 + 1, LARGE])
def test_bytes_come_back_as_they_were(server: S3Server, bucket: str, size: int) -> None:
    content = os.urandom(size)
    promote(Lake.at(f"s3://{bucket}/lake"), content)
    assert server.objects(bucket)[f"lake/{KEY}"] == content
    assert another(f"s3://{bucket}/lake").file("momentum", MONTH).read_bytes() == content
    assert server.uploads(bucket) == []


def test_a_reader_sees_the_old_month_or_the_new_one(bucket: str) -> None:
    url = f"s3://{bucket}/lake"
    versions = {letter * size for letter, size in ((b"a", LARGE), (b"b", LARGE + 7), (b"c", 100))}
    writer = Lake.at(url)
    promote(writer, min(versions))
    ended, seen, wrong = threading.Event(), set(), []

    def read() -> None:
        while not ended.is_set():
            content = another(url).file("momentum", MONTH).read_bytes()
            seen.add(content[:1])
            if content not in versions:
                wrong.append((len(content), set(content)))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(5):
            for content in versions:
                promote(writer, content)
    finally:
        ended.set()
        reader.join()
    assert wrong == []
    assert seen


# ------------------------------------------------------------------------------------ archive


def test_bytes_are_kept_under_their_hash_and_the_delivery_stays(
    server: S3Server, bucket: str, tmp_path: Path
) -> None:
    lake = Lake.at(f"s3://{bucket}/lake")
    delivery = tmp_path / "2024-05.csv"
    delivery.write_bytes(b"abc")
    # SHA-256 of "abc", FIPS 180-4
    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    lake.archive(delivery, sha256)
    assert delivery.read_bytes() == b"abc"
    assert server.objects(bucket) == {f"lake/archive/{sha256}": b"abc"}
    # again, and when the delivery is gone
    delivery.unlink()
    lake.archive(delivery, sha256)
    for seen in (lake, another(lake.location)):
        assert seen.archived(sha256).read_bytes() == b"abc"


def test_a_file_that_changes_while_it_is_copied_is_not_kept(
    server: S3Server, bucket: str, tmp_path: Path
) -> None:
    delivery = tmp_path / "2024-05.csv"
    delivery.write_bytes(b"half")
    with pytest.raises(OSError, match=r"2024-05\.csv: changed while it was read"):
        Lake.at(f"s3://{bucket}/lake").archive(delivery, "0" * 64)
    assert server.objects(bucket) == {}


# ------------------------------------------------------------------------------------- broken

PROMOTE = """
import sys
from pathlib import Path
from healthscore_assets.lake.lake import Lake
lake = Lake.at(sys.argv[1])
staged = lake.stage_file("run", "momentum", "2024-05")
staged.write_bytes(b"new" * 100_000_000)
lake.promote(staged, "momentum", "2024-05")
"""


def test_a_process_killed_while_it_uploads_leaves_the_old_month(
    server: S3Server, bucket: str, tmp_path: Path
) -> None:
    url = f"s3://{bucket}/lake"
    promote(Lake.at(url), b"old")
    process = subprocess.Popen(
        [sys.executable, "-c", PROMOTE, url], env=os.environ | {"TMPDIR": str(tmp_path)}
    )
    try:
        soon(lambda: [key for key, parts in server.uploads(bucket) if parts])
    finally:
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert server.uploads(bucket) != []  # it was half-way
    assert another(url).file("momentum", MONTH).read_bytes() == b"old"
    assert server.objects(bucket) == {f"lake/{KEY}": b"old"}
    promote(Lake.at(url), b"newer")
    assert another(url).file("momentum", MONTH).read_bytes() == b"newer"


def test_a_server_that_falls_silent_is_unavailable(server: S3Server, bucket: str) -> None:
    url = f"s3://{bucket}/lake"
    promote(Lake.at(url), b"old")
    lake = Lake(Bucket(url, patience=IMPATIENT, timeout=IMPATIENT))
    staged = lake.stage_file("run", "momentum", MONTH)
    staged.write_bytes(b"new")
    with server.silent():
        with pytest.raises(LakeUnavailable, match=rf"{KEY}: reading failed: .* \(timed out\)"):
            lake.file("momentum", MONTH)
        with pytest.raises(LakeUnavailable, match=rf"{KEY}: writing failed: .* \(timed out\)"):
            lake.promote(staged, "momentum", MONTH)
    assert staged.exists()  # to be tried again
    # What it took before it fell silent it may still do.
    assert lake.file("momentum", MONTH).read_bytes() in (b"old", b"new")


def test_an_upload_that_fails_half_way_leaves_the_old_month(server: S3Server, bucket: str) -> None:
    url = f"s3://{bucket}/lake"
    promote(Lake.at(url), b"old")
    lake = Lake(Bucket(url, patience=IMPATIENT, timeout=IMPATIENT))
    with ThreadPoolExecutor() as pool:
        promoted = pool.submit(promote, lake, b"new" * 50_000_000)
        soon(lambda: [key for key, parts in server.uploads(bucket) if parts])
        with server.silent(), pytest.raises(LakeUnavailable, match="writing failed"):
            promoted.result()
    assert lake.file("momentum", MONTH).read_bytes() == b"old"
    assert server.objects(bucket) == {f"lake/{KEY}": b"old"}


def test_a_server_that_is_down(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server(tmp_path) as server:
        pass
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    lake, staged = Lake(Bucket(f"s3://{bucket}/lake", patience=IMPATIENT)), tmp_path / "staged"
    staged.write_bytes(b"new")
    for ask in (
        lambda: lake.months("momentum"),
        lambda: lake.has("momentum", MONTH),
        lambda: lake.file("momentum", MONTH),
        lambda: lake.withdraw("momentum", MONTH),
        lambda: lake.promote(staged, "momentum", MONTH),
    ):
        started = time.monotonic()
        with pytest.raises(LakeUnavailable) as error:
            ask()
        # Tried for two seconds and the last interval, which is four at most.
        assert 1 < time.monotonic() - started < 15
        assert str(error.value).startswith(f"s3://{bucket}/lake/momentum")
        assert str(error.value).endswith(
            f" failed: no answer from {server.url} (Connection refused); see that it is up and "
            "that AWS_ENDPOINT_URL is right, and try again"
        )


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_not_there(server: S3Server, tmp_path: Path) -> None:
    lake, staged = Lake(Bucket("s3://no-such-bucket/lake")), tmp_path / "staged"
    for size in (1, LARGE):
        staged.write_bytes(b"x" * size)
        for ask in (
            lambda: lake.months("momentum"),
            lambda: lake.has("momentum", MONTH),
            lambda: lake.present("momentum", MONTH),
            lambda: lake.promote(staged, "momentum", MONTH),
        ):
            with pytest.raises(LakeRefused) as error:
                ask()
            assert str(error.value).startswith("s3://no-such-bucket/lake")
            assert str(error.value).endswith(
                f" failed: {server.url} answers 404 Not Found (NoSuchBucket); "
                "create the bucket, or correct HEALTHSCORE_LAKE (--lake) or AWS_ENDPOINT_URL"
            )


def test_credentials_that_the_server_does_not_know(
    tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first request, which makes the bucket, is let through; others need a known key.
    with s3_server(tmp_path, INITIAL_NO_AUTH_ACTION_COUNT="1") as server:
        server.client.create_bucket(Bucket=bucket)
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        lake, staged = Lake(Bucket(f"s3://{bucket}/lake")), tmp_path / "staged"
        staged.write_bytes(b"new")
        for ask in (
            lambda: lake.months("momentum"),
            lambda: lake.has("momentum", MONTH),
            lambda: lake.file("momentum", MONTH),
            lambda: lake.promote(staged, "momentum", MONTH),
        ):
            with pytest.raises(LakeRefused, match=r"is not allowed: .* answers 403") as error:
                ask()
            assert "see AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in str(error.value)
            assert "s3:ListBucket" in str(error.value)
            assert "secret-of-the-tests" not in str(error.value)


def test_no_credentials(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")  # nobody there
    lake = Lake(Bucket(f"s3://{bucket}/lake", patience=IMPATIENT))
    with pytest.raises(LakeRefused, match="listing needs credentials and there are none") as error:
        lake.months("momentum")
    assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in str(error.value)


# ------------------------------------------------------------------------------ local folders

HOLD = """
import sys, time
from healthscore_assets.lake.process_folder import ProcessFolder
folder = ProcessFolder()
(folder.path / "copy").write_bytes(b"x")
print(folder.path, flush=True)
sys.stdin.read()
"""


def holding(where: Path) -> tuple["subprocess.Popen[str]", Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env=os.environ | {"TMPDIR": str(where)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_a_process_folder_goes_away_with_its_process_even_a_killed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ends, killed, lives = (holding(tmp_path) for _ in range(3))
    try:
        assert {path for _, path in (ends, killed, lives)} == {*tmp_path.iterdir()}
        ends[0].communicate(timeout=30)
        assert not ends[1].exists()
        killed[0].kill()
        killed[0].communicate(timeout=30)
        assert killed[1].exists()
        own = ProcessFolder()
        assert not killed[1].exists()
        assert (lives[1] / "copy").exists()
        assert {lives[1], own.path} == {*tmp_path.iterdir()}
    finally:
        for process, _ in (ends, killed, lives):
            process.kill()
            process.communicate()


def test_what_is_archived_is_what_was_hashed(bucket: str, tmp_path: Path) -> None:
    lake, delivery = Lake.at(f"s3://{bucket}/lake"), tmp_path / "large.csv"
    delivery.write_bytes(os.urandom(LARGE))
    lake.archive(delivery, content_hash(delivery))
    kept = another(lake.location).archived(content_hash(delivery))
    assert kept.read_bytes() == delivery.read_bytes()
