"""What the operators' channel is told."""

from collections.abc import Sequence
from datetime import date

from healthscore_assets.delivery.documents.document import Document, Line
from healthscore_assets.delivery.documents.operators import operators_report
from healthscore_assets.delivery.outbox.message import Message
from healthscore_assets.delivery.outbox.notes import Note
from healthscore_assets.delivery.settings import DeliverySettings
from healthscore_assets.monitoring.observation import plural


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


def _to_all(about: str, document: Document, settings: DeliverySettings) -> list[Message]:
    return [Message(about, address, document) for address in settings.operators]
