"""The components of health on tiny worlds, with numbers worked by hand.

The same cases hold for every implementation of the three functions: see `model`.
"""

from __future__ import annotations

import health_reference
import pytest
from health_reference import COMPONENTS, Settings
from health_world import (
    BOARD,
    EDITOR,
    FEATURES,
    MISSING,
    OTHER,
    SCENARIOS,
    M,
    Model,
    World,
    drivers,
    healthy,
    near,
    risk,
    scored,
)

# ------------------------------------------------------------------------------- nobody, nothing


def test_zero_clients(model: Model) -> None:
    tables, settings = World().export(M).tables(), Settings()
    scores, rows = model.health(tables, FEATURES, M, settings)
    assert len(model.components(tables, FEATURES, M, settings)) == 0
    assert (len(scores), len(rows)) == (0, 0)
    assert list(scores.columns) == health_reference.HEALTH_SCORES
    assert list(rows.columns) == health_reference.HEALTH_DRIVERS
    found = model.structural_risk(tables, FEATURES, M, settings)
    assert list(found.columns) == health_reference.STRUCTURAL_RISK
    assert len(found) == 0


def test_every_client_has_a_row_per_component(model: Model) -> None:
    world = World().visitors(M, "c", 1).silent(M, "d")
    _, rows = model.health(world.tables(), FEATURES, M, Settings())
    for client in ("c", "d"):
        assert sorted(rows.loc[rows["client_id"] == client, "component"]) == sorted(COMPONENTS)
    assert len(COMPONENTS) == 19


def test_all_feeds_missing_usage_alone_is_enough(model: Model) -> None:
    # One visitor, who is all that is known: 1/1 active; 2 of 2 features in use; 5 of 20 clicks are
    # advanced. c alone is its own 75th percentile. 3500 points of usage; without seats
    # nothing is known of utilisation.
    world = World().visitor(M, "c", "v1", {BOARD: 15, SCENARIOS: 5}, days=4)
    row = healthy(model, world)
    assert (row["coverage"], row["health"]) == (near(0.35), near(100))
    assert (row["band"], row["announced_band"], row["reason"]) == ("green", "green", None)
    assert (row["usage"], row["engagement"], row["sentiment"]) == (near(100), None, None)
    assert (row["leading_share"], row["leading_score"]) == (near(1), near(100))
    assert (row["segment"], row["stage"], row["velocity"]) == (None, None, None)
    weights = {name: driver["weight"] for name, driver in drivers(model, world).items()}
    assert weights["active_users"] == near(0.4)
    assert weights["depth"] == near(0.1)
    assert weights["stickiness"] == weights["nps"] == weights["utilisation"] == 0


def test_a_little_less_is_not(model: Model) -> None:
    # No days: frequency is missing, and 3500 - 35 * 20 = 2800 points are left.
    world = World().visitor(M, "c", "v1", {BOARD: 15, SCENARIOS: 5})
    row = healthy(model, world)
    assert row["coverage"] == near(0.28)
    assert row["reason"]
    for column in ("health", "band", "announced_band", "usage", "leading_share", "leading_score"):
        assert row[column] is None
    found = drivers(model, world)
    assert found["active_users"]["score"] == near(100)
    assert {driver["weight"] for driver in found.values()} == {0}
    assert {driver["points"] for driver in found.values()} == {0}
    assert healthy(model, world, least_coverage=0.28)["health"] == near(100)


def test_a_client_without_usage(model: Model) -> None:
    world = World().visitor(M, "d", "v1", {SCENARIOS: 5}, days=4, minutes=8)
    world.silent(M, "c").feed("touchpoints", M, date="2024-03-05", training=3)
    alone = {"frequency": 4 / 31 * 7}
    for name in ("active_users", "feature_adoption", "frequency", "depth"):
        assert scored(model, world, name) == (0, 0)
        assert scored(model, world, name, client="d") == (near(alone.get(name, 1)), near(100))
    for name in ("session_minutes", "stickiness", "training", "utilisation"):
        assert scored(model, world, name) == MISSING
    # Three visitors listed, none active, none ever seen using it: 0 of 3 seats.
    world.visitors(M, "c", 0, 0, 0)
    assert scored(model, world, "utilisation") == MISSING
    world.account(M, "c", seats=3)
    assert scored(model, world, "utilisation") == (0, 0)
    row = healthy(model, world)
    assert row["usage"] == 0
    assert scored(model, world, "active_users") == (0, 0)


