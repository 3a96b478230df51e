"""What becomes of a mail by what a mail server says, or by what it does not say."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from healthscore_assets.delivery.channels.channel import Fate
from healthscore_assets.delivery.channels.trying import NotSent, Voice
from healthscore_assets.delivery.settings import EmailChannel

_LATER = "if it goes on, ask whoever runs that server"


@dataclass(frozen=True)
class Refusals:
    """The ways in which a mail is not sent; ``places`` are the variables of the login."""

    voice: Voice
    settings: EmailChannel
    places: str | None

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raises NotSent for whatever a server or the network may do."""
        try:
            yield
        except smtplib.SMTPException as error:
            raise self._by_server(error) from None
        except OSError as error:
            raise self._by_network(error) from None
        except UnicodeError:
            found = f"{self.places or 'the host'} holds characters that a mail server cannot take"
            raise self._mend(found, "mend it") from None
        except ValueError:  # a challenge that is not base64
            raise self._later(f"{self._host} answered what is not SMTP") from None

    @property
    def _host(self) -> str:
        return f"{self.settings.host}:{self.settings.port}"

    def _by_server(self, error: smtplib.SMTPException) -> NotSent:
        match error:
            case smtplib.SMTPRecipientsRefused():
                return self._by_recipients(error)
            case smtplib.SMTPServerDisconnected(__context__=TimeoutError()):
                return self._too_slow()
            case smtplib.SMTPServerDisconnected():
                return self._later(f"{self._host} broke off before it had answered")
            case smtplib.SMTPAuthenticationError() if error.smtp_code >= 500:
                return self._mend(
                    f"{self._host} refused the login ({self._said(error)})",
                    f"put a valid user and password into {self.places}",
                )
            case smtplib.SMTPDataError() if error.smtp_code >= 500:
                return self.voice.not_sent(
                    Fate.REFUSED,
                    f"{self._host} refused the message ({self._said(error)})",
                    "this message is not taken there",
                )
            case smtplib.SMTPSenderRefused(smtp_code=552):
                return self.voice.not_sent(
                    Fate.REFUSED,
                    f"{self._host} refused the message as too large ({self._said(error)})",
                    "this message is not taken there",
                )
            case smtplib.SMTPSenderRefused(smtp_code=530):
                return self._mend(
                    f"{self._host} wants a login ({self._said(error)})",
                    "set user and password, and security starttls or tls",
                )
            case smtplib.SMTPSenderRefused() if error.smtp_code >= 500:
                return self._mend(
                    f"{self._host} refused the sender ({self._said(error)})",
                    "set a sender that this server, and this login, may send as",
                )
            case smtplib.SMTPResponseException() if error.smtp_code >= 500:
                return self._mend(f"{self._host} refused ({self._said(error)})", _LATER)
            case smtplib.SMTPResponseException() if error.smtp_code >= 400:
                return self._later(f"{self._host} does not take it now ({self._said(error)})")
            case smtplib.SMTPResponseException():
                return self._later(f"{self._host} answered what is not SMTP ({self._said(error)})")
            case _:
                return self._not_offered(error)

    def _not_offered(self, error: smtplib.SMTPException) -> NotSent:
        if "STARTTLS" in str(error):
            return self._mend(
                f"{self._host} does not offer STARTTLS",
                'set security: tls (often port 465), or "none" where the network is yours',
            )
        return self._mend(
            f"{self._host} offers no login by user and password",
            "see whether host, port and security are those for sending mail",
        )

    def _by_recipients(self, error: smtplib.SMTPRecipientsRefused) -> NotSent:
        said = [
            f"{address}: {code} {self.voice.quoted(as_text(text))}"
            for address, (code, text) in error.recipients.items()
        ]
        codes = [code for code, _ in error.recipients.values()]
        if any(code < 500 for code in codes):
            return self._later(f"no address is taken now ({', '.join(said)})")
        return self.voice.not_sent(
            Fate.REFUSED, f"no address is taken ({', '.join(said)})", "mend the addresses"
        )

    def _by_network(self, error: OSError) -> NotSent:
        match error:
            case ssl.SSLCertVerificationError():
                return self._mend(
                    f"the certificate of {self._host} is not trusted ({error.verify_message})",
                    "if it is by an authority of your own, name its file in SSL_CERT_FILE",
                )
            case ssl.SSLError(reason="WRONG_VERSION_NUMBER"):
                return self._mend(
                    f"{self._host} does not speak TLS at once", "set security: starttls"
                )
            case socket.gaierror():
                return self._later(f"the name {self.settings.host} was not found")
            case ConnectionRefusedError():
                return self._later(f"{self._host} refused the connection")
            case TimeoutError():
                return self._too_slow()
            case _:
                return self._later(f"{self._host} cannot be reached, or broke off")

    def _too_slow(self) -> NotSent:
        seconds = self.settings.timeout_seconds
        found = f"{self._host} was not done with the message within {seconds:g} seconds"
        return self.voice.not_sent(Fate.LATER, found, f"{_LATER}, or raise timeout_seconds")

    def _said(self, error: smtplib.SMTPResponseException) -> str:
        return f"{error.smtp_code} {self.voice.quoted(as_text(error.smtp_error))}"

    def _later(self, found: str) -> NotSent:
        return self.voice.not_sent(Fate.LATER, found, _LATER)

    def _mend(self, found: str, todo: str) -> NotSent:
        return self.voice.not_sent(Fate.CHANNEL_REFUSED, found, todo)


def as_text(said: bytes | str) -> str:
    """What a server says, which smtplib gives in either form."""
    return said.decode("utf-8", errors="replace") if isinstance(said, bytes) else said
