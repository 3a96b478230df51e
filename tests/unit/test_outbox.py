"""The outbox: what processes may do to one another's messages, and how long things wait."""

import os
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from healthscore_assets.delivery.channels.channel import Fate, Letter, Outcome
from healthscore_assets.delivery.documents.document import Document
from healthscore_assets.delivery.outbox.message import Message
from healthscore_assets.delivery.outbox.outbox import Outbox, open_outbox
from healthscore_assets.delivery.outbox.putting import matter
from healthscore_assets.delivery.planning.composed import Composed
from healthscore_assets.delivery.sending import Sender
from healthscore_assets.delivery.settings import Address
from healthscore_assets.lookups.secrets import SecretMissing

AT = datetime(2024, 6, 3, 9, tzinfo=UTC)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return open_outbox(str(tmp_path / "ledger.sqlite"))


def message(about: str, channel: str = "one", purpose: str = "operators") -> Message:
    document = Document(purpose=purpose, title=about)  # type: ignore[arg-type]
    return Message(about, Address(channel=channel), document)


def minutes(count: float) -> datetime:
    return AT + timedelta(minutes=count)


def claim(outbox: Outbox, at: datetime, by: str = "a", gone: bool = False, leave=()):
    return outbox.claim(at, at, by, lambda _: gone, leave)


def test_a_message_is_put_in_once(outbox: Outbox) -> None:
    assert len(outbox.queue([message("x"), message("x"), message("y")], AT)) == 2
    assert outbox.queue([message("x")], minutes(60 * 24 * 400)) == []
    assert outbox.not_there([message("x"), message("z")]) == [message("z")]
    assert message("x").key != message("x", "two").key != message("x", "two", "trial").key


def test_the_most_urgent_goes_first_then_the_oldest(outbox: Outbox) -> None:
    outbox.queue([message("d", purpose="digest")], AT)
    outbox.queue([message("p", purpose="portfolio"), message("a", purpose="alerts")], minutes(1))
    outbox.queue([message("o")], minutes(2))
    order = []
    while (claimed := claim(outbox, minutes(3))) is not None:
        order.append(claimed.about)
    assert order == ["a", "o", "d", "p"]


def test_two_processes_never_have_one_message(outbox: Outbox) -> None:
    outbox.queue([message("x")], AT)
    first = claim(outbox, AT, "a")
    assert first is not None
    assert claim(outbox, AT, "b") is None
    assert claim(outbox, minutes(29.9), "b") is None
    outbox.renew(first, minutes(29.9))  # a tries once more
    assert claim(outbox, minutes(59.8), "b") is None
    second = claim(outbox, minutes(59.9), "b")  # a was too slow
    assert second is not None
    assert (second.key, second.attempts) == (first.key, 2)
    # What a says now is not taken: b is at it.
    outbox.record(first, Outcome(Fate.LATER, "late"), minutes(60))
    outbox.give_up(first, "late", minutes(60))
    outbox.renew(first, minutes(60))
    assert [each.state for each in outbox.unsent()] == ["sending"]
    outbox.record(second, Outcome(Fate.SENT), minutes(60.2))
    outbox.record(first, Outcome(Fate.LATER, "later still"), minutes(60.3))
    assert [each.state for each in outbox.since(AT)] == ["sent"]


def test_what_a_process_that_is_gone_was_at_is_taken_over_at_once(outbox: Outbox) -> None:
    outbox.queue([message("x")], AT)
    first = claim(outbox, AT, "a")
    assert first is not None
    assert not first.orphaned
    # But after what waits: it may be what ended the process.
    outbox.queue([message("later", purpose="trial")], minutes(0.1))
    waiting = claim(outbox, minutes(0.1), "b", gone=True)
    assert waiting is not None
    assert waiting.about == "later"
    outbox.record(waiting, Outcome(Fate.SENT), minutes(0.1))
    orphan = claim(outbox, minutes(0.1), "b", gone=True)
    assert orphan is not None
    assert (orphan.about, orphan.orphaned, orphan.attempts) == ("x", True, 2)


@pytest.mark.parametrize(("attempt", "waits"), [(1, 1), (2, 5), (3, 15), (4, 60), (5, 60), (9, 60)])
def test_the_next_attempts_are_further_and_further_away(
    outbox: Outbox, attempt: int, waits: int
) -> None:
    outbox.queue([message("x")], AT)
    at = AT
    for _ in range(attempt):
        claimed = claim(outbox, at)
        assert claimed is not None
        outbox.record(claimed, Outcome(Fate.LATER, "busy"), at)
        (waiting,) = outbox.unsent()
        tried, at = at, waiting.next_at
    assert at - tried == timedelta(minutes=waits)
    assert claim(outbox, at - timedelta(seconds=1)) is None
    assert outbox.is_due(at)
    assert not outbox.is_due(at - timedelta(seconds=1))
    assert waiting.said == "busy"


