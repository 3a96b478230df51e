"""Health (SCORING.md section 5) on tiny worlds, with numbers worked by hand.

The same cases hold for every implementation of the three functions: see `model`.
"""

from __future__ import annotations

from typing import Any

import pytest
from health_reference import COMPONENTS, end, feature_key, shift
from health_world import (
    ALONE,
    BOARD,
    EDITOR,
    MISSING,
    SCENARIOS,
    M,
    Model,
    World,
    drivers,
    healthy,
    near,
    over_time,
    scored,
)

# ------------------------------------------------------------------- normalisers and smoothing


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("percentile", [0, 100 / 3, 100 / 3, 100]),
        # mean 25, standard deviation 15: z = -1, -1/3, -1/3, 5/3
        ("zscore", [100 / 3, 400 / 9, 400 / 9, 700 / 9]),
        # 5th percentile 11.5, 95th 45.5
        ("minmax", [0, 25, 25, 100]),
        ("target", [10, 20, 20, 50]),
    ],
)
def test_normalisers(model: Model, kind: str, expected: list[float]) -> None:
    world = World().score(M, "e", None)
    for client, value in zip("abcd", (10, 20, 20, 50), strict=True):
        world.score(M, client, value)
        # Of the segment a and d are alone together.
        world.account(M, client, segment="SMB" if client in "ad" else "GOV")
    found = {
        client: scored(
            *(model, world, "engagement_index"),
            client=client,
            normalisers={"engagement_index": (kind, "base")},
        )
        for client in "abcde"
    }
    assert [found[client][1] for client in "abcd"] == [near(score) for score in expected]
    assert [found[client][0] for client in "abcd"] == [10, 20, 20, 50]
    assert found["e"] == MISSING
    if kind != "target":
        within: dict[str, Any] = {"normalisers": {"engagement_index": (kind, "segment")}}
        low, high = (200 / 6, 400 / 6) if kind == "zscore" else (0, 100)
        for client, score in {"a": near(low), "b": None, "c": None, "d": near(high)}.items():
            assert scored(model, world, "engagement_index", client=client, **within)[1] == score


@pytest.mark.parametrize("kind", ["percentile", "zscore", "minmax"])
def test_alone_has_no_spread(model: Model, kind: str) -> None:
    settings: dict[str, Any] = {"normalisers": {"engagement_index": (kind, "base")}}
    assert scored(model, World().score(M, "c", 7), "engagement_index", **settings)[1] is None


def test_a_z_of_more_than_three_is_three(model: Model) -> None:
    world = World().score(M, "c", 100)
    for number in range(20):
        world.score(M, f"x{number}", 0)
    settings: dict[str, Any] = {"normalisers": {"engagement_index": ("zscore", "base")}}
    assert scored(model, world, "engagement_index", **settings)[1] == near(100)


@pytest.mark.parametrize(("smoothing", "expected"), [("none", 90), ("mean3", 60), ("blend", 75)])
def test_smoothing(model: Model, smoothing: str, expected: float) -> None:
    world = over_time(0, 30, 60, 90, first="2023-12")
    for month, total in zip(("2024-01", "2024-02", M), (3, 6, 9), strict=True):
        world.scores[month, "c"] = (total * 10, world.scores[month, "c"][1])
    settings = {**ALONE, "usage_smoothing": smoothing}
    row = healthy(model, world, **settings)
    assert (row["health"], row["total_all_smoothed"]) == (near(expected), near(expected))
    driver = drivers(model, world, **settings)["engagement_index"]
    assert (driver["value"], driver["score"]) == (90, near(expected))
    assert scored(model, world, "engagement_index", usage_smoothing=smoothing) == (90, 90)


def test_smoothing_over_months_that_are_there(model: Model) -> None:
    # February was never delivered: (30 + 90) / 2. Of January the client was not there: 90.
    world = World().score("2024-01", "c", 30).score(M, "c", 90)
    assert healthy(model, world, **ALONE, usage_smoothing="mean3")["health"] == near(60)
    world = World().score("2024-01", "d", 30).score(M, "c", 90)
    assert healthy(model, world, **ALONE, usage_smoothing="mean3")["health"] == near(90)
    # The month's own must be there.
    world = over_time(30, 60, None)
    assert healthy(model, world, **ALONE, usage_smoothing="mean3")["health"] is None


def test_only_usage_is_smoothed(model: Model) -> None:
    world = World().silent("2024-02", "c").silent(M, "c")
    world.feed("touchpoints", "2024-02", date="2024-02-01", meaningful=True)
    world.feed("touchpoints", M, date="2024-03-01", meaningful=True)
    world.feed("touchpoints", M, date="2024-03-01", meaningful=True)
    found = drivers(model, world, usage_smoothing="mean3")
    assert found["touchpoint_quality"]["score"] == 100


