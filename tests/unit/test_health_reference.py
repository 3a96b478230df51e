"""Sections 5 and 6 of SCORING.md on tiny worlds, with numbers worked by hand.

The same cases hold for every implementation of the three functions: see `model`.

Months end on 2024-01-31, 2024-02-29, 2024-03-31 and 2024-04-30; most cases look at March. 45 days
before its end is 2024-02-15, 90 days 2024-01-01, 180 days 2023-10-03.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

import health_product
import health_reference
import pandas as pd
import pytest
from health_reference import COMPONENTS, Settings, end, feature_key, feature_table, gini, shift

M = "2024-03"
BOARD, SCENARIOS, EDITOR, OTHER = "Plan | Board", "Plan | Scenarios", "Docs | Editor", "Other"
FEATURES = feature_table(
    pd.DataFrame(
        [(BOARD, "Plan", "core"), (SCENARIOS, "Plan", "advanced"), (EDITOR, "Docs", "core")],
        columns=["feature", "area", "tier"],
    )
)


class Model(Protocol):
    """What is put to the test: the reference, and whatever else computes the same."""

    def components(
        self, tables: Any, features: pd.DataFrame, month: str, settings: Settings
    ) -> pd.DataFrame: ...

    def health(
        self, tables: Any, features: pd.DataFrame, month: str, settings: Settings
    ) -> tuple[pd.DataFrame, pd.DataFrame]: ...

    def structural_risk(
        self, tables: Any, features: pd.DataFrame, month: str, settings: Settings
    ) -> pd.DataFrame: ...


MODELS: dict[str, Any] = {"reference": health_reference, "product": health_product}


@pytest.fixture(params=["reference", "product"])
def model(request: pytest.FixtureRequest) -> Model:
    found: Model = MODELS[request.param]
    return found


# --------------------------------------------------------------------------------- a tiny world

TEXT, DAY, NUMBER, WHOLE, FLAG = "object", "day", "float64", "Int64", "boolean"
RAW = {"source_file": TEXT, "as_of": DAY, "rows": WHOLE}
SCHEMAS: dict[str, dict[str, str]] = {
    "raw_pendo_export": {"source_file": TEXT, "rows": WHOLE},
    "cleaned_usage": {
        **dict.fromkeys(["client_id", "visitor_id", "audience", "feature", "measure"], TEXT),
        "value": NUMBER,
    },
    "visitor_month": {
        **dict.fromkeys(["client_id", "visitor_id", "audience"], TEXT),
        "listed_rows": WHOLE,
        "days_active": NUMBER,
        "minutes": NUMBER,
    },
    "client_month": {
        "client_id": TEXT,
        "audience": TEXT,
        "engagement": NUMBER,
        "unique_visitors": WHOLE,
        "active_areas": WHOLE,
        "engagement_per_user": NUMBER,
        "listed": FLAG,
    },
    "client_activity": {"client_id": TEXT, "last_active_day": DAY},
    "index_scores": {"client_id": TEXT, "total_all": NUMBER, "per_user_external": NUMBER},
    "accounts": {
        **dict.fromkeys(["client_id", "client_name", "segment"], TEXT),
        "seats": WHOLE,
        "arr": NUMBER,
        **dict.fromkeys(["contract_start", "contract_end", "renewal_date"], DAY),
        "snapshot_date": DAY,
        "contract": TEXT,
        "churned": FLAG,
    },
    "support_tickets": {
        "ticket_id": TEXT,
        "client_id": TEXT,
        "created": DAY,
        "closed": DAY,
        "priority": TEXT,
        "escalated": FLAG,
        "csat": NUMBER,
        "sentiment": NUMBER,
    },
    "surveys": {
        "answer_id": TEXT,
        "client_id": TEXT,
        "respondent": TEXT,
        "date": DAY,
        "kind": TEXT,
        "score": NUMBER,
        "sentiment": NUMBER,
    },
    "invoices": {
        "invoice_id": TEXT,
        "client_id": TEXT,
        **dict.fromkeys(["issued", "due", "paid"], DAY),
        "amount": NUMBER,
        "status": TEXT,
    },
    "touchpoints": {
        "touchpoint_id": TEXT,
        "client_id": TEXT,
        "date": DAY,
        "kind": TEXT,
        "meaningful": FLAG,
        "executive": FLAG,
        "training": WHOLE,
        "community": WHOLE,
    },
    "stakeholders": {
        **dict.fromkeys(["client_id", "person", "role", "status"], TEXT),
        "date": DAY,
    },
    "renewals": {
        "client_id": TEXT,
        "date": DAY,
        "outcome": TEXT,
        "arr_before": NUMBER,
        "arr_after": NUMBER,
    },
}
FEEDS = ("support_tickets", "surveys", "invoices", "touchpoints", "stakeholders", "renewals")
SCHEMAS |= {f"raw_{feed}": RAW for feed in (*FEEDS, "accounts")}


class World:
    """Tables of a lake, row by row."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(dict)
        self.scores: dict[tuple[str, str], tuple[float | None, float | None]] = {}
        self.base: dict[str, set[str]] = defaultdict(set)
        self.ids = 0

    def export(self, *months: str) -> World:
        """Exports of the months were delivered."""
        for month in months:
            self.rows["raw_pendo_export"].setdefault(month, [{"source_file": "a", "rows": 1}])
            for table in ("cleaned_usage", "visitor_month", "client_month", "index_scores"):
                self.rows[table].setdefault(month, [])
        return self

    def visitor(
        self,
        month: str,
        client: str,
        visitor: str | None,
        clicks: Mapping[str, float] | float = 1,
        *,
        days: float | None = None,
        minutes: float | None = None,
        audience: str = "external",
    ) -> World:
        """A visitor that the export of the month lists; a mere number is clicks on the board."""
        self.export(month)
        self.base[month].add(client)
        who = {"client_id": client, "visitor_id": visitor, "audience": audience}
        told = {"listed_rows": 1, "days_active": days, "minutes": minutes}
        self.rows["visitor_month"][month].append({**who, **told})
        used = clicks if isinstance(clicks, Mapping) else {BOARD: clicks}
        for feature, value in used.items():
            if value > 0:
                what = {"feature": feature, "measure": "clicks", "value": value}
                self.rows["cleaned_usage"][month].append({**who, **what})
                other = {"feature": feature, "measure": "page_views", "value": 1000}
                self.rows["cleaned_usage"][month].append({**who, **other})
        return self

    def visitors(self, month: str, client: str, *clicks: float) -> World:
        """Visitors v1, v2, ... with so many clicks each."""
        for number, value in enumerate(clicks, start=1):
            self.visitor(month, client, f"v{number}", value)
        return self

    def silent(self, month: str, client: str) -> World:
        """A client of the base that no export of the month lists."""
        self.export(month).base[month].add(client)
        return self

    def active_until(self, day: str, client: str) -> World:
        """The export dates usage of the client, on this day the last time in its month."""
        row = {"client_id": client, "last_active_day": day}
        self.rows["client_activity"].setdefault(day[:7], []).append(row)
        return self

    def score(
        self, month: str, client: str, per_user: float | None, total: float | None = 50
    ) -> World:
        """Index scores of a client of the base."""
        self.silent(month, client).scores[month, client] = (total, per_user)
        return self

    def account(self, month: str, client: str, **columns: Any) -> World:
        """The client's row of the register."""
        self.rows["raw_accounts"].setdefault(month, [{"source_file": "r", "rows": 1}])
        row = {"client_id": client, "snapshot_date": end(month), "contract": "running"}
        self.rows["accounts"].setdefault(month, []).append({**row, "churned": False, **columns})
        return self

    def feed(self, name: str, month: str, client: str = "c", **columns: Any) -> World:
        """The feed is delivered; with columns, a row of it."""
        self.rows[f"raw_{name}"].setdefault(month, [{"source_file": "f", "rows": 1}])
        rows = self.rows[name].setdefault(month, [])
        if columns:
            self.ids += 1
            names = {"support_tickets": "ticket_id", "surveys": "answer_id"}
            names |= {"invoices": "invoice_id", "touchpoints": "touchpoint_id"}
            named = {names[name]: f"id{self.ids}"} if name in names else {}
            rows.append({"client_id": client, **named, **columns})
        return self

    def tables(self) -> dict[str, dict[str, pd.DataFrame]]:
        """As the lake holds them."""
        for month in self.rows["client_month"]:
            self.rows["client_month"][month] = self._client_month(month)
            self.rows["index_scores"][month] = [
                {"client_id": client, "total_all": total, "per_user_external": per_user}
                for client in sorted(self.base[month])
                for total, per_user in [self.scores.get((month, client), (50.0, 50.0))]
            ]
        return {
            table: {month: frame(table, rows) for month, rows in months.items()}
            for table, months in self.rows.items()
        }

    def _client_month(self, month: str) -> list[dict[str, Any]]:
        rows = []
        listed = self.rows["visitor_month"][month]
        used = [u for u in self.rows["cleaned_usage"][month] if u["measure"] == "clicks"]
        for client in sorted({row["client_id"] for row in listed}):
            for audience in ("all", "external", "internal"):
                within = {"external", "internal"} if audience == "all" else {audience}
                mine = [r for r in listed if r["client_id"] == client and r["audience"] in within]
                uses = [u for u in used if u["client_id"] == client and u["audience"] in within]
                untold = any(row["visitor_id"] is None for row in mine)
                rows.append(
                    {
                        "client_id": client,
                        "audience": audience,
                        "engagement": sum(u["value"] for u in uses if u["feature"] != OTHER),
                        "unique_visitors": None if untold else len({u["visitor_id"] for u in uses}),
                        "active_areas": len({u["feature"].split()[0] for u in uses} - {OTHER}),
                        "listed": bool(mine),
                    }
                )
        return rows


