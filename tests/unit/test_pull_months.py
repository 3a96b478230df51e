"""Months pulled from a stand-in for Pendo: what is written, page by page, whatever goes wrong."""

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from delivery_servers import Act, HttpServer, answers
from pendo_pulls import Puller, in_order, rows_of, summed
from pendo_server import Pendo, event, some_events, some_features, stalls

from healthscore_assets.lake.months import span
from healthscore_assets.pendo.api.failed import PullFailed
from healthscore_assets.pendo.inbox import deliveries

MAY = "2024-05"


def may(**more: object) -> Pendo:
    return Pendo(some_events([MAY]), some_features(), **more)


def test_a_month_holds_the_sums_of_its_events(tmp_path: Path) -> None:
    pendo = Pendo(some_events(["2024-04", MAY, "2024-06"]), some_features())
    with pendo.running() as server:
        puller = Puller(tmp_path, server.url)
        (pulled,) = puller.pull(MAY)
    expected = summed(pendo.events, MAY, pendo.midnight)
    found = pq.read_table(puller.path(MAY)).to_pandas()
    pd.testing.assert_frame_equal(in_order(found), expected, check_dtype=False)
    assert pulled.rows == len(expected) > 200  # three pages at least
    assert pulled.pages == puller.pages >= 3
    assert (pulled.windows, pulled.changed, pulled.path) == (1, True, puller.path(MAY))
    assert puller.left() == ["features.csv", "pendo 2024-05.parquet"]


def test_rows_lie_in_one_order_and_without_what_changes_from_pull_to_pull(tmp_path: Path) -> None:
    one, other = may(), may()
    random.Random(9).shuffle(other.events)
    both = []
    for pendo, name in ((one, "one"), (other, "other")):
        with pendo.running() as server:
            puller = Puller(tmp_path / name, server.url, page_rows=100 if name == "one" else 137)
            puller.pull(MAY)
            both.append(puller.bytes_of(MAY))
    assert both[0] == both[1]
    assert list(rows_of(puller.path(MAY))[0]) == [
        "accountId",
        "visitorId",
        "featureId",
        "day",
        "numEvents",
        "numMinutes",
    ]


def test_names_and_groups_of_features_lie_beside_the_months(tmp_path: Path) -> None:
    with may().running() as server:
        puller = Puller(tmp_path, server.url)
        puller.pull(MAY)
    assert (tmp_path / "pulled" / "api" / "features.csv").read_text() == (
        "featureId,name,Product Area\n"
        'f0,"Feature, 0",Reports\n'
        'f1,"Feature, 1",Team\n'
        'f2,"Feature, 2",Reports\n'
        'f3,"Feature, 3",Team\n'
        'f4,"Feature, 4",\n'
    )
    found = {each.source_file: each for each in deliveries(tmp_path)}
    export = found["pulled/api/pendo 2024-05.parquet"].export
    assert found["pulled/api/features.csv"].is_names
    assert export is not None
    assert export.feature_names["f1"] == "Feature, 1"
    assert found["pulled/api/pendo 2024-05.parquet"].months == (MAY,)


def test_a_feature_that_is_gone_keeps_its_name(tmp_path: Path) -> None:
    pendo = may()
    with pendo.running() as server:
        puller = Puller(tmp_path, server.url)
        puller.pull(MAY)
        pendo.features = [{"id": "f0", "name": "New name", "group": None}]
        (again,) = puller.pull(MAY)
    lines = (tmp_path / "pulled" / "api" / "features.csv").read_text().splitlines()
    assert lines[1:3] == ["f0,New name,", 'f1,"Feature, 1",Team']
    assert again.changed


