"""Exchanges over HTTP: through the proxy of the environment, and why one brings no answer."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

_LONGEST_WAIT = 86_400.0
_CONNECT = 20.0
"""Seconds until who answers nothing at all, as behind a firewall that drops packets, is given up;
what the system waits by itself is minutes."""


@dataclass(frozen=True)
class NoAnswer:
    """Why there is none. ``todo`` is what to mend, where it will not pass by itself.

    ``reached`` says whether the server was: then the request itself may be too much for it.
    ``silent`` says that not even a refusal came, which takes long to find out each time.
    """

    found: str
    todo: str | None = None
    reached: bool = False
    silent: bool = False


class ProxyUnusable(Exception):
    """The environment names a proxy that cannot be used; nothing was sent."""

    found = "the proxy that the environment names cannot be used"
    todo = "give HTTPS_PROXY or ALL_PROXY the URL of an HTTP proxy, or unset it"


def open_client(context: ssl.SSLContext, connect: float = _CONNECT) -> httpx.AsyncClient:
    """A client whose user has a limit of time for the whole; only connecting has one of its own.

    Parameters: ``connect`` are seconds, and count where they are fewer than those it has anyway.
    Raises ProxyUnusable.
    """
    limits = httpx.Timeout(None, connect=min(connect, _CONNECT))
    try:
        return httpx.AsyncClient(verify=context, timeout=limits)
    except (ImportError, ValueError, httpx.InvalidURL):  # ImportError: SOCKS needs a package
        raise ProxyUnusable from None


def why_no_answer(host: str, error: httpx.RequestError | OSError) -> NoAnswer:
    """In words of our own: those of libraries repeat what was sent."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            found = f"the certificate of {host} is not trusted ({cause.verify_message})"
            todo = "if it is by an authority of your own, name its file in SSL_CERT_FILE"
            return NoAnswer(found, todo)
        if isinstance(cause, ssl.SSLError) and cause.reason == "WRONG_VERSION_NUMBER":
            return NoAnswer(f"{host} does not speak TLS there", "mend the URL")
        if isinstance(cause, ssl.SSLError):
            return NoAnswer(f"{host} broke off the secure connection ({cause.reason})")
        if isinstance(cause, socket.gaierror):
            return NoAnswer(f"the name {host} was not found")
        if isinstance(cause, ConnectionRefusedError):
            return NoAnswer(f"{host} refused the connection")
    if isinstance(error, httpx.ProxyError):
        return NoAnswer(f"the proxy on the way to {host} refused")
    if isinstance(error, httpx.ConnectTimeout):
        return NoAnswer(f"{host} does not answer", silent=True)
    if isinstance(error, httpx.ConnectError):
        return NoAnswer(f"{host} cannot be reached")
    found = f"{host} broke off, or answered what is not HTTP, before its answer was whole"
    return NoAnswer(found, reached=True)


def wait_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """How long a server asks to be left alone, a day at most: ``Retry-After``, of either form."""
    told = headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return min(float(told[:10]), _LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(told)
    except (ValueError, OverflowError):
        return None
    if when.tzinfo is None:  # the form that says UTC without being sure of it
        when = when.replace(tzinfo=UTC)
    return min(max((when - now).total_seconds(), 0.0), _LONGEST_WAIT)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                yield from _causes(each)
        error = error.__cause__ or error.__context__
