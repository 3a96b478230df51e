"""Messages that were given up, a line of JSON each, for people and for programs to pick up."""

import json
import os
from datetime import datetime
from pathlib import Path

from healthscore_assets.delivery.outbox.message import Claimed
from healthscore_assets.delivery.rendering.plain import plain_text


def bury(file: Path, claimed: Claimed, says: str, at: datetime) -> None:
    """Add a message to the file of those that were given up, on disk before this returns.

    A message may be there twice, under one key, where a process died right after. The file holds
    names of clients: it is made readable by its owner alone.
    """
    line = {
        "key": claimed.key,
        "purpose": claimed.purpose,
        "about": claimed.about,
        "channel": claimed.channel,
        "to": claimed.address,
        "title": claimed.document.title,
        "text": plain_text(claimed.document),
        "queued_at": claimed.queued_at.isoformat(),
        "given_up_at": at.isoformat(),
        "attempts": claimed.attempts,
        "reason": says,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "a", encoding="utf-8", errors="backslashreplace", opener=_private) as stream:
        stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
