"""Days of a month as the bits of a number, the lowest for the first: sets that add up."""

import ibis

# All engines have both functions by these names, but ibis 12 does not know them of Spark.
LONGEST_MONTH = 31


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def bit_count(bits: int) -> int:  # type: ignore[empty-body]
    """How many days."""


@ibis.udf.agg.builtin  # type: ignore[untyped-decorator]
def bit_or(bits: int) -> int:  # type: ignore[empty-body]
    """The days of all rows; null where none tells any."""
