"""What a month's health is warned about: components that moved as a whole, segments that nobody
named, and too few or the wrong components observed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ibis
import numpy as np
import pytest
import scipy.stats
from tables import by, engine, found, given, of_schema

from healthscore_assets.contracts import (
    CLIENT_PROFILE,
    COMPOSITE_HEALTH,
    COMPOSITE_POINTS,
    HEALTH_COMPONENTS,
    HEALTH_SCORES,
)
from healthscore_assets.lookups.health_presets import DIMENSION, WEIGHTS
from healthscore_assets.lookups.health_settings import AnomalyGuard, HealthSettings
from healthscore_assets.monitoring.anomaly import COMPARED_MONTHS, Anomalies, anomalies
from healthscore_assets.monitoring.health_mix import health_mix
from healthscore_assets.monitoring.observation import Observation
from healthscore_assets.monitoring.segments import unknown_segments
from healthscore_assets.scoring.health.composite import Composite, composite

Scores = Sequence[float | None]
"""One per month, oldest first, the last being the month at hand."""


def table(contract: Any, rows: Sequence[Mapping[str, Any]]) -> ibis.Table:
    """Rows that tell some of the columns; the others are null."""
    nulls = {**dict.fromkeys(contract.columns), "months_ago": 0}
    return given(contract, [{**nulls, **row} for row in rows])


def components(histories: Mapping[tuple[str, str], Scores]) -> ibis.Table:
    """`health_components` of (client, component) -> its scores."""
    return table(
        HEALTH_COMPONENTS,
        [
            {"client_id": client, "component": component, "dimension": DIMENSION[component]}
            | {"score": score, "months_ago": ago}
            for (client, component), scores in histories.items()
            for ago, score in enumerate(reversed(scores))
        ],
    )


def moved(histories: Mapping[tuple[str, str], Scores], **guard: Any) -> Anomalies:
    return anomalies(engine(), components(histories), AnomalyGuard(**guard))


def of_nps(*histories: Scores) -> dict[tuple[str, str], Scores]:
    """Clients by number, each with its NPS."""
    return {(f"c{number:03}", "nps"): scores for number, scores in enumerate(histories)}


def shown(told: Anomalies) -> dict[str, Mapping[str, Any]]:
    """component -> what was compared."""
    return {row["component"]: row for row in told.seen.tables["components"]}


def far_of(count: int, of: int) -> dict[tuple[str, str], Scores]:
    """So many clients fall by 50 after two steady months, and the others by nothing."""
    return of_nps(*[[80.0, 80.0, 80.0, 30.0 if n < count else 80.0] for n in range(of)])


# --------------------------------------------------------------------- a component moves as a whole


def random_histories(seed: int) -> dict[tuple[str, str], Scores]:
    """50 clients over eight months, some scores missing: NPS falls at once for most of them in the
    last, CSAT and depth go on as they were, and executives jump for a few."""
    random = np.random.default_rng(seed)
    histories: dict[tuple[str, str], Scores] = {}
    for client in range(50):
        for component, wide in (
            *[("nps", 4.0), ("csat", 6.0), ("depth", 0.1), ("executive_involvement", 2.0)],
        ):
            scores = 50 + random.normal(0, wide, COMPARED_MONTHS + 1).cumsum() / 2
            if component == "nps" and client < 30:
                scores[-1] -= 35
            if component == "executive_involvement" and client < 10:
                scores[-1] += 40
            missing = random.random(len(scores)) < 0.15
            histories[f"c{client}", component] = [
                None if gone else float(score)
                for score, gone in zip(scores.clip(0, 100), missing, strict=True)
            ]
    return histories


def usual(histories: Mapping[tuple[str, str], Scores]) -> dict[str, dict[str, Any]]:
    """The numbers of each component, from scipy."""
    told = {}
    for component in sorted({component for _, component in histories}):
        mine = [scores for (_, of), scores in histories.items() if of == component]
        steps = np.diff(np.array(mine, dtype=float), axis=1)
        past, now, by_month = steps[:, :-1], steps[:, -1], steps[:, :-1].T
        past, now = past[~np.isnan(past)], now[~np.isnan(now)]
        deviation = max(1.4826 * scipy.stats.median_abs_deviation(past), 1.0)
        far = np.abs(now - np.median(past)) > 5 * deviation
        months = [month[~np.isnan(month)] for month in by_month]
        far_before = [np.abs(month - np.median(past)) > 5 * deviation for month in months]
        told[component] = {
            "component": component,
            "clients": len(now),
            "median_move": pytest.approx(np.median(now), abs=1e-9),
            "usual_deviation": pytest.approx(deviation, abs=1e-9),
            "far_share": pytest.approx(far.mean(), abs=1e-9),
            "far_share_before": pytest.approx(max(map(np.mean, far_before)), abs=1e-9),
        }
    return told


@pytest.mark.parametrize("seed", range(5))
def test_moves_are_held_against_the_usual_ones_as_scipy_has_it(seed: int) -> None:
    histories = random_histories(seed)
    told = moved(histories)
    assert shown(told) == usual(histories)
    assert told.components == ["nps"]


def test_a_survey_of_every_quarter_is_no_problem_of_measurement() -> None:
    # Two months without a move, then six of ten answer otherwise: again and again.
    quarters = [50.0] * 3 + [80.0] * 3
    asked = of_nps(*[[*quarters, 50.0 if client < 6 else 80.0] for client in range(10)])
    told = moved(asked)
    assert shown(told)["nps"]["far_share"] == 0.6
    assert shown(told)["nps"]["far_share_before"] == 1.0
    assert told.components == []
    # Half of them moved before, and all do now: half more than ever.
    some = [[50.0] * 3 + [80.0 if n < 5 else 50.0] * 3 + [0.0] for n in range(10)]
    assert moved(of_nps(*some)).components == ["nps"]


def test_a_component_that_moved_is_told_with_its_numbers() -> None:
    # Moves of 2 and -2 by turns: the median is 0, the deviation 1.4826 x 2. 60 % fall by 20.
    steady = [50.0, 52.0, 50.0, 52.0, 50.0]
    told = moved(of_nps(*[[*steady, 30.0 if client < 6 else 52.0] for client in range(10)]))
    assert told.components == ["nps"]
    assert not told.seen.usual
    assert told.seen.numbers == {"components_moved": 1.0}
    assert told.seen.says == (
        "nps moved by more than 5 deviations for 60% of 10 clients at once (median -20.0 points): "
        "look at how it is measured."
    )
    assert shown(told)["nps"]["usual_deviation"] == pytest.approx(2.9652, abs=1e-12)


def test_every_component_that_moved_has_its_line() -> None:
    both = {
        (client, component): [50.0, 50.0, 50.0, 90.0]
        for client in "abcdef"
        for component in ("training", "csat")
    }
    told = moved(both, hold_out=True)
    assert told.components == ["csat", "training"]
    assert told.seen.numbers == {"components_moved": 2.0}
    first, second = told.seen.says.split("\n")
    assert first.startswith("csat moved by more than 5 deviations for 100% of 6 clients at once")
    assert second.endswith("look at how it is measured, it is held out of health.")


def test_the_move_is_counted_from_the_usual_one() -> None:
    # Everybody rises by 8 a month: nobody is far who does so again, and all are who stay.
    rising = [8.0 * month for month in range(6)]
    assert moved(of_nps(*[[*rising, 48.0]] * 4)).components == []
    assert moved(of_nps(*[[*rising, 40.0]] * 4)).components == ["nps"]


@pytest.mark.parametrize(("fell", "far"), [(14.8, 0.0), (14.83, 1.0), (-14.83, 1.0)])
def test_far_is_beyond_five_deviations(fell: float, far: float) -> None:
    # Moves of 2 and -2 by turns make a deviation of 2.9652; five of them are 14.826.
    steady = [50.0, 52.0, 50.0, 52.0, 50.0]
    told = moved(of_nps(*[[*steady, 50.0 - fell]] * 5))
    assert shown(told)["nps"]["far_share"] == far


@pytest.mark.parametrize(("deviations", "components"), [(10.0, []), (9.9, ["nps"])])
def test_how_far_is_far_is_a_setting(deviations: float, components: list[str]) -> None:
    # All fall by 10, and the least deviation is 1.
    assert moved(of_nps(*[[80.0] * 4 + [70.0]] * 4), deviations=deviations).components == components


@pytest.mark.parametrize("clients", [10, 20, 70, 100, 130])
def test_exactly_the_share_is_not_more_than_it(clients: int) -> None:
    at, beyond = clients * 3 // 10, clients * 3 // 10 + 1
    told = moved(far_of(at, clients))
    assert told.components == []
    assert told.seen.usual
    assert told.seen.says == "No component moved for many clients at once."
    assert shown(told)["nps"]["far_share"] == 0.3
    assert moved(far_of(beyond, clients)).components == ["nps"]


@pytest.mark.parametrize(("share", "components"), [(0.5, []), (0.49, ["nps"]), (1.0, [])])
def test_how_many_are_many_is_a_setting(share: float, components: list[str]) -> None:
    assert moved(far_of(5, 10), share=share).components == components


def test_a_component_that_never_moved_may_move_by_five_points() -> None:
    # The median absolute deviation is 0: a deviation is taken to be a point.
    told = moved(of_nps(*[[60.0] * 6 + [55.0]] * 5))
    assert shown(told)["nps"]["usual_deviation"] == 1.0
    assert told.components == []
    assert moved(of_nps(*[[60.0] * 6 + [54.9]] * 5)).components == ["nps"]


# -------------------------------------------------------------------------------- too little to say


@pytest.mark.parametrize(("steps", "components"), [([3, 3, 3], []), ([3, 3, 3, 1], ["nps"])])
def test_with_fewer_than_ten_moves_nobody_can_say(steps: list[int], components: list[str]) -> None:
    # So many earlier moves of each client, all of 0; then everybody falls by 60.
    told = moved(of_nps(*[[80.0] * (count + 1) + [20.0] for count in steps]))
    assert told.components == components
    assert list(shown(told)) == components


def test_the_first_two_months_have_nothing_to_be_held_against() -> None:
    for months in ([80.0], [80.0, 10.0]):
        told = moved(of_nps(*[months] * 40))
        assert (told.components, told.seen.usual, shown(told)) == ([], True, {})


def test_a_missing_score_is_no_move() -> None:
    steady = [80.0] * 5
    told = moved(
        of_nps(
            *[[*steady, 20.0]] * 3,
            *[[*steady, 80.0]] * 4,
            *[[*steady, None]] * 20,  # vanished: a feed may be missing, it did not move
            *[[*steady[:-1], None, 20.0]] * 20,  # back, with nothing before it
        )
    )
    # 3 of 7 that have a score in both months.
    assert shown(told)["nps"]["clients"] == 7
    assert shown(told)["nps"]["far_share"] == pytest.approx(3 / 7, abs=1e-12)


def test_a_gap_is_not_bridged() -> None:
    # Up by 40 over a month without scores: of earlier moves there is none, not twenty.
    assert shown(moved(of_nps(*[[20.0, None, 60.0, 60.0]] * 20))) == {}


def test_a_component_that_nobody_has_any_more_is_not_compared() -> None:
    told = moved(of_nps(*[[50.0, 60.0, 40.0, None]] * 20))
    assert (told.components, shown(told)) == ([], {})


# ---------------------------------------------------------------------------- held out of health


def health_of(
    held_out: Sequence[str], ago: int = 0, scores: Mapping[str, float] | None = None
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The health of one client, and its components, without those that are held out."""
    told = dict.fromkeys(DIMENSION, 50.0) | {"nps": 100.0, "csat": 80.0} | dict(scores or {})
    settings = HealthSettings()
    index = ibis.schema({"client_id": "string", "total_all": "float64"})
    made: Composite = composite(
        engine(),
        components({("a", name): [score] * (1 + ago) for name, score in told.items()}),
        table(CLIENT_PROFILE, [{"client_id": "a"}]).drop("months_ago"),
        of_schema("index_scores", index, []),
        settings,
        frozenset(held_out),
    )
    (health,) = by(found(COMPOSITE_HEALTH, made.health), "client_id").values()
    return health, by(found(COMPOSITE_POINTS, made.points), "component")


