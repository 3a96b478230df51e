"""A connection to a warehouse that only reads; what drivers say of failures becomes one line."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import sqlglot
from ibis.common.exceptions import IbisError, TableNotFound

from healthscore_assets.lookups.sources_settings import Backend, Warehouse
from healthscore_assets.pendo.warehouse.connection_url import (
    path_of_url,
    problem_of_url,
    without_secrets,
)
from healthscore_assets.pendo.warehouse.failed import WarehouseFailed

BATCH = 32_768
"""Rows that are in memory at a time."""

_ERRORS: dict[Backend, tuple[str, ...]] = {
    "duckdb": ("duckdb.Error",),
    "postgres": ("psycopg.Error",),
    "snowflake": ("snowflake.connector.errors.Error",),
    "bigquery": (
        "google.api_core.exceptions.GoogleAPIError",
        "google.auth.exceptions.GoogleAuthError",
    ),
}
_SECONDS = 30
_ALIVE = {"keepalives_idle": 60, "keepalives_interval": 15, "keepalives_count": 4}
"""So that a server that went away is noticed within two minutes."""

_LIMITS = {"lock_timeout": "2min", "statement_timeout": "30min"}
"""Where the server or the URL has none: a table that somebody locked would be waited for."""

_MEMORY = "768MB"


@dataclass(frozen=True)
class Connection:
    """The ibis backend of a warehouse, and its settings."""

    ibis: Any
    settings: Warehouse

    def table(self, name: str, database: tuple[str, ...] = ()) -> ibis.Table | None:
        """A table by its name, in any case where the warehouse keeps another; None if not there."""
        where: Any = database if len(database) > 1 else next(iter(database), None)
        try:
            found = self.ibis.table(name, database=where)
        except TableNotFound:
            alike = [n for n in self.tables(database) if n.casefold() == name.casefold()]
            if len(alike) != 1:
                return None
            found = self.ibis.table(alike[0], database=where)
        return self._described(str(found.compile())) if self.ibis.name == "postgres" else found

    def tables(self, database: tuple[str, ...]) -> list[str]:
        """The names of the tables there, sorted."""
        where: Any = database if len(database) > 1 else next(iter(database), None)
        return sorted(self.ibis.list_tables(database=where))

    def query(self, sql: str) -> ibis.Table:
        """A query as a table. Raises WarehouseFailed for what is more than one query."""
        dialect = self.ibis.dialect
        parsed = sqlglot.parse(sql, dialect=dialect)
        if len(parsed) != 1 or not isinstance(parsed[0], sqlglot.exp.Query):
            raise WarehouseFailed(
                "setting warehouse.query is not a query; expected one SELECT that tells the "
                "client, visitor, feature, count and time of each use"
            )
        sql = parsed[0].sql(dialect)
        return self._described(sql) if self.ibis.name == "postgres" else self.ibis.sql(sql)

    def batches(self, table: ibis.Table) -> Any:
        """The rows of an expression as Arrow batches, a bounded number in memory."""
        return self.ibis.to_pyarrow_batches(table, chunk_size=BATCH)

    def has_rows(self, table: ibis.Table) -> bool:
        """Whether there is any row."""
        return bool(self.rows(table.select(there=ibis.literal(1)).limit(1)))

    def rows(self, table: ibis.Table) -> list[dict[str, Any]]:
        """A small result as Python values."""
        return [row for batch in self.batches(table) for row in batch.to_pylist()]

    def _described(self, sql: str) -> ibis.Table:
        """A query of Postgres by what it says of its columns.

        Ibis would make a view to know them, and nothing is made here. A type that Postgres knows
        by a number is one of its own, such as an enum, which ibis would take for text.
        """
        with self.ibis.begin() as cursor:
            columns = cursor.execute(f"SELECT * FROM ({sql}) AS t LIMIT 0").description or []
        known = self.ibis.compiler.type_mapper.from_string
        types = {
            c.name: dt.unknown if c.type_display.isdigit() else known(c.type_display)
            for c in columns
        }
        if len(types) < len(columns):
            raise WarehouseFailed(
                "setting warehouse.query gives two columns one name; give each a name of its own"
            )
        return self.ibis.sql(sql, schema=ibis.schema(types))


@contextmanager
def connected(settings: Warehouse, url: str, spill: Path) -> Iterator[Connection]:
    """Open a warehouse for reading, and close it afterwards.

    Parameters: ``spill`` is where DuckDB may put what does not fit in memory.
    Raises WarehouseFailed for a driver that is not installed, a URL that cannot be used, a server
    that lets nobody in, and for anything that it refuses while it is open.
    """
    backend, name = settings.backend, settings.connection
    problem = problem_of_url(backend, url)
    if problem is not None:
        raise WarehouseFailed(f"{name} {problem}")
    try:
        errors = tuple(map(_class_of, _ERRORS[backend]))
    except ImportError:
        raise WarehouseFailed(
            f"warehouse: the driver of {backend} is not installed; install it: "
            f"pip install 'healthscore-assets[{backend}]'"
        ) from None
    try:
        opened = _opened(backend, url, spill)
    except errors as error:
        said = without_secrets(str(error), url)
        raise WarehouseFailed(
            f"warehouse: {backend} cannot be opened: {said}; check the URL in {name}"
        ) from None
    try:
        yield Connection(opened, settings)
    except (*errors, IbisError, sqlglot.errors.SqlglotError) as error:
        said = without_secrets(str(error) or type(error).__name__, url)
        raise WarehouseFailed(
            f"warehouse: {backend} refuses to be read: {said}; check setting "
            f"warehouse.{settings.kind}, or try again if the server was away"
        ) from None
    finally:
        opened.disconnect()


def _opened(backend: Backend, url: str, spill: Path) -> Any:
    if backend == "duckdb":
        settings = {"memory_limit": _MEMORY, "temp_directory": str(spill)}
        opened = ibis.duckdb.connect(path_of_url(url), read_only=True, **settings)
        opened.raw_sql("SET enable_progress_bar = false")
        return opened
    if backend == "postgres":
        return _opened_postgres(url)
    if backend == "snowflake":
        return ibis.connect(url, create_object_udfs=False)  # they would be written
    return ibis.connect(url)


def _opened_postgres(url: str) -> Any:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    own = {"connect_timeout": _SECONDS, **_ALIVE}
    told = conninfo_to_dict(url)
    unset: dict[str, Any] = {name: own[name] for name in own if name not in told}
    connection = psycopg.connect(url, autocommit=True, **unset)
    for name, limit in _LIMITS.items():
        connection.execute(
            "SELECT set_config(%(name)s, %(limit)s, false) WHERE current_setting(%(name)s) = '0'",
            {"name": name, "limit": limit},
        )
    connection.execute("SET default_transaction_read_only = on")
    connection.read_only = True
    return ibis.postgres.from_connection(connection)


def _class_of(path: str) -> type[Exception]:
    module, _, name = path.rpartition(".")
    found: type[Exception] = getattr(importlib.import_module(module), name)
    return found
