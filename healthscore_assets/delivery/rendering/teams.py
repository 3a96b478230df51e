"""A document for Microsoft Teams: an Adaptive Card, in runs of text, which are not Markdown."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

from healthscore_assets.delivery.documents.document import Document, Tone
from healthscore_assets.delivery.rendering.shown import SIGNS, fitted, shown
from healthscore_assets.delivery.texts import cut, one_line

MOST_BYTES = 20_000
"""Of the body as UTF-8. Microsoft documents about 28 KB; senders were refused from 21 KB on."""

_KEY = 255
_COLOURS: dict[Tone, str] = {"good": "Good", "warning": "Warning", "bad": "Attention"}
_FUNCTION = re.compile(r"(?<=\{\{)(?=DATE\(|TIME\()")
"""Within what cards would put a day or a time for; in two runs it is text."""

Element = dict[str, Any]


def teams_message(document: Document, key: str) -> dict[str, Any]:
    """The whole body that a Workflows webhook takes, to be posted as UTF-8.

    The chart is in it where it fits with all that there is to say. The key is the last line.
    """
    told = shown(document)
    with_image = _message(fitted(told, lambda _: True), key, with_image=True)
    if told.image is not None and _fits(with_image):
        return with_image
    return _message(fitted(told, lambda part: _fits(_message(part, key))), key)


def _fits(message: Element) -> bool:
    body = json.dumps(message, ensure_ascii=False).encode()
    return len(body) <= MOST_BYTES


def _message(document: Document, key: str, *, with_image: bool = False) -> Element:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": list(_body(document, key, with_image=with_image)),
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {
        "type": "message",
        "attachments": [{"contentType": kind, "contentUrl": None, "content": card}],
    }


def _body(document: Document, key: str, *, with_image: bool) -> Iterator[Element]:
    yield _block(_runs(document.title, size="Large", weight="Bolder"))
    if document.intro:
        yield _block(_runs(document.intro))
    if document.image is not None and with_image:
        encoded = base64.b64encode(document.image.png).decode()
        yield {
            "type": "Image",
            "url": f"data:image/png;base64,{encoded}",
            "altText": document.image.says,
            "size": "Stretch",
        }
    elif document.image is not None and document.image.says:
        yield _block(_runs(document.image.says, italic=True))
    for section in document.sections:
        heading = _block(_runs(section.heading, size="Medium", weight="Bolder"))
        yield {**heading, "spacing": "Large", "separator": True}
        for line in section.lines:
            colour = {"color": _COLOURS[line.tone]} if line.tone in _COLOURS else {}
            runs = _runs(f"{SIGNS[line.tone]} ", **({"weight": "Bolder"} | colour))
            runs += _runs(line.text, **({"weight": "Bolder"} if line.detail else {}))
            runs += _runs(f": {line.detail}") if line.detail else []
            yield {**_block(runs), "spacing": "Small"}
    if document.closing:
        yield {**_block(_runs(document.closing)), "spacing": "Large"}
    signed = _runs(f"healthscore {cut(one_line(key), _KEY)}", size="Small", isSubtle=True)
    yield {**_block(signed), "spacing": "Large"}


def _block(runs: list[Element]) -> Element:
    return {"type": "RichTextBlock", "inlines": runs}


def _runs(text: str, **style: Any) -> list[Element]:
    return [{"type": "TextRun", "text": part, **style} for part in _FUNCTION.split(text)]