def test_without_anything_held_out_all_have_their_weight() -> None:
    health, points = health_of([])
    # Sentiment is 40 % of 100, 30 % of 80, and 30 % of 50: 79; a quarter of health.
    assert health["health"] == pytest.approx(0.75 * 50 + 0.25 * 79, abs=1e-9)
    assert points["nps"]["weight"] == pytest.approx(0.1, abs=1e-12)


def test_a_component_that_is_held_out_hands_its_weight_to_its_dimension() -> None:
    health, points = health_of(["nps"])
    assert (points["nps"]["score"], points["nps"]["weight"], points["nps"]["points"]) == (
        None,
        0,
        0,
    )
    # 30, 20 and 10 of 60, of a quarter.
    weights = {name: points[name]["weight"] for name in ("csat", "support_health", "advocacy")}
    assert weights == {
        "csat": pytest.approx(0.125, abs=1e-12),
        "support_health": pytest.approx(0.25 / 3, abs=1e-12),
        "advocacy": pytest.approx(0.25 / 6, abs=1e-12),
    }
    # (30 x 80 + 20 x 50 + 10 x 50) / 60.
    assert health["sentiment"] == pytest.approx(65, abs=1e-9)
    assert health["health"] == pytest.approx(0.75 * 50 + 0.25 * 65, abs=1e-9)
    # Nor does it count as observed: 10 of 100.
    assert health["coverage"] == pytest.approx(0.9, abs=1e-12)
    others = set(DIMENSION) - set(WEIGHTS["sentiment"])
    _, before = health_of([])
    assert all(points[name]["weight"] == before[name]["weight"] for name in others)


