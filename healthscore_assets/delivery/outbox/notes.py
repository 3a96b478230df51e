"""What operators are told once a day rather than at once."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from healthscore_assets.delivery.outbox.tables import NOTES


@dataclass(frozen=True)
class Note:
    """A line for the operators; ``subject`` is what it is about, such as a check and its month."""

    subject: str
    text: str


def note_once(connection: sa.Connection, note: Note, at: datetime) -> bool:
    """Keep a note, unless it is what was said last of its subject; says whether it was kept."""
    last = sa.select(NOTES.c.text).where(NOTES.c.subject == note.subject)
    if connection.scalar(last.order_by(NOTES.c.id.desc()).limit(1)) == note.text:
        return False
    connection.execute(NOTES.insert(), {"subject": note.subject, "text": note.text, "at": at})
    return True


def untold_notes(connection: sa.Connection) -> tuple[list[int], list[Note]]:
    """The notes that no message tells yet, and their ids; of a subject the last word."""
    asked = sa.select(NOTES.c.id, NOTES.c.subject, NOTES.c.text)
    rows = connection.execute(asked.where(NOTES.c.about.is_(None)).order_by(NOTES.c.id)).all()
    last = {subject: Note(subject, text) for _, subject, text in rows}
    return [row[0] for row in rows], list(last.values())
