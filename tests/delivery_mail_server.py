"""Mail servers of this machine: one speaks SMTP as it should, one says what it is told to."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

_SECONDS = 30
_TIMES = 100
_LITTLE = 100_000


@dataclass(frozen=True)
class Mail:
    """What arrived: the addresses of the envelope, and the message."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        read = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(read, EmailMessage)
        return read


class MailServer:
    """An SMTP server of 127.0.0.1.

    `sender_replies`, `recipient_replies` (by address) and `data_replies` are said instead of 250,
    the first and the last in turn; with `drops_after_data` the message is kept and the connection
    broken off before the answer, with `waits_after_data` there is none until `released`.
    """

    def __init__(
        self,
        context: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
        at_once_tls: bool = False,
        port: int = 0,
        **smtp: Any,
    ) -> None:
        self.mails: list[Mail] = []
        self.logins: list[str] = []
        self.sender_replies: list[str] = []
        self.recipient_replies: dict[str, str] = {}
        self.data_replies: list[str] = []
        self.drops_after_data = 0
        self.waits_after_data = False
        self.has_mail = threading.Event()
        self._login = login
        self._released = asyncio.Event()
        if login is not None:
            # A connection that is secure before SMTP begins is none to aiosmtpd.
            secure = {"auth_require_tls": False} if at_once_tls else {"auth_required": True}
            smtp |= {"authenticator": self._authenticate, **secure}
        if at_once_tls:
            smtp["ssl_context"] = context
        elif context is not None:
            smtp |= {"tls_context": context, "require_starttls": True}
        self._controller = _Controller(self, hostname="127.0.0.1", port=port, **smtp)

    @property
    def port(self) -> int:
        return self._controller.port

    @contextmanager
    def running(self) -> Iterator["MailServer"]:
        self._controller.start()
        try:
            yield self
        finally:
            self.release()
            ended = asyncio.run_coroutine_threadsafe(_end_connections(), self._controller.loop)
            ended.result(_SECONDS)
            self._controller.stop()

    def release(self) -> None:
        """Let go of who waits."""
        self._controller.loop.call_soon_threadsafe(self._released.set)

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, way: str, told: LoginPassword
    ) -> AuthResult:
        self.logins.append(way)
        right = (told.login.decode(), told.password.decode()) == self._login
        return AuthResult(success=right, handled=False)

    async def handle_MAIL(  # noqa: N802 - the names that aiosmtpd calls
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sender_replies:
            return self.sender_replies.pop(0)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.recipient_replies:
            return self.recipient_replies[address]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        reply = self.data_replies.pop(0) if self.data_replies else "250 OK"
        if reply.startswith("2"):
            assert isinstance(envelope.content, bytes)
            recipients = tuple(envelope.rcpt_tos)
            self.mails.append(Mail(envelope.mail_from or "", recipients, envelope.content))
            self.has_mail.set()
        if self.waits_after_data:
            await asyncio.wait_for(self._released.wait(), _SECONDS)
        if self.drops_after_data:
            self.drops_after_data -= 1
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return reply


async def _end_connections() -> None:
    """Else those that are slow to go are told of as left open, in whatever test comes then."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0)  # for the transports, which are closed after that


class _Controller(Controller):
    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class _Said(StreamRequestHandler):
    timeout = _SECONDS
    server: "_SayingServer"

    def handle(self) -> None:
        owner = self.server.owner
        if owner.greeting is None:
            owner.released.wait(_SECONDS)
            return
        self._say("greeting", owner.greeting)
        if not owner.greeting:
            return
        while line := self.rfile.readline():
            owner.heard.append(line.rstrip())
            command = line.split()[0].upper().decode("latin-1") if line.strip() else ""
            reply = owner.replies.get(command)
            while reply is not None and reply.startswith(b"354"):
                self.wfile.write(reply)
                if owner.reads_slowly:
                    for _ in self._now_and_then():
                        self.rfile.read(_LITTLE)
                    return
                while self.rfile.readline() not in (b"", b".\r\n"):
                    pass
                command, reply = ".", owner.replies.get(".")
            if reply is None:
                return
            self._say(command, reply)

    def _say(self, command: str, reply: bytes) -> None:
        owner = self.server.owner
        self.wfile.write(reply)
        if command == owner.drips_after:
            if command == "STARTTLS":
                self.rfile.read(1)  # the client has read the reply, and nothing behind it
            for _ in self._now_and_then():
                self.wfile.write(owner.drip)
            raise ConnectionAbortedError

    def _now_and_then(self) -> Iterator[None]:
        """Each time sooner than a client grows impatient, and in the end for too long."""
        for _ in range(_TIMES):
            if self.server.owner.released.wait(0.05):
                return
            yield


class _SayingServer(ThreadingTCPServer):
    owner: "SayingServer"

    def handle_error(self, _request: object, _address: object) -> None:
        """Clients leave when they have heard enough."""


class SayingServer:
    """Says `greeting` (None: nothing, until `released`), then to each command its reply.

    After a 354 it takes in the message, to whose dot it replies. It closes the connection at what
    has no reply, or with no greeting. With a context the connection is secure from its start.
    `drips_after` is a command (or "greeting", or "." for a message) whose reply goes on with one
    `drip` after another; with `reads_slowly` it takes in a little of a message at a time.
    """

    def __init__(
        self, greeting: bytes | None, context: ssl.SSLContext | None = None, **replies: bytes
    ) -> None:
        self.greeting = greeting
        self.replies = replies
        self.drips_after, self.drip = "", b""
        self.reads_slowly = False
        self.heard: list[bytes] = []
        self.released = threading.Event()
        self._server = _SayingServer(("127.0.0.1", 0), _Said)
        self._server.owner = self
        if context is not None:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @contextmanager
    def running(self) -> Iterator["SayingServer"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            self.released.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()