def test_a_server_that_asks_for_more_time_gets_it(outbox: Outbox) -> None:
    outbox.queue([message("x")], AT)
    claimed = claim(outbox, AT)
    assert claimed is not None
    outbox.record(claimed, Outcome(Fate.LATER, "", 7200), AT)
    assert outbox.unsent()[0].next_at == minutes(120)
    outbox.hurry(minutes(2))
    assert claim(outbox, minutes(2)) is not None


def test_of_the_scores_for_a_system_only_the_newest_wait(outbox: Outbox) -> None:
    outbox.queue([message("2024-05 a", "hubspot", "scores")], AT)
    outbox.queue([message("2024-05 a", "zendesk", "scores")], AT)
    outbox.queue([message("2024-05 b", "hubspot", "scores")], minutes(1))
    waiting = {(each.channel, each.about) for each in outbox.unsent()}
    assert waiting == {("zendesk", "2024-05 a"), ("hubspot", "2024-05 b")}
    assert [each.state for each in outbox.since(AT)].count("superseded") == 1


def push(outbox: Outbox, about: str, at: datetime) -> str | None:
    """Queue scores and send them; what they were about by then."""
    if not outbox.queue([message(about, "hubspot", "scores")], at):
        return None
    claimed = claim(outbox, at)
    assert claimed is not None
    outbox.record(claimed, Outcome(Fate.SENT), at)
    return claimed.about


def test_scores_that_were_sent_are_sent_again_only_after_others(outbox: Outbox) -> None:
    assert push(outbox, "2024-05 a", minutes(0)) == "2024-05 a"
    assert push(outbox, "2024-05 a", minutes(1)) is None
    assert push(outbox, "2024-05 b", minutes(2)) == "2024-05 b"
    assert push(outbox, "2024-05 a", minutes(3)) == "2024-05 a, again 1"
    assert push(outbox, "2024-05 a", minutes(4)) is None
    assert push(outbox, "2024-05 b", minutes(5)) == "2024-05 b, again 1"
    assert push(outbox, "2024-05 a", minutes(6)) == "2024-05 a, again 2"
    assert len({each.key for each in outbox.since(AT)}) == 5
    assert matter("2024-05 a, again 2") == "2024-05 a"


def test_scores_that_others_took_the_place_of_unsent_may_come_back(outbox: Outbox) -> None:
    outbox.queue([message("2024-05 a", "hubspot", "scores")], AT)
    outbox.queue([message("2024-05 b", "hubspot", "scores")], minutes(1))
    (back,) = outbox.queue([message("2024-05 a", "hubspot", "scores")], minutes(2))
    assert back.about == "2024-05 a, again 1"
    assert [each.about for each in outbox.unsent()] == ["2024-05 a, again 1"]


def test_no_two_pushes_to_a_system_at_once(outbox: Outbox) -> None:
    outbox.queue([message("2024-05 a", "hubspot", "scores")], AT)
    older = claim(outbox, AT, "a")
    assert older is not None
    outbox.queue([message("2024-06 a", "hubspot", "scores")], minutes(1))
    outbox.queue([message("2024-06 a", "zendesk", "scores")], minutes(1))
    other = claim(outbox, minutes(1), "b")
    assert other is not None
    assert other.channel == "zendesk"
    assert claim(outbox, minutes(1), "b") is None
    outbox.record(older, Outcome(Fate.SENT), minutes(2))
    newer = claim(outbox, minutes(2), "b")
    assert newer is not None
    assert (newer.channel, newer.about) == ("hubspot", "2024-06 a")


def test_a_channel_that_is_put_off_is_put_off_with_all_that_waits(outbox: Outbox) -> None:
    outbox.queue([message("a"), message("b"), message("c", "two")], AT)
    outbox.put_off("one", minutes(5))
    assert claim(outbox, minutes(1)).about == "c"  # type: ignore[union-attr]
    assert claim(outbox, minutes(1)) is None
    assert claim(outbox, minutes(5)) is not None


def test_what_waits_can_be_dropped(outbox: Outbox) -> None:
    outbox.queue([message("a"), message("b"), message("c")], AT)
    assert outbox.drop([message("a").key, "unknown"], minutes(1)) == 1
    assert [each.about for each in outbox.unsent()] == ["b", "c"]
    assert outbox.drop(None, minutes(1)) == 2
    assert claim(outbox, minutes(2)) is None
    scores = message("2024-05 a", "hubspot", "scores")
    outbox.queue([scores], minutes(3))
    outbox.drop(None, minutes(3))
    assert outbox.queue([scores], minutes(4)) == []


