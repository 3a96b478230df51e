"""Messages before they are sent, while they wait, and afterwards."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from healthscore_assets.delivery.documents.document import Document, Purpose
from healthscore_assets.delivery.settings import Address

State = Literal["waiting", "sending", "sent", "given_up", "superseded"]

URGENCY: dict[Purpose, int] = {
    "alerts": 0,
    "operators": 1,
    "digest": 2,
    "portfolio": 3,
    "scores": 4,
    "trial": 5,
}
"""What goes first, where several wait."""

_LONGEST: dict[Purpose, timedelta] = {"scores": timedelta(hours=6)}
_LONGEST_OF_A_MESSAGE = timedelta(minutes=30)


@dataclass(frozen=True)
class Message:
    """A document for an address.

    ``about`` says what it is about, so that the same is not sent again: of a digest its owner and
    day, of a month's scores their hash.
    """

    about: str
    address: Address
    document: Document

    @property
    def purpose(self) -> Purpose:
        """Why it is sent."""
        return self.document.purpose

    @property
    def key(self) -> str:
        """The same for the same purpose, matter and address, whoever asks, and whenever."""
        told = (self.purpose, self.about, self.address.channel, self.address.to)
        return f"hs_{hashlib.sha256(repr(told).encode()).hexdigest()[:32]}"


@dataclass(frozen=True)
class Queued:
    """A message of the outbox, without its document."""

    key: str
    purpose: Purpose
    about: str
    channel: str
    address: str
    title: str
    queued_at: datetime
    state: State
    attempts: int
    next_at: datetime
    claimed_until: datetime | None
    said: str
    ended_at: datetime | None


@dataclass(frozen=True)
class Claimed:
    """A message that a process (``by``) is to send, and nobody else until its time is up.

    ``attempts`` counts this one; ``orphaned``: the process that was at it before never said what
    came of it.
    """

    key: str
    purpose: Purpose
    about: str
    channel: str
    address: str
    document: Document
    queued_at: datetime
    attempts: int
    by: str
    orphaned: bool


def claim_lasts(purpose: Purpose) -> timedelta:
    """How long a process may try a message before it counts as dead: longer than a try can take.

    Of a process of the same machine it is known when it is gone.
    """
    return _LONGEST.get(purpose, _LONGEST_OF_A_MESSAGE)
