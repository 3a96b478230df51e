"""Readers of the lake, as notebooks and dashboards are: they read on while runs write."""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import duckdb
import pandas as pd

Rows = tuple[tuple[str, str, float], ...]
COLUMNS = ["client_id", "audience", "engagement"]


def with_duckdb(lake: Path) -> dict[str, Rows]:
    """All months of `client_month` through one glob, by month."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT month, {', '.join(COLUMNS)} FROM read_parquet("
            f"'{lake}/client_month/*/*.parquet', hive_partitioning = true) ORDER BY ALL"
        ).fetchall()
    by_month: dict[str, list[tuple[str, str, float]]] = {}
    for month, *values in rows:
        by_month.setdefault(str(month), []).append((values[0], values[1], float(values[2])))
    return {month: tuple(rows) for month, rows in by_month.items()}


def with_pandas(lake: Path) -> dict[str, Rows]:
    """The same, a file after the other."""
    found = {}
    for path in sorted(lake.glob("client_month/*/*.parquet")):
        frame = pd.read_parquet(path, columns=COLUMNS).sort_values(COLUMNS)
        frame["engagement"] = frame["engagement"].astype(float)
        found[path.parent.name.removeprefix("month=")] = tuple(
            frame[COLUMNS].itertuples(index=False, name=None)
        )
    return found


class Readers:
    """Two that read for as long as the block goes on; what fails is kept, and each state seen."""

    def __init__(self, lake: Path) -> None:
        self._lake = lake
        self.reads: Counter[str] = Counter()
        self.states: dict[str, set[Rows]] = {}
        """By month, every state of the table that a read gave."""
        self.failures: list[str] = []
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._go, args=[read]) for read in (with_duckdb, with_pandas)
        ]

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _go(self, read: Callable[[Path], dict[str, Rows]]) -> None:
        # Ten times a second: more would take the processors from those that write.
        while not self._stop.wait(0.1):
            try:
                for month, rows in read(self._lake).items():
                    self.states.setdefault(month, set()).add(rows)
            except (OSError, ValueError, duckdb.Error) as failed:
                self.failures.append(f"{read.__name__}: {failed}")
            self.reads[read.__name__] += 1
