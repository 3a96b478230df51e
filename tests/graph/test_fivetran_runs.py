"""Fivetran's tables through ``healthscore check`` and the real graph."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import fivetran_tables as ft
import pytest
from project import Project
from test_runs import Running

AREAS = "feature,area\nPlanning | Board,Planning\nTeam | Chat,onboarding\n"
AUDIENCES = "domain\nvendor.example\n"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    project = Project.make(tmp_path)
    project.lookup("product_areas.csv", AREAS)
    project.lookup("internal_domains.csv", AUDIENCES)
    project.lookup("client_aliases.csv", "client_id,alias\nacme,acme-eu\n")
    project.lookup("excluded_visitors.csv", "visitor_id,reason\nqa-robot,our own tests\n")
    with dg.DagsterInstance.ephemeral() as instance:
        yield Running(project, instance)


def rows(running: Running, table: str, *columns: str) -> list[tuple[object, ...]]:
    found = running.project.table(table, "2024-05")[list(columns)]
    return [tuple(row) for row in found.itertuples(index=False)]


def test_a_month_of_all_tables(running: Running) -> None:
    # Anonymous and excluded visitors are 2 of 8 rows: more than a file's faults may be.
    running.project.lookup("scoring.yaml", "")
    ft.put(running.project.inbox / "fivetran", **ft.EVERYTHING)
    running.run_planned()
    assert rows(running, "area_engagement", "client_id", "visitor_id", "area", "engagement") == [
        # f1 is listed, whatever Pendo says; of f2 nobody tells an area.
        ("acme", "ann", "Planning", 5),
        ("acme", "ann", "Unmapped", 4),
        ("acme", "bob", "Planning", 5),
        # f3 is in Pendo's Onboarding, spelled as in the lookup; f4 is defined nowhere.
        ("bolt", "cat", "Unmapped", 1),
        ("bolt", "cat", "onboarding", 7),
    ]
    assert rows(running, "feature_areas", "feature", "area") == [
        ("Planning | Board", "planning"),
        ("f3", "Onboarding"),
    ]
    assert rows(running, "client_names", "client_id", "client_name") == [
        ("acme", "Acme Limited"),
        ("bolt", "Bolt GmbH"),
    ]
    assert rows(running, "visitor_month", "client_id", "visitor_id", "audience") == [
        ("acme", "ann", "internal"),
        ("acme", "bob", "external"),
        ("bolt", "cat", "external"),
    ]
    assert rows(running, "quarantine", "source_row", "column", "value", "reason") == [
        (6, "num_events", "9", "anonymous_visitor"),
        (6, "num_minutes", "1", "anonymous_visitor"),
        (8, "num_events", "8", "excluded_visitor"),
        (8, "num_minutes", "1", "excluded_visitor"),
    ]
    names = dict(rows(running, "client_scores", "client_id", "client_name"))
    assert names == {"acme": "Acme Limited", "bolt": "Bolt GmbH"}
    assert running.planned() == {}


def test_the_register_of_accounts_beside_account_history(running: Running) -> None:
    # Both tell of accounts, in one process: the register names clients first.
    running.project.lookup("scoring.yaml", "")
    register = running.project.exports / "accounts" / "accounts_2024-05-31.csv"
    register.parent.mkdir()
    register.write_text("client_id,client_name\nacme,Acme of the register\n")
    ft.put(running.project.inbox / "fivetran", **ft.EVERYTHING)
    for _ in range(2):  # and again, after the tables of both are there
        assert running.run("2024-05").succeeded
    names = dict(rows(running, "client_scores", "client_id", "client_name"))
    assert names == {"acme": "Acme of the register", "bolt": "Bolt GmbH"}


def test_what_makes_a_month_due_again(running: Running) -> None:
    folder = running.project.inbox / "fivetran"
    ft.put(folder, **ft.EVERYTHING)
    running.run_planned()
    # Visits change every day, names now and then: the next run of the month takes them.
    ft.put(
        folder,
        account_history=ft.ACCOUNT_HISTORY.replace("Limited", "Inc."),
        visitor_history=ft.VISITOR_HISTORY.replace("ann@vendor", "ann@other"),
        feature_history=ft.FEATURE_HISTORY.replace("Never used", "Used never"),
    )
    assert running.planned() == {}
    ft.put(folder, group_data=ft.GROUP.replace("Onboarding", "Start"))
    assert list(running.planned()) == ["2024-05"]
    running.run_planned()
    assert ("f3", "Start") in rows(running, "feature_areas", "feature", "area")
    assert ("acme", "Acme Inc.") in rows(running, "client_names", "client_id", "client_name")
    assert {row[0] for row in rows(running, "visitor_month", "audience")} == {"external"}
    # A day that is delivered again.
    again = ft.only(ft.FEATURE_EVENT, 8).replace("2024-05-03 03", "2024-05-04 03")
    ft.put(folder, later=again.replace(",f4,1,", ",f4,6,"))
    assert list(running.planned()) == ["2024-05"]
    running.run_planned()
    engagement = rows(running, "area_engagement", "visitor_id", "area", "engagement")
    assert ("cat", "Unmapped", 6) in engagement
    assert running.planned() == {}


def test_a_month_keeps_its_tables_while_one_of_people_is_broken(running: Running) -> None:
    folder = running.project.inbox / "fivetran"
    ft.put(folder, **ft.EVERYTHING)
    running.run_planned()
    before = running.project.bytes_of_lake()
    ft.put(folder, visitor_history=ft.VISITOR_HISTORY.replace("2024-01-01 00:00:00 UTC", "soon"))
    assert running.planned() == {}  # it alone makes nothing due
    assert not running.run("2024-05").succeeded
    assert running.project.bytes_of_lake() == before
    # Taken away, the month goes on without it.
    (folder / "visitor_history.csv").unlink()
    assert running.run("2024-05").succeeded
    assert {row[0] for row in rows(running, "visitor_month", "audience")} == {"external"}


def test_a_month_keeps_its_areas_while_their_names_are_broken(running: Running) -> None:
    folder = running.project.inbox / "fivetran"
    ft.put(folder, **ft.EVERYTHING)
    running.run_planned()
    before = running.project.bytes_of_lake()
    ft.put(folder, group_data=ft.without(ft.GROUP, "name"))
    assert list(running.planned()) == ["2024-05"]
    assert not running.run("2024-05").succeeded
    assert running.project.bytes_of_lake() == before


def test_the_bytes_of_all_that_was_read_are_in_the_archive(running: Running) -> None:
    folder = running.project.inbox / "fivetran"
    paths = ft.put(folder, parquet=True, **ft.EVERYTHING)
    running.run_planned()
    kept = {path.read_bytes() for path in (running.project.lake / "archive").iterdir()}
    people = [path for path in paths if path.stem in ("account_history", "visitor_history")]
    assert all(path.read_bytes() in kept for path in people)
    # The cleaning step reads them there: the inbox may have changed since.
    for path in people:
        path.unlink()
    assert running.run("2024-05").succeeded


def test_pendos_areas_are_those_of_their_month_in_health_too(running: Running) -> None:
    inbox = running.project.inbox
    ft.put(inbox / "may", **ft.EVERYTHING)
    june = ft.FEATURE_EVENT.replace("2024-05-", "2024-06-")
    ft.put(inbox / "june", feature_event=june)
    running.run_planned()
    areas = running.project.table("area_engagement", "2024-06")["area"]
    assert set(areas) == {"Unmapped"}
    assert running.project.table("feature_areas", "2024-06").empty
    adoption = running.project.table("health_components", "2024-06")
    adoption = adoption[adoption["component"] == "feature_adoption"].set_index("client_id")["value"]
    # Of f1 and f3, with areas in May, nobody used any in June by a definition of June.
    assert dict(adoption) == {"acme": 0, "bolt": 0}


def test_check_says_what_each_table_is(running: Running) -> None:
    project = running.project
    project.lookup("scoring.yaml", "")
    later = ft.only(ft.FEATURE_EVENT, 8).replace("2024-05-03 03", "2024-05-04 03")
    paths = ft.put(project.inbox, **ft.EVERYTHING, later=later)
    done = project.run("check", *map(str, paths))
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.strip() for line in done.stdout.splitlines() if line]
    told = {lines[n - 1]: line for n, line in enumerate(lines) if "for the exports" in line}
    assert told == {
        "feature_history.csv": "definitions of 4 features, for the exports beside it",
        "group_data.csv": "names of 2 product areas, for the exports beside it",
        "account_history.csv": "names of 3 clients, for the exports beside it",
        "visitor_history.csv": "e-mails of 2 visitors, for the exports beside it",
    }
    assert (
        lines[lines.index("feature_event.csv") + 1]
        == "a row per use of a feature, 2024-05 (by 'timestamp', days of UTC)"
    )
    assert "2 clients, 3 visitors (1 internal)" in lines
    assert "1 row not read: another file of the folder, synced later, tells of their days" in lines
    assert "quarantine: 1 row, the visitor was not signed in (_PENDO_T_...)" in lines
    assert "quarantine: 1 row, the visitor is listed in excluded_visitors.csv" in lines
    assert "areas of Pendo, where product_areas.csv has none: onboarding (1)" in lines
    assert "without an area: 2 features; lines for product_areas.csv:" in lines


def test_check_of_a_table_that_lacks_a_column(running: Running) -> None:
    paths = ft.put(running.project.inbox, f=ft.without(ft.FEATURE_HISTORY, "group_id"))
    done = running.project.run("check", *map(str, paths))
    assert done.returncode == 1
    assert done.stderr == (
        "f.csv, row 1: reads like Fivetran's table feature_history, but has no column 'group_id'; "
        "export the table with all its columns\n"
    )
