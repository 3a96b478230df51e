"""What the system itself tells those who run it, by their channel, once each."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from delivery_project import RULES, Delivering
from delivery_servers import HttpServer, answers
from project import HEADER
from test_deliveries import Passing, passing

from healthscore_assets.orchestration.deliveries import deliver
from healthscore_assets.orchestration.plan import RAW, MonthPlan
from healthscore_assets.orchestration.runs import run_month
from healthscore_assets.orchestration.sensors import failed_runs, warned_runs


class Telling(Passing):
    """The sensors that tell operators, and what their channel got."""

    def __init__(self, delivering: Delivering, instance: dg.DagsterInstance) -> None:
        super().__init__(delivering, instance)
        self.inbox_cursor: str | None = None

    def fail(self) -> str:
        """A run whose export cannot be read; its id."""
        self.delivering.project.deliver("usage 2024-05.csv", "of nothing\nthat is known\n")
        outcome = run_month(self.definitions, self.instance, MonthPlan("2024-05", (RAW,)))
        assert not outcome.succeeded
        return outcome.run_id

    def tell_of_failure(self, run_id: str) -> None:
        """What the sensor of failed runs does of it."""
        with self._context(run_id, dg.DagsterEventType.RUN_FAILURE) as context:
            failed_runs(context.for_run_failure())

    def warn(self) -> None:
        """A run that warns of its rules, and what the sensor of runs does of it."""
        tables = ("alert_states", "alerts")
        outcome = run_month(self.definitions, self.instance, MonthPlan("2024-02", tables))
        assert outcome.succeeded
        with self._context(outcome.run_id, dg.DagsterEventType.RUN_SUCCESS) as context:
            warned_runs(context)

    def _context(self, run_id: str, kind: dg.DagsterEventType) -> dg.RunStatusSensorContext:
        run = self.instance.get_run_by_id(run_id)
        event = self.instance.get_records_for_run(run_id, of_type=kind).records[0]
        dagster_event = event.event_log_entry.dagster_event
        assert run is not None
        assert dagster_event is not None
        return dg.build_run_status_sensor_context(
            sensor_name="of_runs",
            dagster_instance=self.instance,
            dagster_run=run,
            dagster_event=dagster_event,
            resources={"workplace": self.workplace},
        )

    def late(self, day: str) -> dg.RunRequest:
        """The tick of that day of the schedule that looks for a late export."""
        repository = self.definitions.get_repository_def()
        with dg.build_schedule_context(
            instance=self.instance,
            scheduled_execution_time=datetime.fromisoformat(f"{day}T06:00:00+00:00"),
            resources={"workplace": self.workplace},
            repository_def=repository,
        ) as context:
            data = repository.get_schedule_def("month_arrival_daily").evaluate_tick(context)
        assert data.run_requests is not None
        (request,) = data.run_requests
        return request

    def look(self) -> None:
        """A tick of the inbox sensor."""
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.inbox_cursor, definitions=self.definitions
        )
        sensor = self.definitions.get_repository_def().get_sensor_def("inbox")
        self.inbox_cursor = sensor.evaluate_tick(context).cursor


@pytest.fixture
def telling(delivering: Delivering) -> Iterator[Telling]:
    """A lake up to February, and an inbox without any export."""
    for export in delivering.project.inbox.iterdir():
        export.unlink()
    with passing(delivering) as made:
        yield Telling(made.delivering, made.instance)


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpServer]:
    with HttpServer(answers(200, "ok")).running() as server:
        monkeypatch.setenv("HOOK", server.url + "/services/T1/B2/hooksecret")
        yield server


def test_what_went_wrong_reaches_the_channel_once(telling: Telling, slack: HttpServer) -> None:
    channel = {"channel": "team"}
    telling.delivering.settings(
        channels={"team": {"kind": "slack", "webhook": "HOOK"}}, operators=channel
    )
    run_id = telling.fail()
    for _ in range(2):  # as where a tick dies before it is remembered
        telling.tell_of_failure(run_id)
        assert telling.late("2024-04-06").partition_key == "2024-03"
        telling.delivering.project.deliver("usage.csv", HEADER + "v-1,acme,1,5,1\n")
        telling.inbox_cursor = None
        telling.look()
        telling.look()
    assert slack.requests == []
    numbers = telling.send()
    assert numbers == {"queued": 0, "sent": 3, "not_sent": 0, "given_up": 0}
    texts = [each.body.decode() for each in slack.requests]
    (late,) = [text for text in texts if "2024-03" in text]
    assert "2024-03: no export yet, 1 day late (due 5 April 2024)" in late
    (unplaced,) = [text for text in texts if "usage.csv" in text]
    assert "month" in unplaced
    (failed,) = [text for text in texts if run_id in text]
    assert f"2024-05 failed and keeps the tables it had (run {run_id})." in failed
    assert "usage 2024-05.csv" in failed
    assert "To do: mend the export or lookup that is named" in failed
    assert telling.send() == {"queued": 0, "sent": 0, "not_sent": 0, "given_up": 0}
    # Another day that it is late is told again; another failure as well.
    telling.late("2024-04-07")
    telling.tell_of_failure(telling.fail())
    assert telling.send() == {"queued": 0, "sent": 2, "not_sent": 0, "given_up": 0}
    assert "2024-03: no export yet, 2 days late (due 5 April 2024)" in "".join(
        each.body.decode() for each in slack.requests[3:]
    )


def test_warnings_of_checks_are_told_once_a_day_where_they_changed(
    telling: Telling, slack: HttpServer
) -> None:
    telling.delivering.settings(
        channels={"team": {"kind": "slack", "webhook": "HOOK"}}, operators={"channel": "team"}
    )

    def sent(days_ago: int) -> list[str]:
        """What a pass of that day sends."""
        before = len(slack.requests)
        at = datetime.now(UTC) - timedelta(days=days_ago)
        deliver(telling.workplace, telling.instance, at)
        return [each.body.decode() for each in slack.requests[before:]]

    many = "Rules that alert of more than 15% of the clients: fell (75%)"
    few = "Rules that alert of more than 15% of the clients: fell (25%)"
    telling.warn()
    (first,) = sent(days_ago=2)
    assert "1 warning of the last runs" in first
    assert "2024-02 alerts, " in first
    assert many in first
    # The same again is no news.
    telling.warn()
    assert sent(days_ago=2) == []
    assert sent(days_ago=1) == []
    # Another rule, of which only acme is told: of a change on a day that was told, on the next.
    fewer = RULES.replace("threshold: 0.5", "threshold: 0.3")
    telling.delivering.project.lookup("alerts.yaml", fewer)
    telling.warn()
    (second,) = sent(days_ago=1)
    assert few in second
    assert many not in second
    telling.delivering.project.lookup("alerts.yaml", RULES)
    telling.warn()
    assert sent(days_ago=1) == []
    (third,) = sent(days_ago=0)
    assert many in third
    assert sent(days_ago=0) == []


@pytest.mark.parametrize("missing", ["channel", "ledger", "settings"])
def test_without_a_channel_or_a_ledger_the_sensors_work_as_before(
    telling: Telling,
    slack: HttpServer,
    missing: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    operators = {} if missing == "channel" else {"operators": {"channel": "team"}}
    telling.delivering.settings(
        channels={"team": {"kind": "slack", "webhook": "HOOK"}},
        **operators,
        **({"no_such": 1} if missing == "settings" else {}),
    )
    if missing == "ledger":
        ledger = tmp_path / "ledger.sqlite"
        ledger.write_text("not a database, though somebody gave it that name")
        monkeypatch.setenv("HEALTHSCORE_LEDGER", str(ledger))
    run_id = telling.fail()
    with caplog.at_level(logging.WARNING):
        telling.tell_of_failure(run_id)
        assert telling.late("2024-04-06").partition_key == "2024-03"
        telling.delivering.project.deliver("usage.csv", HEADER + "v-1,acme,1,5,1\n")
        telling.look()
        telling.look()
        telling.warn()
    told = [each.getMessage() for each in caplog.records if each.name == "healthscore.operators"]
    assert [line for line in told if run_id in line]
    assert [line for line in told if line.startswith("2024-03: no export yet")]
    assert [line for line in told if "usage.csv" in line]
    # The log of a tick is Dagster's, which prints it.
    logged = capfd.readouterr().err.splitlines()
    not_told = [line for line in logged if "The operators' channel was not told: " in line]
    if missing == "channel":
        assert not_told == []
    else:
        # A failed run, a late export, a file without a month, and warnings.
        assert len(not_told) == 4
        says = str(tmp_path / "ledger.sqlite") if missing == "ledger" else "no_such does not exist"
        assert all(says in line for line in not_told)
    assert slack.requests == []
