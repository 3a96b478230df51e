"""E-mail, against servers that speak SMTP and servers that do not quite."""

import socket
import ssl
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
import trustme
from delivery_letters import KEY, letter, opened
from delivery_mail_server import MailServer, SayingServer
from delivery_servers import server_context, trusting, unused_port

from healthscore_assets.delivery.channels.channel import Fate, Outcome
from healthscore_assets.delivery.documents.document import Image
from healthscore_assets.delivery.settings import EmailChannel, read_delivery_settings
from healthscore_assets.lookups.refused import LookupRefused

USER, PASSWORD = "robot@example.com", "pass/word+of=robot"
ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[MailServer]:
    server = MailServer(server_context(authority), (USER, PASSWORD))
    with server.running():
        yield server


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    return trusting(authority)


def sent(
    port: int,
    context: ssl.SSLContext | None = None,
    to: str = ANN,
    password: str | None = PASSWORD,
    **more: Any,
) -> Outcome:
    settings = {
        "kind": "email",
        "host": "127.0.0.1",
        "port": port,
        "sender": "Healthscore <health@example.com>",
        "timeout_seconds": 20,
        **({"user": "MAIL_USER", "password": "MAIL_PASSWORD"} if password else {}),
        **more,
    }
    secrets = {"MAIL_USER": USER, "MAIL_PASSWORD": password or ""}
    return opened(settings, secrets, context).send(letter(to))


def plainly(port: int, **more: Any) -> Outcome:
    """Without TLS and login, as within a house."""
    return sent(port, password=None, security="none", **more)


def test_a_mail(server: MailServer, context: ssl.SSLContext) -> None:
    assert sent(server.port, context, f"Ann <{ANN}>, {BOB}") == Outcome(Fate.SENT)
    (mail,) = server.mails
    assert (mail.sender, mail.recipients) == ("health@example.com", (ANN, BOB))
    assert mail.message["Subject"] == "2 alerts of Robin Reed"
    assert mail.message["Message-ID"] == f"<{KEY}@example.com>"
    assert mail.message["Date"] == "Fri, 31 May 2024 07:00:00 +0000"
    assert server.logins == ["PLAIN"]


def test_tls_at_once(authority: trustme.CA, context: ssl.SSLContext) -> None:
    server = MailServer(server_context(authority), (USER, PASSWORD), at_once_tls=True)
    with server.running():
        assert sent(server.port, context, security="tls") == Outcome(Fate.SENT)
    assert server.logins == ["PLAIN"]
    assert len(server.mails) == 1


def test_a_login_the_other_way(authority: trustme.CA, context: ssl.SSLContext) -> None:
    server = MailServer(
        server_context(authority), (USER, PASSWORD), auth_exclude_mechanism=["PLAIN"]
    )
    with server.running():
        assert sent(server.port, context) == Outcome(Fate.SENT)
    assert server.logins == ["LOGIN"]


def test_no_tls_where_the_network_is_yours() -> None:
    with MailServer().running() as server:
        assert plainly(server.port) == Outcome(Fate.SENT)
    assert len(server.mails) == 1


def test_a_password_that_is_wrong(server: MailServer, context: ssl.SSLContext) -> None:
    outcome = sent(server.port, context, password="expired")
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert f"channel team (email): 127.0.0.1:{server.port} refused the login (535 " in outcome.says
    assert outcome.says.endswith("; put a valid user and password into MAIL_USER and MAIL_PASSWORD")
    assert server.mails == []


def test_a_password_that_no_server_takes(server: MailServer, context: ssl.SSLContext) -> None:
    outcome = sent(server.port, context, password="pässwörd")
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert "MAIL_USER and MAIL_PASSWORD holds characters that" in outcome.says


def test_a_login_that_is_missing(server: MailServer, context: ssl.SSLContext) -> None:
    outcome = sent(server.port, context, password=None)
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert "wants a login (530 " in outcome.says


