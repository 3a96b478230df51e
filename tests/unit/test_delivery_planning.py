"""Which owners are told of which alerts, and when: told by hand against a real ledger."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from ledger_examples import state

from healthscore_assets.delivery.outbox.message import Message
from healthscore_assets.delivery.outbox.notes import Note
from healthscore_assets.delivery.outbox.outbox import Outbox, open_outbox
from healthscore_assets.delivery.planning.alerts import messages_about_alerts
from healthscore_assets.delivery.planning.composed import Composed
from healthscore_assets.delivery.planning.operators import warnings_of_the_day
from healthscore_assets.delivery.settings import Address, DeliverySettings
from healthscore_assets.risk.ledger.ledger import Ledger, open_ledger

MONDAY = date(2024, 6, 3)
AT = datetime(2024, 6, 3, 9, tzinfo=UTC)
ANA = Address(channel="mail", to="ana@example.com")
SETTINGS = DeliverySettings.model_validate(
    {
        "channels": {
            "mail": {"kind": "email", "host": "h", "sender": "s@example.com"},
            "chat": {"kind": "teams", "webhook": "CHAT"},
        },
        "people": {
            "Ana": ANA.model_dump(),
            "Ben": [{"channel": "mail", "to": "ben@x"}, {"channel": "chat"}],
        },
        "operators": {"channel": "chat"},
    }
)
TITLES = {"drop": "Health dropped"}


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "ledger.sqlite")


@pytest.fixture
def ledger(place: str) -> Iterator[Ledger]:
    with open_ledger(place) as opened:
        yield opened


@pytest.fixture
def outbox(place: str) -> Iterator[Outbox]:
    with open_outbox(place) as opened:
        yield opened


def fill(
    outbox: Outbox, today: date = MONDAY, digest_of: date | None = None, settings=SETTINGS
) -> list[Message]:
    def compose(news) -> Composed:
        return messages_about_alerts(news, settings, TITLES, today, digest_of)

    return outbox.fill(datetime.combine(today, AT.timetz()), today, compose)


def told(messages: list[Message]) -> list[tuple[str, str, str]]:
    return [
        (each.purpose, each.address.to or each.address.channel, each.about) for each in messages
    ]


def lines(message: Message) -> dict[str, list[str]]:
    return {s.heading: [line.text for line in s.lines] for s in message.document.sections}


def test_strong_alerts_go_at_once_and_the_others_in_the_digest_of_the_day(
    ledger: Ledger, outbox: Outbox
) -> None:
    ledger.sync(
        "2024-05",
        [
            state("acme", tier="high", owner="Ana"),
            state("bolt", tier="high", owner="Ana"),
            state("core", tier="low", owner="Ana"),
            state("dune", tier="medium", owner="Ben"),
        ],
        AT,
    )
    first = ledger.worklist(MONDAY, client="acme")[0].alert_id
    (at_once,) = fill(outbox)
    assert told([at_once]) == [("alerts", "ana@example.com", f"Ana, {first} opened high")]
    assert at_once.document.title == "2 urgent alerts: Client acme, Client bolt"
    assert lines(at_once) == {
        "Act on these first (2)": ["Client acme: Health dropped", "Client bolt: Health dropped"]
    }
    assert fill(outbox) == []
    digests = fill(outbox, digest_of=MONDAY)
    assert told(digests) == [
        ("digest", "ana@example.com", "Ana 2024-06-03"),
        ("digest", "ben@x", "Ben 2024-06-03"),
        ("digest", "chat", "Ben 2024-06-03"),
    ]
    assert lines(digests[0]) == {
        "New or stronger": ["Client core: Health dropped"],
        "Also open (2)": ["Client acme: Health dropped", "Client bolt: Health dropped"],
    }
    assert len({each.key for each in [at_once, *digests]}) == 4
    assert fill(outbox, digest_of=MONDAY) == []


def test_one_digest_a_day_and_what_comes_after_it_waits_for_the_next(
    ledger: Ledger, outbox: Outbox
) -> None:
    ledger.sync("2024-05", [state("acme", tier="low", owner="Ana")], AT)
    assert len(fill(outbox, digest_of=MONDAY)) == 1
    both = [state("acme", tier="low", owner="Ana"), state("core", tier="low", owner="Ana")]
    ledger.sync("2024-05", both, AT)
    assert fill(outbox, digest_of=MONDAY) == []
    tuesday = date(2024, 6, 4)
    (digest,) = fill(outbox, tuesday, tuesday)
    assert lines(digest) == {
        "New or stronger": ["Client core: Health dropped"],
        "Also open": ["Client acme: Health dropped"],
    }
    wednesday = date(2024, 6, 5)
    assert fill(outbox, wednesday, wednesday) == []  # nothing new, nothing due


def test_an_alert_that_escalates_to_high_before_the_digest_is_told_once(
    ledger: Ledger, outbox: Outbox
) -> None:
    ledger.sync("2024-05", [state("acme", tier="medium", owner="Ana")], AT)
    ledger.sync("2024-06", [state("acme", tier="high", owner="Ana")], AT)
    (message,) = fill(outbox)
    assert message.purpose == "alerts"
    assert fill(outbox, digest_of=MONDAY) == []
    assert lines(message) == {"Act on these first": ["Client acme: Health dropped"]}


def test_strong_alerts_are_in_the_digest_where_that_is_due_by_now(
    ledger: Ledger, outbox: Outbox
) -> None:
    states = [state("acme", tier="low", owner="Ana"), state("bolt", tier="high", owner="Ana")]
    ledger.sync("2024-05", states, AT)
    (digest,) = fill(outbox, digest_of=MONDAY)
    assert digest.document.title == "Alerts for Ana, 3 June: 2 new (1 urgent), 2 open"
    assert lines(digest) == {
        "New or stronger (2)": ["Client bolt: Health dropped", "Client acme: Health dropped"]
    }
    assert fill(outbox) == []


def test_what_closed_or_was_hidden_before_it_was_told_is_not_told(
    ledger: Ledger, outbox: Outbox
) -> None:
    ledger.sync(
        "2024-05",
        [
            state("acme", tier="high", owner="Ana"),
            state("bolt", tier="low", owner="Ana"),
            state("core", tier="low", owner="Ana"),
        ],
        AT,
    )
    ids = {each.client_id: each.alert_id for each in ledger.worklist(MONDAY)}
    ledger.mark(ids["acme"], "resolve", "Ana", AT)
    ledger.mark(ids["bolt"], "snooze", "Ana", AT, until=date(2024, 6, 10))
    ledger.sync(
        "2024-06",
        [state("acme", tier="high", owner="Ana"), state("bolt", tier="low", owner="Ana")],
        AT,
    )
    assert fill(outbox, digest_of=MONDAY) == []
    # The snooze is over, and it was not told yet.
    tenth = date(2024, 6, 10)
    (digest,) = fill(outbox, tenth, tenth)
    assert lines(digest) == {"New or stronger": ["Client bolt: Health dropped"]}


def test_what_falls_due_makes_a_digest_once(ledger: Ledger, outbox: Outbox) -> None:
    due = [
        state("acme", tier="low", owner="Ana", due_date=date(2024, 6, 9)),  # a Sunday
        state("bolt", tier="low", owner="Ana", due_date=date(2024, 6, 20)),
    ]
    ledger.sync("2024-05", due, AT)
    fill(outbox, digest_of=MONDAY)
    friday = date(2024, 6, 7)
    assert fill(outbox, friday, friday) == []
    monday = date(2024, 6, 10)
    (digest,) = fill(outbox, monday, monday)
    assert digest.document.title == "Alerts for Ana, 10 June: 1 due, 2 open"
    assert lines(digest) == {
        "Due": ["Client acme: Health dropped"],
        "Also open": ["Client bolt: Health dropped"],
    }
    tuesday = date(2024, 6, 11)
    assert fill(outbox, tuesday, tuesday) == []


def test_what_fell_due_while_nothing_ran_is_told_afterwards(ledger: Ledger, outbox: Outbox) -> None:
    due = [state("acme", tier="low", owner="Ana", due_date=date(2024, 6, 4))]
    ledger.sync("2024-05", due, AT)
    fill(outbox, digest_of=MONDAY)
    friday = date(2024, 6, 7)  # nothing ran from Tuesday to Thursday
    (digest,) = fill(outbox, friday, friday)
    assert lines(digest) == {"Due": ["Client acme: Health dropped"]}


def test_an_owner_without_an_address_is_told_of_and_later_told(
    ledger: Ledger, outbox: Outbox
) -> None:
    ledger.sync("2024-05", [state("acme", tier="high", owner="Cleo")], AT)
    composed = messages_about_alerts(outbox.news(AT, MONDAY), SETTINGS, TITLES, MONDAY, MONDAY)
    assert composed == Composed(unaddressed=(("Cleo", 1),))
    assert fill(outbox, digest_of=MONDAY) == []
    others = SETTINGS.model_copy(update={"others": (ANA,)})
    (message,) = fill(outbox, settings=others)
    assert message.document.intro == "For Cleo."


def test_of_many_alerts_the_number_is_told(ledger: Ledger, outbox: Outbox) -> None:
    many = [state(f"client-{n:03}", tier="low", owner="Ana") for n in range(45)]
    ledger.sync("2024-05", many, AT)
    (digest,) = fill(outbox, digest_of=MONDAY)
    (section,) = digest.document.sections
    assert section.heading == "New or stronger (45)"
    assert len(section.lines) == 21
    assert section.lines[-1].text == "... and 25 more: healthscore alerts list --owner Ana"
    assert len(digest.document.data["new"]) == 45


def test_a_warning_is_told_once_until_it_says_something_else(outbox: Outbox) -> None:
    note = Note("2024-05 alerts, share", "30 % of the clients")
    assert outbox.note([note, Note("2024-06 alerts, share", "40 %")], AT) == 2
    assert outbox.note([note], AT) == 0

    def compose(notes):
        return warnings_of_the_day(notes, SETTINGS, MONDAY)

    (message,) = outbox.fill_notes(AT, compose)
    assert message.document.title == "2 warnings of the last runs"
    assert [line.detail for s in message.document.sections for line in s.lines] == [
        "30 % of the clients",
        "40 %",
    ]
    assert outbox.fill_notes(AT, compose) == []
    assert outbox.note([note], AT) == 0
    assert outbox.note([Note(note.subject, "31 %"), Note(note.subject, "32 %")], AT) == 2
    assert outbox.fill_notes(AT, compose) == []  # the message of the day is out
    assert [each.text for each in outbox.untold_notes()] == ["32 %"]
    tuesday = date(2024, 6, 4)
    (message,) = outbox.fill_notes(AT, lambda notes: warnings_of_the_day(notes, SETTINGS, tuesday))
    assert [line.detail for s in message.document.sections for line in s.lines] == ["32 %"]
    assert warnings_of_the_day([note], SETTINGS, None) == []
