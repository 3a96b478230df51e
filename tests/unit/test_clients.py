"""From visitors to clients: SCORING.md section 2."""

from __future__ import annotations

from typing import Any

import pytest
import tables
from tables import AUDIENCES, by, found, given

from healthscore_assets.contracts import (
    AREA_ENGAGEMENT,
    CLEANED_USAGE,
    CLIENT_AREA_MONTH,
    CLIENT_FEATURE_MONTH,
    CLIENT_MONTH,
    VISITOR_MONTH,
)
from healthscore_assets.engagement.clients import client_feature_month

# client, visitor, audience, {area: engagement}; a visitor without any is listed all the same. The
# visitor is None where an export has a row per account.
Visitor = tuple[str, str | None, str, dict[str, float]]

VISITORS: list[Visitor] = [
    ("a", "a1", "external", {"P": 3, "Q": 1}),
    ("a", "a2", "external", {"P": 4}),
    ("a", "a3", "internal", {"P": 5, "Unmapped": 2}),
    ("a", "a4", "external", {}),
    ("b", "b1", "external", {"Unmapped": 9}),
    ("c", "c1", "internal", {}),
]


def area_engagement(visitors: list[Visitor]) -> Any:
    rows = [
        {"client_id": c, "visitor_id": v, "audience": u, "area": area, "engagement": x}
        for c, v, u, used in visitors
        for area, x in used.items()
    ]
    return given(AREA_ENGAGEMENT, rows)


def client_area_month(visitors: list[Visitor]) -> dict[Any, dict[str, Any]]:
    table = tables.client_area_month(area_engagement(visitors))
    return by(found(CLIENT_AREA_MONTH, table), "client_id", "audience", "area")


def client_month(visitors: list[Visitor]) -> dict[Any, dict[str, Any]]:
    listed = [
        {"client_id": c, "visitor_id": v, "audience": u, "listed_rows": 1}
        for c, v, u, _ in visitors
    ]
    rows = [{**row, "days_active": None, "minutes": None} for row in listed]
    table = tables.client_month(given(VISITOR_MONTH, rows), area_engagement(visitors))
    return by(found(CLIENT_MONTH, table), "client_id", "audience")


def test_areas_by_audience() -> None:
    rows = client_area_month(VISITORS)
    sums = {key: (row["engagement"], row["visitors"]) for key, row in rows.items()}
    assert sums == {
        ("a", "external", "P"): (7, 2),
        ("a", "external", "Q"): (1, 1),
        ("a", "internal", "P"): (5, 1),
        ("a", "internal", "Unmapped"): (2, 1),
        ("a", "all", "P"): (12, 3),
        ("a", "all", "Q"): (1, 1),
        ("a", "all", "Unmapped"): (2, 1),
        ("b", "external", "Unmapped"): (9, 1),
        ("b", "all", "Unmapped"): (9, 1),
    }


def test_clients_by_audience() -> None:
    rows = client_month(VISITORS)
    names = ("engagement", "unique_visitors", "active_areas", "engagement_per_user", "listed")
    assert {key: tuple(row[name] for name in names) for key, row in rows.items()} == {
        ("a", "all"): (13, 3, 2, pytest.approx(13 / 3), True),
        ("a", "external"): (8, 2, 2, 4, True),
        # a3 uses something unmapped as well: one visitor, its mapped engagement only.
        ("a", "internal"): (5, 1, 1, 5, True),
        # Active, though nothing it uses has an area.
        ("b", "all"): (0, 1, 0, 0, True),
        ("b", "external"): (0, 1, 0, 0, True),
        ("b", "internal"): (0, 0, 0, None, False),
        # Listed without usage: three rows of zeros, and no average.
        ("c", "all"): (0, 0, 0, None, True),
        ("c", "external"): (0, 0, 0, None, False),
        ("c", "internal"): (0, 0, 0, None, True),
    }


def test_a_visitor_of_two_clients_is_a_visitor_of_each() -> None:
    rows = client_month([("a", "x", "external", {"P": 1}), ("b", "x", "internal", {"P": 2})])
    assert [rows[c, "all"]["unique_visitors"] for c in "ab"] == [1, 1]


# a: external visitors, and its internal usage without any. b, c: no visitors; c used nothing.
# d: a visitor in one file, and another file without. e: visitors, as ever.
WITHOUT_VISITORS: list[Visitor] = [
    ("a", "a1", "external", {"P": 3}),
    ("a", None, "internal", {"P": 4, "Q": 1}),
    ("b", None, "external", {"P": 6, "Unmapped": 2}),
    ("c", None, "external", {}),
    ("d", "d1", "external", {"Q": 5}),
    ("d", None, "external", {"P": 7}),
    ("e", "e1", "external", {"P": 8}),
]