def test_nobody_uses_anything(model: Model) -> None:
    # No benchmark, no features in use, no known people: 0 all the same.
    world = World().silent(M, "c")
    for name in ("active_users", "feature_adoption", "frequency", "depth"):
        assert scored(model, world, name) == (0, 0)
    row = healthy(model, world)
    assert (row["health"], row["band"], row["coverage"]) == (0, "red", near(0.35))


def test_an_export_without_visitors(model: Model) -> None:
    world = World().visitor(M, "c", None, {BOARD: 3, SCENARIOS: 1}, minutes=9)
    world.account(M, "c", seats=4).feed("touchpoints", M, date="2024-03-05", training=3)
    for name in ("active_users", "frequency", "session_minutes", "stickiness", "training"):
        assert scored(model, world, name) == MISSING
    assert scored(model, world, "utilisation") == MISSING
    assert scored(model, world, "active_users", active_users="daily") == MISSING
    assert scored(model, world, "feature_adoption") == (near(1), near(100))
    assert scored(model, world, "depth") == (near(0.25), near(100))
    row = risk(model, world)
    assert [row[name] for name in ("gini", "gini_corrected", "diversity", "top2_share")] == [
        None
    ] * 4
    flags = ("concentrated", "narrow", "single_threaded", "dormant", "fragile", "champion_departed")
    assert not any(row[name] for name in flags)
    # n = 1 has no percentile: recency alone.
    assert row["structural_health"] == near(100)


# ------------------------------------------------------------------------------------ usage


def test_without_seats_people_are_those_of_six_months(model: Model) -> None:
    world = World().visitors(M, "c", 1)
    world.visitor("2023-10", "c", "old").visitor("2023-09", "c", "too old")
    world.visitor("2024-02", "c", "v1").visitor("2024-02", "c", "idle", 0)
    # v1, idle and old: 1 of 3.
    assert scored(model, world, "active_users") == (near(1 / 3), near(100 / 3))
    world.account(M, "c", seats=0)
    assert scored(model, world, "active_users") == (near(1 / 3), near(100 / 3))
    assert risk(model, world)["diversity"] == near(1 / 3)


def test_seats(model: Model) -> None:
    world = World().visitors(M, "c", 1, 1, 1, 0).account(M, "c", seats=2)
    assert scored(model, world, "active_users") == (near(1.5), 100)
    assert risk(model, world)["diversity"] == 1
    world = World().visitors(M, "c", 1, 1, 1, 0).account(M, "c", seats=12)
    assert scored(model, world, "active_users") == (near(0.25), near(25))


def test_active_users_on_an_average_day(model: Model) -> None:
    # 31 + 0 days of two visitors, 31 days, two seats.
    world = World().visitor(M, "c", "v1", days=31).visitor(M, "c", "v2", 0, days=0)
    world.visitor(M, "c", "v3").account(M, "c", seats=2)
    assert scored(model, world, "active_users", active_users="daily") == (near(0.5), near(50))
    world = World().visitor(M, "c", "v1").account(M, "c", seats=2)
    assert scored(model, world, "active_users", active_users="daily") == MISSING


def test_feature_adoption(model: Model) -> None:
    # Known in three months: board (c), editor (d in January). Scenarios was used too long ago.
    world = World().visitor(M, "c", "v1", {"PLAN >  board": 1, OTHER: 5})
    world.visitor("2024-01", "d", "w", {EDITOR: 1}).visitor("2023-12", "d", "w", {SCENARIOS: 1})
    assert scored(model, world, "feature_adoption") == (near(0.5), near(50))
    # Only what has no area: 0 of 2 for c; nothing in use at all is no measure.
    world = World().visitor(M, "c", "v1", {OTHER: 5}).visitor(M, "d", "w", {EDITOR: 1})
    assert scored(model, world, "feature_adoption") == (0, 0)
    world = World().visitor(M, "c", "v1", {OTHER: 5})
    assert scored(model, world, "feature_adoption")[1] is None
    assert scored(model, world, "depth") == MISSING


