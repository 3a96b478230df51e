"""Conditions and evidence: what they mean, and what is refused when they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import alert_world
import pytest

from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.risk.alerts.evidence import evidence
from healthscore_assets.risk.alerts.expression import ExpressionRefused, condition, value
from healthscore_assets.risk.alerts.rules import Level, Rule, read_alert_rules


def holds(when: str, told: dict[str, Any], threshold: float | None = None) -> bool | None:
    """Whether a condition holds of a client of whom this is told."""
    level = Level("low", condition(when, threshold), evidence("x"), 1, "p", threshold)
    tier = alert_world.tiers({"acme": told}, Rule("r", "R", "csm", (level,)))["acme"]
    return None if tier is None else tier == "low"


def says(text: str, told: dict[str, Any]) -> str:
    level = Level("low", condition("client_id == 'acme'"), evidence(text), 1, "p", None)
    return alert_world.evidence({"acme": told}, Rule("r", "R", "csm", (level,)))["acme"]


@pytest.mark.parametrize(
    ("when", "told", "expected"),
    [
        ("health < 60", {"health": 59.0}, True),
        ("health < 60", {"health": 60.0}, False),
        ("tickets < 60", {"tickets": None}, None),
        # Without a composite no rule on health holds, unless the rest of it does.
        ("health < 60", {"health": None}, False),
        ("health < 60 and narrow", {"health": None, "narrow": True}, False),
        ("health < 60 or narrow", {"health": None, "narrow": True}, True),
        ("not health < 60", {"health": 59.0}, False),
        # 79.99999999999 is 80 to people.
        ("health >= 80", {"health": 79.9999999999}, True),
        ("60 <= health < 80", {"health": 60.0}, True),
        ("60 <= health < 80", {"health": 80.0}, False),
        ("health[1] - health > 5", {"health[1]": 80.0, "health": 70.0}, True),
        ("health[1] - health > 5", {"health[1]": None, "health": 70.0}, None),
        ("health[3] == 42", {"health[3]": 42.0}, True),
        ("health[0] == 42", {"health": 42.0}, True),
        ("tickets >= 2 * tickets_avg_3m", {"tickets": 4, "tickets_avg_3m": 2.0}, True),
        ("tickets / tickets_avg_3m >= 2", {"tickets": 4, "tickets_avg_3m": 2.0}, True),
        ("tickets / tickets_avg_3m >= 2", {"tickets": 4, "tickets_avg_3m": 0.0}, None),
        # Whole numbers divide into fractions.
        ("active_visitors / people > 0.7", {"active_visitors": 3, "people": 4}, True),
        ("engagement_trend < -0.3", {"engagement_trend": -0.31}, True),
        ("-engagement_trend > 0.3", {"engagement_trend": -0.31}, True),
        ("(health + total_all) / 2 < 50", {"health": 40.0, "total_all": 59.0}, True),
        ("band == 'red'", {"band": "red"}, True),
        ('band != "red"', {"band": "green"}, True),
        ("band in ('red', 'yellow')", {"band": "green"}, False),
        ("band not in ('red', 'yellow')", {"band": "green"}, True),
        ("band in ('red',)", {"band": None}, None),
        ("tickets in (1, 2)", {"tickets": 2}, True),
        ("narrow", {"narrow": True}, True),
        ("not narrow", {"narrow": True}, False),
        ("narrow == False", {"narrow": False}, True),
        ("health is None", {"health": None}, True),
        ("health is not None", {"health": None}, False),
        # Unknown and false is false, unknown or true is true, as in SQL.
        ("tickets < 60 and narrow", {"tickets": None, "narrow": False}, False),
        ("tickets < 60 and narrow", {"tickets": None, "narrow": True}, None),
        ("tickets < 60 or narrow", {"tickets": None, "narrow": True}, True),
        ("segment == 'SMB' and health < 90", {"health": 85.0}, True),
        ("health_scores.engagement < 50", {"health_scores.engagement": 49.0}, True),
        ("client_scores.engagement[1] > 400", {"client_scores.engagement[1]": 500.0}, True),
        ("nps_value is None", {}, True),
        ("utilisation_value[2] >= 0.9", {"utilisation_value[2]": 0.9}, True),
        ("renewal_date is None", {}, True),
    ],
)
def test_what_a_condition_means(when: str, told: dict[str, Any], expected: bool | None) -> None:
    assert holds(when, told) is expected


def test_a_threshold_is_a_number_by_name() -> None:
    assert holds("health < threshold", {"health": 59.0}, 60) is True
    assert holds("health < threshold", {"health": 59.0}, 50) is False
    assert holds("engagement_trend <= -threshold", {"engagement_trend": -0.31}, 0.3) is True


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ("helth < 60", "no such column helth; did you mean health?"),
        ("health <", "cannot be read"),
        ("", "cannot be read"),
        ("health = 60", "cannot be read"),
        ("health", "is a number, not a condition"),
        ("band", "is a text, not a condition"),
        ("True", "reads no column"),
        ("1 < 2", "1 < 2 always holds"),
        ("health < 0", "never holds: health is 0 to 100"),
        ("health <= 100", "always holds: health is 0 to 100"),
        ("health > 100", "never holds"),
        ("health == 101", "never holds"),
        ("health != 101", "always holds"),
        ("health[1] - health >= 150", "health[1] - health is -100 to 100"),
        ("health + total_all > 200", "health + total_all is 0 to 200"),
        ("2 * health > 200", "2 * health is 0 to 200"),
        ("health / 2 > 50", "health / 2 is 0 to 50"),
        ("-health > 0", "-health is -100 to 0"),
        ("gini > 1", "gini is 0 to 1"),
        ("tickets < 0", "tickets is at least 0"),
        ("engagement_trend < -1", "engagement_trend is at least -1"),
        ("band == 'purple'", "band is never 'purple'; it is one of green, yellow, red"),
        ("'Red' == band", "band is never 'Red'"),
        ("velocity_band in ('declining', 'falling')", "velocity_band is never 'falling'"),
        ("health < 'low'", "compares a number with a text"),
        ("band < 'red'", "a text is only compared with == or !="),
        ("narrow > 0", "compares a flag with a number"),
        ("health and narrow", "health is a number, not a condition"),
        ("not health", "expected `not` before a condition"),
        ("-narrow == 1", "expected `not` before a condition or - before a number"),
        ("band + 1 > 2", "+ - * / take two numbers"),
        ("health ** 2 > 5", "+ - * / take two numbers"),
        ("health[4] < 60", "expected how many months ago, from 0 to 3"),
        ("health[-1] < 60", "expected how many months ago, from 0 to 3"),
        ("health[True] < 60", "expected how many months ago, from 0 to 3"),
        ("health[months] < 60", "expected how many months ago, from 0 to 3"),
        ("5[1] < 60", "is not a column"),
        ("engagement < 60", "write health_scores.engagement or client_scores.engagement"),
        ("nowhere.health < 60", "no such table nowhere; rules read client_profile, "),
        ("client_scores.helth < 60", "no such column client_scores.helth; did you mean health?"),
        ("a.b.c < 60", "is not a column"),
        ("health < threshold", "the rule gives none: add `threshold:`"),
        ("threshold[1] < 60", "is not a column"),
        ("health is 60", "`is` is for None"),
        ("health in 60", "expected a list of values"),
        ("health in ()", "expected a list of values"),
        ("health in (tickets,)", "expected a list of values, each a number"),
        ("health in ('a',)", "expected a list of values, each a number"),
        ("health < None", "is not a number, a text, True or False"),
        ("__import__('os').system('true')", "is not allowed"),
        ("health.__class__ == 1", "no such table health"),
        ("(lambda: health)() < 60", "is not allowed"),
        ("[health for health in (1,)] == 1", "is not allowed"),
        ("f'{health}' == '1'", "is not allowed"),
        ("health < 1e999", "a number is expected to be below 1e+15"),
        (f"health < {10**401}", "a number is expected to be below 1e+15"),
        ("not " * 900 + "narrow", "has at most 2,000 characters"),
        ("tickets" + " + 1" * 300 + " > 5", "too many parts"),
        ("not " * 450 + "narrow", "too many parts"),
        ("(" * 300 + "health < 60" + ")" * 300, "cannot be read"),
        (" and ".join(["health < 60"] * 3) + " and", "cannot be read"),
    ],
)
def test_what_is_refused(when: str, reason: str) -> None:
    with pytest.raises(ExpressionRefused) as refused:
        condition(when)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told", "expected"),
    [
        ("nothing to fill in", {}, "nothing to fill in"),
        ("{health:.1f}", {"health": 59.96}, "60.0"),
        ("{health:.0f}", {"health": 59.5}, "60"),
        ("{health:.2f}", {"health": 5.0}, "5.00"),
        ("{health:.2f}", {"health": 0.05}, "0.05"),
        ("{engagement_trend:.0%}", {"engagement_trend": -0.625}, "-63%"),
        ("{engagement_trend:.1%}", {"engagement_trend": 0.0042}, "0.4%"),
        ("{engagement_trend:.3f}", {"engagement_trend": -0.0004}, "0.000"),
        ("{-engagement_trend:.2f}", {"engagement_trend": -1.0}, "1.00"),
        ("{health[1] - health:.1f}", {"health[1]": 80.0, "health": 69.5}, "10.5"),
        ("{tickets}", {"tickets": 12}, "12"),
        ("{client_scores.engagement:.0f}", {"client_scores.engagement": 1234567.0}, "1234567"),
        ("{band}", {"band": "red"}, "red"),
        ("{band}, {health:.1f}", {"band": None, "health": None}, "unknown, unknown"),
        ("100 %, {{not a field}}", {}, "100 %, {not a field}"),
    ],
)
def test_what_evidence_says(text: str, told: dict[str, Any], expected: str) -> None:
    assert says(text, told) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{health", "expected '}'"),
        ("health}", "Single '}'"),
        ("{helth}", "no such column helth"),
        ("{health:.9f}", "a number is written as .0f to .3f"),
        ("{band:.1f}", "band is a text"),
        ("{}", "cannot be read"),
        ("{0.__class__}", "cannot be read"),
        ("{band!r}", "!r is not allowed"),
    ],
)
def test_evidence_that_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ExpressionRefused) as refused:
        evidence(text)
    assert reason in str(refused.value)


def test_what_an_expression_reads_is_known() -> None:
    read = value("health[2] - client_scores.engagement").reads
    assert {(r.source.table, r.source.column, r.ago) for r in read} == {
        ("health_scores", "health", 2),
        ("client_scores", "engagement", 0),
    }


RULE = """max_alerts: 3
rules:
  quiet:
    title: Quiet
    owner: csm
    playbook: outreach
    due_days: 7
    evidence: "Health {health:.1f}"
    tiers:
      low:
        when: health < threshold
        threshold: 60
