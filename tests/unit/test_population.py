"""Clients new in the base and gone from it, and when there are too many of them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from scipy import stats
from tables import Use, client_tables, engine

from healthscore_assets.monitoring.observation import Observation
from healthscore_assets.monitoring.population import population, usual_up_to

ALL_MONTHS = range(7)


def looked_at(
    listed: dict[int, Iterable[str]],
    *,
    silent_months: int = 3,
    partial: Iterable[int] = (),
    delivered: Iterable[int] = ALL_MONTHS,
) -> Observation:
    """``listed``: the clients that exports list, by how many months ago."""
    uses = [Use(client, ago=ago) for ago, clients in listed.items() for client in clients]
    _, client_month = client_tables(*uses)
    return population(engine(), client_month, silent_months, {*partial}, {*delivered})


def names(first: int, last: int) -> list[str]:
    return [f"c{n:03d}" for n in range(first, last + 1)]


def always(first: int, last: int) -> dict[int, list[str]]:
    return {ago: names(first, last) for ago in ALL_MONTHS}


@pytest.mark.parametrize("mean", [0.05, 0.5, 1, 3.7, 15, 150, 5000])
def test_the_usual_count_against_scipy(mean: float) -> None:
    assert usual_up_to(mean) == stats.poisson.isf(0.001, mean)


def test_new_and_gone_are_counted_and_named() -> None:
    # c041 was last listed four months ago, beyond the three silent months; c042 three months ago.
    listed = always(1, 40)
    listed[4] += ["c041", "c042"]
    listed[3] += ["c042"]
    listed[0] += ["c043"]
    seen = looked_at(listed)
    assert seen.usual
    # 42 in the base of the month before: c001 to c042.
    assert seen.says == "1 client joined the base of 42 and 1 left it: 42 now."
    assert seen.numbers == {
        "clients_in_base": 42,
        "clients_new": 1,
        "clients_gone": 1,
        "share_gone": pytest.approx(1 / 42),
    }
    assert seen.tables == {
        "first_new": [{"client_id": "c043"}],
        "first_gone": [{"client_id": "c041"}],
    }


@pytest.mark.parametrize(("gone", "usual"), [(11, True), (12, False)])
def test_too_many_gone(gone: int, usual: bool) -> None:
    # 5 % of 80 are 4; more than 11 come in fewer than one of a thousand months (Poisson).
    assert stats.poisson.sf(11, 4) < 0.001 < stats.poisson.sf(10, 4)
    listed = always(1, 80 - gone)
    for ago in (4, 5, 6):
        listed[ago] = names(1, 80)
    seen = looked_at(listed)
    assert seen.numbers["clients_gone"] == gone
    assert seen.usual is usual
    if not usual:
        assert "More than 11 leaving is unusual (c069, c070, c071, c072, c073, ...)" in seen.says
        assert [row["client_id"] for row in seen.tables["first_gone"]] == names(69, 73)


@pytest.mark.parametrize(("clients", "gone", "usual"), [(4, 3, True), (4, 4, False), (1, 1, True)])
def test_small_bases(clients: int, gone: int, usual: bool) -> None:
    # One more, z, came last month, or there would be no base this month: 5 % of 5 are 0.25, and
    # P(more than 3) is 0.0001, P(more than 2) 0.002.
    listed = {ago: names(1, clients) for ago in (4, 5, 6)}
    listed |= {ago: names(1, clients - gone) for ago in (1, 2, 3)}
    listed[1] = [*listed[1], "z"]
    listed[0] = [*listed[1]]
    seen = looked_at(listed)
    assert seen.numbers["clients_gone"] == gone
    assert seen.usual is usual


def test_ids_that_changed_are_too_many_new_ones() -> None:
    listed = always(1, 60)
    listed[0] = [*names(1, 30), *(f"x{name}" for name in names(31, 60))]
    seen = looked_at(listed)
    assert not seen.usual
    # 5 % of 60 are 3.
    limit = int(stats.poisson.isf(0.001, 3))
    assert f"More than {limit} joining is unusual (xc031, xc032" in seen.says


def test_what_is_usual_for_the_base_is_learned_from_the_two_months_before() -> None:
    # 20 new ones in each of three months, on 100, 120 and 140: (20 + 20) of 220 is 18 %, so 25 of
    # the 140 are expected, and 20 are nothing special; without the past, 7 would be.
    listed = {6: names(1, 100), 5: names(1, 100), 4: names(1, 100), 3: names(1, 100)}
    listed |= {2: names(1, 120), 1: names(1, 140), 0: names(1, 160)}
    assert looked_at(listed).usual
    steady = {**listed, 2: names(1, 140), 3: names(1, 140), 4: names(1, 140)}
    steady |= {5: names(1, 140), 6: names(1, 140)}
    assert not looked_at(steady).usual


def test_a_base_that_still_grows_has_no_too_many_new_clients() -> None:
    listed = {1: names(1, 20), 0: names(1, 60)}
    assert looked_at(listed, delivered=[0, 1]).usual
    assert not looked_at({**always(1, 20), 0: names(1, 60)}).usual


@pytest.mark.parametrize(
    ("partial", "gone_is_told", "new_is_told"),
    [((), True, True), ((0,), False, False), ((1,), True, False)],
)
def test_partial_months(partial: tuple[int, ...], gone_is_told: bool, new_is_told: bool) -> None:
    listed = {ago: names(1, 60) for ago in (4, 5, 6)}
    listed |= {ago: names(1, 30) for ago in (1, 2, 3)}
    gone = looked_at({**listed, 0: names(1, 30)}, partial=partial)
    assert gone.numbers["clients_gone"] == 30
    assert gone.usual is not gone_is_told
    new = looked_at({**always(1, 60), 0: names(1, 99)}, partial=partial)
    assert new.numbers["clients_new"] == 39
    assert new.usual is not new_is_told


@pytest.mark.parametrize("listed", [{0: names(1, 9)}, {0: names(1, 9), 2: names(1, 9)}])
def test_without_a_month_before_there_is_nothing_to_compare(listed: dict[int, list[str]]) -> None:
    seen = looked_at(listed)
    assert (seen.usual, dict(seen.numbers)) == (True, {})


def test_without_silent_months_the_base_are_the_clients_listed() -> None:
    seen = looked_at({1: names(1, 9), 0: names(2, 10)}, silent_months=0)
    assert (seen.numbers["clients_new"], seen.numbers["clients_gone"]) == (1, 1)
