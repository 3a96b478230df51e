"""The reference pinned to numbers worked by hand, so that it deserves its name.

Numbers in the comments: L = ln 2, so log(1 + e) of e = 0, 1, 3, 7 is 0, L, 2L, 3L.
"""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

import openstack
import pandas as pd
import pytest
import styles
from reference import Reference, shift

L = math.log(2)
AREAS = {"p1": "P", "p2": "P", "q": "Q"}

Row = tuple[str, str, str | None, str, dict[str, int]]


def world(*rows: Row, **settings: Any) -> Reference:
    """A reference from (month, client, visitor, audience, {feature: value}) rows."""
    keys = ["month", "client_id", "visitor_id", "audience"]
    listed = pd.DataFrame([row[:4] for row in rows], columns=keys)
    used = [(*row[:4], feature, value) for row in rows for feature, value in row[4].items()]
    events = pd.DataFrame(used, columns=[*keys, "feature", "value"])
    return Reference(listed, events, AREAS, **settings)


def by(frame: pd.DataFrame, *keys: str) -> dict[Any, dict[str, Any]]:
    """key -> row with None for null."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return {row[keys[0]] if len(keys) == 1 else tuple(row[k] for k in keys): row for row in rows}


def month_of(client_values: dict[str, int], month: str) -> list[Row]:
    """One external visitor per client with that many clicks in area P."""
    return [
        (month, client, f"{client}1", "external", {"p1": value} if value else {})
        for client, value in client_values.items()
    ]


# Three clients, one month. Clicks in P: a 1, b 3 (one each by three people), c 7 (by seven people,
# over both features of P); in Q: a 3, b 0, c 1. Unmapped: a 50. Everyone external.
THREE: list[Row] = [
    ("2020-01", "a", "a1", "external", {"p1": 1, "q": 3, "no such": 50}),
    *[("2020-01", "b", f"b{i}", "external", {"p2": 1}) for i in range(3)],
    ("2020-01", "c", "c0", "external", {"p1": 1, "q": 1}),
    *[("2020-01", "c", f"c{i}", "external", {"p2": 1}) for i in range(1, 7)],
]


def test_weights_and_a_tie_of_the_total_basis() -> None:
    # v in P: L, 2L, 3L -> mean 2L, sd L, cv 1/2. v in Q: 2L, 0, L -> mean L, sd L, cv 1.
    # 1/cv: 2 and 1 -> weights 2/3 and 1/3.
    ref = world(*THREE)
    weights = by(ref.area_weights("2020-01"), "audience", "basis", "area")
    assert len(weights) == 3 * 2 * 2
    for audience in ("all", "external"):
        p, q = weights[audience, "total", "P"], weights[audience, "total", "Q"]
        assert (p["users"], q["users"]) == (3, 2)
        stats = ("mean", "std", "cv", "weight")
        assert [p[stat] for stat in stats] == pytest.approx([2 * L, L, 1 / 2, 2 / 3])
        assert [q[stat] for stat in stats] == pytest.approx([L, L, 1, 1 / 3])
    # r: a (2*1 + 2)/3 L = 4/3 L, b (2*2 + 0)/3 L = 4/3 L, c (2*3 + 1)/3 L = 7/3 L.
    r = ref.raw_index("2020-01", "all", "total")
    assert r == pytest.approx({"a": 4 / 3 * L, "b": 4 / 3 * L, "c": 7 / 3 * L})
    assert r["a"] == r["b"]
    scores = by(ref.index_scores("2020-01"), "client_id")
    assert [scores[c]["total_all"] for c in "abc"] == [0, 0, 100]  # c: 2 of the 2 others below
    assert [scores[c]["n_total_all"] for c in "abc"] == [3, 3, 3]
    assert scores["a"]["small_base"] is True
    assert scores["a"]["total_all_change"] is None


def test_per_user_and_an_area_that_tells_no_clients_apart() -> None:
    # Users: a 1, b 3, c 7. P per user: 1, 1, 1 -> sd 0, cv 0, weight 0. Q: 3, 0, 1/7 -> weight 1,
    # so a is above c is above b.
    ref = world(*THREE)
    weights = by(ref.area_weights("2020-01"), "audience", "basis", "area")
    p, q = weights["all", "per_user", "P"], weights["all", "per_user", "Q"]
    assert (p["mean"], p["std"], p["cv"], p["weight"]) == (pytest.approx(L), 0, 0, 0)
    assert q["mean"] == pytest.approx((2 * L + math.log(8 / 7)) / 3)
    assert q["weight"] == 1
    scores = by(ref.index_scores("2020-01"), "client_id")
    assert [scores[c]["per_user_all"] for c in "abc"] == [100, 0, 50]


def test_an_audience_nobody_is_in() -> None:
    # internal: the base is still ranked by total (everyone 0: no weights, no scores), while
    # per_user has nobody to average over.
    ref = world(*THREE)
    scores = by(ref.index_scores("2020-01"), "client_id")
    assert all(scores[c]["total_internal"] is None for c in "abc")
    assert all(scores[c]["per_user_internal"] is None for c in "abc")
    assert (scores["a"]["n_total_internal"], scores["a"]["n_per_user_internal"]) == (3, 0)
    weights = by(ref.area_weights("2020-01"), "audience", "basis", "area")
    total, per_user = weights["internal", "total", "P"], weights["internal", "per_user", "P"]
    stats = ("users", "mean", "std", "cv", "weight")
    assert [total[stat] for stat in stats] == [0, 0, 0, None, 0]
    assert [per_user[stat] for stat in stats] == [0, None, None, None, 0]


def test_one_client_is_compared_with_nobody() -> None:
    ref = world(("2020-01", "a", "a1", "external", {"p1": 3}))
    row = by(ref.index_scores("2020-01"), "client_id")["a"]
    assert (row["total_all"], row["per_user_all"], row["n_total_all"]) == (None, None, 1)
    weight = by(ref.area_weights("2020-01"), "audience", "basis", "area")["all", "total", "P"]
    assert weight["mean"] == pytest.approx(2 * L)
    assert (weight["users"], weight["std"], weight["cv"], weight["weight"]) == (1, None, None, 0)


def test_equal_clients_are_not_told_apart_by_the_last_bit() -> None:
    # Seven clients with 4 clicks each in P: sd is 0 on paper, about 2e-16 in floats. Weight 0, so
    # there is no score.
    ref = world(*month_of({f"c{i}": 4 for i in range(7)}, "2020-01"))
    p = by(ref.area_weights("2020-01"), "audience", "basis", "area")["all", "total", "P"]
    assert p["cv"] < 1e-9
    assert p["weight"] == 0
    assert ref.index_scores("2020-01")["total_all"].isna().all()


def test_below_twenty_clients_is_a_small_base() -> None:
    for clients, small in ((19, True), (20, False)):
        ref = world(*month_of({f"c{i}": i for i in range(clients)}, "2020-01"))
        assert set(ref.index_scores("2020-01")["small_base"]) == {small}


def test_other_scalings() -> None:
    # P 1, 3, 8 -> mean 4, sd sqrt((9 + 1 + 16) / 2) = sqrt(13); divided by the mean: 1, sqrt(13)/4.
    rows = month_of({"a": 1, "b": 3, "c": 8}, "2020-01")
    for scaling, mean, std in (("none", 4, math.sqrt(13)), ("mean", 1, math.sqrt(13) / 4)):
        ref = world(*rows, area_scaling=scaling)
        weights = by(ref.area_weights("2020-01"), "audience", "basis", "area")
        p, q = weights["all", "total", "P"], weights["all", "total", "Q"]
        assert (p["mean"], p["std"]) == (pytest.approx(mean), pytest.approx(std))
        assert (p["weight"], q["mean"], q["weight"]) == (1, 0, 0)


def test_a_silent_client_scores_zero_for_three_months_then_leaves() -> None:
    # s is listed in January only. January: s 9 above a 1 and b 5. February to April: s has 0, so
    # nobody is below it, and the month after it is gone.
    months = ["2020-01", "2020-02", "2020-03", "2020-04", "2020-05"]
    rows = [row for month in months for row in month_of({"a": 1, "b": 5}, month)]
    ref = world(*rows, *month_of({"s": 9}, "2020-01"))
    assert [len(ref.base(month)) for month in months] == [3, 3, 3, 3, 2]
    scores = by(ref.index_scores(), "month", "client_id")
    assert [scores[m, "s"]["total_all"] for m in months[:4]] == [100, 0, 0, 0]
    assert [scores[m, "b"]["total_all"] for m in months] == [50, 100, 100, 100, 100]
    assert [scores[m, "s"]["per_user_all"] for m in months[:4]] == [100, None, None, None]
    assert ("2020-05", "s") not in scores
    changes = [scores[m, "s"]["total_all_change"] for m in months[:4]]
    assert changes == [None, -100, 0, 0]
    assert scores["2020-02", "s"]["per_user_all_change"] is None
    assert scores["2020-02", "b"]["per_user_all_change"] == 50  # of 3 ranked 50, of 2 ranked 100
    # It has momentum while it is in the base: (9 + 0 + 0) / 3 = 3 before April, and 0 / 3 - 1.
    april = by(ref.momentum("2020-04"), "client_id")["s"]
    assert (april["engagement_avg_3m"], april["engagement_trend"]) == (3, -1)
    assert (april["direction"], april["unique_visitors"]) == ("down", 0)
    february = by(ref.momentum("2020-02"), "client_id")["s"]
    assert (february["active_areas_change"], february["unique_visitors_change"]) == (-1, -1)


def test_momentum_over_four_months() -> None:
    # flat: 10, 20, 30 -> average 20, then 22: +10 % exactly (0.10000000000000009 in floats).
    # up:   average 20, then 23: +15 %. down: 100 -> 89: -11 %. zero: 0, 0, 0, then 1: no trend, up.
    # idle: 0 all the way: null. new: first listed in February: null.
    series: dict[str, list[int | None]] = {
        "flat": [10, 20, 30, 22],
        "up": [10, 20, 30, 23],
        "down": [100, 100, 100, 89],
        "zero": [0, 0, 0, 1],
        "idle": [0, 0, 0, 0],
        "new": [None, 5, 5, 5],
    }
    rows: list[Row] = []
    for i, month in enumerate(["2019-11", "2019-12", "2020-01", "2020-02"]):
        clicks = {client: values[i] for client, values in series.items()}
        rows += month_of({c: value for c, value in clicks.items() if value is not None}, month)
    rows.append(("2020-02", "up", "second", "internal", {"no such": 4}))
    momentum = by(world(*rows).momentum("2020-02"), "client_id")
    columns = ("engagement_avg_3m", "engagement_trend", "direction")
    got = {client: tuple(row[column] for column in columns) for client, row in momentum.items()}
    assert got == {
        "flat": (20, pytest.approx(0.1), "flat"),
        "up": (20, pytest.approx(0.15), "up"),
        "down": (100, pytest.approx(-0.11), "down"),
        "zero": (0, None, "up"),
        "idle": (0, None, None),
        "new": (None, None, None),
    }
    # The second visitor of `up` used an unmapped feature only: a visitor, no engagement.
    assert (momentum["up"]["unique_visitors"], momentum["up"]["unique_visitors_change"]) == (2, 1)
    assert (momentum["up"]["active_areas"], momentum["up"]["active_areas_change"]) == (1, 0)
    assert momentum["zero"]["active_areas_change"] == 1
    assert momentum["new"]["active_areas_change"] == 0


def test_a_missing_month_is_not_zero() -> None:
    # April was never delivered: it has no rows, and May no change and no average. June has a change
    # against May; the first average after the gap is August's, over May, June and July.
    delivered = ["2020-01", "2020-02", "2020-03", "2020-05", "2020-06", "2020-07", "2020-08"]
    rows = [row for month in delivered for row in month_of({"a": 4, "b": 6}, month)]
    rows += month_of({"s": 2}, "2020-03")
    ref = world(*rows)
    tables = (ref.area_weights, ref.index_scores, ref.momentum, ref.client_month)
    assert [len(table("2020-04")) for table in tables] == [0, 0, 0, 0]
    scores = by(ref.index_scores(), "month", "client_id")
    momentum = by(ref.momentum(), "month", "client_id")
    assert "2020-04" not in {month for month, _ in scores}
    assert scores["2020-05", "a"]["total_all_change"] is None
    # b 6 > a 4 > s 0 (base to June) gives a 50 in May and June; in July nobody is below it.
    assert [scores[m, "a"]["total_all"] for m in delivered[3:6]] == [50, 50, 0]
    assert scores["2020-06", "a"]["total_all_change"] == 0
    assert scores["2020-07", "a"]["total_all_change"] == -50
    assert momentum["2020-05", "a"]["active_areas_change"] is None
    assert momentum["2020-06", "a"]["active_areas_change"] == 0
    assert [momentum[m, "a"]["engagement_avg_3m"] for m in delivered[3:]] == [None, None, None, 4]
    # s was last listed in March: the calendar counts, April included, so June is its last month.
    assert ("2020-06", "s") in scores
    assert ("2020-07", "s") not in scores


def test_client_tables() -> None:
    rows: list[Row] = [
        ("2020-01", "a", "a1", "external", {"p1": 2, "p2": 3, "q": 1}),
        ("2020-01", "a", "a2", "internal", {"p1": 4, "no such": 9}),
        ("2020-01", "a", "a3", "internal", {}),
        ("2020-01", "b", "b1", "external", {}),
    ]
    ref = world(*rows)
    client_month = by(ref.client_month(), "client_id", "audience")
    got = {key: tuple(row.values())[3:] for key, row in client_month.items()}
    assert got == {  # engagement, visitors, areas, per user, listed
        ("a", "all"): (10, 2, 2, 5, True),
        ("a", "external"): (6, 1, 2, 6, True),
        ("a", "internal"): (4, 1, 1, 4, True),
        ("b", "all"): (0, 0, 0, None, True),
        ("b", "external"): (0, 0, 0, None, True),
        ("b", "internal"): (0, 0, 0, None, False),
    }
    areas = ref.client_area_month("2020-01")
    assert list(areas.itertuples(index=False, name=None)) == [
        ("2020-01", "a", "all", "P", 9, 2),
        ("2020-01", "a", "all", "Q", 1, 1),
        ("2020-01", "a", "all", "Unmapped", 9, 1),
        ("2020-01", "a", "external", "P", 5, 1),
        ("2020-01", "a", "external", "Q", 1, 1),
        ("2020-01", "a", "internal", "P", 4, 1),
        ("2020-01", "a", "internal", "Unmapped", 9, 1),
    ]


def test_exports_without_visitors() -> None:
    # a: external visitors told, internal ones not. b: no visitors at all. c: visitors.
    rows: list[Row] = [
        ("2020-01", "a", "a1", "external", {"p1": 1}),
        ("2020-01", "a", None, "internal", {"p1": 6, "q": 2}),
        ("2020-01", "b", None, "external", {"p1": 1}),
        ("2020-01", "c", "c1", "external", {"p1": 3}),
    ]
    ref = world(*rows)
    client_month = by(ref.client_month(), "client_id", "audience")
    got = {key: tuple(row.values())[3:6] for key, row in client_month.items()}
    assert got == {  # engagement, visitors, areas
        ("a", "all"): (9, None, 2),
        ("a", "external"): (1, 1, 1),
        ("a", "internal"): (8, None, 2),
        ("b", "all"): (1, None, 1),
        ("b", "external"): (1, None, 1),
        ("b", "internal"): (0, 0, 0),
        ("c", "all"): (3, 1, 1),
        ("c", "external"): (3, 1, 1),
        ("c", "internal"): (0, 0, 0),
    }
    areas = by(ref.client_area_month(), "client_id", "audience", "area")
    assert areas["a", "external", "P"]["visitors"] == 1
    assert areas["a", "all", "P"]["visitors"] is None
    # Per user of all there is only c, per external user a and c: nobody to compare c with, then a
    # below c.
    scores = by(ref.index_scores(), "client_id")
    assert [scores[c]["n_total_all"] for c in "abc"] == [3, 3, 3]
    assert [scores[c]["n_per_user_all"] for c in "abc"] == [1, 1, 1]
    assert [scores[c]["per_user_all"] for c in "abc"] == [None, None, None]
    assert [scores[c]["per_user_external"] for c in "abc"] == [0, None, 100]
    momentum = by(ref.momentum(), "client_id")
    assert [momentum[c]["unique_visitors"] for c in "abc"] == [None, None, 1]


def test_partial_months_are_compared_with_nothing() -> None:
    months = ["2020-01", "2020-02", "2020-03", "2020-04", "2020-05", "2020-06"]
    rows = [row for month in months for row in month_of({"a": 4, "b": 6}, month)]
    ref = world(*rows, partial=["2020-02"])
    scores, momentum = (by(t, "month", "client_id") for t in (ref.index_scores(), ref.momentum()))
    assert [scores[m, "b"]["total_all"] for m in months] == [100] * 6
    changes = [scores[m, "b"]["total_all_change"] for m in months]
    assert changes == [None, None, None, 0, 0, 0]
    assert [momentum[m, "a"]["active_areas_change"] for m in months] == changes
    # February is in the averages of March, April and May.
    assert [momentum[m, "a"]["engagement_avg_3m"] for m in months] == [None] * 5 + [4]
    # April whole but partial itself: no average either.
    ref = world(*rows, partial=["2020-04"])
    assert ref.momentum("2020-04")["engagement_avg_3m"].isna().all()


def test_calendar() -> None:
    assert shift("2014-01", -1) == "2013-12"
    assert shift("2013-11", 3) == "2014-02"
    assert shift("2014-12", -24) == "2012-12"


# ------------------------------------------------------------------ the worlds the tests run on


@pytest.mark.skipif(not openstack.available(), reason=openstack.ABSENT)
def test_openstack_truth_rendered_is_the_exports_byte_for_byte(tmp_path: Path) -> None:
    """The truth says what the exports say, and styles.py writes what the real files look like."""
    written = styles.write_exports(tmp_path, openstack.listed(), openstack.events())
    assert {path.name for path in written} == {path.name for path in openstack.EXPORTS.iterdir()}
    for path in written:
        assert path.read_bytes() == (openstack.EXPORTS / path.name).read_bytes(), path.name


@pytest.mark.parametrize("seed", range(20))
def test_tiny_world_holds_what_it_promises(seed: int) -> None:
    listed, events, areas = styles.tiny_world(seed)
    ref = Reference(listed, events, areas)
    assert ref.months == list(styles.MONTHS)
    assert 15 <= listed["client_id"].nunique() <= 25
    assert listed["visitor_id"].nunique() >= 50
    assert len(ref.areas) == 4
    used = set(events["feature"])
    assert used - set(areas) == set(styles.UNMAPPED_FEATURES)
    assert (events["value"] > 1000).sum() == 1
    for month in styles.MONTHS:
        assert set(listed.loc[listed["month"] == month, "audience"]) == {"external", "internal"}
    rows = ref.client_month()
    idle = rows[(rows["audience"] == "all") & (rows["unique_visitors"] == 0)]
    assert idle["month"].nunique() == len(styles.MONTHS)
    assert len(ref.base("2013-12")) > len(ref.listed_clients("2013-12"))
    assert ref.momentum("2014-02")["engagement_trend"].notna().any()
    admin = ref.area_weights("2013-11").query("area == 'Admin'")
    assert (admin["users"] == 0).all()


def test_the_messy_style(tmp_path: Path) -> None:
    """The 2015 file of a tiny world: what a plain reader sees in it."""
    listed, events, areas = styles.tiny_world()
    styles.write_exports(tmp_path, listed, events)
    styles.write_lookups(tmp_path / "lookups", areas)
    names = sorted(path.name for path in tmp_path.glob("*.csv"))
    assert len(names) == 2 + 3 * 2 + 1
    assert "201412 Internal Usage Pendo File.csv" in names
    text = (tmp_path / "Pendo Export Jan 2015.csv").read_bytes().decode("utf-8")
    assert text.startswith('\ufeff"VISITOR ID","Account\u00a0ID","visitor_agent_email"')
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[-1][:5] == ["Total", "", "", "", ""]
    assert any(len(cell) == 5 and cell[1] == "," for row in rows[1:-1] for cell in row)
    assert "0" not in {cell for row in rows for cell in row}
    lookup = (tmp_path / "lookups" / "product_areas.csv").read_text(encoding="utf-8")
    assert lookup.startswith("feature,area\nbilling | invoices,Billing\n")
