"""Writes a month's states into the ledger."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from healthscore_assets.lake.months import ordinal
from healthscore_assets.risk.ledger.alert_state import AlertState
from healthscore_assets.risk.ledger.changes import changes
from healthscore_assets.risk.ledger.tables import ALERTS, EVENTS, STATE

_IDS_AT_ONCE = 900
"""SQLite of some builds takes 999 values in a statement."""


def held_month(connection: sa.Connection) -> str | None:
    """The newest month; until the transaction ends nobody else writes."""
    return connection.scalar(sa.select(STATE.c.newest_month).with_for_update())


def go_back(connection: sa.Connection, month: str) -> None:
    """See `ledger.Ledger.go_back`; within a transaction that writes."""
    newest = held_month(connection)
    if newest is not None and newest > month:
        connection.execute(STATE.update().values(newest_month=month, source=None))


def sync(
    connection: sa.Connection,
    month: str,
    states: Sequence[AlertState],
    at: datetime,
    source: str | None,
) -> dict[str, int]:
    """See `ledger.Ledger.sync`; within a transaction that writes."""
    ordinal(month)
    newest = held_month(connection)
    if newest is not None and month < newest:
        return {}
    found = changes(month, states, list(_rows(connection, month, states)), at)
    if found.updated:
        columns = [each.name for each in ALERTS.columns if each.name != "alert_id"]
        update = ALERTS.update().where(ALERTS.c.alert_id == sa.bindparam("row_id"))
        update = update.values({name: sa.bindparam(f"new_{name}") for name in columns})
        # What closes goes first: another of the same client and rule may open.
        rows = sorted(found.updated, key=lambda row: row["status"] == "open")
        connection.execute(update, [_renamed(row) for row in rows])
    if found.inserted:
        connection.execute(ALERTS.insert(), found.inserted)
    if found.events:
        connection.execute(EVENTS.insert(), found.events)
    connection.execute(STATE.update().values(newest_month=month, source=source))
    return dict(Counter(event["kind"] for event in found.events))


def _rows(
    connection: sa.Connection, month: str, states: Sequence[AlertState]
) -> Iterator[dict[str, Any]]:
    """Rows that are open, those closed in the month or later, and those of the states' own ids."""
    recent = sa.or_(ALERTS.c.status == "open", ALERTS.c.closed_month >= month)
    seen = set()
    for row in connection.execute(ALERTS.select().where(recent)).mappings():
        seen.add(row["alert_id"])
        yield dict(row)
    others = sorted({state.alert_id for state in states} - seen)
    for start in range(0, len(others), _IDS_AT_ONCE):
        ids = ALERTS.c.alert_id.in_(others[start : start + _IDS_AT_ONCE])
        for row in connection.execute(ALERTS.select().where(ids)).mappings():
            yield dict(row)


def _renamed(row: dict[str, Any]) -> dict[str, Any]:
    return {("row_id" if name == "alert_id" else f"new_{name}"): row[name] for name in row}
