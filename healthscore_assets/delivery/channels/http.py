"""What channels that post over HTTP share: which URLs they take, and what answers mean.

A redirect is not followed: what is posted is meant for the server that was named.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from healthscore_assets.delivery.channels.channel import Fate, Outcome
from healthscore_assets.delivery.channels.trying import NotSent, Voice
from healthscore_assets.lookups.setting_types import is_this_machine
from healthscore_assets.web.client import (
    ProxyUnusable,
    open_client,
    wait_seconds,
    why_no_answer,
)

_MOST_BYTES = 65_536
"""That are read of an answer, where nothing else is said."""

_LATER = (408, 425, 429)
MEND = (401, 403, 404, 405, 407, 410)
"""Statuses after which nothing passes until somebody mends the channel."""


@dataclass(frozen=True)
class Answer:
    """What a server answered; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class Web:
    """Sends for one channel, each time within ``timeout_seconds`` from first to last."""

    voice: Voice
    timeout_seconds: float
    context: ssl.SSLContext = field(repr=False)
    most_bytes: int = _MOST_BYTES

    def url(self, told: str, place: str) -> httpx.URL:
        """The URL that a secret or a setting holds. Raises NotSent where it cannot be used."""
        try:
            url = httpx.URL(told)
            url.host.encode("idna")
        except (httpx.InvalidURL, UnicodeError):
            url = httpx.URL("")
        bad_port = url.port is not None and not 0 < url.port < 65536
        if url.scheme not in ("http", "https") or not url.host or bad_port or " " in told:
            raise self._mend(f"{place} holds no http or https URL", f"put the URL into {place}")
        if url.scheme == "http" and not is_this_machine(url.host):
            found = f"{place} holds an http URL of {url.host}, where others could read along"
            raise self._mend(found, "use https")
        return url

    def post(self, url: httpx.URL, body: bytes, headers: Mapping[str, str]) -> Answer:
        """What the server answers. Raises NotSent where there is no whole answer."""
        return self.send("POST", url, body, headers)

    def send(self, method: str, url: httpx.URL, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The same, by any method."""
        try:
            return asyncio.run(self._exchange(method, url, body, headers))
        except TimeoutError:
            found = f"no answer from {url.host} within {self.timeout_seconds:g} seconds"
        except (httpx.RequestError, OSError) as error:  # OSError: of TLS, after its handshake
            found = self._found(url, error)
        raise self.voice.not_sent(
            Fate.LATER, found, "if it goes on, see whether it can be reached from here"
        ) from None

    async def _exchange(
        self, method: str, url: httpx.URL, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        # httpx limits each step: a server that sends a byte now and then would never end.
        async with (
            asyncio.timeout(self.timeout_seconds),
            self._client() as client,
            client.stream(method, url, content=body, headers={**headers, **_AS_IT_IS}) as answer,
        ):
            content = b""
            async for piece in answer.aiter_raw():
                content += piece
                if len(content) >= self.most_bytes:
                    break
            text = content[: self.most_bytes].decode("utf-8", errors="replace")
            return Answer(answer.status_code, answer.headers, text)

    def _client(self) -> httpx.AsyncClient:
        try:
            return open_client(self.context)
        except ProxyUnusable as proxy:
            raise self._mend(proxy.found, proxy.todo) from None

    def _found(self, url: httpx.URL, error: httpx.RequestError | OSError) -> str:
        """Why there is no answer; raises NotSent where it will not pass by itself."""
        why = why_no_answer(url.host, error)
        if why.todo is not None:
            raise self._mend(why.found, why.todo)
        return why.found

    def outcome(self, answer: Answer, place: str, now: datetime) -> Outcome:
        """What a status means; ``place`` is where the URL stands."""
        status = answer.status
        if 200 <= status < 300:
            return Outcome(Fate.SENT)
        if 300 <= status < 400:
            todo = f"redirects are not followed: put the URL that it leads to into {place}"
            found = f"answered {status}, a redirect to {self._redirect_host(answer)}"
            return self.voice.outcome(Fate.CHANNEL_REFUSED, found, todo)
        said = f", and says {self.voice.quoted(answer.text)}" if answer.text.strip() else ""
        found = f"answered {status}{said}"
        if status < 200 or status >= 500 or status in _LATER:
            todo = "if it goes on, ask whoever runs that server"
            return self.voice.outcome(Fate.LATER, found, todo, wait_seconds(answer.headers, now))
        if status in MEND:
            todo = f"see whether {place} still holds what is valid there"
            return self.voice.outcome(Fate.CHANNEL_REFUSED, found, todo)
        return self.voice.outcome(Fate.REFUSED, found, "this message is not taken there")

    def _redirect_host(self, answer: Answer) -> str:
        """Only the host: the rest may be a secret as well."""
        try:
            host = httpx.URL(answer.headers.get("location", "")).host
        except httpx.InvalidURL:
            host = ""
        return self.voice.without_secrets(host) or "the same host"

    def _mend(self, found: str, todo: str) -> NotSent:
        return self.voice.not_sent(Fate.CHANNEL_REFUSED, found, todo)


_AS_IT_IS = {"Accept-Encoding": "identity"}