def frame(table: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows in the columns and types of a table."""
    columns = {}
    for column, kind in SCHEMAS[table].items():
        values = [row.get(column) for row in rows]
        if kind == DAY:
            values = [date.fromisoformat(v) if isinstance(v, str) else v for v in values]
        columns[column] = pd.Series(values, dtype="object" if kind == DAY else kind)
    return pd.DataFrame(columns)


def plain(found: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with None for null."""
    rows: list[dict[str, Any]] = found.astype(object).where(found.notna(), None).to_dict("records")
    return rows


# ---------------------------------------------------------------------- what a model makes of it


def unsmoothed(**settings: Any) -> Settings:
    return Settings(**{"usage_smoothing": "none", **settings})


def scored(
    model: Model, world: World, name: str, month: str = M, client: str = "c", **settings: Any
) -> tuple[float | None, float | None]:
    """(value, score) of a component."""
    found = model.components(world.tables(), FEATURES, month, unsmoothed(**settings))
    for row in plain(found):
        if (row["client_id"], row["component"]) == (client, name):
            return row["value"], row["score"]
    raise AssertionError(f"no row of {client}, {name}")


def healthy(
    model: Model, world: World, month: str = M, client: str = "c", **settings: Any
) -> dict[str, Any]:
    """The client's row of health_scores."""
    found, _ = model.health(world.tables(), FEATURES, month, unsmoothed(**settings))
    [row] = [row for row in plain(found) if row["client_id"] == client]
    return row


def drivers(
    model: Model, world: World, month: str = M, client: str = "c", **settings: Any
) -> dict[str, dict[str, Any]]:
    """component -> the client's row of health_drivers."""
    _, found = model.health(world.tables(), FEATURES, month, unsmoothed(**settings))
    return {row["component"]: row for row in plain(found) if row["client_id"] == client}


def risk(
    model: Model, world: World, month: str = M, client: str = "c", **settings: Any
) -> dict[str, Any]:
    """The client's row of structural_risk."""
    found = model.structural_risk(world.tables(), FEATURES, month, unsmoothed(**settings))
    [row] = [row for row in plain(found) if row["client_id"] == client]
    return row


def near(value: float) -> Any:
    return pytest.approx(value, abs=1e-9)


MISSING = (None, None)

# The whole of health on one component whose score is given: health is per_user_external.
ALONE: dict[str, Any] = {
    "segment_weights": {"default": {"usage": 100, "engagement": 0, "sentiment": 0, "financial": 0}},
    "component_weights": {"usage": {"engagement_index": 100}},
}


def over_time(*healths: float | None, first: str = "2024-01") -> World:
    """A client with these healths in consecutive months, given ALONE."""
    world = World()
    for number, health in enumerate(healths):
        world.score(shift(first, number), "c", health)
    return world


# ------------------------------------------------------------------------------- nobody, nothing


def test_zero_clients(model: Model) -> None:
    tables, settings = World().export(M).tables(), Settings()
    scores, rows = model.health(tables, FEATURES, M, settings)
    assert len(model.components(tables, FEATURES, M, settings)) == 0
    assert (len(scores), len(rows)) == (0, 0)
    assert list(scores.columns) == health_reference.HEALTH_SCORES
    assert list(rows.columns) == health_reference.HEALTH_DRIVERS
    found = model.structural_risk(tables, FEATURES, M, settings)
    assert list(found.columns) == health_reference.STRUCTURAL_RISK
    assert len(found) == 0


def test_every_client_has_a_row_per_component(model: Model) -> None:
    world = World().visitors(M, "c", 1).silent(M, "d")
    _, rows = model.health(world.tables(), FEATURES, M, Settings())
    for client in ("c", "d"):
        assert sorted(rows.loc[rows["client_id"] == client, "component"]) == sorted(COMPONENTS)
    assert len(COMPONENTS) == 19


def test_all_feeds_missing_usage_alone_is_enough(model: Model) -> None:
    # One visitor, who is all that is known: 1/1 active; 2 of 2 features in use; 5 of 20 clicks are
    # advanced. c alone is its own 75th percentile. 3500 points of usage; without seats
    # nothing is known of utilisation.
    world = World().visitor(M, "c", "v1", {BOARD: 15, SCENARIOS: 5}, days=4)
    row = healthy(model, world)
    assert (row["coverage"], row["health"]) == (near(0.35), near(100))
    assert (row["band"], row["announced_band"], row["reason"]) == ("green", "green", None)
    assert (row["usage"], row["engagement"], row["sentiment"]) == (near(100), None, None)
    assert (row["leading_share"], row["leading_score"]) == (near(1), near(100))
    assert (row["segment"], row["stage"], row["velocity"]) == (None, None, None)
    weights = {name: driver["weight"] for name, driver in drivers(model, world).items()}
    assert weights["active_users"] == near(0.4)
    assert weights["depth"] == near(0.1)
    assert weights["stickiness"] == weights["nps"] == weights["utilisation"] == 0


def test_a_little_less_is_not(model: Model) -> None:
    # No days: frequency is missing, and 3500 - 35 * 20 = 2800 points are left.
    world = World().visitor(M, "c", "v1", {BOARD: 15, SCENARIOS: 5})
    row = healthy(model, world)
    assert row["coverage"] == near(0.28)
    assert row["reason"]
    for column in ("health", "band", "announced_band", "usage", "leading_share", "leading_score"):
        assert row[column] is None
    found = drivers(model, world)
    assert found["active_users"]["score"] == near(100)
    assert {driver["weight"] for driver in found.values()} == {0}
    assert {driver["points"] for driver in found.values()} == {0}
    assert healthy(model, world, least_coverage=0.28)["health"] == near(100)


def test_a_client_without_usage(model: Model) -> None:
    world = World().visitor(M, "d", "v1", {SCENARIOS: 5}, days=4, minutes=8)
    world.silent(M, "c").feed("touchpoints", M, date="2024-03-05", training=3)
    alone = {"frequency": 4 / 31 * 7}
    for name in ("active_users", "feature_adoption", "frequency", "depth"):
        assert scored(model, world, name) == (0, 0)
        assert scored(model, world, name, client="d") == (near(alone.get(name, 1)), near(100))
    for name in ("session_minutes", "stickiness", "training", "utilisation"):
        assert scored(model, world, name) == MISSING
    # Three visitors listed, none active, none ever seen using it: 0 of 3 seats.
    world.visitors(M, "c", 0, 0, 0)
    assert scored(model, world, "utilisation") == MISSING
    world.account(M, "c", seats=3)
    assert scored(model, world, "utilisation") == (0, 0)
    row = healthy(model, world)
    assert row["usage"] == 0
    assert scored(model, world, "active_users") == (0, 0)


def test_nobody_uses_anything(model: Model) -> None:
    # No benchmark, no features in use, no known people: 0 all the same.
    world = World().silent(M, "c")
    for name in ("active_users", "feature_adoption", "frequency", "depth"):
        assert scored(model, world, name) == (0, 0)
    row = healthy(model, world)
    assert (row["health"], row["band"], row["coverage"]) == (0, "red", near(0.35))


def test_an_export_without_visitors(model: Model) -> None:
    world = World().visitor(M, "c", None, {BOARD: 3, SCENARIOS: 1}, minutes=9)
    world.account(M, "c", seats=4).feed("touchpoints", M, date="2024-03-05", training=3)
    for name in ("active_users", "frequency", "session_minutes", "stickiness", "training"):
        assert scored(model, world, name) == MISSING
    assert scored(model, world, "utilisation") == MISSING
    assert scored(model, world, "active_users", active_users="daily") == MISSING
    assert scored(model, world, "feature_adoption") == (near(1), near(100))
    assert scored(model, world, "depth") == (near(0.25), near(100))
    row = risk(model, world)
    assert [row[name] for name in ("gini", "gini_corrected", "diversity", "top2_share")] == [
        None
    ] * 4
    flags = ("concentrated", "narrow", "single_threaded", "dormant", "fragile", "champion_departed")
    assert not any(row[name] for name in flags)
    # n = 1 has no percentile: recency alone.
    assert row["structural_health"] == near(100)


# ------------------------------------------------------------------------------------ usage


def test_without_seats_people_are_those_of_six_months(model: Model) -> None:
    world = World().visitors(M, "c", 1)
    world.visitor("2023-10", "c", "old").visitor("2023-09", "c", "too old")
    world.visitor("2024-02", "c", "v1").visitor("2024-02", "c", "idle", 0)
    # v1, idle and old: 1 of 3.
    assert scored(model, world, "active_users") == (near(1 / 3), near(100 / 3))
    world.account(M, "c", seats=0)
    assert scored(model, world, "active_users") == (near(1 / 3), near(100 / 3))
    assert risk(model, world)["diversity"] == near(1 / 3)


def test_seats(model: Model) -> None:
    world = World().visitors(M, "c", 1, 1, 1, 0).account(M, "c", seats=2)
    assert scored(model, world, "active_users") == (near(1.5), 100)
    assert risk(model, world)["diversity"] == 1
    world = World().visitors(M, "c", 1, 1, 1, 0).account(M, "c", seats=12)
    assert scored(model, world, "active_users") == (near(0.25), near(25))


def test_active_users_on_an_average_day(model: Model) -> None:
    # 31 + 0 days of two visitors, 31 days, two seats.
    world = World().visitor(M, "c", "v1", days=31).visitor(M, "c", "v2", 0, days=0)
    world.visitor(M, "c", "v3").account(M, "c", seats=2)
    assert scored(model, world, "active_users", active_users="daily") == (near(0.5), near(50))
    world = World().visitor(M, "c", "v1").account(M, "c", seats=2)
    assert scored(model, world, "active_users", active_users="daily") == MISSING


def test_feature_adoption(model: Model) -> None:
    # Known in three months: board (c), editor (d in January). Scenarios was used too long ago.
    world = World().visitor(M, "c", "v1", {"PLAN >  board": 1, OTHER: 5})
    world.visitor("2024-01", "d", "w", {EDITOR: 1}).visitor("2023-12", "d", "w", {SCENARIOS: 1})
    assert scored(model, world, "feature_adoption") == (near(0.5), near(50))
    # Only what has no area: 0 of 2 for c; nothing in use at all is no measure.
    world = World().visitor(M, "c", "v1", {OTHER: 5}).visitor(M, "d", "w", {EDITOR: 1})
    assert scored(model, world, "feature_adoption") == (0, 0)
    world = World().visitor(M, "c", "v1", {OTHER: 5})
    assert scored(model, world, "feature_adoption")[1] is None
    assert scored(model, world, "depth") == MISSING


def test_frequency(model: Model) -> None:
    world = World()
    for client, days in {"a": 4, "b": 8, "c": 12, "d": 16}.items():
        world.visitor(M, client, "v1", days=days)
        world.visitor(M, client, "idle", 0, days=31).visitor(M, client, "untold")
    world.silent(M, "e")
    # 75th percentile of 4, 8, 12, 16 days: a quarter of the way from 12 to 16.
    assert scored(model, world, "frequency", client="a") == (near(28 / 31), near(400 / 13))
    assert scored(model, world, "frequency") == (near(84 / 31), near(1200 / 13))
    assert scored(model, world, "frequency", client="d") == (near(112 / 31), 100)
    assert scored(model, world, "frequency", client="e") == (0, 0)
    found = scored(model, world, "frequency", frequency_benchmark=4.5)
    assert found == (near(84 / 31), near(100 * 84 / 31 / 4.5))
    # Mean days / days in the month.
    assert scored(model, world, "stickiness") == (near(12 / 31), near(1200 / 31))


def test_depth(model: Model) -> None:
    world = World()
    for client, advanced in {"a": 0, "b": 10, "c": 20, "d": 40}.items():
        uses = {SCENARIOS: advanced, BOARD: 60 - advanced, EDITOR: 40, OTHER: 900}
        world.visitor(M, client, "v1", uses)
    world.silent(M, "e")
    # 75th percentile of 0, .1, .2, .4: .25.
    assert scored(model, world, "depth", client="a") == (0, 0)
    assert scored(model, world, "depth", client="b") == (near(0.1), near(40))
    assert scored(model, world, "depth", client="d") == (near(0.4), 100)
    # Nobody uses anything advanced: no benchmark, save for who uses nothing.
    world = World().visitor(M, "c", "v1", {BOARD: 1}).silent(M, "e")
    assert scored(model, world, "depth")[1] is None
    assert scored(model, world, "depth", client="e") == (0, 0)


def test_session_minutes(model: Model) -> None:
    world = World().visitor(M, "a", "v1", minutes=10)
    world.visitor(M, "c", "v1", minutes=30).visitor(M, "c", "v2").visitor(M, "d", "v1")
    # 10 and 15 minutes: the 75th percentile is 13.75.
    assert scored(model, world, "session_minutes", client="a") == (10, near(1000 / 13.75))
    assert scored(model, world, "session_minutes") == (15, 100)
    assert scored(model, world, "session_minutes", client="d") == MISSING


def test_engagement_index(model: Model) -> None:
    world = World().score(M, "c", 12.5).score(M, "d", None)
    assert scored(model, world, "engagement_index") == (12.5, 12.5)
    assert scored(model, world, "engagement_index", client="d") == MISSING


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2024-04-02", 60),  # in two days: 0.2 * 90 / 30
        ("2024-03-21", 60),  # 10 days count as 30
        ("2024-03-01", 60),  # 30 days
        ("2024-01-31", 30),  # 60 days: 0.2 * 90 / 60
        ("2024-01-02", 100 * 0.2 * 90 / 89),  # 89 days
        ("2024-01-01", 20),  # 90 days: no more
        (None, 20),
    ],
)
def test_onboarding_ramp(model: Model, start: str | None, expected: float) -> None:
    world = World().visitor(M, "c", "v1", days=10).visitor(M, "d", "w", {SCENARIOS: 1, EDITOR: 1})
    world.account(M, "c", seats=5, contract_start=start)
    assert scored(model, world, "active_users") == (near(0.2), near(expected))
    # 1 of 3 features; days a week against five times as many.
    assert scored(model, world, "feature_adoption")[1] == near(min(100, expected * 5 / 3))
    benchmark = 5 * 10 / 31 * 7
    assert scored(model, world, "frequency", frequency_benchmark=benchmark)[1] == near(expected)
    # What is not ramped, and other normalisers.
    assert scored(model, world, "utilisation") == (near(0.2), near(20))
    found = scored(model, world, "active_users", normalisers={"active_users": ("minmax", "base")})
    assert found == (near(0.2), 0)


