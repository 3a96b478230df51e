"""Drift of the values behind each index: the population stability index and its threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tables import Use, client_tables, engine, given, of_schema

from healthscore_assets.contracts import AREA_WEIGHTS
from healthscore_assets.lookups.scoring_settings import ScoringSettings
from healthscore_assets.monitoring.drift import CHI_SQUARE_999, drift, stability, threshold
from healthscore_assets.monitoring.observation import Observation
from healthscore_assets.scoring.indices import compared

VALUES = ibis.schema({"index": "string", "value": "float64"})
Sample = Mapping[str, Sequence[float]]


def measured(before: Sample, now: Sample) -> dict[str, dict[str, Any]]:
    """index -> what `stability` says of its values."""

    def table(name: str, values: Sample) -> ibis.Table:
        rows = [(index, float(v)) for index, each in values.items() for v in each]
        frame = pd.DataFrame(rows, columns=["index", "value"])
        return of_schema(name, VALUES, frame).drop("months_ago")

    found = engine().rows(stability(table("now", now), table("before", before)))
    return {row.pop("index"): row for row in found}


def reference(before: np.ndarray, now: np.ndarray) -> float:
    """The same by numpy."""
    ends = np.unique(np.quantile(before, np.arange(1, 10) / 10))
    ends = ends[ends < before.max()]
    counts = np.array(
        [
            np.bincount(np.searchsorted(ends, values), minlength=len(ends) + 1)
            for values in (before, now)
        ]
    )
    counts = counts[:, counts.sum(axis=0) > 0] + 0.5
    q, p = counts / counts.sum(axis=1, keepdims=True)
    return float(((p - q) * np.log(p / q)).sum())


def test_by_hand() -> None:
    # Tenths of 1..10 end at 1.9, 2.8, ...: one value in each bin. Twice 1..5 fill five of them
    # with two and leave five empty. With half a client more: 2.5 and 0.5 against 1.5, of 15.
    row = measured({"i": range(1, 11)}, {"i": [*range(1, 6)] * 2})["i"]
    assert row["psi"] == pytest.approx((5 * log(2.5 / 1.5) - 5 * log(0.5 / 1.5)) / 15)
    assert row == {"psi": row["psi"], "bins": 10, "clients": 10, "clients_before": 10}


def test_equal_values_are_in_one_bin() -> None:
    # Of 0 x 8, 1, 2 seven tenths end at 0, one at 0.2 and one at 1.1: bins of 8, 1 and 1; nobody
    # is between 0 and 0.2 in either month. Then 5, 3 and 2.
    row = measured({"i": [0] * 8 + [1, 2]}, {"i": [0] * 5 + [1] * 3 + [2] * 2})["i"]
    by_hand = (-3 * log(5.5 / 8.5) + 2 * log(3.5 / 1.5) + log(2.5 / 1.5)) / 11.5
    assert (row["bins"], row["psi"]) == (3, pytest.approx(by_hand))


def test_nothing_moved_is_nothing() -> None:
    assert measured({"i": range(50)}, {"i": range(50)})["i"]["psi"] == 0


@pytest.mark.parametrize(
    ("before", "now"), [([0] * 9, [0] * 9), ([0] * 9, [1, 2, 3]), ([1, 2, 3], []), ([], [1, 2])]
)
def test_what_cannot_be_compared_is_left_out(before: list[float], now: list[float]) -> None:
    # Everybody alike before, or nobody in one of the months.
    assert measured({"i": before}, {"i": now}) == {}


def test_the_table_of_quantiles() -> None:
    degrees = range(1, len(CHI_SQUARE_999) + 1)
    assert pytest.approx([stats.chi2.ppf(0.999, df) for df in degrees], abs=5e-4) == CHI_SQUARE_999


def test_the_threshold_allows_for_the_number_of_clients() -> None:
    # 27.877 x (1/30 + 1/40) with ten bins, 10.828 / 30 for two months of sixty with two bins.
    assert threshold(30, 40, 10) == pytest.approx(27.877 * (1 / 30 + 1 / 40))
    assert threshold(60, 60, 2) == pytest.approx(10.828 / 30)
    assert threshold(100_000, 100_000, 10) == 0.1


@pytest.mark.parametrize("clients", [20, 60, 300, 2000])
def test_chance_stays_below_the_threshold_and_a_shift_does_not(clients: int) -> None:
    rng = np.random.default_rng(clients)
    tries = 400 if clients < 2000 else 100

    def months(shift: float) -> dict[str, np.ndarray]:
        drawn = rng.lognormal(shift, 1, (tries, clients)) * (rng.random((tries, clients)) > 0.3)
        return {f"{number:03d}": values for number, values in enumerate(drawn)}

    def beyond(before: Sample, now: Sample) -> float:
        rows = measured(before, now).values()
        far = [r["psi"] > threshold(r["clients"], r["clients_before"], r["bins"]) for r in rows]
        return sum(far) / len(far)

    before, now = months(0), months(0)
    assert beyond(before, now) <= 0.01
    found = measured(before, now)
    expected = {index: reference(before[index], now[index]) for index in before}
    assert {index: row["psi"] for index, row in found.items()} == pytest.approx(expected)
    # Seven times as much usage: e^2.
    assert beyond(before, months(2)) > (0.95 if clients >= 60 else -1)


def looked_at(uses: Sequence[Use], *, partial: Sequence[int] = ()) -> Observation:
    cells, clients = client_tables(*uses)
    weights = [
        {
            "audience": audience,
            "basis": basis,
            "area": area,
            "weight": weight,
            "users": 1,
            "mean": 1.0,
            "std": 1.0,
            "cv": 1.0,
        }
        for audience in ("all", "external", "internal")
        for basis in ("total", "per_user")
        for area, weight in (("P", 0.75), ("Q", 0.25), ("Z", 0.0))
    ]
    table = given(AREA_WEIGHTS, weights)
    return drift(engine(), *compared(cells, clients, ScoringSettings()), table, partial)


def clients_of(ago: int, factor: float, area: str = "P") -> list[Use]:
    rng = np.random.default_rng(7 + ago)
    amounts = np.round(factor * rng.lognormal(3, 1, 50))
    return [Use(f"c{n}", {area: x} if x else {}, ago=ago) for n, x in enumerate(amounts)]


def test_the_values_compared_are_the_weighted_engagement() -> None:
    before = [
        Use(f"c{n}", {"P": 3.0 + n, "Q": 40.0 - n, "Z": 5.0 * n}, 2, ago=1) for n in range(30)
    ]
    now = [
        Use(f"c{n}", {"P": 40.0 + 2 * n, "Q": 9.0 + n}, 1 + n % 3, "internal") for n in range(30)
    ]
    seen = looked_at([*before, *now])
    n = np.arange(30.0)
    users = 1 + n % 3

    def raw(p: np.ndarray, q: np.ndarray) -> np.ndarray:
        return 0.75 * np.log1p(p) + 0.25 * np.log1p(q)

    assert seen.numbers["drift_total_all"] == pytest.approx(
        reference(raw(3 + n, 40 - n), raw(40 + 2 * n, 9 + n))
    )
    assert seen.numbers["drift_per_user_all"] == pytest.approx(
        reference(raw((3 + n) / 2, (40 - n) / 2), raw((40 + 2 * n) / users, (9 + n) / users))
    )
    # All are external before and internal now: zeros now; before, internal tells nobody apart.
    assert seen.numbers["drift_total_external"] == pytest.approx(
        reference(raw(3 + n, 40 - n), np.zeros(30))
    )
    assert set(seen.numbers) == {
        "drift_total_all",
        "drift_per_user_all",
        "drift_total_external",
    }


def test_a_shift_is_told_with_its_numbers() -> None:
    seen = looked_at([*clients_of(1, 1), *clients_of(0, 10)])
    assert not seen.usual
    # (1/50 + 1/50) x 27.877
    assert "total_all" in seen.says
    assert "(threshold 1.115, 50 clients)" in seen.says
    shown = {row["index"]: row for row in seen.tables["by_index"]}
    assert shown["total_all"]["threshold"] == pytest.approx(0.04 * 27.877)
    assert shown["total_all"]["psi"] > 1.115


def test_other_clients_of_the_same_kind_are_no_drift() -> None:
    seen = looked_at([*clients_of(1, 1), *clients_of(0, 1)])
    assert seen.usual
    assert seen.says.startswith("Spread as in the month before: PSI of per_user_all 0.")


def test_an_area_without_a_weight_does_not_count() -> None:
    uses = [*clients_of(1, 1), *clients_of(1, 1000, "Z"), *clients_of(0, 1)]
    assert looked_at(uses).usual


@pytest.mark.parametrize("partial", [[0], [1]])
def test_a_partial_month_is_not_compared(partial: list[int]) -> None:
    seen = looked_at([*clients_of(1, 1), *clients_of(0, 10)], partial=partial)
    assert (seen.usual, dict(seen.numbers)) == (True, {})


def test_the_first_month_is_not_compared() -> None:
    seen = looked_at(clients_of(0, 1))
    assert (seen.usual, dict(seen.numbers)) == (True, {})
    assert seen.says == "There is no month before to compare with."
