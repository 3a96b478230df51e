"""What channels that post over HTTP make of whatever a server may do."""

import ssl
import threading
from collections.abc import Callable

import pytest
import trustme
from delivery_letters import KEY, letter, opened
from delivery_servers import (
    Act,
    HttpServer,
    answers,
    answers_late,
    answers_less_than_announced,
    answers_twice,
    closes,
    closes_half_way,
    drips,
    never_answers,
    raw_answer,
    resets,
    sends,
    sends_beside_tls,
    trusting,
    unused_port,
)
from delivery_services import SLACK_PATH

from healthscore_assets.delivery.channels.channel import Channel, Fate, Outcome

KINDS = ("slack", "teams", "webhook")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"


def channel_of(
    kind: str, url: str, context: ssl.SSLContext | None = None, seconds: float = 20
) -> Channel:
    place = "url" if kind == "webhook" else "webhook"
    more = {"secret": "SIGNING"} if kind == "webhook" else {}
    settings = {"kind": kind, place: "HOOK", "timeout_seconds": seconds, **more}
    return opened(settings, {"HOOK": url, "SIGNING": SECRET}, context)


def sent(kind: str, *acts: Act, seconds: float = 20) -> Outcome:
    """What becomes of a letter at a server that does this."""
    with HttpServer(answers(500, "no act left")).running() as server:
        server.plays(*acts)
        return channel_of(kind, server.url + SLACK_PATH, seconds=seconds).send(letter())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("status", "fate"),
    [
        *((each, Fate.LATER) for each in (408, 425, 429, 500, 502, 503, 504, 599)),
        *((each, Fate.CHANNEL_REFUSED) for each in (401, 403, 404, 405, 407, 410)),
        *((each, Fate.REFUSED) for each in (400, 402, 409, 413, 415, 422, 499)),
    ],
)
def test_what_a_status_means(kind: str, status: int, fate: Fate) -> None:
    outcome = sent(kind, answers(status, "because of this"))
    assert outcome.fate is fate
    assert outcome.says.startswith(f"channel team ({kind}): answered {status}, and says ")
    assert '"because of this"; ' in outcome.says
    assert ("HOOK" in outcome.says) == (fate is Fate.CHANNEL_REFUSED)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("act", [answers, answers_twice])
def test_a_server_that_takes_it(kind: str, act: Callable[[int, str], Act]) -> None:
    """Also one that answers the same request twice."""
    with HttpServer(act(200, "ok")).running() as server:
        assert channel_of(kind, server.url + "/hook?key=1").send(letter()) == Outcome(Fate.SENT)
        (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/hook?key=1")
    assert request.headers["idempotency-key"] == KEY
    assert request.headers["content-type"].startswith("application/json")
    assert "2 alerts of Robin Reed" in request.body.decode()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("act", "says"),
    [
        (closes(), "broke off"),
        (resets(), "broke off"),
        (closes_half_way(200, "ok"), "broke off"),
        (answers_less_than_announced(200, "ok"), "broke off"),
        (sends(b"\x00\xff what is this?\r\n\r\n"), "broke off, or answered what is not HTTP"),
        (sends(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000), "broke off"),
        (sends(raw_answer(200, "zz\r\nok", Transfer_Encoding="chunked")), "broke off"),
    ],
)
def test_no_whole_answer(kind: str, act: Act, says: str) -> None:
    outcome = sent(kind, act)
    assert outcome.fate is Fate.LATER
    assert outcome.says.startswith(f"channel team ({kind}): 127.0.0.1 {says}")
    assert outcome.wait_seconds is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("act", [never_answers(), answers_late(200, "ok"), drips(b"X-Y: z\r\n")])
def test_a_server_that_is_too_slow(kind: str, act: Act) -> None:
    """A server that sends something now and then is no faster."""
    outcome = sent(kind, act, seconds=0.3)
    assert outcome.fate is Fate.LATER
    assert "no answer from 127.0.0.1 within 0.3 seconds; " in outcome.says


