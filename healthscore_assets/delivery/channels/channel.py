"""What every channel does, and what can become of a message."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from healthscore_assets.delivery.documents.document import Document


class Fate(StrEnum):
    """What became of a message that was sent.

    ``LATER``: the server did not take it and may do so another time. ``CHANNEL_REFUSED``: nothing
    will pass until somebody mends the channel, such as a key that has expired. ``REFUSED``: this
    message, or its address, will never be taken, while others may.
    """

    SENT = "sent"
    LATER = "later"
    CHANNEL_REFUSED = "channel_refused"
    REFUSED = "refused"


@dataclass(frozen=True)
class Outcome:
    """What became of a message; ``says`` is one line without secrets: what was found, what to do.

    ``wait_seconds`` is how long the server asks to be left alone; ``warnings`` are parts that it
    did not take of a message that it took, a line each.
    """

    fate: Fate
    says: str = ""
    wait_seconds: float | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Letter:
    """A message on its way: ``key`` is the same however often it is sent.

    ``to`` is an address within the channel (of e-mail one or several, parted by commas; of Slack
    somebody to mention); empty where the channel has one reader.
    """

    key: str
    to: str
    document: Document


class Channel(Protocol):
    """Something that messages are sent by.

    It tries once, within its time limit, and raises nothing that a server or a network may cause:
    that is told by the outcome.
    """

    def send(self, letter: Letter) -> Outcome:
        """Hand a message over."""
