"""What the alert ledger does, by example; in a file and in Postgres alike.

May is the month at hand; a client is a letter, a rule another, and an alert's id is made of both
and of the month in which it opened.
"""

from __future__ import annotations

import multiprocessing
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from healthscore_assets.risk.ledger.alert_state import AlertState
from healthscore_assets.risk.ledger.alerts import LedgerAlert, Marks, Note
from healthscore_assets.risk.ledger.ledger import Ledger, open_ledger
from healthscore_assets.risk.ledger.refused import LedgerRefused

APRIL, MAY, JUNE, JULY = "2024-04", "2024-05", "2024-06", "2024-07"
AT = datetime(2024, 6, 3, 9, 30, tzinfo=UTC)
LATER = AT + timedelta(days=1)
TODAY = date(2024, 6, 3)


def state(client: str, rule: str = "drop", opened: str = MAY, **more: Any) -> AlertState:
    given: dict[str, Any] = {
        "alert_id": f"{client}-{rule}-{opened}",
        "client_id": client,
        "client_name": f"Client {client}",
        "rule": rule,
        "tier": "low",
        "opened_month": opened,
        "status": "open",
        "evidence": "momentum is -12",
        "playbook": "call",
        "owner": "Ann",
        "due_date": date(2024, 6, 15),
        "folded": False,
    }
    return AlertState(**{**given, **more})


A_DROP, B_DROP = "a-drop-2024-05", "b-drop-2024-05"


def listed(ledger: Ledger, today: date = TODAY, **asked: Any) -> list[str]:
    return [alert.alert_id for alert in ledger.worklist(today, **asked)]


def one(ledger: Ledger, alert_id: str = A_DROP, today: date = TODAY) -> LedgerAlert:
    found = [e for e in ledger.worklist(today, everything=True) if e.alert_id == alert_id]
    assert len(found) == 1
    return found[0]


def kinds(ledger: Ledger, alert_id: str = A_DROP) -> list[str]:
    return [event.kind for event in ledger.events(alert_id=alert_id)]


def told(ledger: Ledger, month: str) -> list[tuple[str, str, str]]:
    return [(each.alert_id, each.kind, each.tier) for each in ledger.announcements(month)]


def dump(ledger: Ledger) -> tuple[Any, ...]:
    """All that is in it."""
    everything = ledger.worklist(date.min, everything=True)
    return ledger.newest_month, everything, ledger.events(), ledger.marks()


def sync_often(place: str, tier: str, start: Any, errors: Any) -> None:
    """What a process does that competes with another: twenty corrections of one month."""
    try:
        with open_ledger(place) as ledger:
            start.wait(60)
            for turn in range(20):
                states = [state(f"c{i}", tier=tier, evidence=f"{tier} {turn}") for i in range(30)]
                ledger.sync(MAY, states[turn % 2 :], AT)
    except Exception as error:  # told to the test, which fails
        errors.put(repr(error))
        raise


