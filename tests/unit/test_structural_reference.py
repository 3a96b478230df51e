"""Structural risk (SCORING.md section 6) on tiny worlds, with numbers worked by hand.

The same cases hold for every implementation of the three functions: see `model`.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from health_reference import gini
from health_world import M, Model, World, near, risk

# ---------------------------------------------------------------------------- structural risk


def test_gini_by_hand() -> None:
    assert math.isnan(gini([]))
    assert math.isnan(gini([5]))
    assert math.isnan(gini([0, 0]))
    assert gini([1, 1]) == near(0)
    assert gini([0, 1]) == near(0.5)  # 2 * 2 / 2 - 3/2
    assert gini([3, 1]) == near(0.25)  # 2 * (1 + 6) / 8 - 3/2
    assert gini([1, 17, 1, 1]) == near(0.6)  # 2 * (1 + 2 + 3 + 68) / 80 - 5/4


@pytest.mark.parametrize(
    ("clicks", "gini", "corrected", "top2", "concentrated"),
    [
        ([1, 1], 0, 0, 1, False),
        ([1, 3], 0.25, 0.5, 1, False),
        ([1, 9], 0.4, 0.8, 1, False),  # not beyond 0.4
        ([1, 1, 1, 17], 0.6, 0.8, 0.9, True),
        ([1, 1, 4, 4, 0], 0.3, 0.4, 0.8, False),  # 2 * (1 + 2 + 12 + 16) / 40 - 5/4
        ([5], None, None, 1, False),
        ([0], None, None, None, False),
    ],
)
def test_concentration(
    model: Model,
    clicks: list[float],
    gini: float | None,
    corrected: float | None,
    top2: float | None,
    concentrated: bool,
) -> None:
    row = risk(model, World().visitors(M, "c", *clicks))
    assert row["gini"] == (None if gini is None else near(gini))
    assert row["gini_corrected"] == (None if corrected is None else near(corrected))
    assert row["top2_share"] == (None if top2 is None else near(top2))
    assert row["concentrated"] is concentrated


@pytest.mark.parametrize(
    ("clicks", "seats", "single_threaded"),
    [
        ([5], 3, True),  # one visitor
        ([5], 2, False),
        ([5], None, False),
        ([1, 1], 3, True),  # two are all there is
        ([1, 1], 2, False),
        ([1, 1, 4, 4], 4, True),  # 0.8
        ([1, 1, 4, 3], 4, False),
        ([0, 0, 0], None, False),
        ([5, 0, 0], None, True),  # three are known
    ],
)
def test_single_threaded(
    model: Model, clicks: list[float], seats: int | None, single_threaded: bool
) -> None:
    world = World().visitors(M, "c", *clicks).account(M, "c", seats=seats)
    assert risk(model, world)["single_threaded"] is single_threaded


@pytest.mark.parametrize(
    ("active", "narrow"), [(0, True), (2, True), (3, False), (10, False), (12, False)]
)
def test_diversity(model: Model, active: int, narrow: bool) -> None:
    world = World().visitors(M, "c", *[1] * active, 0).account(M, "c", seats=10)
    row = risk(model, world)
    assert (row["diversity"], row["narrow"]) == (near(min(1, active / 10)), narrow)


def test_nobody_known_is_not_narrow(model: Model) -> None:
    row = risk(model, World().silent(M, "c"))
    assert (row["diversity"], row["narrow"], row["single_threaded"]) == (None, False, False)


def test_engagement_value(model: Model) -> None:
    # Totals: f1 30, f2 = f3 20 (by name), f4 10, f5 5, f6 = f7 1, of which none is in the top 5.
    uses = {"f1": 10, "f2": 20, "f3": 0, "f4": 10, "f5": 0, "f6": 1, "f7": 1}
    world = World().visitor(M, "c", "v1", uses)
    world.visitor(M, "d", "w", {"f1": 20, "f3": 20, "f5": 5})
    world.account(M, "c", segment="enterprise").account(M, "d", segment="Other")
    world.silent(M, "e")
    # c: 10 + .8 * 20 + .4 * 10 = 30, times 8. d: 20 + .6 * 20 + .2 * 5
    assert risk(model, world)["engagement_value"] == near(240)
    assert risk(model, world, client="d")["engagement_value"] == near(33)
    assert risk(model, world, client="e")["engagement_value"] == 0
    changed: dict[str, Any] = {"event_weights": (3, 1), "multipliers": {"Other": 2}}
    assert risk(model, world, **changed)["engagement_value"] == near(50)
    assert risk(model, world, client="d", **changed)["engagement_value"] == near(120)


@pytest.mark.parametrize(
    ("last", "month", "start", "days"),
    [
        (M, M, None, 0),
        ("2024-02", M, None, 31),
        ("2024-01", "2024-02", None, 31),  # February has 29 days
        ("2024-01", M, None, 60),
        ("2023-03", M, None, 366),
        ("2023-02", M, None, 366),  # out of sight, like never
        ("2024-02", M, "2024-03-21", 10),
        ("2024-02", M, "2024-04-02", 0),
        ("2024-02", M, "2020-01-01", 31),
        (M, M, "2020-01-01", 0),
    ],
)
def test_days_since_last_activity(
    model: Model, last: str, month: str, start: str | None, days: int
) -> None:
    world = World().visitors(last, "c", 1).silent(month, "c")
    world.account(month, "c", contract_start=start)
    row = risk(model, world, month)
    assert (row["days_since_last_activity"], row["dormant"]) == (days, days > 30)


@pytest.mark.parametrize(
    ("day", "month", "start", "days"),
    [
        ("2024-03-31", M, None, 0),
        ("2024-03-01", M, None, 30),
        ("2024-02-29", M, None, 31),
        ("2024-01-31", "2024-02", None, 29),  # not 31: the day is told
        ("2023-12-24", M, None, 98),
        ("2024-03-02", M, "2024-03-21", 10),
    ],
)
def test_days_since_a_day_that_is_told(
    model: Model, day: str, month: str, start: str | None, days: int
) -> None:
    world = World().visitors(day[:7], "c", 1).active_until(day, "c").silent(month, "c")
    world.account(month, "c", contract_start=start)
    row = risk(model, world, month)
    assert (row["days_since_last_activity"], row["dormant"]) == (days, days > 30)


def test_the_day_of_the_visitor_seen_last_counts(model: Model) -> None:
    world = World().visitors("2024-02", "c", 1, 9, 2).silent(M, "c")
    world.active_until("2024-02-20", "c", "v1").active_until("2024-02-27", "c", "v3")
    world.active_until("2024-02-23", "c", None)
    # From 27 February to 31 March.
    assert risk(model, world)["days_since_last_activity"] == 33


def test_the_newest_activity_counts_even_undated(model: Model) -> None:
    world = World().visitors("2024-01", "c", 1).active_until("2024-01-02", "c")
    world.visitors("2024-02", "c", 1).silent(M, "c")
    assert risk(model, world)["days_since_last_activity"] == 31


def test_listed_is_not_active(model: Model) -> None:
    world = World().visitors("2024-02", "c", 1).visitors(M, "c", 0)
    assert risk(model, world)["days_since_last_activity"] == 31


@pytest.mark.parametrize(
    ("start", "first", "cohort"),
    [
        ("2019-12-31", M, "2019-Q4"),
        ("2020-01-01", M, "2020-Q1"),
        (None, "2023-08", "2023-Q3"),
        (None, "2023-03", "2023-Q1"),
        (None, "2023-02", "2024-Q1"),  # out of sight
    ],
)
def test_cohort(model: Model, start: str | None, first: str, cohort: str) -> None:
    world = World().visitors(first, "c", 0).visitors(M, "c", 1).silent(M, "d")
    world.account(M, "c", contract_start=start)
    assert risk(model, world)["cohort"] == cohort
    assert risk(model, world, client="d")["cohort"] is None


def test_fragile(model: Model) -> None:
    # Values 10, 20, 30, 40 and 40: the 75th percentile of the positive ones is 40, beyond which
    # is nobody; of 10, 20, 30, 40 it is 32.5.
    def world(*values: float) -> World:
        built = World().silent(M, "zero")
        for number, value in enumerate(values):
            built.visitor(M, f"c{number}", "v1", value).account(M, f"c{number}", seats=3)
        return built

    for client in ("c3", "c4"):
        assert risk(model, world(10, 20, 30, 40, 40), client=client)["fragile"] is False
    small = world(10, 20, 30, 40)
    assert [risk(model, small, client=f"c{n}")["fragile"] for n in range(4)] == [
        *[False, False, False, True]
    ]
    assert risk(model, small, client="c0")["single_threaded"] is True
    # Valuable, and neither concentrated nor single-threaded.
    broad = world(10, 20, 30)
    for number in range(8):
        broad.visitor(M, "c", f"v{number}", 10)
    row = risk(model, broad)
    assert (row["fragile"], row["gini"], row["top2_share"]) == (False, near(0), near(0.25))


def test_structural_health(model: Model) -> None:
    # b < c < d: c is ahead of one of two others. 2 of 4 seats, gini .25, active: 0 days.
    world = World().visitors(M, "b", 1).visitors(M, "c", 1, 3).visitors(M, "d", 9)
    world.account(M, "c", seats=4)
    assert risk(model, world)["structural_health"] == near((50 + 50 + 75 + 100) / 4)
    # Silent for 31 days, one visitor known: 0, 0 and 1 - 31/90.
    world = World().visitors(M, "b", 1).silent(M, "c").visitors("2024-02", "c", 1)
    assert risk(model, world)["structural_health"] == near((0 + 0 + 100 * 59 / 90) / 3)
    # Beyond 90 days there is no less than 0.
    world = World().visitors("2023-12", "c", 1).silent(M, "c")
    assert risk(model, world)["days_since_last_activity"] == 91
    assert risk(model, world)["structural_health"] == 0


def lead(*clicks: float, month: str = "2024-02") -> World:
    return World().visitors(month, "c", *clicks)


@pytest.mark.parametrize(
    ("before", "now", "departed"),
    [
        ([30, 35, 35], [1, 0, 1], True),  # v2 leads: before v3 by id
        ([30, 35, 35], [1, 1, 0], False),
        ([60, 40], [0, 1], False),  # two are not enough
        ([60, 40, 0], [0, 1, 1], False),  # nor is one who was idle
        ([30, 28, 28, 14], [0, 1, 1, 1], True),  # 30 %
        ([29, 28, 28, 15], [0, 1, 1, 1], False),
        ([60, 20, 20], [0, 0, 0], True),  # nobody is left, and the month before was active
    ],
)
def test_a_leader_departs(
    model: Model, before: list[float], now: list[float], departed: bool
) -> None:
    world = lead(*before)
    for number, clicks in enumerate(now, start=1):
        world.visitor(M, "c", f"v{number}", clicks)
    assert risk(model, world)["champion_departed"] is departed


def test_a_leader_of_three_months(model: Model) -> None:
    # v1 led December to February as a whole; what was before does not count.
    world = lead(50, 10, 10, month="2023-12").visitors("2024-02", "c", 0, 10, 10)
    world.visitors("2023-11", "c", 0, 900).visitors(M, "c", 0, 1, 1)
    assert risk(model, world)["champion_departed"] is True
    # Staff leads nothing.
    world = lead(10, 11, 12).visitor("2024-02", "c", "staff", 500, audience="internal")
    world.visitors(M, "c", 1, 1, 1)
    assert risk(model, world)["champion_departed"] is False


def test_a_leader_is_not_missed_in_a_silent_client(model: Model) -> None:
    # Silent in March and in February: nothing to depart from.
    world = lead(60, 20, 20, month="2024-01").export("2024-02").silent(M, "c")
    assert risk(model, world)["champion_departed"] is False
    # Silent in March alone.
    assert risk(model, lead(60, 20, 20).silent(M, "c"))["champion_departed"] is True


def test_a_leader_needs_visitors(model: Model) -> None:
    world = lead(60, 20, 20).visitor(M, "c", None, 5)
    assert risk(model, world)["champion_departed"] is False


@pytest.mark.parametrize(
    ("role", "earlier", "status", "departed"),
    [
        ("Executive Champion", None, "left", True),
        ("sponsor", "champion", "left", False),
        (None, "champion", "left", True),
        (None, "user", "left", False),
        (None, None, "left", False),
        ("champion", None, "active", False),
    ],
)
def test_a_champion_left(
    model: Model, role: str | None, earlier: str | None, status: str, departed: bool
) -> None:
    world = World().visitors(M, "c", 1)
    world.feed("stakeholders", M, person="p", role=role, status=status, date="2024-03-05")
    person = {"person": "p", "status": "active"}
    world.feed("stakeholders", "2023-05", **person, role="champion", date="2023-05-05")
    if role is None:
        world.feed("stakeholders", "2023-06", **person, role="user", date="2023-06-05")
    world.feed("stakeholders", "2024-01", **person, role=earlier, date="2024-01-05")
    world.feed("stakeholders", M, person="q", role="champion", status="active", date="2024-03-05")
    assert risk(model, world)["champion_departed"] is departed
    assert risk(model, world.visitors("2024-04", "c", 1), "2024-04")["champion_departed"] is False


def test_a_role_of_more_than_a_year_ago_is_forgotten(model: Model) -> None:
    world = World().visitors(M, "c", 1)
    world.feed("stakeholders", M, person="p", role=None, status="left", date="2024-03-05")
    person = {"person": "p", "role": "champion", "status": "active"}
    world.feed("stakeholders", "2023-02", **person, date="2023-02-05")
    assert risk(model, world)["champion_departed"] is False
    world.feed("stakeholders", "2023-03", **person, date="2023-03-05")
    assert risk(model, world)["champion_departed"] is True
