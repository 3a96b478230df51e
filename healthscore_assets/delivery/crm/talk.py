"""Talking to the API of a CRM: a request is tried a few times, and what it says is read."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from healthscore_assets.delivery.channels.channel import Fate
from healthscore_assets.delivery.channels.clock import Clock
from healthscore_assets.delivery.channels.http import Answer, Web
from healthscore_assets.delivery.channels.trying import NotSent

MOST_BYTES = 4_000_000
"""Of an answer about two hundred records, with everything that it repeats of them."""

_TRIES = 4
_FIRST_WAIT = 2.0
"""Seconds before the second try; twice as many before each next one."""

_PATIENCE = 60.0
"""Seconds that are waited within a push; who asks for more is tried another time."""

Sleep = Callable[[float], None]


class BatchRefused(Exception):
    """A server takes a request as it is never; the message is its reason, fit to be shown."""


class LoggedOut(Exception):
    """A server knows the credentials of the request no more; ``end`` is what that means at last."""

    def __init__(self, end: NotSent) -> None:
        super().__init__()
        self.end = end


@dataclass(frozen=True)
class Talk:
    """With one server; ``place`` is what of the settings and the secrets tells how."""

    web: Web
    address: str
    place: str
    clock: Clock = field(repr=False)
    sleep: Sleep = field(repr=False)

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> dict[str, Any] | list[Any]:
        """The JSON that a server answers.

        A request that it may take another time is made again, after the seconds that it asks for.
        Raises NotSent where that was in vain, LoggedOut, and BatchRefused.
        """
        url = self.web.url(self.address, self.place).join(path)
        tries = Retrying(
            stop=stop_after_attempt(_TRIES),
            wait=_wait,
            retry=retry_if_exception(_may_pass),
            sleep=self.sleep,
            reraise=True,
        )
        told: dict[str, Any] | list[Any] = tries(self._once, method, url, headers, body)
        return told

    def _once(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], body: bytes
    ) -> dict[str, Any] | list[Any]:
        answer = self.web.send(method, url, body, {"Accept": "application/json", **headers})
        outcome = self.web.outcome(answer, self.place, self.clock())
        if outcome.fate is Fate.REFUSED:
            raise BatchRefused(self._reason(answer))
        if answer.status == httpx.codes.FORBIDDEN and "REQUEST_LIMIT_EXCEEDED" in answer.text:
            outcome = self.web.voice.outcome(
                Fate.LATER, f"answered {answer.status}, the limit of requests", "it is tried later"
            )
        if answer.status == httpx.codes.TOO_MANY_REQUESTS and outcome.wait_seconds is None:
            outcome = replace(outcome, wait_seconds=_PATIENCE)  # limits are by the minute
        if outcome.fate is not Fate.SENT:
            end = NotSent(outcome)
            raise LoggedOut(end) if answer.status == httpx.codes.UNAUTHORIZED else end
        return self._read(answer)

    def _read(self, answer: Answer) -> dict[str, Any] | list[Any]:
        try:
            told = json.loads(answer.text)
        except ValueError:
            told = None
        if not isinstance(told, dict | list):
            found = f"answered {answer.status}, but no JSON"
            raise self.unexpected(found)
        return told

    def unexpected(self, found: str) -> NotSent:
        """An answer that is not as documented: the server may be ill."""
        return self.web.voice.not_sent(
            Fate.LATER, found, f"if it goes on, see whether {self.place} names the right server"
        )

    def shown(self, text: object) -> str:
        """Words of a server as a reason: on one line, cut, without secrets."""
        return self.web.voice.quoted(str(text))

    def _reason(self, answer: Answer) -> str:
        """Of a refusal the words that each system has for people, else all of it."""
        try:
            told = json.loads(answer.text)
        except ValueError:
            told = None
        first = told[0] if isinstance(told, list) and told else told
        if isinstance(first, dict):
            for name in ("message", "errorDesc", "error_description", "description", "error"):
                if isinstance(first.get(name), str) and first[name]:
                    return self.shown(first[name])
        return self.shown(answer.text or answer.status)


def _may_pass(error: BaseException) -> bool:
    if not isinstance(error, NotSent) or error.outcome.fate is not Fate.LATER:
        return False
    return (error.outcome.wait_seconds or 0) <= _PATIENCE


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    asked = error.outcome.wait_seconds if isinstance(error, NotSent) else None
    return float(_FIRST_WAIT * 2 ** (state.attempt_number - 1)) if asked is None else asked
