"""Months as runs: what is refused, what goes on, what is run again, what is stale."""

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest
from project import HEADER, Project

from healthscore_assets.contracts import FEED_TABLES, FILES, FROM_USAGE
from healthscore_assets.definitions import build_definitions
from healthscore_assets.lake.months import span
from healthscore_assets.orchestration.delivered import delivered
from healthscore_assets.orchestration.plan import Graph, MonthPlan, plan_months
from healthscore_assets.orchestration.runs import MonthOutcome, observe_lookups, run_month
from healthscore_assets.orchestration.workplace import Workplace

TOO_MUCH = HEADER + "v-acme,acme,1,5,2\n" + "v-bolt,bolt,1,900000000,2\n" * 2
MONTHS = span("2024-01", "2024-09")


class Running:
    """A project and the graph over it, on an instance of its own."""

    def __init__(self, project: Project, instance: dg.DagsterInstance) -> None:
        self.project, self.instance = project, instance
        self.workplace = Workplace.at(project.exports, project.lookups, project.lake)
        self.definitions = build_definitions(self.workplace)
        self.graph = Graph.of(self.definitions)

    def run(self, month: str) -> MonthOutcome:
        plan = MonthPlan(month, tuple(self.graph.reads))
        return run_month(self.definitions, self.instance, plan)

    def planned(self) -> dict[str, tuple[str, ...]]:
        lake = self.workplace.lake
        sources = delivered(self.workplace).sources(lake)
        plans = plan_months(self.graph, self.instance, lake, sources)
        return {plan.month: plan.tables for plan in plans}

    def run_planned(self) -> None:
        for month, tables in self.planned().items():
            assert run_month(self.definitions, self.instance, MonthPlan(month, tables)).succeeded


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Running(Project.make(tmp_path), instance)


def test_a_month_that_breaks_its_contract_is_refused_and_the_old_data_stay(
    running: Running,
) -> None:
    project = running.project
    for month in ("2024-01", "2024-02"):
        project.deliver_month(month)
        assert running.run(month).succeeded
    before = project.bytes_of_lake()
    # January comes again, with a visitor whose two rows add up to more than a month can hold.
    project.deliver("usage 2024-01.csv", TOO_MUCH)
    refused = running.run("2024-01")
    assert not refused.succeeded
    assert refused.problems == [
        "cleaned_usage.value: expected at most 1e+09, 1 row not so (first: "
        "source_file='usage 2024-01.csv', source_row=3, client_id='bolt', visitor_id='v-bolt', "
        "value=1800000000.0; "
        "source_file='usage 2024-01.csv', source_row=4, client_id='bolt', visitor_id='v-bolt', "
        "value=1800000000.0)"
    ]
    # Only the record of what was delivered is new; nothing made of it has changed.
    after = project.bytes_of_lake()
    changed = {path for path in before if before[path] != after.get(path)}
    assert changed == {"raw_pendo_export/month=2024-01/data.parquet"}
    # The next month goes on, and a month made good is taken in.
    assert running.run("2024-02").succeeded
    project.deliver_month("2024-01", {"acme": 50, "bolt": 3})
    assert running.run("2024-01").succeeded
    usage = project.table("client_month", "2024-01").set_index(["client_id", "audience"])
    assert usage.loc[("acme", "all"), "engagement"] == 52


def test_a_refused_month_is_told_by_a_check_and_downstream_does_not_run(running: Running) -> None:
    running.project.deliver("usage 2024-01.csv", TOO_MUCH)
    running.run("2024-01")
    key = dg.AssetCheckKey(dg.AssetKey("cleaned_usage"), "contract")
    latest = running.instance.event_log_storage.get_latest_asset_check_execution_by_key([key])
    event = latest[key].event
    assert event is not None
    assert event.dagster_event is not None
    told = event.dagster_event.asset_check_evaluation_data
    assert not told.passed
    assert told.metadata["violations"].value == 1
    assert "source_row=3" in (told.description or "")
    made = {table for table in running.graph.reads if running.project.months(table)}
    assert made == {"raw_pendo_export"}


def test_a_month_without_an_export_passes_and_writes_nothing(running: Running) -> None:
    running.project.deliver_month("2024-01")
    outcome = running.run("2023-12")
    assert outcome.succeeded
    assert not running.project.lake.joinpath("raw_pendo_export").exists()


