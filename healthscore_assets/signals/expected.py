"""What a column of a feed expects, in words."""

from healthscore_assets.signals.feeds import Field

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
        return f"{field.least:g} to {field.most:g}"
    if field.least is not None:
        return f"{_OF_KIND[field.kind]} from {field.least:g}"
    return _OF_KIND.get(field.kind, "a value")
