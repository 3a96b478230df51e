"""The inbox brought up to date with a warehouse."""

import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import filelock
import ibis

from healthscore_assets.lake.content import hash_of
from healthscore_assets.lookups.sources_settings import Warehouse
from healthscore_assets.pendo.headers.grammar import Vocabulary
from healthscore_assets.pendo.pulled import file_of_api, folder_of_warehouse
from healthscore_assets.pendo.warehouse import fingerprints, tables
from healthscore_assets.pendo.warehouse.connection import Connection, connected
from healthscore_assets.pendo.warehouse.failed import WarehouseFailed
from healthscore_assets.pendo.warehouse.fingerprints import Fingerprint
from healthscore_assets.pendo.warehouse.month_files import write
from healthscore_assets.pendo.warehouse.remembered import Fetched, Remembered
from healthscore_assets.pendo.warehouse.report import File, Report

_OF_MONTH = re.compile(rf"(?:{tables.FIVETRAN_EVENTS}|{tables.QUERIED}) (\d{{4}}-\d{{2}})\.parquet")
_REMEMBERED, _WORKSHOP, _LOCK = ".warehouse.json", ".warehouse", ".warehouse.lock"


@dataclass(frozen=True)
class Order:
    """What is asked for.

    ``first`` and ``last`` are the months that count at all; ``months`` those to fetch whatever
    changed, and no others; None for all that changed. ``spill`` is where DuckDB may put what does
    not fit in memory.
    """

    warehouse: Warehouse
    url: str
    inbox: Path
    vocabulary: Vocabulary
    first: str
    last: str
    spill: Path
    months: tuple[str, ...] | None = None


def refresh(order: Order, tell: Callable[[File], None] = lambda _: None) -> Report:
    """Fetch the months that changed, and take away the files of months that are gone.

    Each file is whole in its place before the next is fetched, and ``tell`` hears of it. Raises
    WarehouseFailed where the warehouse cannot be read and where it has no rows at all: then
    nothing is taken away, and what was fetched before stays.
    """
    with connected(order.warehouse, order.url, order.spill) as connection:
        usage = tables.usage_of(connection, order.vocabulary)
        found = _found(connection, usage, order)
        beside = tables.beside_usage(connection)
        try:
            with _workshop(folder_of_warehouse(order.inbox)) as workshop:
                refreshing = _Refreshing(connection, order, workshop, tell)
                taken = {m: each for m, each in found.items() if not refreshing.is_told_twice(m)}
                for month, fingerprint in taken.items():
                    name = _name(usage.file, month)
                    refreshing.fetch(name, fingerprint, usage.rows(month), month)
                for name, table in beside.items():
                    fingerprint = fingerprints.of_table(connection, table)
                    refreshing.fetch(f"{name}.parquet", fingerprint, table, None)
                refreshing.take_away({_name(usage.file, month) for month in taken})
        except OSError as error:
            place = error.filename or folder_of_warehouse(order.inbox)
            raise WarehouseFailed(
                f"{place}: cannot be written ({_words(error)}); see to its space "
                "and permissions, it is where months of the warehouse go"
            ) from None
        elsewhere = 0
        if order.months is None:
            elsewhere = fingerprints.rows_elsewhere(connection, usage, order.first, order.last)
    return refreshing.report(elsewhere)


def _found(connection: Connection, usage: tables.Usage, order: Order) -> dict[str, Fingerprint]:
    """The months that have rows, of those that are asked for; never none of all."""
    if order.months is not None:
        asked = [m for m in order.months if order.first <= m <= order.last]
        if asked:
            found = fingerprints.of_months(connection, usage, min(asked), max(asked))
            if found or connection.has_rows(usage.table):
                return {month: each for month, each in found.items() if month in asked}
    else:
        found = fingerprints.of_months(connection, usage, order.first, order.last)
        if found:
            return found
    other = fingerprints.text_of_no_month(connection, usage)
    if other is not None:
        raise WarehouseFailed(
            f"warehouse, column {usage.time.name!r}: holds {other!r} where a month was expected, "
            "such as 2024-05 or 2024-05-31; cast it to a date in setting warehouse.query"
        )
    raise WarehouseFailed(
        f"setting warehouse.{order.warehouse.kind}: has no row of a month from {order.first} to "
        f"{order.last}; nothing is taken away, see whether the warehouse is being filled"
    )


def _words(error: OSError) -> str:
    """The system's own; Arrow repeats them within others."""
    return os.strerror(error.errno) if error.errno else str(error)


def _name(file: str, month: str) -> str:
    return f"{file} {month}.parquet"


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """A hidden folder for what is being written, for one refresh at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / _LOCK)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        raise WarehouseFailed(
            f"{folder}: another process takes usage from the warehouse; wait until it is through"
        ) from None
    workshop = folder / _WORKSHOP
    try:
        shutil.rmtree(workshop, ignore_errors=True)  # left by a process that was killed
        workshop.mkdir()
        yield workshop
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
        lock.release()


@dataclass
class _Refreshing:
    """A refresh under way: what it knows of the files, and what it did."""

    connection: Connection
    order: Order
    workshop: Path
    tell: Callable[[File], None]
    files: list[File] = field(default_factory=list)
    kept: int = 0
    gone: list[str] = field(default_factory=list)
    twice: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder = self.workshop.parent
        warehouse = self.order.warehouse
        source = warehouse.model_dump_json(include={"backend", "schema_name", "table", "query"})
        self.known = Remembered.read(self.folder / _REMEMBERED, source)

    def fetch(
        self, name: str, fingerprint: Fingerprint, table: ibis.Table, month: str | None
    ) -> None:
        """Fetch a file, unless it is there and nothing says that its rows are others."""
        path = self.folder / name
        asked = self.order.months is not None and month is not None
        if not asked and self._is_as_before(path, fingerprint):
            self.kept += 1
            return
        written = write(self.connection, table, path, self.workshop)
        if written is None:
            return
        self._remember(
            self.known.with_file(name, Fetched(fingerprint=fingerprint, sha256=written.sha256))
        )
        self.files.append(File(name, month, written.rows, written.changed))
        self.tell(self.files[-1])

    def is_told_twice(self, month: str) -> bool:
        """Whether the API told of the month as well; with other ids, both would count."""
        other = file_of_api(self.order.inbox, month)
        if other.exists():
            self.twice.append(other)
        return other.exists()

    def take_away(self, wanted: Collection[str]) -> None:
        """Delete the files of months that the warehouse has no more, and of other settings."""
        for path in sorted(self.folder.glob("*.parquet")):
            if path.name not in wanted and self._is_ours(path):
                path.unlink()
                self.gone.append(path.name)
                self._remember(self.known.without(path.name))

    def _is_ours(self, path: Path) -> bool:
        """Whether a file is of a month that is looked at, or of a schema that is not read."""
        asked, month = self.order.months, _OF_MONTH.fullmatch(path.name)
        if month is not None:
            return asked is None or month[1] in asked
        of_schema = path.stem in tables.BESIDE
        return of_schema and asked is None and self.order.warehouse.kind != "schema"

    def report(self, elsewhere: int) -> Report:
        """What was done."""
        return Report(tuple(self.files), self.kept, tuple(self.gone), elsewhere, tuple(self.twice))

    def _is_as_before(self, path: Path, fingerprint: Fingerprint) -> bool:
        known = self.known.files.get(path.name)
        if known is None or known.fingerprint != fingerprint or not path.is_file():
            return False
        return hash_of(path) == known.sha256

    def _remember(self, known: Remembered) -> None:
        self.known = known
        known.write(self.folder / _REMEMBERED, self.workshop)