@pytest.mark.parametrize(
    ("start", "renewal", "stage"),
    [
        ("2024-01-02", "2024-04-05", "onboarding"),
        ("2024-04-05", None, "onboarding"),
        ("2024-01-01", None, "adoption"),
        ("2023-04-02", "2024-07-01", "adoption"),  # 364 days
        ("2023-04-01", None, "mature"),  # 365 days
        ("2020-01-01", "2024-03-30", "mature"),  # in the past
        ("2020-01-01", "2024-03-31", "renewal"),
        ("2020-01-01", "2024-06-29", "renewal"),  # 90 days
        ("2020-01-01", "2024-06-30", "mature"),
        (None, "2024-04-30", "renewal"),
        (None, "2024-03-30", None),
        (None, None, None),
    ],
)
def test_stage(model: Model, start: str | None, renewal: str | None, stage: str | None) -> None:
    world = World().silent(M, "c").silent(M, "d")
    world.account(M, "c", contract_start=start, renewal_date=renewal)
    assert healthy(model, world)["stage"] == stage
    assert healthy(model, world, client="d")["stage"] is None


# -------------------------------------------------------------------------------- engagement


def test_touchpoints_without_rows_and_without_the_feed(model: Model) -> None:
    world = World().visitors(M, "c", 1)
    names = ("touchpoint_quality", "executive_involvement", "training", "community", "advocacy")
    for name in names:
        assert scored(model, world, name) == MISSING
    world.feed("touchpoints", M)
    for name in names:
        assert scored(model, world, name) == (0, 0)