def test_frequency(model: Model) -> None:
    world = World()
    for client, days in {"a": 4, "b": 8, "c": 12, "d": 16}.items():
        world.visitor(M, client, "v1", days=days)
        world.visitor(M, client, "idle", 0, days=31).visitor(M, client, "untold")
    world.silent(M, "e")
    # 75th percentile of 4, 8, 12, 16 days: a quarter of the way from 12 to 16.
    assert scored(model, world, "frequency", client="a") == (near(28 / 31), near(400 / 13))
    assert scored(model, world, "frequency") == (near(84 / 31), near(1200 / 13))
    assert scored(model, world, "frequency", client="d") == (near(112 / 31), 100)
    assert scored(model, world, "frequency", client="e") == (0, 0)
    found = scored(model, world, "frequency", frequency_benchmark=4.5)
    assert found == (near(84 / 31), near(100 * 84 / 31 / 4.5))
    # Mean days / days in the month.
    assert scored(model, world, "stickiness") == (near(12 / 31), near(1200 / 31))


def test_depth(model: Model) -> None:
    world = World()
    for client, advanced in {"a": 0, "b": 10, "c": 20, "d": 40}.items():
        uses = {SCENARIOS: advanced, BOARD: 60 - advanced, EDITOR: 40, OTHER: 900}
        world.visitor(M, client, "v1", uses)
    world.silent(M, "e")
    # 75th percentile of 0, .1, .2, .4: .25.
    assert scored(model, world, "depth", client="a") == (0, 0)
    assert scored(model, world, "depth", client="b") == (near(0.1), near(40))
    assert scored(model, world, "depth", client="d") == (near(0.4), 100)
    # Nobody uses anything advanced: no benchmark, save for who uses nothing.
    world = World().visitor(M, "c", "v1", {BOARD: 1}).silent(M, "e")
    assert scored(model, world, "depth")[1] is None
    assert scored(model, world, "depth", client="e") == (0, 0)


def test_session_minutes(model: Model) -> None:
    world = World().visitor(M, "a", "v1", minutes=10)
    world.visitor(M, "c", "v1", minutes=30).visitor(M, "c", "v2").visitor(M, "d", "v1")
    # 10 and 15 minutes: the 75th percentile is 13.75.
    assert scored(model, world, "session_minutes", client="a") == (10, near(1000 / 13.75))
    assert scored(model, world, "session_minutes") == (15, 100)
    assert scored(model, world, "session_minutes", client="d") == MISSING


def test_engagement_index(model: Model) -> None:
    world = World().score(M, "c", 12.5).score(M, "d", None)
    assert scored(model, world, "engagement_index") == (12.5, 12.5)
    assert scored(model, world, "engagement_index", client="d") == MISSING


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2024-04-02", 60),  # in two days: 0.2 * 90 / 30
        ("2024-03-21", 60),  # 10 days count as 30
        ("2024-03-01", 60),  # 30 days
        ("2024-01-31", 30),  # 60 days: 0.2 * 90 / 60
        ("2024-01-02", 100 * 0.2 * 90 / 89),  # 89 days
        ("2024-01-01", 20),  # 90 days: no more
        (None, 20),
    ],
)
def test_onboarding_ramp(model: Model, start: str | None, expected: float) -> None:
    world = World().visitor(M, "c", "v1", days=10).visitor(M, "d", "w", {SCENARIOS: 1, EDITOR: 1})
    world.account(M, "c", seats=5, contract_start=start)
    assert scored(model, world, "active_users") == (near(0.2), near(expected))
    # 1 of 3 features; days a week against five times as many.
    assert scored(model, world, "feature_adoption")[1] == near(min(100, expected * 5 / 3))
    benchmark = 5 * 10 / 31 * 7
    assert scored(model, world, "frequency", frequency_benchmark=benchmark)[1] == near(expected)
    # What is not ramped, and other normalisers.
    assert scored(model, world, "utilisation") == (near(0.2), near(20))
    found = scored(model, world, "active_users", normalisers={"active_users": ("minmax", "base")})
    assert found == (near(0.2), 0)


