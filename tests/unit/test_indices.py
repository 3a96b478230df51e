"""The six scores of a client: SCORING.md section 3.

Numbers in the comments: L = ln 2, so log(1 + e) of e = 0, 1, 3, 7 is 0, L, 2L, 3L.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import pytest
import scipy.stats
from tables import Use, areas, by, client_tables, found, month_indices

from healthscore_assets.contracts import INDEX_SCORES
from healthscore_assets.contracts.index_scores import SCORE_COLUMNS
from healthscore_assets.lookups.scoring_settings import ScoringSettings

Scaling = Literal["log", "none", "mean"]


def scores(
    *uses: Use,
    lookup: str = "PQ",
    silent_months: int = 3,
    area_scaling: Scaling = "log",
    partial: Iterable[int] = (),
) -> dict[str, dict[str, Any]]:
    """client -> its row of `index_scores`; the lookup's areas are letters."""
    settings = ScoringSettings(silent_months=silent_months, area_scaling=area_scaling)
    month = month_indices(*client_tables(*uses), areas(*lookup), settings, frozenset(partial))
    return by(found(INDEX_SCORES, month.index_scores), "client_id")


def of(rows: dict[str, dict[str, Any]], column: str) -> list[Any]:
    """A column, in alphabetical order of the clients."""
    return [rows[client][column] for client in sorted(rows)]


@pytest.mark.parametrize(
    ("area_scaling", "p", "q", "expected"),
    [
        # Weights 2/3 and 1/3 (test_weights). r: a (2*1 + 2)/3 L, b (2*2 + 0)/3 L, c (2*3 + 1)/3 L:
        # a and b tie, and nobody is below them.
        ("log", (1, 3, 7), (3, 0, 1), [0, 0, 100]),
        # The same with e itself: 4/3, 4/3, 7/3.
        ("none", (1, 2, 3), (2, 0, 1), [0, 0, 100]),
        # Divided by the means 2 and 1: r = 1/3 + 2/3, 2/3 + 0, 1 + 1/3.
        ("mean", (1, 2, 3), (2, 0, 1), [50, 0, 100]),
    ],
)
def test_share_of_the_others_that_are_behind(
    area_scaling: Scaling, p: tuple[int, ...], q: tuple[int, ...], expected: list[float]
) -> None:
    uses = [Use(c, {"P": x, "Q": y}) for c, x, y in zip("abc", p, q, strict=True)]
    rows = scores(*uses, area_scaling=area_scaling)
    assert of(rows, "total_all") == expected
    assert of(rows, "total_external") == expected


def test_many_clients_against_scipy() -> None:
    # One area: the weight is 1 and the order that of engagement. Ties share the lowest rank.
    clicks = np.random.default_rng(3).integers(0, 30, size=50)
    rows = scores(*[Use(f"c{i:02}", {"P": int(x)}) for i, x in enumerate(clicks)], lookup="P")
    behind = scipy.stats.rankdata(clicks, method="min") - 1
    assert of(rows, "total_all") == pytest.approx(list(100 * behind / 49), abs=1e-9)


def test_equal_clients_share_a_score_between_others() -> None:
    # 0 < 2 = 2 = 2 < 5: 0, then 1 of 4 behind, then 4 of 4.
    rows = scores(*[Use(c, {"P": x}) for c, x in zip("abcde", (2, 5, 2, 0, 2), strict=True)])
    assert of(rows, "total_all") == [25, 100, 25, 0, 25]


def test_clients_that_are_equal_on_paper_share_a_score() -> None:
    # P and Q are each other's mirror image, so they weigh the same and a and b tie, though their
    # sums may differ in the last bit.
    rows = scores(
        Use("a", {"P": 3, "Q": 10}), Use("b", {"P": 10, "Q": 3}), Use("c", {"P": 1, "Q": 1})
    )
    assert of(rows, "total_all") == [50, 50, 0]


def test_the_same_usage_is_the_same_score_however_large() -> None:
    # Unscaled sums of millions have no nine decimals to round: the order of summation must not
    # tell the twins apart.
    rng = np.random.default_rng(1)
    twins = [
        dict(zip("PQRST", map(int, row), strict=True)) for row in rng.integers(1, 10**7, (9, 5))
    ]
    uses = [Use(f"{n}a", areas) for n, areas in enumerate(twins)]
    uses += [Use(f"{n}b", dict(reversed(areas.items()))) for n, areas in enumerate(twins)]
    rows = scores(*uses, lookup="PQRST", area_scaling="none")
    assert of(rows, "total_all")[::2] == of(rows, "total_all")[1::2]


def test_per_user_compares_people_not_sizes() -> None:
    # a: 40 clicks by 20 people, 2 each. b: 6 by 2 people, 3 each. c: 1 by 1.
    rows = scores(Use("a", {"P": 40}, 20), Use("b", {"P": 6}, 2), Use("c", {"P": 1}, 1))
    assert of(rows, "total_all") == [100, 50, 0]
    assert of(rows, "per_user_all") == [50, 100, 0]


