"""Three years of real usage in every style of export, without a gap, through the real graph.

Skipped where the data is not there; graph/test_scores_of_styles.py proves the same path on months
that are generated.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openstack
import pandas as pd
import pytest
import tables
from reference import Reference, shift
from tables import of_lake, same

from healthscore_assets.contracts import (
    ALERT_STATES,
    AREA_ENGAGEMENT,
    AREA_WEIGHTS,
    CLEANED_USAGE,
    CLIENT_AREA_MONTH,
    CLIENT_MONTH,
    CLIENT_SCORES,
    CONTRACTS,
    INDEX_SCORES,
    MOMENTUM,
    QUARANTINE,
    VISITOR_MONTH,
)

pytestmark = pytest.mark.skipif(not openstack.available(), reason=openstack.ABSENT)

OWN_LOOKUPS = Path(__file__).parents[2] / "lookups"
MONTHS = [shift("2013-01", by) for by in range(36)]
UNUSUAL = [("momentum", "population"), ("momentum", "volume"), ("index_scores", "drift")]
REFERENCE_TABLES = [CLIENT_AREA_MONTH, CLIENT_MONTH, AREA_WEIGHTS, INDEX_SCORES, MOMENTUM]


@dataclass(frozen=True)
class Real:
    """The lake the graph made of the exports, and the truth they were made from."""

    lookups: Path
    lake: Path
    runs: Mapping[str, Any]
    listed: pd.DataFrame
    events: pd.DataFrame
    reference: Reference


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Real:
    root = tmp_path_factory.mktemp("openstack")
    shutil.copytree(openstack.LOOKUPS, root / "lookups")
    (root / "lookups" / "scoring.yaml").write_text("")
    shutil.copyfile(OWN_LOOKUPS / "alerts.yaml", root / "lookups" / "alerts.yaml")
    shutil.copytree(OWN_LOOKUPS / "playbooks", root / "lookups" / "playbooks")
    listed, events = openstack.listed(), openstack.events()
    runs = tables.run_graph(openstack.EXPORTS.parent, root / "lookups", root / "lake", MONTHS)
    reference = Reference(listed, events, openstack.areas())
    return Real(root / "lookups", root / "lake", runs, listed, events, reference)


def test_every_month_loads_and_every_check_passes(real: Real) -> None:
    assert [month for month, run in real.runs.items() if not run.success] == []
    # Some features of the real data have no area, and real usage has its ups and downs, which is
    # worth a warning and no more.
    warned = {
        ("area_engagement", "unmapped"),
        *UNUSUAL,
        ("raw_pendo_export", "arrived"),
        ("health_scores", "mix"),
        ("composite_points", "anomaly"),
        ("alerts", "alerted_share"),
    }
    assert tables.failed_checks(real.runs) <= warned
    assert sorted(real.listed["month"].unique()) == MONTHS


def test_nothing_is_quarantined(real: Real) -> None:
    assert of_lake(real.lake, QUARANTINE).empty


def test_engagement_is_the_truths_to_the_click(real: Real) -> None:
    clicks = real.events.groupby("month")["value"].sum()
    assert list(clicks.index) == MONTHS
    of_all = of_lake(real.lake, CLIENT_AREA_MONTH).query("audience == 'all'")
    for frame, value in (
        (of_lake(real.lake, CLEANED_USAGE), "value"),
        (of_lake(real.lake, AREA_ENGAGEMENT), "engagement"),
        (of_all, "engagement"),
    ):
        assert frame.groupby("month")[value].sum().to_dict() == clicks.to_dict()


def test_cleaned_usage_is_the_truth_row_by_row(real: Real) -> None:
    expected = real.events.assign(measure="clicks")
    same(
        of_lake(real.lake, CLEANED_USAGE),
        expected.sort_values(["month", *CLEANED_USAGE.unique]),
        exact=True,
    )


def test_visitor_month_is_everybody_in_the_truth(real: Real) -> None:
    found = of_lake(real.lake, VISITOR_MONTH)
    keys = ["month", *VISITOR_MONTH.unique]
    same(found[[*keys, "days_active"]], real.listed.sort_values(keys), exact=True)
    assert set(found["listed_rows"]) == {1}


@pytest.mark.parametrize("contract", REFERENCE_TABLES, ids=lambda contract: contract.name)
def test_tables_are_those_of_the_reference(real: Real, contract: tables.Contract) -> None:
    same(of_lake(real.lake, contract), getattr(real.reference, contract.name)())


def test_client_scores_is_scores_and_momentum_with_a_name(real: Real) -> None:
    found = of_lake(real.lake, CLIENT_SCORES)
    for contract in (INDEX_SCORES, MOMENTUM):
        part = of_lake(real.lake, contract)
        same(found[list(part.columns)], part, exact=True)


ALERTED: dict[str, Any] = {
    "engagement_fell": ("momentum", lambda rows: rows["engagement_trend"] <= -0.3),
    "areas_lost": ("momentum", lambda rows: rows["active_areas_change"] <= -2),
    "silent": ("structural_risk", lambda rows: rows["days_since_last_activity"] >= 30),
    "champion_departed": ("structural_risk", lambda rows: rows["champion_departed"].eq(True)),
    "usage_hangs_on_few": (
        "structural_risk",
        lambda rows: rows["fragile"].eq(True) | rows["single_threaded"].eq(True),
    ),
    "big_but_thin": (
        "index_scores",
        lambda rows: (rows["total_all"] >= 70) & (rows["per_user_all"] <= 30),
    ),
    "health_low": ("health_scores", lambda rows: rows["health"] < 60),
}


@pytest.mark.parametrize("rule", ALERTED)
def test_alerts_hold_where_the_tables_say(real: Real, rule: str) -> None:
    table, condition = ALERTED[rule]
    rows = of_lake(real.lake, CONTRACTS[table])
    expected = rows[condition(rows).fillna(False)]
    states = of_lake(real.lake, ALERT_STATES).query("rule == @rule")
    holds = states[states["change"].isin(["opened", "updated", "escalated", "eased"])]
    found = {*zip(holds["month"], holds["client_id"], strict=True)}
    assert found == {*zip(expected["month"], expected["client_id"], strict=True)}
    assert len(found) > 10
    # Each opening is one alert, whatever became of it since.
    opened = states[states["change"] == "opened"]
    assert opened["alert_id"].is_unique
    assert {*opened["alert_id"]} == {*states["alert_id"]}


def test_running_months_again_leaves_every_byte_as_it_is(real: Real) -> None:
    """One month of each style, the last of its year; graph/ runs every month again."""
    before = tables.bytes_of(real.lake)
    again = ["2013-12", "2014-12", "2015-12"]
    runs = tables.run_graph(openstack.EXPORTS.parent, real.lookups, real.lake, again)
    assert all(run.success for run in runs.values())
    assert tables.bytes_of(real.lake) == before
