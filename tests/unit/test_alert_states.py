"""Alerts from month to month, on tiny months by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from alert_world import Story

from healthscore_assets.risk.alerts.rules import AlertRules, read_alert_rules

FILE = """
max_alerts: 3
owners: {manager: Dana Reyes}
rules:
  dropped:
    title: Health dropped
    owner: csm
    playbook: save_call
    due_days: 7
    evidence: "Health fell from {health[1]:.0f} to {health:.0f}"
    tiers:
      medium: {when: "health[1] - health >= threshold", threshold: 10}
  low:
    title: Health is low
    owner: manager
    playbook: save_call
    due_days: 10
    evidence: "Health {health:.0f}"
    tiers:
      low: {when: health < threshold, threshold: 60}
      medium: {when: health < threshold, threshold: 40, due_days: 5}
      high: {when: health < threshold, threshold: 20, due_days: 2}
  owing:
    title: Invoices overdue
    owner: finance
    playbook: collections
    due_days: 7
    evidence: "Overdue: {overdue_invoices:.0f}"
    tiers:
      low: {when: overdue_invoices >= 1}
  asking:
    title: Many tickets
    owner: product_manager
    playbook: support_escalation
    due_days: 7
    evidence: "Tickets: {tickets:.0f}"
    tiers:
      low: {when: tickets >= 5}
