"""Scores pushed to servers that speak the APIs of four systems, and that fail in many ways."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import trustme
from crm_services import (
    SECRETS,
    SERVICES,
    GainsightServer,
    HubSpotServer,
    SalesforceServer,
    Service,
    ZendeskServer,
    says,
)
from delivery_servers import (
    Act,
    answers,
    answers_less_than_announced,
    answers_twice,
    closes,
    never_answers,
    sends,
    trusting,
    unused_port,
)

from healthscore_assets.contracts import CRM_SCORES
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.delivery.channels.channel import Fate, Letter, Outcome
from healthscore_assets.delivery.crm.channel import ScoresChannel
from healthscore_assets.delivery.crm.push import configured, push
from healthscore_assets.delivery.crm.rows import rows_of
from healthscore_assets.delivery.crm.settings import SYSTEMS, CrmSettings, System
from healthscore_assets.delivery.documents.document import Document
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lookups.secrets import Secrets

NOW = datetime(2024, 6, 1, 7, 0, tzinfo=UTC)
KEY = "crm-2024-05"


def row(client: str, **values: Any) -> dict[str, Any]:
    """A row of `crm_scores`."""
    return {
        "client_id": client,
        "client_name": client.title(),
        "segment": "SMB",
        "health": 71.3,
        "band": "yellow",
        "trend": "declining",
        "reason": None,
        "driver_1": "Depth 12.4 of 20 points, -3.1 since last month",
        "driver_2": None,
        "driver_3": None,
        "open_alerts": 1,
        "highest_tier": "high",
        "alerts": "Health is low",
        "scored_month": "2024-05",
        "partial": False,
        **values,
    }


def settings(system: str, url: str, **more: Any) -> CrmSettings:
    """With the API of one system."""
    api = {"url": url, "timeout_seconds": 20}
    if system == "zendesk":
        api["email"] = ZendeskServer.email
    api |= more.pop("api", {})
    return CrmSettings.model_validate({system: {"api": api, **more}})


class Pushed:
    """What becomes of a push, and how long it waited in between."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def __call__(
        self,
        service: Service,
        rows: Iterable[dict[str, Any]],
        *,
        secrets: dict[str, str] = SECRETS,
        context: Any = None,
        url: str | None = None,
        **more: Any,
    ) -> Outcome:
        system: Any = next(name for name, kind in SERVICES.items() if type(service) is kind)
        return push(
            system,
            settings(system, url or service.url, **more),
            Secrets(secrets),
            rows,
            KEY,
            clock=lambda: NOW,
            sleep=self.waited.append,
            context=context,
        )


@pytest.fixture
def pushed() -> Pushed:
    return Pushed()


@pytest.fixture(params=SYSTEMS)
def system(request: pytest.FixtureRequest) -> System:
    name: System = request.param
    return name


@pytest.fixture
def service(system: str) -> Iterator[Service]:
    """A server that knows two clients."""
    service = SERVICES[system](["acme", "bolt"])
    with service.running():
        yield service


def first_write(service: Service) -> int:
    """How many requests a push makes before it writes: a login, or a look for organizations."""
    return 1 if isinstance(service, SalesforceServer | ZendeskServer) else 0


def lets_pass(service: Service, *acts: Act) -> None:
    """Play these acts from the first request that writes on."""
    passes: list[Act] = [service._take] * first_write(service)
    service.server.plays(*passes, *acts)


# ----------------------------------------------------------------------- what is written

