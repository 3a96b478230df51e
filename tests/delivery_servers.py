"""HTTP servers of this machine that channels are tried against: what they answer is scripted.

A server plays its acts, one per request, and then what it does by default. An act may break the
protocol: half an answer, none at all, one too many.
"""

import json
import os
import socket
import ssl
import struct
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import trustme

_SECONDS = 30
"""How long a connection of a test may stay silent before the server lets go of it."""


@dataclass(frozen=True)
class Request:
    """What a client sent; names of headers in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


class Connection(BaseHTTPRequestHandler):
    """A connection, of which an act may do what it likes. It ends after one request."""

    protocol_version = "HTTP/1.1"
    timeout = _SECONDS
    server: "_Server"

    def do_POST(self) -> None:
        self._take()

    def do_GET(self) -> None:
        self._take()

    def do_PUT(self) -> None:
        self._take()

    def do_PATCH(self) -> None:
        self._take()

    def _take(self) -> None:
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body)
        self.server.owner._act_for(request)(self, request)

    def write(self, raw: bytes) -> None:
        self.wfile.write(raw)
        self.wfile.flush()

    def wait(self) -> None:
        """Until the test lets go."""
        self.server.owner.released.wait(_SECONDS)

    def log_message(self, *_: object) -> None:
        """Tests look at requests, not at a log."""


Act = Callable[[Connection, Request], None]


def raw_answer(status: int, body: str | bytes = b"", **headers: str) -> bytes:
    """An answer as it goes over the wire; underscores of header names are hyphens."""
    content = body.encode() if isinstance(body, str) else body
    told = {"Content-Length": str(len(content)), "Connection": "close"}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unheard of"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content


def answers(status: int, body: str | bytes = b"", **headers: str) -> Act:
    """Answer as servers do."""
    return lambda connection, _: connection.write(raw_answer(status, body, **headers))


def answers_late(status: int, body: str | bytes = b"") -> Act:
    """Answer once the test lets go (`released`), by when the client may be gone."""

    def act(connection: Connection, _: Request) -> None:
        connection.wait()
        connection.write(raw_answer(status, body))

    return act


def answers_twice(status: int, body: str | bytes = b"") -> Act:
    """One request, two answers in a row."""
    return lambda connection, _: connection.write(raw_answer(status, body) * 2)


def sends(raw: bytes) -> Act:
    """These bytes, whatever they are, and the end of the connection."""
    return lambda connection, _: connection.write(raw)


def closes() -> Act:
    """Close the connection without an answer."""
    return sends(b"")


def resets() -> Act:
    """Break the connection off, so that the client sees a reset."""

    def act(connection: Connection, _: Request) -> None:
        at_once = struct.pack("ii", 1, 0)
        connection.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        connection.connection.close()

    return act


def closes_half_way(status: int, body: str | bytes) -> Act:
    """Half of an answer, cut within its head."""
    whole = raw_answer(status, body)
    return sends(whole[: whole.index(b"Connection")])


def answers_less_than_announced(status: int, body: str | bytes) -> Act:
    """An answer whose body ends before its length."""
    return sends(raw_answer(status, body, Content_Length=str(len(body) + 100)))


def sends_beside_tls(raw: bytes) -> Act:
    """These bytes below the encryption of a connection that was secure until now."""

    def act(connection: Connection, _: Request) -> None:
        os.write(connection.connection.fileno(), raw)

    return act


def never_answers() -> Act:
    """Nothing, until the test lets go."""
    return lambda connection, _: connection.wait()


def drips(piece: bytes) -> Act:
    """A head that does not end: a piece at a time, each sooner than a client grows impatient."""

    def act(connection: Connection, _: Request) -> None:
        connection.write(b"HTTP/1.1 200 OK\r\n")
        while not connection.server.owner.released.wait(0.05):
            connection.write(piece)

    return act


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # stopping waits for them, so nothing of a test outlives it
    owner: "HttpServer"

    def handle_error(self, _request: object, _address: object) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError, ssl.SSLError)):
            self.owner.faults.append(repr(error))


class HttpServer:
    """A server of 127.0.0.1: `plays` what is scripted, then does what `default` says."""

    def __init__(
        self, default: Act, authority: trustme.CA | None = None, *, knows_clients: bool = False
    ) -> None:
        self.default = default
        self.requests: list[Request] = []
        self.faults: list[str] = []
        self.released = threading.Event()
        self._acts: deque[Act] = deque()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), Connection)
        self._server.owner = self
        self._secure = authority is not None
        if authority is not None:
            context = server_context(authority)
            if knows_clients:  # it wants a certificate of theirs
                context.verify_mode = ssl.CERT_REQUIRED
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        """Without a path."""
        return f"{'https' if self._secure else 'http'}://127.0.0.1:{self.port}"

    def plays(self, *acts: Act) -> None:
        """What it does of the next requests, one each."""
        self._acts.extend(acts)

    def _act_for(self, request: Request) -> Act:
        with self._lock:
            self.requests.append(request)
            return self._acts.popleft() if self._acts else self.default

    @contextmanager
    def running(self) -> Iterator["HttpServer"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            self.released.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()
        assert self.faults == []


def server_context(authority: trustme.CA) -> ssl.SSLContext:
    """TLS with a certificate of that authority for this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """What a client holds who trusts that authority and no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


def unused_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
