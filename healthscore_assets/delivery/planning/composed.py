"""Messages that are to be put into the outbox."""

from dataclasses import dataclass

from healthscore_assets.delivery.outbox.message import Message


@dataclass(frozen=True)
class Composed:
    """Messages, and the events of the ledger that they tell of.

    ``tells`` holds each event once, with what its message is about. ``unaddressed`` counts alerts
    by owner, where nobody said where that owner is told.
    """

    messages: tuple[Message, ...] = ()
    tells: tuple[tuple[int, str], ...] = ()
    unaddressed: tuple[tuple[str, int], ...] = ()
