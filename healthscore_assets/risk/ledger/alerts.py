"""Alerts and what happened to them, as people are shown them."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from healthscore_assets.contracts.alerts import Tier
from healthscore_assets.risk.ledger.alert_state import RANKS
from healthscore_assets.risk.ledger.matching import Row

State = Literal["open", "acknowledged", "snoozed", "resolved", "left_base", "withdrawn"]


@dataclass(frozen=True)
class Note:
    """What somebody wrote on an alert."""

    at: datetime
    by: str
    text: str


@dataclass(frozen=True)
class LedgerAlert:
    """An alert with what people marked on it.

    ``status`` is what the data say; ``state`` what it is to people on a day: of one that is
    resolved by hand ``resolved``, while its ``status`` is ``open``.
    """

    alert_id: str
    client_id: str
    client_name: str
    rule: str
    tier: Tier
    opened_month: str
    status: Literal["open", "resolved", "left_base", "withdrawn"]
    closed_month: str | None
    evidence: str
    playbook: str
    owner: str
    due_date: date
    folded: bool
    highest_tier: Tier | None
    told_tier: Tier | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    snoozed_until: date | None
    snoozed_at: datetime | None
    snoozed_by: str | None
    resolved_by_hand_at: datetime | None
    resolved_by_hand_by: str | None
    state: State = field(kw_only=True)
    notes: tuple[Note, ...] = field(kw_only=True)

    @classmethod
    def of(cls, row: Row, today: date, notes: tuple[Note, ...]) -> "LedgerAlert":
        """From the row of the table."""
        return cls(**row, state=_state(row, today), notes=notes)

    @property
    def urgency(self) -> tuple[int, date, str, str, str, str]:
        """Sorts the most urgent first."""
        of_client = (self.client_name, self.client_id, self.rule, self.alert_id)
        return (-RANKS[self.tier], self.due_date, *of_client)


def _state(row: Row, today: date) -> State:
    if row["status"] != "open":
        closed: State = row["status"]
        return closed
    if row["resolved_by_hand_at"] is not None:
        return "resolved"
    if row["snoozed_until"] is not None and row["snoozed_until"] > today:
        return "snoozed"
    return "open" if row["acknowledged_at"] is None else "acknowledged"


@dataclass(frozen=True)
class LedgerEvent:
    """Something that happened to an alert. ``by`` is None where the data changed.

    ``month`` is the one of the data, of a person's mark the newest of the ledger; ``tier`` the
    alert's at that time; ``text`` the evidence, or what the person wrote.
    """

    alert_id: str
    client_id: str
    client_name: str
    rule: str
    kind: str
    tier: Tier
    month: str
    at: datetime
    by: str | None
    text: str


@dataclass(frozen=True)
class Announcement:
    """An event that people are told of, once, with the alert as it is by now.

    ``tier`` and ``evidence`` are those of the event; ``status`` may be a closed one, where the
    month was corrected since.
    """

    alert_id: str
    client_id: str
    client_name: str
    rule: str
    kind: Literal["opened", "escalated"]
    tier: Tier
    month: str
    at: datetime
    evidence: str
    playbook: str
    owner: str
    due_date: date
    status: Literal["open", "resolved", "left_base", "withdrawn"]


@dataclass(frozen=True)
class Marks:
    """For accounting: when people took an alert on, and when they said that it is done."""

    client_id: str
    rule: str
    opened_month: str
    acknowledged_at: datetime | None
    resolved_by_hand_at: datetime | None
