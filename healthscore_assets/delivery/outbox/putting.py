"""How messages are put into the outbox: each once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from healthscore_assets.delivery.outbox.message import URGENCY, Message
from healthscore_assets.delivery.outbox.tables import MESSAGES

DROPPED = "dropped by hand"
"""What is said of a message that somebody did not want to be sent."""

_AGAIN = ", again "


def put(connection: sa.Connection, messages: Sequence[Message], at: datetime) -> list[Message]:
    """See `Outbox.queue`; within a transaction that writes."""
    new = not_there(connection, messages)
    for each in new:
        if each.purpose == "scores":
            _supersede(connection, each.address.channel, at)
    if new:
        connection.execute(MESSAGES.insert(), [_row(each, at) for each in new])
    return new


def not_there(connection: sa.Connection, messages: Sequence[Message]) -> list[Message]:
    """Those that are not there yet; of scores, those that are not the last of their system."""
    new: dict[str, Message] = {}
    for each in messages:
        message = _after_others(connection, each) if each.purpose == "scores" else each
        if message is not None and not _has(connection, message.key):
            new[message.key] = message
    return list(new.values())


def _after_others(connection: sa.Connection, message: Message) -> Message | None:
    """Scores as they follow those before; None where those were the same.

    The same may be due again, after others: a correction is taken back, or a month is withdrawn.
    """
    asked = sa.select(MESSAGES.c.about, MESSAGES.c.state, MESSAGES.c.said).where(
        MESSAGES.c.purpose == "scores", MESSAGES.c.channel == message.address.channel
    )
    before = connection.execute(asked.order_by(MESSAGES.c.id)).all()
    same = [each for each in before if matter(each.about) == message.about]
    if before and same and before[-1] is same[-1]:
        last = same[-1]
        if last.state != "superseded" or last.said == DROPPED:
            return None
    return replace(message, about=f"{message.about}{_AGAIN}{len(same)}") if same else message


def matter(about: str) -> str:
    """What scores are, whether for the first time or again."""
    return about.partition(_AGAIN)[0]


def _has(connection: sa.Connection, key: str) -> bool:
    return connection.scalar(sa.select(sa.exists().where(MESSAGES.c.key == key))) is True


def _supersede(connection: sa.Connection, system: str, at: datetime) -> None:
    """Older scores of a system go nowhere; those that are under way are let go."""
    old = sa.and_(
        MESSAGES.c.purpose == "scores",
        MESSAGES.c.channel == system,
        MESSAGES.c.state == "waiting",
    )
    values = {"state": "superseded", "ended_at": at, "said": "newer scores are queued"}
    connection.execute(MESSAGES.update().where(old).values(values))


def _row(message: Message, at: datetime) -> dict[str, object]:
    return {
        "key": message.key,
        "purpose": message.purpose,
        "about": message.about,
        "channel": message.address.channel,
        "address": message.address.to,
        "title": message.document.title,
        "document": message.document.as_json(),
        "urgency": URGENCY[message.purpose],
        "queued_at": at,
        "state": "waiting",
        "attempts": 0,
        "next_at": at,
        "claimed_by": None,
        "claimed_until": None,
        "said": "",
        "ended_at": None,
    }


def forget_documents(connection: sa.Connection, before: datetime) -> None:
    """Of what was sent long ago the key stays, so that it is not sent again, and the texts go."""
    old = sa.and_(
        MESSAGES.c.queued_at < before,
        MESSAGES.c.state.in_(["sent", "superseded"]),
        MESSAGES.c.document != "",
    )
    connection.execute(MESSAGES.update().where(old).values(document=""))