WRITTEN = {
    "salesforce": {
        "Healthscore_Client_Id__c": "acme",
        "Healthscore_Client_Name__c": "Acme",
        "Healthscore_Segment__c": "SMB",
        "Healthscore_Health__c": 71.3,
        "Healthscore_Band__c": "yellow",
        "Healthscore_Trend__c": "declining",
        "Healthscore_Reason__c": None,
        "Healthscore_Driver_1__c": "Depth 12.4 of 20 points, -3.1 since last month",
        "Healthscore_Driver_2__c": None,
        "Healthscore_Driver_3__c": None,
        "Healthscore_Open_Alerts__c": 1,
        "Healthscore_Highest_Tier__c": "high",
        "Healthscore_Alerts__c": "Health is low",
        "Healthscore_Scored_Month__c": "2024-05",
        "Healthscore_Partial__c": False,
    },
    # All texts; what is not there is cleared by an empty one.
    "hubspot": {
        "healthscore_client_name": "Acme",
        "healthscore_segment": "SMB",
        "healthscore_health": "71.3",
        "healthscore_band": "yellow",
        "healthscore_trend": "declining",
        "healthscore_reason": "",
        "healthscore_driver_1": "Depth 12.4 of 20 points, -3.1 since last month",
        "healthscore_driver_2": "",
        "healthscore_driver_3": "",
        "healthscore_open_alerts": "1",
        "healthscore_highest_tier": "high",
        "healthscore_alerts": "Health is low",
        "healthscore_scored_month": "2024-05",
        "healthscore_partial": "false",
    },
    "gainsight": {
        "Healthscore_Client_Id__gc": "acme",
        "Healthscore_Client_Name__gc": "Acme",
        "Healthscore_Segment__gc": "SMB",
        "Healthscore_Health__gc": 71.3,
        "Healthscore_Band__gc": "yellow",
        "Healthscore_Trend__gc": "declining",
        "Healthscore_Reason__gc": None,
        "Healthscore_Driver_1__gc": "Depth 12.4 of 20 points, -3.1 since last month",
        "Healthscore_Driver_2__gc": None,
        "Healthscore_Driver_3__gc": None,
        "Healthscore_Open_Alerts__gc": 1,
        "Healthscore_Highest_Tier__gc": "high",
        "Healthscore_Alerts__gc": "Health is low",
        "Healthscore_Scored_Month__gc": "2024-05",
        "Healthscore_Partial__gc": False,
    },
    # Neither the name nor the external id of an organization is touched.
    "zendesk": {
        "healthscore_segment": "SMB",
        "healthscore_health": 71.3,
        "healthscore_band": "yellow",
        "healthscore_trend": "declining",
        "healthscore_reason": None,
        "healthscore_driver_1": "Depth 12.4 of 20 points, -3.1 since last month",
        "healthscore_driver_2": None,
        "healthscore_driver_3": None,
        "healthscore_open_alerts": 1,
        "healthscore_highest_tier": "high",
        "healthscore_alerts": "Health is low",
        "healthscore_scored_month": "2024-05",
        "healthscore_partial": False,
    },
}


def test_the_scores_of_every_client_are_written(
    system: str, service: Service, pushed: Pushed
) -> None:
    outcome = pushed(service, [row("acme"), row("bolt", health=None, reason="too little")])
    says_so = f"channel {system} (crm): took 2 clients"
    assert outcome == Outcome(Fate.SENT, says_so)
    assert service.written["acme"] == WRITTEN[system]
    health = next(v for n, v in service.written["bolt"].items() if "health" in n.lower()[11:])
    assert health == ("" if system == "hubspot" else None)
    # Again, and nothing is different.
    before = dict(service.written)
    assert pushed(service, [row("acme"), row("bolt", health=None, reason="too little")]) == outcome
    assert service.written == before


