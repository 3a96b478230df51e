"""Expressions in Spark's SQL."""

import functools
from dataclasses import dataclass
from typing import Any

import ibis
import sqlglot.expressions as sge
from ibis.backends.pyspark import Backend

Backend.register_options()
_COMPILER = Backend.compiler

_COSTLY = (sge.Join, sge.Group, sge.Distinct, sge.Window, sge.AggFunc)


@dataclass(frozen=True)
class Shared:
    """A part that a query reads more than once, by its name there.

    ``costly`` says that it is worth more to keep its rows than to compute them again.
    """

    name: str
    sql: str
    costly: bool


@dataclass(frozen=True)
class Query:
    """A query over its shared parts, each of which may read those before it.

    Spark computes what WITH names anew wherever it is read, and what that reads too: eleven parts
    of three readers each had it plan for minutes.
    """

    shared: tuple[Shared, ...]
    sql: str


def query_of(table: ibis.Table) -> Query:
    """The query of an expression; compiled once for the same stage of all months."""
    return _query_of(table.op())


@functools.lru_cache(maxsize=512)
def _query_of(expression: Any) -> Query:
    query = _COMPILER.to_sqlglot(expression.to_expr()).transform(_as_double)
    parts = query.ctes
    query.set("with_", None)
    shared = (Shared(part.alias, _sql(part.this), bool(part.this.find(*_COSTLY))) for part in parts)
    return Query(tuple(shared), _sql(query))


def _sql(query: sge.Expression) -> str:
    return str(query.sql(dialect=_COMPILER.dialect))


def _as_double(node: sge.Expression) -> sge.Expression:
    """Spark reads 45.0 as a decimal, and divides a count by it to six digits; 45.0D is a double."""
    if isinstance(node, sge.Literal) and not node.is_string and "." in node.name:
        return sge.Literal(this=f"{node.name}D", is_string=False)
    return node
