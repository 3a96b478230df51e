"""The columns of the feeds, written into docs/feeds.md by ``make docs``."""

import sys
from pathlib import Path

from healthscore_assets.signals.expected import expected
from healthscore_assets.signals.feeds import FEEDS, Feed

_BEGIN = "<!-- feeds: written by `make docs`, do not edit -->\n"
_END = "<!-- end of feeds -->\n"
_TEXTS = {"text": "text", "prose": "words; only their sentiment is kept"}


def with_feeds(document: str) -> str:
    """The document with the columns of each feed between its two marks as the code has them."""
    before, _, rest = document.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{feed_reference()}\n{_END}{after}"


def feed_reference() -> str:
    """By feed and column, what it holds and what may be written above it, in Markdown."""
    return "\n".join(_table(feed) for feed in FEEDS.values())


def _table(feed: Feed) -> str:
    lines = [
        f"### `exports/{feed.name}/`",
        "",
        f"{feed.says[0].upper()}{feed.says[1:]}.",
        "",
        "| column | holds | headers, the best first |",
        "| --- | --- | --- |",
    ]
    for field in feed.fields:
        needed = ", needed" if field.required else ""
        holds = _TEXTS.get(field.kind) or expected(field)
        headers = ", ".join(dict.fromkeys((*field.headers, field.name.replace("_", " "))))
        lines.append(f"| `{field.name}` | {holds}{needed} | {headers} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(with_feeds(path.read_text(encoding="utf-8")), encoding="utf-8")
