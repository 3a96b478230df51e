"""Expressions that every engine computes alike, where the library's own do not.

Spark has no lists in a given order, and what ibis trims there are also the letters v and f.
"""

import functools
from collections.abc import Sequence

import ibis
from ibis.expr.types import ArrayValue, BooleanValue, FloatingValue, StringValue, Value


@functools.lru_cache(maxsize=512)
def as_written(table: ibis.Table, schema: ibis.Schema, order_by: tuple[str, ...]) -> ibis.Table:
    """A table in the order of its key, its columns cast to the schema; built once."""
    if order_by:
        table = table.order_by(list(order_by))
    return table.select(**{n: table[n].cast(t) for n, t in schema.items()})


def trimmed(text: StringValue) -> StringValue:
    """The text without white space at its ends."""
    return text.re_replace(r"^\s+|\s+$", "")


def listed_in_order(
    value: Value, by: Sequence[Value], where: BooleanValue | None = None
) -> ArrayValue:
    """The values of a group as a list, in ascending order of what is told ``by``; null for none."""
    keys = {f"key_{number}": each for number, each in enumerate(by)}
    rows = ibis.struct({**keys, "value": value}).collect(where=where)
    values = rows.sort().map(lambda row: row["value"])
    return ibis.ifelse(rows.length() > 0, values, None)


def summed_in_order(
    value: FloatingValue, by: Sequence[Value], where: BooleanValue | None = None
) -> FloatingValue:
    """Sum of floats in one order, the same to the last bit in every run."""
    return listed_in_order(value, by, where).sums()
