"""Sums that do not depend on the order of the rows."""

import ibis


def exact_sum(
    column: ibis.expr.types.NumericValue, where: ibis.expr.types.BooleanValue | None = None
) -> ibis.expr.types.FloatingValue:
    """Sum to six decimals in decimal arithmetic, as a float.

    Floating-point sums differ in their last bits with the number of threads; these never do.
    """
    return column.cast("decimal(18, 6)").sum(where=where).cast("float64")
