"""Data Sync through the real graph: days that come late, are deleted, or are not whole yet."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from datasync_tree import Event, Tree
from project import HEADER, Project
from test_intake_runs import numbers_on
from test_runs import Running

from healthscore_assets.contracts import FROM_USAGE
from healthscore_assets.lake.content import content_hash
from healthscore_assets.lake.engine import Engine
from healthscore_assets.monitoring.lake_check import Known, Made, check_lake

MAY = [f"2024-05-{day:02}" for day in range(1, 32)]


def events(**clicks: int) -> list[Event]:
    """Clicks of each client's only visitor."""
    who = [(f"v-{client}", client) for client, n in clicks.items() for _ in range(n)]
    return [(f"e{n}", visitor, client) for n, (visitor, client) in enumerate(who)]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Running(Project.make(tmp_path), instance)


@pytest.fixture
def tree(running: Running) -> Tree:
    """All days of May, two clicks of Acme and one of Bolt on each."""
    folder = running.project.inbox / "datasync" / "1" / "2"
    folder.mkdir(parents=True)
    tree = Tree(folder, {"f1": ("Reports | Charts", None), "f2": ("Team | Chat", None)})
    days = {day: {"f1": events(acme=2, bolt=1)} for day in MAY}
    tree.export("2024-06-01T06:00:00Z", days, {day: events(acme=3, bolt=1) for day in MAY})
    return tree


def engagement(running: Running) -> dict[str, float]:
    found = running.project.table("client_month", "2024-05")
    return dict(found[found["audience"] == "all"][["client_id", "engagement"]].to_numpy())


def test_a_day_that_comes_again_makes_its_month_due_and_replaces_itself(
    running: Running, tree: Tree
) -> None:
    running.run_planned()
    assert engagement(running) == {"acme": 62, "bolt": 31}
    assert running.planned() == {}
    # The last day is final on 9 June: Cogs was offline, and one click of Acme's was a double.
    final = {MAY[-1]: {"f1": events(acme=1, bolt=1, cogs=4)}}
    tree.export("2024-06-09T06:00:00Z", final, {MAY[-1]: events(acme=1, bolt=1, cogs=4)})
    assert list(running.planned()) == ["2024-05"]
    running.run_planned()
    assert engagement(running) == {"acme": 61, "bolt": 31, "cogs": 4}
    assert running.planned() == {}
    # 31 days of events of features and of all visitors, each of the last export to tell of it.
    raw = running.project.table("raw_pendo_export", "2024-05")
    assert sorted(raw["rows"]) == [6, 6, 30 * 3, 30 * 4]
    scores = running.project.table("client_scores", "2024-05")
    assert not scores["partial"].any()


def test_an_export_of_a_later_month_makes_only_that_month_due(running: Running, tree: Tree) -> None:
    running.run_planned()
    tree.features["f3"] = ("Files", None)
    june = {"2024-06-01": {"f1": events(acme=1), "f3": events(bolt=2)}, "2024-06-02": {"f1": []}}
    june["2024-07-01"] = {"f1": []}  # of which nothing is told, now or ever
    tree.export("2024-06-03T06:00:00Z", june, {"2024-06-02": []})
    assert list(running.planned()) == ["2024-06"]
    running.run_planned()
    assert running.planned() == {}
    # A name that changes makes all months due in which it is used.
    tree.features["f1"] = ("Reports | Plots", None)
    tree.export("2024-07-02T06:00:00Z", {"2024-07-01": {"f3": events(acme=1)}})
    assert list(running.planned()) == ["2024-05", "2024-06", "2024-07"]


def test_a_month_that_is_whole_at_last_is_made_again(running: Running, tree: Tree) -> None:
    days = {day: {"f1": events(acme=1)} for day in (f"2024-06-{n:02}" for n in range(1, 30))}
    tree.export("2024-06-30T06:00:00Z", days, {day: events(acme=1) for day in days})
    running.run_planned()
    assert running.project.table("client_scores", "2024-06")["partial"].all()
    # Nothing happened on the last day, and that is known now.
    tree.export("2024-07-01T06:00:00Z", {}, {"2024-06-30": []})
    assert list(running.planned()) == ["2024-06"]
    running.run_planned()
    assert not running.project.table("client_scores", "2024-06")["partial"].any()
    assert running.planned() == {}


def test_a_deleted_feature_leaves_its_days_and_its_clients_stay_listed(
    running: Running, tree: Tree
) -> None:
    running.run_planned()
    tree.export("2024-06-20T06:00:00Z", {day: {"f1": []} for day in MAY})
    running.run_planned()
    # They were there on every day, and used nothing that counts.
    assert engagement(running) == {"acme": 0, "bolt": 0}
    visitors = running.project.table("visitor_month", "2024-05")
    assert set(visitors["days_active"]) == {31}