def test_a_pull_that_brings_the_same_touches_nothing(tmp_path: Path) -> None:
    with may().running() as server:
        puller = Puller(tmp_path, server.url)
        puller.pull(MAY)
        before = [p.stat() for p in sorted((tmp_path / "pulled" / "api").glob("[!.]*"))]
        (again,) = puller.pull(MAY)
        after = [p.stat() for p in sorted((tmp_path / "pulled" / "api").glob("[!.]*"))]
    assert not again.changed
    assert [(s.st_ino, s.st_ctime_ns) for s in before] == [(s.st_ino, s.st_ctime_ns) for s in after]


def test_a_correction_takes_the_place_of_the_month(tmp_path: Path) -> None:
    pendo = may()
    with pendo.running() as server:
        puller = Puller(tmp_path, server.url)
        (before,) = puller.pull(MAY)
        pendo.events = [*pendo.events, event("late", "acme", "f0", "2024-05-31")]
        (after,) = puller.pull(MAY)
    assert after.changed
    assert after.rows == before.rows + 1
    assert after.sha256 != before.sha256


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Pacific/Honolulu", "Europe/Berlin", "UTC"])
def test_days_are_those_of_the_subscription(zone: str, tmp_path: Path) -> None:
    days = ("2024-03-01", "2024-03-10", "2024-03-31")  # over the change to summer time
    pendo = Pendo([event("ann", "acme", "f0", day) for day in days], zone=zone)
    with pendo.running() as server:
        puller = Puller(tmp_path, server.url)
        puller.pull("2024-03")
    assert [row["day"] for row in rows_of(puller.path("2024-03"))] == [
        pendo.midnight(date.fromisoformat(day)) for day in days
    ]
    (delivery,) = [each for each in deliveries(tmp_path) if not each.is_names]
    assert delivery.months == ("2024-03",)


def test_a_month_without_use_leaves_what_was_there(tmp_path: Path) -> None:
    with may().running() as server:
        puller = Puller(tmp_path, server.url)
        puller.pull(MAY)
        before = puller.bytes_of(MAY)
        (june,) = puller.pull("2024-06")
        assert puller.bytes_of(MAY) == before
    assert (june.rows, june.changed, june.path, june.sha256) == (0, False, None, None)
    assert puller.left() == ["features.csv", "pendo 2024-05.parquet"]


def test_a_month_that_goes_on_is_asked_for_until_tomorrow(tmp_path: Path) -> None:
    with may().running() as server:
        puller = Puller(tmp_path, server.url, today=date(2024, 5, 6))
        puller.pull(MAY)
        series = server.requests[-1].json["request"]["pipeline"][0]["source"]["timeSeries"]
    assert series == {"period": "dayRange", "first": "date(2024, 5, 1)", "count": 7}


def test_a_month_that_lies_ahead_is_not_asked_for(tmp_path: Path) -> None:
    with may().running() as server:
        puller = Puller(tmp_path, server.url, today=date(2024, 5, 6))
        with pytest.raises(PullFailed, match="2024-06 is not pulled: it lies ahead of 2024-05-06"):
            puller.pull("2024-06")
        assert server.requests == []


# ------------------------------------------------------------------------------------ windows


def windows_of(server: HttpServer) -> list[tuple[str, int]]:
    """The windows of first pages, in the order that they were asked for."""
    found = []
    for request in server.requests:
        source, *rest = request.json["request"]["pipeline"]
        series = source["source"].get("timeSeries")
        if series is not None and "limit" in rest[-1] and "filter" not in rest[0]:
            found.append((series["first"].removeprefix("date(2024, 5, ")[:-1], series["count"]))
    return found


def undisturbed(tmp_path: Path, *months: str) -> dict[str, bytes]:
    with Pendo(some_events(months), some_features()).running() as server:
        puller = Puller(tmp_path / "undisturbed", server.url)
        puller.pull(*months)
    return puller.bytes_of(*months)