def test_touchpoint_quality(model: Model) -> None:
    world = World().silent(M, "c").feed("touchpoints", M, date="2024-03-01", meaningful=True)
    world.feed("touchpoints", M, date="2024-03-31", meaningful=None)
    world.feed("touchpoints", M, date="2024-03-31", meaningful=False)
    world.feed("touchpoints", M, "d", date="2024-03-31", meaningful=True)
    world.feed("touchpoints", "2024-02", date="2024-02-29", meaningful=True)
    assert scored(model, world, "touchpoint_quality") == (1, 50)
    for _ in range(2):
        world.feed("touchpoints", M, date="2024-03-31", meaningful=True)
    assert scored(model, world, "touchpoint_quality") == (3, 100)
    assert scored(model, world, "touchpoint_quality", targets={"touchpoint_quality": 4}) == (3, 75)


@pytest.mark.parametrize(
    ("day", "value"),
    [
        ("2024-03-31", 1),
        ("2024-01-02", 1),
        ("2024-01-01", 0.5),  # 90 days ago
        ("2023-10-04", 0.5),
        ("2023-10-03", 0),  # 180 days ago
    ],
)
def test_executive_involvement(model: Model, day: str, value: float) -> None:
    world = World().silent(M, "c").feed("touchpoints", M)
    world.feed("touchpoints", day[:7], date=day, executive=True)
    world.feed("touchpoints", M, date="2024-03-01", executive=None)
    assert scored(model, world, "executive_involvement") == (value, 100 * value)


