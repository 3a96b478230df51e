"""Alerts through the real graph: carried on, refused, told to the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest
from delivery_project import PLAYBOOK
from project import Project

from healthscore_assets.contracts import FILES
from healthscore_assets.definitions import build_definitions
from healthscore_assets.orchestration.delivered import delivered
from healthscore_assets.orchestration.ledger import ledger_of
from healthscore_assets.orchestration.plan import Graph, MonthPlan, plan_months
from healthscore_assets.orchestration.runs import MonthOutcome, run_month
from healthscore_assets.orchestration.workplace import Workplace

RULES = """
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
"""
TODAY = date(2024, 6, 1)


class Running:
    """A project with one rule, and the graph over it."""

    def __init__(self, project: Project, instance: dg.DagsterInstance) -> None:
        self.project, self.instance = project, instance
        self.ledger_file = project.root / "ledger.sqlite"
        self.workplace = Workplace.at(project.exports, project.lookups, project.lake)
        self.definitions = build_definitions(self.workplace)
        self.graph = Graph.of(self.definitions)
        project.lookup("alerts.yaml", RULES)
        (project.lookups / "playbooks").mkdir()
        project.lookup("playbooks/call.md", PLAYBOOK)

    def run(self, month: str, *tables: str) -> MonthOutcome:
        plan = MonthPlan(month, tables or tuple(self.graph.reads))
        return run_month(self.definitions, self.instance, plan)

    def planned(self) -> dict[str, tuple[str, ...]]:
        lake = self.workplace.lake
        sources = delivered(self.workplace).sources(lake)
        plans = plan_months(self.graph, self.instance, lake, sources)
        return {plan.month: plan.tables for plan in plans}

    def alerts(self, month: str) -> dict[str, tuple[str, str, str]]:
        rows = self.project.table("alerts", month).to_dict("records")
        return {r["client_id"]: (r["opened_month"], r["status"], r["evidence"]) for r in rows}

    def worklist(self) -> dict[str, str]:
        with ledger_of(self.instance) as ledger:
            return {a.client_id: a.opened_month for a in ledger.worklist(TODAY)}


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setenv("HEALTHSCORE_LEDGER", str(tmp_path / "ledger.sqlite"))
    with dg.DagsterInstance.ephemeral() as instance:
        yield Running(Project.make(tmp_path), instance)


def deliver(running: Running, **clicks: int) -> None:
    """Clicks of acme by month; bolt always has the same."""
    for month, acme in clicks.items():
        running.project.deliver_month(month.replace("m", "2024-"), {"acme": acme, "bolt": 40})


def test_an_alert_opens_is_carried_and_resolves(running: Running) -> None:
    deliver(running, m01=98, m02=38, m03=8, m04=8)
    for month in ("2024-01", "2024-02", "2024-03", "2024-04"):
        assert running.run(month).succeeded
    # Two clicks of chat beside those on charts.
    assert running.alerts("2024-01") == {}
    assert running.alerts("2024-02") == {"acme": ("2024-02", "open", "Engagement 40, after 100")}
    assert running.alerts("2024-03") == {"acme": ("2024-02", "open", "Engagement 10, after 40")}
    assert running.alerts("2024-04") == {"acme": ("2024-02", "resolved", "Engagement 10, after 40")}
    assert running.worklist() == {}


def test_a_correction_runs_every_later_month_of_alerts_again(running: Running) -> None:
    deliver(running, m01=98, m02=98, m03=98, m04=98)
    for month in ("2024-01", "2024-02", "2024-03", "2024-04"):
        assert running.run(month).succeeded
    assert running.planned() == {}
    deliver(running, m02=38)
    planned = running.planned()
    assert [*planned] == ["2024-02", "2024-03", "2024-04"]
    assert {"alert_states", "alerts"} <= {*planned["2024-04"]}
    for month, tables in planned.items():
        assert running.run(month, *tables).succeeded
    assert running.planned() == {}
    assert running.alerts("2024-02") == {"acme": ("2024-02", "open", "Engagement 40, after 100")}
    assert running.alerts("2024-03")["acme"][1] == "resolved"


def test_a_missing_month_does_not_lose_an_alert(running: Running) -> None:
    deliver(running, m01=98, m02=38, m04=8)
    for month in ("2024-01", "2024-02", "2024-03", "2024-04"):
        assert running.run(month).succeeded
    # Nothing to hold April against: neither does the condition hold nor has it cleared.
    assert running.alerts("2024-04") == {"acme": ("2024-02", "open", "Engagement 40, after 100")}


def test_a_rule_that_cannot_be_read_harms_nothing_else(running: Running) -> None:
    deliver(running, m01=98, m02=38)
    assert running.run("2024-01").succeeded
    running.project.lookup("alerts.yaml", RULES.replace("client_scores.engagement <=", "helth <="))
    refused = running.run("2024-02")
    assert not refused.succeeded
    path = running.project.lookups / "alerts.yaml"
    assert refused.problems == [
        f"{path}, line 11: rule fell: no such column helth; did you mean health?; "
        "docs/alerts.md explains it"
    ]
    made = {table for table in running.graph.reads if "2024-02" in running.project.months(table)}
    assert made >= {"health_scores", "client_scores", "portfolio_bands", "client_signals"}
    assert not made & {"alerts", "alert_states"}
    # A correction of the file, and only the alerts are due, and what is made of them.
    running.project.lookup("alerts.yaml", RULES)
    (due,) = running.planned().values()
    assert {*due} == {"alert_states", "alerts", "crm_scores", *FILES}
    assert running.run("2024-02", "alert_states", "alerts").succeeded
    assert running.worklist() == {"acme": "2024-02"}


def test_without_rules_there_are_no_alerts_and_no_complaint(running: Running) -> None:
    (running.project.lookups / "alerts.yaml").unlink()
    deliver(running, m01=98, m02=38)
    for month in ("2024-01", "2024-02"):
        outcome = running.run(month)
        assert outcome.succeeded
        assert not [line for line in outcome.warnings if "alert" in line]
    assert running.alerts("2024-02") == {}


def test_a_playbook_that_is_missing_or_broken_is_told_and_alerts_are_made(running: Running) -> None:
    deliver(running, m01=98, m02=38)
    path = running.project.lookups / "playbooks" / "call.md"
    path.write_text(PLAYBOOK.replace("client.name", "client.nme"))
    assert running.run("2024-01").warnings[-1].startswith(f"{path}, line 9: ")
    path.unlink()
    outcome = running.run("2024-02")
    assert outcome.succeeded
    assert outcome.warnings[-1] == (
        f"{path}: no such file, and fell names it; write it, or correct alerts.yaml"
    )
    assert [*running.alerts("2024-02")] == ["acme"]


def test_a_re_run_of_an_old_month_tells_the_ledger_nothing(running: Running) -> None:
    deliver(running, m01=98, m02=38, m03=8)
    for month in ("2024-01", "2024-02", "2024-03"):
        assert running.run(month).succeeded
    with ledger_of(running.instance) as ledger:
        (alert,) = [a for a in ledger.worklist(TODAY, everything=True) if a.client_id == "acme"]
        ledger.mark(alert.alert_id, "ack", "kim", datetime(2024, 4, 2, tzinfo=UTC))
        before = ledger.events()
    for month in ("2024-02", "2024-01", "2024-03", "2024-02"):
        assert running.run(month).succeeded
    with ledger_of(running.instance) as ledger:
        assert ledger.events() == before
        (told,) = ledger.announcements("2024-02")
        assert (told.client_id, told.kind) == ("acme", "opened")


def test_a_ledger_that_cannot_be_used_harms_nothing(running: Running) -> None:
    deliver(running, m01=98, m02=38)
    running.ledger_file.write_text("not a database, though somebody gave it that name")
    for month in ("2024-01", "2024-02"):
        outcome = running.run(month)
        assert outcome.succeeded
        assert any("the ledger was not told" in line for line in outcome.warnings)
    assert [*running.alerts("2024-02")] == ["acme"]
    assert running.ledger_file.read_text().startswith("not a database")


def test_a_rule_that_alerts_of_everybody_is_warned_about(running: Running) -> None:
    deliver(running, m01=98, m02=38)
    assert running.run("2024-01").succeeded
    assert any(
        line.startswith("Rules that alert of more than 15% of the clients: fell (50%).")
        for line in running.run("2024-02").warnings
    )
