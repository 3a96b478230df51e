"""From visitors to clients: SCORING.md section 2."""

from __future__ import annotations

from typing import Any

import pytest
import tables
from tables import AUDIENCES, by, found, given

from healthscore_assets.contracts import (
    AREA_ENGAGEMENT,
    CLIENT_AREA_MONTH,
    CLIENT_MONTH,
    VISITOR_MONTH,
)

# client, visitor, audience, {area: engagement}; a visitor without any is listed all the same.
Visitor = tuple[str, str, str, dict[str, float]]

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
