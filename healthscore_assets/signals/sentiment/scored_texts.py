"""What of a text is scored."""

from importlib.metadata import version

import pyarrow as pa
import pyarrow.compute as pc

TEXT_RULES = f"texts-1-py3langid-{version('py3langid')}"
"""Part of every model's name. Raise the number when the rules of length or language change."""

MIN_WORDS = 3

_LEFT_OUT = (
    r"(?m)^[ \t]*>.*$",  # an earlier message, quoted in a reply
    r"(?i)\b(?:https?://|ftp://|www\.)[^\s<>\"]+",
    r"[^\s@<>()\[\]\",;:]+@[^\s@<>()\[\]\",;:]+\.[^\s@<>()\[\]\",;:.]+",
)
_BLANK = r"[\s\p{Z}\p{Cc}\x{200B}\x{FEFF}]+"  # and those that show as nothing
_WORD = r"[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*"


def scored_texts(texts: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The texts as they are scored: null where nothing is left to read.

    URLs, e-mail addresses and quoted lines are left out, white space is one space. Strings, as many
    as came in.
    """
    texts = texts.cast(pa.large_string())
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    for pattern in _LEFT_OUT:
        texts = pc.replace_substring_regex(texts, pattern, " ")
    texts = pc.replace_substring_regex(texts, _BLANK, " ")
    texts = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)


def long_enough(scored: pa.Array) -> pa.Array:
    """Whether a text that is scored has three words of letters; null for null."""
    return pc.greater_equal(pc.count_substring_regex(scored, _WORD), MIN_WORDS)