def test_many_clients_go_in_batches(system: str, pushed: Pushed) -> None:
    clients = [f"c{number:04}" for number in range(450)]
    service = SERVICES[system](clients)
    with service.running() as server:
        # Never all at once: the next is asked for when a batch is full.
        outcome = pushed(service, (row(client) for client in clients))
    assert outcome.says.endswith("took 450 clients")
    assert [*service.written] == clients
    writes = [each for each in server.requests if each.method in ("PATCH", "PUT", "POST")]
    sizes = {"salesforce": 200, "hubspot": 100, "gainsight": 50, "zendesk": 100}
    expected = -(-450 // sizes[system]) + (system == "salesforce")  # and a login
    assert len(writes) == expected
    keys = [each.headers["idempotency-key"] for each in writes if "token" not in each.path]
    assert keys == [f"{KEY}-{number}" for number in range(1, len(keys) + 1)]


def test_no_rows_are_no_fault(system: str, service: Service, pushed: Pushed) -> None:
    outcome = pushed(service, [])
    assert outcome == Outcome(Fate.SENT, f"channel {system} (crm): took 0 clients")


def test_fields_of_ones_own(service: Service, pushed: Pushed) -> None:
    outcome = pushed(service, [row("acme")], fields={"health": "Score_X", "partial": None})
    assert outcome.fate is Fate.SENT
    assert service.written["acme"]["Score_X"] in (71.3, "71.3")
    assert not any("partial" in name.lower() for name in service.written["acme"])


def test_a_text_that_is_too_long_is_cut_visibly_and_an_id_never_is(pushed: Pushed) -> None:
    client = "c" * 300
    service = SalesforceServer([client])
    with service.running():
        pushed(service, [row(client, alerts="a" * 256, driver_1="d" * 255)])
    record = service.written[client]
    assert record["Healthscore_Alerts__c"] == "a" * 254 + "…"
    assert record["Healthscore_Driver_1__c"] == "d" * 255


NASTY = [
    "a b",
    "x&y=z",
    "%41",
    "ünï",
    "日本",
    "a/b?c#d",
    "quote\"'",
    "<b>",
    "=1+1",
    "a,b",
    "+",
    "😀",
]


def test_ids_of_any_characters_are_matched(system: str, pushed: Pushed) -> None:
    service = SERVICES[system](NASTY)
    with service.running():
        outcome = pushed(service, [row(client) for client in NASTY])
    assert outcome == Outcome(Fate.SENT, f"channel {system} (crm): took 12 clients")
    assert {*service.written} == {*NASTY}


def test_long_ids_of_zendesk_go_in_several_addresses(pushed: Pushed) -> None:
    clients = [f"{number:03}" + "x" * 200 for number in range(100)]
    service = ZendeskServer(clients)
    with service.running() as server:
        assert pushed(service, [row(client) for client in clients]).fate is Fate.SENT
    assert [*service.written] == clients
    assert max(len(each.path) for each in server.requests) < 4_100


# ------------------------------------------------------------------ clients that are not taken

UNKNOWN = {
    "salesforce": '"REQUIRED_FIELD_MISSING: Required fields are missing: [Name]"',
    "hubspot": '"Could not get some COMPANY objects, they may be deleted or not exist."',
    "gainsight": "no company has this id",
    "zendesk": "no organization has this external id",
}


def test_a_client_that_the_system_does_not_know_is_told_and_never_made(
    system: str, service: Service, pushed: Pushed
) -> None:
    outcome = pushed(service, [row("acme"), row("nobody"), row("bolt")])
    prefix = f"channel {system} (crm): "
    assert outcome == Outcome(
        Fate.SENT,
        f"{prefix}took 2 clients",
        warnings=(f"{prefix}nobody: {UNKNOWN[system]}",),
    )
    assert {*service.written} == {"acme", "bolt"}


@pytest.mark.parametrize(
    ("service", "name"),
    [(SalesforceServer(["acme"]), "Name"), (HubSpotServer(["acme"]), "name")],
    ids=["salesforce", "hubspot"],
)
def test_a_client_is_made_where_its_name_is_written(
    service: Service, name: str, pushed: Pushed
) -> None:
    with service.running():
        outcome = pushed(service, [row("acme"), row("new")], fields={"client_name": name})
    assert outcome.warnings == ()
    assert service.written["new"][name] == "New"


def test_a_client_that_is_refused_does_not_keep_others_out(
    system: str, service: Service, pushed: Pushed
) -> None:
    service.refuses["bolt"] = "Score out of range"
    outcome = pushed(service, [row("acme"), row("bolt")])
    assert outcome.fate is Fate.SENT
    (warning,) = outcome.warnings
    assert warning.startswith(f"channel {system} (crm): bolt: ")
    assert "Score out of range" in warning
    assert {*service.written} == {"acme"}


def test_of_many_refused_clients_twenty_are_named(pushed: Pushed) -> None:
    clients = [f"c{number:02}" for number in range(60)]
    service = ZendeskServer(clients[:30])
    with service.running():
        outcome = pushed(service, [row(client) for client in clients])
    assert len(outcome.warnings) == 21
    assert outcome.warnings[0] == f"channel zendesk (crm): c30: {UNKNOWN['zendesk']}"
    assert outcome.warnings[20] == "channel zendesk (crm): and 10 more"


def test_a_system_that_takes_nobody_has_to_be_mended(
    system: str, service: Service, pushed: Pushed
) -> None:
    outcome = pushed(service, [row("x"), row("y")])
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert outcome.says.startswith(f"channel {system} (crm): took none of 2 clients: x, ")
    assert outcome.says.endswith("see whether its fields are there, and hold the ids of clients")


@pytest.mark.parametrize("kind", [HubSpotServer, GainsightServer])
def test_a_field_that_is_missing_is_not_tried_client_by_client(
    kind: type[Service], pushed: Pushed
) -> None:
    clients = [f"c{number:03}" for number in range(1000)]
    service = kind(clients)
    service.refuses = dict.fromkeys(clients, "Property healthscore_band does not exist")
    with service.running() as server:
        outcome = pushed(service, [row(client) for client in clients])
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert '"Property healthscore_band does not exist"' in outcome.says
    assert len(server.requests) < 30


def test_a_field_that_salesforce_has_not_is_told_at_once(pushed: Pushed) -> None:
    service = SalesforceServer(["acme"])
    told = "No such column 'Healthscore_Band__c' on sobject of type Account"
    with service.running() as server:
        lets_pass(service, says(400, [{"errorCode": "INVALID_FIELD", "message": told}]))
        outcome = pushed(service, [row("acme"), row("bolt")])
        assert len(server.requests) == 2
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert f'refuses the records: "{told}"; see whether every field is there' in outcome.says


def test_halves_tell_which_company_hubspot_does_not_name(pushed: Pushed) -> None:
    service = HubSpotServer(["a", "b", "d"])
    service.traces = False
    with service.running():
        outcome = pushed(service, [row(client) for client in "abcd"])
    assert {*service.written} == {"a", "b", "d"}
    assert [line.split(": ")[1] for line in outcome.warnings] == ["c"]


def test_zendesk_does_not_tell_ids_apart_by_case(pushed: Pushed) -> None:
    service = ZendeskServer(["Acme"])
    with service.running():
        outcome = pushed(service, [row("ACME", health=1.0), row("acme", health=2.0)])
    assert service.written["Acme"]["healthscore_health"] == 1.0
    (warning,) = outcome.warnings
    assert "acme: another client has this id, but for upper and lower case" in warning


# ------------------------------------------------------------------------ servers that fail


@pytest.mark.parametrize("secret", [None, "of yesterday", "", "gar\x00bage", "schlüssel"])
def test_credentials_that_are_missing_or_wrong(
    system: str, service: Service, pushed: Pushed, secret: str | None
) -> None:
    name = settings(system, service.url).of(system).api.credentials[-1]  # type: ignore[union-attr, arg-type]
    secrets = {n: s for n, s in SECRETS.items() if n != name}
    if secret is not None:
        secrets[name] = secret
    outcome = pushed(service, [row("acme")], secrets=secrets)
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert outcome.says.startswith(f"channel {system} (crm): ")
    assert name in outcome.says
    assert not secret or secret not in outcome.says
    assert service.written == {}
    assert pushed.waited == []


def test_a_token_of_salesforce_that_expired_is_renewed(pushed: Pushed) -> None:
    clients = [f"c{number}" for number in range(400)]
    service = SalesforceServer(clients)

    def rows() -> Iterator[dict[str, Any]]:
        for number, client in enumerate(clients):
            if number == 300:
                service.tokens.append("another, given to somebody else")
            yield row(client)

    with service.running():
        outcome = pushed(service, rows())
    assert outcome.says.endswith("took 400 clients")
    assert len(service.tokens) == 3


def test_a_token_that_salesforce_never_takes_ends_the_push(pushed: Pushed) -> None:
    service = SalesforceServer(["acme"])
    expired = says(401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}])
    with service.running() as server:
        server.plays(service._take, expired, service._take, expired)
        outcome = pushed(service, [row("acme")])
        assert len(server.requests) == 4
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert "answered 401" in outcome.says