def test_training(model: Model) -> None:
    world = World().visitors(M, "c", 1, 1, 1, 1, 0).feed("touchpoints", M)
    world.feed("touchpoints", "2023-04", date="2023-04-01", training=1)
    world.feed("touchpoints", "2023-03", date="2023-03-31", training=9)
    world.feed("touchpoints", M, date="2024-03-31", training=None)
    assert scored(model, world, "training") == (near(0.25), near(25))
    world.feed("touchpoints", M, date="2024-03-31", training=20)
    assert scored(model, world, "training") == (1, 100)


def test_community(model: Model) -> None:
    world = World().silent(M, "c").feed("touchpoints", M, date="2024-03-01", community=1)
    world.feed("touchpoints", "2024-01", date="2024-01-02", community=1)
    world.feed("touchpoints", "2024-01", date="2024-01-01", community=9)
    assert scored(model, world, "community") == (2, near(200 / 3))


# --------------------------------------------------------------------------------- sentiment


def answered(score: float, day: str, kind: str = "nps") -> World:
    world = World().silent(M, "c")
    return world.feed("surveys", day[:7], date=day, kind=kind, score=score).feed("surveys", M)


@pytest.mark.parametrize(
    ("answer", "value", "score"),
    [(10, 100, 100), (9, 100, 100), (8, 0, 50), (7, 0, 50), (6, -100, 0), (0, -100, 0)],
)
def test_one_answer(model: Model, answer: float, value: float, score: float) -> None:
    for day in ("2024-03-31", "2023-10-04", "2024-02-03"):
        assert scored(model, answered(answer, day), "nps") == (value, score)
    assert scored(model, answered(answer, "2023-10-03"), "nps") == MISSING


def test_two_answers_45_days_apart(model: Model) -> None:
    # Weights 1 and 1/2: 100 * (1 - 1/2) / (3/2).
    world = answered(10, "2024-03-31").feed(
        "surveys", "2024-02", date="2024-02-15", kind="nps", score=3
    )
    assert scored(model, world, "nps") == (near(100 / 3), near(200 / 3))
    # Weights 1 and 1/4.
    assert scored(model, world, "nps", half_life=22.5) == (near(60), near(80))
    # Nobody is asked about it in csat.
    assert scored(model, world, "csat") == MISSING


def test_no_surveys(model: Model) -> None:
    # The answer is there, and the feed was not delivered for March.
    world = World().silent(M, "c")
    world.feed("surveys", "2024-02", date="2024-02-15", kind="nps", score=3)
    assert scored(model, world, "nps") == MISSING
    assert scored(model, world, "csat") == MISSING
    # Delivered without an answer: still none.
    assert scored(model, World().silent(M, "c").feed("surveys", M), "nps") == MISSING
    # csat of tickets does without.
    world.feed("support_tickets", M, created="2024-03-02", csat=2)
    assert scored(model, world, "csat") == (2, near(25))
    # Of sentiment csat 30 and support health 20 are left, 35 points of usage, so
    # coverage .35 + .25 * .5; weights 25/60 * 30/50 and 25/60 * 20/50.
    row, found = healthy(model, world), drivers(model, world)
    assert row["coverage"] == near(0.475)
    assert found["csat"]["weight"] == near(25 / 60 * 0.6)
    assert found["support_health"]["weight"] == near(25 / 60 * 0.4)
    assert found["nps"]["weight"] == found["advocacy"]["weight"] == 0
    # No usage: 0 there. 25/60 * (.6 * 25 + .4 * 100) = 25/60 * 55
    assert (row["sentiment"], row["health"]) == (near(55), near(25 * 55 / 60))
    # Leading: usage and support health, 35/60 + 1/6 = 3/4, of which 1/6 is at 100.
    assert (row["leading_share"], row["leading_score"]) == (near(0.75), near(100 / 6 / 0.75))


def test_csat_of_surveys_and_tickets(model: Model) -> None:
    # 5 today; 2 on a ticket closed 45 days ago, as February knew it: (5 + 1) / 1.5.
    world = answered(5, "2024-03-31", kind="csat")
    ticket = {"ticket_id": "t", "created": "2024-01-01"}
    world.feed("support_tickets", "2024-01", **ticket, csat=None)
    world.feed("support_tickets", "2024-02", **ticket, closed="2024-02-15", csat=2)
    assert scored(model, world, "csat") == (5, 100)  # tickets are not delivered for March
    world.feed("support_tickets", M)
    assert scored(model, world, "csat") == (near(4), near(75))
    # A later month knows better; one after the month asked for does not count.
    world.feed("support_tickets", M, **ticket, closed="2024-02-15", csat=3.5)
    world.feed("support_tickets", "2024-04", **ticket, closed="2024-02-15", csat=1)
    assert scored(model, world, "csat") == (near(4.5), near(87.5))
    # Open, it is of the day of its creation: too old, as is a survey of that day.
    world.feed("support_tickets", M, created="2024-01-01", csat=1)
    world.feed("surveys", "2024-01", date="2024-01-01", kind="csat", score=1)
    assert scored(model, world, "csat") == (near(4.5), near(87.5))


