"""What people mark on an alert."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa

from healthscore_assets.risk.ledger.matching import Row
from healthscore_assets.risk.ledger.refused import LedgerRefused
from healthscore_assets.risk.ledger.syncing import held_month
from healthscore_assets.risk.ledger.tables import ALERTS, EVENTS

Mark = Literal["ack", "snooze", "resolve", "reopen", "note"]

_LEAST_PREFIX = 4
_NAMED = 5
"""Candidates that an error names."""

_KINDS: Mapping[Mark, str] = {
    "ack": "acknowledged",
    "snooze": "snoozed",
    "resolve": "resolved_by_hand",
    "reopen": "reopened",
    "note": "note",
}
_MARKS = (
    "acknowledged_at",
    "acknowledged_by",
    "snoozed_until",
    "snoozed_at",
    "snoozed_by",
    "resolved_by_hand_at",
    "resolved_by_hand_by",
)


def mark(
    connection: sa.Connection,
    alert: str,
    kind: Mark,
    by: str,
    at: datetime,
    until: date | None,
    text: str,
) -> str:
    """See `ledger.Ledger.mark`; within a transaction that writes. Returns the alert's id."""
    month = held_month(connection)
    row = the_one(connection, alert)
    _check(row, kind, by, at, until, text)
    if kind == "note":
        changed, new = {}, not _noted(connection, row["alert_id"], by, text)
    else:
        changed = _changed(row, kind, by, at, until)
        new = bool(changed)
    if changed:
        one = ALERTS.c.alert_id == row["alert_id"]
        connection.execute(ALERTS.update().where(one).values(changed))
    if new:
        event = {
            "alert_id": row["alert_id"],
            "kind": _KINDS[kind],
            "tier": row["tier"],
            "month": month,
            "at": at,
            "by": by,
            "text": " ".join(filter(None, [f"until {until}" if until else "", text])),
        }
        connection.execute(EVENTS.insert(), event)
    return str(row["alert_id"])


def the_one(connection: sa.Connection, alert: str) -> Row:
    """The alert of an id, or of the beginning of one; raises LedgerRefused."""
    exact = connection.execute(ALERTS.select().where(ALERTS.c.alert_id == alert)).mappings().all()
    if exact:
        return dict(exact[0])
    if len(alert) < _LEAST_PREFIX:
        raise LedgerRefused(
            f"alert {alert!r}: there is none of this id; give it whole, "
            f"or at least its first {_LEAST_PREFIX} characters"
        )
    # Not LIKE: for SQLite a and A are alike.
    beginning = sa.func.substr(ALERTS.c.alert_id, 1, len(alert)) == alert
    found = connection.execute(ALERTS.select().where(beginning)).mappings().all()
    if not found:
        raise LedgerRefused(f"alert {alert!r}: no alert's id begins so; list all to see the ids")
    if len(found) > 1:
        ids = sorted(row["alert_id"] for row in found)
        named = ", ".join(ids[:_NAMED])
        more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
        raise LedgerRefused(f"alert {alert!r}: may be {named}{more}; give more of the id")
    return dict(found[0])


def _check(row: Row, kind: Mark, by: str, at: datetime, until: date | None, text: str) -> None:
    name = f"alert {row['alert_id']}"
    if not by.strip():
        raise LedgerRefused(f"{name}: nobody marks it; say who does")
    if kind != "note" and row["status"] != "open":
        raise LedgerRefused(
            f"{name}: is closed ({row['status']} in {row['closed_month']}); "
            "of a closed one only a note can be made"
        )
    if kind == "note" and not text.strip():
        raise LedgerRefused(f"{name}: the note is empty; write something")
    if (kind == "snooze") != (until is not None):
        raise LedgerRefused(f"{name}: a snooze, and nothing else, has a day on which it ends")
    if until is not None and until <= at.date():
        raise LedgerRefused(
            f"{name}: a snooze until {until} is over by {at.date()}; give a later day"
        )


def _changed(row: Row, kind: Mark, by: str, at: datetime, until: date | None) -> dict[str, Any]:
    """The columns that the mark changes; none where the alert is so already."""
    if kind == "ack":
        return {} if row["acknowledged_at"] else {"acknowledged_at": at, "acknowledged_by": by}
    if kind == "snooze":
        snooze = {"snoozed_until": until, "snoozed_at": at, "snoozed_by": by}
        return {} if row["snoozed_until"] == until else snooze
    if kind == "resolve":
        resolved = {"resolved_by_hand_at": at, "resolved_by_hand_by": by}
        return {} if row["resolved_by_hand_at"] else resolved
    return {name: None for name in _MARKS if row[name] is not None}


def _noted(connection: sa.Connection, alert_id: str, by: str, text: str) -> bool:
    same = sa.and_(
        EVENTS.c.alert_id == alert_id,
        EVENTS.c.kind == "note",
        EVENTS.c.by == by,
        EVENTS.c.text == text,
    )
    return connection.scalar(sa.select(sa.exists().where(same))) is True