def test_the_daily_limit_of_salesforce_is_waited_for(pushed: Pushed) -> None:
    service = SalesforceServer(["acme"])
    told = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
    with service.running():
        lets_pass(service, *[says(403, told)] * 4)
        outcome = pushed(service, [row("acme")])
    assert outcome.fate is Fate.LATER


def test_a_server_that_is_busy_is_asked_again_when_it_says(
    service: Service, pushed: Pushed
) -> None:
    lets_pass(service, answers(429, "slow down", Retry_After="7"), answers(503, "in a moment"))
    outcome = pushed(service, [row("acme")])
    assert outcome.fate is Fate.SENT
    assert [*service.written] == ["acme"]
    # As it says; else two seconds, and twice as many each time.
    assert pushed.waited[:2] == [7.0, 4.0]


def test_a_server_that_is_busy_and_says_no_more_is_left_alone_for_a_minute(
    service: Service, pushed: Pushed
) -> None:
    lets_pass(service, answers(429, "slow down"))
    assert pushed(service, [row("acme")]).fate is Fate.SENT
    assert pushed.waited[0] == 60.0


def test_a_server_that_asks_for_longer_is_left_alone(service: Service, pushed: Pushed) -> None:
    lets_pass(service, answers(429, "slow down", Retry_After="600"))
    outcome = pushed(service, [row("acme")])
    assert (outcome.fate, outcome.wait_seconds) == (Fate.LATER, 600.0)
    assert pushed.waited == []


