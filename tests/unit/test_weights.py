"""How much each area counts: SCORING.md section 3.

Numbers in the comments: L = ln 2, so log(1 + e) of e = 0, 1, 3, 7 is 0, L, 2L, 3L.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import pytest
import scipy.stats
from tables import AUDIENCES, Use, areas, by, client_tables, found, month_indices

from healthscore_assets.contracts import AREA_WEIGHTS
from healthscore_assets.lookups.scoring_settings import ScoringSettings

L = math.log(2)
Scaling = Literal["log", "none", "mean"]
Key = tuple[str, str, str]


def weights(
    *uses: Use, lookup: str = "PQ", area_scaling: Scaling = "log"
) -> dict[Key, dict[str, Any]]:
    """(audience, basis, area) -> the row of `area_weights`; the lookup's areas are letters."""
    settings = ScoringSettings(area_scaling=area_scaling)
    month = month_indices(*client_tables(*uses), areas(*lookup), settings)
    return by(found(AREA_WEIGHTS, month.area_weights), "audience", "basis", "area")


def stats(row: dict[str, Any]) -> list[Any]:
    return [row[name] for name in ("users", "mean", "std", "cv", "weight")]


@pytest.mark.parametrize(
    ("area_scaling", "p", "q", "of_p", "of_q"),
    [
        # v of P: L, 2L, 3L and of Q: 2L, 0, L.
        ("log", (1, 3, 7), (3, 0, 1), (2 * L, L), (L, L)),
        # v of P: 1, 2, 3 and of Q: 2, 0, 1.
        ("none", (1, 2, 3), (2, 0, 1), (2, 1), (1, 1)),
        # means 2 and 1: v of P: 1/2, 1, 3/2 and of Q: 2, 0, 1.
        ("mean", (1, 2, 3), (2, 0, 1), (1, 0.5), (1, 1)),
    ],
)
def test_areas_used_evenly_count_more(
    area_scaling: Scaling,
    p: tuple[int, ...],
    q: tuple[int, ...],
    of_p: tuple[float, float],
    of_q: tuple[float, float],
) -> None:
    # cv of P 1/2 and of Q 1 under each scaling: 1/cv is 2 and 1, the weights 2/3 and 1/3.
    uses = [Use(c, {"P": x, "Q": y}) for c, x, y in zip("abc", p, q, strict=True)]
    rows = weights(*uses, area_scaling=area_scaling)
    for audience in ("all", "external"):
        assert stats(rows[audience, "total", "P"]) == pytest.approx([3, *of_p, 1 / 2, 2 / 3])
        assert stats(rows[audience, "total", "Q"]) == pytest.approx([2, *of_q, 1, 1 / 3])


@pytest.mark.parametrize("area_scaling", ["log", "none", "mean"])
@pytest.mark.parametrize("basis", ["total", "per_user"])
def test_many_clients_against_scipy(area_scaling: Scaling, basis: str) -> None:
    rng = np.random.default_rng(7)
    e = rng.negative_binomial(1, 0.02, size=(40, 5)).astype(float)
    users = rng.integers(1, 9, size=40)
    uses = [
        Use(f"c{i:02}", dict(zip("PQRST", e[i], strict=True)), int(users[i])) for i in range(40)
    ]
    if basis == "per_user":
        e = e / users[:, None]
    v = {"log": np.log1p(e), "none": e, "mean": e / e.mean(axis=0)}[area_scaling]
    cv = scipy.stats.variation(v, axis=0, ddof=1)
    rows = weights(*uses, lookup="PQRST", area_scaling=area_scaling)
    for number, area in enumerate("PQRST"):
        row = rows["all", basis, area]
        assert row["users"] == (e[:, number] > 0).sum()
        assert row["mean"] == pytest.approx(v[:, number].mean(), abs=1e-9)
        assert row["std"] == pytest.approx(scipy.stats.tstd(v[:, number]), abs=1e-9)
        assert row["cv"] == pytest.approx(cv[number], abs=1e-9)
        assert row["weight"] == pytest.approx((1 / cv[number]) / (1 / cv).sum(), abs=1e-9)


def test_one_row_per_audience_basis_and_area_and_weights_sum_to_one() -> None:
    rows = weights(
        Use("a", {"P": 1, "Q": 2}), Use("a", {"P": 2}, audience="internal"), Use("b", {"Q": 5})
    )
    assert set(rows) == {(u, b, a) for u in AUDIENCES for b in ("total", "per_user") for a in "PQ"}
    for audience, basis in {key[:2] for key in rows}:
        total = sum(rows[audience, basis, area]["weight"] for area in "PQ")
        # internal has one user's client, which is compared with nobody per user.
        lone = (audience, basis) == ("internal", "per_user")
        assert total == (0 if lone else pytest.approx(1, abs=1e-12))


