"""No secret in any record, outcome or repr, whatever a server does: everything is searched."""

import base64
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest
import trustme
from delivery_letters import letter, opened
from delivery_mail_server import MailServer, SayingServer
from delivery_servers import (
    Act,
    Connection,
    HttpServer,
    Request,
    answers,
    answers_less_than_announced,
    closes,
    closes_half_way,
    never_answers,
    raw_answer,
    resets,
    sends,
    server_context,
    trusting,
    unused_port,
)

from healthscore_assets.delivery.channels.channel import Channel, Outcome

PATH = "/services/T0001/B0002/hooksecret"
QUERY = "sig=sig%2Bsecret%2Fend"
SIGNING = "whsec_" + base64.b64encode(b"a key of 32 bytes for signatures").decode()
TOKEN = "xoxb-1234-tokenofthebot"
USER, PASSWORD = "robot-user", "pass/word+secret"
PLAIN = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
BASIC = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

SECRETS = (
    *("hooksecret", PATH, PATH.strip("/"), QUERY, "sig%2Bsecret%2Fend", "sig+secret/end"),
    *(SIGNING, SIGNING.removeprefix("whsec_"), TOKEN, USER, PASSWORD, PLAIN, BASIC),
)


def _in_all_forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return {secret, quote(secret, safe=""), unquote(secret), encoded}


ALL_FORMS = {form for secret in SECRETS for form in _in_all_forms(secret)}

Open = Callable[[str], Channel]


PATIENT, BRIEF = 30.0, 2.0


def _open(settings: dict[str, Any], timeout_seconds: float = PATIENT, **more: Any) -> Open:
    """The channel at a URL, which is put where `AT` stands in a secret or a setting."""

    def at(url: str) -> Channel:
        secrets = {
            "HOOK": f"{url}{PATH}?{QUERY}",
            "SIGNING": SIGNING,
            "TOKEN": TOKEN,
            "NOTIFY": f"{url}{PATH}?{QUERY}&rto={timeout_seconds}".replace("http", "json").replace(
                "://", f"://{USER}:{quote(PASSWORD, safe='')}@"
            ),
        }
        filled = {key: value.replace("AT", url) for key, value in settings.items()}
        limit = {} if settings["kind"] == "apprise" else {"timeout_seconds": timeout_seconds}
        return opened(filled | limit, secrets, **more)

    return at


KINDS = {
    "slack_webhook": {"kind": "slack", "webhook": "HOOK"},
    "slack_bot": {"kind": "slack", "token": "TOKEN", "channel": "C1", "api": "AT/api/"},
    "teams": {"kind": "teams", "webhook": "HOOK"},
    "webhook": {"kind": "webhook", "url": "HOOK", "secret": "SIGNING"},
    "apprise": {"kind": "apprise", "url": "NOTIFY"},
}


def repeated(request: Request) -> str:
    """All that a client sent, in every form."""
    told = f"{request.path} {' '.join(request.headers.values())}"
    forms = (told, unquote(told), quote(told, safe=""), base64.b64encode(told.encode()).decode())
    return " ".join((*forms, *ALL_FORMS, request.body.decode("latin-1")))


def repeats(status: int) -> Act:
    def act(connection: Connection, request: Request) -> None:
        told = repeated(request)
        host = "hooksecret" if "hooksecret" in request.path else "elsewhere"
        location = f"https://{host}.example.com{request.path}"
        headers = {"Location": location, "Retry_After": "3"}
        connection.write(raw_answer(status, told, **headers))

    return act


def repeats_as_no_answer() -> Act:
    return lambda connection, request: connection.write(repeated(request).encode() + b"\r\n\r\n")


def repeats_as_slack() -> Act:
    def act(connection: Connection, request: Request) -> None:
        told = repeated(request).replace("\\", "").replace('"', "")
        connection.write(
            raw_answer(200, f'{{"ok": false, "error": "{told}", "needed": "{TOKEN}"}}')
        )

    return act


ACTS: dict[str, Act] = {
    "taken": answers(200, "ok"),
    **{f"repeats with {status}": repeats(status) for status in (200, 302, 400, 401, 429, 500)},
    "repeats as no answer": repeats_as_no_answer(),
    "repeats as Slack": repeats_as_slack(),
    "closes": closes(),
    "resets": resets(),
    "half": closes_half_way(200, "ok"),
    "less": answers_less_than_announced(200, "ok"),
    "garbage": sends(b"\x00\xff"),
    "never": never_answers(),
}


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """All records of all loggers, as text, from DEBUG on."""
    texts: list[str] = []

    class Hear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            texts.append(f"{record.name} {self.format(record)} {record.args!r} {record.msg!r}")

    hear = Hear()
    roots = ("", "httpx", "httpcore", "httpcore.http11", "slack_sdk", "urllib3", "requests")
    loggers = [logging.getLogger(name) for name in (*roots, "apprise", "urllib3.connectionpool")]
    levels = [each.level for each in loggers]
    logging.getLogger().addHandler(hear)
    for each in loggers:
        each.setLevel(logging.DEBUG)
    try:
        yield texts
    finally:
        logging.getLogger().removeHandler(hear)
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)


@contextmanager
def searched(heard: list[str], capfd: pytest.CaptureFixture[str]) -> Iterator[list[object]]:
    """What is put into the list is searched afterwards, with all records and all output."""
    seen: list[object] = []
    yield seen
    output = capfd.readouterr()
    texts = [*map(repr, seen), *map(str, seen), *heard, output.out, output.err]
    found = {(form, text) for form in ALL_FORMS for text in texts if form in text}
    assert found == set()


