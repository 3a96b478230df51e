"""`healthscore pull` as a user meets it, and what is made from what it fetched."""

import itertools
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from delivery_servers import HttpServer, answers, never_answers, unused_port
from pendo_pulls import VARIABLE
from pendo_server import KEY, Pendo, some_events, some_features
from project import COMMAND, Project

from healthscore_assets.lake.months import shift

MONTHS = ("2024-04", "2024-05", "2024-06")


@dataclass(frozen=True)
class Pulling:
    """A project whose settings name the stand-in."""

    project: Project
    pendo: Pendo
    server: HttpServer

    def pull(self, *arguments: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
        environment = {VARIABLE: key} if key else {}
        return self.project.run("pull", *arguments, **environment)

    def started(self, *arguments: str) -> subprocess.Popen[str]:
        """A pull that goes on beside the test."""
        own = ("HEALTHSCORE", "DAGSTER")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(own)}
        return subprocess.Popen(
            [COMMAND, "pull", *arguments],
            cwd=self.project.root,
            env=environment | {VARIABLE: KEY},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def has_been_asked(self, times: int) -> None:
        """Wait until it was."""
        until = time.monotonic() + 60
        while len(self.server.requests) < times:
            assert time.monotonic() < until, len(self.server.requests)
            time.sleep(0.02)

    @property
    def pulled(self) -> Path:
        return self.project.inbox / "pulled" / "api"

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.pulled.glob("[!.]*"))}


@pytest.fixture
def pulling(tmp_path: Path) -> Iterator[Pulling]:
    pendo = Pendo(some_events(MONTHS), some_features())
    with pendo.running() as server:
        project = Project.make(tmp_path)
        project.lookup("sources.yaml", f"pendo:\n  address: {server.url}\n  page_rows: 100\n")
        yield Pulling(project, pendo, server)