@pytest.mark.parametrize("kind", KINDS)
def test_a_slow_server_within_the_time_limit(kind: str) -> None:
    with HttpServer(answers_late(200, "ok")).running() as server:
        outcomes: list[Outcome] = []
        channel = channel_of(kind, server.url)
        thread = threading.Thread(target=lambda: outcomes.append(channel.send(letter())))
        thread.start()
        server.released.set()
        thread.join()
    assert outcomes == [Outcome(Fate.SENT)]


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_listens(kind: str) -> None:
    outcome = channel_of(kind, f"http://127.0.0.1:{unused_port()}/hook").send(letter())
    assert outcome.fate is Fate.LATER
    assert "127.0.0.1 refused the connection; " in outcome.says


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_nobody_has(kind: str) -> None:
    """The domain `invalid` is nobody's: RFC 2606."""
    outcome = channel_of(kind, "https://hooks.invalid/secretpath").send(letter())
    assert outcome.fate is Fate.LATER
    assert "the name hooks.invalid was not found; " in outcome.says


@pytest.mark.parametrize("kind", KINDS)
def test_a_redirect_is_not_followed(kind: str) -> None:
    with HttpServer(answers(200, "ok")).running() as other, HttpServer(closes()).running() as here:
        here.plays(answers(302, Location=f"{other.url}/login/secretofthelogin"))
        outcome = channel_of(kind, here.url).send(letter())
        assert other.requests == []
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert "answered 302, a redirect to 127.0.0.1; redirects are not followed" in outcome.says
    assert "HOOK" in outcome.says
    assert "secretofthelogin" not in outcome.says


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate(kind: str) -> None:
    """One that is trusted, and the same where another authority is."""
    authority = trustme.CA()
    with HttpServer(answers(200, "ok"), authority).running() as server:
        trusted = channel_of(kind, server.url, trusting(authority)).send(letter())
        other = channel_of(kind, server.url, trusting(trustme.CA())).send(letter())
        system = channel_of(kind, server.url).send(letter())
    assert trusted.fate is Fate.SENT
    for outcome in (other, system):
        assert outcome.fate is Fate.CHANNEL_REFUSED
        assert "the certificate of 127.0.0.1 is not trusted (" in outcome.says
        assert "SSL_CERT_FILE" in outcome.says


@pytest.mark.parametrize("act", [never_answers(), drips(b"X-Y: z\r\n")])
def test_a_secure_server_that_is_too_slow(act: Act) -> None:
    authority = trustme.CA()
    with HttpServer(act, authority).running() as server:
        outcome = channel_of("teams", server.url, trusting(authority), seconds=0.3).send(letter())
    assert outcome.fate is Fate.LATER
    assert "no answer from 127.0.0.1 within 0.3 seconds; " in outcome.says


def test_a_secure_connection_that_breaks() -> None:
    """A record of the right form that holds nothing that was encrypted."""
    authority = trustme.CA()
    with HttpServer(
        sends_beside_tls(b"\x17\x03\x03\x00\x40" + b"x" * 64), authority
    ).running() as server:
        outcome = channel_of("teams", server.url, trusting(authority)).send(letter())
    assert outcome.fate is Fate.LATER
    assert "127.0.0.1 broke off the secure connection (" in outcome.says


def test_a_server_that_wants_a_certificate_of_ours() -> None:
    authority = trustme.CA()
    with HttpServer(answers(200, "ok"), authority, knows_clients=True).running() as server:
        outcome = channel_of("teams", server.url, trusting(authority)).send(letter())
    assert outcome.fate is Fate.LATER
    assert "127.0.0.1 broke off" in outcome.says
    assert server.requests == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "nonsense://proxy", "http://pro xy:x"])
