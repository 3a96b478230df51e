"""The job that sends, the sensor that starts it, and scores for other systems, tick by tick."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from crm_services import HubSpotServer
from dagster._core.utils import make_new_run_id
from delivery_project import Delivering, today
from delivery_servers import HttpServer, answers
from project import Project

from healthscore_assets.definitions import build_definitions
from healthscore_assets.delivery.planning.operators import told_at_once
from healthscore_assets.delivery.settings import read_delivery_settings
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.unavailable import LakeUnavailable
from healthscore_assets.orchestration.plan import Graph, MonthPlan
from healthscore_assets.orchestration.runs import run_month

KIM = f"Alerts for Kim Ode, {today():%-d %B}: 1 new (1 urgent), 1 open"
TEAM = {"channel": "team"}
SLACK = {"team": {"kind": "slack", "webhook": "HOOK"}}


class Passing:
    """Deliveries on an instance with files, as the daemon has it."""

    def __init__(self, delivering: Delivering, instance: dg.DagsterInstance) -> None:
        self.delivering, self.instance = delivering, instance
        self.workplace = delivering.workplace
        self.definitions = build_definitions(self.workplace)
        self.cursor: str | None = None

    def tick(self) -> str | None:
        """Why the sensor asks for no run; None where it does."""
        sensor = self.definitions.get_repository_def().get_sensor_def("due_deliveries")
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            definitions=self.definitions,
            resources={"workplace": self.workplace},
        ) as context:
            data = sensor.evaluate_tick(context)
        self.cursor = data.cursor or self.cursor
        if data.run_requests:
            (request,) = data.run_requests
            assert request.run_key is None  # asked for as often as something is due
            assert data.skip_message is None
        return data.skip_message

    def run(self) -> dg.ExecuteInProcessResult:
        job = self.definitions.resolve_job_def("deliveries")
        return job.execute_in_process(instance=self.instance, raise_on_error=False)

    def send(self) -> dict[str, int]:
        """A run, which succeeds: its numbers."""
        result = self.run()
        assert result.success
        (event,) = [each for each in result.all_events if each.is_successful_output]
        return {name: each.value for name, each in event.step_output_data.metadata.items()}

    def logged(self, *levels: str) -> list[str]:
        """What the newest run said in its log, by default as a warning."""
        (newest,) = self.instance.get_run_records(limit=1)
        return [
            each.user_message
            for each in self.instance.all_logs(newest.dagster_run.run_id)
            if each.dagster_event is None
            and logging.getLevelName(each.level) in (levels or ("WARNING",))
        ]

    def make(self, month: str, *tables: str) -> None:
        """Run a month, by default all of it."""
        plan = MonthPlan(month, tables or tuple(Graph.of(self.definitions).reads))
        assert run_month(self.definitions, self.instance, plan).succeeded


@pytest.fixture
def passes(delivering: Delivering) -> Iterator[Passing]:
    with passing(delivering) as made:
        yield made


@contextmanager
def passing(delivering: Delivering) -> Iterator[Passing]:
    quiet = {"telemetry": {"enabled": False}}
    with pytest.MonkeyPatch.context() as patch:
        # By which the settings of an instance name its folder; else it would be a person's own.
        patch.setenv("DAGSTER_HOME", str(delivering.home))
        with dg.DagsterInstance.local_temp(str(delivering.home), overrides=quiet) as instance:
            yield Passing(delivering, instance)


@pytest.fixture
def slack() -> Iterator[HttpServer]:
    with HttpServer(answers(200, "ok")).running() as server:
        yield server


@pytest.fixture
def team(slack: HttpServer, monkeypatch: pytest.MonkeyPatch) -> HttpServer:
    monkeypatch.setenv("HOOK", slack.url + "/services/T1/B2/hooksecret")
    return slack


def test_the_sensor_asks_when_there_is_something_to_send(passes: Passing, team: HttpServer) -> None:
    path = passes.delivering.project.lookups / "delivery.yaml"
    assert passes.tick() == f"{path} names no channel and no system"
    # By the first look only the portfolio of the week may be due, and digests are not: it is noon.
    told: dict[str, Any] = {"channels": SLACK, "others": TEAM, "digest_at": "23:59"}
    passes.delivering.settings(**told)
    passes.make("2024-02", "alert_states", "alerts")
    # Alerts are new.
    assert passes.tick() is None
    assert passes.send() == {"queued": 1, "sent": 1, "not_sent": 0, "given_up": 0}
    assert passes.tick() == "Nothing is due"
    # The hour of the digests has come.
    passes.delivering.settings(**told | {"digest_at": "00:00"})
    assert passes.tick() is None
    assert passes.send() == {"queued": 2, "sent": 2, "not_sent": 0, "given_up": 0}
    assert passes.tick() == "Nothing is due"
    assert passes.send() == {"queued": 0, "sent": 0, "not_sent": 0, "given_up": 0}
    assert len(team.requests) == 3
    # Scores were made.
    passes.make("2024-02", "crm_scores")
    assert passes.tick() is None
    assert passes.tick() == "Nothing is due"


def test_the_sensor_asks_again_when_a_message_is_due_again(
    passes: Passing, team: HttpServer
) -> None:
    passes.delivering.settings(channels=SLACK, people={"Kim Ode": TEAM})
    # Busy for longer than a pass waits, and not for so long as to be asked later than otherwise.
    team.plays(answers(503, "busy", Retry_After="40"))
    passes.make("2024-02", "alert_states", "alerts")
    assert passes.tick() is None
    assert passes.send() == {"queued": 1, "sent": 0, "not_sent": 1, "given_up": 0}
    assert passes.tick() == "Nothing is due"
    with passes.delivering.outbox() as outbox:
        (waiting,) = outbox.unsent()
        outbox.hurry(datetime.now(UTC))
    assert passes.tick() is None
    assert passes.tick() is None  # until it is sent
    assert passes.send() == {"queued": 0, "sent": 1, "not_sent": 0, "given_up": 0}
    assert passes.tick() == "Nothing is due"
    assert waiting.title == KIM
    # A minute later than the attempt, which took no time.
    assert 59 <= (waiting.next_at - waiting.queued_at).total_seconds() <= 120


def test_the_sensor_waits_while_messages_are_being_sent(passes: Passing) -> None:
    passes.delivering.settings(channels=SLACK, others=TEAM)
    under_way = dg.DagsterRun("deliveries", make_new_run_id(), status=dg.DagsterRunStatus.STARTED)
    passes.instance.add_run(under_way)
    assert passes.tick() == "Messages are being sent"
    passes.instance.report_run_failed(under_way)
    assert passes.tick() is None


def test_what_is_told_of_months_waits_while_some_are_being_made(
    passes: Passing, team: HttpServer
) -> None:
    passes.delivering.settings(channels=SLACK, others=TEAM, team_leads=TEAM, operators=TEAM)
    making = dg.DagsterRun(
        "__ASSET_JOB",
        make_new_run_id(),
        status=dg.DagsterRunStatus.STARTED,
        tags={"dagster/partition": "2024-01"},
        asset_selection=frozenset({dg.AssetKey("alerts")}),
    )
    passes.instance.add_run(making)
    assert passes.tick() == "Months are being made"
    # What waits for something else does not.
    settings = read_delivery_settings(passes.workplace.delivery_file)
    with passes.delivering.outbox() as outbox:
        outbox.queue(told_at_once("2024-02 failed", "it", settings), datetime.now(UTC))
    assert passes.tick() is None
    assert passes.send() == {"queued": 0, "sent": 1, "not_sent": 0, "given_up": 0}
    passes.instance.report_run_canceled(making)
    assert passes.tick() is None
    # Three digests and the portfolio.
    assert passes.send() == {"queued": 4, "sent": 4, "not_sent": 0, "given_up": 0}
    assert len(team.requests) == 5


def test_scores_of_a_month_that_is_not_the_newest_are_not_pushed(
    passes: Passing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBSPOT_TOKEN", HubSpotServer.token)
    with HubSpotServer(["acme"]).running() as server:
        passes.delivering.settings(crm={"hubspot": {"api": {"url": server.url}}})
        # As after an upgrade: of the newest month there are scores, and none for the CRM yet.
        lake = passes.workplace.lake
        assert lake.withdraw("crm_scores", "2024-02")
        assert lake.months("crm_scores") == ["2024-01"]
        assert passes.send() == {"queued": 0, "sent": 0, "not_sent": 0, "given_up": 0}
        passes.make("2024-02", "crm_scores")
        assert passes.send() == {"queued": 1, "sent": 1, "not_sent": 0, "given_up": 0}


def test_the_sensor_and_the_job_name_a_file_that_is_broken(
    passes: Passing, team: HttpServer
) -> None:
    passes.delivering.settings(channels=SLACK, others=TEAM, team_leeds=TEAM)
    path = passes.delivering.project.lookups / "delivery.yaml"
    number = path.read_text().splitlines().index("team_leeds:") + 1
    says = f"{path}, line {number}: setting team_leeds does not exist; docs/delivery.md lists them"
    assert passes.tick() == f"Nothing is sent: {says}"
    result = passes.run()
    assert not result.success
    told = result.failure_data_for_node("send_messages")
    assert told is not None
    assert told.user_failure_data is not None
    assert told.user_failure_data.description == says
    assert team.requests == []
    # Mended, and what was due is.
    passes.delivering.settings(channels=SLACK, others=TEAM)
    assert passes.tick() is None


def test_the_sensor_says_that_the_ledger_cannot_be_used(
    passes: Passing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = tmp_path / "ledger.sqlite"
    ledger.write_text("not a database, though somebody gave it that name")
    monkeypatch.setenv("HEALTHSCORE_LEDGER", str(ledger))
    passes.delivering.settings(channels=SLACK, others=TEAM)
    says = passes.tick()
    assert says is not None
    assert says.startswith(f"Nothing is sent: alert ledger {ledger}: ")


@pytest.mark.usefixtures("team")
def test_a_run_succeeds_although_a_channel_fails_and_says_so(
    passes: Passing, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HttpServer(answers(403, "gone")).running() as other:
        monkeypatch.setenv("OTHER", other.url + "/services/T1/B3/othersecret")
        passes.delivering.settings(
            channels=SLACK | {"other": {"kind": "slack", "webhook": "OTHER"}},
            people={"Kim Ode": TEAM, "Dana Reyes": {"channel": "other"}},
            operators=[TEAM, {"channel": "other"}],
        )
        numbers = passes.send()
        # Two digests, of which one waits; the operators are told of that by the team's channel.
        assert numbers == {"queued": 2, "sent": 2, "not_sent": 1, "given_up": 0}
        waits, nobody = passes.logged()
        assert waits.startswith("waits: digest by other, Alerts for Dana Reyes, ")
        assert "channel other (slack): " in waits
        assert "see whether OTHER still holds" in waits
        assert nobody == "Nobody is told of 1 alert: Lee Poe has no address"
        sent = passes.logged("INFO")
        assert [line.partition(",")[0] for line in sent] == [
            "sent: digest by team",
            "sent: operators by team",
        ]
        # A message that is refused for good is given up.
        other.default = answers(400, "invalid_blocks")
        with passes.delivering.outbox() as outbox:
            outbox.hurry(datetime.now(UTC))
        assert passes.send() == {"queued": 0, "sent": 0, "not_sent": 1, "given_up": 1}
        assert passes.logged()[0].startswith("given up: digest by other, Alerts for Dana Reyes, ")
    (buried,) = passes.delivering.buried
    assert buried["title"].startswith("Alerts for Dana Reyes, ")


def test_a_lake_that_is_away_is_asked_once_and_holds_up_nothing_else(
    passes: Passing, team: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes.delivering.settings(channels=SLACK, others=TEAM, team_leads=TEAM, operators=TEAM)
    asked = []

    def away(_lake: Lake, table: str) -> list[str]:
        asked.append(table)  # after the half minute for which a bucket is asked again
        raise LakeUnavailable("s3://scores/lake: does not answer")

    settings = read_delivery_settings(passes.workplace.delivery_file)
    with passes.delivering.outbox() as outbox:
        outbox.queue(told_at_once("2024-02 failed", "it", settings), datetime.now(UTC))
    with monkeypatch.context() as patched:
        patched.setattr(Lake, "months", away)
        # What needs no lake is sent; the run fails, so that somebody hears of it.
        told = passes.run().failure_data_for_node("send_messages")
        assert told is not None
        assert told.user_failure_data is not None
        assert told.user_failure_data.description == "s3://scores/lake: does not answer"
        assert told.user_failure_data.metadata["sent"].value == 1
        assert len(asked) == 1
    (request,) = team.requests
    assert "2024-02 failed" in request.body.decode()
    # Three digests and the portfolio, once it is back.
    assert passes.send() == {"queued": 4, "sent": 4, "not_sent": 0, "given_up": 0}


def test_a_secret_that_cannot_be_read_holds_up_nothing_else(
    passes: Passing, team: HttpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "HUBSPOT_TOKEN").write_bytes(b"pat-\xff")
    monkeypatch.setenv("HEALTHSCORE_SECRETS", str(folder))
    passes.delivering.settings(
        channels=SLACK, people={"Kim Ode": TEAM}, others=(), crm={"hubspot": {"api": {}}}
    )
    assert passes.send() == {"queued": 1, "sent": 1, "not_sent": 0, "given_up": 0}
    assert KIM in team.requests[0].body.decode()
    # Once it can be read, the scores wait for a system that takes them.
    (folder / "HUBSPOT_TOKEN").write_text(HubSpotServer.token)
    with HubSpotServer(["acme"]).running() as server:
        crm = {"hubspot": {"api": {"url": server.url}}}
        passes.delivering.settings(channels=SLACK, people={"Kim Ode": TEAM}, crm=crm)
        assert passes.send() == {"queued": 1, "sent": 1, "not_sent": 0, "given_up": 0}


@pytest.fixture(scope="module")
def scores(
    alerted: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Passing, HubSpotServer]]:
    """A lake of its own, and a HubSpot that knows three of the four clients."""
    delivering = Delivering.over(alerted, tmp_path_factory.mktemp("scores"))
    server = HubSpotServer(["acme", "bolt", "cord"])
    crm = {"hubspot": {"api": {"url": server.url}}}
    delivering.settings(crm=crm)
    with server.running(), passing(delivering) as made:
        yield made, server


def test_the_scores_of_a_month_are_pushed_once_and_again_when_they_change(
    scores: tuple[Passing, HubSpotServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    passes, server = scores
    # Without the token nothing is pushed, and nothing is wrong.
    assert passes.send() == {"queued": 0, "sent": 0, "not_sent": 0, "given_up": 0}
    assert server.server.requests == []
    monkeypatch.setenv("HUBSPOT_TOKEN", HubSpotServer.token)
    assert passes.tick() is None
    assert passes.send() == {"queued": 1, "sent": 1, "not_sent": 0, "given_up": 0}
    (request,) = server.server.requests
    assert [each["id"] for each in request.json["inputs"]] == ["acme", "bolt", "cord", "dora"]
    told = {
        client: written["healthscore_open_alerts"] for client, written in server.written.items()
    }
    assert told == {"acme": "1", "bolt": "1", "cord": "1"}
    assert {each["healthscore_scored_month"] for each in server.written.values()} == {"2024-02"}
    refused = passes.logged()[0]
    assert refused.startswith("channel hubspot (crm): dora: ")
    assert "Could not get some COMPANY objects, they may be deleted or not exist." in refused
    assert passes.send() == {"queued": 0, "sent": 0, "not_sent": 0, "given_up": 0}

    # February made again of the same export is the same; so is a backfill of January.
    passes.make("2024-02", "crm_scores")
    passes.delivering.project.deliver_month("2024-01", {"acme": 90, "bolt": 98, "cord": 98})
    passes.make("2024-01")
    assert passes.send() == {"queued": 0, "sent": 0, "not_sent": 0, "given_up": 0}
    assert len(server.server.requests) == 1

    # In a corrected February bolt has not fallen.
    passes.delivering.project.deliver_month("2024-02", {"acme": 8, "bolt": 98, "cord": 38})
    passes.make("2024-02")
    assert passes.send() == {"queued": 1, "sent": 1, "not_sent": 0, "given_up": 0}
    first, second = server.server.requests
    assert server.written["bolt"]["healthscore_open_alerts"] == "0"
    assert server.written["acme"]["healthscore_open_alerts"] == "1"
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]
    assert passes.send() == {"queued": 0, "sent": 0, "not_sent": 0, "given_up": 0}
