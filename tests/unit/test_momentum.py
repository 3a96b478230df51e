"""Each client against its own past: SCORING.md section 4."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pytest
from tables import Use, by, client_tables, found, momentum

from healthscore_assets.contracts import MOMENTUM
from healthscore_assets.lookups.scoring_settings import ScoringSettings


def moved(
    *uses: Use, silent_months: int = 3, flat_band: float = 0.1, partial: Iterable[int] = ()
) -> dict[str, dict[str, Any]]:
    """client -> its row of `momentum`."""
    settings = ScoringSettings(silent_months=silent_months, flat_band=flat_band)
    _, client_month = client_tables(*uses)
    table = momentum(client_month, settings, frozenset(partial))
    return by(found(MOMENTUM, table), "client_id")


def history(client: str, *engagement: float | None) -> list[Use]:
    """A client's engagement, oldest month first, the last being the month at hand; None where no
    export lists it."""
    months = enumerate(reversed(engagement))
    return [Use(client, {"P": x} if x else {}, ago=ago) for ago, x in months if x is not None]


# A second client that is always listed, so that every month is delivered.
STEADY = history("z", *[5] * 10)


def trend(row: dict[str, Any]) -> list[Any]:
    return [row["engagement_avg_3m"], row["engagement_trend"], row["direction"]]


def test_a_month_against_the_three_before() -> None:
    # Mean of 40, 100, 160 is 100; 150 is 50 % more. The month four ago does not count.
    row = moved(*history("a", 9999, 40, 100, 160, 150))["a"]
    assert row["engagement"] == 150
    assert trend(row) == [100, pytest.approx(0.5), "up"]


@pytest.mark.parametrize(
    ("engagement", "direction"),
    [(110, "flat"), (110.01, "up"), (111, "up"), (100, "flat"), (90, "flat"), (89.99, "down")],
)
def test_ten_per_cent_is_still_flat(engagement: float, direction: str) -> None:
    assert moved(*history("a", 100, 100, 100, engagement))["a"]["direction"] == direction


@pytest.mark.parametrize("average", [10, 30, 70, 90, 110, 130, 670, 1010, 99990])
def test_exactly_ten_per_cent_is_flat_whatever_floats_make_of_it(average: int) -> None:
    # 77 / 70 - 1 is 0.10000000000000009 in floats.
    up, down = average * 11 // 10, average * 9 // 10
    past = [average - 1, average, average + 1]
    assert moved(*history("a", *past, up))["a"]["direction"] == "flat"
    assert moved(*history("a", *past, down))["a"]["direction"] == "flat"
    assert moved(*history("a", *past, up + 1))["a"]["direction"] == "up"
    assert moved(*history("a", *past, down - 1))["a"]["direction"] == "down"


@pytest.mark.parametrize(
    ("flat_band", "engagement", "direction"),
    [
        *[(0.0, 100, "flat"), (0.0, 101, "up"), (0.0, 99, "down")],
        *[(0.25, 125, "flat"), (0.25, 126, "up"), (0.25, 75, "flat"), (0.25, 74, "down")],
        *[(1.0, 200, "flat"), (1.0, 201, "up"), (1.0, 0, "flat")],
    ],
)
def test_the_flat_band_is_a_setting(flat_band: float, engagement: float, direction: str) -> None:
    rows = moved(*history("a", 100, 100, 100, engagement), flat_band=flat_band)
    assert rows["a"]["direction"] == direction


def test_from_nothing_to_something_is_up_without_a_trend() -> None:
    assert trend(moved(*history("a", 0, 0, 0, 1))["a"]) == [0, None, "up"]


def test_from_nothing_to_nothing_has_no_direction() -> None:
    assert trend(moved(*history("a", 0, 0, 0, 0))["a"]) == [0, None, None]


def test_a_client_that_stops_is_down_by_all_of_it() -> None:
    # Not listed this month: still in the base, with nothing.
    row = moved(*history("a", 6, 6, 6, None), *STEADY)["a"]
    assert (row["engagement"], row["active_areas"], row["unique_visitors"]) == (0, 0, 0)
    assert trend(row) == [6, -1, "down"]
    assert (row["active_areas_change"], row["unique_visitors_change"]) == (-1, -1)


def test_first_months() -> None:
    # New: no mean until three months have gone by, no change in the first.
    for known in (1, 2, 3):
        row = moved(*history("a", *[4] * known), *STEADY)["a"]
        assert trend(row) == [None, None, None]
        assert row["engagement"] == 4
        assert row["unique_visitors_change"] == (None if known == 1 else 0)
    assert trend(moved(*history("a", *[4] * 4), *STEADY)["a"]) == [4, 0, "flat"]


def test_the_first_month_of_all() -> None:
    row = moved(*history("a", 4))["a"]
    assert trend(row) == [None, None, None]
    assert (row["active_areas_change"], row["unique_visitors_change"]) == (None, None)


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_missing_month_inside_the_window_leaves_no_mean(missing: int) -> None:
    # Nobody is listed in the missing month. The client was silent for one month only, so it is in
    # the base all along: it is the month that does not exist.
    past = [use for use in history("a", 4, 4, 4, 4, 8) if use.ago != missing]
    row = moved(*past)["a"]
    assert trend(row) == [None, None, None]
    assert row["unique_visitors_change"] == (None if missing == 1 else 0)


def test_a_missing_month_before_the_window_matters_to_nobody() -> None:
    past = [use for use in history("a", 4, 4, 4, 4, 8) if use.ago != 4]
    assert trend(moved(*past)["a"]) == [4, pytest.approx(1), "up"]


def test_a_silent_month_of_the_base_counts_as_zero() -> None:
    # Not listed two months ago while others were: 0, and the mean of 6, 0, 6 is 4.
    row = moved(*history("a", 6, None, 6, 5), *STEADY)["a"]
    assert trend(row) == [4, pytest.approx(0.25), "up"]


@pytest.mark.parametrize(
    ("silent_months", "expected"),
    [
        # Listed five months ago and now. In the base of three, two and one months ago only as long
        # as it may be silent for two, three and four months.
        (3, [None, None, None]),
        (4, [0, None, "up"]),
        (0, [None, None, None]),
    ],
)
def test_a_client_that_leaves_and_returns(silent_months: int, expected: list[Any]) -> None:
    rows = moved(*history("a", 6, None, None, None, None, 6), *STEADY, silent_months=silent_months)
    assert trend(rows["a"]) == expected
    in_base_before = silent_months == 4
    assert rows["a"]["unique_visitors_change"] == (1 if in_base_before else None)


def test_without_silent_months_a_silent_client_has_no_row() -> None:
    rows = moved(*history("a", 6, 6, 6, None), *STEADY, silent_months=0)
    assert list(rows) == ["z"]


def test_the_base_of_the_oldest_averaged_month_reaches_further_back() -> None:
    # Listed six months ago (three before the oldest averaged month), then again last month.
    row = moved(*history("a", 6, None, None, None, None, 3, 2), *STEADY)["a"]
    # Base: 6, 5, 4, 3 ago by the first, 1 and 0 by the second; out two months ago.
    assert trend(row) == [None, None, None]
    row = moved(*history("a", 6, None, None, None, 3, 2), *STEADY)["a"]
    # Five ago: in the base of 5 to 2 ago, and again 1 ago. Mean of 0, 0, 3 is 1; 2 is 100 % more.
    assert trend(row) == [1, pytest.approx(1), "up"]


def test_areas_and_visitors_change_against_the_month_before() -> None:
    row = moved(
        Use("a", {"P": 1, "Q": 2, "Unmapped": 3}, users=5, ago=1),
        Use("a", {"Q": 2}, users=7),
    )["a"]
    assert (row["active_areas"], row["active_areas_change"]) == (1, -1)
    assert (row["unique_visitors"], row["unique_visitors_change"]) == (7, 2)


def test_external_and_internal_together_and_unmapped_not() -> None:
    row = moved(
        Use("a", {"P": 1, "Unmapped": 100}, users=2),
        Use("a", {"P": 4, "Q": 8}, users=3, audience="internal"),
    )["a"]
    assert (row["engagement"], row["active_areas"], row["unique_visitors"]) == (13, 2, 5)


# ----------------------------------------------------------------------- months that are not whole


def changes(row: dict[str, Any]) -> list[Any]:
    return [row["active_areas_change"], row["unique_visitors_change"]]


def test_a_partial_month_has_levels_and_is_compared_with_nothing() -> None:
    row = moved(*history("a", 4, 4, 4, 1), partial=[0])["a"]
    assert (row["engagement"], row["active_areas"], row["unique_visitors"]) == (1, 1, 1)
    assert trend(row) == [None, None, None]
    assert changes(row) == [None, None]


@pytest.mark.parametrize("partial", [1, 2, 3])
def test_no_trend_over_a_partial_month(partial: int) -> None:
    row = moved(*history("a", 4, 4, 4, 1), partial=[partial])["a"]
    assert trend(row) == [None, None, None]
    assert changes(row) == ([None, None] if partial == 1 else [0, 0])


def test_a_partial_month_before_the_window_matters_to_nobody() -> None:
    row = moved(*history("a", 9, 4, 4, 4, 8), partial=[4, 5])["a"]
    assert trend(row) == [4, pytest.approx(1), "up"]
    assert changes(row) == [0, 0]


def test_from_nothing_to_something_is_not_up_in_a_partial_month() -> None:
    assert trend(moved(*history("a", 0, 0, 0, 1), partial=[0])["a"]) == [None, None, None]


def test_a_partial_month_keeps_clients_in_the_base() -> None:
    # Listed last in the partial month before: silent in this one, and still compared.
    row = moved(*history("a", 4, None), *STEADY, partial=[1])["a"]
    assert (row["engagement"], row["unique_visitors"]) == (0, 0)


# ------------------------------------------------------------------------ exports without visitors


def test_without_visitors_their_number_and_its_change_are_unknown() -> None:
    without, told = Use("a", {"P": 6}, users=math.nan), Use("a", {"P": 6}, users=2)
    now = moved(without, told._replace(ago=1))["a"]
    assert (now["engagement"], now["unique_visitors"], changes(now)) == (6, None, [0, None])
    before = moved(told, without._replace(ago=1))["a"]
    assert (before["unique_visitors"], changes(before)) == (2, [0, None])


def test_a_silent_client_has_no_visitors_which_is_known() -> None:
    row = moved(Use("a", {"P": 6}, users=math.nan, ago=1), *STEADY)["a"]
    assert (row["unique_visitors"], changes(row)) == (0, [-1, None])
    row = moved(Use("a", {"P": 6}, users=2, ago=1), *STEADY)["a"]
    assert (row["unique_visitors"], changes(row)) == (0, [-1, -2])


def test_a_missing_month_has_no_rows() -> None:
    assert moved(*history("a", 4, 4, 4, None)) == {}