def test_support_health(model: Model) -> None:
    world = World().silent(M, "c")
    assert scored(model, world, "support_health") == MISSING
    world.feed("support_tickets", M)
    assert scored(model, world, "support_health") == MISSING
    world.feed("support_tickets", "2024-01", created="2024-01-01", escalated=True)
    assert scored(model, world, "support_health") == MISSING  # 90 days ago
    world.feed("support_tickets", "2024-01", created="2024-01-02", escalated=True)
    for escalated in (None, False, False):
        world.feed("support_tickets", M, created="2024-03-31", escalated=escalated)
    assert scored(model, world, "support_health") == (near(75), near(75))
    # +1 today and -1 45 days ago: 1 and 0 with weights 1 and 1/2. One of six is escalated.
    world.feed("support_tickets", M, created="2024-03-31", sentiment=1)
    world.feed("support_tickets", "2024-02", created="2024-02-15", sentiment=-1)
    expected = 100 - 50 / 6 - 50 / 3
    assert scored(model, world, "support_health") == (near(expected), near(expected))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("reference", 1),
        ("Case_Study", 1),
        ("case-study", 1),
        ("CASE STUDY", 1),
        ("Review", 1),
        ("business review", 0),
        ("call", 0),
        (None, 0),
    ],
)
def test_advocacy(model: Model, kind: str | None, value: float) -> None:
    world = World().silent(M, "c").feed("touchpoints", M)
    world.feed("touchpoints", "2023-04", date="2023-04-01", kind=kind)
    world.feed("touchpoints", "2023-03", date="2023-03-31", kind="review")
    assert scored(model, world, "advocacy") == (value, 100 * value)


# --------------------------------------------------------------------------------- financial


@pytest.mark.parametrize(
    ("then", "now", "value", "score"),
    [
        (100, 100, 0, 50),
        (100, 110, 0.1, 75),
        (100, 130, 0.3, 100),
        (100, 80, -0.2, 0),
        (100, 0, -1, 0),
        (0, 100, None, None),
        (0, 0, None, None),
        (None, 100, None, None),
        (100, None, None, None),
    ],
)
def test_arr_trend(
    model: Model, then: float | None, now: float | None, value: float | None, score: float | None
) -> None:
    world = World().silent(M, "c").account("2023-03", "c", arr=then).account(M, "c", arr=now)
    world.account("2023-04", "c", arr=7)
    assert scored(model, world, "arr_trend") == (
        value if value is None else near(value),
        score if score is None else near(score),
    )


def test_arr_without_a_register_a_year_ago(model: Model) -> None:
    world = World().silent(M, "c").account(M, "c", arr=5)
    assert scored(model, world, "arr_trend") == MISSING


def test_payment(model: Model) -> None:
    world = World().silent(M, "c")
    assert scored(model, world, "payment") == MISSING
    world.feed("invoices", M, issued="2024-03-01", due="2024-04-01")  # not yet due
    world.feed("invoices", M, issued="2024-03-01", due=None)
    world.feed("invoices", "2023-03", issued="2023-03-01", due="2023-03-31")  # too long ago
    assert scored(model, world, "payment") == MISSING
    world.feed("invoices", M, issued="2024-03-01", due="2024-03-31")  # unpaid
    assert scored(model, world, "payment") == (0, 0)
    world.feed("invoices", M, issued="2023-03-01", due="2023-04-01", paid="2023-04-01")
    assert scored(model, world, "payment") == (near(0.5), near(50))
    world.feed("invoices", M, issued="2023-03-01", due="2024-01-01", paid="2024-01-02")
    # The same invoice, unpaid when it was issued and paid before it was due.
    invoice = {"invoice_id": "i", "issued": "2024-01-01", "due": "2024-03-01"}
    world.feed("invoices", "2024-01", **invoice)
    world.feed("invoices", "2024-02", **invoice, paid="2024-02-20")
    assert scored(model, world, "payment") == (near(0.5), near(50))
    for status in ("void", "Voided", "draft"):  # owed by nobody
        world.feed("invoices", M, issued="2024-01-01", due="2024-02-01", status=status)
    assert scored(model, world, "payment") == (near(0.5), near(50))
    world.feed("invoices", M, issued="2024-01-01", due="2024-02-01", status="open")
    assert scored(model, world, "payment") == (near(0.4), near(40))


def test_utilisation(model: Model) -> None:
    world = World().visitor(M, "c", "v1").visitor("2024-02", "c", "v1")
    world.visitor("2024-01", "c", "v2").visitor("2023-12", "c", "v3").account(M, "c", seats=8)
    assert scored(model, world, "utilisation") == (near(0.25), near(25))
    world.rows["accounts"][M][0]["seats"] = 1
    assert scored(model, world, "utilisation") == (1, 100)


def test_expansion(model: Model) -> None:
    world = World().silent(M, "c")
    assert scored(model, world, "expansion") == MISSING
    world.feed("renewals", M, date="2024-03-01", outcome="renewed")
    world.feed("renewals", "2023-03", date="2023-03-31", outcome="expanded")
    assert scored(model, world, "expansion") == (0, 0)
    world.feed("renewals", "2023-04", date="2023-04-01", outcome="expanded")
    assert scored(model, world, "expansion") == (1, 100)


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


# ---------------------------------------------------------------------------- structural risk


def test_gini_by_hand() -> None:
    assert math.isnan(gini([]))
    assert math.isnan(gini([5]))
    assert math.isnan(gini([0, 0]))
    assert gini([1, 1]) == near(0)
    assert gini([0, 1]) == near(0.5)  # 2 * 2 / 2 - 3/2
    assert gini([3, 1]) == near(0.25)  # 2 * (1 + 6) / 8 - 3/2
    assert gini([1, 17, 1, 1]) == near(0.6)  # 2 * (1 + 2 + 3 + 68) / 80 - 5/4


