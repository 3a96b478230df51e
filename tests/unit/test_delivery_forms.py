"""Whatever clients are called, every form of a document shows it as it is, and obeys none of it."""

from __future__ import annotations

import email
import email.policy
import html
import json
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import html5lib
import pytest
from documents import NASTY, PNG, documents, harmless, pieces, seen, texts
from hypothesis import example, given, settings
from slack_sdk.models.blocks import Block

from healthscore_assets.delivery.documents.document import Document, Image, Line, Section
from healthscore_assets.delivery.rendering.email import NoAddress, mail
from healthscore_assets.delivery.rendering.plain import plain_text
from healthscore_assets.delivery.rendering.slack import slack_message
from healthscore_assets.delivery.rendering.teams import teams_message
from healthscore_assets.delivery.rendering.webhook import webhook_body
from healthscore_assets.delivery.texts import cut, one_line, printable

KEY = "digest-2024-05-02-ann"
ANN, BOB = "Ann Ray <ann@example.com>", "bob@example.org"
SENDER = "Health <health@vendor.example>"


def named(*names: str) -> Document:
    """A section for each name, and a line in it."""
    sections = tuple(
        Section(heading=name, lines=(Line(text=name, detail=name, tone="bad"),)) for name in names
    )
    return Document(
        purpose="digest", title=names[0], intro=names[0], sections=sections, closing=names[0]
    )


def long(sections: int, lines: int, text: str = "Acme") -> Document:
    each = tuple(Line(text=f"{text} {n}", detail="health fell") for n in range(lines))
    return Document(
        purpose="digest",
        title="Alerts",
        sections=tuple(Section(heading=f"Heading {n}", lines=each) for n in range(sections)),
    )


# ------------------------------------------------------------------------------------------- texts


def test_text_is_printable_on_one_line() -> None:
    assert one_line(" a\r\n\tb\u2028c\x85 d ") == "a b c d"
    assert one_line("a\0b\x1b[31m\u202ec\u200bd\ufeff") == "a\ufffdb\ufffd[31m\ufffdc\ufffdd\ufffd"
    assert printable("a\nb\a") == "a\nb\ufffd"
    assert one_line("👩\u200d👧 می\u200cخواهم Zoë") == "👩\u200d👧 می\u200cخواهم Zoë"


def test_what_is_cut_says_so() -> None:
    assert cut("abcde", 5) == "abcde"
    assert cut("abcdef", 5) == "abcd…"
    assert cut("abc def", 5) == "abc…"


@given(documents)
def test_documents_wait_as_json(document: Document) -> None:
    assert Document.from_json(document.as_json()) == document


# ------------------------------------------------------------------------------------------- plain


@given(documents)
def test_plain_text_has_a_line_for_each(document: Document) -> None:
    printed = plain_text(document)
    image = document.image
    lines = sum(1 + len(section.lines) for section in document.sections)
    paragraphs = [document.intro, document.closing, image.says if image else ""]
    lines += 1 + sum(bool(seen(each)) for each in paragraphs)
    assert len([each for each in printed.split("\n") if each]) == lines
    found = 0
    for piece in [each for each in pieces(document) if not image or each != seen(image.says)]:
        found = printed.index(piece, found)


def test_plain_text_as_people_read_it() -> None:
    document = Document(
        purpose="digest",
        title="2 alerts",
        intro="For Dana",
        sections=(
            Section(heading="High", lines=(Line(text="Acme", detail="fell", tone="bad"),)),
            Section(heading="Low", lines=(Line(text="Bird", tone="good"), Line(text="Cat"))),
        ),
        closing="Bye",
    )
    assert plain_text(document) == (
        "2 alerts\n\nFor Dana\n\nHigh\n  !! Acme: fell\n\nLow\n  ✓  Bird\n  •  Cat\n\nBye\n"
    )


# -------------------------------------------------------------------------------------------- mail


def received(document: Document, key: str = KEY, to: str = f"{ANN}, {BOB}") -> EmailMessage:
    """The mail as a client reads its bytes."""
    message = email.message_from_bytes(
        mail(document, key, SENDER, to).as_bytes(), policy=email.policy.default
    )
    assert isinstance(message, EmailMessage)
    return message


def page(message: EmailMessage) -> Any:
    body = message.get_body(("html",))
    assert body is not None
    return html5lib.parse(body.get_content(), namespaceHTMLElements=False)