@pytest.mark.parametrize(
    "limit", [{"slow_rows": 60}, {"most_rows": 99}], ids=["five minutes", "rows of an answer"]
)
def test_windows_that_are_too_much_are_halved(limit: dict[str, int], tmp_path: Path) -> None:
    pendo = may(**limit)
    with pendo.running() as server:
        puller = Puller(tmp_path, server.url)
        (pulled,) = puller.pull(MAY)
        asked = windows_of(server)
    assert puller.bytes_of(MAY) == undisturbed(tmp_path, MAY)
    assert asked[:3] == [("1", 31), ("1", 16), ("1", 8)]
    assert pulled.windows > 4
    assert puller.waits == []  # the same again would be too much again
    assert any("2024-05-01 to 2024-05-31: " in line for line in puller.told)


@pytest.mark.parametrize(
    "act",
    [
        stalls(),
        answers(408),
        answers(504),
        answers(413, "too large"),
        answers(400, '{"message": "the result set exceeds the maximum"}'),
        answers(500, "context deadline exceeded"),
        answers(422, "request timed out"),
    ],
    ids=["stall", "408", "504", "413", "400 of size", "500 of time", "422 of time"],
)
def test_an_error_of_size_or_time_halves_at_once(act: Act, tmp_path: Path) -> None:
    with may().running() as server:
        puller = Puller(tmp_path, server.url, seconds=1)
        server.plays(*_after_features(server, act))
        (pulled,) = puller.pull(MAY)
        asked = windows_of(server)
    assert asked == [("1", 31), ("1", 16), ("17", 15)]
    assert pulled.windows == 2
    assert puller.waits == []
    assert puller.bytes_of(MAY) == undisturbed(tmp_path, MAY)


def _after_features(server: HttpServer, *acts: Act) -> list[Act]:
    """Acts for the requests after the first."""
    return [server.default, *acts]


def test_a_page_that_is_never_whole_halves_the_window(tmp_path: Path) -> None:
    with may().running() as server:
        puller = Puller(tmp_path, server.url)
        server.plays(*_after_features(server, server.default, *[answers(200, '{"resu')] * 6))
        (pulled,) = puller.pull(MAY)
    assert pulled.windows == 2
    assert len(puller.waits) == 5
    assert puller.bytes_of(MAY) == undisturbed(tmp_path, MAY)


def test_a_day_that_fails_still_is_told_in_a_line(tmp_path: Path) -> None:
    with may(slow_rows=0).running() as server:
        puller = Puller(tmp_path, server.url)
        with pytest.raises(PullFailed) as failed:
            puller.pull(MAY)
    assert str(failed.value) == (
        f'2024-05 is not pulled: Pendo at {server.url}: answered 504, and says "stream timeout" '
        "for 2024-05-01, and there is no smaller window; set page_rows or timeout_seconds in "
        "sources.yaml, or export that month by hand"
    )
    assert not puller.path(MAY).exists()


def test_a_visitor_with_more_than_a_page_halves_the_window(tmp_path: Path) -> None:
    events = [
        event("busy", "acme", f"f{n}", f"2024-05-{d:02}") for n in range(9) for d in range(1, 32)
    ]
    events += [event(f"v{n}", "bolt", "f0", "2024-05-03") for n in range(40)]
    with Pendo(events, some_features()).running() as server:
        puller = Puller(tmp_path, server.url)
        (pulled,) = puller.pull(MAY)
    assert pulled.rows == 9 * 31 + 40
    assert pulled.windows >= 4
    days = {row["day"] for row in rows_of(puller.path(MAY)) if row["visitorId"] == "busy"}
    assert len(days) == 31


# -------------------------------------------------------------------------------------- faults


def test_null_results_of_a_later_page_are_never_believed(tmp_path: Path) -> None:
    nothing = answers(200, '{"results": null}')
    with may().running() as server:
        puller = Puller(tmp_path, server.url)
        server.plays(*_after_features(server, server.default, *[nothing] * 5))
        (pulled,) = puller.pull(MAY)
    assert pulled.windows == 1
    assert puller.bytes_of(MAY) == undisturbed(tmp_path, MAY)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_page_that_repeats_is_asked_for_again(at: int, tmp_path: Path) -> None:
    pendo = may()
    with pendo.running() as server:
        puller = Puller(tmp_path, server.url)
        server.plays(*[server.default] * at, pendo.repeats(), pendo.repeats())
        (pulled,) = puller.pull(MAY)
    assert len(puller.waits) == 2
    assert pulled.windows == 1
    assert puller.bytes_of(MAY) == undisturbed(tmp_path, MAY)


