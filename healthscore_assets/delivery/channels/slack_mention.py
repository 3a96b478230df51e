"""Somebody who is mentioned in a Slack message, by an element: text never mentions anybody."""

import re
from typing import Any

_USER = re.compile(r"[UW][A-Z0-9]{2,}")
_GROUP = re.compile(r"S[A-Z0-9]{2,}")
_ALL = ("here", "channel", "everyone")


def with_mention(message: dict[str, Any], to: str) -> dict[str, Any] | None:
    """The message, ``to`` mentioned at its top; None where that is neither an ID nor a group.

    It goes into a block that is there, since Slack takes 50 at most.
    """
    if not to:
        return message
    element = _element(to.strip().removeprefix("@"))
    if element is None:
        return None
    mention = {"type": "rich_text_section", "elements": [element]}
    blocks: list[dict[str, Any]] = list(message["blocks"])
    for number, block in enumerate(blocks):
        if block["type"] == "rich_text":
            blocks[number] = {**block, "elements": [mention, *block["elements"]]}
            break
    else:
        blocks.insert(0, {"type": "rich_text", "elements": [mention]})
    return {**message, "blocks": blocks}


def _element(to: str) -> dict[str, str] | None:
    if to in _ALL:
        return {"type": "broadcast", "range": to}
    if _USER.fullmatch(to):
        return {"type": "user", "user_id": to}
    if _GROUP.fullmatch(to):
        return {"type": "usergroup", "usergroup_id": to}
    return None
