"""What became of alerts, counted by hand; months played again are those of the graph."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import alert_world
import ibis
import pyarrow as pa
import pytest
import tables

from healthscore_assets.contracts import ALERT_STATES
from healthscore_assets.lake.months import days_in, ordinal
from healthscore_assets.risk.alerts import accounting
from healthscore_assets.risk.alerts.accounting import History
from healthscore_assets.risk.alerts.replay import replay
from healthscore_assets.risk.alerts.rules import read_alert_rules

LAST = "2024-06"


def table(name: str, schema: dict[str, str], rows: list[dict[str, Any]]) -> ibis.Table:
    told = ibis.schema(schema)
    arrow = pa.Table.from_pylist(rows, schema=told.to_pyarrow())
    return tables.engine().arrow(name, arrow, told)


def state(month: str, client: str, change: str, opened: str = "", **more: Any) -> dict[str, Any]:
    """A row of `alert_states` of the rule `low`."""
    closed = change if change in ("resolved", "left_base") else "open"
    return {
        "months_ago": ordinal(LAST) - ordinal(month),
        "alert_id": f"{client} {opened or month}",
        "client_id": client,
        "rule": "low",
        "opened_month": opened or month,
        "change": change,
        "status": closed,
        "folded": False,
        **more,
    }


def history(rows: list[dict[str, Any]], clients: int = 10) -> History:
    months = [f"2024-0{n}" for n in range(1, 7)]
    calendar = [
        {
            "months_ago": ordinal(LAST) - ordinal(month),
            "month": month,
            "last": date.fromisoformat(f"{month}-{days_in(month)}"),
            "clients": clients,
        }
        for month in months
    ]
    schema = {"months_ago": "int64", "month": "string", "last": "date", "clients": "int64"}
    return History(tables.sparse(ALERT_STATES, rows), table("calendar", schema, calendar))


def marks(*marked: tuple[str, str], by_hand: tuple[tuple[str, str], ...] = ()) -> ibis.Table:
    """Acknowledged alerts by client and month, and those resolved by hand."""
    rows = [
        {"client_id": c, "rule": "low", "opened_month": m, "acknowledged": a, "by_hand": not a}
        for a, each in ((True, marked), (False, by_hand))
        for c, m in each
    ]
    key = dict.fromkeys(("client_id", "rule", "opened_month"), "string")
    return table("marks", {**key, "acknowledged": "boolean", "by_hand": "boolean"}, rows)


STATES = [
    state("2024-01", "acme", "opened"),
    state("2024-01", "bolt", "opened"),
    state("2024-01", "cord", "opened", folded=True),
    state("2024-02", "acme", "updated", "2024-01"),
    state("2024-02", "bolt", "resolved", "2024-01"),
    state("2024-02", "cord", "left_base", "2024-01"),
    state("2024-03", "acme", "resolved", "2024-01"),
    state("2024-05", "bolt", "opened"),
    # Its rule was deleted: it did not resolve by itself.
    state("2024-06", "bolt", "ended", "2024-05", status="resolved"),
]


def test_each_month_of_a_rule() -> None:
    found = tables.engine().rows(
        accounting.by_month(
            history(STATES),
            # Twice for acme: after a correction two alerts of the ledger are one of the data.
            marks(*[("acme", "2024-01")] * 2, ("bolt", "2024-05"), by_hand=(("bolt", "2024-01"),)),
        )
    )
    shown = ("month", "open", "folded", "opened", "acknowledged", "resolved", "left_base")
    assert [row["resolved_by_hand"] for row in found] == [1, 0, 0, 0, 0]
    assert [tuple(row[name] for name in shown) for row in found] == [
        ("2024-01", 3, 1, 3, 1, 0, 0),
        ("2024-02", 1, 0, 0, 0, 1, 1),
        ("2024-03", 0, 0, 0, 0, 1, 0),
        ("2024-05", 1, 0, 1, 1, 0, 0),
        ("2024-06", 0, 0, 0, 0, 0, 0),
    ]
    # From 31 January to 29 February, and to 31 March.
    assert [row["days_open"] for row in found] == [None, 29.0, 60.0, None, None]
    assert [row["share"] for row in found] == [0.3, 0.1, 0.0, 0.1, 0.0]


def test_all_months_of_a_rule() -> None:
    (row,) = tables.engine().rows(
        accounting.by_rule(history(STATES), marks(("acme", "2024-01"), ("nobody", "2024-01")))
    )
    assert row == {
        "rule": "low",
        "clients_alerted": 3,
        "opened": 4,
        "acknowledged": 1,
        "resolved_by_hand": 0,
        "resolved": 2,
        "left_base": 1,
        "days_open": 44.5,  # of 29 and 60
        "highest_share": 0.3,
        "share": pytest.approx(5 / 60),  # of ten clients in six months
    }


def left(*decisions: tuple[str, date]) -> ibis.Table:
    rows = [{"client_id": client, "date": day} for client, day in decisions]
    return table("left", {"client_id": "string", "date": "date"}, rows)


def until(day: date) -> ibis.Table:
    return table("until", {"until": "date"}, [{"until": day}])


def test_who_left_after_an_alert_and_how_long_after() -> None:
    # The alerts are of 31 January; 90 days after it is 30 April, 180 days after it 29 July.
    opened = [state("2024-01", client, "opened") for client in "abcdef"]
    decisions = left(
        ("a", date(2024, 4, 30)),
        ("b", date(2024, 5, 1)),
        ("c", date(2024, 7, 29)),
        ("d", date(2024, 7, 30)),
        ("e", date(2024, 1, 30)),  # had decided before it: it came too late to count
        ("f", date(2023, 8, 3)),  # long before, 181 days: it came back since
        ("a", date(2024, 8, 1)),  # and once more: the first counts
        ("stranger", date(2024, 2, 1)),
    )
    (row,) = tables.engine().rows(
        accounting.outcomes(history(opened), decisions, until(date(2024, 12, 31)))
    )
    assert row == {
        "rule": "low",
        "judged_90": 5,
        "churned_90": 1,
        "judged_180": 5,
        "churned_180": 3,
        "lead_days": 91.0,  # of 90, 91 and 180
        "precision_90": pytest.approx(1 / 5),
        "precision_180": pytest.approx(3 / 5),
    }


def test_what_is_not_known_yet_is_not_judged() -> None:
    # Decisions are known up to 30 June: 90 days after 31 January and 31 March, not 30 April.
    opened = [
        state("2024-01", "a", "opened"),
        state("2024-03", "b", "opened"),
        state("2024-04", "c", "opened"),
        state("2024-04", "d", "opened"),
    ]
    # Who has left by then does not count either: of those alerted with it the others are not known.
    (row,) = tables.engine().rows(
        accounting.outcomes(
            history(opened), left(("d", date(2024, 5, 30))), until(date(2024, 6, 30))
        )
    )
    assert (row["judged_90"], row["churned_90"]) == (2, 0)
    assert (row["judged_180"], row["churned_180"]) == (0, 0)
    assert row["precision_180"] is None


def test_what_a_rule_that_always_alerts_would_get() -> None:
    base = table(
        "base",
        {"client_id": "string", "on": "date"},
        [
            {"client_id": client, "on": day}
            for client in ("a", "b")
            for day in (date(2024, 1, 31), date(2024, 2, 29), date(2024, 6, 30))
        ],
    )
    decisions = left(("a", date(2024, 5, 1)))
    (row,) = tables.engine().rows(accounting.base_rates(base, decisions, until(date(2024, 7, 31))))
    # 91 days after January, 62 after February; of June nothing is known yet.
    assert row["base_rate_90"] == 0.25
    # Within 180 days: only January is known to the end (182 days), and of the two a left.
    assert row["base_rate_180"] == 0.5


RULES = """
clear_months: {clear}
rules:
  low:
    title: Health is low
    owner: csm
    playbook: save_call
    due_days: 7
    evidence: "Health {{health:.0f}}"
    tiers:
      low: {{when: health < threshold, threshold: 60}}
      high: {{when: health < threshold, threshold: 30}}
  asking:
    title: Many tickets
    owner: csm
    playbook: save_call
    due_days: 7
    evidence: "Tickets: {{tickets:.0f}}"
    tiers:
      low: {{when: tickets >= 5}}
