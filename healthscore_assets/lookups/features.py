"""When two spellings name the same feature (SCORING.md section 2)."""

import re

import ibis

SEPARATOR = r"\s*(\s\|\s|\s>\s|:\s|\s/\s)\s*"
"""Between the parts of a name; a bare ``/`` or ``-`` is part of the name."""


def tidy(feature: str) -> str:
    """The name with its separators written `` | `` and repeated spaces collapsed; case is kept."""
    return re.sub(SEPARATOR, " | ", " ".join(feature.split()))


def feature_key(feature: str) -> str:
    """Equal for all spellings of one feature."""
    # Letter by letter, as the engine does: `str.lower` alone knows the final sigma.
    return "".join(letter.lower()[0] for letter in tidy(feature))


def feature_key_column(feature: ibis.expr.types.StringValue) -> ibis.expr.types.StringValue:
    """`feature_key` as an expression, for names that are tidy but for separators and case."""
    return feature.re_replace(SEPARATOR, " | ").lower()
