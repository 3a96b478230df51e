"""Dagster's SQLite storage with its databases kept open, for the instance of a project.

The stock one opens a database anew for every statement, 1,500 times in the run of a month. Each
time it compiles the statement again; and whoever closes a database last makes SQLite move what was
written into its main file, and wait for the disk. Files and tables are the same: either storage
takes up what the other left.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
)
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS, create_db_conn_string
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, QueuePool, create_engine

_NO_LINKS = (errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS)
"""What file systems say that have no links, such as those of some cards, shares and containers."""

_RUNS_KEPT = 4
"""Of how many runs the events stay open: they are written and asked for while a run lasts."""


class KeptOpenStorage(DagsterSqliteStorage):
    """Runs, events and schedules under one folder, where the stock storage has them."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)  # sets up what is not there
        history = Path(base_dir) / "history"
        self._run_storage = KeptOpenRuns(create_db_conn_string(str(history), "runs"))
        self._event_log_storage = KeptOpenEvents(str(history / "runs"))

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> "KeptOpenStorage":
        """As `DagsterSqliteStorage` does, which names itself."""
        return cls.from_local(inst_data=inst_data, **config_value)


class KeptOpenRuns(SqliteRunStorage):
    """The runs, their tags and what else is asked for by run."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(conn_string, inst_data)
        self._database = _database(conn_string)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection within a transaction."""
        with self._database.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the database."""
        self._database.dispose()
        super().dispose()


class KeptOpenEvents(SqliteEventLogStorage):
    """The events: a database for all runs, and one for each."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._databases: dict[str, Engine] = {}
        self._tables_seen: set[str] = set()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._database_of(shard).begin() as connection:
            yield connection

    def _database_of(self, shard: str) -> Engine:
        database = self._databases.pop(shard, None)
        if database is None:
            placed = self._placed(Path(self.path_for_shard(shard)))
            database = _database(self.conn_string_for_shard(shard))
            if not placed:
                self._initdb(database)
        self._databases[shard] = database
        runs = [each for each in self._databases if each != INDEX_SHARD_NAME]
        for past in runs[:-_RUNS_KEPT]:
            self._databases.pop(past).dispose()
        return database

    def _placed(self, path: Path) -> bool:
        """Put a database as Dagster sets it up where none is yet; gives whether it did."""
        if path.exists():
            return False
        new = path.with_suffix(f".{os.getpid()}.new")
        try:
            with new.open("wb") as file:
                file.write(self._blank)
                os.fsync(file.fileno())
            os.link(new, path)
        except FileExistsError:  # another process was first
            return False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            return False
        finally:
            new.unlink(missing_ok=True)
        return True

    @cached_property
    def _blank(self) -> bytes:
        """A database without events: setting one up for each run was a tenth of a small month."""
        with TemporaryDirectory() as folder:
            database = _database(create_db_conn_string(folder, "blank"))
            self._initdb(database)
            database.dispose()
            return (Path(folder) / "blank.db").read_bytes()

    def has_table(self, table_name: str) -> bool:
        """Whether a table is there; asked for with every check of a run, and looked at once."""
        if table_name not in self._tables_seen and super().has_table(table_name):
            self._tables_seen.add(table_name)
        return table_name in self._tables_seen

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Store an event, and let those know who watch the run.

        The UI follows a run by changes of its file, and what was written may still be beside it.
        """
        super().store_event(event)
        os.utime(self.path_for_shard(event.run_id))

    def wipe(self) -> None:
        """Forget all events; their files are deleted."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Close the databases."""
        self._close()
        super().dispose()

    def _close(self) -> None:
        with self._db_lock:
            while self._databases:
                self._databases.popitem()[1].dispose()


def _database(url: str) -> Engine:
    """One connection that stays, and as many more as are asked for at a time."""
    timeout = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
    return create_engine(
        url, poolclass=QueuePool, pool_size=1, max_overflow=-1, connect_args=timeout
    )