def test_all_tables_of_a_step_are_written_or_none(running: Running) -> None:
    running.project.deliver("usage 2024-01.csv", TOO_MUCH)
    assert not running.run("2024-01").succeeded
    # visitor_month keeps its contract, yet it is made in one pass with cleaned_usage.
    assert running.project.months("visitor_month") == []


def test_running_again_changes_no_byte(running: Running) -> None:
    for number, month in enumerate(MONTHS):
        running.project.deliver_month(month, {"acme": 5 + number, "bolt": 3, "cogs": 9 - number})
    running.run_planned()
    before = running.project.bytes_of_lake()
    assert running.project.months("client_scores") == MONTHS
    for month in reversed(MONTHS):
        assert running.run(month).succeeded
    assert running.project.bytes_of_lake() == before


def test_only_new_and_changed_months_are_planned(running: Running) -> None:
    for month in MONTHS[:2]:
        running.project.deliver_month(month)
    assert list(running.planned()) == MONTHS[:2]
    running.run_planned()
    assert running.planned() == {}
    running.project.deliver_month(MONTHS[2])
    assert list(running.planned()) == [MONTHS[2]]


def test_a_corrected_month_runs_with_the_later_months_that_read_it(running: Running) -> None:
    for month in MONTHS:
        running.project.deliver_month(month)
    running.run_planned()
    running.project.deliver_month("2024-01", {"acme": 7, "bolt": 3})
    planned = running.planned()
    # A band is held against months whose visitors are known of months before that: further than
    # the months that there are.
    assert list(planned) == MONTHS
    assert {*planned["2024-01"]} == {*FROM_USAGE, *FILES}
    # Index scores compare with the month before and its base: four months. Momentum: six. Who is
    # known: five; an anomaly of health and structure: further.
    trend, after = {"momentum", "client_scores"}, FROM_USAGE.index("composite_health")
    health = {*FROM_USAGE[after:], *FILES}
    known = {"client_profile", "health_components"}
    assert {*planned["2024-05"]} == {"area_weights", "index_scores"} | trend | known | health
    assert {*planned["2024-06"]} == trend | known | health
    assert {*planned["2024-07"]} == trend | health
    assert {*planned["2024-08"]} == {*planned["2024-09"]} == health
    running.run_planned()
    assert running.planned() == {}


def test_a_refused_month_stays_due_until_it_is_mended(running: Running) -> None:
    running.project.deliver("usage 2024-01.csv", TOO_MUCH)
    for _ in range(2):
        (month,) = running.planned()
        assert not running.run(month).succeeded
    running.project.deliver_month("2024-01")
    running.run_planned()
    assert running.planned() == {}


def test_a_month_delivered_late_is_absent_until_it_comes(running: Running) -> None:
    months = span("2024-01", "2024-05")
    for month in months:
        if month != "2024-03":
            running.project.deliver_month(month, {"acme": 10, "bolt": 3})
    running.run_planned()
    row = running.project.table("momentum", "2024-04").set_index("client_id").loc["acme"]
    assert row["engagement_avg_3m"] != row["engagement_avg_3m"]  # null: March was never delivered
    running.project.deliver_month("2024-03", {"acme": 10, "bolt": 3})
    assert list(running.planned()) == ["2024-03", "2024-04", "2024-05"]
    running.run_planned()
    row = running.project.table("momentum", "2024-04").set_index("client_id").loc["acme"]
    assert row["engagement_avg_3m"] == 12
    assert row["direction"] == "flat"


def stale_tables(running: Running, month: str) -> set[str]:
    """The tables whose month Dagster shows as stale."""
    resolver = CachingStaleStatusResolver(
        instance=running.instance,
        asset_graph=running.definitions.resolve_asset_graph(),
        loading_context=LoadingContextForTest(running.instance),
    )
    return {
        table
        for table in running.graph.reads
        if resolver.get_status(dg.AssetKey(table), month) is StaleStatus.STALE
    }


