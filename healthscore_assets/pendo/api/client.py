"""Asks Pendo: each request within its time, again where that may help, and answers to a file."""

import asyncio
import json
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from healthscore_assets.delivery.texts import cut, one_line
from healthscore_assets.lookups.secrets import redacted
from healthscore_assets.pendo.api.bodies import Body
from healthscore_assets.pendo.api.failed import NotWhole, PullFailed, TooMuch
from healthscore_assets.web.client import (
    ProxyUnusable,
    open_client,
    wait_seconds,
    why_no_answer,
)
from healthscore_assets.web.hiding import forms
from healthscore_assets.web.quiet import quiet

T = TypeVar("T")

TRIES = 6
_BACKOFF = wait_exponential_jitter(initial=1, max=60, jitter=1)
_PATIENCE = 300.0
"""Seconds that are waited because Pendo asks for it; who asks for more is asked another day."""

_LIMITED = 30.0
"""Seconds to wait after 429 where it does not say how long: limits are by the minute."""

_MOST_WORDS = 65_536
_MOST_SHOWN = 200
_OF_TIME = (408, 504)
_TOO_LARGE = 413
_SIZE_OR_TIME = re.compile(
    r"too (large|many|long|big)|time[ds]?[ -]?out|deadline|exceed|out of memory|\blimit", re.I
)
"""What servers say of a request that is too much; of 429 it is another limit."""


class _Again(Exception):
    """May pass the next time. ``less`` says that otherwise a smaller request may.

    ``by_settings`` is that of TooMuch, ``lasting`` that of PullFailed.
    """

    def __init__(
        self,
        found: str,
        *,
        wait: float | None = None,
        less: bool = False,
        by_settings: bool = False,
        reached: bool = True,
        lasting: bool = False,
    ) -> None:
        super().__init__(found)
        self.wait, self.less, self.by_settings = wait, less, by_settings
        self.reached, self.lasting = reached, lasting


