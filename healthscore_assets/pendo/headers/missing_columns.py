"""What to say of a header in which a needed column is missing."""

import difflib
from collections.abc import Sequence

from healthscore_assets.pendo.headers.aliases import ALIASES, expected_headers
from healthscore_assets.pendo.headers.feature_columns import PREFIXES, before_for
from healthscore_assets.pendo.headers.grammar import METADATA, Column
from healthscore_assets.pendo.headers.not_understood import NotUnderstood
from healthscore_assets.reading.header_text import comparable, shown, tidy_header

_SHOWN = 6
_COMPARED = 400  # columns among which a near miss is looked for: each costs a comparison per alias
_LONGEST = 40


def found(columns: Sequence[Column]) -> str:
    """How many columns there are, and the first of them."""
    first = ", ".join(shown(column.header)[1:-1] for column in columns[:_SHOWN])
    return f"{len(columns)} columns ({first}{', ...' if len(columns) > _SHOWN else ''})"


def no_client(columns: Sequence[Column]) -> NotUnderstood:
    """No column is the client."""
    what = f"no client column among {found(columns)}"
    for role, why in (
        ("parent_client_id", "is the account above the client, not the client"),
        ("client_name", "is the client's name, not its id"),
    ):
        other = next((column for column in columns if column.role == role), None)
        if other is not None:
            what += f": {shown(other.header)} {why}"
            break
    return NotUnderstood(what, _expected("client_id", columns))


def no_visitor(columns: Sequence[Column], because: Column | None) -> NotUnderstood:
    """No column is the visitor though ``because`` says that rows are of visitors."""
    why = "" if because is None else f", though {shown(because.header)} says a row is a visitor"
    return NotUnderstood(
        f"no visitor column among {found(columns)}{why}", _expected("visitor_id", columns)
    )


def no_feature(columns: Sequence[Column], long: bool) -> NotUnderstood:
    """No column is a feature's numbers, nor (``long``, where rows have counts) its name."""
    what = f"no feature column among {found(columns)}"
    if long:
        return NotUnderstood(what, _expected("feature", columns))
    prefixes = [word for words in PREFIXES.values() for word in words]
    heads = {before_for(tidy_header(c.header)): c.header for c in _unknown(columns)}
    close = [
        (header, near[0])
        for head, header in heads.items()
        if head and (near := _near(head, prefixes))
    ]
    todo = (
        "expected headers such as 'Clicks for X', 'Page Views for X', "
        "'Time On Page (minutes) for X' or 'Days Active for X', "
        "or features of lookups/product_areas.csv"
    )
    if close:
        todo += f"; did you mean '{close[0][1]} for' by {shown(close[0][0])}?"
    return NotUnderstood(what, todo)


def no_count(columns: Sequence[Column]) -> NotUnderstood:
    """Rows name features, but nothing says how often they were used."""
    return NotUnderstood(f"no count column among {found(columns)}", _expected("events", columns))


def _expected(role: str, columns: Sequence[Column]) -> str:
    for column in _unknown(columns):
        near = _near(tidy_header(column.header), ALIASES[role])
        if near:
            return (
                f"expected a header such as {expected_headers(role)}; did you mean {near[0]!r} by "
                f"{shown(column.header)}?"
            )
    return (
        f"expected a header such as {expected_headers(role)}, or one that "
        f"lookups/column_aliases.csv lists for {role}"
    )


def _unknown(columns: Sequence[Column]) -> list[Column]:
    return [
        column
        for column in columns[:_COMPARED]
        if column.role == METADATA and len(column.header) <= _LONGEST
    ]


def _near(text: str, known: Sequence[str]) -> list[str]:
    """The known spelling that is about one letter away, at most one."""
    spelled = {comparable(each): each for each in known}
    close = difflib.get_close_matches(comparable(text), spelled, n=1, cutoff=0.88)
    return [spelled[each] for each in close]