def test_a_changed_lookup_shows_the_tables_made_from_the_old_one_as_stale(
    running: Running,
) -> None:
    running.project.deliver_month("2024-01")
    observe_lookups(running.instance, running.workplace)
    assert running.run("2024-01").succeeded
    assert stale_tables(running, "2024-01") == set()
    running.project.lookup("product_areas.csv", "feature,area\nTeam | Chat,Chat\n")
    observe_lookups(running.instance, running.workplace)
    # Dagster marks the direct consumers first; the others follow once those have run.
    assert stale_tables(running, "2024-01") == {
        "raw_pendo_export",
        "cleaned_usage",
        "visitor_month",
        "quarantine",
        "client_names",
        "visitor_activity",
        "feature_areas",
        "area_engagement",
        "area_weights",
        "index_scores",
        "client_profile",
        "health_components",
    }
    assert running.run("2024-01").succeeded
    assert stale_tables(running, "2024-01") == set()
    running.project.lookup("scoring.yaml", "flat_band: 0.2\nlargest_quarantined_share: 1.0\n")
    observe_lookups(running.instance, running.workplace)
    assert stale_tables(running, "2024-01") == {
        "raw_pendo_export",
        "cleaned_usage",
        "visitor_month",
        "quarantine",
        "client_names",
        "visitor_activity",
        "feature_areas",
        "area_engagement",
        "area_weights",
        "index_scores",
        "momentum",
        "client_profile",
        "health_components",
        "structural_risk",
        "client_signals",
        *FEED_TABLES,
    }
    assert running.run("2024-01").succeeded
    # The settings of health make no index score stale.
    running.project.lookup(
        "scoring.yaml",
        "flat_band: 0.2\nlargest_quarantined_share: 1.0\nhealth: {half_life_days: 30}\n",
    )
    observe_lookups(running.instance, running.workplace)
    assert stale_tables(running, "2024-01") == {
        "client_profile",
        "health_components",
        "composite_health",
        "composite_points",
        "health_scores",
        "health_drivers",
        "structural_risk",
    }


def test_an_export_that_holds_several_months_is_read_month_by_month(running: Running) -> None:
    running.project.deliver(
        "all of it.csv",
        "Month,Visitor ID,Account ID,Clicks for Team | Chat\n"
        "2024-01,v-acme,acme,4\nFeb 2024,v-acme,acme,6\n2024-02,v-bolt,bolt,1\n",
    )
    assert list(running.planned()) == ["2024-01", "2024-02"]
    running.run_planned()
    clicks = {
        month: running.project.table("cleaned_usage", month)["value"].sum()
        for month in ("2024-01", "2024-02")
    }
    assert clicks == {"2024-01": 4, "2024-02": 7}
    rows = running.project.table("raw_pendo_export", "2024-02")["rows"].tolist()
    assert rows == [2]


def test_what_was_understood_is_kept_with_the_bytes(running: Running) -> None:
    path = running.project.deliver_month("2024-01")
    running.run_planned()
    raw = running.project.table("raw_pendo_export", "2024-01").iloc[0]
    kept = running.project.lake / "archive" / raw["source_sha256"]
    assert kept.read_bytes() == path.read_bytes()
    told = {c["header"]: c for c in json.loads(raw["column_map"])["columns"]}
    assert told["Clicks for Team | Chat"]["measure"] == "clicks"
    assert told["Clicks for Team | Chat"]["feature"] == "Team | Chat"


def test_lookups_are_observed_only_when_they_change(running: Running) -> None:
    def observed() -> int:
        key = dg.AssetKey("product_areas")
        return len(running.instance.fetch_observations(key, limit=10).records)

    observe_lookups(running.instance, running.workplace)
    observe_lookups(running.instance, running.workplace)
    assert observed() == 1
    running.project.lookup("product_areas.csv", "feature,area\nTeam | Chat,Chat\n")
    observe_lookups(running.instance, running.workplace)
    assert observed() == 2


def test_a_raw_table_that_was_replaced_by_a_killed_process_makes_the_month_due(
    running: Running,
) -> None:
    """The process died after the file was in its place, and before Dagster was told."""
    running.project.deliver_month("2024-01")
    assert running.run("2024-01").succeeded
    assert running.planned() == {}
    running.project.deliver_month("2024-01", {"acme": 50, "bolt": 3})
    with dg.DagsterInstance.ephemeral() as another:
        graph = running.definitions
        plan = MonthPlan("2024-01", ("raw_pendo_export",))
        assert run_month(graph, another, plan).succeeded
    assert running.planned()["2024-01"][0] == "raw_pendo_export"
    running.run_planned()
    assert running.planned() == {}
    used = running.project.table("cleaned_usage", "2024-01")
    assert used[used.client_id == "acme"]["value"].sum() == 52
