"""Spill, not failure: a month that memory does not hold takes the disk, and its bytes are equal."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import ibis
import pytest

from healthscore_assets.lake.engine import MEMORY, Engine

SCHEMA = ibis.schema({"client_id": "string", "engagement": "float64", "users": "int64"})

CELLS, CLIENTS = 1_200_000, 600_000
"""Two cells a client. Grouped and sorted they are some 60 MiB; each row is a hash of 32 letters."""

LITTLE = "64MB"
"""Enough for the buffers of two threads; half of what the statement takes where it may."""


@dataclass(frozen=True)
class Written:
    """A table written."""

    rows: int
    content: bytes
    spilled: int
    """the most bytes that were in the spill folder at a time"""


def written(folder: Path, memory: str, *, spill: bool = True) -> Written:
    """Engagement of each client, in the order of ids that the cells do not come in."""
    folder.mkdir()
    engine = Engine(folder / "spill" if spill else None, memory)
    engine.con.execute("SET threads = 2")
    if not spill:
        engine.con.execute("SET temp_directory = ''")
    cells = engine.view(
        "cells",
        f"SELECT md5((range % {CLIENTS})::VARCHAR) AS client_id, (range % 7)::DOUBLE AS engagement,"
        f" 1::BIGINT AS users FROM range({CELLS})",
        SCHEMA,
    )
    of_clients = cells.group_by("client_id").aggregate(
        engagement=cells.engagement.sum(), users=cells.users.sum()
    )
    path = folder / "of_clients.parquet"
    try:
        with watched(folder / "spill") as seen:
            rows = engine.write(of_clients, SCHEMA, path, ["client_id"])
    finally:
        engine.close()
    return Written(rows, path.read_bytes(), max(seen))


@contextmanager
def watched(folder: Path) -> Iterator[list[int]]:
    """How many bytes are in a folder, looked at again and again."""
    seen, ended = [0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.005):
            with suppress(FileNotFoundError):  # of a file, or of the folder before the first
                seen.append(sum(path.stat().st_size for path in folder.iterdir()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


@pytest.fixture(scope="module")
def in_memory(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(tmp_path_factory.mktemp("plenty") / "lake", MEMORY)


def test_with_plenty_of_memory_nothing_is_spilled(in_memory: Written) -> None:
    assert (in_memory.rows, in_memory.spilled) == (CLIENTS, 0)


def test_with_little_memory_it_spills_and_writes_equal_bytes(
    in_memory: Written, tmp_path: Path
) -> None:
    spilled = written(tmp_path / "lake", LITTLE)
    assert spilled.spilled > 10 << 20
    assert spilled.rows == CLIENTS
    assert spilled.content == in_memory.content
    assert [*(tmp_path / "lake" / "spill").glob("*")] == []  # it is given back


def test_without_a_folder_to_spill_to_it_fails(tmp_path: Path) -> None:
    """The limit is one: what passes above did not do without the disk."""
    with pytest.raises(duckdb.OutOfMemoryException):
        written(tmp_path / "lake", LITTLE, spill=False)