@dataclass(frozen=True)
class Pendo:
    """The API of one data centre. ``place`` names it, ``variable`` holds the key.

    ``tell`` hears, a line each, why something takes longer.
    """

    address: str
    place: str
    variable: str
    key: str = field(repr=False)
    timeout_seconds: float
    context: ssl.SSLContext = field(repr=False)
    clock: Callable[[], datetime] = field(repr=False)
    sleep: Callable[[float], None] = field(repr=False)
    tell: Callable[[str], None] = field(repr=False)

    def ask(
        self,
        body: Body,
        answer: Path,
        read: Callable[[Path], T],
        *,
        most_bytes: int,
        smallest: bool = False,
    ) -> T:
        """What ``read`` makes of the answer, which is put into the file of that name.

        ``smallest`` says that there is no smaller request: then one that takes too long is made
        again as well. Raises TooMuch, and PullFailed where no other request helps.
        """
        tries = Retrying(
            stop=stop_after_attempt(TRIES),
            wait=_wait,
            retry=retry_if_exception_type(_Again),
            before_sleep=self._told,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            with quiet():
                return tries(self._once, body, answer, read, most_bytes, smallest)
        except _Again as last:
            if last.less:
                raise TooMuch(str(last), by_settings=last.by_settings) from None
            if not last.reached:
                todo = "see whether it can be reached from here, and whether sources.yaml names it"
                told = f"{self.place}: {last}; {todo}"
                raise PullFailed(told, lasting=last.lasting, reached=False) from None
            raise self._failed(str(last), "if it goes on, see whether Pendo is well") from None

    def _once(
        self,
        body: Body,
        answer: Path,
        read: Callable[[Path], T],
        most_bytes: int,
        smallest: bool,
    ) -> T:
        try:
            status, headers, words = asyncio.run(self._exchange(body, answer, most_bytes))
        except TimeoutError:
            raise self._too_long(f"no answer within {self.timeout_seconds:g} s", smallest) from None
        except ProxyUnusable as proxy:
            raise self._failed(proxy.found, proxy.todo, lasting=True) from None
        except (httpx.RequestError, OSError) as error:  # OSError: of TLS, after its handshake
            why = why_no_answer(httpx.URL(self.address).host, error)
            if why.todo is not None:
                raise self._failed(why.found, why.todo, lasting=True) from None
            raise _Again(
                why.found, less=why.reached, reached=why.reached, lasting=why.silent
            ) from None
        if status != httpx.codes.OK:
            raise self._refusal(status, headers, words, smallest)
        try:
            return read(answer)
        except NotWhole as why_not:
            raise _Again(f"its answer {why_not}", less=True) from None

    async def _exchange(
        self, body: Body, answer: Path, most_bytes: int
    ) -> tuple[int, Mapping[str, str], str]:
        # httpx limits each step: a server that sends a byte now and then would never end.
        async with (
            asyncio.timeout(self.timeout_seconds),
            open_client(self.context, self.timeout_seconds / 2) as client,
            client.stream(
                "POST",
                f"{self.address}/api/v1/aggregation",
                content=json.dumps(body, ensure_ascii=False).encode(),
                headers={
                    "X-Pendo-Integration-Key": self.key,
                    "Content-Type": "application/json",
                    "Accept": "application/json",
                },
            ) as response,
        ):
            words, size = b"", 0
            with _written(answer) as write:
                async for piece in response.aiter_bytes():
                    size += len(piece)
                    if response.status_code == httpx.codes.OK:
                        if size > most_bytes:
                            raise TooMuch(
                                f"an answer of more than {most_bytes >> 20} MB", by_settings=True
                            )
                        write(piece)
                    else:
                        words += piece
                        if size > _MOST_WORDS:
                            break
            text = words[:_MOST_WORDS].decode("utf-8", errors="replace")
            return response.status_code, response.headers, text

    def _refusal(
        self, status: int, headers: Mapping[str, str], words: str, smallest: bool
    ) -> Exception:
        """What any other status than 200 means."""
        said = f", and says {self._quoted(words)}" if words.strip() else ""
        found = f"answered {status}{said}"
        if status in (401, 403):
            todo = (
                "see that it is an integration key of this data centre that is not revoked and "
                "allows write access (Pendo: Settings > Integrations > Integration Keys)"
            )
            told = f"answered {status} to the key in {self.variable}{said}"
            return self._failed(told, todo, lasting=True)
        if status == httpx.codes.TOO_MANY_REQUESTS or (
            status >= 500 and status not in _OF_TIME and "retry-after" in headers
        ):
            wait = wait_seconds(headers, self.clock())
            if wait is not None and wait > _PATIENCE:
                asks = f"{found}, and asks to be left alone for {wait:g} s"
                return self._failed(asks, "wait", lasting=True)
            limited = status == httpx.codes.TOO_MANY_REQUESTS
            return _Again(found, wait=_LIMITED if limited and wait is None else wait)
        if status in _OF_TIME:
            return self._too_long(found, smallest)
        if status == _TOO_LARGE or (400 <= status < 500 and _SIZE_OR_TIME.search(words)):
            return TooMuch(found, by_settings=True)
        if status >= 500:
            if _SIZE_OR_TIME.search(words):
                return self._too_long(found, smallest)
            return _Again(found, less=status != httpx.codes.SERVICE_UNAVAILABLE)
        if 300 <= status < 400:
            return self._failed(
                f"answered {status}, a redirect",
                "put the address that it leads to into sources.yaml, pendo.address",
                lasting=True,
            )
        if 200 <= status < 300:
            return _Again(found)
        return self._failed(found, "see whether sources.yaml names the right server", lasting=True)

    def _too_long(self, found: str, smallest: bool) -> Exception:
        if smallest:
            return _Again(found, less=True, by_settings=True)
        return TooMuch(found, by_settings=True)

    def _quoted(self, words: str) -> str:
        # Cut last: half a secret is not found.
        return f'"{cut(redacted(one_line(words), *forms(self.key)), _MOST_SHOWN)}"'

    def _failed(self, found: str, todo: str, *, lasting: bool = False) -> PullFailed:
        return PullFailed(f"{self.place}: {found}; {todo}", lasting=lasting)

    def _told(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        self.tell(f"{error}; asked again in {state.upcoming_sleep:.0f} s")


class _written:  # noqa: N801
    """A file to write to; what goes wrong there is no fault of the network's."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Callable[[bytes], None]:
        try:
            self._stream = self._path.open("wb")
        except OSError as error:
            raise self._failed(error) from None
        return self._write

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def _write(self, piece: bytes) -> None:
        try:
            self._stream.write(piece)
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> PullFailed:
        found = f"{self._path.parent}: cannot be written ({error.strerror})"
        return PullFailed(f"{found}; see to its space and permissions", lasting=True)


def _wait(state: RetryCallState) -> float:
    """As long as Pendo asks for, and no shorter than after any other failure."""
    error = state.outcome.exception() if state.outcome is not None else None
    asked = error.wait if isinstance(error, _Again) else None
    return max(float(_BACKOFF(state)), asked or 0.0)
