"""A document for Slack: Block Kit, in blocks whose texts Slack does not read as markup."""

import html
import json
from collections.abc import Iterator
from typing import Any

from healthscore_assets.delivery.documents.document import Document, Line, Section, Tone
from healthscore_assets.delivery.rendering.shown import fitted, shown
from healthscore_assets.delivery.texts import cut, one_line

MOST_BLOCKS = 50
MOST_CHARACTERS = 12_000
"""Of all blocks as JSON. Slack documents no limit for them together; messages of 11,300 characters
of text and of 13,300 in all were refused as ``msg_blocks_too_long``."""

_KEY = 255
_EMOJI: dict[Tone, str] = {"good": "white_check_mark", "warning": "warning", "bad": "red_circle"}


def slack_message(document: Document, key: str) -> dict[str, Any]:
    """The message as a webhook takes it, and, with a channel, ``chat.postMessage``.

    ``text`` is what notifications show: of all texts the only one that Slack parses, so it is
    escaped. Webhooks take no images; what one shows is told. The key is in the last block.
    """
    told = fitted(shown(document), lambda part: _fits(_blocks(part, key)))
    summary = f"{told.title}: {told.intro}" if told.intro else told.title
    return {
        "text": html.escape(summary, quote=False),
        "blocks": _blocks(told, key),
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _fits(blocks: list[dict[str, Any]]) -> bool:
    characters = len(json.dumps(blocks, ensure_ascii=False))
    return len(blocks) <= MOST_BLOCKS and characters <= MOST_CHARACTERS


def _blocks(document: Document, key: str) -> list[dict[str, Any]]:
    image = document.image
    blocks = [{"type": "header", "text": _plain(document.title)}]
    if document.intro:
        blocks.append(_rich(_words(_text(document.intro))))
    blocks += [_rich(*_section(section)) for section in document.sections]
    if image is not None and image.says:
        blocks.append(_rich(_words(_text(image.says, italic=True))))
    if document.closing:
        blocks.append(_rich(_words(_text(document.closing))))
    signed = _plain(f"healthscore {cut(one_line(key), _KEY)}")
    return [*blocks, {"type": "context", "elements": [signed]}]


def _section(section: Section) -> Iterator[dict[str, Any]]:
    yield _words(_text(section.heading, bold=True))
    if section.lines:
        lines = [_words(*_line(line)) for line in section.lines]
        yield {"type": "rich_text_list", "style": "bullet", "elements": lines}


def _line(line: Line) -> Iterator[dict[str, Any]]:
    if line.tone in _EMOJI:
        yield {"type": "emoji", "name": _EMOJI[line.tone]}
        yield _text(" ")
    yield _text(line.text, bold=bool(line.detail))
    if line.detail:
        yield _text(f": {line.detail}")


def _rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(elements)}


def _words(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(elements)}


def _text(text: str, **style: bool) -> dict[str, Any]:
    on = {name: True for name, wanted in style.items() if wanted}
    return {"type": "text", "text": text, **({"style": on} if on else {})}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