def test_a_client_listed_with_no_usage_scores_zero_and_has_no_average() -> None:
    rows = scores(Use("a"), Use("b", {"P": 1}), Use("c", {"P": 2}))
    assert of(rows, "total_all") == [0, 50, 100]
    assert of(rows, "per_user_all") == [None, 0, 100]
    assert (rows["a"]["n_total_all"], rows["a"]["n_per_user_all"]) == (3, 2)


@pytest.mark.parametrize(("silent_months", "clients"), [(0, "bc"), (3, "abc"), (6, "abcd")])
def test_a_client_that_stops_scores_zero_for_the_silent_months(
    silent_months: int, clients: str
) -> None:
    # Last listed: a three months ago, d six.
    rows = scores(
        Use("a", {"P": 9}, ago=3),
        Use("b", {"P": 1}),
        Use("c", {"P": 2}),
        Use("d", {"P": 9}, ago=6),
        silent_months=silent_months,
    )
    assert "".join(rows) == clients
    assert rows["c"]["total_all"] == 100
    for gone in set(clients) - set("bc"):
        assert (rows[gone]["total_all"], rows[gone]["per_user_all"]) == (0, None)


def test_unmapped_usage_makes_users_and_no_engagement() -> None:
    # b uses only what no area has: ranked per user, last.
    rows = scores(Use("a", {"P": 3}), Use("b", {"Unmapped": 500}), Use("c", {"P": 1}))
    assert of(rows, "total_all") == [100, 0, 50]
    assert of(rows, "per_user_all") == [100, 0, 50]


def test_audiences_are_scored_apart_and_together() -> None:
    # External clicks: a 1, b 2, c none. Internal: a 9, b none, c 5. All: a 10, b 2, c 5.
    rows = scores(
        Use("a", {"P": 1}),
        Use("a", {"P": 9}, audience="internal"),
        Use("b", {"P": 2}),
        Use("c", {"P": 5}, audience="internal"),
    )
    assert of(rows, "total_all") == [100, 0, 50]
    assert of(rows, "total_external") == [50, 100, 0]
    assert of(rows, "total_internal") == [100, 0, 50]
    assert of(rows, "per_user_external") == [0, 100, None]
    assert of(rows, "per_user_internal") == [100, None, 0]
    # Per user of all: a 10/2, b 2, c 5.
    assert of(rows, "per_user_all") == [50, 0, 50]
    counts = [rows["a"][f"n_{name}"] for name in SCORE_COLUMNS]
    assert counts == [3, 3, 3, 3, 2, 2]


def test_an_area_everybody_uses_alike_changes_nothing() -> None:
    uses = [Use(c, {"P": x}) for c, x in zip("abcdefg", (5, 1, 9, 2, 8, 1, 0), strict=True)]
    alike = [Use(use.client, {**use.areas, "Q": 4}) for use in uses]
    assert of(scores(*alike), "total_all") == of(scores(*uses), "total_all")


def test_a_base_of_one_is_compared_with_nobody() -> None:
    row = scores(Use("a", {"P": 3}))["a"]
    assert [row[name] for name in SCORE_COLUMNS] == [None] * 6
    assert [row[f"n_{name}"] for name in SCORE_COLUMNS] == [1, 1, 1, 1, 1, 0]
    assert row["small_base"] is True


def test_no_area_tells_the_clients_apart() -> None:
    rows = scores(*[Use(c, {"P": 4}) for c in "abc"])
    assert [rows["a"][name] for name in SCORE_COLUMNS] == [None] * 6
    assert rows["a"]["n_total_all"] == 3


def test_nobody_uses_anything() -> None:
    rows = scores(Use("a"), Use("b"))
    assert of(rows, "total_all") == [None, None]
    assert rows["a"]["n_per_user_all"] == 0


@pytest.mark.parametrize(("clients", "small"), [(19, True), (20, False)])
def test_below_twenty_clients_the_base_is_small(clients: int, small: bool) -> None:
    # Only two of them have users: the base counts, not those ranked per user.
    uses = [Use(f"c{n:02}", {"P": n} if n < 3 else {}) for n in range(clients)]
    rows = scores(*uses)
    assert {row["small_base"] for row in rows.values()} == {small}
    assert rows["c00"]["n_total_all"] == clients


def test_change_since_the_month_before() -> None:
    # Before: a 1 < b 2 < c 3 -> 0, 50, 100. Now: c 1 < a 2 < b 3 -> 0, 50, 100.
    rows = scores(
        *[Use(c, {"P": x}, ago=1) for c, x in zip("abc", (1, 2, 3), strict=True)],
        *[Use(c, {"P": x}) for c, x in zip("abc", (2, 3, 1), strict=True)],
    )
    assert of(rows, "total_all_change") == [50, 50, -100]
    assert of(rows, "per_user_all_change") == [50, 50, -100]


