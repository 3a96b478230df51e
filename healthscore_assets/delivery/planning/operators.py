"""What the operators' channel is told."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from healthscore_assets.delivery.channels.channel import Fate
from healthscore_assets.delivery.documents.document import Document, Line
from healthscore_assets.delivery.documents.operators import operators_report
from healthscore_assets.delivery.outbox.message import Message
from healthscore_assets.delivery.outbox.notes import Note
from healthscore_assets.delivery.sending import Attempt
from healthscore_assets.delivery.settings import DeliverySettings
from healthscore_assets.monitoring.observation import plural

_PATIENCE = timedelta(hours=1)


def told_at_once(text: str, about: str, settings: DeliverySettings) -> list[Message]:
    """What cannot wait, such as a failed run; the first line of the text is its title."""
    title, *lines = text.splitlines()
    document = operators_report(title, [Line(text=line, tone="bad") for line in lines])
    return _to_all(about, document, settings)


def warnings_of_the_day(
    notes: Sequence[Note], settings: DeliverySettings, day: date | None
) -> list[Message]:
    """What was noted since the day before; nothing without a day, or without notes."""
    if day is None or not notes:
        return []
    lines = [Line(text=each.subject, detail=each.text, tone="warning") for each in notes]
    document = operators_report(f"{plural(len(notes), 'warning')} of the last runs", lines)
    return _to_all(f"warnings of {day}", document, settings)


def channel_problem(
    settings: DeliverySettings, channel: str, says: str, day: date
) -> list[Message]:
    """That a channel does not work, by those of the operators' that are others."""
    document = operators_report(
        f"Messages by {channel} do not go out",
        [Line(text=says, tone="bad")],
        closing="What waits, and what was given up: healthscore deliver --list",
    )
    told = _to_all(f"channel {channel} on {day}", document, settings)
    return [message for message in told if message.address.channel != channel]


def channels_that_fail(attempts: Iterable[Attempt], at: datetime) -> dict[str, str]:
    """What is wrong with channels: they refuse, or have taken nothing for an hour."""
    return {
        each.message.channel: each.outcome.says
        for each in attempts
        if each.outcome.fate is Fate.CHANNEL_REFUSED
        or (each.outcome.fate is Fate.LATER and at - each.message.queued_at >= _PATIENCE)
    }


def notes_of(attempts: Iterable[Attempt]) -> list[Note]:
    """What was given up, and what a system did not take of scores that it took."""
    notes = []
    for each in attempts:
        sent = each.message
        if each.given_up and sent.purpose != "operators":  # which might go on for ever
            notes.append(Note(f"given up: {sent.document.title}, {sent.key}", each.outcome.says))
        if each.outcome.warnings:
            notes.append(Note(f"{sent.purpose} by {sent.channel}", " ".join(each.outcome.warnings)))
    return notes


def _to_all(about: str, document: Document, settings: DeliverySettings) -> list[Message]:
    return [Message(about, address, document) for address in settings.operators]
