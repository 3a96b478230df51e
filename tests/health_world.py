"""Tiny worlds for sections 5 and 6 of SCORING.md, and what a model makes of them.

Months end on 2024-01-31, 2024-02-29, 2024-03-31 and 2024-04-30; most cases look at March. 45 days
before its end is 2024-02-15, 90 days 2024-01-01, 180 days 2023-10-03.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

import health_product
import health_reference
import pandas as pd
import pytest
from health_reference import Settings, end, feature_table, shift

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
    "visitor_activity": {"client_id": TEXT, "visitor_id": TEXT, "last_active_day": DAY},
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

    def active_until(self, day: str, client: str, visitor: str | None = "v1") -> World:
        """The export dates usage of the visitor, on this day the last time in its month."""
        row = {"client_id": client, "visitor_id": visitor, "last_active_day": day}
        self.rows["visitor_activity"].setdefault(day[:7], []).append(row)
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
