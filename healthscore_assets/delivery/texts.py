"""Texts of others, such as what a client is called, made safe to show: each way is here once."""

import re

_HALVES = re.compile("[\ud800-\udfff]")
_JOINERS = "\u200c\u200d"
"""Unseen, but words in Persian and Hindi are spelled with them, and emoji are made with them."""


def whole(text: str) -> str:
    """Text that can be written as UTF-8: halves of characters, as of a bad file name, are not."""
    return _HALVES.sub("\ufffd", text)


def printable(text: str) -> str:
    """Text without what a terminal or a mail client would obey; lines stay lines.

    Control characters, marks that turn the direction of writing, unseen ones and halves of
    characters are told as such: by the replacement character.
    """
    return "".join(
        each if each.isprintable() or each == "\n" or each in _JOINERS else "\ufffd"
        for each in text
    )


def one_line(text: str) -> str:
    """The same on one line, spaces for whatever parts lines or words."""
    return printable(" ".join(text.split()))


def cut(text: str, length: int) -> str:
    """At most so many characters; what was cut ends in an ellipsis."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
