"""Who the visitors are, in SQL: by number, so that any of them can be made in any order."""

from benchmarks.sizes import Size

RANDOM = "(hash(({key}) * 7919 + {salt}) >> 1)::BIGINT"
"""A number that looks random, the same whatever the threads."""

ACCOUNT = "floor({clients} * pow((hash(v * 31 + {seed}) >> 1) / 9223372036854775808.0, 2))::INT"
"""The client of visitor ``v``: a few clients are large, many small."""

INTERNAL_DOMAIN = "vendor.example"

EMAIL = (
    f"'v' || v || CASE WHEN v % 20 = 7 THEN '@{INTERNAL_DOMAIN}'"
    " ELSE '@client' || account || '.example' END"
)
"""One visitor of twenty is internal."""


def first_visitor(size: Size, month: int) -> int:
    """The number of a month's first visitor: one of a hundred is gone the month after.

    With them small clients come and go, so that those compared are more than those listed.
    """
    return month * max(1, size.visitors // 100)