@pytest.mark.parametrize(
    ("clicks", "gini", "corrected", "top2", "concentrated"),
    [
        ([1, 1], 0, 0, 1, False),
        ([1, 3], 0.25, 0.5, 1, False),
        ([1, 9], 0.4, 0.8, 1, False),  # not beyond 0.4
        ([1, 1, 1, 17], 0.6, 0.8, 0.9, True),
        ([1, 1, 4, 4, 0], 0.3, 0.4, 0.8, False),  # 2 * (1 + 2 + 12 + 16) / 40 - 5/4
        ([5], None, None, 1, False),
        ([0], None, None, None, False),
    ],
)
def test_concentration(
    model: Model,
    clicks: list[float],
    gini: float | None,
    corrected: float | None,
    top2: float | None,
    concentrated: bool,
) -> None:
    row = risk(model, World().visitors(M, "c", *clicks))
    assert row["gini"] == (None if gini is None else near(gini))
    assert row["gini_corrected"] == (None if corrected is None else near(corrected))
    assert row["top2_share"] == (None if top2 is None else near(top2))
    assert row["concentrated"] is concentrated


@pytest.mark.parametrize(
    ("clicks", "seats", "single_threaded"),
    [
        ([5], 3, True),  # one visitor
        ([5], 2, False),
        ([5], None, False),
        ([1, 1], 3, True),  # two are all there is
        ([1, 1], 2, False),
        ([1, 1, 4, 4], 4, True),  # 0.8
        ([1, 1, 4, 3], 4, False),
        ([0, 0, 0], None, False),
        ([5, 0, 0], None, True),  # three are known
    ],
)
def test_single_threaded(
    model: Model, clicks: list[float], seats: int | None, single_threaded: bool
) -> None:
    world = World().visitors(M, "c", *clicks).account(M, "c", seats=seats)
    assert risk(model, world)["single_threaded"] is single_threaded


@pytest.mark.parametrize(
    ("active", "narrow"), [(0, True), (2, True), (3, False), (10, False), (12, False)]
)
def test_diversity(model: Model, active: int, narrow: bool) -> None:
    world = World().visitors(M, "c", *[1] * active, 0).account(M, "c", seats=10)
    row = risk(model, world)
    assert (row["diversity"], row["narrow"]) == (near(min(1, active / 10)), narrow)


def test_nobody_known_is_not_narrow(model: Model) -> None:
    row = risk(model, World().silent(M, "c"))
    assert (row["diversity"], row["narrow"], row["single_threaded"]) == (None, False, False)


def test_engagement_value(model: Model) -> None:
    # Totals: f1 30, f2 = f3 20 (by name), f4 10, f5 5, f6 = f7 1, of which none is in the top 5.
    uses = {"f1": 10, "f2": 20, "f3": 0, "f4": 10, "f5": 0, "f6": 1, "f7": 1}
    world = World().visitor(M, "c", "v1", uses)
    world.visitor(M, "d", "w", {"f1": 20, "f3": 20, "f5": 5})
    world.account(M, "c", segment="enterprise").account(M, "d", segment="Other")
    world.silent(M, "e")
    # c: 10 + .8 * 20 + .4 * 10 = 30, times 8. d: 20 + .6 * 20 + .2 * 5
    assert risk(model, world)["engagement_value"] == near(240)
    assert risk(model, world, client="d")["engagement_value"] == near(33)
    assert risk(model, world, client="e")["engagement_value"] == 0
    changed: dict[str, Any] = {"event_weights": (3, 1), "multipliers": {"Other": 2}}
    assert risk(model, world, **changed)["engagement_value"] == near(50)
    assert risk(model, world, client="d", **changed)["engagement_value"] == near(120)


@pytest.mark.parametrize(
    ("last", "month", "start", "days"),
    [
        (M, M, None, 0),
        ("2024-02", M, None, 31),
        ("2024-01", "2024-02", None, 31),  # February has 29 days
        ("2024-01", M, None, 60),
        ("2023-03", M, None, 366),
        ("2023-02", M, None, 366),  # out of sight, like never
        ("2024-02", M, "2024-03-21", 10),
        ("2024-02", M, "2024-04-02", 0),
        ("2024-02", M, "2020-01-01", 31),
        (M, M, "2020-01-01", 0),
    ],
)
def test_days_since_last_activity(
    model: Model, last: str, month: str, start: str | None, days: int
) -> None:
    world = World().visitors(last, "c", 1).silent(month, "c")
    world.account(month, "c", contract_start=start)
    row = risk(model, world, month)
    assert (row["days_since_last_activity"], row["dormant"]) == (days, days > 30)


@pytest.mark.parametrize(
    ("day", "month", "start", "days"),
    [
        ("2024-03-31", M, None, 0),
        ("2024-03-01", M, None, 30),
        ("2024-02-29", M, None, 31),
        ("2024-01-31", "2024-02", None, 29),  # not 31: the day is told
        ("2023-12-24", M, None, 98),
        ("2024-03-02", M, "2024-03-21", 10),
    ],
)
def test_days_since_a_day_that_is_told(
    model: Model, day: str, month: str, start: str | None, days: int
) -> None:
    world = World().visitors(day[:7], "c", 1).active_until(day, "c").silent(month, "c")
    world.account(month, "c", contract_start=start)
    row = risk(model, world, month)
    assert (row["days_since_last_activity"], row["dormant"]) == (days, days > 30)


def test_the_newest_activity_counts_even_undated(model: Model) -> None:
    world = World().visitors("2024-01", "c", 1).active_until("2024-01-02", "c")
    world.visitors("2024-02", "c", 1).silent(M, "c")
    assert risk(model, world)["days_since_last_activity"] == 31


def test_listed_is_not_active(model: Model) -> None:
    world = World().visitors("2024-02", "c", 1).visitors(M, "c", 0)
    assert risk(model, world)["days_since_last_activity"] == 31


@pytest.mark.parametrize(
    ("start", "first", "cohort"),
    [
        ("2019-12-31", M, "2019-Q4"),
        ("2020-01-01", M, "2020-Q1"),
        (None, "2023-08", "2023-Q3"),
        (None, "2023-03", "2023-Q1"),
        (None, "2023-02", "2024-Q1"),  # out of sight
    ],
)
def test_cohort(model: Model, start: str | None, first: str, cohort: str) -> None:
    world = World().visitors(first, "c", 0).visitors(M, "c", 1).silent(M, "d")
    world.account(M, "c", contract_start=start)
    assert risk(model, world)["cohort"] == cohort
    assert risk(model, world, client="d")["cohort"] is None