ENDS = [
    (answers(500, "oops"), 'answered 500, and says "oops"'),
    (closes(), "broke off"),
    (answers_less_than_announced(200, "{}"), "broke off"),
    (sends(b"\x00\xff what is this?\r\n\r\n"), "broke off"),
    (answers(200, "<html>maintenance</html>"), "answered 200, but no JSON"),
    (answers(200, '{"results": [{'), "answered 200, but no JSON"),
    (answers(200, "{}"), "answered "),
    (answers(200, "[]"), "answered "),
]


@pytest.mark.parametrize(("act", "found"), ENDS, ids=range(len(ENDS)))
def test_a_server_that_goes_on_failing_is_tried_another_time(
    system: str, service: Service, pushed: Pushed, act: Act, found: str
) -> None:
    lets_pass(service, act, act, act, act)
    outcome = pushed(service, [row("acme")])
    assert outcome.fate is Fate.LATER
    assert outcome.says.startswith(f"channel {system} (crm): ")
    assert found in outcome.says
    assert len(pushed.waited) <= 3
    assert service.written == {}
    # The next push finds it well.
    with SERVICES[system](["acme"]).running() as well:
        assert pushed(service, [row("acme")], url=well.url).fate is Fate.SENT


def test_a_push_that_breaks_off_half_way_says_how_far_it_came(system: str, pushed: Pushed) -> None:
    clients = [f"c{number:03}" for number in range(250)]
    service = SERVICES[system](clients)
    taken = {"salesforce": 200, "hubspot": 100, "gainsight": 50, "zendesk": 100}[system]

    def rows() -> Iterator[dict[str, Any]]:
        for number, client in enumerate(clients):
            if number == taken:  # the first batch has been written
                service.server.plays(*[answers(500, "oops")] * 4)
            yield row(client)

    with service.running():
        outcome = pushed(service, rows())
        assert outcome.fate is Fate.LATER
        assert outcome.says.endswith(f"; {taken} clients were taken before, and are sent again")
        assert len(service.written) == taken
        assert pushed(service, map(row, clients)).says.endswith("took 250 clients")
    assert len(service.written) == 250