def test_a_proxy_that_cannot_be_used(
    kind: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    outcome = channel_of(kind, "https://hooks.example.com/secretpath").send(letter())
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert "the proxy that the environment names cannot be used; give HTTPS_PROXY" in outcome.says


def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers CONNECT with 501, as it is none."""
    with HttpServer(answers(200)).running() as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        outcome = channel_of("teams", "https://hooks.example.com/secretpath").send(letter())
    assert outcome.fate is Fate.LATER
    assert "the proxy on the way to hooks.example.com refused" in outcome.says


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_without_tls(kind: str) -> None:
    with HttpServer(answers(200, "ok")).running() as server:
        url = server.url.replace("http:", "https:")
        outcome = channel_of(kind, url).send(letter())
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert "127.0.0.1 does not speak TLS there" in outcome.says


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "told",
    [
        "no-url-but-a-secret",
        "hooks.example.com/services/secretpath",
        "ftp://hooks.example.com/secretpath",
        "file:///etc/passwd",
        "https://",
        "https:///secretpath",
        "https://hooks.example.com:99999/secretpath",
        "https://hooks.example.com:port/secretpath",
        "https://hooks..example.com/secretpath",
        "https://hooks example.com/secretpath",
        "https://hooks.example.com/secret path",
        "https://hooks.example.com/secret\npath",
        "https://[1::2/secretpath",
        "somebody@example.com",
        "mailto:somebody@example.com",
        f"https://{'a' * 64}.example.com/secretpath",
        f"https://hooks.example.com/{'a' * 70_000}",
    ],
)
def test_what_is_no_url(kind: str, told: str) -> None:
    outcome = channel_of(kind, told).send(letter())
    assert outcome == Outcome(
        Fate.CHANNEL_REFUSED,
        f"channel team ({kind}): HOOK holds no http or https URL; put the URL into HOOK",
    )


@pytest.mark.parametrize("kind", KINDS)
def test_http_is_for_this_machine(kind: str) -> None:
    outcome = channel_of(kind, "http://hooks.example.com/secretpath").send(letter())
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert "HOOK holds an http URL of hooks.example.com, where others could" in outcome.says
    assert outcome.says.endswith("; use https")
    port = unused_port()
    for host in ("localhost", "[::1]", "127.0.0.2"):
        outcome = channel_of(kind, f"http://{host}:{port}/").send(letter())
        assert outcome.fate is Fate.LATER


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("30", 30.0),
        ("0", 0.0),
        ("Fri, 31 May 2024 07:02:30 GMT", 150.0),  # it is 07:00
        ("Fri, 31 May 2024 07:02:30 -0000", 150.0),
        ("Fri, 31 May 2024 06:00:00 GMT", 0.0),
        ("99999999", 86_400.0),  # a day at most
        ("9" * 5_000, 86_400.0),
        ("Fri, 31 May 2124 07:00:00 GMT", 86_400.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("Fri, 99 May 2024 07:00:00 GMT", None),
        ("Fri, 31 May 2024 07:02:30 +9999999999999999", None),
        ("Sat, 01 Jan 0001 00:00:00 +2359", 0.0),
        ("", None),
    ],
)
def test_how_long_to_wait(status: int, told: str, seconds: float | None) -> None:
    outcome = sent("teams", answers(status, Retry_After=told))
    assert (outcome.fate, outcome.wait_seconds) == (Fate.LATER, seconds)


def test_what_a_server_says_is_cut_and_on_one_line() -> None:
    said = "one\r\ntwo\x1b[31m " + "x" * 300
    outcome = sent("teams", answers(400, said))
    # 200 characters with the ellipsis: "one two" and the escape take 13
    assert f'"one two\ufffd[31m {"x" * 186}…"; ' in outcome.says
    assert "\n" not in outcome.says


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    """A gigabyte is announced; after 64 kilobytes the channel has read enough."""
    head = raw_answer(400, Content_Length=str(2**30))
    outcome = sent("teams", sends(head + b"x" * 200_000))
    assert outcome.fate is Fate.REFUSED


def test_an_answer_that_is_no_text() -> None:
    outcome = sent("teams", answers(400, b"\xff\xfe\x00"))
    assert outcome.fate is Fate.REFUSED
