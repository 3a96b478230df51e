"""What CRM and help desk are told of a client, worked by hand."""

from __future__ import annotations

from typing import Any

import pytest
from tables import by, engine, found, sparse

from healthscore_assets.contracts import (
    ALERTS,
    CLIENT_PROFILE,
    CLIENT_SCORES,
    CRM_SCORES,
    HEALTH_DRIVERS,
    HEALTH_SCORES,
)
from healthscore_assets.contracts.rules import rules_of
from healthscore_assets.delivery.crm.scores import MonthTables, crm_scores
from healthscore_assets.lookups.health_presets import DIMENSION
from healthscore_assets.risk.alerts.rules import AlertRules, Rule
from healthscore_assets.risk.alerts.states import rule_facts
from healthscore_assets.scoring.health.inputs import month_at_hand, of_month

Row = dict[str, Any]

RULES = AlertRules(
    rules=(
        Rule("renewal_at_risk", "Renewal at risk", "manager", ()),
        Rule("health_low", "Health is low", "csm", ()),
        Rule("narrow", "Few use it", "csm", ()),
    )
)


def told(
    health: list[Row] = [],  # noqa: B006
    drivers: list[Row] = [],  # noqa: B006
    alerts: list[Row] = [],  # noqa: B006
    scores: list[Row] | None = None,
    month: str = "2024-05",
) -> dict[str, Row]:
    """By client; of client a alone unless ``scores`` has others."""
    clients = scores or [{"client_id": "a", "client_name": "Acme", "partial": False}]
    segments = [{"client_id": row["client_id"], "segment": "SMB"} for row in clients]
    tables = MonthTables(
        of_month(sparse(CLIENT_SCORES, clients)),
        of_month(sparse(HEALTH_SCORES, health)),
        of_month(sparse(HEALTH_DRIVERS, drivers)),
        of_month(sparse(CLIENT_PROFILE, segments)),
        of_month(sparse(ALERTS, alerts)),
        rule_facts(engine(), RULES),
        month_at_hand(engine(), month),
    )
    return by(found(CRM_SCORES, crm_scores(tables)), "client_id")


HEALTHY = {
    "client_id": "a",
    "health": 71.25,
    "band": "green",
    "announced_band": "yellow",
    "velocity_band": "declining_fast",
}


def driver(component: str, points: float | None, weight: float, change: float | None) -> Row:
    """A component of client a; missing where it gives no points."""
    return {
        "client_id": "a",
        "dimension": DIMENSION[component],
        "component": component,
        "score": None if points is None else points / weight,
        "weight": weight,
        "points": points or 0.0,
        "points_change": change,
    }


def drivers_of(*drivers: Row) -> list[str | None]:
    row = told([HEALTHY], list(drivers))["a"]
    return [row["driver_1"], row["driver_2"], row["driver_3"]]


def test_everything_about_a_client_in_one_row() -> None:
    row = told(
        [HEALTHY],
        [driver("depth", 12.4, 0.2, -3.1)],
        [{"client_id": "a", "rule": "health_low", "tier": "high", "status": "open"}],
    )["a"]
    assert row == {
        "client_id": "a",
        "client_name": "Acme",
        "segment": "SMB",
        "health": 71.3,
        # As it is announced, not the month's own.
        "band": "yellow",
        "trend": "declining fast",
        "reason": None,
        "driver_1": "Depth 12.4 of 20 points, -3.1 since last month",
        "driver_2": None,
        "driver_3": None,
        "open_alerts": 1,
        "highest_tier": "high",
        "alerts": "Health is low",
        "scored_month": "2024-05",
        "partial": False,
    }


@pytest.mark.parametrize(
    ("direction", "trend"),
    [("up", "usage up"), ("flat", "usage flat"), ("down", "usage down"), (None, None)],
)
def test_without_health_there_are_a_reason_and_the_trend_of_usage(
    direction: str | None, trend: str | None
) -> None:
    reason = "observed: 20% of the weights, 40% are needed"
    row = told(
        [{"client_id": "a", "reason": reason}],
        [driver("depth", None, 0.0, None), driver("nps", 5.0, 0.1, None)],
        scores=[{"client_id": "a", "client_name": "A", "direction": direction, "partial": True}],
    )["a"]
    assert (row["health"], row["band"], row["reason"]) == (None, None, reason)
    assert row["trend"] == trend
    assert [row[f"driver_{n}"] for n in (1, 2, 3)] == [None, None, None]
    assert row["partial"] is True