def test_pages_that_repeat_for_good_end_with_a_line(tmp_path: Path) -> None:
    pendo = may()
    with pendo.running() as server:
        puller = Puller(tmp_path, server.url)
        server.plays(server.default, server.default, *[pendo.repeats()] * 1000)
        with pytest.raises(PullFailed, match="no smaller window; if it goes on, see whether Pendo"):
            puller.pull(MAY)
        assert len(server.requests) < 60
    assert not puller.path(MAY).exists()


def test_a_day_that_repeats_the_day_before_is_noticed(tmp_path: Path) -> None:
    """In Honolulu its midnight might be that of the next day farther east."""
    events = [event("ann", "acme", "f0", day) for day in ("2024-05-01", "2024-05-02")]
    pendo = Pendo(events, zone="Pacific/Honolulu", slow_rows=1)
    with pendo.running() as server:
        puller = Puller(tmp_path, server.url)
        splits = [server.default] * 6  # features; 31, 16, 8, 4, 2 days: too much
        page_and_days = [server.default] * 2
        server.plays(
            *splits, *page_and_days, lambda line, _: pendo.answer(line, server.requests[6])
        )
        (pulled,) = puller.pull(MAY)
    assert pulled.rows == 2
    assert any("repeats a page that was had already" in line for line in puller.told)


MONTHS = span("2022-09", "2024-08")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_years_with_faults_at_random_are_two_years_without(seed: int, tmp_path: Path) -> None:
    assert len(MONTHS) == 24
    pendo = Pendo(
        some_events(MONTHS),
        some_features(),
        faults=0.25,
        chance=random.Random(seed),
        slow_rows=500,
    )
    with pendo.running() as server:
        puller = Puller(tmp_path, server.url, seconds=0.5)
        puller.pull(*MONTHS)
    assert len({*pendo.thrown}) >= 11, pendo.thrown
    assert puller.bytes_of(*MONTHS) == undisturbed(tmp_path, *MONTHS)
    assert len(puller.left()) == 25


# -------------------------------------------------------------------------------------- resume


def broken_off(puller: Puller, server: HttpServer, pages: int) -> None:
    """A pull that gets so many pages, and then nothing that is whole."""
    server.plays(*[server.default] * (pages + 1), answers(429, Retry_After="9999"))
    with pytest.raises(PullFailed, match="asks to be left alone for 9999 s"):
        puller.pull(MAY)


def test_pages_that_were_got_are_not_asked_for_again(tmp_path: Path) -> None:
    with may().running() as server:
        puller = Puller(tmp_path, server.url)
        broken_off(puller, server, 2)
        assert puller.left()[0].startswith(".pull/2024-05/")
        asked = len(server.requests)
        (pulled,) = puller.pull(MAY)
        again = len(server.requests) - asked
    assert pulled.resumed == 2
    assert again == 1 + pulled.pages - 2 + 1  # features, the pages that were not had, the days
    assert puller.bytes_of(MAY) == undisturbed(tmp_path, MAY)
    assert puller.left() == ["features.csv", "pendo 2024-05.parquet"]


def test_windows_that_were_halved_are_not_tried_whole_again(tmp_path: Path) -> None:
    with may().running() as server:
        puller = Puller(tmp_path, server.url)
        # A page of the whole window, which is too much then; two of the half, and the end.
        acts = [server.default, server.default, answers(413), server.default]
        server.plays(*acts, answers(429, Retry_After="9999"))
        with pytest.raises(PullFailed):
            puller.pull(MAY)
        asked = len(windows_of(server))
        (pulled,) = puller.pull(MAY)
        assert ("1", 31) not in windows_of(server)[asked:]
    assert pulled.resumed == 1
    assert puller.bytes_of(MAY) == undisturbed(tmp_path, MAY)


