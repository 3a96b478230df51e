"""The shapes of exports, told by their headers: what a row is, and which columns matter."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from healthscore_assets.pendo.headers.aliases import COUNTS, ID, NAME, WEAK
from healthscore_assets.pendo.headers.feature_columns import is_other_time, mapped
from healthscore_assets.pendo.headers.grammar import (
    METADATA,
    METRIC,
    Column,
    Vocabulary,
    understand,
)
from healthscore_assets.pendo.headers.missing_columns import (
    found,
    no_client,
    no_count,
    no_feature,
    no_visitor,
)
from healthscore_assets.pendo.headers.not_understood import NotUnderstood
from healthscore_assets.pendo.headers.unnamed_owners import sums_over_clients, with_owner_of_id
from healthscore_assets.reading.header_text import comparable, shown, tidy_header

__all__ = [
    "EVENTS",
    "FEATURE_NAMES",
    "WIDE_ACCOUNT",
    "WIDE_VISITOR",
    "NotUnderstood",
    "Shape",
    "resolve",
]

WIDE_VISITOR = "wide_visitor"
WIDE_ACCOUNT = "wide_account"
EVENTS = "events"
FEATURE_NAMES = "feature_names"

_SAYS = {
    "client_id": "client",
    "visitor_id": "visitor",
    "is_internal": "mark of internal visitors",
    "period": "month",
    "day": "day",
    "hour": "time",
    "feature_id": "id of the feature",
    "feature": "feature",
    "page_id": "id of the page",
    "page": "page",
    "events": "number of events",
    "clicks": "clicks",
    "page_views": "page views",
    "minutes": "minutes",
    "days_active": "days active",
}
_FEATURE, _PAGE = ("feature_id", "feature"), ("page_id", "page")
_INFORMATION = ("client_name", "visitor_name", "email", "parent_client_id", "app_id", "area")
_MARKS = ("synced", "deleted", "active")
_PEOPLE = ("client_id", "visitor_id", "is_internal", *_INFORMATION)
_TOTALS = ("minutes", "days_active")
_PER_EVENT = ("events", "clicks", "page_views")
_WEAK = frozenset(map(comparable, WEAK))


@dataclass(frozen=True)
class Shape:
    """What a row of a table is, and its columns in their order."""

    name: str
    columns: tuple[Column, ...]


def resolve(header: Sequence[str], vocabulary: Vocabulary) -> Shape:
    """The shape of a table with this header.

    Raises NotUnderstood where a needed column is missing or there twice, for headers that could
    mean two things, for sums over all clients, and for a table that is wide and long at once.
    """
    beside = frozenset(map(tidy_header, header))
    columns = _without_weak([understand(cell, vocabulary, beside) for cell in header])
    roles = {column.role for column in columns}
    features = roles.intersection((*_FEATURE, *_PAGE))
    counts = roles.intersection(COUNTS)
    names = _names(columns, roles)
    if names is not None:
        return _feature_names(columns, names)
    if METRIC in roles:
        if features and counts:
            raise _wide_and_long(columns)
        return _wide(columns, vocabulary)
    if features:
        return _events(columns, counts)
    long = not counts.isdisjoint(_PER_EVENT)
    raise _without_features(with_owner_of_id(columns, long=long), long)


def _names(columns: Sequence[Column], roles: Collection[str]) -> tuple[str, str] | None:
    """The id and the name, where rows name features and tell nothing that somebody did."""
    usage = {METRIC, "client_id", "visitor_id", "email", "day", "hour", "period", *COUNTS}
    if not usage.isdisjoint(roles) or sums_over_clients(columns):
        return None
    pairs = ((key, name) for key, name in (_FEATURE, _PAGE) if key in roles)
    return next((pair for pair in pairs if pair[1] in roles or NAME in roles), None)


def _feature_names(columns: Sequence[Column], pair: tuple[str, str]) -> Shape:
    return Shape(FEATURE_NAMES, _kept(_named(columns, pair[1]), pair, ("app_id", "area")))


def _wide(columns: Sequence[Column], vocabulary: Vocabulary) -> Shape:
    columns = [_feature_again(column, vocabulary) for column in columns]
    columns = with_owner_of_id(columns, long=False)
    roles = {column.role for column in columns}
    if "client_id" not in roles:
        raise no_client(columns)
    for column in columns:
        if column.role == METADATA and is_other_time(tidy_header(column.header)):
            raise NotUnderstood(
                "tells a time without saying that it is minutes",
                "export it as 'Time On Page (minutes) for X', or delete the column",
                shown(column.header)[1:-1],
            )
    when = next((role for role in ("period", "day") if role in roles), "period")
    single = ("client_id", "visitor_id", "is_internal", when, *_TOTALS)
    if "visitor_id" in roles:
        columns = _named(columns, "visitor_name")
        return Shape(WIDE_VISITOR, _kept(columns, single, (*_PEOPLE, METRIC)))
    _refuse_visitors_without_id(columns)
    columns = _named(columns, "client_name")
    return Shape(WIDE_ACCOUNT, _kept(columns, single, (*_PEOPLE, METRIC)))


def _events(columns: Sequence[Column], counts: Collection[str]) -> Shape:
    roles = {column.role for column in columns}
    unowned = roles.isdisjoint(("client_id", "visitor_id", "client_name", "parent_client_id"))
    if unowned and (sums_over_clients(columns) or (counts and ID not in roles)):
        raise NotUnderstood(
            f"no client column among {found(columns)}: it sums over all clients, so it cannot be "
            "told who used what",
            "export visitors or accounts instead of features",
        )
    columns = with_owner_of_id(columns, long=True)
    if "client_id" not in roles:
        raise no_client(columns)
    if not counts:
        raise no_count(columns)
    if "visitor_id" not in roles:
        _refuse_visitors_without_id(columns)
    subject = _FEATURE if roles.intersection(_FEATURE) else _PAGE
    when = next((role for role in ("hour", "day", "period") if role in roles), "period")
    single = ("client_id", "visitor_id", "is_internal", when, *subject, *COUNTS)
    kept = _kept(columns, single, (*_PEOPLE, *_MARKS))
    of_events = "clicks" if subject is _FEATURE else "page_views"
    counted = [of_events if c.role == "events" else c.role for c in kept]
    for measure in COUNTS:
        same = [c for c, role in zip(kept, counted, strict=True) if role == measure]
        if len(same) > 1:
            raise _twice(same, measure)
    told = (
        replace(column, measure=measure) if column.role in COUNTS else column
        for column, measure in zip(kept, counted, strict=True)
    )
    return Shape(EVENTS, tuple(told))


def _without_features(columns: Sequence[Column], long: bool) -> NotUnderstood:
    """Why a table in which nothing names a feature is refused."""
    if not any(column.role == "client_id" for column in columns):
        return no_client(columns)
    name = next((column for column in columns if column.role == NAME), None)
    if name is not None and long:
        return NotUnderstood(
            f"{shown(name.header)} could be the name of the feature, the visitor or the client",
            "rename it 'Feature Name' if it is the feature's; else add the feature",
        )
    return no_feature(columns, long)


def _wide_and_long(columns: Sequence[Column]) -> NotUnderstood:
    metric = next(c for c in columns if c.role == METRIC)
    feature = next(c for c in columns if c.role in (*_FEATURE, *_PAGE))
    count = next(c for c in columns if c.role in COUNTS)
    return NotUnderstood(
        f"{shown(metric.header)} says that there is a column per feature, "
        f"{shown(feature.header)} and {shown(count.header)} that there is a row per feature",
        "delete the one or the other",
    )


def _refuse_visitors_without_id(columns: Sequence[Column]) -> None:
    """Refuse rows that are of visitors: without their ids they would pass for the account's.

    An account can be internal too, but not its visitors' type.
    """
    for column in columns:
        words = tidy_header(column.header).casefold()
        of_visitor = "visitor" in words or "user" in words
        if column.role in ("email", "visitor_name") or (
            column.role == "is_internal" and of_visitor
        ):
            raise no_visitor(columns, column)


def _without_weak(columns: Sequence[Column]) -> list[Column]:
    """A header such as ``Company ID`` is the client only where no other column is."""
    strong = {c.role for c in columns if comparable(c.header) not in _WEAK}
    return [
        Column(column.header, METADATA)
        if column.role in strong and comparable(column.header) in _WEAK
        else column
        for column in columns
    ]


def _feature_again(column: Column, vocabulary: Vocabulary) -> Column:
    """In a wide table ``Views`` is no count: if the lookup has such a feature, it is that."""
    if column.role not in (*_FEATURE, *_PAGE, *_PER_EVENT, "hour"):
        return column
    of = mapped(tidy_header(column.header), vocabulary.features)
    if of is None:
        return column
    return Column(column.header, METRIC, of.measure, of.feature, of.window_days)


def _named(columns: Sequence[Column], role: str) -> list[Column]:
    """A bare ``Name`` is the name of what the rows are, unless another column is."""
    if any(column.role == role for column in columns):
        return list(columns)
    return [replace(column, role=role) if column.role == NAME else column for column in columns]


def _kept(
    columns: Sequence[Column], single: Sequence[str], others: Sequence[str]
) -> tuple[Column, ...]:
    """The columns of some roles, the rest as metadata.

    Of ``single`` roles there is one column or NotUnderstood is raised; of information the first.
    """
    for role in single:
        same = [column for column in columns if column.role == role]
        if len(same) > 1:
            raise _twice(same, role)
    wanted, seen, kept = {*single, *others}, set[str](), list[Column]()
    for column in columns:
        again = column.role in _INFORMATION and column.role in seen
        seen.add(column.role)
        if column.role not in wanted or again:
            column = Column(column.header, METADATA)
        kept.append(column)
    return tuple(kept)


def _twice(same: Sequence[Column], role: str) -> NotUnderstood:
    return NotUnderstood(
        f"the columns {' and '.join(shown(c.header) for c in same[:2])} could both be the "
        f"{_SAYS[role]}",
        "rename or delete one of them, or list it as metadata in column_aliases.csv",
    )
