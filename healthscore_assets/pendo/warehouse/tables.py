"""The tables of a warehouse that are taken, and their columns as plain types."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis

from healthscore_assets.lookups.sources_settings import Warehouse
from healthscore_assets.pendo.headers.aliases import COUNTS
from healthscore_assets.pendo.headers.grammar import METADATA, Vocabulary, understand
from healthscore_assets.pendo.headers.shapes import EVENTS, NotUnderstood, resolve
from healthscore_assets.pendo.warehouse.connection import Connection
from healthscore_assets.pendo.warehouse.failed import WarehouseFailed
from healthscore_assets.pendo.warehouse.time_column import TimeColumn
from healthscore_assets.reading.header_text import comparable, tidy_header

FIVETRAN_EVENTS = "feature_event"
QUERIED = "usage"

BESIDE = {
    "feature_history": ("feature_history",),
    "group_data": ("group_data", "group"),
    "account_history": ("account_history",),
    "visitor_history": ("visitor_history",),
}
"""Fivetran's tables that say what ids stand for, by the name of their file."""

_MARKS = tuple(map(comparable, ("_fivetran_deleted", "_fivetran_active")))
"""Fivetran keeps rows that are deleted at their source, and marks them."""

_TIMES = ("hour", "day", "period")
_TIME_OF_EVENTS = "timestamp"


@dataclass(frozen=True)
class Usage:
    """A row per use of a feature. ``file`` is how the names of its files begin.

    ``columns`` are the expressions to take, by header; the rest is not read.
    """

    file: str
    table: ibis.Table
    time: TimeColumn
    columns: Mapping[str, Any]

    def rows(self, month: str) -> ibis.Table:
        """The rows of a month, sorted by all that is taken of them."""
        rows = self.table.filter(self.time.within(month, month)).select(**self.columns)
        return rows.order_by(list(rows.columns))


def usage_of(connection: Connection, vocabulary: Vocabulary) -> Usage:
    """The table of uses that the settings name.

    Raises WarehouseFailed where it is not there, where its columns do not tell the use of features,
    and where not one of them tells the time.
    """
    settings = connection.settings
    if settings.kind == "schema":
        table = _required(connection, FIVETRAN_EVENTS, _database(settings))
        times = [n for n in table.columns if n.casefold() == _TIME_OF_EVENTS]
    else:
        table = _table_or_query(connection)
        beside = frozenset(map(tidy_header, table.columns))
        known = {n: understand(n, vocabulary, beside).role for n in table.columns}
        times = [n for n, role in known.items() if role in _TIMES]
    if len(times) != 1:
        raise WarehouseFailed(_not_one(settings, times, table.columns))
    try:
        shape = resolve(table.columns, vocabulary)
    except NotUnderstood as error:
        column = f", column {error.column!r}" if error.column else ""
        raise WarehouseFailed(f"{_place(settings)}{column}: {error.what}; {error.todo}") from None
    if shape.name != EVENTS:
        raise WarehouseFailed(
            f"{_place(settings)}: tells no use of features row by row; expected the client, the "
            "feature, a count and a time in each row"
        )
    time = TimeColumn(table, times[0])
    columns = {
        c.header: _taken(table[c.header], c.role, time)
        for c in shape.columns
        if c.role != METADATA or comparable(c.header) in _MARKS
    }
    file = FIVETRAN_EVENTS if settings.kind == "schema" else QUERIED
    return Usage(file, table, time, columns)


def beside_usage(connection: Connection) -> dict[str, ibis.Table]:
    """Of Fivetran's other tables those that are there, sorted, by the name of their file.

    Columns that hold more than one value are left out: no cell of a file can be one.
    """
    if connection.settings.kind != "schema":
        return {}
    found = {}
    for file, names in BESIDE.items():
        database = _database(connection.settings)
        tables = (connection.table(name, database) for name in names)
        table = next((each for each in tables if each is not None), None)
        if table is not None:
            plain = {n: _plain(table[n]) for n in table.columns if _is_plain(table[n].type())}
            found[file] = table.select(**plain).order_by(list(plain))
    return found


def _table_or_query(connection: Connection) -> ibis.Table:
    settings = connection.settings
    if settings.table is None:
        return connection.query(settings.query or "")
    *database, name = settings.table.split(".")
    return _required(connection, name, tuple(database))


def _required(connection: Connection, name: str, database: tuple[str, ...]) -> ibis.Table:
    table = connection.table(name, database)
    if table is None:
        where = f" in {'.'.join(database)}" if database else ""
        there = ", ".join(connection.tables(database)[:10]) or "no table"
        raise WarehouseFailed(
            f"{_place(connection.settings)}: no table {name}{where}, there is {there}; correct the "
            "setting, or let the user of the connection read it"
        )
    return table


def _database(settings: Warehouse) -> tuple[str, ...]:
    return tuple((settings.schema_name or "").split("."))


def _not_one(settings: Warehouse, times: list[str], columns: tuple[str, ...]) -> str:
    if times:
        both = " and ".join(map(repr, times[:2]))
        found = f"the columns {both} could both tell the time"
        return f"{_place(settings)}: {found}; take one of them by warehouse.query"
    found = f"no column tells the time among {', '.join(columns)}"
    return f"{_place(settings)}: {found}; name one 'timestamp', 'day' or 'month'"


def _place(settings: Warehouse) -> str:
    return f"setting warehouse.{settings.kind}"


def _taken(column: Any, role: str, time: TimeColumn) -> Any:
    """A column as a file would have it: counts as numbers, ids as text whatever their type."""
    dtype = column.type()
    if column.get_name() == time.name:
        return time.month if role == "period" and not time.is_text else column
    if not _is_plain(dtype):
        raise WarehouseFailed(
            f"warehouse, column {column.get_name()!r}: holds {dtype}; expected text or a number: "
            "cast it in setting warehouse.query"
        )
    if role in COUNTS or dtype.is_boolean():
        return _plain(column)
    return column if dtype.is_string() else column.cast("string")


def _is_plain(dtype: Any) -> bool:
    return bool(
        dtype.is_numeric()
        or dtype.is_boolean()
        or (dtype.is_string() and not dtype.is_json())
        or dtype.is_uuid()
        or dtype.is_unknown()
        or dtype.is_date()
        or dtype.is_timestamp()
    )


def _plain(column: Any) -> Any:
    dtype = column.type()
    if dtype.is_integer():
        return column.cast("int64")
    if dtype.is_floating() or dtype.is_decimal():
        return column.cast("float64")
    return column.cast("string") if dtype.is_uuid() or dtype.is_unknown() else column
