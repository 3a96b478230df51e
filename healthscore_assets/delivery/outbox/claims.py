"""Which message is sent next, and that one process has it."""

from collections.abc import Callable, Collection
from datetime import datetime

import sqlalchemy as sa
from pydantic import ValidationError

from healthscore_assets.delivery.documents.document import Document, Purpose
from healthscore_assets.delivery.outbox.message import Claimed, claim_lasts
from healthscore_assets.delivery.outbox.tables import MESSAGES

NOT_CLAIMED = {"claimed_by": None, "claimed_until": None}

_UNREADABLE = {
    "state": "given_up",
    "said": "this version of healthscore cannot read it; try it again with the one that wrote it",
}


def claim(
    connection: sa.Connection,
    at: datetime,
    due_by: datetime,
    by: str,
    is_gone: Callable[[str], bool],
    leave: Collection[str],
) -> Claimed | None:
    """See `Outbox.claim`; within a transaction that writes."""
    while (found := _next(connection, at, due_by, is_gone, leave)) is not None:
        claimed = _claimed(connection, *found, by)
        values = {"claimed_by": by, "claimed_until": at + claim_lasts(found[1])}
        if claimed is not None:
            values |= {"state": "sending", "attempts": claimed.attempts}
        else:
            values = {**NOT_CLAIMED, **_UNREADABLE, "ended_at": at}
        which = MESSAGES.c.key == found[0]
        connection.execute(MESSAGES.update().where(which).values(values))
        if claimed is not None:
            return claimed
    return None


def is_at(claimed: Claimed) -> sa.ColumnElement[bool]:
    """Whether a row is that message, and its process still has it."""
    return sa.and_(
        MESSAGES.c.key == claimed.key,
        MESSAGES.c.state == "sending",
        MESSAGES.c.claimed_by == claimed.by,
    )


def _next(
    connection: sa.Connection,
    at: datetime,
    due_by: datetime,
    is_gone: Callable[[str], bool],
    leave: Collection[str],
) -> tuple[str, Purpose, bool] | None:
    """The key and purpose of what is to be sent next, and whether another process was at it."""
    order = (MESSAGES.c.urgency, MESSAGES.c.queued_at, MESSAGES.c.key)
    others = MESSAGES.alias()
    # Of the scores for a system one push at a time: older ones could end after newer ones.
    pushed = sa.exists().where(
        others.c.purpose == "scores",
        others.c.state == "sending",
        others.c.channel == MESSAGES.c.channel,
    )
    columns = (MESSAGES.c.key, MESSAGES.c.purpose)
    waiting = sa.select(*columns).where(
        MESSAGES.c.state == "waiting",
        MESSAGES.c.next_at <= due_by,
        MESSAGES.c.channel.not_in(list(leave)),
        sa.or_(MESSAGES.c.purpose != "scores", sa.not_(pushed)),
    )
    found = connection.execute(waiting.order_by(*order).limit(1)).one_or_none()
    if found is not None:
        return found.key, found.purpose, False
    claims = sa.select(*columns, MESSAGES.c.claimed_by, MESSAGES.c.claimed_until).where(
        MESSAGES.c.state == "sending", MESSAGES.c.channel.not_in(list(leave))
    )
    for row in connection.execute(claims.order_by(*order)).all():
        if row.claimed_until <= at or is_gone(row.claimed_by):
            return row.key, row.purpose, True
    return None


def _claimed(
    connection: sa.Connection, key: str, purpose: Purpose, orphaned: bool, by: str
) -> Claimed | None:
    """The message itself; None where its document is of another version."""
    row = connection.execute(MESSAGES.select().where(MESSAGES.c.key == key)).one()
    try:
        document = Document.from_json(row.document)
    except ValidationError:
        return None
    return Claimed(
        key=key,
        purpose=purpose,
        about=row.about,
        channel=row.channel,
        address=row.address,
        document=document,
        queued_at=row.queued_at,
        attempts=row.attempts + 1,
        by=by,
        orphaned=orphaned,
    )