def test_an_area_nobody_uses() -> None:
    rows = weights(Use("a", {"P": 1}), Use("b", {"P": 3}))
    assert stats(rows["all", "total", "Q"]) == [0, 0, 0, None, 0]
    assert rows["all", "total", "P"]["weight"] == 1


@pytest.mark.parametrize("area_scaling", ["log", "none", "mean"])
@pytest.mark.parametrize("clicks", [4, 0.1, 12345.678901])
def test_an_area_everybody_uses_alike_tells_no_clients_apart(
    area_scaling: Scaling, clicks: float
) -> None:
    # Seven alike: a deviation of 0 on paper, of the last bits in floats. Without the floor of
    # 1e-9, P would have all the weight.
    uses = [Use(c, {"P": clicks, "Q": number}) for number, c in enumerate("abcdefg", 1)]
    rows = weights(*uses, area_scaling=area_scaling)
    assert rows["all", "total", "P"]["cv"] < 1e-9
    assert rows["all", "total", "P"]["weight"] == 0
    assert rows["all", "total", "Q"]["weight"] == 1


def test_an_area_used_nearly_alike_keeps_its_cv() -> None:
    # Mean 1,000,000.5 and sd sqrt(1/2): squares less the squared mean would lose every digit of it.
    rows = weights(
        Use("a", {"P": 1_000_000, "Q": 1}), Use("b", {"P": 1_000_001}), area_scaling="none"
    )
    cv = math.sqrt(0.5) / 1_000_000.5
    assert rows["all", "total", "P"]["cv"] == pytest.approx(cv, rel=1e-9)
    # Q: 1 and 0, cv sqrt(2).
    inverse = (1 / cv, 1 / math.sqrt(2))
    assert rows["all", "total", "P"]["weight"] == pytest.approx(inverse[0] / sum(inverse))


def test_all_areas_alike_leaves_no_weight() -> None:
    rows = weights(*[Use(c, {"P": 4, "Q": 2}) for c in "abc"])
    assert [rows["all", "total", area]["weight"] for area in "PQ"] == [0, 0]


def test_a_base_of_one() -> None:
    # No sample deviation of one value. Q is not used at all.
    rows = weights(Use("a", {"P": 3}))
    assert stats(rows["all", "total", "P"]) == [1, pytest.approx(2 * L), None, None, 0]
    assert stats(rows["all", "total", "Q"]) == [0, 0, None, None, 0]


def test_an_audience_nobody_is_in() -> None:
    rows = weights(Use("a", {"P": 3}), Use("b", {"P": 1}))
    assert stats(rows["internal", "total", "P"]) == [0, 0, 0, None, 0]
    assert stats(rows["internal", "per_user", "P"]) == [0, None, None, None, 0]


def test_clients_without_users_count_in_total_and_not_per_user() -> None:
    # total: v of P is 2L, 0, 0 -> mean 2L/3. per_user: a alone.
    rows = weights(Use("a", {"P": 3}), Use("b"), Use("c", ago=3))
    assert rows["all", "total", "P"]["mean"] == pytest.approx(2 * L / 3)
    assert rows["all", "per_user", "P"]["mean"] == pytest.approx(2 * L)
    assert rows["all", "per_user", "P"]["std"] is None


def test_per_user_divides_before_the_scale() -> None:
    # a 6 by 2 people: e 3, v 2L. b 7 by 1: v 3L. Mean 2.5L, sd sqrt(0.5) L.
    rows = weights(Use("a", {"P": 6}, users=2), Use("b", {"P": 7}))
    expected = [2, 2.5 * L, math.sqrt(0.5) * L, math.sqrt(0.5) / 2.5, 1]
    assert stats(rows["all", "per_user", "P"]) == pytest.approx(expected)


def test_unmapped_is_never_weighed() -> None:
    with_unmapped = weights(Use("a", {"P": 1, "Unmapped": 90}), Use("b", {"P": 3, "Unmapped": 1}))
    assert with_unmapped == weights(Use("a", {"P": 1}), Use("b", {"P": 3}))


def test_an_area_that_left_the_lookup_is_still_weighed() -> None:
    # area_engagement of an old month can hold an area that the lookup has since renamed.
    rows = weights(Use("a", {"Old": 1}), Use("b", {"Old": 3}), lookup="P")
    assert {area for _, _, area in rows} == {"Old", "P"}
    assert rows["all", "total", "Old"]["weight"] == 1
