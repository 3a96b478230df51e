"""The ready-made rules: each just below, at and just above its threshold; its evidence; nulls."""

from pathlib import Path
from typing import Any

import alert_world
import pytest
import tables

from healthscore_assets.risk.alerts.rules import read_alert_rules

RULES = read_alert_rules(Path(__file__).parents[2] / "lookups" / "alerts.yaml")
NAMES = [rule.name for rule in RULES.rules]

Case = tuple[dict[str, Any], str | None]

AT_THE_EDGE: dict[str, list[Case]] = {
    "renewal_at_risk": [
        ({"health": 70.0, "days_to_renewal": 90}, "clear"),
        ({"health": 69.99, "days_to_renewal": 91}, "clear"),
        ({"health": 69.99, "days_to_renewal": 90}, "high"),
        ({"health": 69.99, "days_to_renewal": 0}, "high"),
        ({"health": 69.99, "days_to_renewal": -1}, "clear"),
        ({"health": 69.99, "days_to_renewal": None}, None),
        ({"health": None, "days_to_renewal": 10}, "clear"),
    ],
    "champion_departed": [({}, "clear"), ({"champion_departed": True}, "high")],
    "yellow_declining_fast": [
        ({"band": "yellow", "velocity_band": "declining"}, "clear"),
        ({"band": "yellow", "velocity_band": "declining_fast"}, "high"),
        ({"band": "green", "velocity_band": "declining_fast"}, "clear"),
        ({"band": "yellow", "velocity_band": None}, None),
    ],
    "declining_fast": [
        ({"velocity_band": "declining"}, "clear"),
        ({"velocity_band": "declining_fast"}, "high"),
    ],
    "health_drop": [
        ({"health[1]": 84.99, "health": 75.0}, "clear"),
        ({"health[1]": 85.0, "health": 75.0}, "medium"),
        ({"health[1]": 85.01, "health": 75.0}, "medium"),
        ({"health[1]": 95.0, "health": 75.0}, "medium"),  # 20, and not more than 20
        ({"health[1]": 95.01, "health": 75.0}, "high"),
        # 80.1 - 70.1 is 9.999999999999986 in binary; it is 10 to people.
        ({"health[1]": 80.1, "health": 70.1}, "medium"),
        ({"health[1]": None, "health": 20.0}, None),
        ({"health[1]": 90.0, "health": None}, "clear"),
    ],
    "health_critical": [
        ({"health": 40.0, "health[1]": 39.0}, "clear"),
        ({"health": 39.99, "health[1]": 40.0}, "medium"),
        ({"health": 39.99, "health[1]": 39.99}, "high"),
        ({"health": 39.99, "health[1]": None}, "medium"),
    ],
    "health_low": [
        ({"health": 60.01}, "clear"),
        ({"health": 60.0}, "clear"),
        ({"health": 59.99}, "high"),
        ({"health": None}, "clear"),
    ],
    "health_falls_in_a_row": [
        ({"health[3]": 88.0, "health[2]": 87.0, "health[1]": 86.0, "health": 85.0}, "medium"),
        ({"health[3]": 88.0, "health[2]": 87.0, "health[1]": 86.0, "health": 85.01}, "clear"),
        ({"health[3]": 88.0, "health[2]": 87.01, "health[1]": 86.0, "health": 84.0}, "clear"),
        ({"health[3]": 89.0, "health[2]": 87.5, "health[1]": 86.0, "health": 84.0}, "medium"),
        ({"health[3]": None, "health[2]": 87.5, "health[1]": 86.0, "health": 84.0}, None),
    ],
    "green_and_declining": [
        ({"velocity_band": "stable"}, "clear"),
        ({"velocity_band": "declining"}, "low"),
        ({"velocity_band": "declining_fast"}, "low"),
        ({"velocity_band": "declining", "band": "yellow"}, "clear"),
    ],
    "recovering": [
        ({"band": "red", "velocity_band": "improving"}, "clear"),
        ({"band": "red", "velocity_band": "improving_fast"}, "low"),
        ({"band": "yellow", "velocity_band": "improving_fast"}, "clear"),
    ],
    "usage_low": [
        ({"usage": 60.01}, "clear"),
        ({"usage": 60.0}, "clear"),
        ({"usage": 59.99}, "low"),
        ({"usage": 40.0}, "low"),
        ({"usage": 39.99}, "medium"),
        ({"usage": 39.99, "health": None}, "clear"),  # no composite, no rule on health
    ],
    "expansion": [
        ({"direction": "up", "utilisation_value": 0.79}, "clear"),
        ({"direction": "up", "utilisation_value": 0.80}, "low"),
        ({"direction": "up", "utilisation_value": 0.81}, "low"),
        ({"direction": "flat", "utilisation_value": 0.81}, "clear"),
        ({"direction": "up", "utilisation_value": 0.81, "band": "yellow"}, "clear"),
        ({"direction": "up", "utilisation_value": None}, None),
    ],
    "silent": [
        ({"days_since_last_activity": 29}, "clear"),
        ({"days_since_last_activity": 30}, "low"),
        ({"days_since_last_activity": 59}, "low"),
        ({"days_since_last_activity": 60}, "medium"),
        ({"days_since_last_activity": 89}, "medium"),
        ({"days_since_last_activity": 90}, "high"),
    ],
    "engagement_fell": [
        ({"engagement_trend": -0.2999}, "clear"),
        ({"engagement_trend": -0.30}, "medium"),
        ({"engagement_trend": -0.3001}, "medium"),
        ({"engagement_trend": None}, None),
    ],
    "areas_lost": [
        ({"active_areas_change": -1}, "clear"),
        ({"active_areas_change": -2}, "medium"),
        ({"active_areas_change": -3}, "medium"),
        ({"active_areas_change": None}, None),
    ],
    "visitors_fell": [
        ({"unique_visitors[1]": 10, "unique_visitors": 8}, "clear"),
        ({"unique_visitors[1]": 10, "unique_visitors": 7}, "medium"),
        ({"unique_visitors[1]": 10, "unique_visitors": 6}, "medium"),
        ({"unique_visitors[1]": 0, "unique_visitors": 0}, "clear"),
        ({"unique_visitors[1]": None, "unique_visitors": 0}, None),
    ],
    "usage_hangs_on_few": [
        ({}, "clear"),
        ({"fragile": True}, "medium"),
        ({"single_threaded": True}, "medium"),
    ],
    "big_but_thin": [
        ({"total_all": 69.99, "per_user_all": 30.0}, "clear"),
        ({"total_all": 70.0, "per_user_all": 30.0}, "medium"),
        ({"total_all": 70.01, "per_user_all": 29.99}, "medium"),
        ({"total_all": 70.0, "per_user_all": 30.01}, "clear"),
        ({"total_all": 70.0, "per_user_all": None}, None),
    ],
    "narrow": [
        ({"narrow": True, "people": 9}, "clear"),
        ({"narrow": True, "people": 10}, "low"),
        ({"narrow": True, "people": 11}, "low"),
        ({"narrow": False, "people": 11}, "clear"),
    ],
    "tried_and_dropped": [
        ({"features_tried": 0, "features_kept": 0}, "clear"),
        ({"features_tried": 1, "features_kept": 0}, "low"),
        ({"features_tried": 2, "features_kept": 1}, "clear"),
        ({"features_tried": None, "features_kept": None}, None),
    ],
    "tickets_negative": [
        ({"negative_tickets": 2}, "clear"),
        ({"negative_tickets": 3}, "high"),
        ({"negative_tickets": 4}, "high"),
        ({"negative_tickets": None}, None),
    ],
    "tickets_doubled": [
        ({"tickets": 3, "tickets_avg_3m": 1.51}, "clear"),
        ({"tickets": 3, "tickets_avg_3m": 1.5}, "medium"),
        ({"tickets": 4, "tickets_avg_3m": 5 / 3}, "medium"),
        ({"tickets": 2, "tickets_avg_3m": 0.0}, "clear"),
        ({"tickets": 3, "tickets_avg_3m": 0.0}, "medium"),
        ({"tickets": 3, "tickets_avg_3m": None}, None),
    ],
    "used_more_liked_less": [
        ({"feature_adoption": 51.0, "sentiment": 70.01}, "clear"),
        ({"feature_adoption": 51.0, "sentiment": 70.0}, "medium"),
        ({"feature_adoption": 51.0, "sentiment": 69.99}, "medium"),
        ({"feature_adoption": 50.0, "sentiment": 69.99}, "clear"),
        ({"feature_adoption": 51.0, "sentiment": None}, None),
    ],
    "touchpoints_gone": [
        ({"touchpoints": 1, "touchpoint_months": 3}, "clear"),
        ({"touchpoints": 0, "touchpoint_months": 2}, "clear"),
        ({"touchpoints": 0, "touchpoint_months": 3}, "low"),
        ({"touchpoints": None, "touchpoint_months": 3}, None),
    ],
    "invoices_overdue": [
        ({"overdue_invoices": 0}, "clear"),
        ({"overdue_invoices": 1, "days_overdue": 3}, "low"),
        ({"overdue_invoices": 2, "days_overdue": 3}, "low"),
        ({"overdue_invoices": None}, None),
    ],
}

