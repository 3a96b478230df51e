"""Files for CRM and help desk through the real graph: made, replaced, switched off, withdrawn."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from project import Project

from healthscore_assets.contracts import CONTRACTS, CRM_SCORES, FILES
from healthscore_assets.definitions import build_definitions
from healthscore_assets.orchestration.delivered import delivered
from healthscore_assets.orchestration.plan import Graph, MonthPlan, plan_months
from healthscore_assets.orchestration.runs import MonthOutcome, observe_lookups, run_month
from healthscore_assets.orchestration.workplace import Workplace


class Running:
    """A project and the graph over it."""

    def __init__(self, project: Project, instance: dg.DagsterInstance) -> None:
        self.project, self.instance = project, instance
        self.workplace = Workplace.at(project.exports, project.lookups, project.lake)
        self.definitions = build_definitions(self.workplace)
        self.graph = Graph.of(self.definitions)

    def run(self, month: str, *tables: str) -> MonthOutcome:
        plan = MonthPlan(month, tables or tuple(self.graph.reads))
        return run_month(self.definitions, self.instance, plan)

    def planned(self) -> dict[str, set[str]]:
        """What is due, with the lookups as they are."""
        observe_lookups(self.instance, self.workplace)
        lake = self.workplace.lake
        sources = delivered(self.workplace).sources(lake)
        plans = plan_months(self.graph, self.instance, lake, sources, follow_lookups=True)
        return {plan.month: {*plan.tables} for plan in plans}

    def run_planned(self) -> None:
        for month, tables in self.planned().items():
            assert self.run(month, *tables).succeeded

    def files(self, month: str = "2024-01") -> dict[str, bytes]:
        """By system, the file of a month."""
        found = self.project.lake.glob(f"*_csv/{month}.csv")
        return {
            path.parent.name.removesuffix("_csv"): path.read_bytes()
            for path in found
            if path.parent.name != "client_scores_csv"
        }

    def self_check(self) -> dg.ExecuteInProcessResult:
        job = self.definitions.resolve_job_def("nightly_self_check")
        return job.execute_in_process(
            instance=self.instance,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setenv("HEALTHSCORE_LEDGER", str(tmp_path / "ledger.sqlite"))
    with dg.DagsterInstance.ephemeral() as instance:
        yield Running(Project.make(tmp_path), instance)


@pytest.fixture
def scored(running: Running) -> Running:
    """January, of two clients."""
    running.project.deliver_month("2024-01", {"acme": 5, "bolt": 3})
    observe_lookups(running.instance, running.workplace)
    assert running.run("2024-01").succeeded
    return running


def test_a_month_has_a_file_for_each_system(scored: Running) -> None:
    assert {*scored.files()} == {*FILES}
    rows = list(csv.reader(scored.files()["salesforce_accounts"].decode().splitlines()))
    assert rows[0][:4] == [
        "Healthscore_Client_Id__c",
        "Healthscore_Client_Name__c",
        "Healthscore_Segment__c",
        "Healthscore_Health__c",
    ]
    # Usage alone is a third of the weights: too little for a health.
    assert [row[:4] for row in rows[1:]] == [
        ["acme", "acme", "#N/A", "#N/A"],
        ["bolt", "bolt", "#N/A", "#N/A"],
    ]
    assert list(scored.project.table("crm_scores", "2024-01").columns) == [*CRM_SCORES.columns]
    assert scored.planned() == {}
    assert scored.self_check().success


def test_a_run_again_writes_the_same_bytes(scored: Running) -> None:
    before = scored.project.bytes_of_lake()
    assert scored.run("2024-01").succeeded
    assert scored.project.bytes_of_lake() == before


def test_a_system_that_is_switched_off_has_no_file_and_is_never_due(scored: Running) -> None:
    scored.project.lookup("delivery.yaml", "crm: {hubspot: {enabled: false}}\n")
    # Of a lookup that changed all its files are due, as tables are.
    assert scored.planned() == {"2024-01": {*FILES}}
    scored.run_planned()
    assert {*scored.files()} == {*FILES} - {"hubspot_companies"}
    assert scored.planned() == {}
    assert scored.self_check().success
    scored.project.deliver_month("2024-02")
    scored.run_planned()
    assert {*scored.files("2024-02")} == {*FILES} - {"hubspot_companies"}
    # And has one again as soon as it is on.
    scored.project.lookup("delivery.yaml", "")
    scored.run_planned()
    assert {*scored.files()} == {*scored.files("2024-02")} == {*FILES}


def test_only_the_files_depend_on_the_section_and_they_on_nothing_else(scored: Running) -> None:
    others = "timezone: Europe/Berlin\ncrm: {hubspot: {api: {token: OTHER}}}\n"
    scored.project.lookup("delivery.yaml", others)
    assert scored.planned() == {}
    fields = "crm: {zendesk: {fields: {partial: null, health: score}}}\n"
    scored.project.lookup("delivery.yaml", fields)
    assert scored.planned() == {"2024-01": {*FILES}}
    before = scored.project.bytes_of_lake()
    scored.run_planned()
    after = scored.project.bytes_of_lake()
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {"zendesk_organizations_csv/2024-01.csv"}
    header = after["zendesk_organizations_csv/2024-01.csv"].decode().split("\n")[0].split(",")
    assert header[3] == "custom_fields.score"
    assert "custom_fields.healthscore_partial" not in header


def test_settings_that_cannot_be_read_harm_the_files_alone(scored: Running) -> None:
    before = scored.project.bytes_of_lake()
    scored.project.deliver_month("2024-02")
    scored.project.lookup("delivery.yaml", "crm:\n  hubspot:\n    fields: {helth: x}\n")
    outcome = scored.run("2024-02")
    assert {line.split(": ", 1)[0].split("/")[-1] for line in outcome.problems} == {
        "delivery.yaml, line 3"
    }
    assert scored.files("2024-02") == {}
    assert scored.project.months("crm_scores") == ["2024-01", "2024-02"]
    after = scored.project.bytes_of_lake()
    assert {path: after[path] for path in before if "2024-01" in path} == {
        path: content for path, content in before.items() if "2024-01" in path
    }


def test_a_withdrawn_month_leaves_no_file(scored: Running) -> None:
    scored.project.deliver_month("2024-02")
    scored.run_planned()
    (scored.project.inbox / "usage 2024-01.csv").unlink()
    scored.run_planned()
    assert scored.files("2024-01") == {}
    assert {*scored.files("2024-02")} == {*FILES}
    assert scored.planned() == {}
    assert scored.self_check().success


def test_a_file_that_was_changed_or_is_gone_is_told_of_and_made_again(scored: Running) -> None:
    lake = scored.project.lake
    before = scored.project.bytes_of_lake()
    (lake / "hubspot_companies_csv" / "2024-01.csv").write_text("mine\n")
    (lake / "gainsight_companies_csv" / "2024-01.csv").unlink()
    failed = scored.self_check()
    (event,) = [event for event in failed.all_events if event.is_step_failure]
    lines = event.step_failure_data.user_failure_data.description.splitlines()
    again = "make it again: healthscore run --from 2024-01 --to 2024-01"
    changed = "is not the file that was published: its bytes have changed since"
    place = lake / "gainsight_companies_csv" / "2024-01.csv"
    assert lines == [
        f"2024-01 hubspot_companies: {changed}; {again}",
        f"2024-01 gainsight_companies: {place} is missing; {again}",
    ]
    # One that is gone is due by itself.
    assert scored.planned() == {"2024-01": {"gainsight_companies"}}
    assert scored.run("2024-01").succeeded
    assert scored.project.bytes_of_lake() == before
    assert scored.self_check().success


def test_files_are_no_tables() -> None:
    assert {*FILES}.isdisjoint(CONTRACTS)
