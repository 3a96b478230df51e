"""Which of Fivetran's tables a header is of (its published layouts, dbt_pendo_source)."""

from collections.abc import Sequence
from dataclasses import dataclass

from healthscore_assets.pendo.headers.feature_columns import prefixed
from healthscore_assets.reading.header_text import comparable, tidy_header

FEATURE_HISTORY, PAGE_HISTORY, GROUP = "feature_history", "page_history", "group"
ACCOUNT_HISTORY, VISITOR_HISTORY = "account_history", "visitor_history"

DEFINING = (FEATURE_HISTORY, PAGE_HISTORY, GROUP)
"""Tables of what ids of features and pages stand for."""

PEOPLE = (ACCOUNT_HISTORY, VISITOR_HISTORY)
"""Tables of who clients and visitors are."""

_OF_EVENTS = ("visitor_id", "feature_id", "num_events", "num_minutes", "timestamp", "day")
_VERSIONED = ("created_at", "created_by_user_id", "last_updated_at", "last_updated_by_user_id")
_VERSIONS = ("root_version_id", "stable_version_id", "valid_through", "dirty")
_OF_VISITORS = (
    "account_id", "n_id", "last_browser_name", "last_browser_version", "last_operating_system",
    "last_server_name", "last_user_agent",
)  # fmt: skip
_VISITS = ("id_hash", "first_visit", "last_visit")
_EVENT = ("account_id", "app_id", "num_events", "num_minutes", "remote_ip", "server_name",
          "timestamp", "user_agent", "visitor_id")  # fmt: skip


@dataclass(frozen=True)
class Table:
    """A table by its columns.

    It has all of ``needed``, some of each of ``telling`` (at least so many), and none of ``never``;
    ``others`` are the rest of its published layout.
    """

    name: str
    needed: tuple[str, ...]
    telling: tuple[tuple[int, tuple[str, ...]], ...] = ()
    never: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def is_of(self, names: frozenset[str]) -> bool:
        """Whether a table with these columns is this one."""
        return (
            _keys(self.needed) <= names
            and all(len(_keys(some) & names) >= least for least, some in self.telling)
            and names.isdisjoint(_keys(self.never))
        )

    def missing(self, names: frozenset[str]) -> list[str]:
        """The needed columns that are not there."""
        return [name for name in self.needed if comparable(name) not in names]

    def share(self, names: frozenset[str]) -> float:
        """How much of the published layout is there."""
        layout = {*self.needed, *self.others, *(n for _, some in self.telling for n in some)}
        return len(_keys(tuple(layout)) & names) / len(layout)


def _keys(names: Sequence[str]) -> frozenset[str]:
    return frozenset(map(comparable, names))


TABLES = (
    Table(
        FEATURE_HISTORY,
        ("id", "name", "group_id", "last_updated_at"),
        ((1, _VERSIONS), (1, ("page_id", "is_core_event"))),
        _OF_EVENTS,
        ("app_id", "color", *_VERSIONED),
    ),
    Table(
        PAGE_HISTORY,
        ("id", "name", "group_id", "last_updated_at"),
        ((1, _VERSIONS),),
        (*_OF_EVENTS, "page_id", "is_core_event"),
        ("app_id", "color", *_VERSIONED),
    ),
    Table(
        GROUP,
        ("id", "name"),
        ((2, ("color", "description", "length", "created_by_user_id")),),
        (*_OF_EVENTS, *_VERSIONS, "group_id", "page_id"),
        ("app_id", *_VERSIONED),
    ),
    Table(
        VISITOR_HISTORY,
        ("id", "last_updated_at"),
        ((1, _OF_VISITORS), (1, _VISITS)),
        _OF_EVENTS,
    ),
    Table(
        ACCOUNT_HISTORY,
        ("id", "last_updated_at"),
        ((2, _VISITS),),
        (*_OF_EVENTS, *_OF_VISITORS),
    ),
)
_EVENTS = tuple(
    Table(name, ("account_id", key, "num_events"), others=_EVENT)
    for name, key in (("feature_event", "feature_id"), ("page_event", "page_id"))
)


def table_of(header: Sequence[str]) -> str | None:
    """The name of the definition or history table that a header is of."""
    names = frozenset(map(comparable, header))
    return next((t.name for t in TABLES if t.is_of(names) and not _counts(header)), None)


def lacking(header: Sequence[str], *, defining: bool) -> tuple[str, list[str]] | None:
    """The table of which a header has most columns, and the needed ones that it has not.

    Parameters: ``defining`` looks among the tables of `DEFINING`, else among the others.
    """
    names = frozenset(map(comparable, header))
    tables = [t for t in (*TABLES, *_EVENTS) if (t.name in DEFINING) == defining]
    near = max(tables, key=lambda table: table.share(names))
    missing = near.missing(names)
    most = near.share(names) > 1 / 2 and not _counts(header)
    return (near.name, missing) if missing and most else None


def _counts(header: Sequence[str]) -> bool:
    """Whether a column is a feature's numbers: such a table is usage, whatever else it tells."""
    return any(prefixed(tidy_header(cell), frozenset()) for cell in header)
