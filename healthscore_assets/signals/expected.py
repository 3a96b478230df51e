"""What a column of a feed expects, in words."""

from collections.abc import Mapping
from typing import Any

from healthscore_assets.contracts.feed_quarantine import FEED_REASONS
from healthscore_assets.signals.feeds import Feed, Field

_OF_KIND = {
    "day": "a day such as 2024-05-31",
    "amount": "a number such as 1200.50",
    "whole": "a whole number",
    "yes_no": "yes or no",
}


def expected(field: Field) -> str:
    """Such as ``0 to 10`` or ``one of nps, csat``."""
    if field.words and field.kind == "word":
        return f"one of {', '.join(word for word, _ in field.words)}"
    if field.least is not None and field.most is not None:
        whole = "a whole number from " if field.kind == "whole" else ""
        return f"{whole}{field.least:g} to {field.most:g}"
    if field.least is not None:
        return f"{_OF_KIND[field.kind]} from {field.least:g}"
    return _OF_KIND.get(field.kind, "a value")


def not_used(feed: Feed, columns: Mapping[str, str], line: Mapping[str, Any]) -> str:
    """What is wrong with a cell, or a row, that was refused.

    Parameters: ``columns`` tells the header of each column; ``line`` has the ``column``, ``value``
    and ``reason`` of the quarantine.
    """
    value = f"{line['value']!r} is not used: " if line["value"] else ""
    names = [name for name, header in columns.items() if header == line["column"]]
    wants = f", expected {expected(feed.field(names[0]))}" if names else ""
    return f"{value}{FEED_REASONS[line['reason']]}{wants}"
