"""Months, corrections, re-runs and marks in any order, against a ledger that is a list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from ledger_examples import dump, state

from healthscore_assets.lake.months import shift
from healthscore_assets.risk.ledger.alert_state import AlertState
from healthscore_assets.risk.ledger.ledger import Ledger, open_ledger
from healthscore_assets.risk.ledger.refused import LedgerRefused

TODAY = date(2024, 6, 3)
RANKS = ["low", "medium", "high"]


@dataclass
class Remembered:
    """An alert as a person would remember it who had seen everything."""

    id: str
    pair: tuple[str, str]
    says: AlertState
    status: str
    closed: str | None
    tiers: list[str] = field(default_factory=list)  # while open
    told: list[tuple[str, str, str]] = field(default_factory=list)  # month, kind, tier
    acknowledged: tuple[datetime, str] | None = None
    snoozed: tuple[date, datetime, str] | None = None
    resolved: tuple[datetime, str] | None = None
    notes: list[tuple[datetime, str, str]] = field(default_factory=list)

    def take(self, month: str, says: AlertState) -> None:
        self.says, self.status = says, says.status
        self.closed = None if says.status == "open" else month
        if says.status != "open":
            return
        if self.tiers and all(RANKS.index(says.tier) > RANKS.index(tier) for tier in self.tiers):
            self.snoozed = self.resolved = None
        self.tiers.append(says.tier)
        told = [RANKS.index(tier) for _, _, tier in self.told]
        if not says.folded and all(RANKS.index(says.tier) > rank for rank in told):
            self.told.append((month, "escalated" if told else "opened", says.tier))

    @property
    def to_act_on(self) -> bool:
        asleep = self.snoozed is not None and self.snoozed[0] > TODAY
        return self.status == "open" and not (self.says.folded or self.resolved or asleep)


@dataclass
class Memory:
    """The ledger's rules, said as slowly and plainly as can be."""

    alerts: list[Remembered] = field(default_factory=list)
    newest: str | None = None

    def sync(self, month: str, states: list[AlertState]) -> None:
        if self.newest is not None and month < self.newest:
            return
        self.newest = month
        taken = []
        for says in states:
            alert = self._find(month, says)
            alert.take(month, says)
            taken.append(alert)
        for alert in self.alerts:
            if alert.status == "open" and not any(alert is other for other in taken):
                alert.status, alert.closed = "withdrawn", month

    def _find(self, month: str, says: AlertState) -> Remembered:
        pair = (says.client_id, says.rule)
        pairs = [alert for alert in self.alerts if alert.pair == pair]
        recent = [alert for alert in pairs if alert.closed in (None, month)]
        recent.sort(key=lambda alert: (alert.says.opened_month, alert.id), reverse=True)
        for found in (
            [alert for alert in recent if alert.id == says.alert_id],
            [alert for alert in recent if alert.status == "open"],
            recent,
            [alert for alert in pairs if alert.id == says.alert_id],
        ):
            if found:
                return found[0]
        new = Remembered(says.alert_id, pair, says, says.status, None)
        self.alerts.append(new)
        return new


@st.composite
def monthly_states(draw: st.DrawFn, month: str, known: list[Remembered]) -> list[AlertState]:
    """What the data may say of a month: few clients and rules, so that all meet again.

    Most alerts go on from one that is known, the others opened lately.
    """
    openings = {
        (client, name): [shift(month, -draw(st.sampled_from([0, 1])))]
        for client in "ab"
        for name in ("drop", "gone")
    }
    for alert in known:
        openings[alert.pair].append(alert.id[-len(month) :])
    pairs = st.sampled_from(sorted(openings))
    return [
        state(
            client,
            name,
            draw(st.sampled_from(openings[client, name])),
            tier=draw(st.sampled_from(RANKS)),
            status=draw(st.sampled_from(["open"] * 4 + ["resolved", "left_base"])),
            evidence=draw(st.sampled_from("xy")),
            folded=draw(st.sampled_from([False, False, True])),
        )
        for client, name in sorted(draw(st.sets(pairs, min_size=draw(st.integers(0, 4)))))
    ]


SYNCED = st.integers(-3, 2)
"""Months after the newest one; before it, it is a re-run that must change nothing."""
PEOPLE = st.sampled_from(["Ann", "Bob"])
WHICH = st.integers(0, 1_000)
"""Of the alerts that there are, counted round."""


