"""Clients for the rules of alerts: calm ones, and what is different about some of them.

alert_world.tables({"acme": {"health": 59.9, "health[1]": 71.0}})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ibis
import pandas as pd
import tables as small

from healthscore_assets.contracts import (
    ALERT_STATES,
    ALERTS,
    CLIENT_PROFILE,
    CLIENT_SCORES,
    CLIENT_SIGNALS,
    HEALTH_DRIVERS,
    HEALTH_SCORES,
    STRUCTURAL_RISK,
)
from healthscore_assets.lake.months import shift
from healthscore_assets.risk.alerts.answers import Answers, RuleTables, answers
from healthscore_assets.risk.alerts.rules import AlertRules, Rule
from healthscore_assets.risk.alerts.states import REMEMBERED_MONTHS, alert_states, rule_facts
from healthscore_assets.risk.alerts.to_act_on import to_act_on
from healthscore_assets.scoring.health.inputs import month_at_hand, of_month

MONTHS_READ = 4

CALM: dict[str, dict[str, Any]] = {
    "client_profile": {"people": 40, "active_visitors": 30, "segment": "SMB", "has_usage": True},
    "health_scores": {
        "health": 85.0,
        "band": "green",
        "velocity": 0.0,
        "velocity_band": "stable",
        "usage": 80.0,
        "engagement": 80.0,
        "sentiment": 80.0,
        "financial": 80.0,
        "coverage": 1.0,
    },
    "client_scores": {
        "client_name": "Acme",
        "total_all": 50.0,
        "per_user_all": 50.0,
        "engagement": 500.0,
        "engagement_trend": 0.0,
        "active_areas": 6,
        "active_areas_change": 0,
        "unique_visitors": 30,
        "unique_visitors_change": 0,
        "direction": "flat",
        "partial": False,
    },
    "structural_risk": {
        "diversity": 0.75,
        "top2_share": 0.2,
        "days_since_last_activity": 0,
        "narrow": False,
        "single_threaded": False,
        "fragile": False,
        "champion_departed": False,
    },
    "client_signals": {
        "days_to_renewal": 200,
        "tickets": 1,
        "tickets_avg_3m": 1.0,
        "negative_tickets": 0,
        "touchpoints": 2,
        "touchpoint_months": 3,
        "overdue_invoices": 0,
        "days_overdue": None,
        "features_tried": 0,
        "features_kept": 0,
    },
}
"""What is told of a client of whom no ready-made rule says anything."""

COMPONENTS = {"feature_adoption": (0.5, 50.0), "utilisation": (0.5, 50.0)}
"""Observed value and score."""

_CONTRACTS = (CLIENT_PROFILE, HEALTH_SCORES, CLIENT_SCORES, STRUCTURAL_RISK, CLIENT_SIGNALS)

Clients = Mapping[str, Mapping[str, Any]]


def tables(clients: Clients) -> RuleTables:
    """The tables of calm clients, but for the values given, as ``column`` or ``column[1]``.

    A column that several tables have is named with its table. ``absent[1]`` leaves a month out.
    """
    built = {}
    for contract in _CONTRACTS:
        name = str(contract.name)
        rows = [
            {
                **dict.fromkeys(contract.columns),
                **CALM[name],
                **_given(name, list(contract.columns), told, ago),
                "client_id": client,
                "months_ago": ago,
            }
            for client, told in clients.items()
            for ago in range(MONTHS_READ)
            if not told.get(f"absent[{ago}]", False)
        ]
        built[name] = small.given(contract, _frame(rows, contract))
    drivers = [
        {
            **dict.fromkeys(HEALTH_DRIVERS.columns),
            "dimension": "usage",
            "component": component,
            "value": told.get(_at(f"{component}_value", ago), value),
            "score": told.get(_at(component, ago), score),
            "weight": 0.0,
            "points": 0.0,
            "client_id": client,
            "months_ago": ago,
        }
        for client, told in clients.items()
        for ago in range(MONTHS_READ)
        for component, (value, score) in COMPONENTS.items()
    ]
    built["health_drivers"] = small.given(HEALTH_DRIVERS, drivers)
    return RuleTables(**built)


def _given(table: str, columns: Sequence[str], told: Mapping[str, Any], ago: int) -> dict[str, Any]:
    return {
        column: told[key]
        for column in columns
        for key in (_at(f"{table}.{column}", ago), _at(column, ago))
        if key in told
    }


def _at(column: str, ago: int) -> str:
    return f"{column}[{ago}]" if ago else column


def _frame(rows: list[dict[str, Any]], contract: Any) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[*contract.columns, "months_ago"]).astype(object)


def ask(clients: Clients, *rules: Rule) -> Answers:
    """What rules say of clients."""
    return answers(small.engine(), tables(clients), rules)


def tiers(clients: Clients, rule: Rule) -> dict[str, str | None]:
    """The tier that a rule has for each client, `clear`, or None where it cannot be told."""
    told = small.engine().rows(ask(clients, rule).of_clients)
    words = {0: "clear", 1: "low", 2: "medium", 3: "high", None: None}
    return {row["client_id"]: words[row["answer_0"]] for row in told}


def evidence(clients: Clients, rule: Rule) -> dict[str, str]:
    """What a rule says of the clients for whom it holds."""
    return {
        row["client_id"]: row["evidence"] for row in small.engine().rows(ask(clients, rule).hits)
    }


class Story:
    """Months one after the other, as the graph makes them: `alert_states` and `alerts` of each."""

    def __init__(self, rules: AlertRules) -> None:
        self.rules = rules
        self.states: dict[str, list[dict[str, Any]]] = {}
        self.alerts: dict[str, list[dict[str, Any]]] = {}

    def month(self, month: str, clients: Clients) -> list[dict[str, Any]]:
        """Make a month of what is told of its clients; returns its states."""
        engine = small.engine()
        rule_tables = tables(clients)
        said = answers(engine, rule_tables, self.rules.rules)
        before = [
            {**row, "month": earlier}
            for earlier, rows in self.states.items()
            if shift(month, -REMEMBERED_MONTHS) <= earlier < month
            for row in rows
        ]
        read = small.given(ALERT_STATES, before, month) if before else _no_states()
        signals = of_month(rule_tables.client_signals)
        at = month_at_hand(engine, month)
        states = alert_states(engine, read, said, signals, self.rules, at)
        kept = engine.keep("states_kept", states)
        self.states[month] = engine.rows(kept.order_by("client_id", "rule"))
        shown = to_act_on(kept, rule_facts(engine, self.rules))
        order = ["client_id", "rule"]
        self.alerts[month] = engine.rows(shown.select(*ALERTS.columns).order_by(order))
        return self.states[month]

    def told(self, month: str) -> dict[tuple[str, str], str]:
        """(client, rule) -> what became of it in the month."""
        return {(row["client_id"], row["rule"]): row["change"] for row in self.states[month]}


def _no_states() -> ibis.Table:
    return small.given(ALERT_STATES, [])
