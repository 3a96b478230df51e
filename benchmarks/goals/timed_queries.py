"""How long a process waits for its engine."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from healthscore_assets.lake.engine import Engine


class TimedQueries:
    """Adds up the seconds within calls of DuckDB, by all engines opened meanwhile."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Engines opened in here are timed."""
        opened = Engine.__init__

        def open_timed(engine: Engine, *given: Any, **named: Any) -> None:
            opened(engine, *given, **named)
            engine.con = _Timed(engine.con, self)  # type: ignore[assignment]

        Engine.__init__ = open_timed  # type: ignore
        try:
            yield
        finally:
            Engine.__init__ = opened  # type: ignore[method-assign]


class _Timed:
    """A connection that is timed; what it gives to chain calls on is itself again."""

    def __init__(self, con: Any, queries: TimedQueries) -> None:
        self._con, self._queries = con, queries

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._con, name)

        def timed(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                answer = call(*arguments, **named)
            finally:
                self._queries.seconds += time.perf_counter() - started
            return self if answer is self._con else answer

        return timed
