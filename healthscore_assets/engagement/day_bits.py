"""Days of a month as the bits of a number, the lowest for the first: sets that add up."""

import ibis

LONGEST_MONTH = 31


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def bit_count(bits: int) -> int:  # type: ignore[empty-body]
    """How many days: all engines have it by this name."""
