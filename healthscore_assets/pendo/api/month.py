"""A month of usage from Pendo, as a file of the inbox like any other."""

import filecmp
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from healthscore_assets.lake.content import content_hash
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.months import days_in
from healthscore_assets.pendo.api.bodies import COUNTS, KEYS, Window
from healthscore_assets.pendo.api.client import Pendo
from healthscore_assets.pendo.api.failed import PullFailed
from healthscore_assets.pendo.api.feature_list import ask_features, keep_features
from healthscore_assets.pendo.api.kept import Kept, KeptPage, clear_old
from healthscore_assets.pendo.api.pages import SCHEMA
from healthscore_assets.pendo.api.windows import pull_window
from healthscore_assets.pendo.pulled import file_of_api, files_of_warehouse, folder_of_api

_HIDDEN = ".pull"
_LAYOUT = 1
"""Of kept pages; another number lets none of an earlier version be used."""


@dataclass(frozen=True)
class PulledMonth:
    """What came of a month: without rows nothing was written, and there is no path.

    ``changed`` says whether the inbox differs from before, ``taken_away`` that the file of the
    month is there no more; ``pages`` and ``windows`` are of Pendo's API, and ``resumed`` of those
    pages were there from an earlier pull.
    """

    month: str
    rows: int
    seconds: float
    path: Path | None
    sha256: str | None
    changed: bool
    taken_away: bool = False
    pages: int = 0
    windows: int = 0
    resumed: int = 0

    @property
    def nothing(self) -> str:
        """What became of a month without rows."""
        return "its file was taken away" if self.taken_away else "nothing was written"


@contextmanager
def only_pull(inbox: Path) -> Iterator[None]:
    """Keep other pulls, of any process, off the inbox. Raises PullFailed where one is at work."""
    lock = FileLock(_hidden(inbox) / "lock")
    try:
        _hidden(inbox).mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        found = f"{folder_of_api(inbox)}: another pull is at work there"
        raise PullFailed(f"{found}; wait until it is done", lasting=True) from None
    except OSError as error:
        raise _not_writable(inbox, error) from None
    try:
        yield
    finally:
        lock.release()


def pull_month(
    pendo: Pendo,
    inbox: Path,
    month: str,
    today: date,
    page_rows: int,
    on_page: Callable[[Window, KeptPage], None],
) -> PulledMonth:
    """Bring the inbox up to what Pendo tells of a month, and of the names of its features.

    Of a month that is not over, the days until tomorrow: somewhere it has begun. Within
    `only_pull`. Raises PullFailed; then the inbox is as it was.
    """
    began = pendo.clock()
    try:
        return _pulled(pendo, inbox, month, _window(month, today), page_rows, began, on_page)
    except PullFailed as failed:
        raise PullFailed(
            f"{month} is not pulled: {failed}", lasting=failed.lasting, reached=failed.reached
        ) from None
    except OSError as error:
        raise _not_writable(inbox, error) from None


def _pulled(
    pendo: Pendo,
    inbox: Path,
    month: str,
    window: Window,
    page_rows: int,
    began: datetime,
    on_page: Callable[[Window, KeptPage], None],
) -> PulledMonth:
    others = files_of_warehouse(inbox, month)
    if others:
        todo = "take one source for it: delete that file, or leave the month out"
        raise PullFailed(f"{others[0]} has that month from a warehouse; {todo}")
    asked = [_LAYOUT, pendo.address, pendo.key, window.name, page_rows]
    clear_old(_hidden(inbox), began)
    kept = Kept(_hidden(inbox) / month, json.dumps(asked), began)
    named = ask_features(pendo, kept.answer)
    windows = len([*pull_window(pendo, window, kept, page_rows, on_page)])
    rows = sum(page.rows for page in kept.pages)
    path = file_of_api(inbox, month)
    before = _rows_of(path)
    if rows < before / 2:
        kept.clear()
        todo = "if that is right, delete the file and pull again"
        raise PullFailed(f"Pendo tells of {rows:,} rows, and {path} has {before:,}; {todo}")
    if rows and not named:
        kept.clear()
        todo = "if it goes on, see whether Pendo is well"
        raise PullFailed(f"{pendo.place}: tells of use, and of no features; {todo}")
    changed = False
    if rows:
        changed = keep_features(path.parent, named)
        changed = _publish(kept, path) or changed
    pulled = PulledMonth(
        month=month,
        rows=rows,
        pages=len(kept.pages),
        windows=windows,
        seconds=(pendo.clock() - began).total_seconds(),
        resumed=kept.found,
        path=path if rows else None,
        sha256=content_hash(path) if rows else None,
        changed=changed,
    )
    kept.clear()
    return pulled


def _rows_of(path: Path) -> int:
    """Those of the file that is there; a damaged one has none to lose."""
    try:
        return int(pq.read_metadata(path).num_rows)
    except (FileNotFoundError, pa.ArrowException):
        return 0


def _window(month: str, today: date) -> Window:
    first = date.fromisoformat(f"{month}-01")
    days = min(days_in(month), (today + timedelta(days=1) - first).days + 1)
    if days < 1:
        raise PullFailed(f"it lies ahead of {today}; pull it once it has begun")
    return Window(first, days)


def _publish(kept: Kept, path: Path) -> bool:
    """Put the rows of all pages, sorted, in the place of the month's file; not if it holds them."""
    joined = kept.folder / "month.parquet.tmp"
    engine = Engine(kept.folder / "spill")
    try:
        pages = ", ".join(_sql(page.path) for page in kept.pages if page.rows)
        order = ", ".join(f'"{name}" NULLS FIRST' for name in (*KEYS, *COUNTS))
        columns = ", ".join(f'"{name}"' for name in SCHEMA.names)
        engine.con.execute(
            f"COPY (SELECT {columns} FROM read_parquet([{pages}], hive_partitioning = false) "
            f"ORDER BY {order}) TO {_sql(joined)} (FORMAT PARQUET, COMPRESSION ZSTD)"
        )
    except duckdb.Error as error:
        why = str(error).splitlines()[0]
        found = f"{joined}: cannot be made of the pages that were fetched ({why})"
        raise PullFailed(f"{found}; see to its space") from None
    finally:
        engine.close()
    if path.exists() and filecmp.cmp(joined, path, shallow=False):
        return False
    with joined.open("rb") as stream:
        os.fsync(stream.fileno())
    joined.replace(path)
    return True


def _sql(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _hidden(inbox: Path) -> Path:
    return folder_of_api(inbox) / _HIDDEN


def _not_writable(inbox: Path, error: OSError) -> PullFailed:
    place = error.filename or folder_of_api(inbox)
    found = f"{place}: cannot be written ({error.strerror or error})"
    return PullFailed(f"{found}; see to its space and permissions", lasting=True)