class LedgerExamples:
    """Needs the fixture ``place``: where a ledger may be, and none is yet."""

    @pytest.fixture
    def ledger(self, place: str) -> Any:
        with open_ledger(place) as ledger:
            yield ledger

    # ------------------------------------------------------------------------- what the data say

    def test_an_alert_of_the_data_is_opened_once(self, ledger: Ledger) -> None:
        assert ledger.newest_month is None
        assert ledger.sync(MAY, [state("a")], AT) == {"opened": 1}
        assert ledger.newest_month == MAY
        alert = one(ledger)
        assert {name: getattr(alert, name) for name in AlertState.__dataclass_fields__} == vars(
            state("a")
        )
        assert (alert.state, alert.closed_month, alert.notes) == ("open", None, ())
        [event] = ledger.events()
        assert (event.kind, event.tier, event.month, event.at) == ("opened", "low", MAY, AT)
        assert (event.by, event.text, event.client_name) == (None, "momentum is -12", "Client a")

    def test_the_same_month_again_changes_nothing(self, ledger: Ledger) -> None:
        states = [state("a"), state("b", folded=True), state("c", status="resolved")]
        ledger.sync(MAY, states, AT)
        before = dump(ledger)
        assert ledger.sync(MAY, states, LATER) == {}
        assert dump(ledger) == before

    def test_an_earlier_month_changes_nothing(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a")], AT)
        before = dump(ledger)
        assert ledger.sync(APRIL, [state("b", opened=APRIL, tier="high")], LATER) == {}
        assert ledger.sync(APRIL, [], LATER) == {}
        assert dump(ledger) == before

    def test_a_later_month_tells_only_what_is_new(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a")], AT)
        again = state("a", evidence="momentum is -15", owner="Bob")
        ledger.sync(JUNE, [again, state("b", opened=JUNE)], LATER)
        assert told(ledger, MAY) == [(A_DROP, "opened", "low")]
        assert told(ledger, JUNE) == [("b-drop-2024-06", "opened", "low")]
        assert (one(ledger).evidence, one(ledger).owner) == ("momentum is -15", "Bob")

    def test_an_announcement_is_of_the_event_with_the_alert_as_it_is(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a")], AT)
        ledger.sync(MAY, [state("a", status="left_base", owner="Bob", evidence="gone")], LATER)
        [found] = ledger.announcements(MAY)
        assert (found.evidence, found.at, found.tier) == ("momentum is -12", AT, "low")
        assert (found.owner, found.status, found.playbook) == ("Bob", "left_base", "call")

    @pytest.mark.parametrize("status", ["resolved", "left_base"])
    def test_an_alert_closes_as_the_data_say(self, ledger: Ledger, status: Any) -> None:
        ledger.sync(MAY, [state("a")], AT)
        ledger.sync(JUNE, [state("a", status=status)], LATER)
        assert listed(ledger) == []
        alert = one(ledger)
        assert (alert.status, alert.state, alert.closed_month) == (status, status, JUNE)
        ledger.sync(JULY, [], LATER)  # from the next month on the data say nothing of it
        assert one(ledger) == alert
        assert kinds(ledger) == ["opened", status]

    def test_after_it_was_resolved_the_next_one_is_another(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a")], AT)
        ledger.sync(JUNE, [state("a", status="resolved")], AT)
        ledger.sync(JULY, [state("a", opened=JULY)], AT)
        assert listed(ledger) == ["a-drop-2024-07"]
        assert told(ledger, JULY) == [("a-drop-2024-07", "opened", "low")]
        assert one(ledger).state == "resolved"

    def test_one_that_was_closed_when_first_seen_is_never_told(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a", opened=APRIL, status="resolved")], AT)
        assert kinds(ledger, "a-drop-2024-04") == ["resolved"]
        assert listed(ledger) == []

    # ------------------------------------------------------------------------------- corrections

    def test_what_a_correction_takes_away_is_withdrawn_and_comes_back(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a"), state("b")], AT)
        ledger.mark(A_DROP, "ack", "Ann", AT)
        ledger.sync(MAY, [state("b")], LATER)
        assert listed(ledger) == [B_DROP]
        assert (one(ledger).state, one(ledger).closed_month) == ("withdrawn", MAY)
        assert one(ledger).acknowledged_by == "Ann"
        ledger.sync(MAY, [state("a"), state("b")], LATER)
        assert listed(ledger) == [A_DROP, B_DROP]
        assert one(ledger).state == "acknowledged"
        assert kinds(ledger) == ["opened", "acknowledged", "withdrawn", "reopened"]
        assert len(ledger.announcements(MAY)) == 2

    def test_an_id_stays_when_a_correction_moves_the_opening(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a")], AT)
        ledger.mark(A_DROP, "ack", "Ann", AT)
        ledger.sync(MAY, [state("a", opened=APRIL)], LATER)
        assert one(ledger).opened_month == APRIL
        assert one(ledger).state == "acknowledged"
        assert len(ledger.worklist(TODAY, everything=True)) == 1
        assert kinds(ledger) == ["opened", "acknowledged"]

    def test_a_closure_is_corrected_under_another_opening(self, ledger: Ledger) -> None:
        ledger.sync(APRIL, [state("a", opened=APRIL)], AT)
        ledger.sync(MAY, [state("a", opened=APRIL, status="resolved")], AT)
        ledger.sync(MAY, [state("a", opened=MAY)], LATER)
        assert listed(ledger) == ["a-drop-2024-04"]
        assert one(ledger, "a-drop-2024-04").opened_month == MAY
        assert told(ledger, MAY) == []

    def test_one_that_was_closed_long_ago_is_reopened_by_its_id(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a")], AT)
        ledger.sync(JUNE, [state("a", status="resolved")], AT)
        ledger.sync(JULY, [state("a")], LATER)
        assert listed(ledger) == [A_DROP]
        assert kinds(ledger) == ["opened", "resolved", "reopened"]

    def test_the_one_that_people_work_on_goes_before_one_closed_long_ago(
        self, ledger: Ledger
    ) -> None:
        ledger.sync(APRIL, [state("a", opened=APRIL)], AT)
        ledger.sync(MAY, [state("a", opened=APRIL, status="resolved")], AT)
        ledger.sync(JUNE, [state("a", opened=JUNE)], AT)
        ledger.mark("a-drop-2024-06", "ack", "Ann", AT)
        # As April and May are corrected it never was resolved: it has its old id again.
        ledger.sync(JUNE, [state("a", opened=APRIL)], LATER)
        assert listed(ledger) == ["a-drop-2024-06"]
        assert one(ledger, "a-drop-2024-06").opened_month == APRIL
        assert one(ledger, "a-drop-2024-04").state == "resolved"

    # ---------------------------------------------------------------- months that are withdrawn

    def test_what_opened_in_a_month_that_is_gone_is_withdrawn(self, ledger: Ledger) -> None:
        ledger.sync(APRIL, [state("a", opened=APRIL)], AT)
        may = [state("a", opened=APRIL, status="resolved")]
        ledger.sync(MAY, may, AT)
        june = [state("a", opened=JUNE)]
        ledger.sync(JUNE, june, AT)
        ledger.mark("a-drop-2024-06", "ack", "Ann", AT)
        ledger.go_back(MAY)
        assert ledger.sync(MAY, may, LATER) == {"withdrawn": 1}
        first = one(ledger, "a-drop-2024-04")
        assert (first.status, first.closed_month) == ("resolved", MAY)
        again = one(ledger, "a-drop-2024-06")
        assert (again.status, again.opened_month) == ("withdrawn", JUNE)
        # Delivered again, it is the same, and nobody is told twice.
        assert ledger.sync(JUNE, june, LATER) == {"reopened": 1}
        assert one(ledger, "a-drop-2024-06").acknowledged_by == "Ann"

    def test_what_closed_in_a_month_that_is_gone_is_open_whatever_its_id(
        self, ledger: Ledger
    ) -> None:
        ledger.sync(MAY, [state("a")], AT)
        may = [state("a", opened=APRIL)]
        ledger.sync(MAY, may, AT)
        ledger.mark(A_DROP, "ack", "Ann", AT)
        ledger.sync(JUNE, [state("a", opened=APRIL, status="resolved")], AT)
        ledger.go_back(MAY)
        assert ledger.sync(MAY, may, LATER) == {"reopened": 1}
        assert one(ledger).acknowledged_by == "Ann"
        assert listed(ledger, everything=True) == [A_DROP]

    def test_of_two_that_stood_the_open_one_goes_on(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a", opened=APRIL, status="resolved")], AT)
        ledger.sync(JUNE, [state("a", opened=JUNE)], AT)
        # May was corrected meanwhile: it was open since April, or since May.
        for opened in (APRIL, MAY):
            ledger.sync(JUNE, [state("a", opened=opened)], AT)
        ledger.go_back(MAY)
        assert ledger.sync(MAY, [state("a", opened=MAY)], LATER) == {}
        assert listed(ledger) == ["a-drop-2024-06"]

    def test_one_closes_while_the_one_before_it_opens_again(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a")], AT)
        ledger.sync(JUNE, [state("a", status="resolved")], AT)
        ledger.sync(JULY, [state("a", opened=JULY)], AT)
        ledger.go_back(MAY)
        assert ledger.sync(MAY, [state("a")], LATER) == {"reopened": 1, "withdrawn": 1}
        assert listed(ledger) == [A_DROP]
        assert one(ledger, "a-drop-2024-07").status == "withdrawn"

    # ------------------------------------------------------------------------- tiers and folding

    def test_a_tier_is_told_when_it_is_higher_than_any_before(self, ledger: Ledger) -> None:
        for tier in ("medium", "low", "medium", "high", "low", "high"):
            ledger.sync(MAY, [state("a", tier=tier)], AT)
        assert told(ledger, MAY) == [
            (A_DROP, "opened", "medium"),
            (A_DROP, "escalated", "high"),
        ]
        assert (one(ledger).tier, one(ledger).highest_tier) == ("high", "high")

    def test_a_folded_alert_is_told_when_it_unfolds(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a", folded=True)], AT)
        assert (listed(ledger), told(ledger, MAY)) == ([], [])
        ledger.sync(JUNE, [state("a", folded=True, tier="medium")], AT)
        assert told(ledger, JUNE) == []
        ledger.sync(JULY, [state("a", tier="medium")], AT)
        assert told(ledger, JULY) == [(A_DROP, "opened", "medium")]
        assert listed(ledger) == [A_DROP]

    def test_a_folded_alert_that_closes_is_never_told(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a", folded=True)], AT)
        ledger.sync(JUNE, [state("a", folded=False, status="resolved")], AT)
        assert kinds(ledger) == ["resolved"]

    def test_an_escalation_of_a_folded_alert_waits(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a")], AT)
        ledger.sync(JUNE, [state("a", folded=True, tier="high")], AT)
        assert told(ledger, JUNE) == []
        ledger.sync(JULY, [state("a", tier="high")], AT)
        assert told(ledger, JULY) == [(A_DROP, "escalated", "high")]

    # ------------------------------------------------------------------------------ people's marks

    def test_an_acknowledgement_stays_on_the_worklist(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a")], AT)
        alert = ledger.mark(A_DROP, "ack", "Ann", AT, text="on it")
        assert (alert.state, alert.acknowledged_at, alert.acknowledged_by) == (
            "acknowledged",
            AT,
            "Ann",
        )
        assert ledger.worklist(TODAY) == [alert]
        event = ledger.events()[-1]
        assert (event.kind, event.by, event.at, event.month) == ("acknowledged", "Ann", AT, MAY)
        assert event.text == "on it"

    def test_a_snooze_hides_until_its_day(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a")], AT)
        ledger.mark(A_DROP, "snooze", "Ann", AT, until=date(2024, 6, 10))
        assert listed(ledger, date(2024, 6, 9)) == []
        assert listed(ledger, date(2024, 6, 10)) == [A_DROP]
        assert one(ledger, today=date(2024, 6, 9)).state == "snoozed"
        assert one(ledger, today=date(2024, 6, 10)).state == "open"

    def test_a_resolution_by_hand_hides_until_the_condition_clears(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a")], AT)
        ledger.mark(A_DROP, "resolve", "Ann", AT)
        for month in (MAY, JUNE):
            ledger.sync(month, [state("a", evidence=f"as of {month}")], LATER)
            assert listed(ledger) == []
            assert (one(ledger).state, one(ledger).status) == ("resolved", "open")
        ledger.sync(JULY, [state("a", status="resolved")], LATER)
        ledger.sync("2024-08", [state("a", opened="2024-08")], LATER)
        assert listed(ledger) == ["a-drop-2024-08"]

    def test_an_escalation_brings_back_what_was_hidden(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a"), state("b")], AT)
        ledger.mark(A_DROP, "ack", "Ann", AT)
        ledger.mark(A_DROP, "resolve", "Ann", AT)
        ledger.mark(B_DROP, "snooze", "Bob", AT, until=date(2024, 12, 31))
        assert listed(ledger) == []
        ledger.sync(JUNE, [state("a", tier="medium"), state("b", tier="high")], LATER)
        assert listed(ledger) == [B_DROP, A_DROP]
        assert one(ledger).state == "acknowledged"
        returned = ledger.events(kinds=["returned"])
        assert [event.text for event in returned] == [
            "medium, higher than ever: the resolution by hand is over",
            "high, higher than ever: the snooze until 2024-12-31 is over",
        ]

    def test_a_tier_that_was_there_before_brings_nothing_back(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a", tier="high")], AT)
        ledger.sync(JUNE, [state("a", tier="low")], AT)
        ledger.mark(A_DROP, "resolve", "Ann", AT)
        ledger.sync(JULY, [state("a", tier="high")], LATER)
        assert listed(ledger) == []

    def test_reopening_takes_every_mark_back_but_the_notes(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a")], AT)
        ledger.mark(A_DROP, "ack", "Ann", AT)
        ledger.mark(A_DROP, "snooze", "Ann", AT, until=date(2024, 7, 1))
        ledger.mark(A_DROP, "resolve", "Ann", AT)
        ledger.mark(A_DROP, "note", "Ann", AT, text="called them")
        alert = ledger.mark(A_DROP, "reopen", "Bob", LATER, text="not done")
        assert alert.state == "open"
        assert (alert.acknowledged_at, alert.snoozed_until) == (None, None)
        assert alert.resolved_by_hand_at is None
        assert alert.notes == (Note(AT, "Ann", "called them"),)
        assert ledger.worklist(TODAY) == [alert]
        assert kinds(ledger)[-1] == "reopened"

    def test_the_same_mark_twice_is_one(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a")], AT)
        for by, at in (("Ann", AT), ("Bob", LATER)):
            ledger.mark(A_DROP, "ack", by, at)
            ledger.mark(A_DROP, "snooze", by, at, until=date(2024, 7, 1))
            ledger.mark(A_DROP, "resolve", by, at)
            ledger.mark(A_DROP, "note", "Ann", at, text="called")
        expected = ["opened", "acknowledged", "snoozed", "resolved_by_hand", "note"]
        assert kinds(ledger) == expected
        assert (one(ledger).acknowledged_at, one(ledger).acknowledged_by) == (AT, "Ann")
        for at in (AT, LATER):
            ledger.mark(A_DROP, "reopen", "Ann", at)
        assert kinds(ledger) == [*expected, "reopened"]

    def test_another_day_is_another_snooze(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a")], AT)
        ledger.mark(A_DROP, "snooze", "Ann", AT, until=date(2024, 7, 1))
        ledger.mark(A_DROP, "snooze", "Bob", LATER, until=date(2024, 6, 20), text="back earlier")
        assert (one(ledger).snoozed_until, one(ledger).snoozed_by) == (date(2024, 6, 20), "Bob")
        assert ledger.events()[-1].text == "until 2024-06-20 back earlier"

    def test_a_closed_alert_takes_only_notes(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a")], AT)
        ledger.sync(JUNE, [], AT)
        expected = r"alert a-drop-2024-05: is closed \(withdrawn in 2024-06\); of a closed one only"
        for kind in ("ack", "resolve", "reopen"):
            with pytest.raises(LedgerRefused, match=expected):
                ledger.mark(A_DROP, kind, "Ann", AT)  # type: ignore[arg-type]
        with pytest.raises(LedgerRefused, match=expected):
            ledger.mark(A_DROP, "snooze", "Ann", AT, until=date(2024, 7, 1))
        noted = ledger.mark(A_DROP, "note", "Ann", AT, text="was a wrong export")
        assert noted.notes == (Note(AT, "Ann", "was a wrong export"),)

    def test_the_beginning_of_an_id_is_enough(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a"), state("a", "gone"), state("A")], AT)
        assert ledger.mark("a-dr", "ack", "Ann", AT).alert_id == A_DROP
        assert ledger.mark("A-dr", "ack", "Ann", AT).alert_id == "A-drop-2024-05"

    def test_a_whole_id_is_not_the_beginning_of_another(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a", alert_id="x"), state("b", alert_id="xyzxyz")], AT)
        assert ledger.mark("x", "ack", "Ann", AT).client_id == "a"

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("a-d", "alert 'a-d': there is none of this id; give it whole, or at least its first"),
            ("b-drop", "alert 'b-drop': no alert's id begins so; list all to see the ids"),
            ("a%dr", "alert 'a%dr': no alert's id begins so"),
            (
                "a-drop",
                "alert 'a-drop': may be a-drop-2024-05, a-drop0, a-drop1, a-drop2, a-drop3 "
                "and 3 more; give more of the id",
            ),
        ],
    )
    def test_an_alert_that_cannot_be_told_is_refused(
        self, ledger: Ledger, given: str, expected: str
    ) -> None:
        ledger.sync(
            MAY, [state("a"), *(state(f"c{i}", alert_id=f"a-drop{i}") for i in range(7))], AT
        )
        with pytest.raises(LedgerRefused) as refused:
            ledger.mark(given, "ack", "Ann", AT)
        assert str(refused.value).startswith(expected)

    @pytest.mark.parametrize(
        ("kind", "by", "more", "expected"),
        [
            ("snooze", "Ann", {}, "a snooze, and nothing else, has a day on which it ends"),
            ("ack", "Ann", {"until": date(2024, 7, 1)}, "a snooze, and nothing else, has a day"),
            (
                "snooze",
                "Ann",
                {"until": TODAY},
                "a snooze until 2024-06-03 is over by 2024-06-03; give a later day",
            ),
            ("note", "Ann", {"text": " "}, "the note is empty; write something"),
            ("ack", " ", {}, "nobody marks it; say who does"),
        ],
    )
    def test_a_mark_that_says_nothing_is_refused(
        self, ledger: Ledger, kind: Any, by: str, more: Any, expected: str
    ) -> None:
        ledger.sync(MAY, [state("a")], AT)
        with pytest.raises(LedgerRefused, match=expected):
            ledger.mark(A_DROP, kind, by, AT, **more)
        assert kinds(ledger) == ["opened"]

    # ---------------------------------------------------------------------------------- questions

    def test_the_worklist_is_by_tier_then_due_date_then_client(self, ledger: Ledger) -> None:
        soon = date(2024, 6, 5)
        states = [
            state("a", "r1"),
            state("a", "r2", tier="high"),
            state("b", "r1", tier="medium"),
            state("b", "r2", due_date=soon),
            state("B", "r3", due_date=soon),
            state("c", "r1", tier="high", due_date=soon, owner="Bob"),
            state("c", "r2", folded=True),
        ]
        ledger.sync(MAY, states, AT)
        found = [(alert.client_id, alert.rule) for alert in ledger.worklist(TODAY)]
        assert found == [
            ("c", "r1"),
            ("a", "r2"),
            ("b", "r1"),
            ("B", "r3"),
            ("b", "r2"),
            ("a", "r1"),
        ]
        assert listed(ledger, owner="Bob") == ["c-r1-2024-05"]
        assert listed(ledger, client="a", tier="high") == ["a-r2-2024-05"]
        assert listed(ledger, client="Client b", rule="r1") == ["b-r1-2024-05"]
        assert listed(ledger, client="c", everything=True) == ["c-r1-2024-05", "c-r2-2024-05"]
        assert listed(ledger, client="d") == []

    def test_events_since_a_month(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a")], AT)
        ledger.sync(JUNE, [state("a", tier="medium"), state("b", opened=JUNE)], AT)
        ledger.mark(A_DROP, "ack", "Ann", AT)
        found = [(event.alert_id, event.kind) for event in ledger.events(JUNE)]
        assert found == [
            (A_DROP, "escalated"),
            ("b-drop-2024-06", "opened"),
            (A_DROP, "acknowledged"),
        ]
        assert [event.kind for event in ledger.events(JUNE, kinds=["opened"])] == ["opened"]
        assert ledger.events(JULY) == []

    def test_marks_for_accounting(self, ledger: Ledger) -> None:
        ledger.sync(MAY, [state("a"), state("b")], AT)
        ledger.mark(A_DROP, "ack", "Ann", AT)
        ledger.mark(A_DROP, "resolve", "Ann", LATER)
        assert ledger.marks() == {
            A_DROP: Marks("a", "drop", MAY, AT, LATER),
            B_DROP: Marks("b", "drop", MAY, None, None),
        }

    def test_times_are_told_in_utc_whatever_the_zone(self, ledger: Ledger) -> None:
        tokyo = timezone(timedelta(hours=9))
        ledger.sync(MAY, [state("a")], datetime(2024, 6, 3, 18, 30, tzinfo=tokyo))
        [event] = ledger.events()
        assert event.at == AT
        assert event.at.utcoffset() == timedelta(0)

    # ----------------------------------------------------------------- refused, and all or nothing

    @pytest.mark.parametrize(
        ("month", "states", "at", "expected"),
        [
            ("2024-13", [], AT, "'2024-13' is not a month: expected YYYY-MM"),
            (
                JUNE,
                [state("b"), state("b", opened=JUNE)],
                AT,
                "2024-06 has two states of client 'b', rule 'drop'",
            ),
            (
                JUNE,
                [state("b", alert_id=A_DROP)],
                AT,
                "alert 'a-drop-2024-05' of client 'b' is another's, too",
            ),
            (JUNE, [state("b")], datetime(2024, 6, 3), "2024-06-03 00:00:00 has no time zone"),
        ],
    )
    def test_what_cannot_be_is_no_change(
        self, ledger: Ledger, month: str, states: Any, at: datetime, expected: str
    ) -> None:
        ledger.sync(MAY, [state("a")], AT)
        before = dump(ledger)
        with pytest.raises(ValueError, match=expected):
            ledger.sync(month, states, at)
        assert dump(ledger) == before

    # ---------------------------------------------------------------------------------- over time

    def test_what_was_marked_is_there_when_it_is_opened_again(self, place: str) -> None:
        with open_ledger(place) as ledger:
            ledger.sync(MAY, [state("a")], AT)
            ledger.mark(A_DROP, "ack", "Ann", AT)
            before = dump(ledger)
        with open_ledger(place) as ledger:
            assert dump(ledger) == before

    def test_two_processes_sync_at_once(self, place: str) -> None:
        context = multiprocessing.get_context("spawn")
        start, errors = context.Barrier(2), context.Queue()
        processes = [
            context.Process(target=sync_often, args=(place, tier, start, errors))
            for tier in ("low", "high")
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(120)
        assert [process.exitcode for process in processes] == [0, 0], errors.get(timeout=10)
        with open_ledger(place) as ledger:
            assert len(ledger.worklist(TODAY, everything=True)) == 30
            found = told(ledger, MAY)
            assert len(found) == len({(alert, tier) for alert, _, tier in found})
            assert {alert for alert, _, tier in found if tier == "high"} == {
                f"c{i}-drop-2024-05" for i in range(30)
            }