def elements(tree: Any) -> Counter[Any]:
    """Every element with its attributes, but for what a picture shows."""
    return Counter(
        (each.tag, tuple(sorted((name, text) for name, text in each.items() if name != "alt")))
        for each in tree.iter()
        if isinstance(each.tag, str)
    )


@given(documents, texts.filter(bool))
@settings(deadline=None)
@example(named(*NASTY), NASTY[10])
def test_mail_holds_what_is_said_and_no_more(document: Document, key: str) -> None:
    message = received(document, key)
    assert message.keys() == [
        *("From", "To", "Subject", "Message-ID", "Auto-Submitted", "X-Healthscore-Key"),
        *("MIME-Version", "Content-Type"),
    ]
    assert [each.addr_spec for each in message["To"].addresses] == [
        "ann@example.com",
        "bob@example.org",
    ]
    assert [each.addr_spec for each in message["From"].addresses] == ["health@vendor.example"]
    # A long first word begins on a line of its own: the space there is the fold's.
    assert message["Subject"].removeprefix(" ") == cut(pieces(document)[0], 150)
    assert message["X-Healthscore-Key"].removeprefix(" ") == seen(key)
    assert re.fullmatch(r"<[\w.-]+@vendor\.example>", message["Message-ID"], re.ASCII)
    types = [part.get_content_type() for part in message.walk()]
    page_parts = ["multipart/related", "text/html", "image/png"]
    assert types == [
        *("multipart/alternative", "text/plain"),
        *(page_parts if document.image else ["text/html"]),
    ]
    plain = message.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == plain_text(document)
    raw = mail(document, key, SENDER, BOB).as_bytes()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")


@given(documents)
@settings(deadline=None)
@example(named(*NASTY))
def test_html_of_mail_has_no_element_but_its_own(document: Document) -> None:
    tree = page(received(document))
    assert elements(tree) == elements(page(received(harmless(document))))
    told = [each.text or "" for each in tree.iter() if each.tag in ("h1", "h2", "p", "div")]
    signs = {"•", "✓", "!", "!!"}
    assert [each for each in told if each not in signs] == [
        *(each for each in pieces(document) if each not in signs),
        f"healthscore {KEY}",
    ]
    if document.image is not None:
        assert tree.find(".//img").get("alt") == seen(document.image.says)


def test_image_of_mail_is_within_it() -> None:
    document = named("Acme").model_copy(update={"image": Image(png=PNG, says="Bars")})
    message = received(document)
    (picture,) = (part for part in message.walk() if part.get_content_type() == "image/png")
    assert picture.get_content() == PNG
    source = page(message).find(".//img").get("src")
    assert picture["Content-ID"] == f"<{source.removeprefix('cid:')}>"
    assert picture.get_content_disposition() == "inline"


def test_mail_of_the_same_is_the_same() -> None:
    document = named("Acme").model_copy(update={"image": Image(png=PNG, says="Bars")})
    first, again = (mail(document, KEY, SENDER, ANN).as_bytes() for _ in range(2))
    assert first == again
    assert mail(document, KEY, SENDER, ANN)["Message-ID"] == f"<{KEY}@vendor.example>"
    ids = {mail(document, key, SENDER, ANN)["Message-ID"] for key in ("a b", "a\nb", "a" * 65)}
    assert len(ids) == 3


@pytest.mark.parametrize(
    "to",
    [
        *(
            "",
            " ",
            "ann",
            "@example.com",
            "ann@",
            "a b@example.com",
            "ann@example.com bob@b.example",
        ),
        *("ann@example.com;bob@b.example", "ann@example.com\r\nBcc: b@b.example", "<>", "a@b..c"),
        *("=?utf-8?q?=0ABcc:x@b.example?= <a@b.example>", "ann@example.com\0", "ü@b.example"),
        "Ann \u202e <ann@example.com>",
        f"ann@{'x' * 64}.example",
    ],
)
def test_no_address_is_refused(to: str) -> None:
    with pytest.raises(NoAddress, match=r"^to: .* is no e-mail address; write one as ann@") as told:
        mail(named("Acme"), KEY, SENDER, to)
    assert "\n" not in str(told.value)


def test_sender_is_refused_as_well() -> None:
    with pytest.raises(NoAddress, match=r"^sender: 'health' is no e-mail address"):
        mail(named("Acme"), KEY, "health", ANN)


