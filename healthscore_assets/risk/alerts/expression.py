"""The conditions of rules: small expressions over published columns, checked before they run.

``health[1] - health >= 10`` compares a client's month with the one before. The grammar is a part of
Python's own: comparisons, ``and``, ``or``, ``not``, ``in``, ``is None``, arithmetic, numbers and
texts. Where a column is null the answer is unknown, as in SQL.
"""

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import ibis

from healthscore_assets.risk.alerts import columns
from healthscore_assets.risk.alerts.columns import NoSuchColumn, Source

HISTORY_MONTHS = 3
"""How many months before its own a rule may look at: ``health[3]``."""

THRESHOLD = "threshold"
"""The name that stands for the number of a rule that people tune."""

_LONGEST = 2_000
_MOST_PARTS = 400
"""More would be nested more deeply than an engine's parser takes."""

_LARGEST = 1e15

_DECIMALS = 9
"""79.9999999999 is 80: numbers are compared at nine decimals."""


@dataclass(frozen=True)
class Reference:
    """A column of a client, so many months ago."""

    source: Source
    ago: int


Values = Mapping[Reference, ibis.Value]
"""The columns of a row, by what refers to them."""


class ExpressionRefused(Exception):
    """An expression cannot be used; the message says what is wrong and what was expected."""


@dataclass(frozen=True)
class Expression:
    """An expression: what it reads, and how it is built over a row.

    ``kind`` is number, text, flag or day; ``low`` and ``high`` bound the values of a number.
    """

    text: str
    kind: str
    build: Callable[[Values], ibis.Value] = field(compare=False)
    reads: frozenset[Reference] = frozenset()
    low: float = -math.inf
    high: float = math.inf
    words: tuple[str, ...] = ()
    constant: Any = None


def condition(text: str, threshold: float | None = None) -> Expression:
    """A yes or no about a client.

    Parameters: ``threshold`` is the number that the name stands for.
    Raises ExpressionRefused for what is not of the grammar, unknown columns, kinds that do not
    compare, and comparisons that hold always or never.
    """
    read = value(text, threshold)
    if read.kind != "flag":
        raise ExpressionRefused(
            f"{text} is a {read.kind}, not a condition; compare it, as in x < 5"
        )
    if read.constant is not None or not read.reads:
        raise ExpressionRefused(f"{text} reads no column; name one, as in health < 60")
    return read


def value(text: str, threshold: float | None = None) -> Expression:
    """A number, text, flag or day of a client; see `condition`."""
    if len(text) > _LONGEST:
        raise ExpressionRefused(f"an expression has at most {_LONGEST:,} characters; split it")
    try:
        tree = ast.parse(text.strip(), mode="eval")
        if sum(1 for _ in ast.walk(tree)) > _MOST_PARTS:
            raise ExpressionRefused("the expression has too many parts; split it into two rules")
        return _Reader(threshold).read(tree.body)
    except (SyntaxError, ValueError) as error:
        raise ExpressionRefused(
            f"{text!r} cannot be read ({getattr(error, 'msg', error)}); expected a condition such "
            "as health[1] - health >= 10"
        ) from None
    except (RecursionError, MemoryError):
        raise ExpressionRefused("the expression is nested too deeply; split it") from None