"""


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (("health < threshold", "helth < threshold"), 11, "rule quiet: no such column helth"),
        (("threshold: 60", "threshold: 0"), 11, "health < threshold never holds: health is 0 to"),
        (("threshold: 60", "threshold: high"), 12, "found 'high'"),
        (("        threshold: 60\n", ""), 11, "the rule gives none: add `threshold:`"),
        (("{health:.1f}", "{health:.1f"), 8, "rule quiet: evidence"),
        (("owner: csm", "owner: boss"), 5, "'csm', 'manager', 'product_manager'"),
        (("due_days: 7", "due_days: -1"), 7, "greater than or equal to 0, found -1"),
        (("due_days: 7", "due_days: soon"), 7, "found 'soon'"),
        (("    due_days: 7\n", ""), 3, "rules.quiet has no due_days; add it; a rule has title"),
        (("title: Quiet", "titel: Quiet"), 3, "rules.quiet has no title"),
        (("title: Quiet", "title: Quiet\n    colour: red"), 5, "setting rules.quiet.colour does"),
        (("      low:", "      urgent:"), 10, "'low', 'medium' or 'high'"),
        (("threshold: 60", "threshold: 60\n        playbook: Save Call"), 13, "is not a name"),
        (("max_alerts: 3", "max_alerts: 0"), 1, "greater than or equal to 1, found 0"),
        (("max_alerts: 3", "max_alert: 3"), 1, "setting max_alert does not exist"),
        (("max_alerts: 3", "owners: {ceo: Kim}"), 1, "'csm', 'manager'"),
        (("  quiet:", "  Quiet One:"), 3, "'Quiet One' is not a name"),
        (("playbook: outreach", "playbook: ../secret"), 6, "'../secret' is not a name"),
        (
            ("when: health < threshold", "when: health < threshold\n        when: narrow"),
            12,
            "twice",
        ),
        (("    tiers:", "   tiers:"), 9, "is not YAML"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(
    tmp_path: Path, change: tuple[str, str], line: int, reason: str
) -> None:
    path = tmp_path / "alerts.yaml"
    path.write_text(RULE)
    assert [rule.name for rule in read_alert_rules(path).rules] == ["quiet"]
    assert change[0] in RULE
    path.write_text(RULE.replace(*change))
    with pytest.raises(LookupRefused) as refused:
        read_alert_rules(path)
    assert str(refused.value).startswith(f"{path}, line {line}: ")
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_rule_that_is_off_is_not_asked_but_is_read(tmp_path: Path) -> None:
    path = tmp_path / "alerts.yaml"
    off = RULE.replace("title: Quiet", "title: Quiet\n    enabled: false")
    path.write_text(off)
    assert read_alert_rules(path).rules == ()
    path.write_text(off.replace("health <", "helth <"))
    with pytest.raises(LookupRefused, match="no such column helth"):
        read_alert_rules(path)


def test_without_a_file_or_with_an_empty_one_there_are_no_rules(tmp_path: Path) -> None:
    path = tmp_path / "alerts.yaml"
    assert read_alert_rules(path).rules == ()
    for text in ("", "# nothing yet\n", "rules:\n", "rules: {}\n"):
        path.write_text(text)
        assert read_alert_rules(path).rules == ()
