"""That no row of a month is lost, however a server answers, sorts, filters and ends its answers."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from delivery_servers import Connection, Request, answers
from pendo_pulls import Puller, in_order, summed
from pendo_server import Pendo, caseless, event, some_events, some_features

from healthscore_assets.pendo.api.days import read_days
from healthscore_assets.pendo.api.failed import NotWhole, PullFailed
from healthscore_assets.pendo.pulled import folder_of_warehouse

MAY = "2024-05"
NOTHING = answers(200, '{"results": null}')


def may(**more: object) -> Pendo:
    return Pendo(some_events([MAY]), some_features(), **more)


def undisturbed(tmp_path: Path) -> dict[str, bytes]:
    with may().running() as server:
        puller = Puller(tmp_path / "undisturbed", server.url)
        puller.pull(MAY)
    return puller.bytes_of(MAY)


# ---------------------------------------------------------------------------- nothing at all


@pytest.mark.parametrize("times", [1, 2, 3])
def test_null_results_that_pass_by_are_not_believed(times: int, tmp_path: Path) -> None:
    with may().running() as server:
        puller = Puller(tmp_path, server.url)
        server.plays(server.default, *[NOTHING] * times)
        puller.pull(MAY)
    assert puller.bytes_of(MAY) == undisturbed(tmp_path)
    assert puller.waits == [5, 25][:times]


def test_null_results_of_half_a_month_are_not_believed(tmp_path: Path) -> None:
    """The days of that half are told, and it is asked for again."""
    with may().running() as server:
        puller = Puller(tmp_path, server.url)
        server.plays(server.default, answers(413), NOTHING, NOTHING, NOTHING)
        (pulled,) = puller.pull(MAY)
    assert pulled.windows == 2
    assert puller.bytes_of(MAY) == undisturbed(tmp_path)
    assert puller.waits == [5, 25]


def test_a_month_that_lost_most_of_its_rows_keeps_its_file(tmp_path: Path) -> None:
    pendo = may()
    with pendo.running() as server:
        puller = Puller(tmp_path, server.url)
        (whole,) = puller.pull(MAY)
        before = puller.bytes_of(MAY)
        pendo.events = [each for each in pendo.events if each["day"].day < 14]
        for _ in range(2):  # nor from pages that were kept
            with pytest.raises(PullFailed) as failed:
                puller.pull(MAY)
            assert puller.bytes_of(MAY) == before
        assert re.fullmatch(
            rf"2024-05 is not pulled: Pendo tells of \d+ rows, and {puller.path(MAY)} has "
            rf"{whole.rows}; if that is right, delete the file and pull again",
            str(failed.value),
        )
        pendo.events = []
        with pytest.raises(PullFailed, match="Pendo tells of 0 rows"):
            puller.pull(MAY)
        assert puller.bytes_of(MAY) == before
        puller.path(MAY).unlink()
        (empty,) = puller.pull(MAY)
    assert (empty.rows, empty.changed, empty.path) == (0, False, None)


def test_features_that_are_not_told_are_asked_for_again(tmp_path: Path) -> None:
    pendo = may()
    with pendo.running() as server:
        puller = Puller(tmp_path, server.url)
        server.plays(NOTHING, NOTHING)
        puller.pull(MAY)
        before = puller.bytes_of(MAY)
        assert before == undisturbed(tmp_path)
        assert puller.waits == [5, 25]
        pendo.features = []
        pendo.events = [*pendo.events, event("late", "acme", "f0", "2024-05-31")]
        with pytest.raises(PullFailed, match="tells of use, and of no features; if it goes on"):
            puller.pull(MAY)
    assert puller.bytes_of(MAY) == before


# -------------------------------------------------------------- how servers end, sort and filter


def letters_of(*letters: str) -> list[dict[str, Any]]:
    """400 rows of 40 visitors, ten days each."""
    people = [f"{letter}{n}" for letter in letters for n in range(40 // len(letters))]
    days = [f"2024-05-{day:02}" for day in range(1, 11)]
    return [event(who, "acme", "f0", day) for who in people for day in days]


NOBODY = [event(None, "acme", "f0", f"2024-05-{day:02}") for day in range(1, 8)]
MIXED = letters_of(*"aBcDeFgH")


@pytest.mark.parametrize(
    ("events", "habit"),
    [
        (MIXED, {"cut_rows": 90}),
        ([*MIXED, *NOBODY], {"nulls_last": True}),
        (MIXED, {"letters": caseless}),
        (MIXED, {"filtered": caseless}),
        (MIXED, {"letters": caseless, "filtered": caseless}),
        ([*MIXED, *NOBODY], {"letters": caseless, "nulls_last": True, "cut_rows": 60}),
    ],
    ids=["cut off", "nulls last", "sorted otherwise", "filtered otherwise", "both", "all"],
)
def test_no_row_is_lost_at_servers_of_other_habits(
    events: list[dict[str, Any]], habit: dict[str, Any], tmp_path: Path
) -> None:
    pendo = Pendo(events, **habit)
    with pendo.running() as server:
        puller = Puller(tmp_path, server.url)
        puller.pull(MAY)
    found = pq.read_table(puller.path(MAY)).to_pandas()
    expected = summed(events, MAY, pendo.midnight)
    pd.testing.assert_frame_equal(in_order(found), expected, check_dtype=False)


def test_a_limit_of_the_server_costs_no_smaller_windows(tmp_path: Path) -> None:
    with Pendo(MIXED, cut_rows=90).running() as server:
        (pulled,) = Puller(tmp_path, server.url).pull(MAY)
    assert (pulled.rows, pulled.windows) == (400, 1)


def test_another_order_is_seen_by_the_first_page(tmp_path: Path) -> None:
    with Pendo(MIXED, letters=caseless).running() as server:
        puller = Puller(tmp_path, server.url)
        puller.pull(MAY)
        pages = [r for r in server.requests if "filter" in str(r.json["request"]["pipeline"])]
    assert pages == []
    assert "in another order of visitors than that of their letters" in puller.told[0]


def test_a_day_that_pendo_tells_less_of_than_it_has_fails(tmp_path: Path) -> None:
    events = [event(f"v{n}", "acme", "f0", "2024-05-03") for n in range(200)]
    with Pendo(events, cut_rows=8).running() as server:
        puller = Puller(tmp_path, server.url)
        with pytest.raises(PullFailed) as failed:
            puller.pull(MAY)
    assert (
        "its pages hold 8 uses of the day that begins at 2024-05-03 04:00 UTC, and Pendo tells of "
        "200 for 2024-05-03, and there is no smaller window; if it goes on, see whether Pendo is "
        "well, or export that month by hand"
    ) in str(failed.value)
    assert not puller.path(MAY).exists()


@pytest.mark.parametrize(("now", "again"), [("2024-05-30", 0), ("2024-06-30", 1)])
def test_what_comes_while_a_day_is_young_is_no_loss(now: str, again: int, tmp_path: Path) -> None:
    pendo = may()

    def more(connection: Connection, request: Request) -> None:
        pendo.answer(connection, request)
        pendo.events = [*pendo.events, event("late", "acme", "f0", "2024-05-28")]

    with pendo.running() as server:
        at = datetime.fromisoformat(now).replace(tzinfo=UTC)
        puller = Puller(tmp_path, server.url, now=at, today=at.date())
        server.plays(*[server.default] * 4, more)
        puller.pull(MAY)
    assert sum("asked for again" in line for line in puller.told) == again


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([{"day": 5, "numEvents": 1}, {"day": 5, "numEvents": 2}], "uses of each day once"),
        ([{"numEvents": 1}], "uses of each day once"),
        ([{"day": 5, "numEvents": "1"}], "has no whole number as numEvents in row 1"),
    ],
)
def test_days_that_are_no_days_are_refused(
    rows: list[dict[str, Any]], says: str, tmp_path: Path
) -> None:
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps({"results": rows}))
    with pytest.raises(NotWhole, match=says):
        read_days(answer)
    answer.write_text('{"results": [{"day": 5.0, "numEvents": 2}, {"day": 7, "numEvents": 0}]}')
    assert read_days(answer) == {5: 2}


# ---------------------------------------------------------------------------- another source


def test_a_month_of_a_warehouse_is_not_pulled_as_well(tmp_path: Path) -> None:
    other = folder_of_warehouse(tmp_path) / "usage 2024-05.parquet"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"the same in other words")
    with may().running() as server:
        puller = Puller(tmp_path, server.url)
        with pytest.raises(PullFailed) as failed:
            puller.pull(MAY)
        assert server.requests == []
        puller.pull("2024-04")
    assert str(failed.value) == (
        f"2024-05 is not pulled: {other} has that month from a warehouse; take one source for it: "
        "delete that file, or leave the month out"
    )
    assert not puller.path(MAY).exists()
