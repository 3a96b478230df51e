"""What holds of composite health whatever was observed (SCORING.md section 5)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
import tables
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from tables import by, engine, found, same

from healthscore_assets.contracts import (
    CLIENT_PROFILE,
    COMPOSITE_HEALTH,
    COMPOSITE_POINTS,
    CONTRACTS,
    HEALTH_COMPONENTS,
    HEALTH_DRIVERS,
    HEALTH_SCORES,
)
from healthscore_assets.contracts.rules import rules_of
from healthscore_assets.lake.months import days_in, shift
from healthscore_assets.lookups.health_presets import DIMENSION, LEADING, PRESETS, WEIGHTS
from healthscore_assets.lookups.health_settings import HealthSettings
from healthscore_assets.scoring.health.bands import WALKED_MONTHS, with_bands
from healthscore_assets.scoring.health.composite import (
    SMOOTHED_MONTHS,
    composite,
)
from healthscore_assets.scoring.health.drivers import drivers
from healthscore_assets.scoring.health.inputs import month_at_hand

MONTH = "2024-03"
CLIENTS = 30
COMPONENTS = sorted(DIMENSION)
SEGMENTS = (None, "SMB", " smb ", "Enterprise", "ENTERPRISE", "Start-up", "default")
"""Spelt as they may be; nobody named the last but one."""

INDEX = ibis.schema({"client_id": "string", "total_all": "float64"})

SETTINGS = {
    "default": HealthSettings(),
    "as it is": HealthSettings(usage_smoothing="none"),
    "mean": HealthSettings(usage_smoothing="mean3", notice_months=2, least_coverage=0.6),
    "whatever was observed": HealthSettings(least_coverage=0.0, notice_months=0),
    "leading": HealthSettings(preset="leading_75"),
    "simple": HealthSettings(preset="simple", usage_smoothing="none"),
    "weights of one's own": HealthSettings.model_validate(
        {
            "segments": {
                "default": {"usage": 0.0, "engagement": 50.0, "sentiment": 30.0, "financial": 20.0},
                "start-up ": {"usage": 100 / 3, "engagement": 100 / 3, "sentiment": 100 / 3}
                | {"financial": 0.0},
            },
            "components": {
                "usage": {"active_users": 0.0, "session_minutes": 40.0},
                "financial": {"arr_trend": 0.0, "payment": 57.14, "utilisation": 42.86}
                | {"expansion": 0.0},
            },
            "bands": {"green": 70.0, "yellow": 40.0},
        }
    ),
}
IN_FORCE = st.sampled_from(list(SETTINGS.values()))


# ----------------------------------------------------------------------------- random components


@dataclass(frozen=True, repr=False)
class World:
    """``scores`` of ago x client x component, NaN where missing; the clients that are in the base
    of each month; months that were made; the segment of each month and client."""

    scores: np.ndarray
    present: np.ndarray
    made: tuple[int, ...]
    segments: tuple[tuple[str | None, ...], ...]

    def __repr__(self) -> str:
        return f"World(made={self.made})"

    def base(self, ago: int) -> list[int]:
        return [client for client in range(CLIENTS) if self.present[ago, client]]


@st.composite
def worlds(draw: st.DrawFn, months: int = 2 + SMOOTHED_MONTHS - 1) -> World:
    """30 clients over months, of which those before the one at hand may be missing.

    How good scores are, how many are missing and how many stay as they were differs by client.
    The first is the same in every month, the second but for one component, the third but for one
    that vanishes; of the fourth nothing is known.
    """
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    edges = draw(st.sampled_from([0.1, 0.5, 1.0]))
    made = (0, *sorted(draw(st.sets(st.integers(1, months - 1), min_size=months - 3))))
    shape = (months, CLIENTS, len(COMPONENTS))
    scores = chance.uniform(chance.choice([0, 60, 80], (1, CLIENTS, 1)), 100, shape)
    edge = (chance.random(shape) < edges) & (chance.random((1, CLIENTS, 1)) < 0.6)
    scores[edge] = chance.choice([0.0, 100.0, 50.0, 100 / 3], edge.sum())
    scores[chance.random(shape) < chance.choice([0.0, 0.2, 0.6], (1, CLIENTS, 1))] = np.nan
    stays = chance.random(shape) < chance.choice([0.0, 0.5, 0.95], (1, CLIENTS, 1))
    for ago in reversed(range(months - 1)):
        scores[ago][stays[ago]] = scores[ago + 1][stays[ago]]
    scores[:, :3] = chance.uniform(0, 100, (1, 3, len(COMPONENTS)))
    scores[0, 1, COMPONENTS.index("csat")] = 100 - scores[1, 1, COMPONENTS.index("csat")]
    scores[0, 2, COMPONENTS.index("nps")] = np.nan
    scores[:, 3] = np.nan
    present = chance.random((months, CLIENTS)) < 0.9
    present[:, :4] = True
    first = chance.choice(len(SEGMENTS), CLIENTS)
    moved = chance.random((months, CLIENTS)) < 0.1
    moved[:, :4] = False
    drawn = np.where(moved, chance.choice(len(SEGMENTS), (months, CLIENTS)), first)
    return World(scores, present, made, tuple(tuple(SEGMENTS[s] for s in row) for row in drawn))


@dataclass(frozen=True)
class Month:
    """The two tables of a composite, and one of them by client."""

    health: pd.DataFrame
    points: pd.DataFrame

    def grid(self, column: str) -> pd.DataFrame:
        """Client x component."""
        wide = self.points.pivot(index="client_id", columns="component", values=column)
        return wide.reindex(columns=COMPONENTS).astype("float64")

    def of(self, column: str) -> pd.Series:
        return self.health.set_index("client_id")[column].astype("float64")


def name(client: int) -> str:
    return f"c{client:02}"


def made(
    world: World, in_force: HealthSettings, ago: int = 0, order: random.Random | None = None
) -> Month:
    """The composite of a month."""
    recent = [back for back in range(SMOOTHED_MONTHS) if ago + back in world.made]
    rows = [
        {"client_id": name(client), "component": component, "dimension": DIMENSION[component]}
        | {"value": 1.0, "score": world.scores[ago + back, client, place], "months_ago": back}
        for back in recent
        for client in world.base(ago + back)
        for place, component in enumerate(COMPONENTS)
    ]
    clients = [
        {**dict.fromkeys(CLIENT_PROFILE.columns), "client_id": name(client)}
        | {"segment": world.segments[ago][client], "stage": "mature"}
        for client in world.base(ago)
    ]
    index = [
        {"client_id": name(client), "total_all": 50.0, "months_ago": back}
        for back in recent
        for client in world.base(ago + back)
    ]
    if order is not None:
        for each in (rows, clients, index):
            order.shuffle(each)
    month = composite(
        engine(),
        tables.given(HEALTH_COMPONENTS, rows),
        tables.given(CLIENT_PROFILE, clients).drop("months_ago"),
        tables.of_schema("index_scores", INDEX, index),
        in_force,
    )
    return Month(found(COMPOSITE_HEALTH, month.health), found(COMPOSITE_POINTS, month.points))


def compared(world: World, in_force: HealthSettings) -> tuple[Month, Month | None, pd.DataFrame]:
    """This month, the one before where it was made, and the drivers between them."""
    now = made(world, in_force)
    before = made(world, in_force, 1) if 1 in world.made else None
    both = [now, before] if before else [now]
    driven = drivers(
        tables.given(
            COMPOSITE_POINTS, pd.concat([m.points.assign(months_ago=i) for i, m in enumerate(both)])
        ),
        tables.given(
            COMPOSITE_HEALTH, pd.concat([m.health.assign(months_ago=i) for i, m in enumerate(both)])
        ),
    )
    return now, before, found(HEALTH_DRIVERS, driven)


# ------------------------------------------------------------------------------ the same in numpy


def weights_of(segment: str | None, in_force: HealthSettings) -> dict[str, float]:
    """The weights of the dimensions for a segment, however it is spelt."""
    named = {n.strip().lower(): w for n, w in in_force.weights_of_segments().items()}
    return named.get((segment or "").strip().lower(), named["default"])


def smoothed(world: World, in_force: HealthSettings) -> np.ndarray:
    """Client x component: usage with the months before it, the others as they are."""
    now = world.scores[0]
    recent = np.array(
        [
            np.where(world.present[back, :, None], world.scores[back], np.nan)
            for back in range(SMOOTHED_MONTHS)
            if back in world.made
        ]
    )
    known = ~np.isnan(recent)
    mean = np.where(known, recent, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    in_words = {"none": now, "mean3": mean, "blend": (now + mean) / 2}[in_force.usage_smoothing]
    usage = np.array([DIMENSION[component] == "usage" for component in COMPONENTS])
    return np.where(usage & ~np.isnan(now), in_words, now)


def by_hand(scores: np.ndarray, segment: str | None, in_force: HealthSettings) -> dict[str, float]:
    """Dimensions and health of one client, NaN where there are none, and coverage."""
    of_dimension = weights_of(segment, in_force)
    default = weights_of(None, in_force)
    told, observed = {}, 0.0
    for dimension in WEIGHTS:
        within = in_force.weights_within(dimension)
        known = {
            c: s
            for c, s in zip(COMPONENTS, scores, strict=True)
            if DIMENSION[c] == dimension and not np.isnan(s)
        }
        observed += default[dimension] * sum(within[c] for c in known)
        whole = sum(within[c] for c in known)
        mean = sum(within[c] * s for c, s in known.items()) / whole if whole else np.nan
        told[dimension] = mean
    share = {d: of_dimension[d] for d, mean in told.items() if not np.isnan(mean)}
    whole = sum(share.values())
    # In whole points of 10,000.
    coverage = {"coverage": min(round(observed), 10_000) / 10_000}
    if round(observed) < in_force.least_coverage * 10_000 or whole == 0:
        return dict.fromkeys([*WEIGHTS, "health"], np.nan) | coverage
    return told | {"health": sum(w * told[d] for d, w in share.items()) / whole} | coverage


@pytest.mark.parametrize("in_force", SETTINGS.values(), ids=SETTINGS)
@examples(4)
@given(world=worlds())
def test_health_is_that_of_numpy(in_force: HealthSettings, world: World) -> None:
    month = made(world, in_force)
    scores = smoothed(world, in_force)
    np.testing.assert_allclose(month.grid("score"), scores[world.base(0)], rtol=0, atol=1e-9)
    expected = pd.DataFrame(
        [by_hand(scores[c], world.segments[0][c], in_force) for c in world.base(0)]
    )
    columns = [*WEIGHTS, "health", "coverage"]
    same(month.health[columns], expected)
    assert month.health["health"].notna().any()
    assert month.health["health"].isna().any()


# ----------------------------------------------------------------------------- points and weights


@examples(5)
@given(world=worlds(), in_force=IN_FORCE)
def test_points_sum_to_health_and_weights_to_one(world: World, in_force: HealthSettings) -> None:
    month = made(world, in_force)
    health, weight, points = month.of("health"), month.grid("weight"), month.grid("points")
    has = health.notna()
    assert len(points) == len(world.base(0))
    assert (month.points.groupby("client_id").size() == len(COMPONENTS)).all()
    np.testing.assert_allclose(points.sum(axis=1)[has], health[has], rtol=0, atol=1e-9)
    np.testing.assert_allclose(weight.sum(axis=1)[has], 1, rtol=0, atol=1e-9)
    # No health: no weight, no points. A missing component: neither.
    assert (weight[~has] == 0).all(axis=None)
    assert (points[~has] == 0).all(axis=None)
    missing = month.grid("score").isna()
    assert (weight[missing].fillna(0) == 0).all(axis=None)
    assert (points[missing].fillna(0) == 0).all(axis=None)
    assert (weight >= 0).all(axis=None)
    np.testing.assert_allclose(points, weight * month.grid("score").fillna(0), rtol=0, atol=1e-9)


@examples(5)
@given(world=worlds(), in_force=IN_FORCE)
def test_a_weight_is_handed_on_in_proportion(world: World, in_force: HealthSettings) -> None:
    """Within a dimension weights stay in proportion, whatever is missing."""
    month = made(world, in_force)
    weight, known = month.grid("weight"), month.grid("score").notna()
    for dimension in WEIGHTS:
        within = pd.Series(in_force.weights_within(dimension))
        mine = known[within.index] * within
        shares = mine.div(mine.sum(axis=1).replace(0, np.nan), axis=0).fillna(0)
        whole = weight[within.index].sum(axis=1)
        np.testing.assert_allclose(
            weight[within.index], shares.mul(whole, axis=0), rtol=0, atol=1e-12
        )


@examples(5)
@given(world=worlds(), in_force=IN_FORCE)
def test_leading_is_the_weight_on_leading_components(
    world: World, in_force: HealthSettings
) -> None:
    month = made(world, in_force)
    leading = sorted(LEADING)
    has = month.of("health").notna()
    share = month.grid("weight")[leading].sum(axis=1)
    np.testing.assert_allclose(month.of("leading_share")[has], share[has], rtol=0, atol=1e-9)
    assert month.of("leading_share")[~has].isna().all()
    some = has & (share > 0)
    score = month.grid("points")[leading].sum(axis=1) / share
    np.testing.assert_allclose(month.of("leading_score")[some], score[some], rtol=0, atol=1e-9)
    assert month.of("leading_score")[~some].isna().all()


@examples(5)
@given(world=worlds(), in_force=IN_FORCE)
def test_every_score_is_within_those_it_is_made_of(world: World, in_force: HealthSettings) -> None:
    """And so from 0 to 100, as far as floats can tell."""
    month = made(world, in_force)
    scores = month.grid("score")
    known = month.of("health").notna()
    parts: dict[str, pd.DataFrame] = {}
    for dimension in WEIGHTS:
        used = [c for c, weight in in_force.weights_within(dimension).items() if weight > 0]
        parts[dimension] = scores[used]
        has = month.of(dimension).notna()
        assert (has == (known & scores[used].notna().any(axis=1))).all()
    parts["health"] = pd.DataFrame({dimension: month.of(dimension) for dimension in WEIGHTS})
    parts["leading_score"] = scores[sorted(LEADING)]
    for column, of in parts.items():
        value = month.of(column)
        inside = (value >= of.min(axis=1) - 1e-9) & (value <= of.max(axis=1) + 1e-9)
        assert (inside | value.isna()).all(), column


@examples(5)
@given(world=worlds(), in_force=IN_FORCE, seed=st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_no_health(
    world: World, in_force: HealthSettings, seed: int
) -> None:
    month, again = made(world, in_force), made(world, in_force, order=random.Random(seed))
    same(again.health, month.health, exact=True)
    same(again.points, month.points, exact=True)


# ----------------------------------------------------------------------------- one score is raised


@examples(5)
@given(world=worlds(), in_force=IN_FORCE, seed=st.integers(0, 2**32 - 1))
def test_a_better_score_is_never_worse_health(
    world: World, in_force: HealthSettings, seed: int
) -> None:
    """One score of each client is raised: its health rises by the weight of it, or stays."""
    chance = np.random.default_rng(seed)
    better = world.scores.copy()
    for client in world.base(0):
        known = np.flatnonzero(~np.isnan(better[0, client]))
        if len(known):
            score = chance.choice(known)
            better[0, client, score] += chance.choice([1e-3, 0.5, 1]) * (
                100 - better[0, client, score]
            )
    before, after = made(world, in_force), made(replace(world, scores=better), in_force)
    same(after.grid("weight"), before.grid("weight"), exact=True)
    raised = after.grid("score") - before.grid("score")
    assert (raised.fillna(0) >= 0).all(axis=None)
    rise = (before.grid("weight") * raised.fillna(0)).sum(axis=1)
    has = before.of("health").notna()
    gain = (after.of("health") - before.of("health"))[has]
    np.testing.assert_allclose(gain, rise[has], rtol=0, atol=1e-9)
    assert (gain >= -1e-9).all()
    assert (gain > 0.1).any()


# ---------------------------------------------------------------------------------- why it changed


@examples(5)
@given(world=worlds(), in_force=IN_FORCE)
def test_effects_sum_to_the_change_of_health(world: World, in_force: HealthSettings) -> None:
    now, before, driven = compared(world, in_force)
    same(driven[list(now.points.columns)], now.points, exact=True)
    healths = before.of("health") if before else pd.Series(dtype="float64")
    change = now.of("health") - healths.reindex(now.of("health").index)
    effects = ["points_change", "value_effect", "weight_effect"]
    told = driven["client_id"].map(change.notna())
    assert driven.loc[told, effects].notna().all(axis=None)
    assert driven.loc[~told, effects].isna().all(axis=None)
    both = driven["value_effect"] + driven["weight_effect"]
    np.testing.assert_allclose(driven["points_change"], both, rtol=0, atol=1e-9)
    sums = driven[told].groupby("client_id")["points_change"].sum()
    np.testing.assert_allclose(sums, change[change.notna()], rtol=0, atol=1e-9)


@examples(5)
@given(world=worlds().filter(lambda world: 1 in world.made), in_force=IN_FORCE)
def test_what_stayed_has_no_effect(world: World, in_force: HealthSettings) -> None:
    now, before, driven = compared(world, in_force)
    assert before is not None
    keys = ["client_id", "component"]
    rows = driven.merge(before.points[[*keys, "score", "weight"]], on=keys, suffixes=("", "_then"))
    rows = rows[rows["points_change"].notna()]
    same_score = rows["score"] == rows["score_then"]
    same_weight = rows["weight"] == rows["weight_then"]
    assert (rows.loc[same_score, "value_effect"] == 0).all()
    assert (rows.loc[same_weight, "weight_effect"] == 0).all()
    assert (rows.loc[same_score & same_weight, "points_change"] == 0).all()
    # Missing in one of the months: no behaviour to tell of.
    gap = rows["score"].isna() | rows["score_then"].isna()
    assert (rows.loc[gap, "value_effect"] == 0).all()
    # And where both are known, the value's effect has the direction of the score.
    moved = np.sign(rows["score"] - rows["score_then"]) * np.sign(rows["value_effect"])
    assert (moved[~gap] >= 0).all()
    assert {name(0), name(1), name(2)} <= set(rows.loc[same_score, "client_id"])
    assert now.of("health")[name(0)] == pytest.approx(before.of("health")[name(0)], abs=1e-9)


@examples(5)
@given(
    world=worlds().filter(lambda world: world.made == (0, 1, 2, 3)),
    in_force=st.sampled_from([SETTINGS[n] for n in ("default", "as it is", "leading", "simple")]),
)
def test_a_value_that_changed_and_one_that_vanished(world: World, in_force: HealthSettings) -> None:
    """The second client's CSAT changed and nothing else, the third's NPS is no longer told."""
    _, before, driven = compared(world, in_force)
    assert before is not None
    rows = by(driven, "client_id", "component")
    points = by(before.points, "client_id", "component")
    for component in COMPONENTS:
        csat, nps = rows[name(1), component], rows[name(2), component]
        assert csat["weight_effect"] == pytest.approx(0, abs=1e-9)
        if component == "csat":
            was = points[name(1), "csat"]
            effect = was["weight"] * (csat["score"] - was["score"])
            assert csat["value_effect"] == pytest.approx(effect, abs=1e-9)
        else:
            assert csat["value_effect"] == pytest.approx(0, abs=1e-9)
        # Weights moved, behaviour did not.
        assert nps["value_effect"] == pytest.approx(0, abs=1e-9)
        if DIMENSION[component] != "sentiment":
            assert nps["weight_effect"] == pytest.approx(0, abs=1e-9)
    lost, was = rows[name(2), "nps"], points[name(2), "nps"]
    healths = [
        sum(each["points"] or 0 for key, each in told.items() if key[0] == name(2))
        for told in (rows, points)
    ]
    # It had its weight, and has none: as far as it was above the mean of the two healths.
    effect = -was["weight"] * (was["score"] - sum(healths) / 2)
    assert lost["weight_effect"] == pytest.approx(effect, abs=1e-9)


# ------------------------------------------------------------------------------ bands and velocity


@pytest.mark.parametrize("of", ["as it is", "mean", "weights of one's own"])
@examples(2)
@given(world=worlds(WALKED_MONTHS + 1))
def test_bands_and_velocity_are_those_of_health(of: str, world: World) -> None:
    in_force = SETTINGS[of]
    months = {ago: made(world, in_force, ago) for ago in world.made}
    walked = pd.concat([month.health.assign(months_ago=ago) for ago, month in months.items()])
    at = month_at_hand(engine(), MONTH)
    scores = found(HEALTH_SCORES, with_bands(tables.given(COMPOSITE_HEALTH, walked), at, in_force))
    same(scores[list(months[0].health.columns)], months[0].health, exact=True)

    rows = by(scores, "client_id")
    healths: dict[str, dict[int, float]] = {client: {} for client in rows}
    for ago, month in months.items():
        for client, health in month.of("health").dropna().items():
            healths.get(str(client), {})[ago] = health
    days = (date(2024, 3, 31) - date(2024, 2, 29)).days
    for client, row in rows.items():
        past = healths[client]
        words = {ago: band_of(health, in_force) for ago, health in past.items()}
        assert row["band"] == words.get(0)
        # Announced is a band that it had; the month's, if it held, or none was announced before.
        assert (row["announced_band"] is None) == (0 not in past)
        if 0 in past:
            assert row["announced_band"] in words.values()
            held = range(in_force.notice_months + 1)
            if all(words.get(ago) == words[0] for ago in held) or set(words) == {0}:
                assert row["announced_band"] == words[0]
        if 0 in past and 1 in past:
            velocity = (past[0] - past[1]) / days
            assert row["velocity"] == pytest.approx(velocity, abs=1e-9)
            assert row["velocity_band"] == velocity_of(velocity)
        else:
            assert (row["velocity"], row["velocity_band"]) == (None, None)
    assert days == days_in(MONTH) == days_in(shift("2024-02", 1))


def band_of(health: float, in_force: HealthSettings) -> str:
    if round(health, 9) >= in_force.bands.green:
        return "green"
    return "yellow" if round(health, 9) >= in_force.bands.yellow else "red"


def velocity_of(velocity: float) -> str:
    """The bands to begin with: no settings here change them."""
    rounded = round(velocity, 9)
    if rounded <= -0.2:
        return "declining_fast" if rounded <= -0.5 else "declining"
    if rounded < 0.2:
        return "stable"
    return "improving" if rounded < 0.5 else "improving_fast"


# ------------------------------------------------------------------------------------ the presets


@pytest.mark.parametrize("preset", PRESETS)
def test_the_weights_of_a_preset_sum_to_100(preset: Any) -> None:
    in_force = HealthSettings(preset=preset)
    for dimension in WEIGHTS:
        within = in_force.weights_within(dimension)
        assert within.keys() == WEIGHTS[dimension].keys()
        assert sum(within.values()) == pytest.approx(100, abs=1e-9), dimension
        assert min(within.values()) >= 0
    segments = in_force.weights_of_segments()
    assert "default" in segments
    for segment, weights in segments.items():
        assert weights.keys() == WEIGHTS.keys()
        assert sum(weights.values()) == pytest.approx(100, abs=1e-9), segment


def all_observed(in_force: HealthSettings) -> Month:
    """Everything is known of everybody, and is 50."""
    scores = np.full((1, CLIENTS, len(COMPONENTS)), 50.0)
    present = np.ones((1, CLIENTS), dtype=bool)
    segments = tuple(SEGMENTS[client % len(SEGMENTS)] for client in range(CLIENTS))
    return made(World(scores, present, (0,), (segments,)), in_force)


def test_leading_75_has_75_per_cent_on_leading_components() -> None:
    month = all_observed(SETTINGS["leading"])
    np.testing.assert_allclose(month.of("leading_share"), 0.75, rtol=0, atol=1e-9)
    np.testing.assert_allclose(month.of("coverage"), 1, rtol=0, atol=1e-9)


def test_simple_has_six_components() -> None:
    weight = all_observed(SETTINGS["simple"]).grid("weight")
    expected: Mapping[str, float] = {
        "frequency": 0.15,
        "feature_adoption": 0.25,
        "session_minutes": 0.10,
        "support_health": 0.20,
        "payment": 0.15,
        "nps": 0.15,
    }
    for component in COMPONENTS:
        np.testing.assert_allclose(
            weight[component], expected.get(component, 0.0), rtol=0, atol=1e-9
        )


# ------------------------------------------------------------------------------- to the last bit


def broken(world: World, in_force: HealthSettings) -> list[str]:
    """Rules of the contracts that the month does not keep."""
    month = made(world, in_force)
    said = []
    for contract, frame in ((COMPOSITE_HEALTH, month.health), (COMPOSITE_POINTS, month.points)):
        (rows,) = engine().rows(rows_that_break(contract.name, tables.given(contract, frame)))
        said += [rule for rule, count in rows.items() if count]
    return said


@cache
def rows_that_break(name: str, table: ibis.Table) -> ibis.Table:
    """How many rows break each rule of the contract, in one row."""
    rules = rules_of(CONTRACTS[name])
    return table.aggregate(**{f"{r.column}: {r.says}": r.broken(table).sum() for r in rules})


@examples(5)
@given(world=worlds(), in_force=IN_FORCE)
def test_a_month_keeps_its_contracts(world: World, in_force: HealthSettings) -> None:
    assert broken(world, in_force) == []


@pytest.mark.parametrize("in_force", SETTINGS.values(), ids=SETTINGS)
@examples(2)
@given(world=worlds())
def test_perfect_scores_are_not_beyond_100(in_force: HealthSettings, world: World) -> None:
    perfect = np.where(np.isnan(world.scores), np.nan, 100.0)
    assert broken(replace(world, scores=perfect), in_force) == []


def test_nobody_is_observed_more_than_whole() -> None:
    nearly = {"usage": 35.01, "engagement": 25.0, "sentiment": 25.0, "financial": 15.0}
    in_force = HealthSettings.model_validate({"segments": {"default": nearly}})
    assert all_observed(in_force).of("coverage").max() <= 1