# ------------------------------------------------------------------------------------- health


def test_weights_by_segment(model: Model) -> None:
    world = World()
    segments = {"e": "Enterprise", "s": "smb", "u": "Unheard of", "n": None}
    for client, segment in segments.items():
        world.visitor(M, client, "v1", {SCENARIOS: 1}, days=3)
        world.account(M, client, segment=segment, seats=1)
    world.feed("touchpoints", M)
    # Usage, engagement and advocacy are known, and utilisation of financial.
    expected = {"e": (30, 30, 25, 15), "s": (40, 20, 25, 15), "u": (35, 25, 25, 15)}
    for client, weights in {**expected, "n": expected["u"]}.items():
        row, found = healthy(model, world, client=client), drivers(model, world, client=client)
        assert row["segment"] == segments[client]
        usage, engagement, sentiment, financial = (w / 100 for w in weights)
        assert found["active_users"]["weight"] == near(usage * 0.4)
        assert found["touchpoint_quality"]["weight"] == near(engagement * 0.35)
        assert found["advocacy"]["weight"] == near(sentiment)
        assert found["utilisation"]["weight"] == near(financial)
        # 3500 + 2500 + 25 * 10 + 15 * 20, whatever the segment.
        assert row["coverage"] == near(0.655)
        assert row["health"] == near(100 * (usage + financial))
        assert row["leading_share"] == near(1 - sentiment)
        points = sum(driver["points"] for driver in found.values())
        assert points == near(row["health"])
        assert sum(driver["weight"] for driver in found.values()) == near(1)


@pytest.mark.parametrize(
    ("health", "band"),
    [
        (100, "green"),
        (80, "green"),
        (79.999, "yellow"),
        (60, "yellow"),
        (59.999, "red"),
        (0, "red"),
        (None, None),
    ],
)
def test_bands(model: Model, health: float | None, band: str | None) -> None:
    row = healthy(model, over_time(health, first=M), **ALONE)
    assert (row["health"], row["band"], row["announced_band"]) == (health, band, band)


@pytest.mark.parametrize(
    ("healths", "notice", "announced"),
    [
        ([85, 70], 1, "green"),
        ([85, 70, 70], 1, "yellow"),
        ([85, 70, 70], 2, "green"),
        ([85, 70, 70, 70], 2, "yellow"),
        ([85, 70], 0, "yellow"),
        ([85, 70, 85, 70], 1, "green"),
        ([85, 70, 55], 1, "green"),  # neither has held
        ([85, 70, 55, 55], 1, "red"),
        ([85, 65], 1, "yellow"),  # fell by 20
        ([85, 65.5], 1, "green"),
        ([85, 40], 1, "red"),
        ([40, 85], 1, "red"),  # no sudden rise
        ([40, 85, 85], 1, "green"),
        ([85, 70, None, 70], 1, "green"),  # a month without breaks the run
        ([85, 70, None, 70, 70], 1, "yellow"),
        ([90, None, 65], 1, "green"),  # nor is it a fall since the month before
        ([85, 70, None], 1, None),
        # Nothing has held in the months in sight: the worse of two equally frequent bands.
        ([85, 70, 85, 70, 85, 70, 85, 70], 1, "yellow"),
        ([85, 70, 85, 70, 85, 70, 85, 70, 85], 1, "yellow"),
        ([85, 70, 70, 85, 70, 85, 70, 85], 2, "yellow"),
        # One month out of the line is no change, however long ago it was.
        ([85, 85, 70, 85, 85, 85, 85, 85], 1, "green"),
        ([85, 70, 85, 85, 85, 85, 85, 85], 1, "green"),
        ([85, 85, 85, 85, 70, 85, 85, 85], 6, "green"),
        ([85, 60, 85, 70, 85, 62, 85, 70], 0, "yellow"),
        # A fall by 20 in the midst is one, whatever was announced before.
        ([70, 85, 70, 85, 60, 85, 70, 85], 1, "yellow"),
    ],
)
def test_announced_band(
    model: Model, healths: list[float | None], notice: int, announced: str | None
) -> None:
    world = over_time(*healths)
    month = shift("2024-01", len(healths) - 1)
    row = healthy(model, world, month, **ALONE, notice_months=notice)
    assert row["announced_band"] == announced


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (-15, "declining_fast"),
        (-14, "declining"),
        (-6, "declining"),
        (-5, "stable"),
        (0, "stable"),
        (5, "stable"),
        (6, "improving"),
        (14, "improving"),
        (15, "improving_fast"),
    ],
)
def test_velocity(model: Model, change: float, word: str) -> None:
    # 30 days from the end of March to that of April.
    row = healthy(model, over_time(70, 70 + change, first=M), "2024-04", **ALONE)
    assert (row["velocity"], row["velocity_band"]) == (near(change / 30), word)