@pytest.mark.parametrize(
    ("start", "renewal", "stage"),
    [
        ("2024-01-02", "2024-04-05", "onboarding"),
        ("2024-04-05", None, "onboarding"),
        ("2024-01-01", None, "adoption"),
        ("2023-04-02", "2024-07-01", "adoption"),  # 364 days
        ("2023-04-01", None, "mature"),  # 365 days
        ("2020-01-01", "2024-03-30", "mature"),  # in the past
        ("2020-01-01", "2024-03-31", "renewal"),
        ("2020-01-01", "2024-06-29", "renewal"),  # 90 days
        ("2020-01-01", "2024-06-30", "mature"),
        (None, "2024-04-30", "renewal"),
        (None, "2024-03-30", None),
        (None, None, None),
    ],
)
def test_stage(model: Model, start: str | None, renewal: str | None, stage: str | None) -> None:
    world = World().silent(M, "c").silent(M, "d")
    world.account(M, "c", contract_start=start, renewal_date=renewal)
    assert healthy(model, world)["stage"] == stage
    assert healthy(model, world, client="d")["stage"] is None


# -------------------------------------------------------------------------------- engagement


def test_touchpoints_without_rows_and_without_the_feed(model: Model) -> None:
    world = World().visitors(M, "c", 1)
    names = ("touchpoint_quality", "executive_involvement", "training", "community", "advocacy")
    for name in names:
        assert scored(model, world, name) == MISSING
    world.feed("touchpoints", M)
    for name in names:
        assert scored(model, world, name) == (0, 0)


def test_touchpoint_quality(model: Model) -> None:
    world = World().silent(M, "c").feed("touchpoints", M, date="2024-03-01", meaningful=True)
    world.feed("touchpoints", M, date="2024-03-31", meaningful=None)
    world.feed("touchpoints", M, date="2024-03-31", meaningful=False)
    world.feed("touchpoints", M, "d", date="2024-03-31", meaningful=True)
    world.feed("touchpoints", "2024-02", date="2024-02-29", meaningful=True)
    assert scored(model, world, "touchpoint_quality") == (1, 50)
    for _ in range(2):
        world.feed("touchpoints", M, date="2024-03-31", meaningful=True)
    assert scored(model, world, "touchpoint_quality") == (3, 100)
    assert scored(model, world, "touchpoint_quality", targets={"touchpoint_quality": 4}) == (3, 75)


@pytest.mark.parametrize(
    ("day", "value"),
    [
        ("2024-03-31", 1),
        ("2024-01-02", 1),
        ("2024-01-01", 0.5),  # 90 days ago
        ("2023-10-04", 0.5),
        ("2023-10-03", 0),  # 180 days ago
    ],
)
def test_executive_involvement(model: Model, day: str, value: float) -> None:
    world = World().silent(M, "c").feed("touchpoints", M)
    world.feed("touchpoints", day[:7], date=day, executive=True)
    world.feed("touchpoints", M, date="2024-03-01", executive=None)
    assert scored(model, world, "executive_involvement") == (value, 100 * value)


def test_training(model: Model) -> None:
    world = World().visitors(M, "c", 1, 1, 1, 1, 0).feed("touchpoints", M)
    world.feed("touchpoints", "2023-04", date="2023-04-01", training=1)
    world.feed("touchpoints", "2023-03", date="2023-03-31", training=9)
    world.feed("touchpoints", M, date="2024-03-31", training=None)
    assert scored(model, world, "training") == (near(0.25), near(25))
    world.feed("touchpoints", M, date="2024-03-31", training=20)
    assert scored(model, world, "training") == (1, 100)


def test_community(model: Model) -> None:
    world = World().silent(M, "c").feed("touchpoints", M, date="2024-03-01", community=1)
    world.feed("touchpoints", "2024-01", date="2024-01-02", community=1)
    world.feed("touchpoints", "2024-01", date="2024-01-01", community=9)
    assert scored(model, world, "community") == (2, near(200 / 3))


# --------------------------------------------------------------------------------- sentiment


def answered(score: float, day: str, kind: str = "nps") -> World:
    world = World().silent(M, "c")
    return world.feed("surveys", day[:7], date=day, kind=kind, score=score).feed("surveys", M)


@pytest.mark.parametrize(
    ("answer", "value", "score"),
    [(10, 100, 100), (9, 100, 100), (8, 0, 50), (7, 0, 50), (6, -100, 0), (0, -100, 0)],
)
def test_one_answer(model: Model, answer: float, value: float, score: float) -> None:
    for day in ("2024-03-31", "2023-10-04", "2024-02-03"):
        assert scored(model, answered(answer, day), "nps") == (value, score)
    assert scored(model, answered(answer, "2023-10-03"), "nps") == MISSING


