"""What Dagster loads: names, descriptions, columns, lineage."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
from dagster._core.definitions.events import AssetKeyPartitionKey

from healthscore_assets.contracts import CONTRACTS, FILES, FROM_USAGE
from healthscore_assets.definitions import build_definitions
from healthscore_assets.orchestration.plan import Graph
from healthscore_assets.orchestration.workplace import Workplace

TABLES = {
    "raw_pendo_export": "pendo",
    "cleaned_usage": "pendo",
    "visitor_month": "pendo",
    "quarantine": "pendo",
    "client_names": "pendo",
    "visitor_activity": "pendo",
    "feature_areas": "pendo",
    **{
        table: "signals"
        for feed in (
            "accounts",
            "support_tickets",
            "surveys",
            "invoices",
            "touchpoints",
            "stakeholders",
            "renewals",
        )
        for table in (f"raw_{feed}", feed, f"{feed}_quarantine")
    },
    "area_engagement": "engagement",
    "client_area_month": "engagement",
    "client_feature_month": "engagement",
    "client_month": "engagement",
    "area_weights": "scoring",
    "index_scores": "scoring",
    "momentum": "scoring",
    "client_scores": "scoring",
    "client_profile": "health",
    "health_components": "health",
    "composite_health": "health",
    "composite_points": "health",
    "health_scores": "health",
    "health_drivers": "health",
    "structural_risk": "risk",
    "portfolio_bands": "portfolio",
    "portfolio_movers": "portfolio",
    "portfolio_churn": "portfolio",
    "portfolio_cohorts": "portfolio",
    "portfolio_dimensions": "portfolio",
    "client_signals": "alerts",
    "alert_states": "alerts",
    "alerts": "alerts",
    "crm_scores": "delivery",
}


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    root = tmp_path_factory.mktemp("project")
    return build_definitions(Workplace.at(root / "exports", root / "lookups", root / "lake"))


def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_every_table_is_an_asset_of_its_group(definitions: dg.Definitions) -> None:
    found = {name: spec.group_name for name, spec in specs(definitions).items()}
    files = dict.fromkeys(FILES, "delivery")
    assert found.pop("pulled_export") == "sources"
    assert {n: g for n, g in found.items() if g != "lookups"} == TABLES | files
    assert {n for n, g in found.items() if g == "lookups"} == {
        "product_areas",
        "internal_domains",
        "column_aliases",
        "client_aliases",
        "excluded_accounts",
        "excluded_visitors",
        "scoring_settings",
        "health_settings",
        "alert_rules",
        "crm_settings",
    }
    assert list(TABLES) == list(CONTRACTS)


def test_what_fills_the_inbox_is_no_part_of_what_is_made_from_it(
    definitions: dg.Definitions,
) -> None:
    graph = Graph.of(definitions)
    assert list(TABLES) == [name for name in TABLES if name in graph.reads]
    assert "pulled_export" not in graph.reads
    assert "pulled_export" not in graph.steps


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_described_with_its_columns(definitions: dg.Definitions, name: str) -> None:
    spec = specs(definitions)[name]
    assert spec.description is not None
    assert len(spec.description) > 40
    assert spec.kinds
    assert spec.partitions_def is not None
    columns = spec.metadata["dagster/column_schema"].columns
    assert [column.name for column in columns] == list(CONTRACTS[name].columns)
    assert all(column.description and column.type for column in columns)


def test_the_first_month_is_2010_01_and_the_current_one_is_known(
    definitions: dg.Definitions,
) -> None:
    partitions = specs(definitions)["client_scores"].partitions_def
    assert partitions is not None
    keys = partitions.get_partition_keys()
    assert keys[0] == "2010-01"
    assert keys[-1] == datetime.now(UTC).strftime("%Y-%m")


def test_lineage(definitions: dg.Definitions) -> None:
    parents = {
        name: {dep.asset_key.to_user_string() for dep in spec.deps}
        for name, spec in specs(definitions).items()
    }
    assert parents["raw_pendo_export"] == {"column_aliases", "product_areas", "scoring_settings"}
    assert parents["cleaned_usage"] == {
        "raw_pendo_export",
        "product_areas",
        "internal_domains",
        "client_aliases",
        "excluded_accounts",
        "excluded_visitors",
        "scoring_settings",
    }
    lookups = {"column_aliases", "client_aliases", "excluded_accounts", "scoring_settings"}
    assert parents["accounts"] == lookups
    assert parents["surveys"] == {"accounts", *lookups}
    assert parents["area_engagement"] == {
        "cleaned_usage",
        "feature_areas",
        "product_areas",
        "scoring_settings",
    }
    assert parents["client_month"] == {"visitor_month", "area_engagement", "cleaned_usage"}
    assert "cleaned_usage" not in parents["structural_risk"] | parents["client_signals"]
    assert parents["index_scores"] == {
        "client_area_month",
        "client_month",
        "raw_pendo_export",
        "accounts",
        "product_areas",
        "scoring_settings",
    }
    assert parents["momentum"] == {
        "client_month",
        "index_scores",
        "raw_pendo_export",
        "accounts",
        "scoring_settings",
    }
    assert parents["client_scores"] == {
        "index_scores",
        "momentum",
        "client_names",
        "raw_pendo_export",
        "accounts",
    }
    # An edit of the settings of health makes no index score stale.
    assert {n for n in TABLES if "health_settings" in parents[n]} == {
        "client_profile",
        "health_components",
        "composite_health",
        "composite_points",
        "health_scores",
        "health_drivers",
        "structural_risk",
    }
    assert parents["health_components"] == {
        "index_scores",
        "client_names",
        "client_month",
        "client_feature_month",
        "area_engagement",
        "feature_areas",
        "visitor_month",
        "accounts",
        "support_tickets",
        "surveys",
        "invoices",
        "touchpoints",
        "renewals",
        "product_areas",
        "scoring_settings",
        "health_settings",
    }
    assert parents["health_scores"] == {
        "composite_health",
        "composite_points",
        "health_settings",
    }


def test_alerts_are_carried_from_the_months_before(definitions: dg.Definitions) -> None:
    graph = Graph.of(definitions)
    assert (
        graph.reads["alert_states"]
        == graph.reads["alerts"]
        == {
            **dict.fromkeys(
                (
                    "client_profile",
                    "health_scores",
                    "health_drivers",
                    "client_scores",
                    "structural_risk",
                    "client_signals",
                ),
                3,
            ),
            "alert_states": 6,
        }
    )
    # An edit of the rules makes nothing else stale; the rows for CRMs tell their titles.
    assert {*graph.readers["alert_rules"]} == {"alert_states", "alerts", "crm_scores"}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_made_of_one_table_and_its_settings(
    definitions: dg.Definitions, name: str
) -> None:
    spec = specs(definitions)[name]
    assert spec.description is not None
    assert len(spec.description) > 40
    assert spec.kinds == {"csv"}
    parents = {dep.asset_key.to_user_string() for dep in spec.deps}
    assert parents == {"crm_scores", "crm_settings"}
    assert Graph.of(definitions).reads[name] == {"crm_scores": 0}


def test_windows_follow_the_setting(tmp_path: Path) -> None:
    # The base of m-1 reaches silent_months + 1 back; the base of m-3, silent_months + 3.
    for text, silent in (("", 3), ("silent_months: 5\n", 5), ("silent_months: nonsense\n", 3)):
        (tmp_path / "scoring.yaml").write_text(text)
        workplace = Workplace.at(tmp_path, tmp_path, tmp_path / "lake")
        graph = Graph.of(build_definitions(workplace))
        assert graph.reads["index_scores"]["client_month"] == silent + 1
        assert graph.reads["momentum"]["client_month"] == silent + 3
        # Which months are partial, over the same windows.
        assert graph.reads["index_scores"]["raw_pendo_export"] == silent + 1
        assert graph.reads["momentum"]["raw_pendo_export"] == silent + 3
        assert graph.reads["client_scores"]["client_names"] == silent + 3


def test_a_backfill_reaches_the_later_months_of_every_table(definitions: dg.Definitions) -> None:
    # The targets as Dagster's own backfill works them out, from the month that is chosen.
    graph = definitions.resolve_asset_graph()
    raw = dg.AssetKey("raw_pendo_export")
    chosen = AssetGraphSubset.from_asset_partition_set(
        {AssetKeyPartitionKey(raw, "2024-01")}, graph
    )
    targets = graph.bfs_filter_subsets(lambda _key, _subset: True, chosen)
    last = {
        name: max(targets.get_partitions_subset(dg.AssetKey(name)).get_partition_keys())
        for name in FROM_USAGE
    }
    assert last["client_month"] == "2024-01"
    assert last["index_scores"] == "2024-05"
    assert last["momentum"] == last["client_scores"] == "2024-07"
    # Usage of six months tells who is known; an anomaly is held against seven, a band against six.
    assert last["health_components"] == "2024-06"
    assert last["composite_health"] == "2025-01"
    assert last["health_scores"] == last["health_drivers"] == "2025-07"
    assert last["structural_risk"] == "2025-01"


def test_the_code_location_loads_in_a_fresh_interpreter_without_a_warning(tmp_path: Path) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "from healthscore_assets.definitions import defs; defs()"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stderr == ""
