"""SMTP with one time limit over the whole conversation.

smtplib limits each wait for bytes: a server that sends one now and then would never end.
"""

import contextlib
import io
import smtplib
import socket
import ssl
import time
from collections.abc import Callable

Left = Callable[[], float]
"""Seconds that are left. Raises TimeoutError where there are none."""


class SmtpInTime(smtplib.SMTP):
    """A connection that is opened, used and closed within ``seconds``.

    With ``tls`` it is secure before SMTP begins. The resolver has limits of its own: the time that
    it takes counts, but it is not cut short.
    Raises TimeoutError when time is up, or SMTPServerDisconnected in whose context one is.
    """

    def __init__(self, host: str, port: int, seconds: float, tls: ssl.SSLContext | None) -> None:
        self._left = _countdown(seconds)
        self._at_once = tls
        super().__init__(host, port)

    def _get_socket(self, host: str, port: int, _timeout: object) -> socket.socket:
        plain = _connected(host, port, self._left)
        if self._at_once is None:
            return plain
        with plain:  # empty once it is wrapped
            plain.settimeout(self._left())
            return self._at_once.wrap_socket(plain, server_hostname=host)

    def send(self, s: bytes | str) -> None:  # type: ignore[override]
        """Send all of it: sockets, and TLS, have one limit over that."""
        if self.sock is not None:
            self.sock.settimeout(self._left())
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        """The reply, as smtplib reads it."""
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_Received(self.sock, self._left))
        return super().getreply()


class _Received(io.RawIOBase):
    """What comes from a socket, as a file."""

    def __init__(self, sock: socket.socket, left: Left) -> None:
        self._sock, self._left = sock, left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._sock.settimeout(self._left())
        return self._sock.recv_into(buffer)


def _connected(host: str, port: int, left: Left) -> socket.socket:
    """One that never answers leaves time for the other addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    *others, last = [str(address[0]) for *_, address in found]
    for tried, address in enumerate(others):
        with contextlib.suppress(OSError):
            return socket.create_connection((address, port), left() / (len(found) - tried))
    return socket.create_connection((last, port), left())


def _countdown(seconds: float) -> Left:
    # Not the clock that is passed in, which tells what time it is and may jump: this measures, as
    # a socket's own limit does.
    end = time.monotonic() + seconds

    def left() -> float:
        if (rest := end - time.monotonic()) <= 0:
            raise TimeoutError
        return rest

    return left