def test_the_search_finds_what_is_logged(heard: list[str]) -> None:
    """Without the channel's silence the secret would be there."""
    with HttpServer(answers(200)).running() as server:
        httpx.post(f"{server.url}{PATH}")
    assert any("hooksecret" in each for each in heard)


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_server(kind: str, act: str, heard: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    with HttpServer(ACTS[act]).running() as server, searched(heard, capfd) as seen:
        channel = _open(KINDS[kind], BRIEF if act == "never" else PATIENT)(server.url)
        outcome = channel.send(letter(image=True))
        server.released.set()
        seen += [channel, outcome, *outcome.warnings]
    assert server.requests != []


OF_URL = ("hooksecret", PATH, PATH.strip("/"), QUERY, "sig%2Bsecret%2Fend", "sig+secret/end")
OF_KIND = {
    "slack_webhook": OF_URL,
    "slack_bot": (TOKEN,),
    "teams": OF_URL,
    "webhook": (*OF_URL, SIGNING, SIGNING.removeprefix("whsec_")),
}


@pytest.mark.parametrize("kind", OF_KIND)
def test_each_form_by_itself(
    kind: str, heard: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    """What a server says is shown, with a gap where the secret was."""
    told = [form for secret in OF_KIND[kind] for form in _in_all_forms(secret)]
    with HttpServer(answers(200)).running() as server, searched(heard, capfd) as seen:
        channel = _open(KINDS[kind])(server.url)
        for form in told:
            bot = json.dumps({"ok": False, "error": f"it was {form}!"})
            server.plays(
                answers(200, bot) if kind == "slack_bot" else answers(400, f"it was {form}!")
            )
            outcome = channel.send(letter())
            assert '"it was ***' in outcome.says
            seen.append(outcome)


@pytest.mark.parametrize("kind", KINDS)
def test_no_server(kind: str, heard: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    urls = (
        f"http://127.0.0.1:{unused_port()}",
        "https://hooks.invalid",
        "https://example.com:0",
        "https://no host",
        # The setting api of a bot is not read with one of these.
        *(("http://example.com:0", "http://no host", "") if kind != "slack_bot" else ()),
    )
    with searched(heard, capfd) as seen:
        for url in urls:
            channel = _open(KINDS[kind])(url)
            seen += [channel, channel.send(letter())]


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate(kind: str, heard: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    authority = trustme.CA()
    with HttpServer(answers(200, "ok"), authority).running() as server:
        for context in (None, trusting(authority)):
            with searched(heard, capfd) as seen:
                channel = _open(KINDS[kind], context=context)(server.url)
                seen += [channel, channel.send(letter())]


def _mail(port: int, context: Any, **more: Any) -> tuple[Channel, Outcome]:
    settings = {
        "kind": "email",
        "host": "127.0.0.1",
        "port": port,
        "sender": "health@example.com",
        "user": "MAIL_USER",
        "password": "MAIL_PASSWORD",
        "timeout_seconds": PATIENT,
    }
    secrets = {"MAIL_USER": USER, "MAIL_PASSWORD": PASSWORD}
    channel = opened(settings | more, secrets, context)
    return channel, channel.send(letter("ann@example.com"))


def test_a_password_that_is_a_word_of_ours() -> None:
    """It is hidden where the server says it, and no gap in our own words gives it away."""
    with SayingServer(b"554 refused, it said\r\n").running() as server:
        settings = {"kind": "email", "host": "127.0.0.1", "port": server.port}
        names = {"user": "MAIL_USER", "password": "MAIL_PASSWORD", "security": "starttls"}
        secrets = {"MAIL_USER": "robot", "MAIL_PASSWORD": "refused"}
        channel = opened({**settings, **names, "sender": "health@example.com"}, secrets)
        outcome = channel.send(letter("ann@example.com"))
    assert f'127.0.0.1:{server.port} refused (554 "***, it said"); ' in outcome.says


REPEATED = f" {PLAIN} {BASIC} {USER} {PASSWORD} {quote(PASSWORD, safe='')}\r\n".encode()


@pytest.mark.parametrize(
    "replies",
    [
        {"AUTH": b"535 wrong:" + REPEATED},
        {"AUTH": b"535-wrong:" + REPEATED + b"535 " + REPEATED},
        {"AUTH": b"421 busy:" + REPEATED},
        {"AUTH": b"what?" + REPEATED},
        {"AUTH": b"235 OK\r\n", "MAIL": b"550 no:" + REPEATED},
        {"AUTH": b"235 OK\r\n", "MAIL": b"250 OK\r\n", "RCPT": b"550 no:" + REPEATED},
        {},
    ],
)
def test_a_mail_server_that_repeats(
    replies: dict[str, bytes], heard: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    authority = trustme.CA()
    ready = {"EHLO": b"250-x\r\n250 AUTH PLAIN LOGIN\r\n", "RSET": b"250 OK\r\n"}
    context = server_context(authority)
    saying = SayingServer(b"220 x\r\n", context, **(ready | replies))
    with saying.running() as server, searched(heard, capfd) as seen:
        limit = PATIENT if replies else BRIEF
        seen += _mail(server.port, trusting(authority), security="tls", timeout_seconds=limit)
    assert any(each.startswith(b"AUTH") for each in server.heard)


def test_a_mail_server(heard: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    """One that takes it, one with a certificate that is not trusted, and none at all."""
    authority = trustme.CA()
    with MailServer(server_context(authority), (USER, PASSWORD)).running() as server:
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # the server's own, which hears it
        with searched(heard, capfd) as seen:
            seen += _mail(server.port, trusting(authority))
            seen += _mail(server.port, None)
            seen += _mail(unused_port(), None)
        logging.getLogger("mail.log").setLevel(logging.NOTSET)
    assert len(server.mails) == 1
