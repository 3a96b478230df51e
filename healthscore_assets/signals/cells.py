"""Cells of a feed as what their column holds, and the cells that are nothing of the kind."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.reading.dates.cells import reduced, tell
from healthscore_assets.reading.dates.column import DateFormat, DateReader
from healthscore_assets.reading.formats.batch import NOT_COLLECTED
from healthscore_assets.signals.feeds import Field

_NUMBER = r"^-?((\d+|\d{1,3}(,\d{3})+)(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_MONEY = (
    (r"^\((.*)\)$", r"-\1"),
    (r"^(-?)\s*(?:[A-Z]{0,2}[$€£¥]|[A-Za-z]{3}\s)\s*(-?)", r"\1\2"),
    (r"\s*(?:[$€£¥]|[A-Z]{3}|\s[a-z]{3})$", ""),
)
"""Accountants' brackets, and signs of money before and after a number."""
_SWISS = r"^-?\d{1,3}(['’]\d{3})+(\.\d*)?$"
_LARGEST = {"whole": 1e9, "amount": 1e15}
"""Beyond these a number is no count of seats or people, and no sum of money."""
_YES = ("yes", "y", "true", "t", "1", "x")
_NO = ("no", "n", "false", "f", "0")


@dataclass(frozen=True)
class Cells:
    """A column of typed values, null where a cell is blank or refused; ``refused`` gives reasons.

    ``refused`` is null where nothing is wrong.
    """

    values: pa.Array
    refused: pa.Array

    def without(self, wrong: pa.Array, reason: str) -> "Cells":
        """Without cells that are wrong for a further reason."""
        wrong = pc.fill_null(wrong, False)
        values = pc.if_else(wrong, None, self.values)
        return Cells(values, pc.if_else(wrong, reason, self.refused))


def observe_days(reader: DateReader, cells: pa.ChunkedArray) -> None:
    """Learn from a column how its days are written; cells that are no days teach nothing."""
    plain = _plain(cells)
    words = reduced(plain, times=False)
    days = [word for word in pc.unique(words).drop_null().to_pylist() if _is_day(word)]
    kept = plain.filter(pc.is_in(words, pa.array(days, pa.string())))
    if len(kept):
        reader.observe(pa.chunked_array([kept]))


def flags_in(cells: pa.ChunkedArray) -> set[str]:
    """Of a column ``true`` and ``false``, as far as it has them, and ``other`` for all else."""
    told = pc.unique(pc.utf8_lower(_plain(cells))).drop_null()
    flag = pc.is_in(told, value_set=pa.array(["true", "false"]))
    flags = set(told.filter(flag).to_pylist())
    return flags if len(flags) == len(told) else {*flags, "other"}


def typed(field: Field, cells: pa.ChunkedArray, days: DateFormat | None) -> Cells:
    """Read a column. Parameters: ``days`` says how a column of days is written; None: all blank."""
    plain = _plain(cells)
    if field.kind == "day":
        return _days(plain, days)
    if field.kind == "yes_no":
        return _yes_no(plain)
    if field.kind in ("amount", "whole"):
        return _numbers(field, plain)
    if field.kind == "word":
        return _words(field, plain)
    return Cells(plain, pa.nulls(len(plain), pa.string()))


def _plain(cells: pa.ChunkedArray) -> pa.Array:
    """Trimmed, null where nothing was told."""
    trimmed = pc.utf8_trim_whitespace(cells.combine_chunks())
    return pc.if_else(pc.is_in(trimmed, pa.array(NOT_COLLECTED)), None, trimmed)


def _is_day(word: str) -> bool:
    told = tell(word)
    return told is not None and told.day is not None


def _days(plain: pa.Array, days: DateFormat | None) -> Cells:
    words = reduced(plain, times=False)
    coded = words.dictionary_encode()
    is_day = pa.array([_is_day(word) for word in coded.dictionary.to_pylist()], pa.bool_())
    good = pc.fill_null(is_day.take(coded.indices), False)
    readable = pc.if_else(good, plain, None)
    none = pa.nulls(len(plain), pa.date32())
    values = none if days is None else days.days(pa.chunked_array([readable])).combine_chunks()
    return Cells(values, _because(pc.and_(pc.is_valid(plain), pc.is_null(values)), "not_a_day"))


def _yes_no(plain: pa.Array) -> Cells:
    lower = pc.utf8_lower(plain)
    yes, no = pc.is_in(lower, pa.array(_YES)), pc.is_in(lower, pa.array(_NO))
    values = pc.if_else(pc.or_(yes, no), yes, None)
    return Cells(values, _because(pc.and_(pc.is_valid(plain), pc.is_null(values)), "not_yes_or_no"))


def _numbers(field: Field, plain: pa.Array) -> Cells:
    if field.words:
        plain = _renamed(plain, field)
    if field.kind == "whole":  # a count may be told as a flag
        lower = pc.utf8_lower(plain)
        plain = pc.if_else(pc.is_in(lower, pa.array(["yes", "y", "true"])), "1", plain)
        plain = pc.if_else(pc.is_in(lower, pa.array(["no", "n", "false"])), "0", plain)
    bare = plain
    for pattern, by in _MONEY:
        bare = pc.replace_substring_regex(bare, pattern, by)
    without = pc.replace_substring_regex(bare, "['’]", "")
    bare = pc.if_else(pc.match_substring_regex(bare, _SWISS), without, bare)
    is_number = pc.match_substring_regex(bare, _NUMBER)
    digits = pc.replace_substring(pc.if_else(is_number, bare, None), ",", "")
    values = pc.cast(digits, pa.float64())
    refused = _because(pc.invert(is_number), "not_a_number")
    outside = pc.greater(pc.abs(values), _LARGEST[field.kind])
    if field.least is not None:
        outside = pc.or_(outside, pc.less(values, field.least))
    if field.most is not None:
        outside = pc.or_(outside, pc.greater(values, field.most))
    refused = pc.coalesce(refused, _because(outside, "out_of_range"))
    if field.kind == "whole":
        fraction = pc.not_equal(values, pc.floor(values))
        refused = pc.coalesce(refused, _because(fraction, "not_whole"))
    return Cells(pc.if_else(pc.is_null(refused), values, None), refused)


def _words(field: Field, plain: pa.Array) -> Cells:
    spelled = pa.array([word for word, _ in field.words])
    at = pc.index_in(pc.utf8_lower(plain), value_set=spelled)
    values = pa.array([means for _, means in field.words]).take(at)
    return Cells(values, _because(pc.and_(pc.is_valid(plain), pc.is_null(values)), "unknown_word"))


def _renamed(plain: pa.Array, field: Field) -> pa.Array:
    spelled = pa.array([word for word, _ in field.words])
    means = pa.array([means or None for _, means in field.words], pa.string())
    at = pc.index_in(pc.utf8_lower(plain), value_set=spelled)
    return pc.if_else(pc.is_valid(at), means.take(at), plain)


def _because(wrong: pa.Array, reason: str) -> pa.Array:
    return pc.if_else(pc.fill_null(wrong, False), reason, pa.scalar(None, pa.string()))
