"""Who is compared: SCORING.md section 1."""

from __future__ import annotations

import pytest
from tables import Use, client_tables, engine

from healthscore_assets.scoring.base import bases


def base(*uses: Use, months_ago: list[int], silent_months: int = 3) -> dict[int, str]:
    """months_ago -> the clients of the base, in alphabetical order, one letter each."""
    _, client_month = client_tables(*uses)
    rows = engine().rows(bases(client_month, months_ago, silent_months).order_by("client_id"))
    found: dict[int, str] = {}
    for row in rows:
        found[row["months_ago"]] = found.get(row["months_ago"], "") + row["client_id"]
    return found


# Last listed: a this month, b to h one to seven months ago. Nobody else was listed in those months.
LAST_LISTED = [Use(client, ago=ago) for ago, client in enumerate("abcdefgh")]


@pytest.mark.parametrize(
    ("silent_months", "expected"),
    [(0, "a"), (1, "ab"), (3, "abcd"), (6, "abcdefg"), (24, "abcdefgh")],
)
def test_a_client_stays_for_the_silent_months(silent_months: int, expected: str) -> None:
    assert base(*LAST_LISTED, months_ago=[0], silent_months=silent_months) == {0: expected}


def test_each_month_has_the_base_it_had_then() -> None:
    # a is not in the base of a month before it was listed; e is, until three months after.
    found = base(*LAST_LISTED, months_ago=[0, 1, 2])
    assert found == {0: "abcd", 1: "bcde", 2: "cdef"}


def test_a_row_is_enough() -> None:
    # a: all zero. b: internal visitors only. c: engagement without an area.
    uses = [Use("a"), Use("b", audience="internal"), Use("c", {"Unmapped": 5})]
    assert base(*uses, months_ago=[0]) == {0: "abc"}


def test_a_client_listed_every_month_is_there_once() -> None:
    uses = [Use("a", ago=ago) for ago in range(8)]
    assert base(*uses, months_ago=[0, 1, 2, 3]) == {0: "a", 1: "a", 2: "a", 3: "a"}


def test_a_month_without_an_export_has_no_base_but_counts_as_silence() -> None:
    # Nobody is listed one month ago: the month is missing, so it has no base. b was last listed
    # three months ago and is still compared; c, four months ago, is not. What a missing month takes
    # from the three is not given back.
    uses = [Use("a"), Use("a", ago=2), Use("b", ago=3), Use("c", ago=4)]
    assert base(*uses, months_ago=[0, 1, 2]) == {0: "ab", 2: "abc"}


def test_the_month_at_hand_is_missing() -> None:
    assert base(Use("a", ago=1), months_ago=[0]) == {}


def test_a_client_that_leaves_and_returns() -> None:
    # b is listed 6 months ago and today; a always. Silent for 3 months (5, 4, 3 ago), then out.
    uses = [Use("a", ago=ago) for ago in range(8)] + [Use("b", ago=6), Use("b")]
    found = base(*uses, months_ago=list(range(8)))
    in_base = {ago for ago, clients in found.items() if "b" in clients}
    assert in_base == {6, 5, 4, 3, 0}
