"""Connections to the ledger's database; its failures are told in one line."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.pool import NullPool

from healthscore_assets.risk.ledger.place import Place
from healthscore_assets.risk.ledger.refused import LedgerRefused
from healthscore_assets.risk.ledger.unavailable import LedgerUnavailable

_PATIENCE = 60
"""Seconds that a writer of a SQLite file waits for another."""

_NOT_MENDED = ("SQLITE_CANTOPEN", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_READONLY")
"""What SQLite says of a file that is as bad later."""


class Database:
    """Transactions that read, and transactions that write, of which there is one at a time."""

    def __init__(self, place: Place) -> None:
        self.place = place
        file = place.file
        if file is not None:
            _make_folder(file, place.shown)
        self._engine = _sqlite(place) if file is not None else _postgres(place)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that changes nothing."""
        with self._told(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction: all of it or nothing. A SQLite file is locked from its beginning."""
        engine = self._engine.execution_options(writes=True)
        with self._told(), engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except exc.OperationalError as error:
            name = str(getattr(error.orig, "sqlite_errorname", ""))
            if name.startswith(_NOT_MENDED):
                raise self._refused(error) from None
            if self.place.file is None:
                todo = "is the server up, and are user, password and database right?"
            else:
                todo = "try again, and look for a process that holds it or a disk that is full"
            message = f"alert ledger {self.place.shown}: {_reason(error)}; {todo}"
            raise LedgerUnavailable(message) from None
        except exc.DBAPIError as error:
            if isinstance(error.orig, sqlite3.DatabaseError) and type(error) is exc.DatabaseError:
                raise self._refused(error) from None
            if _sqlstate(error) == "42501":  # insufficient_privilege
                raise LedgerRefused(
                    f"alert ledger {self.place.shown}: {_reason(error)}; "
                    "let the user create tables in the database"
                ) from None
            raise

    def _refused(self, error: exc.DBAPIError) -> LedgerRefused:
        return LedgerRefused(
            f"alert ledger {self.place.shown}: {_reason(error)}; "
            "expected a SQLite file that can be written; name another, or restore it"
        )


class InDatabase:
    """What lies in a database, which is let go of at the end of a ``with``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()


def _make_folder(file: Path, shown: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerRefused(
            f"alert ledger {shown}: its folder cannot be made ({error.strerror}); "
            "name a file in a folder that can be written"
        ) from None


def _sqlite(place: Place) -> sa.Engine:
    engine = sa.create_engine(
        place.url, poolclass=NullPool, connect_args={"timeout": _PATIENCE, "isolation_level": None}
    )

    # By itself the driver begins late, and not at all for a change of the schema.
    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres(place: Place) -> sa.Engine:
    options: dict[str, Any] = {}
    if place.url.get_driver_name() == "psycopg2":
        options["executemany_mode"] = "values_plus_batch"  # else a round trip for each update
    try:
        return sa.create_engine(place.url, poolclass=NullPool, **options)
    except (ModuleNotFoundError, exc.NoSuchModuleError):
        raise LedgerRefused(
            f"alert ledger {place.shown}: the Postgres driver is not installed; "
            "install healthscore-assets[postgres] and write postgresql://"
        ) from None


def _sqlstate(error: exc.DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)


def _reason(error: exc.DBAPIError) -> str:
    return " ".join(str(error.orig).split())