def test_a_health_of_zero_is_not_none() -> None:
    row = told([{**HEALTHY, "health": 0.0}])["a"]
    assert row["health"] == 0.0


def test_the_first_month_of_health_tells_where_usage_is_heading() -> None:
    scores = [{"client_id": "a", "client_name": "A", "direction": "up", "partial": False}]
    row = told([{**HEALTHY, "velocity_band": None}], scores=scores)["a"]
    assert row["trend"] == "usage up"


def test_what_changed_most_comes_first_whichever_way() -> None:
    assert drivers_of(
        driver("active_users", 10.0, 0.14, 0.5),
        driver("nps", 8.0, 0.10, -2.0),
        driver("training", 3.25, 0.05, 4.06),
        driver("payment", 4.5, 0.045, -0.6),
    ) == [
        "Training 3.3 of 5 points, +4.1 since last month",
        "NPS 8.0 of 10 points, -2.0 since last month",
        "Payment 4.5 of 4.5 points, -0.6 since last month",
    ]


def test_what_did_not_change_follows_by_its_weight_then_in_the_order_of_the_model() -> None:
    # 0.04 is shown as no change; training and community weigh the same.
    assert drivers_of(
        driver("community", 2.0, 0.05, 0.0),
        driver("training", 1.0, 0.05, 0.0),
        driver("depth", 1.0, 0.035, 0.04),
        driver("csat", 5.0, 0.075, 0.0),
    ) == ["CSAT 5.0 of 7.5 points", "Training 1.0 of 5 points", "Community 2.0 of 5 points"]


def test_the_first_health_of_a_client_is_told_by_weight() -> None:
    assert drivers_of(driver("depth", 1.0, 0.035, None), driver("arr_trend", 3.0, 0.06, None)) == [
        "ARR trend 3.0 of 6 points",
        "Depth 1.0 of 3.5 points",
        None,
    ]


def test_a_component_that_went_missing_is_told_and_one_that_always_was_is_not() -> None:
    assert drivers_of(driver("nps", None, 0.0, -1.5), driver("csat", None, 0.0, 0.0)) == [
        "NPS missing, -1.5 since last month",
        None,
        None,
    ]


def test_open_alerts_the_strongest_first() -> None:
    row = told(
        alerts=[
            {"client_id": "a", "rule": "narrow", "tier": "low", "status": "open"},
            {"client_id": "a", "rule": "health_low", "tier": "high", "status": "open"},
            {"client_id": "a", "rule": "renewal_at_risk", "tier": "high", "status": "open"},
            {"client_id": "a", "rule": "silent", "tier": "high", "status": "resolved"},
            {"client_id": "b", "rule": "silent", "tier": "medium", "status": "left_base"},
        ]
    )["a"]
    # Of one tier in the order of the rules.
    assert row["alerts"] == "Renewal at risk; Health is low; Few use it"
    assert (row["open_alerts"], row["highest_tier"]) == (3, "high")


def test_an_alert_of_a_rule_that_there_is_no_more_is_told_by_its_name() -> None:
    row = told(alerts=[{"client_id": "a", "rule": "gone", "tier": "low", "status": "open"}])["a"]
    assert (row["alerts"], row["highest_tier"]) == ("gone", "low")


def test_a_client_without_alerts_has_none() -> None:
    row = told([HEALTHY])["a"]
    assert (row["open_alerts"], row["highest_tier"], row["alerts"]) == (0, None, None)


def test_a_row_per_client_of_the_base_which_keeps_the_contract() -> None:
    scores = [{"client_id": c, "client_name": c, "partial": False} for c in ("b", "a", "=x")]
    rows = told([HEALTHY], scores=scores)
    assert [*rows] == ["=x", "a", "b"]
    # As it is: what a spreadsheet would run is for each file to mend.
    assert rows["=x"]["client_name"] == "=x"
    frame = sparse(CRM_SCORES, list(rows.values()))
    for rule in rules_of(CRM_SCORES):
        assert engine().rows(frame.filter(rule.broken(frame))) == [], rule