def test_a_dimension_that_is_held_out_hands_its_weight_to_the_others() -> None:
    health, points = health_of(list(WEIGHTS["sentiment"]))
    assert health["sentiment"] is None
    assert health["health"] == pytest.approx(50, abs=1e-9)
    assert points["active_users"]["weight"] == pytest.approx(0.35 / 0.75 * 0.4, abs=1e-12)


def test_a_client_of_which_too_little_is_left_is_told_what_was_held_out() -> None:
    usage = [name for name, dimension in DIMENSION.items() if dimension == "usage"]
    most = [*usage, "touchpoint_quality", "executive_involvement", "nps", "csat", "arr_trend"]
    health, _ = health_of(most)
    # Left are 25 % of 40 %, 25 % of 30 % and 15 % of 60 %.
    assert health["health"] is None
    assert health["reason"] == (
        "observed: 26.5% of the weights, 35% are needed; held out: " + ", ".join(sorted(most))
    )


def test_what_is_held_out_does_not_come_back_from_the_months_before() -> None:
    # Usage is smoothed over three months.
    health, points = health_of(["depth"], ago=2, scores={"depth": 100.0})
    assert (points["depth"]["score"], points["depth"]["weight"]) == (None, 0)
    assert health["usage"] == pytest.approx(50, abs=1e-9)


