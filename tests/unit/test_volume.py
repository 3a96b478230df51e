"""Volume of a month against the own past of the base and of each client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import log

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tables import engine, given

from healthscore_assets.contracts import CLIENT_MONTH
from healthscore_assets.monitoring.observation import Observation
from healthscore_assets.monitoring.volume import FEW_MONTHS, TO_DEVIATION, small_sample, volume

STEADY = {f"steady-{n}": [100] * 7 for n in range(4)}
"""Four clients without a spread of their own."""


def looked_at(
    history: Mapping[str, Sequence[float | None]],
    *,
    visitors: Mapping[int, int] | None = None,
    rows: Mapping[int, int] | None = None,
    partial: Iterable[int] = (),
    silent_months: int = 3,
) -> Observation:
    """``history``: engagement, the oldest month first and the month at hand last; None where no
    export lists the client. ``visitors`` of each client, ``rows`` delivered, by months ago."""
    told = [
        {"client_id": client, "months_ago": ago, "engagement": float(x)}
        for client, each in history.items()
        for ago, x in enumerate(reversed(each))
        if x is not None
    ]
    frame = pd.DataFrame(told)
    users = frame["months_ago"].map(visitors or {}).astype("Int64")
    frame = frame.assign(unique_visitors=users, active_areas=1, engagement_per_user=None)
    frame = frame.assign(listed=True)
    everybody = pd.concat([frame.assign(audience=a) for a in ("all", "external")])
    table = given(CLIENT_MONTH, everybody)
    return volume(engine(), table, rows or {}, silent_months, {*partial})


def dropped_and_risen(seen: Observation) -> tuple[float, float]:
    return seen.numbers["clients_dropped"], seen.numbers["clients_risen"]


# ------------------------------------------------------------------------- the base


def by_number(seen: Observation) -> dict[str, Mapping[str, object]]:
    return {str(row["number"]): row for row in seen.tables["by_number"]}


def test_the_base_by_hand() -> None:
    # Engagement of two clients: 1000, 1100, 1300, 900 before, 300 now. Usual is the median, 1050.
    # Absolute logarithms of (1 + x) / 1051: 0.0488, 0.0465, 0.2134, 0.1540: their median is
    # 0.1014, times 1.4826 times 1.363 (four months) 0.2048. ln(301 / 1051) is -1.2504: -6.10.
    seen = looked_at({"a": [600, 700, 900, 500, 150], "b": [400] * 4 + [150]})
    row = by_number(seen)["engagement"]
    off = sorted(abs(log((1 + x) / 1051)) for x in (1000, 1100, 1300, 900))
    deviation = (off[1] + off[2]) / 2 * 1.4826 * 1.363
    assert deviation == pytest.approx(0.2048, abs=5e-5)
    assert row["usual"] == 1050
    assert row["factor"] == pytest.approx(300 / 1050)
    assert row["deviations"] == pytest.approx(log(301 / 1051) / deviation)
    assert row["stands_out"]
    assert not seen.usual
    assert "engagement: 300, 0.29 times the usual 1,050 (-6.1 deviations)." in seen.says
    # Two clients in all five months.
    assert by_number(seen)["clients"]["deviations"] == 0


def test_a_constant_past_has_the_least_spread() -> None:
    # Four clients of 100: usual 400. The deviation is that of 400 counts and 7 % beside it.
    seen = looked_at({client: [100] * 6 + [150] for client in STEADY})
    row = by_number(seen)["engagement"]
    deviation = (0.07**2 + 1 / 401) ** 0.5
    assert row["deviations"] == pytest.approx(log(601 / 401) / deviation)
    # 1.5 times the usual, and 4.7 deviations; no client is at twice its usual.
    assert (seen.usual, dropped_and_risen(seen)) == (False, (0, 0))


@pytest.mark.parametrize(("now", "usual"), [(1240, True), (1400, False), (810, True), (700, False)])
def test_a_quarter_is_the_least_change_of_the_base(now: int, usual: bool) -> None:
    # A large and even base: deviation 0.077 of 1,000, so that 4 of them are 1.36 or 0.73 times.
    assert looked_at({"a": [1000] * 6 + [now]}).usual is usual


def test_visitors_and_rows_are_compared_where_they_are_told() -> None:
    ago = dict.fromkeys(range(7), 50)
    seen = looked_at(
        STEADY, visitors=ago | {0: 10}, rows=dict.fromkeys(range(1, 7), 4000) | {0: 900}
    )
    odd = {name for name, row in by_number(seen).items() if row["stands_out"]}
    assert odd == {"visitors", "rows_delivered"}
    assert seen.numbers["visitors"] == 40
    assert seen.numbers["rows_delivered"] == 900
    # Visitors are told in the month at hand only: nothing to compare with.
    assert "visitors" not in by_number(looked_at(STEADY, visitors={0: 10}))


def test_clients_that_an_export_lacks_are_told_the_month_they_are_missing() -> None:
    half = {f"c{n}": [100] * 6 + [100 if n < 18 else None] for n in range(40)}
    seen = looked_at(half)
    assert "clients: 18, 0.45 times the usual 40 (" in seen.says
    assert dropped_and_risen(seen) == (22, 0)


# ------------------------------------------------------------------------- whole months only


def test_a_partial_month_is_not_compared() -> None:
    seen = looked_at({"a": [100] * 6 + [1]}, partial=[0])
    assert (seen.usual, dict(seen.numbers)) == (True, {})


def test_three_whole_months_are_needed() -> None:
    assert looked_at({"a": [100, 100, 1]}).says.startswith("2 whole months before this one")
    assert looked_at({"a": [100, 100, 100, 1]}, partial=[2]).usual
    assert not looked_at({"a": [100, 100, 100, 1]}).usual


def test_a_partial_month_of_the_past_does_not_count() -> None:
    # With the months of 10 the past spreads, and a drop to 30 is nothing special.
    history = {"a": [100, 10, 100, 10, 100, 10, 30]}
    seen = looked_at(history, partial=[1, 3, 5])
    assert by_number(seen)["engagement"]["usual"] == 100
    assert dropped_and_risen(seen) == (1, 0)
    assert dropped_and_risen(looked_at(history)) == (0, 0)


def test_a_month_that_was_never_delivered_does_not_count() -> None:
    assert looked_at({"a": [100, None, None, 100, 1]}).says.startswith("2 whole months")


# ------------------------------------------------------------------------- clients


def test_a_client_by_hand() -> None:
    # Usual 100 of six even months: deviation sqrt(1/101 + 0.2^2) = 0.2234. ln(11 / 101) is -2.22,
    # 9.9 deviations; the base, 410 of 500, is near its usual.
    seen = looked_at({**STEADY, "a": [100] * 6 + [10]})
    assert dropped_and_risen(seen) == (1, 0)
    assert seen.says == "Of 5 clients 1 used far less than usual: a 10 (usual 100)."
    (row,) = seen.tables["first_clients"]
    assert (row["client_id"], row["engagement"], row["usual"], row["factor"]) == ("a", 10, 100, 0.1)
    assert row["deviations"] == pytest.approx(log(11 / 101) / (1 / 101 + 0.04) ** 0.5)


def test_the_five_largest_are_named() -> None:
    many = {f"c{n}": [100 * n] * 6 + [1000 * n if n % 2 else 5 * n] for n in range(1, 9)}
    seen = looked_at({**{f"z{n}": [5000] * 7 for n in range(20)}, **many})
    assert dropped_and_risen(seen) == (4, 4)
    assert "Of 28 clients 4 used far less and 4 used far more than usual: c7 7,000" in seen.says
    # By how much they changed, 900 a step up and 95 a step down; by what factor, drops were first.
    found = [row["client_id"] for row in seen.tables["first_clients"]]
    assert found == ["c7", "c5", "c3", "c1", "c8"]


@pytest.mark.parametrize(
    ("history", "compared"),
    [
        ([None, None, None, 100, 100, 100, 100], 5),  # three months of its own are enough
        ([None, None, None, None, 100, 100, 100], 4),  # two are not
        ([100, None, 100, None, 100, None, 100], 5),  # not listed is no engagement: usual 50
        ([100, 100, 100, None, None, None, None], 4),  # out of the base: gone, not fallen
        ([100, 100, 100, 100, None, None, None], 5),  # the last month in the base
        ([0, 0, 0, 0, 0, 0, 100], 4),  # from nothing to something is no anomaly
    ],
)
def test_which_clients_are_compared(history: list[float | None], compared: int) -> None:
    says = looked_at({**STEADY, "a": history}).says
    assert f"{compared} client" in says


def test_months_before_a_client_was_first_listed_are_no_zeros() -> None:
    # Usual are its own 100; with three zeros before them it would be 50, and anything usual.
    seen = looked_at({**STEADY, "a": [None, None, None, 100, 100, 100, 400]})
    assert dropped_and_risen(seen) == (0, 1)
    assert seen.tables["first_clients"][0]["usual"] == 100


def test_where_clients_differ_much_from_month_to_month_one_of_them_is_not_singled_out() -> None:
    # The typical client moves by a factor of three or so: a drop to a fifth is nothing special.
    restless = {f"c{n}": [50, 300, 100, 400, 60, 200, 120] for n in range(9)}
    steady = {f"c{n}": [150] * 7 for n in range(9)}
    drop = {"a": [150] * 6 + [30]}
    assert dropped_and_risen(looked_at({**restless, **drop})) == (0, 0)
    assert dropped_and_risen(looked_at({**steady, **drop})) == (1, 0)


def test_against_pandas() -> None:
    rng = np.random.default_rng(4)
    usage = rng.negative_binomial(3, 3 / (3 + rng.lognormal(4, 1, (400, 1))), (400, 7))
    seen = looked_at({f"c{n:03d}": list(each) for n, each in enumerate(usage)})
    past, now = pd.DataFrame(usage[:, :6]), pd.Series(usage[:, 6])
    usual = past.median(axis=1)
    kept = usual > 0
    past, now, usual = past[kept], now[kept], usual[kept]
    off = np.log((1 + past).div(1 + usual, axis=0)).abs().median(axis=1)
    own, chance = 1.4826 * 1.2 * off, 1 / (1 + usual)
    typical = np.sqrt((own**2 - chance).clip(lower=0)).median()
    deviation = np.maximum(own, np.sqrt(chance + max(typical, 0.2) ** 2))
    change = np.log((1 + now) / (1 + usual))
    odd = (change.abs() > 4 * deviation) & (change.abs() >= log(2))
    expected = ((odd & (change < 0)).sum(), (odd & (change > 0)).sum())
    assert dropped_and_risen(seen) == expected
    assert sum(expected) > 0


# ------------------------------------------------------------------------- chance


@pytest.mark.parametrize("months", [*FEW_MONTHS, 12, 27])
def test_the_deviation_of_few_months_is_that_of_many(months: int) -> None:
    # A million numbers of deviation 1; the factors are published to three digits.
    drawn = np.random.default_rng(months).normal(size=(200_000, months))
    found = TO_DEVIATION * stats.median_abs_deviation(drawn, axis=1).mean()
    assert found * small_sample(months) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("months", [3, 6])
@pytest.mark.parametrize("clumped", [None, 20, 5, 2])
def test_chance_alone_is_seldom_told(months: int, clumped: int | None) -> None:
    """Stable clients of all sizes: Poisson counts, and clumped ones (negative binomial)."""
    rng = np.random.default_rng(100 * months + (clumped or 0))
    means = np.exp(rng.uniform(log(3), log(3000), 1500))[:, None]
    size = (1500, months + 1)
    if clumped is None:
        usage = rng.poisson(means, size)
    else:
        usage = rng.negative_binomial(clumped, clumped / (clumped + means), size)
    seen = looked_at({f"c{n}": list(each) for n, each in enumerate(usage)})
    assert sum(dropped_and_risen(seen)) / 1500 < 0.02


@pytest.mark.parametrize(("months", "factor"), [(3, 0.2), (3, 10), (6, 0.2), (6, 10)])
def test_a_drop_to_a_fifth_and_a_tenfold_rise_are_found(months: int, factor: float) -> None:
    rng = np.random.default_rng(months)
    means = np.exp(rng.uniform(log(100), log(3000), 1000))[:, None]
    past = rng.poisson(means, (1000, months))
    now = rng.poisson(means * factor)
    seen = looked_at({f"c{n}": list(each) for n, each in enumerate(np.hstack([past, now]))})
    dropped, risen = dropped_and_risen(seen)
    assert (dropped if factor < 1 else risen) > 980
    assert (risen if factor < 1 else dropped) == 0