"""


@pytest.mark.parametrize("clear_months", [1, 2])
def test_months_played_again_are_as_the_graph_made_them(tmp_path: Path, clear_months: int) -> None:
    path = tmp_path / "alerts.yaml"
    path.write_text(RULES.format(clear=clear_months))
    rules = read_alert_rules(path)
    months: dict[str, dict[str, dict[str, Any]]] = {
        "2024-01": {"acme": {"health": 50.0}, "bolt": {"health": 20.0, "tickets": 6}},
        "2024-02": {"acme": {"health": 25.0}, "bolt": {"health": 61.0, "tickets": None}},
        "2024-04": {"acme": {"health": 45.0}, "bolt": {"health": 59.0}},  # March is missing
        "2024-05": {"bolt": {"health": 80.0}},
        "2024-06": {"acme": {"health": 10.0}, "bolt": {"health": 80.0}},
        "2025-02": {"acme": {"health": 10.0}, "bolt": {"health": 10.0, "tickets": 9}},
    }
    story = alert_world.Story(rules)
    for month, clients in months.items():
        story.month(month, clients)
    made = [{**row, "month": month} for month, rows in story.states.items() for row in rows]
    played = replay(tables.engine(), rules, months, lambda month: alert_world.tables(months[month]))
    key = ("month", "client_id", "rule")
    found = sorted(played.to_pylist(), key=lambda row: tuple(row[name] for name in key))
    assert found == sorted(made, key=lambda row: tuple(row[name] for name in key))
    changes = {row["change"] for row in found}
    assert changes >= {"opened", "escalated", "eased", "held", "resolved", "left_base"}
