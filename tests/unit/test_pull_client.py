"""What a request to Pendo's API comes to, whatever the server does; nothing tells the key."""

import json
import logging
import re
import socket
from datetime import date
from pathlib import Path

import pytest
import trustme
from delivery_servers import (
    Act,
    HttpServer,
    answers,
    closes,
    drips,
    never_answers,
    raw_answer,
    resets,
    sends,
    trusting,
    unused_port,
)
from hypothesis import given
from hypothesis import strategies as st
from pendo_pulls import VARIABLE, Puller
from pendo_server import KEY, ODD_VISITORS, Pendo, event, holds, some_events, some_features

from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.lookups.secrets import SecretMissing, Secrets
from healthscore_assets.lookups.sources_settings import PendoApi, read_sources_settings
from healthscore_assets.pendo.api.bodies import Window, days_body, quoted
from healthscore_assets.pendo.api.client import TRIES
from healthscore_assets.pendo.api.failed import NotWhole, PullFailed
from healthscore_assets.pendo.api.opened import HOSTS, open_pendo
from healthscore_assets.pendo.api.pages import SCHEMA, answered, read_page

MAY = "2024-05"


def failure(tmp_path: Path, *acts: Act, key: str = KEY, seconds: float = 5.0) -> PullFailed:
    """What a pull ends with at a server that does this of the first requests."""
    with Pendo(some_events([MAY])).running() as server:
        server.plays(*acts)
        with pytest.raises(PullFailed) as failed:
            Puller(tmp_path, server.url, key=key, seconds=seconds).pull(MAY)
    assert "\n" not in str(failed.value)
    return failed.value


def pulled(tmp_path: Path, *acts: Act, seconds: float = 5.0) -> Puller:
    """A pull that comes to its end in spite of this."""
    with Pendo(some_events([MAY])).running() as server:
        server.plays(*acts)
        puller = Puller(tmp_path, server.url, seconds=seconds)
        (month,) = puller.pull(MAY)
    assert month.rows > 0
    return puller


# ------------------------------------------------------------------------------- what is asked


def test_what_is_asked_is_what_pendo_documents(tmp_path: Path) -> None:
    with Pendo([event("ann", "acme", "f1", "2024-05-01")]).running() as server:
        Puller(tmp_path, server.url).pull(MAY)
        features, events, days = server.requests
    assert (events.method, events.path) == ("POST", "/api/v1/aggregation")
    assert events.headers["x-pendo-integration-key"] == KEY
    assert events.headers["content-type"] == "application/json"
    assert features.json == {
        "response": {"mimeType": "application/json"},
        "request": {
            "requestId": "healthscore features",
            "pipeline": [
                {"source": {"features": {"appId": 'expandAppIds("*")'}}},
                {"sort": ["id"]},
            ],
        },
    }
    assert events.json["request"]["pipeline"] == [
        {
            "source": {
                "featureEvents": {"appId": 'expandAppIds("*")'},
                "timeSeries": {"period": "dayRange", "first": "date(2024, 5, 1)", "count": 31},
            }
        },
        {
            "group": {
                "group": ["visitorId", "accountId", "featureId", "day"],
                "fields": [
                    {"numEvents": {"sum": "numEvents"}},
                    {"numMinutes": {"sum": "numMinutes"}},
                ],
            }
        },
        {"sort": ["visitorId", "accountId", "featureId", "day"]},
        {"limit": 100},
    ]
    assert days.json["request"]["pipeline"] == [
        events.json["request"]["pipeline"][0],
        {"group": {"group": ["day"], "fields": [{"numEvents": {"sum": "numEvents"}}]}},
        {"sort": ["day"]},
    ]


@given(st.text(), st.text())
def test_an_id_cannot_break_out_of_its_filter(visitor: str, other: str) -> None:
    expression = f"visitorId >= {quoted(visitor)}"
    assert holds(expression, {"visitorId": visitor})
    assert holds(expression, {"visitorId": other}) == (other >= visitor)


