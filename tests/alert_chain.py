"""Months delivered, corrected, missed and withdrawn in any order, with a ledger that is told.

The lake, the tables in it and the ledger are the real ones: what must hold is said of them alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import alert_world
import ibis
import tables as small
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from ledger_examples import dump

from healthscore_assets.contracts import ALERT_STATES, ALERTS, CLIENT_SCORES
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.months import ordinal, shift, span
from healthscore_assets.lake.opened import open_months
from healthscore_assets.orchestration.ledger import catch_up
from healthscore_assets.risk.alerts.answers import answers
from healthscore_assets.risk.alerts.rules import AlertRules, read_alert_rules
from healthscore_assets.risk.alerts.states import REMEMBERED_MONTHS, alert_states, rule_facts
from healthscore_assets.risk.alerts.to_act_on import to_act_on
from healthscore_assets.risk.ledger.ledger import open_ledger
from healthscore_assets.scoring.health.inputs import month_at_hand, of_month

RULES = """
max_alerts: 2
unknown_months: 1
rules:
  dropped:
    title: Health dropped
    owner: csm
    playbook: save_call
    due_days: 7
    evidence: "Health fell from {health[1]:.0f} to {health:.0f}"
    tiers:
      medium: {when: "health[1] - health >= threshold", threshold: 20}
  low:
    title: Health is low
    owner: manager
    playbook: save_call
    due_days: 10
    evidence: "Health {health:.0f}"
    tiers:
      low: {when: health < threshold, threshold: 60}
      high: {when: health < threshold, threshold: 30, due_days: 2}
  asking:
    title: Many tickets
    owner: product_manager
    playbook: support_escalation
    due_days: 7
    evidence: "Tickets: {tickets:.0f}"
    tiers:
      low: {when: tickets >= threshold, threshold: 2}
      medium: {when: tickets >= threshold, threshold: 5}