class _Reader:
    def __init__(self, threshold: float | None) -> None:
        self._threshold = threshold

    def read(self, node: ast.expr) -> Expression:
        kind = type(node)
        if kind not in _READERS:
            raise ExpressionRefused(
                f"{ast.unparse(node)} is not allowed; a rule has columns, numbers, texts, + - * /, "
                "comparisons, and, or, not, in, is None"
            )
        return _READERS[kind](self, node)

    def constant(self, node: ast.Constant) -> Expression:
        told = node.value
        if isinstance(told, bool):
            return Expression(str(told), "flag", lambda _: ibis.literal(told), constant=told)
        if isinstance(told, int | float):
            return _number(told)
        if isinstance(told, str):
            return Expression(repr(told), "text", lambda _: ibis.literal(told), constant=told)
        raise ExpressionRefused(f"{ast.unparse(node)} is not a number, a text, True or False")

    def name(self, node: ast.Name) -> Expression:
        if node.id == THRESHOLD:
            if self._threshold is None:
                raise ExpressionRefused(
                    "names threshold, and the rule gives none: add `threshold:`"
                )
            return _number(self._threshold)
        return self._column(node.id, None, 0)

    def attribute(self, node: ast.Attribute) -> Expression:
        return self._reference(node, 0)

    def subscript(self, node: ast.Subscript) -> Expression:
        ago = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if not isinstance(ago, int) or isinstance(ago, bool) or not 0 <= ago <= HISTORY_MONTHS:
            raise ExpressionRefused(
                f"{ast.unparse(node)}: expected how many months ago, from 0 to {HISTORY_MONTHS}"
            )
        return self._reference(node.value, ago)

    def _reference(self, node: ast.expr, ago: int) -> Expression:
        if isinstance(node, ast.Name) and node.id != THRESHOLD:
            return self._column(node.id, None, ago)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return self._column(node.attr, node.value.id, ago)
        raise ExpressionRefused(f"{ast.unparse(node)} is not a column")

    def _column(self, name: str, table: str | None, ago: int) -> Expression:
        try:
            source = columns.find(name, table)
        except NoSuchColumn as error:
            raise ExpressionRefused(str(error)) from None
        refers = Reference(source, ago)
        return Expression(
            f"{name}[{ago}]" if ago else name,
            source.kind,
            lambda row: row[refers],
            frozenset({refers}),
            source.low,
            source.high,
            source.words,
        )

    def arithmetic(self, node: ast.BinOp) -> Expression:
        left, right = self.read(node.left), self.read(node.right)
        if type(node.op) not in _ARITHMETIC or {left.kind, right.kind} != {"number"}:
            raise ExpressionRefused(f"{ast.unparse(node)}: + - * / take two numbers")
        return _calculated(ast.unparse(node), _ARITHMETIC[type(node.op)], left, right)

    def unary(self, node: ast.UnaryOp) -> Expression:
        inner, text = self.read(node.operand), ast.unparse(node)
        if isinstance(node.op, ast.USub) and inner.kind == "number":
            if inner.constant is not None:
                return _number(-inner.constant)
            return Expression(
                text, "number", lambda r: -inner.build(r), inner.reads, -inner.high, -inner.low
            )
        if isinstance(node.op, ast.Not) and inner.kind == "flag":
            return Expression(text, "flag", lambda r: ~inner.build(r), inner.reads)
        raise ExpressionRefused(f"{text}: expected `not` before a condition or - before a number")

    def both(self, node: ast.BoolOp) -> Expression:
        parts = [self.read(each) for each in node.values]
        for part in parts:
            if part.kind != "flag":
                raise ExpressionRefused(f"{part.text} is a {part.kind}, not a condition")
        holds = isinstance(node.op, ast.And)
        return _joined(ast.unparse(node), parts, all_of=holds)

    def comparison(self, node: ast.Compare) -> Expression:
        terms = [node.left, *node.comparators]
        parts = [
            self._compared(left, op, right)
            for left, op, right in zip(terms, node.ops, terms[1:], strict=False)
        ]
        return parts[0] if len(parts) == 1 else _joined(ast.unparse(node), parts, all_of=True)

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Expression:
        text = ast.unparse(ast.Compare(left, [op], [right]))
        if isinstance(op, ast.Is | ast.IsNot):
            return self._is_null(text, left, right, negated=isinstance(op, ast.IsNot))
        if isinstance(op, ast.In | ast.NotIn):
            return self._one_of(text, left, right, negated=isinstance(op, ast.NotIn))
        first, second = self.read(left), self.read(right)
        if first.kind != second.kind:
            raise ExpressionRefused(f"{text} compares a {first.kind} with a {second.kind}")
        equality = isinstance(op, ast.Eq | ast.NotEq)
        if first.kind in ("text", "flag") and not equality:
            raise ExpressionRefused(f"{text}: a {first.kind} is only compared with == or !=")
        if first.kind == "number":
            _refuse_settled(text, op, first, second)
        if first.kind == "text":
            for one, other in ((first, second), (second, first)):
                _refuse_unknown_word(one, other.constant)
        compare = _COMPARISONS[type(op)]

        def build(row: Values) -> ibis.Value:
            return compare(_rounded(first, row), _rounded(second, row))

        return Expression(text, "flag", build, first.reads | second.reads)

    def _is_null(self, text: str, left: ast.expr, right: ast.expr, *, negated: bool) -> Expression:
        if not isinstance(right, ast.Constant) or right.value is not None:
            raise ExpressionRefused(f"{text}: `is` is for None; compare with ==")
        inner = self.read(left)

        def build(row: Values) -> ibis.Value:
            value = inner.build(row)
            return value.notnull() if negated else value.isnull()

        return Expression(text, "flag", build, inner.reads)

    def _one_of(self, text: str, left: ast.expr, right: ast.expr, *, negated: bool) -> Expression:
        if not isinstance(right, ast.Tuple | ast.List) or not right.elts:
            raise ExpressionRefused(f"{text}: expected a list of values, as in (1, 2)")
        inner, choices = self.read(left), [self.read(each) for each in right.elts]
        for each in choices:
            if each.constant is None or each.kind != inner.kind:
                raise ExpressionRefused(f"{text}: expected a list of values, each a {inner.kind}")
            if inner.kind == "text":
                _refuse_unknown_word(inner, each.constant)
        allowed = [each.constant for each in choices]

        def build(row: Values) -> ibis.Value:
            value = _rounded(inner, row)
            return value.notin(allowed) if negated else value.isin(allowed)

        return Expression(text, "flag", build, inner.reads)


