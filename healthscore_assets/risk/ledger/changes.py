"""What a month's states change in the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from healthscore_assets.risk.ledger.alert_state import RANKS, AlertState
from healthscore_assets.risk.ledger.matching import Row, matched

_OF_THE_DATA = (
    "client_name",
    "tier",
    "opened_month",
    "status",
    "evidence",
    "playbook",
    "owner",
    "due_date",
    "folded",
)
_NOT_HIDDEN = {
    "snoozed_until": None,
    "snoozed_at": None,
    "snoozed_by": None,
    "resolved_by_hand_at": None,
    "resolved_by_hand_by": None,
}
_NEW = {
    "closed_month": None,
    "highest_tier": None,
    "told_tier": None,
    "acknowledged_at": None,
    "acknowledged_by": None,
    **_NOT_HIDDEN,
}


@dataclass
class Changes:
    """Whole rows: of alerts that are new, and of those that differ; and events."""

    inserted: list[dict[str, Any]] = field(default_factory=list)
    updated: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)


def changes(month: str, states: Sequence[AlertState], rows: Sequence[Row], at: datetime) -> Changes:
    """From the ledger as it is to the month; nothing where it is there already.

    Parameters: ``rows`` as for `matching.matched`.
    """
    found = Changes()
    seen = set()
    for state, row in matched(month, states, rows):
        after, events = _after(month, state, row)
        if row is None:
            found.inserted.append(after)
        else:
            seen.add(row["alert_id"])
            if after != row:
                found.updated.append(after)
        found.events += [_event(after, kind, month, at, text) for kind, text in events]
    for row in rows:
        if row["status"] == "open" and row["alert_id"] not in seen:
            after = {**row, "status": "withdrawn", "closed_month": month}
            found.updated.append(after)
            text = f"not among the alerts of {month}"
            found.events.append(_event(after, "withdrawn", month, at, text))
    return found


def _after(
    month: str, state: AlertState, before: Row | None
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The alert's row with the state in it, and the kind and text of what happened."""
    of_data = {name: getattr(state, name) for name in _OF_THE_DATA}
    key = {"alert_id": state.alert_id, "client_id": state.client_id, "rule": state.rule}
    after = {**(before or {**_NEW, **key}), **of_data}
    was = before["status"] if before is not None else None
    if state.status != "open":
        after["closed_month"] = month
        return after, [] if was == state.status else [(state.status, state.evidence)]
    after["closed_month"] = None
    events = [("reopened", state.evidence)] if was not in (None, "open") else []
    if _above(state.tier, after["highest_tier"]):
        hiding = _hiding(after)
        if hiding:
            after.update(_NOT_HIDDEN)
            events.append(("returned", f"{state.tier}, higher than ever: {hiding} is over"))
        after["highest_tier"] = state.tier
    if not state.folded and _above(state.tier, after["told_tier"]):
        events.append(("opened" if after["told_tier"] is None else "escalated", state.evidence))
        after["told_tier"] = state.tier
    return after, events


def _above(tier: str, other: str | None) -> bool:
    return other is None or RANKS[tier] > RANKS[other]


def _hiding(row: Row) -> str:
    marks = []
    if row["snoozed_until"] is not None:
        marks.append(f"the snooze until {row['snoozed_until']}")
    if row["resolved_by_hand_at"] is not None:
        marks.append("the resolution by hand")
    return " and ".join(marks)


def _event(row: Row, kind: str, month: str, at: datetime, text: str) -> dict[str, Any]:
    return {
        "alert_id": row["alert_id"],
        "kind": kind,
        "tier": row["tier"],
        "month": month,
        "at": at,
        "by": None,
        "text": text,
    }