"""
CLIENTS = ("acme", "bolt", "cask")
MAX_ALERTS = 2
PEOPLE = st.sampled_from(["Ann", "Bob"])

Row = dict[str, Any]
Pair = tuple[str, str]
Told = Mapping[str, Mapping[str, Any]]


def pair(row: Row) -> Pair:
    return row["client_id"], row["rule"]


class Months:
    """A lake whose months are made as the graph makes them, of what was delivered by then."""

    def __init__(self, lake: Lake, rules: AlertRules) -> None:
        self.lake, self.rules = lake, rules
        self.delivered: dict[str, Told] = {}
        self.states: dict[str, list[Row]] = {}
        self.shown: dict[str, list[Row]] = {}

    @property
    def all(self) -> list[str]:
        return sorted(self.delivered)

    def make(self, month: str) -> None:
        engine = small.engine()
        tables = alert_world.tables(self._history(month))
        said = answers(engine, tables, self.rules.rules)
        earlier = span(shift(month, -REMEMBERED_MONTHS), shift(month, -1))
        before = open_months(engine, self.lake, "alert_states", month, earlier)
        at = month_at_hand(engine, month)
        signals = of_month(tables.client_signals)
        states = alert_states(engine, before, said, signals, self.rules, at)
        written = self._write(ALERT_STATES, states, month)
        shown = to_act_on(written, rule_facts(engine, self.rules))
        self.shown[month] = engine.rows(self._write(ALERTS, shown, month))
        self._write(CLIENT_SCORES, of_month(tables.client_scores), month)
        self.states[month] = engine.rows(written)
        for contract in (ALERT_STATES, ALERTS, CLIENT_SCORES):
            name = str(contract.name)
            self.lake.promote(self.lake.stage_file("made", name, month), name, month)

    def withdraw(self, month: str) -> None:
        for table in ("client_scores", "alerts", "alert_states"):
            assert self.lake.withdraw(table, month)
        for known in (self.delivered, self.states, self.shown):
            del known[month]

    def bytes_of(self, month: str) -> list[bytes]:
        tables = ("alert_states", "alerts", "client_scores")
        return [self.lake.file(table, month).read_bytes() for table in tables]

    def _write(self, contract: Any, table: ibis.Table, month: str) -> ibis.Table:
        engine, name, schema = small.engine(), str(contract.name), schema_of(contract)
        path = self.lake.stage_file("made", name, month)
        engine.write(table, schema, path, contract.unique)
        return of_month(engine.months(f"{name}_written", {0: path}, schema))

    def _history(self, month: str) -> dict[str, dict[str, Any]]:
        """What each client is like in the month and before, as `alert_world` takes it."""
        found: dict[str, dict[str, Any]] = {client: {} for client in CLIENTS}
        for ago in range(alert_world.MONTHS_READ):
            at = f"[{ago}]" if ago else ""
            told = self.delivered.get(shift(month, -ago), {})
            for client, history in found.items():
                if client in told:
                    history |= {f"{name}{at}": value for name, value in told[client].items()}
                else:
                    history[f"absent[{ago}]"] = True
        return found


@st.composite
def deliveries(draw: st.DrawFn) -> Told:
    """What a month tells of clients; one that is left out is compared no more."""
    told = {}
    for client in CLIENTS:
        if draw(st.sampled_from([True] * 5 + [False])):
            told[client] = {
                "health": draw(st.sampled_from([80.0, 55.0, 50.0, 20.0])),
                "tickets": draw(st.sampled_from([0, 2, 5, None])),
                "partial": draw(st.sampled_from([False] * 7 + [True])),
            }
    return told


@dataclass
class Marked:
    """What somebody did with an alert."""

    alert_id: str
    kind: str
    by: str
    at: datetime
    text: str = ""


TELLS = st.sampled_from([True, True, False])
"""Whether the ledger can be used."""
WHICH = st.integers(0, 1_000)
"""Of those that there are, counted round."""


class AlertChain(RuleBasedStateMachine):
    """Delivers months, and looks at the lake and at the ledger."""

    def __init__(self) -> None:
        super().__init__()
        self.clean_up = ExitStack()
        folder = Path(self.clean_up.enter_context(tempfile.TemporaryDirectory()))
        (folder / "alerts.yaml").write_text(RULES)
        self.months = Months(Lake.at(folder / "lake"), read_alert_rules(folder / "alerts.yaml"))
        self.ledger = self.clean_up.enter_context(open_ledger(str(folder / "ledger.db")))
        self.marked: list[Marked] = []
        self.withdrawn: dict[str, Told] = {}
        self.hours = 0
        self.is_told = False
        self.heard: dict[str, list[Row]] = {}
        """The states of each month as the ledger was told of them last."""
        self.rows: dict[str, dict[Pair, str]] = {}
        """Which alerts were open in the ledger then, where it was the newest month."""

    def teardown(self) -> None:
        self.clean_up.close()

    def now(self) -> datetime:
        self.hours += 1
        return datetime(2024, 6, 1, tzinfo=UTC) + timedelta(hours=self.hours)

    def open_rows(self) -> list[Any]:
        """Of the ledger; two of one client and rule are two."""
        found = self.ledger.worklist(date.min, everything=True)
        return [alert for alert in found if alert.status == "open"]

    # ------------------------------------------------------------------------------------ the data

    @initialize(told=deliveries())
    def the_first_month(self, told: Told) -> None:
        self._deliver("2024-01", told, True)

    @rule(told=deliveries(), later=st.sampled_from([1, 1, 1, 2, 7]), tells=TELLS)
    def a_month(self, told: Told, later: int, tells: bool) -> None:
        self._deliver(shift(self.months.all[-1], later), told, tells)

    @rule(which=WHICH, told=deliveries(), tells=TELLS)
    def a_correction(self, which: int, told: Told, tells: bool) -> None:
        """Or the first that is heard of a month that was missing."""
        known = self.months.all
        months = span(max(known[0], shift(known[-1], -4)), known[-1])
        self._deliver(months[which % len(months)], told, tells)

    @rule(which=WHICH, tells=TELLS)
    def a_month_is_made_again(self, which: int, tells: bool) -> None:
        month = self.months.all[which % len(self.months.all)]
        self._made_again_is_the_same(month, tells)

    @precondition(lambda self: len(self.months.delivered) > 1)
    @rule(tells=TELLS)
    def the_newest_is_withdrawn(self, tells: bool) -> None:
        month = self.months.all[-1]
        self.withdrawn[month] = self.months.delivered[month]
        self.months.withdraw(month)
        self.is_told = False
        if tells:
            self._tell()

    @precondition(lambda self: self.withdrawn)
    @rule(tells=TELLS)
    def what_was_withdrawn_comes_again(self, tells: bool) -> None:
        month, told = self.withdrawn.popitem()
        if month > self.months.all[0]:
            self._deliver(month, told, tells)

    @precondition(lambda self: len(self.months.delivered) > 1)
    @rule()
    def the_newest_is_taken_away_and_put_back_unseen(self) -> None:
        month = self.months.all[-1]
        before, told = self.months.bytes_of(month), self.months.delivered[month]
        known = dump(self.ledger) if self.is_told else None
        self.months.withdraw(month)
        self.months.delivered[month] = told
        self.months.make(month)
        assert self.months.bytes_of(month) == before
        if known is not None:
            self._tell()
            assert dump(self.ledger) == known

    @precondition(lambda self: not self.is_told)
    @rule()
    def the_ledger_is_back(self) -> None:
        self._tell()

    def _deliver(self, month: str, told: Told, tells: bool) -> None:
        self.months.delivered[month] = told
        self.is_told = False
        self._make_from(month, tells)

    def _make_from(self, first: str, tells: bool) -> None:
        """The month and those after it; the ledger is told after each, as in the graph."""
        for month in self.months.all:
            if month >= first:
                self.months.make(month)
                if tells:
                    self._tell()

    def _made_again_is_the_same(self, first: str, tells: bool) -> None:
        again = [month for month in self.months.all if month >= first]
        made = [self.months.bytes_of(month) for month in again]
        states = {month: self.months.states[month] for month in again}
        before, was_told = dump(self.ledger), self.is_told
        self._make_from(first, tells)
        assert {month: self.months.states[month] for month in again} == states
        assert [self.months.bytes_of(month) for month in again] == made
        if was_told or not tells:
            assert dump(self.ledger) == before

    # ---------------------------------------------------------------------------------- the people

    @precondition(lambda self: self.open_rows())
    @rule(
        which=WHICH, by=PEOPLE, kinds=st.sets(st.sampled_from(["ack", "snooze", "resolve", "note"]))
    )
    def somebody_works_on_it(self, which: int, by: str, kinds: set[str]) -> None:
        rows = self.open_rows()
        alert = rows[which % len(rows)]
        at = self.now()
        if "ack" in kinds and alert.acknowledged_at is None:
            self._mark(Marked(alert.alert_id, "acknowledged", by, at), "ack")
        if "snooze" in kinds and alert.snoozed_until is None:
            self._mark(Marked(alert.alert_id, "snoozed", by, at), "snooze", until=date(2025, 1, 1))
        if "resolve" in kinds and alert.resolved_by_hand_at is None:
            self._mark(Marked(alert.alert_id, "resolved_by_hand", by, at), "resolve")
        if "note" in kinds:
            text = f"called at {at:%H} on {at:%d}"
            self._mark(Marked(alert.alert_id, "note", by, at, text), "note", text=text)

    def _mark(self, marked: Marked, kind: Any, **more: Any) -> None:
        self.ledger.mark(marked.alert_id, kind, marked.by, marked.at, **more)
        self.marked.append(marked)

    # ------------------------------------------------------------------------ the ledger is told

    def _tell(self) -> None:
        known, newest = self.ledger.newest_month, self.months.all[-1]
        # What opened in a month that is withdrawn does not go on.
        open_before = {
            (a.client_id, a.rule): a.alert_id for a in self.open_rows() if a.opened_month <= newest
        }
        catch_up(self.months.lake, small.engine(), self.ledger, self.now())
        self.is_told = True
        assert self.ledger.newest_month == newest
        since = newest if known is None else min(known, newest)
        news = {m: self.months.states[m] for m in self.months.all if known is None or m >= since}
        self._goes_on_in_its_row(open_before, news)
        rows = {(a.client_id, a.rule): a.alert_id for a in self.open_rows()}
        if self.heard.get(newest) == news[newest]:
            assert rows == self.rows.get(newest, rows)
        self.rows = {m: ids for m, ids in self.rows.items() if m < newest} | {newest: rows}
        self.heard = {m: said for m, said in self.heard.items() if m < since} | news
        after = dump(self.ledger)
        assert catch_up(self.months.lake, small.engine(), self.ledger, self.now()) == {}
        assert dump(self.ledger) == after
        self._the_ledger_is_as_the_newest_month()
        self._what_closed_is_known_to_have()

    def _goes_on_in_its_row(self, before: dict[Pair, str], news: dict[str, list[Row]]) -> None:
        """Whatever was corrected: what people marked on an alert is on the one that is open."""
        still = {(a.client_id, a.rule): a.alert_id for a in self.open_rows()}
        for each, alert_id in before.items():
            if all((*each, "open") in _statuses(states) for states in news.values()):
                assert still[each] == alert_id

    def _the_ledger_is_as_the_newest_month(self) -> None:
        newest = self.months.all[-1]
        told = {pair(row): row["evidence"] for row in self.months.shown[newest]}
        names = ("tier", "status", "opened_month", "folded")
        expected = [
            (*pair(row), *(row[name] for name in names), told.get(pair(row), row["evidence"]))
            for row in self.months.states[newest]
            if row["status"] == "open"
        ]
        found = [
            (a.client_id, a.rule, a.tier, a.status, a.opened_month, a.folded, a.evidence)
            for a in self.open_rows()
        ]
        assert sorted(found) == sorted(expected)

    def _what_closed_is_known_to_have(self) -> None:
        """In every month that the ledger heard of as it is; in the newest once."""
        rows = self.ledger.worklist(date.min, everything=True)
        closed = [(a.client_id, a.rule, a.closed_month, a.status) for a in rows]
        newest = self.months.all[-1]
        for client, name, status in _statuses(self.months.states[newest]):
            assert status == "open" or closed.count((client, name, newest, status)) == 1
        closings = {(e.client_id, e.rule, e.month, e.kind) for e in self.ledger.events()}
        closings |= {*closed}
        for month, said in self.heard.items():
            if self.months.states.get(month) == said:
                for client, name, status in _statuses(said):
                    assert status == "open" or (client, name, month, status) in closings

    # ------------------------------------------------------------------------------- what must hold

    @invariant()
    def alerts_go_on_from_month_to_month(self) -> None:
        months = self.months.all
        for month, states in self.months.states.items():
            earlier = [m for m in months if m < month]
            near = earlier and ordinal(month) - ordinal(earlier[-1]) <= REMEMBERED_MONTHS
            before = self.months.states[earlier[-1]] if near else []
            was = {pair(row): row for row in before if row["status"] == "open"}
            assert was.keys() <= {pair(row) for row in states}
            for row in states:
                if pair(row) in was:
                    for name in ("alert_id", "opened_month"):
                        assert row[name] == was[pair(row)][name]
                    left = row["client_id"] not in self.months.delivered[month]
                    assert (row["status"] == "left_base") == left
                else:
                    assert (row["opened_month"], row["status"]) == (month, "open")

    @invariant()
    def nobody_has_more_alerts_than_the_most(self) -> None:
        for month, states in self.months.states.items():
            unfolded = {pair(r) for r in states if r["status"] == "open" and not r["folded"]}
            shown = {pair(r) for r in self.months.shown[month] if r["status"] == "open"}
            assert shown == unfolded
            for client in CLIENTS:
                assert sum(each[0] == client for each in unfolded) <= MAX_ALERTS

    @invariant()
    def nothing_is_told_twice(self) -> None:
        events = self.ledger.events(kinds=["opened", "escalated"])
        assert len(events) == len({(event.alert_id, event.tier) for event in events})
        # Nor is an escalation told of one that was never opened, nor anything weaker than before.
        for alert_id in {event.alert_id for event in events}:
            told = [event for event in events if event.alert_id == alert_id]
            assert [e.kind for e in told] == ["opened"] + ["escalated"] * (len(told) - 1)
            ranks = [("low", "medium", "high").index(e.tier) for e in told]
            assert all(before < after for before, after in pairwise(ranks))

    @invariant()
    def every_mark_is_kept(self) -> None:
        rows = {a.alert_id: a for a in self.ledger.worklist(date.min, everything=True)}
        events = self.ledger.events()
        for mark in self.marked:
            row = rows[mark.alert_id]
            of_it = [e for e in events if e.alert_id == mark.alert_id]
            (place,) = [
                at
                for at, e in enumerate(of_it)
                if (e.kind, e.by, e.at) == (mark.kind, mark.by, mark.at)
            ]
            returned = any(e.kind == "returned" for e in of_it[place:])
            if mark.kind == "acknowledged":
                assert (row.acknowledged_at, row.acknowledged_by) == (mark.at, mark.by)
            elif mark.kind == "note":
                assert (mark.at, mark.by, mark.text) in [(n.at, n.by, n.text) for n in row.notes]
            elif not returned and mark.kind == "snoozed":
                assert (row.snoozed_at, row.snoozed_by) == (mark.at, mark.by)
            elif not returned:
                assert (row.resolved_by_hand_at, row.resolved_by_hand_by) == (mark.at, mark.by)


def _statuses(states: list[Row]) -> Iterator[tuple[str, str, str]]:
    return ((*pair(row), row["status"]) for row in states)
