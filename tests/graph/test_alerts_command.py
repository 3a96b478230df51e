"""``healthscore alerts`` as a user types it, on a small lake of its own."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from project import Project

RULES = """
max_alerts: 1
rules:
  fell:
    title: Engagement fell
    owner: csm
    playbook: call
    due_days: 7
    evidence: "Engagement {client_scores.engagement:.0f}, after {client_scores.engagement[1]:.0f}"
    tiers:
      medium:
        when: client_scores.engagement <= threshold * client_scores.engagement[1]
        threshold: 0.5
  little:
    title: Little engagement
    owner: csm
    playbook: lost
    due_days: 7
    evidence: "Engagement {client_scores.engagement:.0f}"
    tiers:
      low:
        when: client_scores.engagement < threshold
        threshold: 20
  unused:
    title: Unused
    owner: csm
    playbook: call
    due_days: 7
    enabled: false
    evidence: "Nobody"
    tiers:
      low: {when: unique_visitors == 0}
"""
PLAYBOOK = """---
goal: Find out why
owner: csm
timeframe: a week
---
## Steps
1. Look.
2. Call.
## Message
Dear {{ client.name }}, {{ measure }} fell.
"""
REGISTER = """client_id,client_name,owner
acme,Acme [bold] Works,Kim Ode
bolt,Bolt,Dana Reyes
cord,Cord,Kim Ode
"""
Alerts = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Three clients and five months: acme falls and leaves, bolt falls, cord stays."""
    project = Project.make(tmp_path_factory.mktemp("alerts"))
    project.lookup("alerts.yaml", RULES)
    (project.lookups / "playbooks").mkdir()
    project.lookup("playbooks/call.md", PLAYBOOK)
    clicks = {
        "2024-01": (98, 98),
        "2024-02": (28, 98),
        "2024-03": (8, 98),
        "2024-04": (8, 38),
        "2024-05": (8, 8),
    }
    for month, (acme, bolt) in clicks.items():
        project.deliver_month(month, {"acme": acme, "bolt": bolt, "cord": 98})
    (project.exports / "accounts").mkdir()
    (project.exports / "accounts" / "accounts_2024-05-31.csv").write_text(REGISTER)
    (project.exports / "renewals").mkdir()
    decisions = "client_id,date,outcome\nacme,2024-05-20,churned\ncord,2024-05-21,renewed\n"
    (project.exports / "renewals" / "renewals_2024-05.csv").write_text(decisions)
    done = project.run("run")
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture
def alerts(project: Project, tmp_path: Path) -> Alerts:
    """The command on a ledger of the test's own."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return project.run("alerts", *arguments, HEALTHSCORE_LEDGER=str(tmp_path / "marks.sqlite"))

    return run


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, str]]:
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


def the_one(alerts: Alerts, client: str, *more: str) -> dict[str, str]:
    (row,) = [r for r in rows(alerts("list", *more, "--format", "csv")) if r["client_id"] == client]
    return row


def test_the_list_is_what_to_act_on(alerts: Alerts) -> None:
    for done in (alerts(), alerts("list")):
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert lines[0].split() == ["Alerts", "of", "2024-05"]
        assert "Bolt" in lines[2]
        assert "Engagement fell" in lines[2]
        assert "Engagement 10, after 40. Also: Little engagement" in lines[2]
        assert "Acme [bold] Works" in done.stdout
        assert "2 alerts of 2 clients." in done.stdout
    found = rows(alerts("list", "--format", "csv"))
    assert [(r["client_id"], r["rule"], r["tier"], r["owner"], r["due_date"]) for r in found] == [
        ("bolt", "fell", "medium", "Dana Reyes", "2024-05-07"),
        ("acme", "little", "low", "Kim Ode", "2024-04-07"),
    ]
    everything = rows(alerts("list", "--all", "--format", "csv"))
    assert {(r["client_id"], r["rule"], r["state"], r["folded"]) for r in everything} == {
        ("bolt", "fell", "open", "False"),
        ("bolt", "little", "open", "True"),
        ("acme", "little", "open", "False"),
        ("acme", "fell", "resolved", "False"),  # of February, gone in April
    }


def test_the_list_can_be_narrowed(alerts: Alerts) -> None:
    def clients(*options: str) -> list[str]:
        return [r["client_id"] for r in rows(alerts("list", *options, "--format", "csv"))]

    assert clients("--client", "bolt") == ["bolt"]
    assert clients("--client", "Acme [bold] Works") == ["acme"]
    assert clients("--owner", "Kim Ode") == ["acme"]
    assert clients("--tier", "medium") == ["bolt"]
    assert clients("--rule", "little") == ["acme"]
    assert clients("--tier", "high") == []
    assert json.loads(alerts("list", "--tier", "high", "--format", "json").stdout) == []
    assert alerts("list", "--tier", "high").stdout == "Alerts of 2024-05: nothing to act on.\n"


def test_marks_are_kept_and_told(alerts: Alerts) -> None:
    bolt = the_one(alerts, "bolt")["alert_id"]
    done = alerts("ack", bolt[:6], "--by", "kim", "--note", "calling =today")
    assert done.stdout == f"{bolt}  Bolt, fell: acknowledged\n"
    assert the_one(alerts, "bolt")["state"] == "acknowledged"
    day = f"{date.today() + timedelta(days=5):%Y-%m-%d}"
    assert f"snoozed until {day}" in alerts("snooze", bolt, "--days", "5", "--by", "kim").stdout
    assert [r["client_id"] for r in rows(alerts("list", "--format", "csv"))] == ["acme"]
    assert f"until {day}" in alerts("list", "--all").stdout
    assert "open again" in alerts("reopen", bolt, "--by", "dana").stdout
    assert "resolved" in alerts("resolve", bolt, "--by", "dana").stdout
    assert "noted" in alerts("note", bolt, "they moved offices", "--by", "dana").stdout
    assert [r["client_id"] for r in rows(alerts("list", "--format", "csv"))] == ["acme"]
    shown = alerts("show", bolt)
    for line in (
        "2024-04     opened (medium): Engagement 40, after 100",
        "acknowledged by kim: calling =today",
        f"snoozed by kim: until {day}",
        "reopened by dana",
        "resolved by hand by dana",
        "note by dana: they moved offices",
        "What to do  Find out why. Who: csm. Timeframe: a week.",
        "  2. Call.",
        "Dear Bolt, clicks fell.",
    ):
        assert line in shown.stdout
    told = json.loads(alerts("show", bolt, "--format", "json").stdout)
    assert told["message"] == "Dear Bolt, clicks fell."
    assert [event["kind"] for event in told["events"]][:2] == ["opened", "acknowledged"]


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["ack", "ffff0000"], 1, "alert 'ffff0000': no alert's id begins so"),
        (["ack", "f"], 1, "give it whole, or at least its first 4 characters"),
        (["ack"], 2, "Missing argument 'ALERT'"),
        (["snooze", "ffff"], 2, "give one of --until and --days"),
        (["snooze", "ffff", "--days", "0"], 2, "0 is not in the range"),
        (["snooze", "ffff", "--until", "soon"], 2, "does not match the format"),
        (["note", "ffff"], 2, "Missing argument 'TEXT'"),
        (["list", "--tier", "urgent"], 2, "'urgent' is not one of 'low', 'medium', 'high'"),
        (["show", "ffff", "--format", "csv"], 2, "table or json"),
        (["report", "--from", "2024-13"], 2, "'2024-13' is not a month"),
        (["report", "--from", "2031-01"], 1, "there are months from 2024-01 to 2024-05"),
        (["simulate", "--rule", "nope"], 1, "no rule nope; the rules are fell, little, unused"),
        (["simulate", "--rule", "fell", "--tier", "high"], 1, "fell has no tier high"),
        (["simulate", "--rule", "unused", "--threshold", "5"], 1, "has no threshold"),
        (["simulate", "--rule", "fell", "--when", "helth < 6"], 1, "did you mean health?"),
        (["simulate", "--rule", "little", "--threshold", "-1"], 1, "never holds"),
        (["simulate", "--rule", "little", "--from", "2031-01"], 1, "there are months from 2024-01"),
        (["dance"], 2, "No such command 'dance'"),
    ],
)
def test_what_is_wrong_is_said(
    alerts: Alerts, arguments: list[str], status: int, says: str
) -> None:
    done = alerts(*arguments)
    assert done.returncode == status
    assert says in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr
    if status == 1:
        assert len(done.stderr.splitlines()) == 1


def test_a_playbook_that_there_is_not_leaves_the_rest(alerts: Alerts, project: Project) -> None:
    done = alerts("show", the_one(alerts, "acme")["alert_id"])
    assert done.returncode == 0
    assert "Little engagement  Acme [bold] Works (acme)" in done.stdout
    path = project.lookups / "playbooks" / "lost.md"
    assert done.stderr == f"{path}: no such file; write it, or correct alerts.yaml\n"


def test_the_report_says_which_rules_tell(alerts: Alerts) -> None:
    found = {r["rule"]: r for r in rows(alerts("report", "--format", "csv"))}
    # acme fell in February and March; bolt in April and May: one alert each.
    assert {name: found["fell"][name] for name in ("opened", "resolved", "clients_alerted")} == {
        "opened": "2",
        "resolved": "1",
        "clients_alerted": "2",
    }
    # Five months of three clients; four of them with an open alert.
    assert float(found["fell"]["share"]) == pytest.approx(4 / 15)
    # acme left on 20 May, 81 days after 29 February; of bolt, alerted in April, it is too early.
    assert (found["fell"]["judged_90"], found["fell"]["churned_90"]) == ("1", "1")
    # Of 180 days nothing is known in May, and so nothing of the lead within them.
    assert (found["fell"]["judged_180"], found["fell"]["lead_days"]) == ("0", "")
    assert {name: row["opened"] for name, row in found.items()}["unused"] == "0"
    by_month = rows(alerts("report", "--by-month", "--rule", "fell", "--format", "csv"))
    assert [(r["month"], r["open"], r["opened"], r["resolved"]) for r in by_month] == [
        ("2024-02", "1", "1", "0"),
        ("2024-03", "1", "0", "0"),
        ("2024-04", "1", "1", "1"),
        ("2024-05", "1", "0", "0"),
    ]
    told = alerts("report").stdout
    assert "Alert of more than 15% of the clients: fell, little." in told
    assert "churn: a rule has to beat that" in " ".join(told.split())


def test_a_rule_is_tried_on_the_months_that_were(alerts: Alerts) -> None:
    tried = rows(
        alerts(
            *("simulate", "--rule", "fell", "--threshold", "0.35", "--threshold", "0.2"),
            *("--format", "csv"),
        )
    )
    assert [(r["tried"], r["opened"], r["clients_alerted"]) for r in tried] == [
        ("as it is", "2", "2"),
        ("threshold 0.35", "2", "2"),  # acme in February and March (0.3, 0.33), bolt in May (0.25)
        ("threshold 0.2", "0", "0"),
    ]
