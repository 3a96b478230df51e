"""Secrets in whatever form a server repeats them, and libraries that are quiet for a while."""

import base64
import html
import json
import logging
import threading
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthscore_assets.lookups.secrets import redacted
from healthscore_assets.web.hiding import forms, forms_of_services, forms_of_url
from healthscore_assets.web.quiet import quiet

SECRET = 'p/s+w=r&d "ü<'
URL = "https://user:pass%2Fword@hooks.example.com:8443/services/T0001/B0002/longsecret?sig=a%2Bb%2Fcde"


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower(),
        html.escape(SECRET),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps(SECRET).replace("/", "\\/"),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
    ],
)
def test_a_secret_as_it_may_be_written(written: str) -> None:
    shown = redacted(f"it was {written}!", *forms(SECRET))
    assert shown.removeprefix("it was ").strip('"=!').startswith("***")
    assert "s+w" not in shown
    assert written not in shown


@given(before=st.binary(max_size=12), after=st.binary(max_size=12))
def test_a_secret_in_base64_among_other_things(before: bytes, after: bytes) -> None:
    """As in a header of Basic or in SMTP's PLAIN. At its edges three characters may be left."""
    secret = "correct-horse-battery-staple"
    encoded = base64.b64encode(before + secret.encode() + after).decode()
    shown = redacted(encoded, *forms(secret))
    assert "***" in shown
    whole = base64.b64encode(secret.encode()).decode()
    assert not any(whole[start : start + 8] in shown for start in range(len(whole) - 8))
    assert len(shown.replace("***", "")) <= len(encoded) - (len(secret) * 8 // 6 - 2)


@pytest.mark.parametrize(
    "part",
    [
        URL,
        "/services/T0001/B0002/longsecret",
        "/services/T0001/B0002/longsecret?sig=a%2Bb%2Fcde",
        "services/T0001/B0002/longsecret",
        "longsecret",
        "sig=a%2Bb%2Fcde",
        "a%2Bb%2Fcde",
        "a+b/cde",
        "pass%2Fword",
        "pass/word",
    ],
)
def test_parts_of_a_url(part: str) -> None:
    assert redacted(f"see {part} there", *forms_of_url(URL)) == "see *** there"


def test_the_host_of_a_url_is_shown() -> None:
    text = "no answer from https://hooks.example.com:8443 today"
    assert redacted(text, *forms_of_url(URL)) == text


@pytest.mark.parametrize("told", ["no-url-but-a-secret", "https://[1::/secret", "", "/", "x:y"])
def test_what_is_no_url_is_secret_as_a_whole(told: str) -> None:
    assert told == "" or told not in redacted(f"<{told}>", *forms_of_url(told)) or told == "/"


@pytest.mark.parametrize("part", ["keyAAA1", "keyBBB2", "pass/word", "chat.example.com"])
def test_urls_of_apprise(part: str) -> None:
    """Of many services the host is a key: there is no telling which."""
    urls = "slack://keyAAA1/keyBBB2/keyC, jsons://user:pass%2Fword@chat.example.com/room"
    assert redacted(f"see {part} there", *forms_of_services(urls)) == "see *** there"


class _Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def test_libraries_are_quiet_and_heard_again() -> None:
    heard = _Heard()
    http, below = logging.getLogger("httpx"), logging.getLogger("httpcore.connection")
    before = (http.level, http.propagate, below.level, below.propagate)
    try:
        for logger in (http, below):
            logger.addHandler(heard)
            logger.setLevel(logging.DEBUG)
        with quiet():
            http.critical("secret of http")
            below.critical("secret below")
            logging.getLogger("httpcore.made_while_sending").critical("secret of a new one")
        http.debug("heard")
        below.debug("heard below")
    finally:
        for logger in (http, below):
            logger.removeHandler(heard)
        http.setLevel(before[0])
        below.setLevel(before[2])
    assert heard.texts == ["heard", "heard below"]
    assert (http.level, http.propagate, below.level, below.propagate) == before


def test_who_sends_longest_keeps_them_quiet() -> None:
    """Two threads: the one that ends first turns nothing on."""
    heard = _Heard()
    http = logging.getLogger("httpx")
    http.addHandler(heard)
    inside, ended = threading.Event(), threading.Event()

    def longer() -> None:
        with quiet():
            inside.set()
            ended.wait(20)
            http.critical("secret")

    try:
        with quiet():
            thread = threading.Thread(target=longer)
            thread.start()
            assert inside.wait(20)
        ended.set()
        thread.join()
        http.critical("heard")
    finally:
        http.removeHandler(heard)
    assert heard.texts == ["heard"]


def test_others_are_heard(caplog: pytest.LogCaptureFixture) -> None:
    with quiet():
        logging.getLogger("healthscore").warning("one letter waits")
    assert caplog.messages == ["one letter waits"]