def test_a_login_that_is_not_offered(authority: trustme.CA, context: ssl.SSLContext) -> None:
    with MailServer(
        server_context(authority), auth_exclude_mechanism=["PLAIN", "LOGIN"]
    ).running() as server:
        outcome = sent(server.port, context)
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert "offers no login by user and password" in outcome.says


def test_no_starttls() -> None:
    """The password stays here."""
    with SayingServer(b"220 x\r\n", EHLO=b"250-x\r\n250 AUTH PLAIN\r\n").running() as server:
        outcome = sent(server.port)
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert "does not offer STARTTLS; set security: tls" in outcome.says
    assert [each.split()[0] for each in server.heard] == [b"ehlo"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_is_not_trusted(authority: trustme.CA, security: str) -> None:
    server = MailServer(server_context(authority), at_once_tls=security == "tls")
    with server.running():
        outcome = sent(server.port, security=security)
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert f"the certificate of 127.0.0.1:{server.port} is not trusted (" in outcome.says
    assert "SSL_CERT_FILE" in outcome.says


def test_tls_at_once_where_there_is_none() -> None:
    with MailServer().running() as server:
        outcome = sent(server.port, security="tls")
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert "does not speak TLS at once; set security: starttls" in outcome.says


def test_an_authority_of_your_own(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What the message says to do: SSL_CERT_FILE, in a process of its own."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    program = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from delivery_letters import letter, opened\n"
        "told = {'kind': 'email', 'host': '127.0.0.1', 'port': int(sys.argv[1]),"
        " 'sender': 'health@example.com'}\n"
        "print(opened(told, {}).send(letter('ann@example.com')))"
    )
    with MailServer(server_context(authority)).running() as server:
        done = run(
            [sys.executable, "-c", program, str(server.port)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert "SENT" in done.stdout, done
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    ("reply", "fate"),
    [
        ("451 4.3.0 later", Fate.LATER),
        ("421 4.3.2 going down", Fate.LATER),
        ("550 5.7.1 not you", Fate.CHANNEL_REFUSED),
        ("553 5.7.1 not your address", Fate.CHANNEL_REFUSED),
        ("552 5.3.4 too large", Fate.REFUSED),
    ],
)
def test_a_sender(reply: str, fate: Fate) -> None:
    with MailServer().running() as server:
        server.sender_replies = [reply]
        outcome = plainly(server.port)
    assert outcome.fate is fate
    code, text = reply.split(" ", 1)
    assert f'({code} "{text}")' in outcome.says


def test_a_mail_that_is_too_large() -> None:
    """The server says how much it takes, and is asked before the message is sent."""
    with MailServer(data_size_limit=500).running() as server:
        outcome = plainly(server.port)
    assert outcome.fate is Fate.REFUSED
    assert "refused the message as too large (552 " in outcome.says


def test_one_recipient_is_refused() -> None:
    with MailServer().running() as server:
        server.recipient_replies = {BOB: "550 5.1.1 no such user"}
        outcome = plainly(server.port, to=f"{ANN}, {BOB}, {EVE}")
    assert outcome.fate is Fate.SENT
    assert outcome.warnings == (
        'channel team (email): bob@example.com was refused (550 "5.1.1 no such user"); the others'
        " have the message, and it is not tried again",
    )
    assert [each.recipients for each in server.mails] == [(ANN, EVE)]


@pytest.mark.parametrize(
    ("replies", "fate"),
    [
        ({ANN: "550 no such user", BOB: "550 no such user"}, Fate.REFUSED),
        ({ANN: "450 greylisted", BOB: "450 greylisted"}, Fate.LATER),
        ({ANN: "550 no such user", BOB: "452 mailbox full"}, Fate.LATER),
        ({ANN: "421 going down"}, Fate.LATER),
    ],
)
def test_all_recipients_are_refused(replies: dict[str, str], fate: Fate) -> None:
    with MailServer().running() as server:
        server.recipient_replies = replies
        outcome = plainly(server.port, to=f"{ANN}, {BOB}")
    assert outcome.fate is fate
    code, text = replies[ANN].split(" ", 1)
    assert f'{ANN}: {code} "{text}"' in outcome.says
    assert server.mails == []


@pytest.mark.parametrize(
    ("reply", "fate"),
    [
        ("451 4.3.0 later", Fate.LATER),
        ("452 4.3.1 disk full", Fate.LATER),
        ("552 5.3.4 too large", Fate.REFUSED),
        ("554 5.7.1 looks like spam", Fate.REFUSED),
        ("550 5.7.1 refused by policy", Fate.REFUSED),
    ],
)
def test_a_message(reply: str, fate: Fate) -> None:
    with MailServer().running() as server:
        server.data_replies = [reply]
        outcome = plainly(server.port)
        assert outcome.fate is fate
        assert plainly(server.port) == Outcome(Fate.SENT)
    code, text = reply.split(" ", 1)
    assert f'({code} "{text}")' in outcome.says


def test_a_server_that_answers_twice() -> None:
    """The second answer is taken for that to the farewell; the mail is sent."""
    with MailServer().running() as server:
        server.data_replies = ["250 OK\r\n250 OK"]
        assert plainly(server.port) == Outcome(Fate.SENT)
    assert len(server.mails) == 1


def test_a_connection_that_breaks_after_the_message() -> None:
    """Nobody knows whether it was taken; sent again it is the same mail."""
    with MailServer().running() as server:
        server.drops_after_data = 1
        outcome = plainly(server.port)
        assert outcome.fate is Fate.LATER
        assert "broke off before it had answered" in outcome.says
        assert plainly(server.port) == Outcome(Fate.SENT)
    assert [each.message["Message-ID"] for each in server.mails] == [f"<{KEY}@example.com>"] * 2
    assert server.mails[0].raw == server.mails[1].raw


def test_a_server_that_is_too_slow_with_its_answer() -> None:
    with MailServer().running() as server:
        server.waits_after_data = True
        outcome = plainly(server.port, timeout_seconds=0.3)
    assert outcome.fate is Fate.LATER


GREETING = b"220 here\r\n"
READY = {"EHLO": b"250 here\r\n", "MAIL": b"250 OK\r\n", "RCPT": b"250 OK\r\n"}


@pytest.mark.parametrize(
    ("greeting", "replies", "fate", "says"),
    [
        (b"", {}, Fate.LATER, "broke off before it had answered"),
        (b"421 busy\r\n", {}, Fate.LATER, 'does not take it now (421 "busy")'),
        (b"554 blocked\r\n", {}, Fate.CHANNEL_REFUSED, 'refused (554 "blocked")'),
        (b"HTTP/1.1 400 Bad\r\n\r\n", {}, Fate.LATER, "answered what is not SMTP"),
        (b"\xff\xfe\x00\r\n", {}, Fate.LATER, "answered what is not SMTP"),
        (b"220 " + b"x" * 20_000 + b"\r\n", {}, Fate.CHANNEL_REFUSED, "Line too long"),
        (GREETING, {}, Fate.LATER, "broke off"),
        (
            GREETING,
            {"EHLO": b"what?\r\n", "HELO": b"what?\r\n"},
            Fate.LATER,
            "answered what is not SMTP",
        ),
        (GREETING, {"EHLO": b"421 busy\r\n", "HELO": b"421 busy\r\n"}, Fate.LATER, "(421"),
        (GREETING, READY, Fate.LATER, "broke off"),  # at DATA
        (GREETING, {**READY, "DATA": b"450 not now\r\n"}, Fate.LATER, "(450"),
        (GREETING, {**READY, "DATA": b"354 go\r\n"}, Fate.LATER, "broke off"),
        (GREETING, {**READY, "DATA": b"354 go\r\n", ".": b"250 OK\r\n"}, Fate.SENT, ""),
        (GREETING, {**READY, "DATA": b"250 OK\r\n250 OK\r\n"}, Fate.LATER, "not SMTP"),
    ],
)
def test_a_server_that_breaks_off(
    greeting: bytes, replies: dict[str, bytes], fate: Fate, says: str
) -> None:
    """At each step; and whatever it does to the farewell of a mail that it took."""
    with SayingServer(greeting, **replies).running() as server:
        outcome = plainly(server.port, timeout_seconds=20)
    assert outcome.fate is fate
    assert says in outcome.says


def test_a_server_that_never_greets() -> None:
    with SayingServer(None).running() as server:
        outcome = plainly(server.port, timeout_seconds=0.3)
    assert outcome.fate is Fate.LATER
    assert outcome.says.endswith(
        f" 127.0.0.1:{server.port} was not done with the message within 0.3 seconds; if it goes on,"
        " ask whoever runs that server, or raise timeout_seconds"
    )


def in_time(server: SayingServer, outcome: Outcome, seconds: float = 0.5) -> bool:
    found = f" 127.0.0.1:{server.port} was not done with the message within {seconds:g} seconds; "
    return outcome.fate is Fate.LATER and found in outcome.says


@pytest.mark.parametrize(
    ("after", "drip", "replies"),
    [
        ("greeting", b"x", {}),
        ("greeting", b"220-x\r\n", {}),
        ("EHLO", b"250-x\r\n", {"EHLO": b"250-x\r\n"}),
        ("RCPT", b"x", {**READY, "RCPT": b"250"}),
        (".", b"x", {**READY, "DATA": b"354 go\r\n", ".": b"250"}),
    ],
)
@pytest.mark.parametrize("tls", [False, True])
def test_a_server_that_sends_something_now_and_then(
    authority: trustme.CA,
    context: ssl.SSLContext,
    tls: bool,
    after: str,
    drip: bytes,
    replies: dict[str, bytes],
) -> None:
    """The time limit is one over all; each wait by itself is short."""
    greeting = b"220-x\r\n" if after == "greeting" else GREETING
    saying = SayingServer(greeting, server_context(authority) if tls else None, **replies)
    saying.drips_after, saying.drip = after, drip
    with saying.running() as server:
        security = "tls" if tls else "none"
        outcome = sent(server.port, context, password=None, security=security, timeout_seconds=0.5)
    assert in_time(server, outcome)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_handshake_that_goes_on_and_on(security: str) -> None:
    """A record of 16,384 bytes of TLS, a few of them now and then."""
    greeting = b"" if security == "tls" else GREETING
    replies = {"EHLO": b"250-x\r\n250 STARTTLS\r\n", "STARTTLS": b"220 go\r\n"}
    saying = SayingServer(greeting, **replies)
    saying.drips_after = "greeting" if security == "tls" else "STARTTLS"
    saying.drip = b"\x16\x03\x03\x40\x00"
    with saying.running() as server:
        outcome = sent(server.port, security=security, timeout_seconds=0.5)
    assert in_time(server, outcome)


@pytest.mark.parametrize("tls", [False, True])
def test_a_server_that_takes_a_message_in_slowly(
    authority: trustme.CA, context: ssl.SSLContext, tls: bool
) -> None:
    replies = {**READY, "DATA": b"354 go\r\n", ".": b"250 OK\r\n"}
    saying = SayingServer(GREETING, server_context(authority) if tls else None, **replies)
    saying.reads_slowly = True
    settings = {
        "kind": "email",
        "host": "127.0.0.1",
        "port": saying.port,
        "security": "tls" if tls else "none",
        "sender": "health@example.com",
        "timeout_seconds": 2,  # longer than a server of this pace keeps one piece waiting
    }
    large = letter(ANN)
    image = Image(png=bytes(12_000_000), says="more than the buffers on the way hold")
    with saying.running() as server:
        outcome = opened(settings, {}, context).send(
            replace(large, document=large.document.model_copy(update={"image": image}))
        )
    assert in_time(server, outcome, 2)


def test_a_host_one_of_whose_addresses_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the resolver is played: no name of this machine has these addresses."""
    with socket.create_server(("127.0.0.2", 0), backlog=0) as full:
        port = full.getsockname()[1]
        with (
            socket.create_connection(("127.0.0.2", port)),  # who comes next waits for ever
            MailServer(port=port).running() as server,
        ):
            real = socket.getaddrinfo

            def resolve(host: str, *more: Any, **options: Any) -> list[Any]:
                names = ["127.0.0.2", "127.0.0.1"] if host == "mail.example" else [host]
                return [found for name in names for found in real(name, *more, **options)]

            monkeypatch.setattr(socket, "getaddrinfo", resolve)
            outcome = plainly(port, host="mail.example", timeout_seconds=2)
    assert outcome == Outcome(Fate.SENT)
    assert len(server.mails) == 1


def test_a_farewell_that_goes_on_and_on() -> None:
    """The message was taken by then."""
    replies = {**READY, "DATA": b"354 go\r\n", ".": b"250 OK\r\n", "QUIT": b"221"}
    saying = SayingServer(GREETING, **replies)
    saying.drips_after, saying.drip = "QUIT", b"x"
    with saying.running() as server:
        assert plainly(server.port, timeout_seconds=2) == Outcome(Fate.SENT)


def test_nobody_listens() -> None:
    port = unused_port()
    outcome = plainly(port)
    assert outcome.fate is Fate.LATER
    assert f"127.0.0.1:{port} refused the connection" in outcome.says


def test_a_name_that_nobody_has() -> None:
    """The domain `invalid` is nobody's: RFC 2606."""
    outcome = plainly(25, host="mail.invalid")
    assert outcome.fate is Fate.LATER
    assert "the name mail.invalid was not found" in outcome.says


@pytest.mark.parametrize(
    "host",
    [
        "",
        "mail..example.com",
        "a" * 70,
        "https://mail.example.com",
        "mail.example.com:587",
        "mail.example.com/",
        "mail example.com",
        "ann@example.com",
    ],
)
def test_a_host_that_is_none(tmp_path: Path, host: str) -> None:
    """Settings are not read with one."""
    file = tmp_path / "delivery.yaml"
    file.write_text(
        f'channels:\n  mail:\n    kind: email\n    host: "{host}"\n    sender: health@example.com\n'
    )
    with pytest.raises(LookupRefused, match=r"setting channels\.mail\.host: is no name of a host"):
        read_delivery_settings(file)


@pytest.mark.parametrize("host", ["mail.example.com", "127.0.0.1", "::1", "mail", "mäil.example"])
def test_a_host(host: str) -> None:
    told = {"kind": "email", "host": host, "sender": "health@example.com"}
    assert EmailChannel.model_validate(told).host == host


@pytest.mark.parametrize(
    "to", ["", "ann", "ann@", "ann@example.com, bob", "ann@x\nBcc: b@x", "zoë@example.com"]
)
def test_what_is_no_address(to: str) -> None:
    outcome = plainly(unused_port(), to=to)
    assert outcome.fate is Fate.REFUSED
    assert "is no e-mail address; write one as ann@example.com" in outcome.says


def test_a_sender_that_is_no_address() -> None:
    outcome = plainly(unused_port(), sender="Healthscore")
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert "sender: 'Healthscore' is no e-mail address" in outcome.says


def test_a_challenge_that_is_none(context: ssl.SSLContext, authority: trustme.CA) -> None:
    """CRAM-MD5 begins with something in base64; what this server says is none."""
    replies = {"EHLO": b"250-x\r\n250 AUTH CRAM-MD5\r\n", "AUTH": b"334 abc\r\n"}
    with SayingServer(GREETING, server_context(authority), **replies).running() as server:
        outcome = sent(server.port, context, security="tls")
    assert outcome.fate is Fate.LATER
    assert "answered what is not SMTP" in outcome.says