def test_without_visitors_engagement_counts_and_users_are_unknown() -> None:
    rows = client_month(WITHOUT_VISITORS)
    names = ("engagement", "unique_visitors", "active_areas", "engagement_per_user", "listed")
    assert {key: tuple(row[name] for name in names) for key, row in rows.items()} == {
        ("a", "all"): (8, None, 2, None, True),
        ("a", "external"): (3, 1, 1, 3, True),
        ("a", "internal"): (5, None, 2, None, True),
        ("b", "all"): (6, None, 1, None, True),
        ("b", "external"): (6, None, 1, None, True),
        # Not listed in this audience: nobody, which is known.
        ("b", "internal"): (0, 0, 0, None, False),
        ("c", "all"): (0, None, 0, None, True),
        ("c", "external"): (0, None, 0, None, True),
        ("c", "internal"): (0, 0, 0, None, False),
        ("d", "all"): (12, None, 2, None, True),
        ("d", "external"): (12, None, 2, None, True),
        ("d", "internal"): (0, 0, 0, None, False),
        ("e", "all"): (8, 1, 1, 8, True),
        ("e", "external"): (8, 1, 1, 8, True),
        ("e", "internal"): (0, 0, 0, None, False),
    }


def test_visitors_of_an_area_are_unknown_where_some_of_it_has_none() -> None:
    rows = client_area_month(WITHOUT_VISITORS)
    assert {key: (row["engagement"], row["visitors"]) for key, row in rows.items()} == {
        ("a", "all", "P"): (7, None),
        ("a", "all", "Q"): (1, None),
        ("a", "external", "P"): (3, 1),
        ("a", "internal", "P"): (4, None),
        ("a", "internal", "Q"): (1, None),
        ("b", "all", "P"): (6, None),
        ("b", "all", "Unmapped"): (2, None),
        ("b", "external", "P"): (6, None),
        ("b", "external", "Unmapped"): (2, None),
        # d's only user of Q is known, and so is that there is no other.
        ("d", "all", "Q"): (5, 1),
        ("d", "all", "P"): (7, None),
        ("d", "external", "Q"): (5, 1),
        ("d", "external", "P"): (7, None),
        ("e", "all", "P"): (8, 1),
        ("e", "external", "P"): (8, 1),
    }


def test_three_rows_for_every_listed_client() -> None:
    assert set(client_month(VISITORS)) == {(c, u) for c in "abc" for u in AUDIENCES}


def test_amounts_with_decimals_add_up_exactly() -> None:
    # 0.1 + 0.2 is 0.30000000000000004 in floats; ten times 0.1 is 0.9999999999999999.
    two = client_area_month(
        [("a", "1", "external", {"P": 0.1}), ("a", "2", "external", {"P": 0.2})]
    )
    assert two["a", "all", "P"]["engagement"] == 0.3
    ten = client_month([("a", str(n), "external", {"P": 0.1}) for n in range(10)])
    assert ten["a", "all"]["engagement"] == 1.0


def test_nobody_used_anything() -> None:
    nobody: list[Visitor] = [("a", "a1", "external", {})]
    assert client_area_month(nobody) == {}
    assert client_month(nobody)["a", "all"]["engagement"] == 0


def test_features_over_all_visitors() -> None:
    usage = [
        ("a", "a1", "external", "X", "clicks", 3.0),
        ("a", "a2", "internal", "X", "clicks", 4.0),
        ("a", None, "external", "X", "clicks", 1.0),
        ("a", "a1", "external", "X", "minutes", 0.1),
        ("a", "a2", "internal", "X", "minutes", 0.2),
        ("a", "a1", "external", "Y", "clicks", 5.0),
        ("b", "a1", "external", "X", "clicks", 2.0),
    ]
    rows = [dict(zip(CLEANED_USAGE.columns, row, strict=True)) for row in usage]
    table = client_feature_month(given(CLEANED_USAGE, rows))
    sums = by(found(CLIENT_FEATURE_MONTH, table), "client_id", "feature", "measure")
    # 0.1 + 0.2 is 0.3: the sums are in decimals.
    assert {key: row["value"] for key, row in sums.items()} == {
        ("a", "X", "clicks"): 8.0,
        ("a", "X", "minutes"): 0.3,
        ("a", "Y", "clicks"): 5.0,
        ("b", "X", "clicks"): 2.0,
    }
