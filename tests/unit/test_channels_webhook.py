"""Signed webhooks, against a receiver that verifies them by the library and by hand."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from delivery_letters import KEY, NOW, letter, opened
from delivery_servers import Connection, Request, answers, closes
from delivery_services import RECEIVER_PATH, WebhookReceiver

from healthscore_assets.delivery.channels.channel import Channel, Fate, Outcome

RAW = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(RAW).decode()


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver(SECRET)
    with receiver.running():
        yield receiver


def channel(url: str, secret: str = SECRET, now: datetime = NOW) -> Channel:
    settings = {"kind": "webhook", "url": "HOOK_URL", "secret": "HOOK_SECRET"}
    return opened(settings, {"HOOK_URL": url, "HOOK_SECRET": secret}, now=now)


def test_a_message_that_is_verified(receiver: WebhookReceiver) -> None:
    """The library allows five minutes, so this one is sent at the time it is."""
    outcome = channel(receiver.url, now=datetime.now(UTC)).send(letter())
    assert outcome == Outcome(Fate.SENT)
    assert receiver.kept[KEY]["title"] == "2 alerts of Robin Reed"
    assert receiver.kept[KEY]["data"] == {"alerts": 2}


def test_a_message_that_was_lost_on_the_way_back(receiver: WebhookReceiver) -> None:
    """Taken, and the answer lost: it comes again with the same id, and is kept once."""
    sending = channel(receiver.url, now=datetime.now(UTC))

    def takes_and_closes(_: Connection, request: Request) -> None:
        receiver.server.default(_Mute(), request)  # type: ignore[arg-type]

    receiver.server.plays(takes_and_closes)
    assert sending.send(letter()).fate is Fate.LATER
    assert sending.send(letter()).fate is Fate.SENT
    assert receiver.taken == 2
    assert list(receiver.kept) == [KEY]


class _Mute:
    def write(self, raw: bytes) -> None:
        """An answer that does not arrive."""


@pytest.mark.parametrize(
    "secret", [SECRET, SECRET.removeprefix("whsec_"), SECRET.rstrip("="), f" {SECRET}\n"]
)
def test_the_signature(receiver: WebhookReceiver, secret: str) -> None:
    """By the specification: HMAC-SHA256 of id, time and body, parted by dots, in base64."""
    receiver.server.plays(answers(200))
    assert channel(receiver.url, secret).send(letter()).fate is Fate.SENT
    (request,) = receiver.server.requests
    # 2024-05-31 07:00 UTC: `date -ud '2024-05-31 07:00' +%s`
    assert request.headers["webhook-timestamp"] == "1717138800"
    assert request.headers["webhook-id"] == request.headers["idempotency-key"] == KEY
    signed = f"{KEY}.1717138800.".encode() + request.body
    expected = base64.b64encode(hmac.new(RAW, signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"
    assert json.loads(request.body)["id"] == KEY


def test_the_time_of_another_zone(receiver: WebhookReceiver) -> None:
    """The same moment gives the same signature."""
    receiver.server.plays(answers(200), answers(200))
    for zone in (UTC, timezone(timedelta(hours=9))):
        channel(receiver.url, now=NOW.astimezone(zone)).send(letter())
    first, second = (each.headers["webhook-signature"] for each in receiver.server.requests)
    assert first == second


def test_a_receiver_with_another_secret(receiver: WebhookReceiver) -> None:
    other = base64.b64encode(bytes(32)).decode()
    outcome = channel(receiver.url, other, datetime.now(UTC)).send(letter())
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert 'answered 401, and says "No matching signature found"' in outcome.says
    assert "see whether HOOK_URL or HOOK_SECRET still holds what is valid there" in outcome.says


def test_a_clock_that_is_wrong(receiver: WebhookReceiver) -> None:
    outcome = channel(receiver.url, now=NOW).send(letter())
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert '"Message timestamp too old"' in outcome.says


@pytest.mark.parametrize(
    "secret",
    [
        "whsec_",
        "my secret words",
        "whsec_!!!not-base64!!!",
        base64.b64encode(bytes(23)).decode(),
        base64.b64encode(bytes(65)).decode(),
        "schlüssel",
    ],
)
def test_a_secret_that_signs_nothing(receiver: WebhookReceiver, secret: str) -> None:
    outcome = channel(receiver.url, secret).send(letter())
    assert outcome == Outcome(
        Fate.CHANNEL_REFUSED,
        "channel team (webhook): HOOK_SECRET holds no key of 24 to 64 bytes in base64; make one"
        " with: openssl rand -base64 32",
    )
    assert receiver.server.requests == []


def test_a_wrong_path(receiver: WebhookReceiver) -> None:
    receiver.server.plays(answers(404, f"no such path: {RECEIVER_PATH}"))
    outcome = channel(receiver.url).send(letter())
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert 'says "no such path: ***"' in outcome.says


def test_a_server_that_is_there_the_next_time(receiver: WebhookReceiver) -> None:
    receiver.server.plays(closes())
    sending = channel(receiver.url, now=datetime.now(UTC))
    assert [sending.send(letter()).fate for _ in range(2)] == [Fate.LATER, Fate.SENT]