# ----------------------------------------------------------------------- segments nobody named


def segments(*told: str | None, settings: HealthSettings | None = None) -> Observation:
    """What is said of clients with these segments."""
    rows = [{"client_id": f"c{n}", "segment": segment} for n, segment in enumerate(told)]
    profile = table(CLIENT_PROFILE, rows).drop("months_ago")
    return unknown_segments(engine(), profile, settings or HealthSettings())


def test_a_segment_that_nobody_named_is_told_with_its_clients() -> None:
    seen = segments("SMB", "Start-up", "Other", "Start-up", "Also", None)
    assert not seen.usual
    assert seen.numbers == {"unknown_segments": 3.0}
    assert list(seen.tables["segments"]) == [
        {"segment": "Start-up", "clients": 2},
        {"segment": "Also", "clients": 1},
        {"segment": "Other", "clients": 1},
    ]
    assert "Start-up (2 clients), Also (1 client), Other (1 client)" in seen.says


def test_case_and_spaces_of_a_segment_do_not_matter() -> None:
    seen = segments("enterprise", " SMB ", "smb", "ENTERPRISE  ", "default", "mid-market", "gov")
    assert seen.usual
    assert seen.says == "Every segment is one that scoring.yaml names."
    assert (seen.numbers, seen.tables) == ({"unknown_segments": 0.0}, {})