def test_velocity_needs_both(model: Model) -> None:
    for healths in ([70], [None, 70], [70, None]):
        month = shift("2024-01", len(healths) - 1)
        row = healthy(model, over_time(*healths), month, **ALONE)
        assert (row["velocity"], row["velocity_band"]) == (None, None)
        found = drivers(model, over_time(*healths), month, **ALONE)
        for driver in found.values():
            effects = ("points_change", "value_effect", "weight_effect")
            assert [driver[name] for name in effects] == [None] * 3


def test_a_feed_that_vanished_shows_as_weight(model: Model) -> None:
    # February: 1 of 2 active, .6 * 50, and two touchpoints, .4 * 100: 70.
    # March: 2 of 2 active, and no touchpoints delivered: 1 * 100.
    world = World().visitors("2024-02", "c", 1, 0).visitors(M, "c", 1, 1)
    for _ in range(2):
        world.feed("touchpoints", "2024-02", date="2024-02-01", meaningful=True)
    for month in ("2024-02", M):
        world.account(month, "c", seats=2)
    settings: dict[str, Any] = {
        "segment_weights": {
            "default": {"usage": 60, "engagement": 40, "sentiment": 0, "financial": 0}
        },
        "component_weights": {
            "usage": {"active_users": 100},
            "engagement": {"touchpoint_quality": 100},
        },
    }
    assert healthy(model, world, "2024-02", **settings)["health"] == near(70)
    row = healthy(model, world, **settings)
    assert (row["health"], row["coverage"]) == (near(100), near(0.6))
    assert (row["velocity"], row["velocity_band"]) == (near(30 / 31), "improving_fast")
    found = drivers(model, world, **settings)
    effects = {
        name: (driver["value_effect"], driver["weight_effect"]) for name, driver in found.items()
    }
    # (.6 + 1) / 2 * 50; (75 - 85) * .4
    assert effects["active_users"] == (near(40), near(-4))
    # missing in March: 0; (100 - 85) * -.4
    assert effects["touchpoint_quality"] == (0, near(-6))
    assert found["touchpoint_quality"]["score"] is None
    assert found["touchpoint_quality"]["points_change"] == near(-6)
    others = set(COMPONENTS) - {"active_users", "touchpoint_quality"}
    assert {effects[name] for name in others} == {(0, 0)}
    assert sum(driver["points_change"] for driver in found.values()) == near(30)


def test_effects_sum_to_the_change_of_health(model: Model) -> None:
    world = World()
    for month, active, days in (("2024-01", 3, 9), ("2024-02", 1, 5), (M, 2, 14)):
        for number in range(4):
            uses = {BOARD: 3, SCENARIOS: number} if number < active else {}
            world.visitor(month, "c", f"v{number}", uses, days=days)
        world.visitor(month, "d", "w", {SCENARIOS: 5, BOARD: 7, EDITOR: 2}, days=11)
        world.account(month, "c", seats=5, segment="SMB" if month == M else "Enterprise")
    world.feed("touchpoints", "2024-02", date="2024-02-03", meaningful=True, kind="review")
    world.feed("surveys", "2024-02", date="2024-02-03", kind="nps", score=8)
    world.feed("surveys", M, date="2024-03-03", kind="nps", score=10)
    world.feed("support_tickets", M, created="2024-03-05", escalated=True, sentiment=0.3)
    settings = {"usage_smoothing": "blend"}
    for before, month in (("2024-01", "2024-02"), ("2024-02", M)):
        row = healthy(model, world, month, **settings)
        found = drivers(model, world, month, **settings).values()
        change = row["health"] - healthy(model, world, before, **settings)["health"]
        assert sum(driver["points"] for driver in found) == near(row["health"])
        assert sum(driver["points_change"] for driver in found) == near(change)
        for driver in found:
            parts = driver["value_effect"] + driver["weight_effect"]
            assert driver["points_change"] == near(parts)
        assert row["velocity"] == near(change / (end(month) - end(before)).days)


# -------------------------------------------------------------------------------------- names


def test_spellings_of_a_feature() -> None:
    for spelling in ("plan > board", "PLAN: Board", "Plan  /  Board", " Plan | Board "):
        assert feature_key(spelling) == feature_key(BOARD)
    for other in ("Plan/Board", "Plan - Board", "Plan|Board"):
        assert feature_key(other) != feature_key(BOARD)
