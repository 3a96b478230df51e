"""What goes by Apprise, here to its plain JSON service."""

from collections.abc import Iterator

import pytest
import trustme
from delivery_letters import letter, opened
from delivery_servers import Act, HttpServer, answers, closes, unused_port

from healthscore_assets.delivery.channels.channel import Fate, Outcome
from healthscore_assets.delivery.rendering.plain import plain_text


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer(answers(200)).running() as server:
        yield server


def sent(url: str) -> Outcome:
    return opened({"kind": "apprise", "url": "NOTIFY"}, {"NOTIFY": url}).send(letter(image=True))


def test_a_text(server: HttpServer) -> None:
    assert sent(f"json://127.0.0.1:{server.port}/path") == Outcome(Fate.SENT)
    (request,) = server.requests
    assert request.json["title"] == "2 alerts of Robin Reed"
    assert request.json["message"].strip() == plain_text(letter(image=True).document).strip()


@pytest.mark.parametrize(
    ("act", "fate"),
    [
        (answers(401, "who?"), Fate.CHANNEL_REFUSED),
        (answers(404, "where?"), Fate.CHANNEL_REFUSED),
        (answers(429, "slow down"), Fate.LATER),
        (answers(500, "broken"), Fate.LATER),
        (closes(), Fate.LATER),
    ],
)
def test_a_service_that_does_not_take_it(server: HttpServer, act: Act, fate: Fate) -> None:
    server.plays(act)
    outcome = sent(f"json://127.0.0.1:{server.port}/path")
    assert outcome.fate is fate
    assert outcome.says.startswith('channel team (apprise): Apprise could not send, and says "')
    assert ("NOTIFY" in outcome.says) == (fate is Fate.CHANNEL_REFUSED)


def test_one_of_two(server: HttpServer) -> None:
    both = f"json://127.0.0.1:{unused_port()}/a,json://127.0.0.1:{server.port}/b"
    outcome = sent(both)
    assert outcome.fate is Fate.SENT
    assert outcome.warnings[0].endswith("; others of its URLs have the message")


def test_a_certificate_that_is_not_trusted() -> None:
    with HttpServer(answers(200), trustme.CA()).running() as secure:
        outcome = sent(f"jsons://127.0.0.1:{secure.port}/path")
        assert outcome.fate is Fate.LATER
        assert secure.requests == []


@pytest.mark.parametrize("url", ["no url", "unheardof://example.com/path", "slack://", ","])
def test_what_is_no_url_of_apprise(url: str) -> None:
    outcome = sent(url)
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert "NOTIFY holds no URL that Apprise can send to; " in outcome.says