def test_a_document_of_another_version_is_given_up_and_holds_up_nothing(
    outbox: Outbox, tmp_path: Path
) -> None:
    outbox.queue([message("a", purpose="alerts"), message("b")], AT)
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as connection, connection:
        connection.execute("""UPDATE delivery_messages SET document = '{"of": "the future"}'
                              WHERE about = 'a'""")
    claimed = claim(outbox, AT)
    assert claimed is not None
    assert claimed.about == "b"
    (given_up,) = outbox.given_up()
    assert given_up.said.startswith("this version of healthscore cannot read it")


def test_the_texts_of_what_was_sent_are_forgotten_after_some_weeks(
    outbox: Outbox, tmp_path: Path
) -> None:
    outbox.queue([message("sent"), message("given up"), message("waits")], AT)
    for _ in range(3):
        claimed = claim(outbox, AT)
        assert claimed is not None
        if claimed.about == "sent":
            outbox.record(claimed, Outcome(Fate.SENT), AT)
        elif claimed.about == "given up":
            outbox.give_up(claimed, "no", AT)
        else:
            outbox.record(claimed, Outcome(Fate.LATER), AT)

    def documents() -> dict[str, bool]:
        with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as connection:
            rows = connection.execute("SELECT about, document != '' FROM delivery_messages")
            return {about: bool(kept) for about, kept in rows}

    day = AT + timedelta(days=39)
    outbox.fill(day, day.date(), lambda _: Composed())
    assert documents() == {"sent": True, "given up": True, "waits": True}
    day = AT + timedelta(days=41)
    outbox.fill(day, day.date(), lambda _: Composed())
    assert documents() == {"sent": False, "given up": True, "waits": True}
    assert outbox.queue([message("sent")], day) == []


# ------------------------------------------------------------------------------------ a whole pass


