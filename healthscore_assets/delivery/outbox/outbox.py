"""The outbox: messages are put in once, taken by one process at a time, and recorded once."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from healthscore_assets.delivery.channels.channel import Fate, Outcome
from healthscore_assets.delivery.outbox import claims, putting
from healthscore_assets.delivery.outbox import news as asked
from healthscore_assets.delivery.outbox.message import (
    Claimed,
    Message,
    Queued,
    claim_lasts,
)
from healthscore_assets.delivery.outbox.news import News
from healthscore_assets.delivery.outbox.notes import Note, note_once, untold_notes
from healthscore_assets.delivery.outbox.tables import MESSAGES, NOTES, TOLD
from healthscore_assets.delivery.planning.composed import Composed
from healthscore_assets.risk.ledger.database import Database, InDatabase
from healthscore_assets.risk.ledger.migrating import migrate
from healthscore_assets.risk.ledger.place import ledger_place
from healthscore_assets.risk.ledger.syncing import held_month

_AGAIN_AFTER = (1, 5, 15, 60)
"""Minutes to the next attempts; from the last on it stays so."""

_REMEMBERED = timedelta(days=40)
"""For so long what was queued is looked at by composers; keys are refused twice for good."""

_UNSENT = MESSAGES.c.state.in_(["waiting", "sending"])


def open_outbox(place: str) -> "Outbox":
    """The outbox in the database of the alert ledger; see `open_ledger` for what it raises."""
    database = Database(ledger_place(place))
    migrate(database)
    return Outbox(database)


class Outbox(InDatabase):
    """Messages that wait, are being sent, and were; threads and processes may share it.

    A message is put in with what it tells of, in one transaction. To send it, a process claims it,
    hands it over, and records what came of it, each in a transaction of its own: where a process
    dies between the last two, the message is sent again, under the same key, and nowhere else.

    Every method may raise LedgerUnavailable, and LedgerRefused where the file is damaged.
    """

    def news(self, at: datetime, today: date) -> News:
        """What there is to tell of alerts."""
        with self._database.reading() as connection:
            return asked.news(connection, today, at - _REMEMBERED)

    def newest_event(self) -> int:
        """The number of the newest event of the ledger; 0 without any."""
        with self._database.reading() as connection:
            return asked.newest_event(connection)

    def fill(self, at: datetime, today: date, compose: Callable[[News], Composed]) -> list[Message]:
        """Put in what ``compose`` makes of the news, and remember what it tells of.

        Returns the messages that were not there yet.
        """
        with self._database.writing() as connection:
            held_month(connection)  # nobody else composes, or changes alerts, until this is over
            putting.forget_documents(connection, at - _REMEMBERED)
            composed = compose(asked.news(connection, today, at - _REMEMBERED))
            if composed.tells:
                rows = [{"event_id": event, "about": about} for event, about in composed.tells]
                connection.execute(TOLD.insert(), rows)
            return putting.put(connection, composed.messages, at)

    def queue(self, messages: Sequence[Message], at: datetime) -> list[Message]:
        """Put in messages; one whose key was ever there is not put in again.

        Of the scores for a system only the newest wait. Returns those that were not there yet.
        """
        with self._database.writing() as connection:
            held_month(connection)
            return putting.put(connection, messages, at)

    def note(self, notes: Iterable[Note], at: datetime) -> int:
        """Keep what operators are told once a day; what was the last word on its subject is not.

        Returns how many were kept.
        """
        with self._database.writing() as connection:
            held_month(connection)
            return sum(note_once(connection, each, at) for each in notes)

    def fill_notes(
        self, at: datetime, compose: Callable[[Sequence[Note]], Sequence[Message]]
    ) -> list[Message]:
        """Put in what ``compose`` makes of the notes that were not told yet.

        Where such a message is there already, as that of the day, they wait for the next.
        """
        with self._database.writing() as connection:
            held_month(connection)
            ids, notes = untold_notes(connection)
            new = putting.put(connection, compose(notes) if notes else (), at)
            if new:
                told = NOTES.update().where(NOTES.c.id <= max(ids), NOTES.c.about.is_(None))
                connection.execute(told.values(about=new[0].about))
            return new

    def untold_notes(self) -> list[Note]:
        """What operators are to be told next."""
        with self._database.reading() as connection:
            return untold_notes(connection)[1]

    def claim(
        self,
        at: datetime,
        due_by: datetime,
        by: str,
        is_gone: Callable[[str], bool],
        leave: Collection[str] = (),
    ) -> Claimed | None:
        """Take the most urgent message that is due; None where there is none.

        After those, one that another process is at, when that process is gone or has been at it for
        too long: it may be what ended it. Parameters: ``leave`` are channels that are not to be
        tried now.
        """
        with self._database.writing() as connection:
            held_month(connection)
            return claims.claim(connection, at, due_by, by, is_gone, leave)

    def renew(self, claimed: Claimed, at: datetime) -> None:
        """Go on being at a message, which is tried once more."""
        with self._database.writing() as connection:
            held_month(connection)
            until = at + claim_lasts(claimed.purpose)
            mine = MESSAGES.update().where(claims.is_at(claimed)).values(claimed_until=until)
            connection.execute(mine)

    def record(self, claimed: Claimed, outcome: Outcome, at: datetime) -> None:
        """Write down what came of a message that was claimed: it was sent, or is tried later.

        Where another process took it meanwhile, since this one was too slow, it is for that one
        to say.
        """
        if outcome.fate is Fate.SENT:
            self._change(claimed, state="sent", ended_at=at, said=outcome.says)
            return
        minutes = _AGAIN_AFTER[min(claimed.attempts, len(_AGAIN_AFTER)) - 1]
        wait = max(timedelta(minutes=minutes), timedelta(seconds=outcome.wait_seconds or 0))
        self._change(claimed, state="waiting", next_at=at + wait, said=outcome.says)

    def give_up(self, claimed: Claimed, says: str, at: datetime) -> None:
        """Write down that a message is not tried any more."""
        self._change(claimed, state="given_up", ended_at=at, said=says)

    def supersede(self, claimed: Claimed, says: str, at: datetime) -> None:
        """Write down that a message is not needed any more."""
        self._change(claimed, state="superseded", ended_at=at, said=says)

    def put_off(self, channel: str, until: datetime) -> None:
        """Let nothing that waits for a channel be due before a time."""
        early = sa.and_(
            MESSAGES.c.channel == channel,
            MESSAGES.c.state == "waiting",
            MESSAGES.c.next_at < until,
        )
        with self._database.writing() as connection:
            held_month(connection)
            connection.execute(MESSAGES.update().where(early).values(next_at=until))

    def again(self, keys: Collection[str] | None, at: datetime) -> int:
        """Let messages that were given up wait anew, all or those of the keys; returns how many."""
        fresh = {
            "state": "waiting",
            "attempts": 0,
            "queued_at": at,
            "next_at": at,
            "ended_at": None,
        }
        return self._by_hand(("given_up",), keys, fresh)

    def drop(self, keys: Collection[str] | None, at: datetime) -> int:
        """Let messages that wait or were given up go nowhere, all or those of the keys."""
        dropped = {"state": "superseded", "ended_at": at, "said": putting.DROPPED}
        return self._by_hand(("waiting", "given_up"), keys, dropped)

    def _by_hand(
        self, states: Collection[str], keys: Collection[str] | None, values: dict[str, object]
    ) -> int:
        which: sa.ColumnElement[bool] = MESSAGES.c.state.in_(list(states))
        if keys is not None:
            which = sa.and_(which, MESSAGES.c.key.in_(list(keys)))
        with self._database.writing() as connection:
            held_month(connection)
            return connection.execute(MESSAGES.update().where(which).values(values)).rowcount

    def hurry(self, at: datetime) -> None:
        """Let everything that waits for a later attempt be due."""
        with self._database.writing() as connection:
            held_month(connection)
            late = sa.and_(MESSAGES.c.state == "waiting", MESSAGES.c.next_at > at)
            connection.execute(MESSAGES.update().where(late).values(next_at=at))

    def not_there(self, messages: Sequence[Message]) -> list[Message]:
        """Those of the messages that `queue` would put in."""
        with self._database.reading() as connection:
            return putting.not_there(connection, messages)

    def unsent(self) -> list[Queued]:
        """What waits or is being sent, the most urgent first."""
        return self._queued(_UNSENT)

    def given_up(self) -> list[Queued]:
        """What is not tried any more."""
        return self._queued(MESSAGES.c.state == "given_up")

    def since(self, at: datetime) -> list[Queued]:
        """Every message that was put in since, the most urgent first."""
        return self._queued(MESSAGES.c.queued_at >= at)

    def is_due(self, at: datetime) -> bool:
        """Whether there is something to send now."""
        return any((each.claimed_until or each.next_at) <= at for each in self.unsent())

    def _queued(self, where: sa.ColumnElement[bool]) -> list[Queued]:
        columns = [MESSAGES.c[name] for name in Queued.__dataclass_fields__]
        order = (MESSAGES.c.urgency, MESSAGES.c.queued_at, MESSAGES.c.key)
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(*columns).where(where).order_by(*order))
            return [Queued(*row) for row in rows]

    def _change(self, claimed: Claimed, **values: object) -> None:
        with self._database.writing() as connection:
            held_month(connection)
            mine = MESSAGES.update().where(claims.is_at(claimed))
            connection.execute(mine.values({**values, **claims.NOT_CLAIMED}))
