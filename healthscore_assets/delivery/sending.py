"""Hands over what waits in the outbox, message by message."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from healthscore_assets.delivery.channels.channel import Channel, Fate, Letter, Outcome
from healthscore_assets.delivery.dead_letters import bury
from healthscore_assets.delivery.outbox.message import Claimed
from healthscore_assets.delivery.outbox.outbox import Outbox
from healthscore_assets.delivery.texts import one_line
from healthscore_assets.lookups.secrets import SecretMissing

_TRIES = 3
_IN_A_ROW = 2
"""Messages that a server may put off before the others wait as well."""

_LEFT_ALONE = timedelta(minutes=1)
"""How long a channel that does not work is left alone, with all that waits for it."""

_LONGEST_WAIT = 30.0
"""Seconds; a server that asks for more is asked again by a later pass."""


Opens = Callable[[str], Channel]
"""Opens a channel by its name. Raises SecretMissing, and KeyError for an unknown one."""


@dataclass(frozen=True)
class Attempt:
    """What came of a message in this pass; ``given_up`` says that it is not tried again."""

    message: Claimed
    outcome: Outcome
    given_up: bool = False
    superseded: bool = False

    @property
    def became(self) -> str:
        """In a word or two."""
        if self.outcome.fate is Fate.SENT:
            return "sent"
        if self.superseded:
            return "superseded"
        return "given up" if self.given_up else "waits"

    @property
    def says(self) -> str:
        """What became of which message, on one line."""
        sent = self.message
        to = f" -> {sent.address}" if sent.address else ""
        why = f": {self.outcome.says}" if self.outcome.says else ""
        what = f"{self.became}: {sent.purpose} by {sent.channel}{to}, {sent.document.title}"
        return one_line(f"{what} ({sent.key}){why}")


@dataclass(frozen=True)
class Sender:
    """What a pass needs.

    ``give_up_after`` is how long a message is tried; ``is_current`` says of scores whether they
    are still those of the lake; ``clock`` and ``sleep`` are time itself; ``by`` is this process,
    and ``is_gone`` tells of another whether it is no more.
    """

    outbox: Outbox
    open_channel: Opens
    dead_letters: Path
    give_up_after: timedelta
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    by: str
    is_gone: Callable[[str], bool]
    is_current: Callable[[Claimed], bool] = lambda _: True

    def send_waiting(self, leave: Collection[str] = ()) -> Iterator[Attempt]:
        """Send all that is due; what became of each message, as it happens.

        A channel that refuses, or whose server takes nothing twice in a row, is left alone for the
        rest of the pass, so one that fails holds up no other. Parameters: ``leave`` are channels
        that are not to be tried.
        """
        began = self.clock()
        left, failures = {*leave}, Counter[str]()
        while claimed := self.outbox.claim(self.clock(), began, self.by, self.is_gone, left):
            if not self.is_current(claimed):
                says = "the lake holds newer ones"
                self.outbox.supersede(claimed, says, self.clock())
                yield Attempt(claimed, Outcome(Fate.REFUSED, says), superseded=True)
                continue
            if claimed.orphaned and self._is_too_old(claimed):
                says = "every process that was at it ended before it was through"
                yield self._recorded(claimed, Outcome(Fate.REFUSED, says))
                continue
            outcome = self._hand_over(claimed)
            failures[claimed.channel] += 1 if outcome.fate is Fate.LATER else 0
            if outcome.fate is Fate.SENT:
                failures[claimed.channel] = 0
            attempt = self._recorded(claimed, outcome)
            if outcome.fate is Fate.CHANNEL_REFUSED or failures[claimed.channel] == _IN_A_ROW:
                left.add(claimed.channel)
                self.outbox.put_off(claimed.channel, began + _LEFT_ALONE)
            yield attempt

    def _hand_over(self, claimed: Claimed) -> Outcome:
        try:
            channel = self.open_channel(claimed.channel)
        except KeyError:
            says = f"channel {claimed.channel}: is in lookups/delivery.yaml no more; add it again"
            return Outcome(Fate.CHANNEL_REFUSED, says)
        except SecretMissing as missing:
            return Outcome(Fate.CHANNEL_REFUSED, f"channel {claimed.channel}: {missing}")
        letter = Letter(claimed.key, claimed.address, claimed.document)
        retrying = Retrying(
            # Scores are many requests, each of which is tried several times by itself.
            stop=stop_after_attempt(1 if claimed.purpose == "scores" else _TRIES),
            wait=_wait,
            before=lambda _: self.outbox.renew(claimed, self.clock()),
            retry=retry_if_result(_soon),
            retry_error_callback=_last,
            sleep=self.sleep,
        )
        return retrying(channel.send, letter)

    def _is_too_old(self, claimed: Claimed) -> bool:
        return self.clock() >= claimed.queued_at + self.give_up_after

    def _recorded(self, claimed: Claimed, outcome: Outcome) -> Attempt:
        now = self.clock()
        gives_up = outcome.fate is not Fate.SENT and self._is_too_old(claimed)
        if outcome.fate is Fate.REFUSED or gives_up:
            try:
                bury(self.dead_letters, claimed, outcome.says, now)
            except OSError as error:
                why = f"{self.dead_letters} cannot be written ({error.strerror}); so it waits"
                outcome = Outcome(Fate.LATER, f"{outcome.says}; {why}")
            else:
                self.outbox.give_up(claimed, outcome.says, now)
                return Attempt(claimed, outcome, given_up=True)
        self.outbox.record(claimed, outcome, now)
        return Attempt(claimed, outcome)


def _soon(outcome: Outcome) -> bool:
    return outcome.fate is Fate.LATER and (outcome.wait_seconds or 0) <= _LONGEST_WAIT


def _wait(state: RetryCallState) -> float:
    asked = state.outcome.result().wait_seconds if state.outcome else None
    return max(asked or 0.0, wait_exponential_jitter(initial=1, max=10)(state))


def _last(state: RetryCallState) -> Outcome:
    assert state.outcome is not None
    outcome: Outcome = state.outcome.result()
    return outcome
