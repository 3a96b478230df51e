"""Documents of every shape, with texts that somebody might be called to break a message."""

from __future__ import annotations

import unicodedata
from typing import Any

from hypothesis import strategies as st

from healthscore_assets.delivery.documents.document import Document, Image, Line, Section

NASTY = (
    "<script>alert('x')</script>",
    "</td></tr></table><a href=\"http://evil.example\" onclick='x()'>here</a>",
    "<!-- <b>&amp;&lt;&#x3c;",
    "<!channel> <@U123> <#C123|general> <https://evil.example|ours>",
    "@here *bold* _slanted_ ~gone~ `code` > quote",
    "[x](http://evil.example) ![i](http://evil.example/i.png) **b**",
    ":fire: :-)",
    "{{ 7 * 7 }} {% for x in y %} {{DATE(2024-05-01T00:00:00Z, SHORT)}} ${title} <at>Ann</at>",
    "=cmd|'/c calc'!A0",
    "+1+1\t@SUM(A1)",
    "Acme\r\nBcc: victim@evil.example\r\n\r\nHi",
    "Acme\nX-Healthscore-Key: other",
    "--=_0\n.\n",
    "nul\0 bell\a escape\x1b[31m delete\x7f next\x85 line\u2028 paragraph\u2029",
    "half\ud800 \udcff",
    "turned \u202egnp.exe\u202c \u2066x\u2069 \u200f",
    "un\u200bseen\ufeff \u00ad\u2060",
    "👩\u200d👩\u200d👧 Zoë 株式会社 شركة",
    "می\u200cخواهم",
    "x" * 5_000,
    "😀" * 5_000,
    "<&>" * 1_700,
    " ",
    "\n",
)

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63606060"
    "60000000050001a5f645400000000049454e44ae426082"
)

texts = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=()), max_size=40),
    st.lists(st.sampled_from(NASTY[:18]), min_size=2, max_size=3).map(" ".join),
)

_data: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)

_lines = st.builds(
    Line,
    text=texts,
    detail=st.just("") | texts,
    tone=st.sampled_from(["plain", "good", "warning", "bad"]),
)

documents = st.builds(
    Document,
    purpose=st.sampled_from(["alerts", "digest", "portfolio", "operators", "trial"]),
    title=texts.filter(bool),
    intro=st.just("") | texts,
    sections=st.lists(
        st.builds(Section, heading=texts, lines=st.lists(_lines, max_size=4).map(tuple)), max_size=4
    ).map(tuple),
    closing=st.just("") | texts,
    image=st.none() | st.builds(Image, png=st.just(PNG), says=texts),
    data=st.dictionaries(texts, _data, max_size=3),
)


def seen(text: str) -> str:
    """The text as everybody is to see it: on one line, what does not show told as such."""
    return "".join(
        "\ufffd" if unicodedata.category(each)[0] in "CZ" and each not in " \u200c\u200d" else each
        for each in " ".join(text.split())
    )


def pieces(document: Document, *, in_chats: bool = False) -> list[str]:
    """All that a reader sees of a document, in order, with `-` for what says nothing.

    Chats are given the beginnings of long texts.
    """

    def told(text: str, most: int, instead: str = "") -> str:
        text = seen(text) or instead
        return f"{text[: most - 1].rstrip()}…" if in_chats and len(text) > most else text

    found = [told(document.title, 150, "-"), told(document.intro, 1_000)]
    for section in document.sections:
        found.append(told(section.heading, 150, "-"))
        for line in section.lines:
            found += [told(line.text, 300, "-"), told(line.detail, 600)]
    return [each for each in [*found, told(document.closing, 1_000)] if each]


def harmless(document: Document) -> Document:
    """A document of the same shape of which no text is anything but a word."""

    def word(text: str) -> str:
        return "word" if seen(text) else ""

    return Document(
        purpose=document.purpose,
        title="word",
        intro=word(document.intro),
        sections=tuple(
            Section(
                heading="word",
                lines=tuple(
                    Line(text="word", detail=word(line.detail), tone=line.tone)
                    for line in section.lines
                ),
            )
            for section in document.sections
        ),
        closing=word(document.closing),
        image=document.image and Image(png=document.image.png, says=word(document.image.says)),
    )