class LedgerMachine(RuleBasedStateMachine):
    """Does the same to the ledger and to the memory, and compares them after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = Memory()
        self.hours = 0
        self.places = self.empty_place()
        self.place = next(self.places)
        self.ledger: Ledger = open_ledger(self.place)

    def empty_place(self) -> Iterator[str]:
        """Where this machine's ledger may be; cleared up when it is closed."""
        raise NotImplementedError

    def teardown(self) -> None:
        self.ledger.close()
        self.places.close()  # type: ignore[attr-defined]

    def now(self) -> datetime:
        self.hours += 1
        return datetime(2024, 6, 1, tzinfo=UTC) + timedelta(hours=self.hours)

    # ------------------------------------------------------------------------------------ the data

    @initialize(data=st.data())
    def first_month(self, data: st.DataObject) -> None:
        self._sync("2024-05", data)

    @rule(data=st.data(), later=SYNCED)
    def a_month(self, data: st.DataObject, later: int) -> None:
        assert self.memory.newest is not None
        self._sync(shift(self.memory.newest, later), data)

    @rule(data=st.data())
    def a_correction(self, data: st.DataObject) -> None:
        assert self.memory.newest is not None
        self._sync(self.memory.newest, data)

    def _sync(self, month: str, data: st.DataObject) -> None:
        states = data.draw(monthly_states(month, self.memory.alerts))
        before, old = dump(self.ledger), self.memory.newest
        written = self.ledger.sync(month, states, self.now())
        self.memory.sync(month, states)
        after = dump(self.ledger)
        if old is not None and month < old:
            assert (written, after) == ({}, before)
        assert len(after[2]) - len(before[2]) == sum(written.values())
        assert self.ledger.sync(month, states, self.now()) == {}
        assert dump(self.ledger) == after

    # ---------------------------------------------------------------------------------- the people

    def _one(self, which: int) -> Remembered:
        """Mostly one that is open: the others take no mark but a note."""
        still = [alert for alert in self.memory.alerts if alert.status == "open"]
        among = still if still and which % 5 else self.memory.alerts
        return among[which % len(among)]

    def _mark(self, alert: Remembered, kind: Any, by: str, at: datetime, **more: Any) -> bool:
        """Whether it was allowed. Twice: the second time must change nothing."""
        if alert.status != "open" and kind != "note":
            with pytest.raises(LedgerRefused, match="is closed"):
                self.ledger.mark(alert.id, kind, by, at, **more)
            return False
        self.ledger.mark(alert.id, kind, by, at, **more)
        after = dump(self.ledger)
        self.ledger.mark(alert.id, kind, by, self.now(), **more)
        assert dump(self.ledger) == after
        return True

    @precondition(lambda self: self.memory.alerts)
    @rule(
        which=WHICH,
        by=PEOPLE,
        kinds=st.sets(st.sampled_from(["ack", "snooze", "resolve", "note"]), min_size=1),
        until=st.dates(date(2024, 6, 20), date(2024, 6, 22)),
        text=st.sampled_from(["called", "wrote"]),
    )
    def somebody_works_on_it(
        self, which: int, by: str, kinds: set[str], until: date, text: str
    ) -> None:
        alert = self._one(which)
        at = self.now()
        if "ack" in kinds and self._mark(alert, "ack", by, at):
            alert.acknowledged = alert.acknowledged or (at, by)
        if "snooze" in kinds and self._mark(alert, "snooze", by, at, until=until):
            same = alert.snoozed is not None and alert.snoozed[0] == until
            alert.snoozed = alert.snoozed if same else (until, at, by)
        if "resolve" in kinds and self._mark(alert, "resolve", by, at):
            alert.resolved = alert.resolved or (at, by)
        if "note" in kinds:
            self._mark(alert, "note", by, at, text=text)
            if (by, text) not in [(who, what) for _, who, what in alert.notes]:
                alert.notes.append((at, by, text))

    @precondition(lambda self: self.memory.alerts)
    @rule(which=WHICH, by=PEOPLE)
    def somebody_reopens(self, which: int, by: str) -> None:
        alert = self._one(which)
        if self._mark(alert, "reopen", by, self.now()):
            alert.acknowledged = alert.snoozed = alert.resolved = None

    @rule()
    def it_is_closed_and_opened_again(self) -> None:
        self.ledger.close()
        self.ledger = open_ledger(self.place)

    # ------------------------------------------------------------------------------- what must hold

    @invariant()
    def the_ledger_is_as_remembered(self) -> None:
        found = {alert.alert_id: alert for alert in self.ledger.worklist(TODAY, everything=True)}
        assert found.keys() == {alert.id for alert in self.memory.alerts}
        for alert in self.memory.alerts:
            row = found[alert.id]
            assert (row.status, row.closed_month) == (alert.status, alert.closed)
            for name in ("tier", "opened_month", "evidence", "folded"):
                assert getattr(row, name) == getattr(alert.says, name)
            acknowledged = (row.acknowledged_at, row.acknowledged_by)
            assert acknowledged == (alert.acknowledged or (None, None))
            snoozed = (row.snoozed_until, row.snoozed_at, row.snoozed_by)
            assert snoozed == (alert.snoozed or (None, None, None))
            resolved = (row.resolved_by_hand_at, row.resolved_by_hand_by)
            assert resolved == (alert.resolved or (None, None))
            assert [(note.at, note.by, note.text) for note in row.notes] == alert.notes
        assert self.ledger.newest_month == self.memory.newest

    @invariant()
    def the_worklist_is_what_is_to_be_acted_on(self) -> None:
        found = [alert.alert_id for alert in self.ledger.worklist(TODAY)]
        assert sorted(found) == sorted(alert.id for alert in self.memory.alerts if alert.to_act_on)

    @invariant()
    def no_client_has_a_rule_open_twice(self) -> None:
        alerts = self.ledger.worklist(TODAY, everything=True)
        pairs = [(alert.client_id, alert.rule) for alert in alerts if alert.status == "open"]
        assert len(pairs) == len(set(pairs))

    @invariant()
    def nothing_is_told_twice(self) -> None:
        events = self.ledger.events(kinds=["opened", "escalated"])
        assert len(events) == len({(event.alert_id, event.tier) for event in events})
        for alert in self.memory.alerts:
            told = [(e.month, e.kind, e.tier) for e in events if e.alert_id == alert.id]
            assert told == alert.told