@pytest.mark.parametrize(
    "title",
    [
        *(
            "Zoë Müller",
            "Alerts of — Acme — Bird — Zoë — 株式会社 — " * 3,
            "a" * 70 + " Zoë Müller",
        ),
        *("x" * 149, "株" * 150),
    ],
)
def test_subjects_keep_their_spaces(title: str) -> None:
    document = Document(purpose="digest", title=title)
    assert received(document)["Subject"].removeprefix(" ") == cut(title.strip(), 150)
    raw = mail(document, KEY, SENDER, ANN).as_bytes()
    assert max(len(line) for line in raw.split(b"\r\n")) < 170


def test_names_and_domains_are_written_as_mail_wants_them() -> None:
    to = received(named("Acme"), to='"Ray, Zoë" <zoe@bücher.example>, J. Poe <j@b.example>')["To"]
    assert [(each.display_name, each.addr_spec) for each in to.addresses] == [
        ("Ray, Zoë", "zoe@xn--bcher-kva.example"),
        ("J. Poe", "j@b.example"),
    ]


# ------------------------------------------------------------------------------------------- Slack


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Every object within."""
    if isinstance(value, dict):
        yield value
        value = [*value.values()]
    if isinstance(value, list):
        for each in value:
            yield from walk(each)


def slack_texts(block: dict[str, Any]) -> list[str]:
    return [each["text"] for each in walk(block) if isinstance(each.get("text"), str)]


@given(documents, texts)
@settings(deadline=None)
@example(named(*NASTY), KEY)
def test_slack_reads_no_text_as_markup(document: Document, key: str) -> None:
    message = slack_message(document, key)
    assert json.loads(json.dumps(message)) == message
    assert set(message) == {"text", "blocks", "mrkdwn", "unfurl_links", "unfurl_media"}
    assert not message["mrkdwn"]
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", message["text"])
    title, *others = pieces(document, in_chats=True)
    summary = f"{title}: {others[0]}" if seen(document.intro) else title
    assert html.unescape(message["text"]) == html.unescape(html.escape(summary))
    for each in walk(message["blocks"]):
        kind = each.get("type")
        if kind == "plain_text":
            assert each["emoji"] is False
        elif kind == "emoji":
            assert each["name"] in {"white_check_mark", "warning", "red_circle"}
        else:
            assert kind is None or kind in {
                *("header", "context", "rich_text", "rich_text_section", "rich_text_list", "text"),
            }
        assert each.get("text") != ""
    assert message["blocks"][0]["text"]["text"] == title


@given(documents)
@settings(deadline=None)
@example(named(*NASTY))
@example(long(60, 0))
@example(long(60, 3))
@example(long(3, 300))
@example(long(49, 1, "😀" * 500))
def test_slack_messages_are_within_limits(document: Document) -> None:
    blocks = slack_message(document, "k" * 5_000)["blocks"]
    assert 2 <= len(blocks) <= 50
    assert len(json.dumps(blocks, ensure_ascii=False)) <= 12_000
    assert len(blocks[0]["text"]["text"]) <= 150
    for block in Block.parse_all(blocks):
        block.validate_json()
    for block in blocks:
        assert sum(len(each) for each in slack_texts(block)) <= 12_000
        assert all(len(each) <= 3_000 for each in slack_texts(block))


@given(documents.filter(lambda document: len(document.as_json()) < 2_000))
def test_slack_shows_everything_that_fits(document: Document) -> None:
    blocks = slack_message(document, KEY)["blocks"]
    told = "".join("".join(slack_texts(block)) for block in blocks)
    found = 0
    for piece in pieces(document, in_chats=True):
        found = told.index(piece, found)
    assert told.endswith(f"healthscore {KEY}")


def test_slack_tells_how_much_more_there_is() -> None:
    blocks = slack_message(long(3, 300), KEY)["blocks"]
    sections = [slack_texts(block) for block in blocks if block["type"] == "rich_text"]
    assert [texts[0] for texts in sections] == ["Heading 0", "Heading 1", "Heading 2"]
    for heading, *lines, more in sections:
        kept = len(lines) // 2
        assert heading
        assert lines[0] == "Acme 0"
        assert more == f"... and {300 - kept} more"
        assert kept > 10


def test_slack_tells_of_sections_that_are_left_out() -> None:
    blocks = slack_message(long(90, 3), KEY)["blocks"]
    sections = [slack_texts(block) for block in blocks if block["type"] == "rich_text"]
    *kept, (more,) = sections
    assert kept == [[f"Heading {n}", "... and 3 more"] for n in range(len(kept))]
    assert more == f"... and {90 - len(kept)} more sections"
    assert len(kept) > 20


def test_slack_tells_what_an_image_shows() -> None:
    document = named("Acme").model_copy(update={"image": Image(png=PNG, says="Bars")})
    assert ["Bars"] in [slack_texts(block) for block in slack_message(document, KEY)["blocks"]]


# ------------------------------------------------------------------------------------------- Teams


def card(message: dict[str, Any]) -> dict[str, Any]:
    (attachment,) = message["attachments"]
    assert message["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    found: dict[str, Any] = attachment["content"]
    return found


def teams_texts(message: dict[str, Any]) -> list[str]:
    return [
        "".join(run["text"] for run in block["inlines"])
        for block in card(message)["body"]
        if block["type"] == "RichTextBlock"
    ]


@given(documents, texts)
@settings(deadline=None)
@example(named(*NASTY), KEY)
@example(long(60, 300), KEY)
@example(long(200, 1, "😀" * 500), KEY)
def test_teams_reads_no_text_as_markup(document: Document, key: str) -> None:
    message = teams_message(document, key)
    assert json.loads(json.dumps(message)) == message
    assert len(json.dumps(message, ensure_ascii=False).encode()) <= 20_000
    assert {block["type"] for block in card(message)["body"]} <= {"RichTextBlock", "Image"}
    for each in walk(card(message)["body"]):
        if each["type"] == "TextRun":
            assert each["text"]
            assert not re.search(r"\{\{(DATE|TIME)\(", each["text"])
        else:
            assert "text" not in each


@given(documents.filter(lambda document: len(document.as_json()) < 4_000))
def test_teams_shows_everything_that_fits(document: Document) -> None:
    message = teams_message(document, KEY)
    told = "\n".join(teams_texts(message))
    found = 0
    for piece in pieces(document, in_chats=True):
        found = told.index(piece, found)
    assert told.endswith(f"\nhealthscore {KEY}")


def test_teams_tells_how_much_more_there_is() -> None:
    told = teams_texts(teams_message(long(1, 400), KEY))
    title, heading, *lines, more, _ = told
    assert (title, heading, lines[0]) == ("Alerts", "Heading 0", "• Acme 0: health fell")
    assert more == f"• ... and {400 - len(lines)} more"
    assert len(lines) > 30


def test_teams_shows_an_image_that_fits() -> None:
    document = named("Acme")
    small = document.model_copy(update={"image": Image(png=PNG, says="Bars")})
    large = document.model_copy(update={"image": Image(png=PNG * 300, says="Bars")})
    (image,) = (b for b in card(teams_message(small, KEY))["body"] if b["type"] == "Image")
    assert image["altText"] == "Bars"
    assert b64decode(image["url"].removeprefix("data:image/png;base64,")) == PNG
    assert "Bars" not in teams_texts(teams_message(small, KEY))
    assert "Bars" in teams_texts(teams_message(large, KEY))
    assert "Image" not in {block["type"] for block in card(teams_message(large, KEY))["body"]}


# ----------------------------------------------------------------------------------------- webhook


@given(documents)
def test_webhook_body_tells_everything(document: Document) -> None:
    body = webhook_body(document, KEY)
    assert body == webhook_body(document, KEY)
    told = json.loads(body.encode("ascii"))
    assert list(told) == sorted(told)
    image = told.pop("image")
    assert told == {
        "id": KEY,
        "purpose": document.purpose,
        "title": seen(document.title) or "-",
        "intro": seen(document.intro),
        "sections": [
            {
                "heading": seen(section.heading) or "-",
                "lines": [
                    {"text": seen(e.text) or "-", "detail": seen(e.detail), "tone": e.tone}
                    for e in section.lines
                ],
            }
            for section in document.sections
        ],
        "closing": seen(document.closing),
        "data": document.data,
    }
    if document.image is None:
        assert image is None
    else:
        assert b64decode(image["png"]) == PNG
        assert image["says"] == seen(document.image.says)
