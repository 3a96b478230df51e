"""The run of a month, counted: queries, rows that come to Python, bytes written, Dagster's events.

counts = Counts()
workplace = counted(project, counts)     # a Workplace whose engine is counted
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import dagster as dg
import ibis
from project import Project

from healthscore_assets.lake.engine import Engine
from healthscore_assets.orchestration.workplace import Workplace

_STARTS, _ENDS = "STEP_START", ("STEP_SUCCESS", "STEP_FAILURE")


class Counts:
    """What each stage costs, as it runs; hears where the run is from its events."""

    def __init__(self) -> None:
        self.stage = "between stages"
        self.queries: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()
        self.written: Counter[str] = Counter()
        self.events: Counter[str] = Counter()

    def heard(self, entry: dg.EventLogEntry) -> None:
        """An event of the run was stored."""
        kind = entry.get_dagster_event().event_type_value if entry.is_dagster_event else "LOG"
        self.events[kind] += 1
        if kind == _STARTS:
            self.stage = str(entry.step_key)
        elif kind in _ENDS:
            self.stage = "between stages"

    def wrote(self, path: Path) -> None:
        """A file ``<table>-<month>.<suffix>`` was staged."""
        table = path.stem[: -len("-YYYY-MM")]
        name = table if path.suffix == ".parquet" else f"{table} as CSV"
        self.written[name] += path.stat().st_size


class _CountedResult:
    """A result whose rows are counted where they come to Python."""

    def __init__(self, result: Any, counts: Counts) -> None:
        self._result, self._counts = result, counts

    def fetchone(self) -> Any:
        row = self._result.fetchone()
        self._counts.rows[self._counts.stage] += row is not None
        return row

    def fetchall(self) -> Any:
        return self._count(self._result.fetchall())

    def to_arrow_table(self) -> Any:
        return self._count(self._result.to_arrow_table())

    def df(self) -> Any:
        return self._count(self._result.df())

    def _count(self, rows: Any) -> Any:
        self._counts.rows[self._counts.stage] += len(rows)
        return rows


class _CountedConnection:
    """DuckDB's connection; a way to take rows out that is not counted here is not there."""

    def __init__(self, connection: Any, counts: Counts) -> None:
        self._connection, self._counts = connection, counts
        self.register, self.unregister = connection.register, connection.unregister
        self.close = connection.close

    def execute(self, sql: str, *parameters: Any) -> _CountedResult:
        self._counts.queries[self._counts.stage] += 1
        return _CountedResult(self._connection.execute(sql, *parameters), self._counts)


class _CountedEngine(Engine):
    def __init__(self, spill: Path, counts: Counts) -> None:
        super().__init__(spill)
        self._counts = counts
        self.con = self.ibis.con = _CountedConnection(self.con, counts)

    def write(
        self, table: ibis.Table, schema: ibis.Schema, path: Path, order_by: Sequence[str]
    ) -> int:
        rows = super().write(table, schema, path, order_by)
        self._counts.wrote(path)
        return rows

    def write_csv(self, table: ibis.Table, path: Path, null: str = "") -> int:
        rows = super().write_csv(table, path, null)
        self._counts.wrote(path)
        return rows


class CountedWorkplace(Workplace):
    """A workplace whose runs have a counted engine. Dagster makes it anew for each of them."""

    counts: ClassVar[Counts]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Workplace]:
        with super().yield_for_execution(context):
            self._local.close()
            self._local = _CountedEngine(self.lake.spill_folder(), self.counts)
            yield self


def counted(project: Project, counts: Counts) -> Workplace:
    """The project's folders, counted there."""
    CountedWorkplace.counts = counts
    return CountedWorkplace.at(project.exports, project.lookups, project.lake)