def test_fragile(model: Model) -> None:
    # Values 10, 20, 30, 40 and 40: the 75th percentile of the positive ones is 40, beyond which
    # is nobody; of 10, 20, 30, 40 it is 32.5.
    def world(*values: float) -> World:
        built = World().silent(M, "zero")
        for number, value in enumerate(values):
            built.visitor(M, f"c{number}", "v1", value).account(M, f"c{number}", seats=3)
        return built

    for client in ("c3", "c4"):
        assert risk(model, world(10, 20, 30, 40, 40), client=client)["fragile"] is False
    small = world(10, 20, 30, 40)
    assert [risk(model, small, client=f"c{n}")["fragile"] for n in range(4)] == [
        *[False, False, False, True]
    ]
    assert risk(model, small, client="c0")["single_threaded"] is True
    # Valuable, and neither concentrated nor single-threaded.
    broad = world(10, 20, 30)
    for number in range(8):
        broad.visitor(M, "c", f"v{number}", 10)
    row = risk(model, broad)
    assert (row["fragile"], row["gini"], row["top2_share"]) == (False, near(0), near(0.25))


def test_structural_health(model: Model) -> None:
    # b < c < d: c is ahead of one of two others. 2 of 4 seats, gini .25, active: 0 days.
    world = World().visitors(M, "b", 1).visitors(M, "c", 1, 3).visitors(M, "d", 9)
    world.account(M, "c", seats=4)
    assert risk(model, world)["structural_health"] == near((50 + 50 + 75 + 100) / 4)
    # Silent for 31 days, one visitor known: 0, 0 and 1 - 31/90.
    world = World().visitors(M, "b", 1).silent(M, "c").visitors("2024-02", "c", 1)
    assert risk(model, world)["structural_health"] == near((0 + 0 + 100 * 59 / 90) / 3)
    # Beyond 90 days there is no less than 0.
    world = World().visitors("2023-12", "c", 1).silent(M, "c")
    assert risk(model, world)["days_since_last_activity"] == 91
    assert risk(model, world)["structural_health"] == 0


def lead(*clicks: float, month: str = "2024-02") -> World:
    return World().visitors(month, "c", *clicks)


@pytest.mark.parametrize(
    ("before", "now", "departed"),
    [
        ([30, 35, 35], [1, 0, 1], True),  # v2 leads: before v3 by id
        ([30, 35, 35], [1, 1, 0], False),
        ([60, 40], [0, 1], False),  # two are not enough
        ([60, 40, 0], [0, 1, 1], False),  # nor is one who was idle
        ([30, 28, 28, 14], [0, 1, 1, 1], True),  # 30 %
        ([29, 28, 28, 15], [0, 1, 1, 1], False),
        ([60, 20, 20], [0, 0, 0], True),  # nobody is left, and the month before was active
    ],
)
def test_a_leader_departs(
    model: Model, before: list[float], now: list[float], departed: bool
) -> None:
    world = lead(*before)
    for number, clicks in enumerate(now, start=1):
        world.visitor(M, "c", f"v{number}", clicks)
    assert risk(model, world)["champion_departed"] is departed


def test_a_leader_of_three_months(model: Model) -> None:
    # v1 led December to February as a whole; what was before does not count.
    world = lead(50, 10, 10, month="2023-12").visitors("2024-02", "c", 0, 10, 10)
    world.visitors("2023-11", "c", 0, 900).visitors(M, "c", 0, 1, 1)
    assert risk(model, world)["champion_departed"] is True
    # Staff leads nothing.
    world = lead(10, 11, 12).visitor("2024-02", "c", "staff", 500, audience="internal")
    world.visitors(M, "c", 1, 1, 1)
    assert risk(model, world)["champion_departed"] is False


def test_a_leader_is_not_missed_in_a_silent_client(model: Model) -> None:
    # Silent in March and in February: nothing to depart from.
    world = lead(60, 20, 20, month="2024-01").export("2024-02").silent(M, "c")
    assert risk(model, world)["champion_departed"] is False
    # Silent in March alone.
    assert risk(model, lead(60, 20, 20).silent(M, "c"))["champion_departed"] is True


def test_a_leader_needs_visitors(model: Model) -> None:
    world = lead(60, 20, 20).visitor(M, "c", None, 5)
    assert risk(model, world)["champion_departed"] is False


@pytest.mark.parametrize(
    ("role", "earlier", "status", "departed"),
    [
        ("Executive Champion", None, "left", True),
        ("sponsor", "champion", "left", False),
        (None, "champion", "left", True),
        (None, "user", "left", False),
        (None, None, "left", False),
        ("champion", None, "active", False),
    ],
)
def test_a_champion_left(
    model: Model, role: str | None, earlier: str | None, status: str, departed: bool
) -> None:
    world = World().visitors(M, "c", 1)
    world.feed("stakeholders", M, person="p", role=role, status=status, date="2024-03-05")
    person = {"person": "p", "status": "active"}
    world.feed("stakeholders", "2023-05", **person, role="champion", date="2023-05-05")
    if role is None:
        world.feed("stakeholders", "2023-06", **person, role="user", date="2023-06-05")
    world.feed("stakeholders", "2024-01", **person, role=earlier, date="2024-01-05")
    world.feed("stakeholders", M, person="q", role="champion", status="active", date="2024-03-05")
    assert risk(model, world)["champion_departed"] is departed
    assert risk(model, world.visitors("2024-04", "c", 1), "2024-04")["champion_departed"] is False


def test_a_role_of_more_than_a_year_ago_is_forgotten(model: Model) -> None:
    world = World().visitors(M, "c", 1)
    world.feed("stakeholders", M, person="p", role=None, status="left", date="2024-03-05")
    person = {"person": "p", "role": "champion", "status": "active"}
    world.feed("stakeholders", "2023-02", **person, date="2023-02-05")
    assert risk(model, world)["champion_departed"] is False
    world.feed("stakeholders", "2023-03", **person, date="2023-03-05")
    assert risk(model, world)["champion_departed"] is True


# -------------------------------------------------------------------------------------- names


def test_spellings_of_a_feature() -> None:
    for spelling in ("plan > board", "PLAN: Board", "Plan  /  Board", " Plan | Board "):
        assert feature_key(spelling) == feature_key(BOARD)
    for other in ("Plan/Board", "Plan - Board", "Plan|Board"):
        assert feature_key(other) != feature_key(BOARD)