def test_clients_without_a_segment_are_no_segment() -> None:
    assert segments(None, None).usual


def test_a_segment_is_named_by_its_weights_or_by_its_multiplier() -> None:
    named = HealthSettings.model_validate(
        {
            "segments": {" Start-Up": {"usage": 40.0, "engagement": 20.0}},
            "risk": {"multipliers": {"other": 3.0}},
        }
    )
    assert segments("start-up", "Other", settings=named).usual
    # Those that were named before are not any more.
    seen = segments("Enterprise", "SME", settings=named)
    assert [row["segment"] for row in seen.tables["segments"]] == ["Enterprise", "SME"]


def test_a_preset_names_segments_of_its_own() -> None:
    # It weighs all alike; Enterprise and SMB have multipliers all the same.
    named = {"preset": "leading_75", "segments": {"Start-up": {}}, "risk": {"multipliers": {}}}
    seen = segments("Start-up", "SMB", "default", settings=HealthSettings.model_validate(named))
    assert [row["segment"] for row in seen.tables["segments"]] == ["SMB", "Start-up"]


# ----------------------------------------------------------------------------- what health is of


def mix(*rows: Mapping[str, Any]) -> Observation:
    return health_mix(
        engine(),
        table(HEALTH_SCORES, [{"client_id": f"c{n}", **row} for n, row in enumerate(rows)]),
    )


def healthy(leading_share: float, health: float = 90.0, coverage: float = 1.0) -> dict[str, Any]:
    band = "green" if health >= 80 else "yellow" if health >= 60 else "red"
    return {"leading_share": leading_share, "health": health, "coverage": coverage, "band": band}


NO_HEALTH = {"coverage": 0.2}


@pytest.mark.parametrize("leading", [[0.7], [0.8], [0.6, 0.8], [0.7 - 1e-12], [0.8 + 1e-12]])
def test_70_to_80_per_cent_leading_is_as_it_should_be(leading: list[float]) -> None:
    seen = mix(*map(healthy, leading))
    assert (seen.usual, seen.says) == (True, "Every client has a health.")


@pytest.mark.parametrize(
    ("leading", "told"),
    [([0.69], "69.0%"), ([0.81], "81.0%"), ([1.0, 1.0, 0.7], "90.0%"), ([0.0], "0.0%")],
)
def test_less_or_more_is_warned_of(leading: list[float], told: str) -> None:
    seen = mix(*map(healthy, leading))
    assert not seen.usual
    assert seen.says.startswith(f"{told} of the weight is on leading components; 70 to 80 %")


def test_clients_without_a_health_are_counted() -> None:
    seen = mix(healthy(0.7), NO_HEALTH, NO_HEALTH, healthy(0.8))
    assert not seen.usual
    assert seen.says == (
        "2 of 4 clients have no health: too little of them was observed (health_scores.reason)."
    )


def test_both_are_told() -> None:
    seen = mix(healthy(0.5), NO_HEALTH)
    assert seen.says.startswith("1 of 2 clients have no health")
    assert "50.0% of the weight is on leading components" in seen.says


def test_the_numbers_of_the_mix() -> None:
    told = [healthy(0.7, 90, 1.0), healthy(0.8, 80, 0.6), healthy(0.75, 61, 0.8), NO_HEALTH]
    told.append(healthy(0.75, 9, 0.9))
    assert mix(*told).numbers == {
        "health": 60.0,
        "coverage": pytest.approx(0.7, abs=1e-12),
        "leading": pytest.approx(0.75, abs=1e-12),
        "green": 2.0,
        "yellow": 1.0,
        "red": 1.0,
        "without": 1.0,
    }


def test_nobody_has_a_health() -> None:
    seen = mix(NO_HEALTH, NO_HEALTH)
    assert seen.says.startswith("2 of 2 clients have no health")
    assert "leading" not in seen.says
    assert set(seen.numbers) == {"coverage", "green", "yellow", "red", "without"}
