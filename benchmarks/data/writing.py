"""Files written by DuckDB, as many at once as there are cores: each is one thread's work."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb


def written(queries: Mapping[Path, str], options: str) -> Iterator[Path]:
    """The files, in their order, as they are done."""
    con = duckdb.connect()
    con.execute("SET threads = 1")

    def write(path: Path) -> Path:
        con.cursor().execute(f"COPY ({queries[path]}) TO '{path}' ({options})")
        return path

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        yield from threads.map(write, queries)