def test_two_answers_45_days_apart(model: Model) -> None:
    # Weights 1 and 1/2: 100 * (1 - 1/2) / (3/2).
    world = answered(10, "2024-03-31").feed(
        "surveys", "2024-02", date="2024-02-15", kind="nps", score=3
    )
    assert scored(model, world, "nps") == (near(100 / 3), near(200 / 3))
    # Weights 1 and 1/4.
    assert scored(model, world, "nps", half_life=22.5) == (near(60), near(80))
    # Nobody is asked about it in csat.
    assert scored(model, world, "csat") == MISSING


def test_no_surveys(model: Model) -> None:
    # The answer is there, and the feed was not delivered for March.
    world = World().silent(M, "c")
    world.feed("surveys", "2024-02", date="2024-02-15", kind="nps", score=3)
    assert scored(model, world, "nps") == MISSING
    assert scored(model, world, "csat") == MISSING
    # Delivered without an answer: still none.
    assert scored(model, World().silent(M, "c").feed("surveys", M), "nps") == MISSING
    # csat of tickets does without.
    world.feed("support_tickets", M, created="2024-03-02", csat=2)
    assert scored(model, world, "csat") == (2, near(25))
    # Of sentiment csat 30 and support health 20 are left, 35 points of usage, so
    # coverage .35 + .25 * .5; weights 25/60 * 30/50 and 25/60 * 20/50.
    row, found = healthy(model, world), drivers(model, world)
    assert row["coverage"] == near(0.475)
    assert found["csat"]["weight"] == near(25 / 60 * 0.6)
    assert found["support_health"]["weight"] == near(25 / 60 * 0.4)
    assert found["nps"]["weight"] == found["advocacy"]["weight"] == 0
    # No usage: 0 there. 25/60 * (.6 * 25 + .4 * 100) = 25/60 * 55
    assert (row["sentiment"], row["health"]) == (near(55), near(25 * 55 / 60))
    # Leading: usage and support health, 35/60 + 1/6 = 3/4, of which 1/6 is at 100.
    assert (row["leading_share"], row["leading_score"]) == (near(0.75), near(100 / 6 / 0.75))


def test_csat_of_surveys_and_tickets(model: Model) -> None:
    # 5 today; 2 on a ticket closed 45 days ago, as February knew it: (5 + 1) / 1.5.
    world = answered(5, "2024-03-31", kind="csat")
    ticket = {"ticket_id": "t", "created": "2024-01-01"}
    world.feed("support_tickets", "2024-01", **ticket, csat=None)
    world.feed("support_tickets", "2024-02", **ticket, closed="2024-02-15", csat=2)
    assert scored(model, world, "csat") == (5, 100)  # tickets are not delivered for March
    world.feed("support_tickets", M)
    assert scored(model, world, "csat") == (near(4), near(75))
    # A later month knows better; one after the month asked for does not count.
    world.feed("support_tickets", M, **ticket, closed="2024-02-15", csat=3.5)
    world.feed("support_tickets", "2024-04", **ticket, closed="2024-02-15", csat=1)
    assert scored(model, world, "csat") == (near(4.5), near(87.5))
    # Open, it is of the day of its creation: too old, as is a survey of that day.
    world.feed("support_tickets", M, created="2024-01-01", csat=1)
    world.feed("surveys", "2024-01", date="2024-01-01", kind="csat", score=1)
    assert scored(model, world, "csat") == (near(4.5), near(87.5))


def test_support_health(model: Model) -> None:
    world = World().silent(M, "c")
    assert scored(model, world, "support_health") == MISSING
    world.feed("support_tickets", M)
    assert scored(model, world, "support_health") == MISSING
    world.feed("support_tickets", "2024-01", created="2024-01-01", escalated=True)
    assert scored(model, world, "support_health") == MISSING  # 90 days ago
    world.feed("support_tickets", "2024-01", created="2024-01-02", escalated=True)
    for escalated in (None, False, False):
        world.feed("support_tickets", M, created="2024-03-31", escalated=escalated)
    assert scored(model, world, "support_health") == (near(75), near(75))
    # +1 today and -1 45 days ago: 1 and 0 with weights 1 and 1/2. One of six is escalated.
    world.feed("support_tickets", M, created="2024-03-31", sentiment=1)
    world.feed("support_tickets", "2024-02", created="2024-02-15", sentiment=-1)
    expected = 100 - 50 / 6 - 50 / 3
    assert scored(model, world, "support_health") == (near(expected), near(expected))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("reference", 1),
        ("Case_Study", 1),
        ("case-study", 1),
        ("CASE STUDY", 1),
        ("Review", 1),
        ("business review", 0),
        ("call", 0),
        (None, 0),
    ],
)
def test_advocacy(model: Model, kind: str | None, value: float) -> None:
    world = World().silent(M, "c").feed("touchpoints", M)
    world.feed("touchpoints", "2023-04", date="2023-04-01", kind=kind)
    world.feed("touchpoints", "2023-03", date="2023-03-31", kind="review")
    assert scored(model, world, "advocacy") == (value, 100 * value)