@pytest.mark.parametrize(
    "change",
    [
        {"page_rows": 137},
        {"now": datetime(2024, 9, 2, 12, 0, 1, tzinfo=UTC)},
        {"now": datetime(2024, 8, 31, 12, tzinfo=UTC)},
        {"today": date(2024, 5, 7)},
    ],
    ids=["other settings", "a day later", "a clock set back", "another window"],
)
def test_pages_of_another_request_are_not_used(change: dict[str, object], tmp_path: Path) -> None:
    with may().running() as server:
        broken_off(Puller(tmp_path, server.url), server, 2)
        (pulled,) = Puller(tmp_path, server.url, **change).pull(MAY)
    assert pulled.resumed == 0


def test_pages_of_another_subscription_are_not_used(tmp_path: Path) -> None:
    with may().running() as server, may().running() as other:
        broken_off(Puller(tmp_path, server.url), server, 2)
        (pulled,) = Puller(tmp_path, other.url).pull(MAY)
        assert pulled.resumed == 0
        broken_off(Puller(tmp_path, server.url), server, 2)
        with pytest.raises(PullFailed, match="answered 403"):
            Puller(tmp_path, server.url, key="another").pull(MAY)
        (pulled,) = Puller(tmp_path, server.url).pull(MAY)
        assert pulled.resumed == 0
    kept = [p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()]
    assert not [content for content in kept if b"4f0c1dcd" in content or b"another" in content]


@pytest.mark.parametrize("damaged", ["the end", "the rows"])
def test_pages_that_cannot_be_read_are_got_again(damaged: str, tmp_path: Path) -> None:
    with may().running() as server:
        puller = Puller(tmp_path, server.url)
        broken_off(puller, server, 2)
        page = next((tmp_path / "pulled" / "api" / ".pull" / MAY).glob("*.parquet"))
        whole = page.read_bytes()
        rows = whole[:60] + bytes(60) + whole[120:]
        page.write_bytes(whole[:-9] if damaged == "the end" else rows)
        (pulled,) = puller.pull(MAY)
    assert pulled.resumed == 0
    assert puller.bytes_of(MAY) == undisturbed(tmp_path, MAY)


def test_what_a_broken_pull_kept_goes_with_the_next_of_another_day(tmp_path: Path) -> None:
    with may().running() as server:
        broken_off(Puller(tmp_path, server.url), server, 2)
        Puller(tmp_path, server.url).pull("2024-04")
        kept = tmp_path / "pulled" / "api" / ".pull" / MAY
        assert kept.is_dir()
        Puller(tmp_path, server.url, now=datetime(2024, 9, 2, 13, tzinfo=UTC)).pull("2024-04")
        assert not kept.exists()


def test_a_failed_pull_leaves_the_month_as_it_was(tmp_path: Path) -> None:
    pendo = may()
    with pendo.running() as server:
        puller = Puller(tmp_path, server.url)
        puller.pull(MAY)
        before = puller.bytes_of(MAY)
        pendo.events = [*pendo.events, event("late", "acme", "f0", "2024-05-31")]
        broken_off(puller, server, 2)
    assert puller.bytes_of(MAY) == before


def test_what_lies_hidden_is_no_delivery(tmp_path: Path) -> None:
    with may().running() as server:
        broken_off(Puller(tmp_path, server.url), server, 2)
    assert deliveries(tmp_path) == []


def test_seconds_are_those_that_passed(tmp_path: Path) -> None:
    with may().running() as server:
        puller = Puller(tmp_path, server.url)
        server.plays(server.default, answers(429, Retry_After="40"))
        (pulled,) = puller.pull(MAY)
    assert timedelta(seconds=pulled.seconds) == timedelta(seconds=40)
