"""A document as mail: plain text, and HTML with its image within."""

import functools
import hashlib
import re
from email.errors import HeaderParseError, ObsoleteHeaderDefect
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from healthscore_assets.delivery.documents.document import Document
from healthscore_assets.delivery.rendering.plain import plain_text
from healthscore_assets.delivery.rendering.shown import SIGNS, TITLE, shown
from healthscore_assets.delivery.texts import cut, one_line

_ID = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_LONGEST_ID = 64


class _Policy(EmailPolicy):
    """As mail servers want it, and with all spaces: Python 3.11 loses some in long subjects."""

    def fold(self, name: str, value: str) -> str:
        """A header as it is sent."""
        if name not in _TEXTS or value.isascii():
            return super().fold(name, value)
        encoded = Header(str(value), "utf-8", header_name=name).encode(linesep=self.linesep)
        return f"{name}: {encoded}{self.linesep}"

    def fold_binary(self, name: str, value: str) -> bytes:
        """The same as bytes."""
        return self.fold(name, value).encode("ascii", "surrogateescape")


_TEXTS = ("Subject", "X-Healthscore-Key")
_POLICY = _Policy(linesep="\r\n")


class NoAddress(ValueError):
    """Somebody's address is none; the message is one line and names it."""


def mail(document: Document, key: str, sender: str, to: str) -> EmailMessage:
    """The same mail for the same document, key and people, but for ``Date``: its sender adds that.

    Parameters: ``to`` is one or several addresses, parted by commas.
    Raises NoAddress where one of them, or ``sender``, is no address.
    """
    writer, *_ = _addresses("sender", sender)
    told = shown(document)
    message = EmailMessage(policy=_POLICY)
    message["From"] = writer
    message["To"] = _addresses("to", to)
    message["Subject"] = cut(told.title, TITLE)
    message["Message-ID"] = f"<{_id(key)}@{writer.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Healthscore-Key"] = one_line(key)
    message.set_content(plain_text(document), cte="quoted-printable")
    chart = f"chart.{_id(key)}@{writer.domain}"
    page = _template().render(document=told, signs=SIGNS, chart=chart, key=one_line(key))
    message.add_alternative(page, subtype="html", cte="quoted-printable")
    if told.image is not None:
        _, html = message.iter_parts()
        html.add_related(
            told.image.png,
            "image",
            "png",
            cid=f"<{chart}>",
            filename="chart.png",
            disposition="inline",
        )
    _part(message, key)
    return message


def _part(message: EmailMessage, key: str) -> None:
    """Boundaries that are the same each time; no line of the parts can hold ``=_``, as encoded."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{_hash(key)}_{number}")


def _addresses(name: str, told: str) -> list[Address]:
    """Addresses as mail has them. Raises NoAddress where one of them is none, or there are none."""
    no_address = NoAddress(
        f"{name}: {cut(one_line(told), TITLE)!r} is no e-mail address; write one as ann@example.com"
    )
    if not told.isprintable():
        raise no_address
    try:
        header = _POLICY.header_factory("To", told)
        found = [
            Address(each.display_name, each.username, each.domain.encode("idna").decode())
            for each in header.addresses
        ]
    except (HeaderParseError, ValueError, IndexError):  # its parser runs off the end of "ann@"
        raise no_address from None
    bad = [each for each in header.defects if not isinstance(each, ObsoleteHeaderDefect)]
    if bad or not all(each.username and each.domain for each in found) or not found:
        raise no_address
    return found


def _id(key: str) -> str:
    """The key, or a hash of one that no Message-ID can hold."""
    return key if len(key) <= _LONGEST_ID and _ID.fullmatch(key) else _hash(key)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:40]


@functools.cache
def _template() -> Template:
    box = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return box.get_template("mail.html")