def test_an_answer_that_comes_twice_is_read_once(service: Service, pushed: Pushed) -> None:
    told = {
        SalesforceServer: [{"id": "001", "success": True, "errors": []}],
        HubSpotServer: {"status": "COMPLETE", "results": [{"id": "1"}]},
        GainsightServer: {"result": True, "data": {"count": 1}},
        ZendeskServer: {"job_status": {"id": "1", "status": "completed", "results": []}},
    }[type(service)]
    lets_pass(service, answers_twice(200, json.dumps(told)))
    assert pushed(service, [row("acme")]).says.endswith("took 1 client")


def test_a_server_that_is_too_slow(system: str, service: Service, pushed: Pushed) -> None:
    lets_pass(service, *[never_answers()] * 4)
    outcome = pushed(service, [row("acme")], api={"timeout_seconds": 0.2})
    assert outcome.fate is Fate.LATER
    assert f"channel {system} (crm): no answer from 127.0.0.1 within 0.2 seconds" in outcome.says


def test_nobody_listens(system: str, pushed: Pushed) -> None:
    service = SERVICES[system]([])
    with service.running():
        outcome = pushed(service, [row("acme")], url=f"http://127.0.0.1:{unused_port()}")
    assert outcome.fate is Fate.LATER
    assert "127.0.0.1 refused the connection" in outcome.says
    assert pushed.waited == [2.0, 4.0, 8.0]


def test_a_job_of_zendesk_that_does_not_end(pushed: Pushed) -> None:
    service = ZendeskServer(["acme"])
    service.looks = 1_000
    with service.running():
        outcome = pushed(service, [row("acme")])
    assert outcome.fate is Fate.LATER
    assert 'did not end its job: "working"' in outcome.says
    assert sum(pushed.waited) < 300


def test_only_a_certificate_that_is_trusted_is_talked_to(system: str, pushed: Pushed) -> None:
    authority, other = trustme.CA(), trustme.CA()
    service = SERVICES[system](["acme"], authority)
    with service.running() as server:
        refused = pushed(service, [row("acme")], context=trusting(other))
        assert refused.fate is Fate.CHANNEL_REFUSED
        assert "certificate" in refused.says
        assert server.requests == []
        assert pushed(service, [row("acme")], context=trusting(authority)).fate is Fate.SENT


# -------------------------------------------------------------------------------- secrets


