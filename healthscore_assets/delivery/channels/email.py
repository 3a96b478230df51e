"""E-mail, by a mail server of yours."""

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime

from healthscore_assets.delivery.channels.channel import Fate, Letter, Outcome
from healthscore_assets.delivery.channels.clock import Clock
from healthscore_assets.delivery.channels.smtp_in_time import SmtpInTime
from healthscore_assets.delivery.channels.smtp_replies import Refusals, as_text
from healthscore_assets.delivery.channels.trying import Tries, Voice
from healthscore_assets.delivery.rendering.email import NoAddress, mail
from healthscore_assets.delivery.settings import EmailChannel


@dataclass(frozen=True)
class Login:
    """A user and a password, from the variables of these names."""

    user: str = field(repr=False)
    password: str = field(repr=False)
    places: str


@dataclass(frozen=True)
class Email(Tries):
    """One connection per letter, from its opening to the last answer within the time limit.

    Where the connection breaks, or time is up, after the message and before the answer, nobody
    knows whether it was taken. It is sent again then: twice is better than never, and the
    Message-ID, which is the same, lets servers and programs see that it is one.
    """

    voice: Voice
    settings: EmailChannel
    login: Login | None
    clock: Clock = field(repr=False)
    context: ssl.SSLContext = field(repr=False)

    def _try(self, letter: Letter) -> Outcome:
        message = self._message(letter)
        refusals = Refusals(self.voice, self.settings, self.login.places if self.login else None)
        with refusals.told(), self._server() as server:
            refused = server.send_message(message)
        warnings = (
            self.voice.line(
                f"{address} was refused ({code} {self.voice.quoted(as_text(said))}); the others"
                " have the message, and it is not tried again"
            )
            for address, (code, said) in refused.items()
        )
        return Outcome(Fate.SENT, warnings=tuple(warnings))

    def _message(self, letter: Letter) -> EmailMessage:
        try:
            message = mail(letter.document, letter.key, self.settings.sender, letter.to)
        except NoAddress as no:
            of_sender = str(no).startswith("sender")
            fate = Fate.CHANNEL_REFUSED if of_sender else Fate.REFUSED
            found, todo = str(no).split("; ", 1)
            raise self.voice.not_sent(fate, found, todo) from None
        message["Date"] = format_datetime(self.clock())
        return message

    @contextlib.contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        to, limit = (self.settings.host, self.settings.port), self.settings.timeout_seconds
        server = SmtpInTime(*to, limit, self.context if self.settings.security == "tls" else None)
        try:
            if self.settings.security == "starttls":
                server.starttls(context=self.context)
            if self.login is not None:
                server.login(self.login.user, self.login.password)
            yield server
            # What was taken is taken, whatever the server makes of the farewell.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            server.close()