"""
LOW = ("acme", "low")


def at(health: float | None, **more: object) -> dict[str, object]:
    """A client whose health was the same the month before, so that nothing dropped."""
    return {"health": health, "health[1]": health, **more}


@pytest.fixture
def rules(tmp_path: Path) -> AlertRules:
    path = tmp_path / "alerts.yaml"
    path.write_text(FILE)
    return read_alert_rules(path)


@pytest.fixture
def story(rules: AlertRules) -> Story:
    return Story(rules)


def of(story: Story, month: str, rule: str = "low", client: str = "acme") -> dict[str, object]:
    (row,) = [
        each for each in story.states[month] if (each["client_id"], each["rule"]) == (client, rule)
    ]
    return row


def test_an_alert_opens_is_told_again_and_resolves_once(story: Story) -> None:
    story.month("2024-01", {"acme": at(70.0)})
    assert story.states["2024-01"] == story.alerts["2024-01"] == []
    story.month("2024-02", {"acme": at(50.0)})
    story.month("2024-03", {"acme": at(55.0)})
    story.month("2024-04", {"acme": at(60.0)})
    story.month("2024-05", {"acme": at(60.0)})
    assert [story.told(f"2024-0{n}") for n in range(2, 6)] == [
        {LOW: "opened"},
        {LOW: "updated"},
        {LOW: "resolved"},
        {},
    ]
    opened, updated, resolved = (of(story, f"2024-0{n}") for n in (2, 3, 4))
    assert opened["alert_id"] == updated["alert_id"] == resolved["alert_id"]
    assert opened["opened_month"] == updated["opened_month"] == resolved["opened_month"]
    assert opened["opened_month"] == "2024-02"
    assert [each["evidence"] for each in (opened, updated, resolved)] == [
        "Health 50",
        "Health 55",
        "Health 55",
    ]
    assert [each["status"] for each in (opened, updated, resolved)] == ["open", "open", "resolved"]
    # Ten days after the end of February, however long it is open.
    assert opened["due_date"] == updated["due_date"] == date(2024, 3, 10)


def test_a_second_time_is_another_alert(story: Story) -> None:
    for month, health in (("2024-01", 50.0), ("2024-02", 80.0), ("2024-03", 50.0)):
        story.month(month, {"acme": at(health)})
    first, again = of(story, "2024-01"), of(story, "2024-03")
    assert again["change"] == "opened"
    assert again["opened_month"] == "2024-03"
    assert first["alert_id"] != again["alert_id"]


def test_stronger_escalates_weaker_eases_and_is_due_sooner(story: Story) -> None:
    for month, health in (
        ("2024-01", 15.0),
        ("2024-02", 45.0),
        ("2024-03", 39.0),
        ("2024-04", 19.0),
    ):
        story.month(month, {"acme": at(health), "bolt": at(health + 20)})
    months = [of(story, f"2024-0{n}") for n in range(1, 5)]
    assert [each["change"] for each in months] == ["opened", "eased", "escalated", "escalated"]
    assert [each["tier"] for each in months] == ["high", "low", "medium", "high"]
    assert {each["highest_tier"] for each in months} == {"high"}
    # Two days after 31 January; not anew, since it is no stronger than it has been.
    assert {each["due_date"] for each in months} == {date(2024, 2, 2)}
    # bolt: medium in January, clear in February, low in March (ten days), medium in April (five).
    assert story.told("2024-02")["bolt", "low"] == "resolved"
    again = [of(story, f"2024-0{n}", client="bolt") for n in (3, 4)]
    assert [each["change"] for each in again] == ["opened", "escalated"]
    # Never later than it was due before.
    assert [each["due_date"] for each in again] == [date(2024, 4, 10), date(2024, 4, 10)]


def test_an_escalation_may_be_due_sooner(rules: AlertRules) -> None:
    low = rules.rule("low")
    slow = replace(low, levels=(replace(low.levels[0], due_days=60), *low.levels[1:]))
    story = Story(replace(rules, rules=(slow,)))
    story.month("2024-01", {"acme": at(50.0)})
    story.month("2024-02", {"acme": at(15.0)})
    # 31 January and sixty days; then two days after 29 February.
    assert of(story, "2024-01")["due_date"] == date(2024, 3, 31)
    assert of(story, "2024-02")["due_date"] == date(2024, 3, 2)
    assert of(story, "2024-02")["highest_tier"] == "high"


def test_a_tier_may_have_a_playbook_of_its_own(rules: AlertRules) -> None:
    low = rules.rule("low")
    levels = (*low.levels[:2], replace(low.levels[2], playbook="winback"))
    story = Story(replace(rules, rules=(replace(low, levels=levels),)))
    story.month("2024-01", {"acme": at(50.0), "bolt": at(10.0)})
    playbooks = [of(story, "2024-01", client=c)["playbook"] for c in ("acme", "bolt")]
    assert playbooks == ["save_call", "winback"]


def test_a_condition_must_clear_for_as_long_as_the_setting_says(rules: AlertRules) -> None:
    story = Story(replace(rules, clear_months=2))
    for month, health in (
        ("2024-01", 50.0),
        ("2024-02", 70.0),
        ("2024-03", 50.0),
        ("2024-04", 70.0),
        ("2024-05", 70.0),
        ("2024-06", 70.0),
    ):
        story.month(month, {"acme": at(health)})
    changes = [story.told(f"2024-0{n}").get(LOW) for n in range(1, 7)]
    assert changes == ["opened", "held", "updated", "held", "resolved", None]
    assert of(story, "2024-02")["evidence"] == "Health 50"


def test_what_cannot_be_told_neither_holds_nor_clears(story: Story) -> None:
    story.month("2024-01", {"acme": {"tickets": 5}})
    story.month("2024-02", {"acme": {"tickets": None}})
    story.month("2024-03", {"acme": {"tickets": 0, "partial": True}})
    story.month("2024-04", {"acme": {"tickets": 0}})
    asking = ("acme", "asking")
    assert [story.told(f"2024-0{n}") for n in range(1, 5)] == [
        {asking: "opened"},
        {asking: "held"},
        {asking: "held"},
        {asking: "resolved"},
    ]
    assert of(story, "2024-03", "asking")["unknown_months"] == 2
    assert of(story, "2024-03", "asking")["evidence"] == "Tickets: 5"


def test_what_cannot_be_told_any_more_is_not_held_for_good(rules: AlertRules) -> None:
    story = Story(replace(rules, unknown_months=2))
    for month, tickets in (
        ("2024-01", 5),
        ("2024-02", None),
        ("2024-03", None),
        ("2024-04", 6),
        ("2024-05", None),
        ("2024-06", None),
        ("2024-07", None),
        ("2024-08", None),
    ):
        story.month(month, {"acme": {"tickets": tickets}})
    changes = [story.told(f"2024-0{n}").get(("acme", "asking")) for n in range(1, 9)]
    assert changes == [
        *("opened", "held", "held", "updated", "held", "held", "ended"),
        None,
    ]


def test_an_alert_on_health_ends_where_there_is_no_composite(story: Story) -> None:
    story.month("2024-01", {"acme": at(50.0)})
    story.month("2024-02", {"acme": at(None)})
    assert story.told("2024-02") == {LOW: "resolved"}


def test_a_client_that_is_compared_no_more_has_left_and_has_not_resolved(story: Story) -> None:
    story.month("2024-01", {"acme": at(50.0), "bolt": at(50.0)})
    story.month("2024-02", {"bolt": at(50.0)})
    story.month("2024-03", {"acme": at(50.0), "bolt": at(50.0)})
    assert story.told("2024-02") == {LOW: "left_base", ("bolt", "low"): "updated"}
    assert of(story, "2024-02")["status"] == "left_base"
    # It is still whose it was, though the register tells no more.
    assert of(story, "2024-02")["owner"] == "Dana Reyes"
    # Whoever comes back has a new one.
    assert story.told("2024-03") == {LOW: "opened", ("bolt", "low"): "updated"}


def test_a_missing_month_breaks_nothing_and_a_long_gap_begins_anew(story: Story) -> None:
    story.month("2024-01", {"acme": at(50.0)})
    story.month("2024-03", {"acme": at(50.0)})
    assert of(story, "2024-03")["opened_month"] == "2024-01"
    story.month("2024-10", {"acme": at(50.0)})
    assert of(story, "2024-10")["change"] == "opened"


def test_a_rule_that_is_deleted_takes_its_alerts_along(rules: AlertRules) -> None:
    story = Story(rules)
    story.month("2024-01", {"acme": at(50.0, tickets=5)})
    story.rules = replace(rules, rules=tuple(r for r in rules.rules if r.name != "low"))
    story.month("2024-02", {"acme": at(50.0, tickets=5)})
    assert story.told("2024-02") == {LOW: "ended", ("acme", "asking"): "updated"}
    assert of(story, "2024-02")["status"] == "resolved"
    story.rules = AlertRules()
    story.month("2024-03", {"acme": at(50.0, tickets=5)})
    assert story.told("2024-03") == {("acme", "asking"): "ended"}


def test_a_client_is_told_of_its_strongest_and_the_others_with_the_first(rules: AlertRules) -> None:
    story = Story(replace(rules, max_alerts=2))
    bad = {"health[1]": 70.0, "health": 50.0, "overdue_invoices": 2, "tickets": 9}
    story.month("2024-01", {"acme": bad, "bolt": {"tickets": 9}})
    assert [
        (each["client_id"], each["rule"], each["tier"], each["evidence"])
        for each in story.alerts["2024-01"]
    ] == [
        # Medium before low; of equal ones that further up in the file.
        (
            "acme",
            "dropped",
            "medium",
            "Health fell from 70 to 50. Also: Invoices overdue, Many tickets",
        ),
        ("acme", "low", "low", "Health 50"),
        ("bolt", "asking", "low", "Tickets: 9"),
    ]
    assert {each["rule"]: each["folded"] for each in story.states["2024-01"][:4]} == {
        "dropped": False,
        "low": False,
        "owing": True,
        "asking": True,
    }
    # One that was never told resolves without a word; the other is told once more.
    story.month("2024-02", {"acme": at(80.0), "bolt": {}})
    assert [(each["rule"], each["status"]) for each in story.alerts["2024-02"]] == [
        ("dropped", "resolved"),
        ("low", "resolved"),
        ("asking", "resolved"),
    ]
    assert len(story.states["2024-02"]) == 5


def test_one_moves_up_when_a_stronger_one_has_gone(rules: AlertRules) -> None:
    story = Story(replace(rules, max_alerts=1))
    story.month("2024-01", {"acme": at(50.0, tickets=9)})
    story.month("2024-02", {"acme": at(80.0, tickets=9)})
    assert [(r["rule"], r["status"]) for r in story.alerts["2024-01"]] == [("low", "open")]
    assert [(r["rule"], r["status"]) for r in story.alerts["2024-02"]] == [
        ("asking", "open"),
        ("low", "resolved"),
    ]
    assert story.alerts["2024-02"][0]["opened_month"] == "2024-01"


def test_the_owner_is_a_person_else_the_role(story: Story) -> None:
    bad = {"health[1]": 70.0, "health": 50.0, "overdue_invoices": 2}
    clients = {
        "acme": {**bad, "account_owner": "Kim Ode"},
        "bolt": bad,
    }
    story.month("2024-01", clients)
    assert {
        (each["client_id"], each["rule"]): each["owner"] for each in story.alerts["2024-01"]
    } == {
        ("acme", "dropped"): "Kim Ode",  # the CSM is the owner in the register
        ("bolt", "dropped"): "csm",
        ("acme", "low"): "Dana Reyes",  # by the setting
        ("bolt", "low"): "Dana Reyes",
        ("acme", "owing"): "finance",
        ("bolt", "owing"): "finance",
    }


def test_the_same_months_give_the_same_alerts(rules: AlertRules) -> None:
    def told() -> Story:
        story = Story(rules)
        for month, health in (("2024-01", 50.0), ("2024-02", 15.0)):
            story.month(month, {"acme": at(health), "bolt": at(health)})
        return story

    assert told().states == told().states
    ids = [row["alert_id"] for row in told().states["2024-02"]]
    assert len({*ids}) == len(ids)