def test_no_secret_is_ever_told(
    system: str, service: Service, pushed: Pushed, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "asyncio"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    told = io.StringIO()

    def repeats(connection: Any, request: Any) -> None:
        heard = " ".join([*request.headers.values(), request.body.decode(), *SECRETS.values()])
        # httpcore logs the headers of answers.
        login = " ".join(request.headers.get(name, "") for name in ("authorization", "accesskey"))
        answers(500, heard, X_Echo=login)(connection, request)

    def refuses(connection: Any, request: Any) -> None:
        says(400, {"message": f"bad {list(request.headers.values())}"})(connection, request)

    told.write(repr(pushed(service, [row("acme"), row("nobody")])))
    for act in (repeats, refuses):
        failing = SERVICES[system](["acme"])
        with failing.running():
            lets_pass(failing, *[act] * 4)
            told.write(repr(pushed(failing, [row("acme")])))
    wrong = dict.fromkeys(SECRETS, "a-wrong-secret")
    told.write(repr(pushed(service, [row("acme")], secrets=wrong)))
    heard = told.getvalue() + caplog.text
    hidden = [*SECRETS.values(), "a-wrong-secret", "00D-access-token"]
    assert [each for each in hidden if each in heard] == []
    login = next((r.headers.get("authorization") for r in service.server.requests), None)
    assert login is None or login.split()[-1] not in heard


def test_settings_and_apis_do_not_show_secrets(system: str, service: Service) -> None:
    from healthscore_assets.delivery.crm.opened import open_api

    api, voice = open_api(
        system,  # type: ignore[arg-type]
        settings(system, service.url),
        Secrets(SECRETS),
        lambda: NOW,
        list[float]().append,
        None,  # type: ignore[arg-type]
    )
    assert [each for each in SECRETS.values() if each in repr(api) + repr(voice)] == []


# ------------------------------------------------------------------------ which are configured


def test_a_system_is_configured_by_its_api_and_its_credentials() -> None:
    told = CrmSettings.model_validate(
        {
            "salesforce": {"api": {"url": "https://acme.my.salesforce.com"}},
            "hubspot": {"api": {}},
            "gainsight": {"api": {"url": "https://acme.gainsightcloud.com"}, "enabled": False},
        }
    )
    assert configured(told, Secrets(SECRETS)) == ("salesforce", "hubspot")
    partly = {"SALESFORCE_CLIENT_ID": "x", "ZENDESK_TOKEN": "y"}
    assert configured(told, Secrets(partly)) == ()
    assert configured(CrmSettings(), Secrets(SECRETS)) == ()


def test_a_system_without_an_api_says_how_to_set_it_up() -> None:
    waited: list[float] = []
    outcome = push(
        "hubspot",
        CrmSettings(),
        Secrets(SECRETS),
        [],
        KEY,
        clock=lambda: NOW,
        sleep=waited.append,
    )
    assert waited == []
    assert outcome == Outcome(
        Fate.CHANNEL_REFUSED,
        "channel hubspot (crm): crm.hubspot has no api; docs/delivery/hubspot.md tells how to set "
        "it up",
    )


def test_rows_come_from_the_published_table(tmp_path: Path) -> None:
    rows = [row(f"c{number:04}", partial=number % 2 == 0) for number in range(2_500)]
    path = tmp_path / "data.parquet"
    write_scores(path, rows)
    assert [*rows_of(path)] == rows


def write_scores(path: Path, rows: list[dict[str, Any]]) -> None:
    fields = [field.with_nullable(True) for field in schema_of(CRM_SCORES).to_pyarrow()]
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(fields)), path)


def test_a_channel_pushes_a_month_of_the_lake_and_waits_as_it_is_told_to(tmp_path: Path) -> None:
    lake = Lake.at(tmp_path)
    staged = lake.stage_file("run", "crm_scores", "2024-05")
    write_scores(staged, [row("acme")])
    lake.promote(staged, "crm_scores", "2024-05")
    waited: list[float] = []
    service = HubSpotServer(["acme"])
    with service.running() as server:
        told = settings("hubspot", service.url)
        channel = ScoresChannel("hubspot", told, Secrets(SECRETS), lake, lambda: NOW, waited.append)
        server.plays(answers(503, "busy", Retry_After="7"))
        outcome = channel.send(scores_of("2024-05"))
        assert channel.send(scores_of("2024-04")).fate is Fate.REFUSED
    assert outcome == Outcome(Fate.SENT, "channel hubspot (crm): took 1 client")
    assert service.written["acme"] == WRITTEN["hubspot"]
    assert waited == [7.0]


@pytest.mark.parametrize("damage", [b"no table", b"PAR1 cut off PAR1"])
def test_a_damaged_table_is_told_in_one_line(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "crm_scores" / "month=2024-05" / "data.parquet"
    file.parent.mkdir(parents=True)
    file.write_bytes(damage)
    told = CrmSettings.model_validate({"hubspot": {"api": {"url": "http://127.0.0.1:9"}}})
    lake = Lake.at(str(tmp_path))
    channel = ScoresChannel("hubspot", told, Secrets(SECRETS), lake, lambda: NOW, [].append)
    outcome = channel.send(scores_of("2024-05"))
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert outcome.says.startswith(f"hubspot: {file}: cannot be read (")
    assert outcome.says.endswith("); make the month again")
    assert "\n" not in outcome.says


def scores_of(month: str) -> Letter:
    return Letter(KEY, "", Document(purpose="scores", title="Scores", data={"month": month}))