@pytest.mark.parametrize("partial", [0, 1])
def test_no_change_from_or_to_a_partial_month(partial: int) -> None:
    uses = [
        *[Use(c, {"P": x}, ago=1) for c, x in zip("abc", (1, 2, 3), strict=True)],
        *[Use(c, {"P": x}) for c, x in zip("abc", (2, 3, 1), strict=True)],
    ]
    rows = scores(*uses, partial=[partial])
    # Scored all the same.
    assert of(rows, "total_all") == of(rows, "per_user_all") == [50, 100, 0]
    assert of(rows, "total_all_change") == of(rows, "per_user_all_change") == [None] * 3


def test_an_older_partial_month_leaves_the_change() -> None:
    uses = [Use(c, {"P": x}, ago=ago) for c, x in (("a", 1), ("b", 2)) for ago in (0, 1, 2)]
    assert of(scores(*uses, partial=[2]), "total_all_change") == [0, 0]


def test_without_visitors_there_is_a_total_and_no_per_user_score() -> None:
    # b's exports list no visitors: ranked with the others in total, not with the users of a and c.
    rows = scores(Use("a", {"P": 4}, 4), Use("b", {"P": 9}, math.nan), Use("c", {"P": 2}), Use("d"))
    assert of(rows, "total_all") == pytest.approx([200 / 3, 100, 100 / 3, 0])
    assert of(rows, "per_user_all") == [0, None, 100, None]
    assert of(rows, "per_user_external") == [0, None, 100, None]
    assert (rows["a"]["n_total_all"], rows["a"]["n_per_user_all"]) == (4, 2)


def test_visitors_of_one_audience_only() -> None:
    # a: external visitors, internal usage without: nobody knows the visitors of all.
    rows = scores(
        Use("a", {"P": 4}, 2),
        Use("a", {"P": 9}, math.nan, audience="internal"),
        Use("b", {"P": 1}),
        Use("c", {"P": 3}),
    )
    assert of(rows, "per_user_all") == [None, 0, 100]
    assert of(rows, "per_user_external") == [50, 0, 100]
    assert of(rows, "total_internal") == [100, 0, 0]
    assert rows["a"]["per_user_internal"] is None


def test_change_compares_with_the_score_published_then() -> None:
    # Before: d (last listed four months ago: in the base of then, not of now) 0, a 1, b 2, c 3
    # -> a 1/3, b 2/3, c 1. Now without d the same three are 0, 50, 100.
    rows = scores(
        Use("d", {"P": 7}, ago=4),
        *[
            Use(c, {"P": x}, ago=ago)
            for c, x in zip("abc", (1, 2, 3), strict=True)
            for ago in (0, 1)
        ],
    )
    assert list(rows) == ["a", "b", "c"]
    assert of(rows, "total_all_change") == pytest.approx([-100 / 3, 50 - 200 / 3, 0])


def test_no_change_without_two_scores() -> None:
    # b is in its first month; c had no user before, d has none now.
    rows = scores(
        *[Use("a", {"P": 1}, ago=1), Use("c", ago=1), Use("d", {"P": 2}, ago=1)],
        *[Use("a", {"P": 1}), Use("b", {"P": 5}), Use("c", {"P": 2})],
    )
    assert [row is None for row in of(rows, "total_all_change")] == [False, True, False, False]
    assert [row is None for row in of(rows, "per_user_all_change")] == [False, True, True, True]


def test_first_month_and_month_after_a_missing_one_have_no_change() -> None:
    now = [Use("a", {"P": 1}), Use("b", {"P": 2})]
    before = [use._replace(ago=2) for use in now]
    for rows in (scores(*now), scores(*now, *before)):
        assert of(rows, "total_all") == [0, 100]
        assert of(rows, "total_all_change") == [None, None]
        assert of(rows, "per_user_all_change") == [None, None]


def test_a_client_that_returns_has_no_change_while_it_was_out() -> None:
    # b: listed five months ago and now; with three silent months it was out one month ago.
    always = [Use(c, {"P": x}, ago=ago) for c, x in (("a", 1), ("c", 9)) for ago in range(6)]
    back = [Use("b", {"P": 4}, ago=5), Use("b", {"P": 4})]
    rows = scores(*always, *back)
    assert rows["b"]["total_all"] == 50
    assert rows["b"]["total_all_change"] is None
    # Four months ago instead, it was in the base one month ago, with a score of 0.
    rows = scores(*always, Use("b", {"P": 4}, ago=4), Use("b", {"P": 4}))
    assert rows["b"]["total_all_change"] == 50
    assert rows["b"]["per_user_all_change"] is None