class Scripted:
    """A channel that does what it is told; a pass takes no more of it than that."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.letters: list[Letter] = []

    def send(self, letter: Letter) -> Outcome:
        self.letters.append(letter)
        return self.outcomes.pop(0) if self.outcomes else Outcome(Fate.SENT)


class Time:
    """A clock that goes on while somebody sleeps."""

    def __init__(self) -> None:
        self.at = AT
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


def sender(outbox: Outbox, tmp_path: Path, time: Time, **channels: Scripted) -> Sender:
    def opened(name: str) -> Scripted:
        if name == "no_secret":
            raise SecretMissing("HOOK is not set; set the environment variable HOOK")
        return channels[name]

    return Sender(
        outbox=outbox,
        open_channel=opened,
        dead_letters=tmp_path / "deep" / "dead_letters.jsonl",
        give_up_after=timedelta(days=3),
        clock=lambda: time.at,
        sleep=time.sleep,
        by="me",
        is_gone=lambda _: False,
    )


LATER = Outcome(Fate.LATER, "busy")


def test_what_a_server_does_not_take_is_tried_three_times_within_seconds(
    outbox: Outbox, tmp_path: Path
) -> None:
    outbox.queue([message("x")], AT)
    time, channel = Time(), Scripted(LATER, LATER)
    (attempt,) = sender(outbox, tmp_path, time, one=channel).send_waiting()
    assert attempt.became == "sent"
    assert len({letter.key for letter in channel.letters}) == 1
    assert len(channel.letters) == 3
    assert [1 <= waited <= 11 for waited in time.slept] == [True, True]


def test_the_time_that_a_server_asks_for_is_waited_if_it_is_short(
    outbox: Outbox, tmp_path: Path
) -> None:
    outbox.queue([message("x")], AT)
    time, channel = Time(), Scripted(Outcome(Fate.LATER, "", 20), Outcome(Fate.LATER, "", 3600))
    (attempt,) = sender(outbox, tmp_path, time, one=channel).send_waiting()
    assert attempt.became == "waits"
    assert time.slept == [20]
    assert outbox.unsent()[0].next_at == AT + timedelta(seconds=20 + 3600)


def test_a_channel_that_refuses_is_left_alone_and_holds_up_no_other(
    outbox: Outbox, tmp_path: Path
) -> None:
    names = ["no_secret", "gone", "bad", "good"]
    outbox.queue([message(f"{n}", channel) for channel in names for n in range(3)], AT)
    bad, good = Scripted(Outcome(Fate.CHANNEL_REFUSED, "expired")), Scripted()
    made = list(sender(outbox, tmp_path, Time(), bad=bad, good=good).send_waiting())
    assert len(bad.letters) == 1
    assert len(good.letters) == 3
    said = {a.message.channel: a.outcome.says for a in made if a.became == "waits"}
    assert said == {
        "no_secret": "channel no_secret: HOOK is not set; set the environment variable HOOK",
        "gone": "channel gone: is in lookups/delivery.yaml no more; add it again",
        "bad": "expired",
    }
    assert len(made) == 6


def test_a_message_that_is_put_off_does_not_hold_up_the_next(
    outbox: Outbox, tmp_path: Path
) -> None:
    outbox.queue([message("a"), message("b"), message("c"), message("d")], AT)
    once = Scripted(LATER, LATER, LATER)  # three tries of the first
    made = list(sender(outbox, tmp_path, Time(), one=once).send_waiting())
    assert [each.became for each in made] == ["waits", "sent", "sent", "sent"]
    outbox.queue([message("e"), message("f"), message("g")], minutes(1))
    away = Scripted(*[LATER] * 99)
    time = Time()
    time.at = minutes(2)
    made = list(sender(outbox, tmp_path, time, one=away).send_waiting())
    assert len(made) == 2  # then the server is left alone


def test_after_some_days_it_is_given_up_and_can_be_tried_anew(
    outbox: Outbox, tmp_path: Path
) -> None:
    outbox.queue([message("x")], AT)
    time = Time()
    time.at = AT + timedelta(days=3)
    channel = Scripted(Outcome(Fate.CHANNEL_REFUSED, "expired"))
    at_work = sender(outbox, tmp_path, time, one=channel)
    (attempt,) = at_work.send_waiting()
    assert attempt.became == "given up"
    assert '"reason": "expired"' in at_work.dead_letters.read_text()
    assert list(at_work.send_waiting()) == []
    assert outbox.again(["no such key"], time.at) == 0
    assert outbox.again(None, time.at) == 1
    (attempt,) = at_work.send_waiting()
    assert (attempt.became, attempt.message.attempts) == ("sent", 1)
    assert channel.letters[0].key == channel.letters[1].key


def test_what_no_process_survives_is_given_up_in_the_end(outbox: Outbox, tmp_path: Path) -> None:
    outbox.queue([message("x")], AT)
    assert outbox.claim(AT, AT, "of before", lambda _: True) is not None
    time, channel = Time(), Scripted()
    at_work = replace(sender(outbox, tmp_path, time, one=channel), is_gone=lambda _: True)
    time.at = AT + timedelta(days=3)
    (attempt,) = at_work.send_waiting()
    assert attempt.became == "given up"
    assert channel.letters == []
    assert "every process that was at it ended" in at_work.dead_letters.read_text()


def test_a_file_of_dead_letters_that_cannot_be_written_loses_nothing(
    outbox: Outbox, tmp_path: Path
) -> None:
    outbox.queue([message("x"), message("y")], AT)
    (tmp_path / "deep").write_text("a file where a folder should be")
    channel = Scripted(Outcome(Fate.REFUSED, "no such person"))
    made = list(sender(outbox, tmp_path, Time(), one=channel).send_waiting())
    assert [each.became for each in made] == ["waits", "sent"]
    assert "dead_letters.jsonl cannot be written" in made[0].says
    assert [each.about for each in outbox.unsent()] == ["x"]


def test_no_text_of_others_reaches_the_terminal_as_it_is(outbox: Outbox, tmp_path: Path) -> None:
    outbox.queue([message("x\x1b[31m\u202ey")], AT)
    (attempt,) = sender(outbox, tmp_path, Time(), one=Scripted()).send_waiting()
    assert attempt.says.isprintable()
    assert "x\ufffd[31m\ufffdy" in attempt.says


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_only_its_owner_can_read_what_was_given_up(
    outbox: Outbox, tmp_path: Path, umask: int
) -> None:
    outbox.queue([message("x")], AT)
    at_work = sender(outbox, tmp_path, Time(), one=Scripted(Outcome(Fate.REFUSED, "no")))
    before = os.umask(umask)
    try:
        (attempt,) = at_work.send_waiting()
    finally:
        os.umask(before)
    assert attempt.given_up
    assert stat.filemode(at_work.dead_letters.stat().st_mode) == "-rw-------"


def test_a_message_that_will_never_be_taken_is_given_up_at_once(
    outbox: Outbox, tmp_path: Path
) -> None:
    outbox.queue([message("x"), message("y")], AT)
    channel = Scripted(Outcome(Fate.REFUSED, "no such person"))
    made = list(sender(outbox, tmp_path, Time(), one=channel).send_waiting())
    assert [each.became for each in made] == ["given up", "sent"]
