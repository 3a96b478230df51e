"""A contract's rules as data: what pandera declares, ready for one query.

pandera's own validation runs a query per rule; here each rule becomes one boolean expression,
true where a row breaks it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ibis
import pandera.ibis as pa


@dataclass(frozen=True)
class Rule:
    """What a column promises, in words, and the rows that break it."""

    column: str
    says: str
    broken: Callable[[ibis.Table], ibis.Value]


_Build = Callable[[ibis.Value, dict[str, Any]], ibis.Value]

_CHECKS: dict[str, tuple[str, _Build]] = {
    "greater_than": ("more than {min_value:g}", lambda c, s: c <= s["min_value"]),
    "greater_than_or_equal_to": ("at least {min_value:g}", lambda c, s: c < s["min_value"]),
    "less_than_or_equal_to": ("at most {max_value:g}", lambda c, s: c > s["max_value"]),
    "in_range": (
        "from {min_value:g} to {max_value:g}",
        lambda c, s: (c < s["min_value"]) | (c > s["max_value"]),
    ),
    "isin": ("one of {allowed_values}", lambda c, s: c.notin(s["allowed_values"])),
    "str_length": ("at least {min_value} character", lambda c, s: c.length() < s["min_value"]),
    "str_matches": ("text like {pattern}", lambda c, s: ~c.re_search(s["pattern"])),
}


def schema_of(contract: pa.DataFrameSchema) -> ibis.Schema:
    """The table's columns and types, in order."""
    return ibis.schema({name: c.dtype.type for name, c in contract.columns.items()})


def rules_of(contract: pa.DataFrameSchema) -> list[Rule]:
    """Every promise about a single row; the key's uniqueness is about all of them.

    Raises KeyError for a check of a kind that has no expression here.
    """
    rules = []
    for name, column in contract.columns.items():
        if not column.nullable:
            rules.append(Rule(name, "not null", _null(name)))
        if str(column.dtype) == "float64":
            rules.append(Rule(name, "a finite number", _not_finite(name)))
        for check in column.checks:
            says, build = _CHECKS[check.name]
            facts = dict(check.statistics)
            rules.append(Rule(name, _words(says, facts), _broken(name, build, facts)))
    return rules


def _words(says: str, facts: dict[str, Any]) -> str:
    told = {k: ", ".join(v) if isinstance(v, list) else v for k, v in facts.items()}
    return says.format(**told)


def _null(name: str) -> Callable[[ibis.Table], ibis.Value]:
    return lambda table: table[name].isnull()


def _not_finite(name: str) -> Callable[[ibis.Table], ibis.Value]:
    return lambda table: table[name].isnan() | table[name].isinf()


def _broken(name: str, build: _Build, facts: dict[str, Any]) -> Callable[[ibis.Table], ibis.Value]:
    return lambda table: build(table[name], facts)