def test_rows_and_clicks_add_up_with_those_that_were_added_up(running: Running, tree: Tree) -> None:
    strangers: list[Event] = [("e1", "_PENDO_T_1", None), ("e2", "_PENDO_T_1", None)]
    tree.export("2024-06-10T06:00:00Z", {MAY[0]: {"f2": [*events(acme=3), *strangers]}})
    running.run_planned()
    told = numbers_on(running, "cleaned_usage", "reconciliation")
    # 31 x (3 clicks + 4 events) and 5 clicks: 31 x (2 + 2) rows, Acme's and the stranger's.
    assert told["rows_in"] == 31 * 7 + 5
    assert told["rows_listed"] == 31 * 4 + 1
    assert told["rows_refused"] == 1
    assert told["events_added_up"] == 31 * 3 + 2 + 1
    assert (told["clicks_in"], told["clicks_out"], told["clicks_refused"]) == (98, 96, 2)


def test_a_file_that_is_missing_refuses_the_month_and_keeps_it(
    running: Running, tree: Tree
) -> None:
    running.run_planned()
    before = engagement(running)
    folder = tree.export("2024-06-09T06:00:00Z", {MAY[-1]: {"f1": events(acme=9)}})
    (late,) = folder.glob("matchedEvents/Feature/*.avro")
    copied = late.read_bytes()
    late.unlink()
    outcome = running.run("2024-05")
    assert not outcome.succeeded
    assert any("f1-2024-05-31.avro: is not there" in line for line in outcome.problems)
    assert engagement(running) == before
    late.write_bytes(copied)
    running.run_planned()
    assert engagement(running) == {"acme": 60 + 9, "bolt": 30}


def test_every_byte_is_archived_and_the_month_can_be_made_from_it(
    running: Running, tree: Tree
) -> None:
    running.run_planned()
    archive = running.project.lake / "archive"
    read = {path.read_bytes() for path in tree.folder.rglob("*-2024-05-*.avro")}
    assert read <= {path.read_bytes() for path in archive.iterdir()}
    assert checked(running) == []
    # One of those files, damaged: the self-check cleans the month again from the archive.
    of_charts = next(tree.folder.rglob("f1-2024-05-17.avro"))
    kept = archive / content_hash(of_charts)
    kept.write_bytes(of_charts.read_bytes()[:-1])
    (problem,) = checked(running)
    assert problem.startswith(f"2024-05 archive/{kept.name} (datasync/1/2/")


def checked(running: Running) -> list[str]:
    """What the self-check of the lake finds wrong."""
    place = running.workplace
    made = {
        "2024-05": Made(
            {table: content_hash(file(running, table)) for table in FROM_USAGE},
            refused_alike=True,
            counted_alike=True,
        )
    }
    known = Known(place.product_areas, place.internal_domains, place.identities, "clicks")
    return check_lake(Engine(), place.lake, known, lambda: made, list).problems


def file(running: Running, table: str) -> Path:
    return running.project.lake / table / "month=2024-05" / "data.parquet"


def test_check_says_what_a_folder_of_exports_tells(running: Running, tree: Tree) -> None:
    tree.export("2024-06-09T06:00:00Z", {MAY[-1]: {"f1": events(acme=9)}})
    told = running.project.run("check", "exports/pendo/datasync")
    assert (told.returncode, told.stderr) == (0, "")
    lines = told.stdout.splitlines()
    assert "  Data Sync of 2024-06-01 06:00 UTC: 31 days of UTC in 2024-05, 1 feature" in lines
    assert "  Data Sync of 2024-06-09 06:00 UTC: 1 day of UTC in 2024-05, 1 feature" in lines
    assert "  clicks         99  (scored)" in lines  # 30 x 3 and the nine
    elsewhere = running.project.root / "downloads"
    tree.folder.rename(elsewhere)
    (elsewhere / "usage 2024-04.csv").write_text(HEADER + "v-acme,acme,1,5,2\n")
    again = running.project.run("check", "downloads")
    assert "  clicks         99  (scored)" in again.stdout.splitlines()
    assert "usage 2024-04.csv" in again.stdout.splitlines()
    damaged = next(elsewhere.rglob("f1-2024-05-31.avro"))
    damaged.write_bytes(damaged.read_bytes()[:-3])
    refused = running.project.run("check", "downloads")
    assert refused.returncode == 1
    assert "f1-2024-05-31.avro" in refused.stderr