SAYS = {
    "renewal_at_risk": (
        {"health": 64.24, "days_to_renewal": 31},
        "Health 64.2, below 70, renewal in 31 days",
    ),
    "health_drop": (
        {"health[1]": 84.25, "health": 70.0},
        "Health fell from 84.3 to 70.0 in a month",
    ),
    "declining_fast": (
        {"velocity": -0.505, "velocity_band": "declining_fast", "health": 9.0},
        "Health 9.0, falling by 0.51 points a day",
    ),
    "health_critical": (
        {"health": 0.0, "health[1]": 12.0},
        "Health 0.0, below 40 for two months",
    ),
    "engagement_fell": (
        {"engagement_trend": -0.417},
        "Engagement is -42% against the mean of three months",
    ),
    "tickets_doubled": (
        {"tickets": 7, "tickets_avg_3m": 10 / 3},
        "Tickets: 7, against 3.3 a month in the three before",
    ),
    "expansion": (
        {"direction": "up", "utilisation_value": 0.855},
        "Green at 85.0, 86% of the seats used, and usage is rising",
    ),
}


def test_every_rule_of_the_file_is_tested_at_its_threshold() -> None:
    assert sorted(AT_THE_EDGE) == sorted(NAMES)


def test_a_calm_client_is_silent_in_every_rule() -> None:
    (told,) = _rows({"acme": {}})
    assert {name: told[f"answer_{at}"] for at, name in enumerate(NAMES)} == dict.fromkeys(NAMES, 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_below_at_and_above_its_threshold(name: str) -> None:
    rule = RULES.rule(name)
    clients = {f"client {at}": told for at, (told, _) in enumerate(AT_THE_EDGE[name])}
    expected = {f"client {at}": tier for at, (_, tier) in enumerate(AT_THE_EDGE[name])}
    assert alert_world.tiers(clients, rule) == expected
    # Each tier of it is reached, and so is its silence.
    reached = {tier for _, tier in AT_THE_EDGE[name]} - {None, "clear"}
    assert reached == {level.tier for level in rule.levels}
    assert "clear" in expected.values()


@pytest.mark.parametrize("name", SAYS)
def test_evidence_is_told_in_the_clients_numbers(name: str) -> None:
    told, says = SAYS[name]
    assert alert_world.evidence({"acme": told}, RULES.rule(name)) == {"acme": says}


def test_rules_on_health_are_silent_without_a_composite() -> None:
    without = dict.fromkeys(
        ("health", "band", "velocity", "velocity_band", "health[1]", "health[2]")
    )
    (told,) = _rows({"acme": {**without, "usage": 10.0, "sentiment": 10.0}})
    of_health = [
        at
        for at, rule in enumerate(RULES.rules)
        if {"health", "band", "velocity_band"} & {each.source.column for each in rule.reads}
    ]
    assert len(of_health) == 11
    assert {told[f"answer_{at}"] for at in of_health} == {0}


def test_a_partial_month_is_held_against_nothing() -> None:
    # The export was taken in half-way through the month: nothing has fallen.
    low = {"health": 20.0, "engagement_trend": -0.9, "days_since_last_activity": 95}
    (told,) = _rows({"acme": {**low, "partial": True}})
    assert {told[f"answer_{at}"] for at in range(len(NAMES))} == {None}
    # Nor does the month after a partial one fall from it.
    before = {"health[1]": 99.0, "partial[1]": True, "health": 75.0}
    assert alert_world.tiers({"acme": before}, RULES.rule("health_drop")) == {"acme": None}


def _rows(clients: alert_world.Clients) -> list[dict[str, Any]]:
    return tables.engine().rows(alert_world.ask(clients, *RULES.rules).of_clients)
