"""One try to send, of whatever kind: it is quiet, and what it finds is told without secrets."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from healthscore_assets.delivery.channels.channel import Fate, Letter, Outcome
from healthscore_assets.delivery.texts import cut, one_line
from healthscore_assets.lookups.secrets import redacted
from healthscore_assets.web.quiet import quiet

_MOST = 200
"""Characters that are shown of what a server says."""

_LONG = 12
"""Characters of a secret that no sentence of ours has by chance."""


class NotSent(Exception):
    """A try has come to its end; the outcome says how."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.says)
        self.outcome = outcome


@dataclass(frozen=True)
class Voice:
    """How a channel speaks: it names itself, and keeps its secrets in all their forms."""

    name: str
    kind: str
    hidden: tuple[str, ...] = field(repr=False)

    def outcome(
        self, fate: Fate, found: str, todo: str, wait_seconds: float | None = None
    ) -> Outcome:
        """What was found, and what to do."""
        return Outcome(fate, self.line(f"{found}; {todo}"), wait_seconds)

    def not_sent(self, fate: Fate, found: str, todo: str) -> NotSent:
        """The same, to be raised."""
        return NotSent(self.outcome(fate, found, todo))

    def line(self, text: str) -> str:
        """A line of this channel's. What others say is in it `quoted`.

        Short secrets are not looked for in our own words: a gap in a sentence that is known would
        tell what they are.
        """
        long = (each for each in self.hidden if len(each) >= _LONG)
        return redacted(f"channel {self.name} ({self.kind}): {text}", *long)

    def quoted(self, text: str) -> str:
        """What a server says: in quotes, on one line, cut, whatever it may hold."""
        # Cut last: half a secret is not found.
        return f'"{cut(self.without_secrets(text), _MOST)}"'

    def without_secrets(self, text: str) -> str:
        """A text of others on one line."""
        return redacted(one_line(text), *self.hidden)


class Tries(ABC):
    """A channel: ``send`` as all have it, around the one try of its kind."""

    def send(self, letter: Letter) -> Outcome:
        """Hand a message over."""
        with quiet():
            try:
                return self._try(letter)
            except NotSent as end:
                return end.outcome

    @abstractmethod
    def _try(self, letter: Letter) -> Outcome:
        """Send it, or raise NotSent."""
