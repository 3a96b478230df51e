"""What is delivered again, taken away, doubled, refused or incomplete, through the real graph."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from project import HEADER, Project
from test_runs import Running

from healthscore_assets.contracts import FILES, FROM_USAGE
from healthscore_assets.lake.content import content_hash
from healthscore_assets.lake.months import span
from healthscore_assets.orchestration.plan import MonthPlan
from healthscore_assets.orchestration.runs import MonthOutcome, run_month

EVENTS = "accountId,visitorId,featureId,day,numEvents,numMinutes\n"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Running(Project.make(tmp_path), instance)


def rows_of(clicks: dict[str, int]) -> str:
    """A file of one visitor for each client, all of it clicks on charts."""
    return HEADER + "".join(f"v-{client},{client},1,{n},0\n" for client, n in clicks.items())


def run_only(running: Running, month: str, *tables: str) -> MonthOutcome:
    plan = MonthPlan(month, running.graph.with_siblings(set(tables)))
    return run_month(running.definitions, running.instance, plan)


def engagement(running: Running, month: str = "2024-01") -> dict[str, float]:
    found = running.project.table("client_month", month)
    return dict(found[found["audience"] == "all"][["client_id", "engagement"]].to_numpy())


def scores(running: Running, month: str) -> pd.DataFrame:
    return running.project.table("client_scores", month).set_index("client_id")


def made_of(before: dict[str, bytes]) -> dict[str, bytes]:
    """What was made of the files, without the record of which were delivered and their bytes."""
    told = ("raw_pendo_export/", "archive/")
    return {path: content for path, content in before.items() if not path.startswith(told)}


def numbers_on(running: Running, table: str, check: str) -> dict[str, Any]:
    """The numbers on the newest result of a check."""
    key = dg.AssetCheckKey(dg.AssetKey(table), check)
    latest = running.instance.event_log_storage.get_latest_asset_check_execution_by_key([key])
    event = latest[key].event
    assert event is not None
    assert event.dagster_event is not None
    told = event.dagster_event.asset_check_evaluation_data
    assert told.passed, told.description
    return {name: value.value for name, value in told.metadata.items()}


def test_a_name_that_reappears_replaces_its_former_self_whole(running: Running) -> None:
    old = running.project.deliver("usage 2024-01.csv", rows_of({"acme": 5, "bolt": 3})).read_bytes()
    running.run_planned()
    # Bolt is not in the file any more: nothing of it may stay.
    new = running.project.deliver("usage 2024-01.csv", rows_of({"acme": 7, "cogs": 1})).read_bytes()
    assert list(running.planned()) == ["2024-01"]
    running.run_planned()
    assert engagement(running) == {"acme": 7, "cogs": 1}
    kept = [path.read_bytes() for path in (running.project.lake / "archive").iterdir()]
    assert sorted(kept) == sorted([old, new])


def test_one_of_two_files_taken_away_leaves_the_month_with_the_other(running: Running) -> None:
    running.project.deliver("north 2024-01.csv", rows_of({"acme": 5}))
    south = running.project.deliver("south 2024-01.csv", rows_of({"bolt": 3}))
    running.run_planned()
    assert engagement(running) == {"acme": 5, "bolt": 3}
    archived = running.project.lake / "archive" / content_hash(south)
    south.unlink()
    assert list(running.planned()) == ["2024-01"]
    running.run_planned()
    assert engagement(running) == {"acme": 5}
    assert archived.read_text() == rows_of({"bolt": 3})
    assert running.planned() == {}


def test_the_only_file_taken_away_takes_its_month_with_it_until_it_comes_back(
    running: Running,
) -> None:
    project, months = running.project, span("2024-01", "2024-04")
    for month in months:
        project.deliver_month(month, {"acme": 10, "bolt": 3})
    running.run_planned()
    before = project.bytes_of_lake()
    # Ten clicks on charts and two of chat, in each of the three months before.
    assert scores(running, "2024-04").loc["acme", "engagement_avg_3m"] == 12
    february = project.inbox / "usage 2024-02.csv"
    content, archived = february.read_bytes(), project.lake / "archive" / content_hash(february)
    february.unlink()
    assert list(running.planned()) == ["2024-02", "2024-03", "2024-04"]
    # The run is interrupted when February has been withdrawn.
    assert running.run("2024-02").succeeded
    assert [path for path in project.bytes_of_lake() if "2024-02" in path] == []
    assert archived.read_bytes() == content
    # Only what read February is made again.
    reading = {*FROM_USAGE[FROM_USAGE.index("area_weights") :], *FILES}
    planned = {month: {*tables} for month, tables in running.planned().items()}
    assert planned == {"2024-03": reading, "2024-04": reading}
    running.run_planned()
    assert running.planned() == {}
    march, april = scores(running, "2024-03"), scores(running, "2024-04")
    assert march[["total_all_change", "active_areas_change"]].isna().all(axis=None)
    assert april[["engagement_avg_3m", "engagement_trend", "direction"]].isna().all(axis=None)
    # April follows March, which is there.
    assert april.loc["acme", "unique_visitors_change"] == 0
    project.deliver("usage 2024-02.csv", content)
    assert list(running.planned()) == ["2024-02", "2024-03", "2024-04"]
    running.run_planned()
    assert project.bytes_of_lake() == before


def test_a_withdrawal_that_was_cut_short_is_ended_by_the_next_run(running: Running) -> None:
    for month in ("2024-01", "2024-02"):
        running.project.deliver_month(month)
    running.run_planned()
    (running.project.inbox / "usage 2024-01.csv").unlink()
    # Everything but the raw table is gone, and nothing was recorded of it.
    for table in running.graph.reads:
        if table != "raw_pendo_export":
            running.workplace.lake.withdraw(table, "2024-01")
    running.run_planned()
    assert running.project.months("raw_pendo_export") == ["2024-02"]
    assert scores(running, "2024-02")["total_all_change"].isna().all()
    assert running.planned() == {}


def test_a_month_that_a_corrected_file_does_not_tell_any_more_is_withdrawn(
    running: Running,
) -> None:
    header = "Month,Visitor ID,Account ID,Clicks for Team | Chat\n"
    january, february = "2024-01,v,acme,4\n", "2024-02,v,acme,6\n"
    running.project.deliver("all of it.csv", header + january + february)
    running.run_planned()
    assert running.project.months("client_scores") == ["2024-01", "2024-02"]
    running.project.deliver("all of it.csv", header + january)
    running.run_planned()
    left = running.project.bytes_of_lake()
    assert {path.split("month=")[1][:7] for path in left if "month=" in path} == {"2024-01"}
    assert "client_scores_csv/2024-02.csv" not in left
    assert running.planned() == {}


def test_a_withdrawn_month_is_told_of_and_nothing_else_is(tmp_path: Path) -> None:
    project = Project.make(tmp_path)
    for month in ("2024-01", "2024-02"):
        project.deliver_month(month)
    assert project.run("run").returncode == 0
    (project.inbox / "usage 2024-01.csv").unlink()
    done = project.run("run")
    assert (done.returncode, done.stderr) == (0, "")
    assert "2024-01 is withdrawn: no export in the inbox tells of it any more." in done.stdout
    assert "2024-01 withdrawn; no export tells of it any more" in done.stdout
    assert project.months("client_scores") == ["2024-02"]


def test_a_broken_file_keeps_the_months_that_it_told_before(tmp_path: Path) -> None:
    project = Project.make(tmp_path)
    header = "Month,Visitor ID,Account ID,Clicks for Team | Chat\n"
    project.deliver("all of it.csv", header + "2024-01,v,acme,4\n2024-02,v,acme,6\n")
    assert project.run("run").returncode == 0
    before = project.bytes_of_lake()
    # Cut short on its way: its months cannot be told, which is not the same as being gone.
    project.deliver("all of it.csv", header[:10])
    done = project.run("run")
    assert done.returncode == 1
    # Once, though two months are refused.
    (line,) = done.stderr.splitlines()
    assert line.startswith("all of it.csv, row 1: no client column")
    assert project.bytes_of_lake() == before


def test_the_same_bytes_under_two_names_count_once(running: Running) -> None:
    for name in ("usage 2024-01.csv", "usage 2024-01 (1).csv"):
        running.project.deliver(name, rows_of({"acme": 5, "bolt": 3}))
    running.run_planned()
    assert engagement(running) == {"acme": 5, "bolt": 3}
    assert len(running.project.table("raw_pendo_export", "2024-01")) == 1
    # Without the name that they are known by they are taken in by the other one.
    (running.project.inbox / "usage 2024-01 (1).csv").unlink()
    assert list(running.planned()) == ["2024-01"]
    running.run_planned()
    assert engagement(running) == {"acme": 5, "bolt": 3}
    known_by = running.project.table("raw_pendo_export", "2024-01")["source_file"]
    assert known_by.tolist() == ["usage 2024-01.csv"]
    assert running.planned() == {}


def test_a_renamed_file_that_breaks_keeps_its_months(running: Running) -> None:
    project = running.project
    text = "Month,Visitor ID,Account ID,Clicks for Team | Chat\n2024-01,v,acme,4\n"
    path = project.deliver("usage.csv", text)
    running.run_planned()
    path.rename(path.with_name("export.csv"))
    running.run_planned()
    path.with_name("export.csv").write_text("garbage")
    assert not running.run("2024-01").succeeded
    assert project.months("client_scores") == ["2024-01"]


def test_the_same_bytes_in_two_months_are_refused_in_the_second(running: Running) -> None:
    for month in ("2024-01", "2024-02"):
        running.project.deliver(f"usage {month}.csv", rows_of({"acme": 5}))
    assert running.run("2024-01").succeeded
    assert running.run("2024-02").problems == [
        "usage 2024-02.csv: holds the same bytes as usage 2024-01.csv, which tells of 2024-01; "
        "delete the one with the wrong month"
    ]
    assert running.project.months("client_scores") == ["2024-01"]


def test_an_overlap_is_refused_until_one_file_is_named_the_successor(running: Running) -> None:
    project = running.project
    project.deliver("first 2024-01.csv", rows_of({"acme": 5, "bolt": 3}))
    running.run_planned()
    before = made_of(project.bytes_of_lake())
    project.deliver("second 2024-01.csv", rows_of({"acme": 8, "cogs": 1}))
    (line,) = running.run("2024-01").problems
    for named in ("first 2024-01.csv", "second 2024-01.csv", "'acme'", "'Reports | Charts'"):
        assert named in line
    assert made_of(project.bytes_of_lake()) == before
    project.deliver("second 2024-01.csv.yaml", "replaces: first 2024-01.csv\n")
    running.run_planned()
    assert engagement(running) == {"acme": 8, "cogs": 1}
    assert running.planned() == {}


def test_a_month_is_due_when_what_is_said_beside_its_file_changes(running: Running) -> None:
    running.project.deliver_month("2024-01")
    running.run_planned()
    beside = running.project.deliver("usage 2024-01.csv.yaml", "month: 2024-01\n")
    assert list(running.planned()) == ["2024-01"]
    running.run_planned()
    assert running.planned() == {}
    beside.write_text("month: 2024-01\nwindow: month\n")
    assert list(running.planned()) == ["2024-01"]
    beside.unlink()
    assert list(running.planned()) == ["2024-01"]


def test_a_month_is_due_when_its_features_get_names(running: Running) -> None:
    running.project.deliver("events.csv", EVENTS + "acme,v,f1,2024-01-02,4,0\n")
    running.run_planned()
    assert running.project.table("area_engagement", "2024-01")["area"].tolist() == ["Unmapped"]
    running.project.deliver("features.csv", "featureId,name\nf1,Team | Chat\n")
    assert list(running.planned()) == ["2024-01"]
    running.run_planned()
    assert running.project.table("area_engagement", "2024-01")["area"].tolist() == ["Team"]
    assert running.planned() == {}


def test_the_audience_in_a_new_name_is_taken_in(running: Running) -> None:
    path = running.project.deliver("usage 2024-01.csv", rows_of({"acme": 5}))
    running.run_planned()
    path.rename(path.with_name("internal usage 2024-01.csv"))
    running.run_planned()
    assert running.project.table("cleaned_usage", "2024-01")["audience"].tolist() == ["internal"]


COMPARED = [
    "total_all_change",
    "per_user_all_change",
    "engagement_avg_3m",
    "engagement_trend",
    "active_areas_change",
    "unique_visitors_change",
    "direction",
]


def test_a_window_taken_for_a_month_is_scored_and_compared_with_nothing(running: Running) -> None:
    project = running.project
    for month in (*span("2024-01", "2024-03"), "2024-05"):
        project.deliver_month(month)
    project.deliver("usage Apr 1 - Apr 16, 2024.csv", rows_of({"acme": 5, "bolt": 3}))
    assert list(running.planned()) == [*span("2024-01", "2024-03"), "2024-05"]
    project.deliver("usage Apr 1 - Apr 16, 2024.csv.yaml", "window: month\n")
    running.run_planned()
    april, may = scores(running, "2024-04"), scores(running, "2024-05")
    assert april["partial"].all()
    assert april["total_all"].to_dict() == {"acme": 100, "bolt": 0}
    assert april["engagement"].to_dict() == {"acme": 5, "bolt": 3}
    assert april[COMPARED].isna().all(axis=None)
    # May itself is whole, but April is no month to compare it with.
    assert not may["partial"].any()
    assert may["total_all"].notna().all()
    assert may[COMPARED].isna().all(axis=None)


def test_a_window_that_was_only_in_the_name_is_forgotten_with_it(running: Running) -> None:
    path = running.project.deliver("usage Apr 1 - Apr 16, 2024.csv", rows_of({"acme": 5}))
    beside = running.project.deliver(path.name + ".yaml", "window: month\n")
    running.run_planned()
    assert scores(running, "2024-04")["partial"].all()
    path.rename(path.with_name("usage 2024-04.csv"))
    beside.unlink()
    running.run_planned()
    assert not scores(running, "2024-04")["partial"].any()


def test_a_month_that_is_not_over_is_partial(running: Running) -> None:
    month = datetime.now(UTC).strftime("%Y-%m")
    running.project.deliver_month(month)
    running.run_planned()
    found = scores(running, month)
    assert found["partial"].all()
    assert found["total_all"].to_dict() == {"acme": 100, "bolt": 0}


def test_accounts_without_visitors_have_total_scores_only(running: Running) -> None:
    running.project.deliver(
        "usage 2024-01.csv", "Account ID,Clicks for Team | Chat\nacme,9\nbolt,4\ncogs,0\n"
    )
    outcome = running.run("2024-01")
    assert outcome.succeeded
    found = scores(running, "2024-01")
    assert found["total_all"].to_dict() == {"acme": 100, "bolt": 50, "cogs": 0}
    assert found[["per_user_all", "per_user_external", "unique_visitors"]].isna().all(axis=None)
    # Cogs did nothing: there is nothing to average.
    assert (
        "No per-user scores for 2 clients: their exports list no visitors (acme, bolt)."
        in outcome.warnings
    )


USED = [f"v{n},acme,1,1,1\n" for n in range(20)]


def test_more_than_the_allowed_share_refuses_the_month(running: Running) -> None:
    project = running.project
    project.lookup("scoring.yaml", "")
    # One of 20 rows is exactly 5 %.
    project.deliver("usage 2024-01.csv", HEADER + "".join(USED[:19]) + "v,,1,1,1\n")
    running.run_planned()
    assert engagement(running) == {"acme": 38}
    before = made_of(project.bytes_of_lake())
    project.deliver("usage 2024-01.csv", HEADER + "".join(USED[:18]) + "v,,1,1,1\n" * 2)
    assert running.run("2024-01").problems == [
        "usage 2024-01.csv, row 20: 2 of 20 rows cannot be used (10.0%, at most 5.0% is allowed), "
        "most because the row names no client; correct the file, or raise "
        "largest_quarantined_share in scoring.yaml"
    ]
    assert made_of(project.bytes_of_lake()) == before
    project.lookup("scoring.yaml", "largest_quarantined_share: 0.1\n")
    assert running.run("2024-01").succeeded
    assert engagement(running) == {"acme": 36}


def test_what_is_nobodys_or_not_to_be_counted_is_set_apart_without_a_fault(
    running: Running,
) -> None:
    project = running.project
    project.lookup("scoring.yaml", "")
    project.lookup("excluded_accounts.csv", "client_id,reason\nvendor-demo,demo\n")
    project.lookup("client_aliases.csv", "client_id,alias\nacme,acme-old\n")
    project.deliver(
        "usage 2024-01.csv",
        HEADER
        + "v1,acme,1,5,0\nv2,acme-old,1,3,0\n"
        + "v3,vendor-demo,1,9,0\n_PENDO_T_x,acme,1,9,0\nv4,ACCOUNT-UNIQUE-ID,1,9,0\n"
        # Ids differ by case: this is another account.
        + "v5,Vendor-Demo,1,1,0\n",
    )
    running.run_planned()
    assert engagement(running) == {"acme": 8, "Vendor-Demo": 1}
    refused = project.table("quarantine", "2024-01").set_index("source_row")["reason"]
    assert refused.to_dict() == {
        4: "excluded_account",
        5: "anonymous_visitor",
        6: "placeholder_client",
    }


def test_every_row_and_every_click_is_accounted_for(running: Running) -> None:
    running.project.deliver(
        "usage 2024-01.csv",
        "Pulled by Ann\n"
        "Account ID,Visitor ID,Clicks for Team | Chat,Clicks for Labs\n"
        "acme,v1,5,0\n"  # listed
        "acme,v1,1,2\n"  # listed, the same visitor
        "bolt,v2,--,\n"  # listed, nothing collected
        ",v3,4,\n"  # refused, a positive cell
        "Total,,10,2\n",  # the sums agree
    )
    outcome = run_only(
        *(running, "2024-01", "raw_pendo_export", "cleaned_usage", "area_engagement")
    )
    assert outcome.succeeded, outcome.problems
    cleaned = numbers_on(running, "cleaned_usage", "reconciliation")
    assert cleaned == {
        "rows_in": 6,
        "rows_listed": 3,
        "rows_refused": 1,
        "title_rows": 1,
        "total_rows": 1,
        "events_added_up": 0,
        "clicks_in": 12,
        "clicks_out": 8,
        "clicks_refused": 4,
    }
    assert running.project.table("visitor_month", "2024-01")["listed_rows"].tolist() == [2, 1]
    on_asset = outcome.numbers
    assert on_asset["cleaned_usage.cells_zero"] == 1
    # `--` and two blanks; those of a refused row too.
    assert on_asset["cleaned_usage.cells_not_collected"] == 3
    by_area = numbers_on(running, "area_engagement", "reconciliation")
    assert (by_area["engagement_in"], by_area["engagement_out"]) == (8, 8)
    assert by_area["share_unmapped"] == 2 / 8
    raw = running.project.table("raw_pendo_export", "2024-01").iloc[0]
    assert (raw["header_row"], raw["rows"]) == (2, 5)
    assert json.loads(raw["column_map"])["titles"] == ["Pulled by Ann"]


def test_decimals_add_up_exactly_on_both_sides(running: Running) -> None:
    running.project.lookup("scoring.yaml", "measure: minutes\n")
    header = "Visitor ID,Account ID,Time On Page (minutes) for Team | Chat\n"
    # Ten tenths in floats, one after the other, are 0.9999999999999999.
    rows = "".join(f"v{n},acme,0.1\n" for n in range(10))
    running.project.deliver("usage 2024-01.csv", header + rows)
    tables = ("raw_pendo_export", "cleaned_usage", "area_engagement", "client_month")
    assert run_only(running, "2024-01", *tables).succeeded
    by_area = numbers_on(running, "area_engagement", "reconciliation")
    assert (by_area["engagement_in"], by_area["engagement_out"]) == (1, 1)
    assert engagement(running) == {"acme": 1}


def test_features_get_the_area_of_their_first_part_where_the_setting_says_so(
    running: Running,
) -> None:
    running.project.lookup("scoring.yaml", "area_from_feature: true\n")
    headers = ["Reports | Charts", "Labs > Beta", "labs: Alpha", "Lab/Gamma", "Delta - Old"]
    running.project.deliver(
        "usage 2024-01.csv",
        "Visitor ID,Account ID," + ",".join(f"Clicks for {name}" for name in headers) + "\n"
        "v,acme,1,2,4,8,16\n",
    )
    tables = ("raw_pendo_export", "cleaned_usage", "area_engagement")
    assert run_only(running, "2024-01", *tables).succeeded
    found = running.project.table("area_engagement", "2024-01")
    # A bare slash and a hyphen are part of a name.
    assert dict(found[["area", "engagement"]].to_numpy()) == {
        "Labs": 6,
        "Reports": 1,
        "Unmapped": 24,
    }


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "column_aliases.csv",
            "canonical,alias\nclient_id,Licensee\nclint_id,Kunde\n",
            "column_aliases.csv, line 3, column canonical: expected one of ",
        ),
        (
            "client_aliases.csv",
            "client_id,alias\nacme,acme-old\nbolt,acme-old\n",
            "client_aliases.csv, line 3, column alias: 'acme-old' is an alias of 'bolt' here and "
            "of 'acme' on line 2",
        ),
        (
            "excluded_accounts.csv",
            "client_id,reason\nvendor-demo,\n",
            "excluded_accounts.csv, line 2, column reason: is blank",
        ),
    ],
)
def test_a_bad_line_of_a_lookup_is_told_before_any_work(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    project = Project.make(tmp_path)
    project.deliver_month("2024-01")
    project.lookup(name, text)
    done = project.run("run")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert says in line
    assert not project.lake.exists()
