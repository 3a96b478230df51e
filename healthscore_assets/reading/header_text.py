"""When two headers are spelled alike."""

import unicodedata

_UNSEEN = dict.fromkeys(map(ord, "\ufeff\u200b\u200e\u200f\u2060\u00ad"))
"""Marks that nobody sees or types; the joiners that emoji and scripts need are not among them."""

_JOINERS = dict.fromkeys(map(ord, " _.|-\u200c\u200d"))


def tidy_header(header: str) -> str:
    """Unseen marks dropped, accents composed, spaces of any kind collapsed."""
    return " ".join(unicodedata.normalize("NFC", header.translate(_UNSEEN)).split())


def comparable(header: str) -> str:
    """Equal for headers that differ in case, spaces, ``_ . - |`` and width of letters only."""
    folded = unicodedata.normalize("NFKC", header.translate(_UNSEEN)).casefold()
    return "".join(folded.translate(_JOINERS).split())


def shown(header: str) -> str:
    """The header as messages quote it: one line, of bounded length."""
    return repr(header if len(header) <= 80 else header[:79] + "…")