@pytest.mark.parametrize("visitor", ODD_VISITORS)
def test_odd_ids_are_paged_by(visitor: str, tmp_path: Path) -> None:
    """The page ends with the odd one, so the next is asked for from it on."""
    days = [f"2024-05-{day:02}" for day in range(1, 32)]
    events = [event(visitor, "acme", f"f{n}", day) for n in range(3) for day in days]
    events += [event(f"{visitor}~{n}", "acme", "f0", "2024-05-01") for n in range(40)]
    with Pendo([event("", "bolt", "f0", "2024-05-02"), *events]).running() as server:
        (month,) = Puller(tmp_path, server.url).pull(MAY)
    assert month.rows == 93 + 40 + 1


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({}, "Pendo (us, https://app.pendo.io)"),
        ({"region": "us1"}, "Pendo (us1, https://us1.app.pendo.io)"),
        ({"region": "eu"}, "Pendo (eu, https://app.eu.pendo.io)"),
        ({"region": "jpn"}, "Pendo (jpn, https://app.jpn.pendo.io)"),
        ({"region": "au"}, "Pendo (au, https://app.au.pendo.io)"),
        ({"region": "eu", "address": "https://x.example/"}, "Pendo at https://x.example"),
    ],
)
def test_each_region_has_its_address(settings: dict[str, str], place: str) -> None:
    secrets = Secrets({VARIABLE: KEY})
    puller = Puller(Path(), "")
    found = open_pendo(
        PendoApi(**settings), secrets, lambda: puller.now, puller.waits.append, print
    )
    assert found.place == place
    assert KEY not in repr(found)
    assert len(HOSTS) == 5