# --------------------------------------------------------------------------------- financial


@pytest.mark.parametrize(
    ("then", "now", "value", "score"),
    [
        (100, 100, 0, 50),
        (100, 110, 0.1, 75),
        (100, 130, 0.3, 100),
        (100, 80, -0.2, 0),
        (100, 0, -1, 0),
        (0, 100, None, None),
        (0, 0, None, None),
        (None, 100, None, None),
        (100, None, None, None),
    ],
)
def test_arr_trend(
    model: Model, then: float | None, now: float | None, value: float | None, score: float | None
) -> None:
    world = World().silent(M, "c").account("2023-03", "c", arr=then).account(M, "c", arr=now)
    world.account("2023-04", "c", arr=7)
    assert scored(model, world, "arr_trend") == (
        value if value is None else near(value),
        score if score is None else near(score),
    )


def test_arr_without_a_register_a_year_ago(model: Model) -> None:
    world = World().silent(M, "c").account(M, "c", arr=5)
    assert scored(model, world, "arr_trend") == MISSING


def test_payment(model: Model) -> None:
    world = World().silent(M, "c")
    assert scored(model, world, "payment") == MISSING
    world.feed("invoices", M, issued="2024-03-01", due="2024-04-01")  # not yet due
    world.feed("invoices", M, issued="2024-03-01", due=None)
    world.feed("invoices", "2023-03", issued="2023-03-01", due="2023-03-31")  # too long ago
    assert scored(model, world, "payment") == MISSING
    world.feed("invoices", M, issued="2024-03-01", due="2024-03-31")  # unpaid
    assert scored(model, world, "payment") == (0, 0)
    world.feed("invoices", M, issued="2023-03-01", due="2023-04-01", paid="2023-04-01")
    assert scored(model, world, "payment") == (near(0.5), near(50))
    world.feed("invoices", M, issued="2023-03-01", due="2024-01-01", paid="2024-01-02")
    # The same invoice, unpaid when it was issued and paid before it was due.
    invoice = {"invoice_id": "i", "issued": "2024-01-01", "due": "2024-03-01"}
    world.feed("invoices", "2024-01", **invoice)
    world.feed("invoices", "2024-02", **invoice, paid="2024-02-20")
    assert scored(model, world, "payment") == (near(0.5), near(50))
    for status in ("void", "Voided", "draft"):  # owed by nobody
        world.feed("invoices", M, issued="2024-01-01", due="2024-02-01", status=status)
    assert scored(model, world, "payment") == (near(0.5), near(50))
    world.feed("invoices", M, issued="2024-01-01", due="2024-02-01", status="open")
    assert scored(model, world, "payment") == (near(0.4), near(40))


def test_utilisation(model: Model) -> None:
    world = World().visitor(M, "c", "v1").visitor("2024-02", "c", "v1")
    world.visitor("2024-01", "c", "v2").visitor("2023-12", "c", "v3").account(M, "c", seats=8)
    assert scored(model, world, "utilisation") == (near(0.25), near(25))
    world.rows["accounts"][M][0]["seats"] = 1
    assert scored(model, world, "utilisation") == (1, 100)


def test_expansion(model: Model) -> None:
    world = World().silent(M, "c")
    assert scored(model, world, "expansion") == MISSING
    world.feed("renewals", M, date="2024-03-01", outcome="renewed")
    world.feed("renewals", "2023-03", date="2023-03-31", outcome="expanded")
    assert scored(model, world, "expansion") == (0, 0)
    world.feed("renewals", "2023-04", date="2023-04-01", outcome="expanded")
    assert scored(model, world, "expansion") == (1, 100)