_READERS: dict[type, Callable[[_Reader, Any], Expression]] = {
    ast.Constant: _Reader.constant,
    ast.Name: _Reader.name,
    ast.Attribute: _Reader.attribute,
    ast.Subscript: _Reader.subscript,
    ast.BinOp: _Reader.arithmetic,
    ast.UnaryOp: _Reader.unary,
    ast.BoolOp: _Reader.both,
    ast.Compare: _Reader.comparison,
}


def _divided(a: ibis.Value, b: ibis.Value) -> ibis.Value:
    return a.cast("float64") / b.cast("float64").nullif(0.0)


_ARITHMETIC: dict[type, tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", lambda a, b: a + b),
    ast.Sub: ("-", lambda a, b: a - b),
    ast.Mult: ("*", lambda a, b: a * b),
    ast.Div: ("/", _divided),
}
_COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}


def _number(number: float) -> Expression:
    if not abs(number) < _LARGEST:
        raise ExpressionRefused(f"a number is expected to be below {_LARGEST:g}")
    told = float(number)
    # From text: DuckDB reads a number with a point as a DECIMAL.
    literal = ibis.literal(repr(told)).cast("float64")
    return Expression(f"{told:g}", "number", lambda _: literal, low=told, high=told, constant=told)


def _joined(text: str, parts: list[Expression], *, all_of: bool) -> Expression:
    def build(row: Values) -> ibis.Value:
        built = [part.build(row) for part in parts]
        joined = built[0]
        for each in built[1:]:
            joined = joined & each if all_of else joined | each
        return joined

    return Expression(text, "flag", build, frozenset().union(*(part.reads for part in parts)))


def _calculated(
    text: str, how: tuple[str, Callable[[Any, Any], Any]], left: Expression, right: Expression
) -> Expression:
    sign, calculate = how
    low, high = _bounds(sign, left, right)

    def build(row: Values) -> ibis.Value:
        return calculate(left.build(row), right.build(row))

    return Expression(text, "number", build, left.reads | right.reads, low, high)


def _bounds(sign: str, left: Expression, right: Expression) -> tuple[float, float]:
    """What an operation on numbers within bounds can give at least and at most."""
    if sign == "+":
        return left.low + right.low, left.high + right.high
    if sign == "-":
        return left.low - right.high, left.high - right.low
    ends = [(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
    if sign == "*":
        results = [0.0 if 0 in (a, b) else a * b for a, b in ends]
    elif right.low <= 0 <= right.high or any(math.isinf(a) and math.isinf(b) for a, b in ends):
        return -math.inf, math.inf
    else:
        results = [a / b for a, b in ends]
    return min(results), max(results)


def _refuse_settled(text: str, op: ast.cmpop, left: Expression, right: Expression) -> None:
    """A comparison whose answer is the same whatever the client's numbers are."""
    never = {
        ast.Lt: left.low >= right.high,
        ast.LtE: left.low > right.high,
        ast.Gt: left.high <= right.low,
        ast.GtE: left.high < right.low,
        ast.Eq: left.low > right.high or left.high < right.low,
        ast.NotEq: False,
    }[type(op)]
    always = {
        ast.Lt: left.high < right.low,
        ast.LtE: left.high <= right.low,
        ast.Gt: left.low > right.high,
        ast.GtE: left.low >= right.high,
        ast.Eq: False,
        ast.NotEq: left.low > right.high or left.high < right.low,
    }[type(op)]
    if never or always:
        told = " and ".join(
            f"{each.text} is {_range(each)}" for each in (left, right) if each.constant is None
        )
        word = "never" if never else "always"
        raise ExpressionRefused(f"{text} {word} holds: {told or 'it compares two numbers'}")


def _range(term: Expression) -> str:
    if math.isinf(term.low):
        return f"at most {term.high:g}"
    return f"at least {term.low:g}" if math.isinf(term.high) else f"{term.low:g} to {term.high:g}"


def _refuse_unknown_word(term: Expression, word: Any) -> None:
    if term.words and word is not None and word not in term.words:
        raise ExpressionRefused(
            f"{term.text} is never {word!r}; it is one of {', '.join(term.words)}"
        )


def _rounded(term: Expression, row: Values) -> ibis.Value:
    built = term.build(row)
    return built.cast("float64").round(_DECIMALS) if term.kind == "number" else built
