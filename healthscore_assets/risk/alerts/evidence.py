"""What an alert says of a client: a sentence with the client's own numbers, built in the query.

``Health {health:.1f}, below {threshold:g}``: between braces stand expressions as in conditions, and
behind the colon how a number is written: ``.0f`` to ``.3f``, ``.0%``, ``.1%``, or ``g``.
"""

import re
import string
from collections.abc import Callable
from dataclasses import dataclass, field

import ibis

from healthscore_assets.risk.alerts.expression import (
    Expression,
    ExpressionRefused,
    Reference,
    Values,
    value,
)

_FORM = re.compile(r"\.(?P<decimals>[0-3])(?P<kind>[f%])|g|")
_UNKNOWN = "unknown"


@dataclass(frozen=True)
class Evidence:
    """The sentence, and the columns that it reads."""

    text: str
    reads: frozenset[Reference]
    build: Callable[[Values], ibis.Value] = field(compare=False)


def evidence(text: str, threshold: float | None = None) -> Evidence:
    """Read a sentence with numbers in it.

    Raises ExpressionRefused for braces that do not close, expressions that cannot be used, and
    forms that there are not.
    """
    parts: list[Callable[[Values], ibis.Value]] = []
    reads: frozenset[Reference] = frozenset()
    try:
        fields = list(_fields(text))
    except ValueError as error:
        raise ExpressionRefused(f"evidence {text!r}: {error}") from None
    for literal, inner, form in fields:
        if literal:
            parts.append(_as_it_is(literal))
        if inner is not None:
            term = value(inner, threshold)
            reads |= term.reads
            parts.append(_shown(term, form))

    def build(row: Values) -> ibis.Value:
        built = ibis.literal("")
        for part in parts:
            built = built + part(row)
        return built

    return Evidence(text, reads, build)


def _fields(text: str) -> list[tuple[str, str | None, str]]:
    fields = []
    for literal, inner, form, conversion in string.Formatter().parse(text):
        if conversion is not None:
            raise ValueError(f"!{conversion} is not allowed")
        fields.append((literal, inner, form or ""))
    return fields


def _as_it_is(text: str) -> Callable[[Values], ibis.Value]:
    return lambda _: ibis.literal(text)


def _shown(term: Expression, form: str) -> Callable[[Values], ibis.Value]:
    match = _FORM.fullmatch(form)
    if match is None or (form and term.kind != "number"):
        raise ExpressionRefused(
            f"{{{term.text}:{form}}}: a number is written as .0f to .3f, .0%, .1% or g, and "
            f"other kinds without a form; {term.text} is a {term.kind}"
        )
    if term.constant is not None and term.kind == "number":
        return _as_it_is(format(term.constant, form or "g"))
    if term.kind != "number":
        return lambda row: term.build(row).cast("string").fill_null(_UNKNOWN)
    decimals = int(match["decimals"] or 0)
    scale, ending = (100, "%") if match["kind"] == "%" else (1, "")
    return lambda row: _written(term.build(row) * scale, decimals).fill_null(_UNKNOWN) + ending


def _written(number: ibis.Value, decimals: int) -> ibis.Value:
    """A number with so many decimals, on any engine: digits before and behind the point."""
    units = (number.cast("float64") * 10**decimals).round(0).cast("int64")
    digits = units.abs().cast("string")
    if decimals:
        padded = digits.lpad(decimals + 1, "0")
        # lpad cuts what is longer.
        digits = ibis.ifelse(digits.length() > decimals, digits, padded)
        whole = digits.length() - decimals
        digits = digits.substr(0, whole) + "." + digits.substr(whole, decimals)
    return ibis.ifelse(units < 0, ibis.literal("-") + digits, digits)