def test_months_are_pulled_and_told_a_line_each(pulling: Pulling) -> None:
    done = pulling.pull("--from", "2024-03", "--to", "2024-05")
    assert (done.returncode, done.stderr) == (0, "")
    again, once_more, march, april, may, *rest = done.stdout.splitlines()
    assert again == "  2024-03-01 to 2024-03-31: no use told; asked again in 5 s"
    assert once_more.endswith("; asked again in 25 s")
    assert march == "[1/3] 2024-03 has no rows there; nothing was written"
    assert april.startswith("[2/3] 2024-04 ")
    assert " rows, 3 pages, 1 window, " in may
    assert rest == ["3 of 3 months pulled.", "Next: healthscore run"]
    assert [*pulling.files()] == [
        "features.csv",
        "pendo 2024-04.parquet",
        "pendo 2024-05.parquet",
    ]
    again = pulling.pull("--from", "2024-05")
    assert again.stdout.strip().endswith("; the same as before")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--from"),
        (("--from", "2024-5"), "'2024-5' is not a month"),
        (("--from", "2024-05", "--to", "2024-04"), "2024-04 is before 2024-05"),
        (("--from", shift(f"{datetime.now(UTC):%Y-%m}", 1)), "the current one"),
        (("--from", "2024-05", "--to", "2099-01"), "2099-01 is not a month from 2010-01"),
        (("--from", "2009-12", "--to", "2010-02"), "2009-12 is not a month from 2010-01"),
    ],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...], says: str, pulling: Pulling) -> None:
    done = pulling.pull(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert pulling.server.requests == []


def test_without_a_key_it_says_which_variable(pulling: Pulling) -> None:
    done = pulling.pull("--from", "2024-05", key="")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (f"{VARIABLE} is not set; set the environment variable {VARIABLE}\n")
    assert pulling.server.requests == []
    assert not pulling.pulled.exists()


def test_a_key_in_the_folder_of_secrets_is_found(pulling: Pulling) -> None:
    folder = pulling.project.root / "secrets"
    folder.mkdir()
    (folder / VARIABLE).write_text(f"{KEY}\n")
    done = pulling.project.run("pull", "--from", "2024-05", HEALTHSCORE_SECRETS=str(folder))
    assert done.returncode == 0, done.stderr


def test_a_bad_key_ends_it_at_once(pulling: Pulling) -> None:
    done = pulling.pull("--from", "2024-04", "--to", "2024-06", key="wrong-key")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("2024-04 is not pulled: Pendo at http://127.0.0.1:")
    assert f"answered 403 to the key in {VARIABLE}; see that it is" in line
    assert "wrong-key" not in done.stdout + done.stderr
    assert len(pulling.server.requests) == 1


def test_settings_that_cannot_be_read_are_told(pulling: Pulling) -> None:
    pulling.project.lookup("sources.yaml", "pendo:\n  region: mars\n")
    done = pulling.pull("--from", "2024-05")
    assert done.returncode == 1
    assert "sources.yaml" in done.stderr
    assert "pendo.region" in done.stderr


def test_with_a_warehouse_months_are_pulled_from_there_whatever_changed(tmp_path: Path) -> None:
    project = Project.make(tmp_path)
    project.lookup(
        "sources.yaml", "source: warehouse\nwarehouse:\n  backend: duckdb\n  table: uses\n"
    )
    with duckdb.connect(str(tmp_path / "usage.duckdb")) as database:
        database.execute(
            "CREATE TABLE uses AS SELECT * FROM (VALUES"
            " ('acme', 'ann', 'Board', DATE '2024-04-30', 2),"
            " ('acme', 'ann', 'Board', DATE '2024-05-01', 3)"
            ") AS rows (account_id, visitor_id, feature, day, clicks)"
        )
    place = {"HEALTHSCORE_WAREHOUSE": str(tmp_path / "usage.duckdb")}
    done = project.run("pull", "--from", "2024-04", "--to", "2024-06", **place)
    assert (done.returncode, done.stderr) == (0, "")
    april, may, june, *rest = done.stdout.splitlines()
    assert april.startswith("[1/3] 2024-04         1 rows, ")
    assert may.startswith("[2/3] 2024-05         1 rows, ")
    assert june == "[3/3] 2024-06 has no rows there; nothing was written"
    assert rest == ["3 of 3 months pulled.", "Next: healthscore run"]
    files = sorted(path.name for path in (project.inbox / "pulled" / "warehouse").glob("[!.]*"))
    assert files == ["usage 2024-04.parquet", "usage 2024-05.parquet"]
    again = project.run("pull", "--from", "2024-05", **place)
    assert again.stdout.strip().endswith("; the same as before")
    other = project.deliver("pulled/api/pendo 2024-05.parquet", "the same in other words")
    with duckdb.connect(str(tmp_path / "usage.duckdb")) as database:
        database.execute("DELETE FROM uses WHERE day < DATE '2024-05-01'")
    gone = project.run("pull", "--from", "2024-04", "--to", "2024-05", **place)
    assert gone.returncode == 1
    assert gone.stdout.splitlines()[:2] == [
        "[1/2] 2024-04 has no rows there; its file was taken away",
        "[2/2] 2024-05 failed; its file stays as it was",
    ]
    assert gone.stderr.startswith(f"2024-05 is not pulled: {other} has a month that the warehouse")
    missing = project.run("pull", "--from", "2024-05")
    assert missing.returncode == 1
    assert "HEALTHSCORE_WAREHOUSE is not set" in missing.stderr


def test_a_month_that_fails_does_not_stop_the_others(pulling: Pulling) -> None:
    pulling.server.plays(pulling.server.default, *[answers(413)] * 6)  # down to the first day
    done = pulling.pull("--from", "2024-04", "--to", "2024-06")
    assert done.returncode == 1
    assert "2024-04 failed; its file stays as it was" in done.stdout
    assert "2 of 3 months pulled." in done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("2024-04 is not pulled: ")
    assert "pendo 2024-06.parquet" in pulling.files()


def test_an_inbox_that_cannot_be_written_is_told(pulling: Pulling) -> None:
    (pulling.project.inbox / "pulled").write_text("a file where the folder should be")
    done = pulling.pull("--from", "2024-05")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "cannot be written" in line


def test_one_pull_at_a_time(pulling: Pulling) -> None:
    pulling.server.plays(pulling.server.default, never_answers())
    first = pulling.started("--from", "2024-05")
    pulling.has_been_asked(2)
    second = pulling.pull("--from", "2024-06")
    assert second.returncode == 1
    assert second.stderr.endswith("another pull is at work there; wait until it is done\n")
    first.kill()
    first.communicate()
    assert pulling.pull("--from", "2024-06").returncode == 0


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("pages", [1, 2])
def test_a_pull_that_was_ended_goes_on_where_it_was(
    pages: int, end: signal.Signals, pulling: Pulling
) -> None:
    usual = pulling.server.default
    pulling.server.plays(*[usual] * (1 + pages), never_answers())
    process = pulling.started("--from", "2024-05")
    pulling.has_been_asked(pages + 2)
    process.send_signal(end)
    _, told = process.communicate(timeout=60)
    if end == signal.SIGINT:
        assert process.returncode == 1
        assert told == (
            "Broken off. If pages were fetched, they are kept for a day: the same command goes on "
            "from there.\n"
        )
    assert pulling.files() == {}
    asked = len(pulling.server.requests)
    done = pulling.pull("--from", "2024-05")
    assert done.returncode == 0, done.stderr
    assert f" 3 pages, {pages} of them from before, " in done.stdout
    assert len(pulling.server.requests) - asked == 1 + 3 - pages + 1  # the days
    resumed = pulling.files()
    for path in pulling.pulled.glob("[!.]*"):
        path.unlink()
    assert pulling.pull("--from", "2024-05").returncode == 0
    assert pulling.files() == resumed


def test_scores_are_those_of_the_same_events_in_a_file(pulling: Pulling, tmp_path: Path) -> None:
    by_hand = Project.make(tmp_path / "by hand")
    features = "featureId,name\n" + "".join(f'f{n},"Feature, {n}"\n' for n in range(5))
    by_hand.deliver("features.csv", features)
    for month, events in itertools.groupby(
        sorted(pulling.pendo.events, key=lambda each: each["day"]),
        lambda each: f"{each['day']:%Y-%m}",
    ):
        rows = [{**each, "day": pulling.pendo.midnight(each["day"])} for each in events]
        by_hand.deliver(f"usage {month}.json", json.dumps({"results": rows}))
    areas = "feature,area\n" + "".join(f'"Feature, {n}",Area {n % 2}\n' for n in range(4))
    for project in (pulling.project, by_hand):
        project.lookup("product_areas.csv", areas)
    done = pulling.pull("--from", MONTHS[0], "--to", MONTHS[-1])
    assert done.returncode == 0, done.stderr
    scores = []
    for project in (pulling.project, by_hand):
        done = project.run("run")
        assert done.returncode == 0, done.stderr
        done = project.run("scores", "--month", "2024-06", "--format", "json")
        scores.append(json.loads(done.stdout))
    assert len(scores[0]) >= 3
    assert scores[0] == scores[1]
    usage = [
        pd.read_parquet(project.lake / "cleaned_usage" / "month=2024-05")
        for project in (pulling.project, by_hand)
    ]
    assert {*usage[0]["feature"]} == {f"Feature, {n}" for n in range(5)}
    pd.testing.assert_frame_equal(*usage)
    again = pulling.project.run("run")
    assert "Nothing to do" in again.stdout


def test_a_server_that_is_not_there_is_told(pulling: Pulling) -> None:
    address = f"http://127.0.0.1:{unused_port()}"
    pulling.project.lookup("sources.yaml", f"pendo:\n  address: {address}\n")
    process = pulling.started("--from", "2024-05")
    assert process.stdout is not None
    line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert line.startswith("  127.0.0.1 refused the connection; asked again in ")