def test_an_address_has_no_path(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text("pendo:\n  address: https://app.pendo.io/api/v1\n")
    with pytest.raises(LookupRefused, match=r"pendo.address: must be without a path; that of"):
        read_sources_settings(path)


@pytest.mark.parametrize("key", ["two words", "ключ", "line\nbreak"])
def test_what_cannot_be_a_key_is_not_sent(key: str) -> None:
    with pytest.raises(SecretMissing, match=f"^{VARIABLE} holds what cannot be") as refused:
        _ = Puller(Path(), "http://127.0.0.1:1", key=key).pendo
    assert key not in str(refused.value)


# ------------------------------------------------------------------------ what ends it at once


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_is_told_by_its_variable(status: int, tmp_path: Path) -> None:
    failed = failure(tmp_path, answers(status))
    assert failed.lasting
    assert re.fullmatch(
        rf"2024-05 is not pulled: Pendo at http://127.0.0.1:\d+: answered {status} to the key in "
        rf"{VARIABLE}; see that it is an integration key of this data centre that is not revoked "
        r"and allows write access \(Pendo: Settings > Integrations > Integration Keys\)",
        str(failed),
    )


def test_a_bad_key_is_sent_once(tmp_path: Path) -> None:
    with Pendo(some_events([MAY])).running() as server:
        puller = Puller(tmp_path, server.url, key="a-key-that-was-revoked")
        with pytest.raises(PullFailed, match="answered 403 to the key"):
            puller.pull(MAY)
        assert len(server.requests) == 1
    assert puller.waits == []


@pytest.mark.parametrize("status", [400, 404, 409, 410, 422])
def test_other_refusals_are_told_in_the_words_of_the_server(status: int, tmp_path: Path) -> None:
    words = f"Bad\npipeline for {KEY}: " + "x" * 500
    failed = failure(tmp_path, answers(status, words))
    assert failed.lasting
    assert f'answered {status}, and says "Bad pipeline for ***: xxx' in str(failed)
    assert len(str(failed)) < 450
    assert KEY not in str(failed)


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    failed = failure(tmp_path, answers(302, Location="https://elsewhere.example/"))
    assert "answered 302, a redirect; put the address that it leads to" in str(failed)


def test_a_certificate_that_is_not_trusted_is_told(tmp_path: Path) -> None:
    authority = trustme.CA()
    with HttpServer(answers(200), authority).running() as server:
        with pytest.raises(PullFailed, match="SSL_CERT_FILE") as failed:
            Puller(tmp_path, server.url).pull(MAY)
        assert failed.value.lasting


def test_an_authority_of_ones_own_is_trusted(tmp_path: Path) -> None:
    authority = trustme.CA()
    pendo = Pendo([event("ann", "acme", "f1", "2024-05-01")])
    with HttpServer(pendo.answer, authority).running() as server:
        puller = Puller(tmp_path, server.url)
        settings = PendoApi(address=server.url)
        opened = open_pendo(
            settings,
            Secrets({VARIABLE: KEY}),
            lambda: puller.now,
            puller.waits.append,
            puller.told.append,
            trusting(authority),
        )
        rows = opened.ask(
            days_body(Window(date(2024, 6, 1), 1)),
            tmp_path / "answer.json",
            lambda answer: [*answered(answer)],
            most_bytes=1000,
        )
    assert rows == []


# ------------------------------------------------------------------------- what is tried again


@pytest.mark.parametrize(
    "act",
    [
        answers(500),
        answers(502, "<html>"),
        answers(503),
        answers(429),
        answers(204),
        answers(200, '{"results": [{"id": "f1"'),
        answers(200, "<html>"),
        answers(200, ""),
        answers(200, "{}"),
        answers(200, '{"message": "ok"}'),
        answers(200, '{"results": 7}'),
        answers(200, '{"results": ["f1"]}'),
        answers(200, '{"results": [{"name": "without an id"}]}'),
        resets(),
        closes(),
        sends(b"SSH-2.0-OpenSSH_9.2\r\n"),
        sends(raw_answer(200, "x" * 100, Content_Length="50", Content_Encoding="gzip")),
    ],
)
def test_what_may_pass_is_tried_again(act: Act, tmp_path: Path) -> None:
    puller = pulled(tmp_path, act, act)
    assert len(puller.waits) == 2
    assert len(puller.told) == 2


def test_waits_grow_and_end(tmp_path: Path) -> None:
    failed = failure(tmp_path, *[answers(503)] * TRIES)
    assert "answered 503; if it goes on, see whether Pendo is well" in str(failed)
    assert not failed.lasting
    puller = pulled(tmp_path, *[answers(503)] * (TRIES - 1))
    for wait, least in zip(puller.waits, (1, 2, 4, 8, 16), strict=True):
        assert least <= wait <= least + 1


@pytest.mark.parametrize("status", [429, 503])
def test_pendo_is_left_alone_for_as_long_as_it_asks(status: int, tmp_path: Path) -> None:
    at = "Sun, 01 Sep 2024 12:02:47 GMT"  # the clock of the puller is at 12:00, and 42 s later
    puller = pulled(tmp_path, answers(status, Retry_After="42"), answers(status, Retry_After=at))
    assert puller.waits == [42, 125]


def test_without_its_word_a_limit_is_waited_out(tmp_path: Path) -> None:
    assert pulled(tmp_path, answers(429)).waits == [30]


def test_who_asks_for_more_than_five_minutes_is_asked_another_day(tmp_path: Path) -> None:
    failed = failure(tmp_path, answers(429, Retry_After="301"))
    assert "asks to be left alone for 301 s; wait" in str(failed)
    assert failed.lasting


def test_a_server_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    puller = Puller(tmp_path, f"http://127.0.0.1:{unused_port()}")
    with pytest.raises(PullFailed, match="refused the connection; see whether it can be") as failed:
        puller.pull(MAY)
    assert not failed.value.lasting
    assert not failed.value.reached
    assert len(puller.waits) == TRIES - 1
    assert not (tmp_path / "pulled" / "api" / ".pull" / MAY / "2024-05-01+31.split").exists()


def test_a_server_that_is_silent_is_given_up(tmp_path: Path) -> None:
    """A queue of connections that is full drops what comes, as a firewall does."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for each in (first, second):
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        puller = Puller(tmp_path, f"http://127.0.0.1:{full.getsockname()[1]}", seconds=0.6)
        with pytest.raises(PullFailed, match=r"127.0.0.1 does not answer; see whether") as failed:
            puller.pull(MAY)
    assert failed.value.lasting
    assert not failed.value.reached


@pytest.mark.parametrize("act", [never_answers(), drips(b"X-Still: here\r\n")])
def test_a_request_has_its_time_from_first_to_last(act: Act, tmp_path: Path) -> None:
    puller = pulled(tmp_path, act, seconds=0.7)
    assert puller.told == [f"no answer within 0.7 s; asked again in {puller.waits[0]:.0f} s"]


def test_an_answer_without_end_is_not_kept(tmp_path: Path) -> None:
    puller = Puller(tmp_path, "")
    with HttpServer(answers(200, '{"results": [' + " " * 5_000_000)).running() as server:
        puller.url = server.url
        with pytest.raises(Exception, match="an answer of more than 1 MB"):
            puller.pendo.ask({}, tmp_path / "a.json", lambda path: path, most_bytes=1 << 20)
    assert (tmp_path / "a.json").stat().st_size <= 1 << 20


def test_nothing_tells_the_key(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    puller = pulled(tmp_path, answers(500, f"{KEY} failed"), answers(429, json.dumps(KEY)))
    assert puller.told
    told = "\n".join([*puller.told, caplog.text])
    assert KEY not in told
    assert "500" in told
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(KEY.encode() in content for content in files)


# ------------------------------------------------------------------------- what a page is held to

JUNE_3 = 1717372800000  # 2024-06-03T00:00Z
ROW = {"visitorId": "ann", "accountId": "a", "featureId": "f", "day": JUNE_3, "numEvents": 1}


def page(tmp_path: Path, *rows: object, begins_with: str | None = None, limit: int = 9) -> list:
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps({"results": rows}))
    found = read_page(answer, Window(date(2024, 6, 3), 2), begins_with, limit)
    assert found.rows.schema == SCHEMA
    return [found.rows.to_pylist(), found.then]


def test_the_visitor_at_the_end_of_a_full_page_is_left_to_the_next(tmp_path: Path) -> None:
    bob = {**ROW, "visitorId": "bob"}
    rows, then = page(tmp_path, ROW, bob, bob, limit=3)
    assert [row["visitorId"] for row in rows] == ["ann"]
    assert then == "bob"
    rows, then = page(tmp_path, ROW, bob, bob, limit=4)
    assert [row["visitorId"] for row in rows] == ["ann", "bob", "bob"]
    assert then is None


def test_rows_without_visitor_or_account_are_kept(tmp_path: Path) -> None:
    (rows, _) = page(
        tmp_path,
        {**ROW, "visitorId": None},
        {**ROW, "accountId": ""},
        {**ROW, "visitorId": "b", "accountId": None},
    )
    assert [(row["visitorId"], row["accountId"]) for row in rows] == [
        (None, "a"),
        ("ann", ""),
        ("b", None),
    ]


def test_numbers_are_read_as_what_they_are(tmp_path: Path) -> None:
    (rows, _) = page(tmp_path, {**ROW, "visitorId": 7, "numEvents": 2.0, "numMinutes": 1.5})
    assert rows == [
        {
            "accountId": "a",
            "visitorId": "7",
            "featureId": "f",
            "day": JUNE_3,
            "numEvents": 2,
            "numMinutes": 1.5,
        }
    ]


HOUR = 3_600_000


@pytest.mark.parametrize("day", [JUNE_3 - 14 * HOUR, JUNE_3, JUNE_3 + 36 * HOUR])
def test_days_of_every_time_zone_are_taken(day: int, tmp_path: Path) -> None:
    assert page(tmp_path, {**ROW, "day": day})[0][0]["day"] == day


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            [{**ROW, "day": JUNE_3 - 14 * HOUR - 1}],
            "tells of another day than was asked for, in row 1",
        ),
        ([ROW, {**ROW, "day": JUNE_3 + 36 * HOUR + 1}], "another day than was asked for, in row 2"),
        ([{**ROW, "day": None}], "has no day in row 1"),
        ([{**ROW, "day": "2024-06-03"}], "has no whole number as day in row 1"),
        ([{**ROW, "featureId": None}], "has no featureId in row 1"),
        ([{**ROW, "numEvents": 1.5}], "has no whole number as numEvents in row 1"),
        ([{**ROW, "numEvents": True}], "has no whole number as numEvents in row 1"),
        ([{**ROW, "numEvents": 1e19}], "has no whole number as numEvents in row 1"),
        ([{**ROW, "numMinutes": "3"}], "has no number as numMinutes in row 1"),
        ([{**ROW, "featureId": True}], "has no text as featureId in row 1"),
        ([{**ROW, "accountId": 1.5}], "has no text as accountId in row 1"),
        ([ROW, {**ROW, "visitorId": "bob"}, ROW], "is not sorted by visitor"),
        ([{**ROW, "visitorId": f"v{n}"} for n in range(10)], "holds more than the 9 rows"),
        ([["ann", "a", "f", JUNE_3, 1, 1]], "holds what is no row"),
    ],
)
def test_a_page_that_is_not_what_was_asked_for_is_refused(
    rows: list[object], says: str, tmp_path: Path
) -> None:
    with pytest.raises(NotWhole, match=says):
        page(tmp_path, *rows)


def test_a_later_page_begins_with_its_visitor(tmp_path: Path) -> None:
    with pytest.raises(NotWhole, match="does not begin with the visitor"):
        page(tmp_path, ROW, begins_with="bob")
    with pytest.raises(NotWhole, match="holds nothing, not even the visitor"):
        page(tmp_path, begins_with="bob")


def test_the_names_of_groups_are_read(tmp_path: Path) -> None:
    with Pendo([event("ann", "acme", "f1", "2024-05-01")], some_features()).running() as server:
        Puller(tmp_path, server.url).pull(MAY)
    lines = (tmp_path / "pulled" / "api" / "features.csv").read_text().splitlines()
    assert lines[1:3] == ['f0,"Feature, 0",Reports', 'f1,"Feature, 1",Team']


def test_a_list_of_features_by_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pulled" / "api").mkdir(parents=True)
    path = tmp_path / "pulled" / "api" / "features.csv"
    path.write_text("id;title\n1;x\n")
    with Pendo(some_events([MAY]), some_features()).running() as server:
        puller = Puller(tmp_path, server.url)
        with pytest.raises(PullFailed, match=r"features.csv: is not the list .* move it away"):
            puller.pull(MAY)
    assert path.read_text() == "id;title\n1;x\n"
    assert not puller.path(MAY).exists()
