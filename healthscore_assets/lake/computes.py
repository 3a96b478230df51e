"""What an engine has to do for the stages, which run on each of them alike."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import ibis
import pyarrow as pa

if TYPE_CHECKING:
    from healthscore_assets.lake.engine import Engine


class Computes(Protocol):
    """Runs ibis expressions over tables that it holds by name, and writes months of the lake."""

    @property
    def local(self) -> "Engine":
        """DuckDB on this machine, which reads what was delivered and checks what is staged."""

    def close(self) -> None:
        """Give back what is kept."""

    def months(self, name: str, files: Mapping[int, Path], schema: ibis.Schema) -> ibis.Table:
        """Months of one table, told apart by ``months_ago``, by which ``files`` are given."""

    def arrow(self, name: str, table: pa.Table, schema: ibis.Schema) -> ibis.Table:
        """A few rows in memory as an ibis table; replaces the one of that name."""

    def keep(self, name: str, table: ibis.Table) -> ibis.Table:
        """Compute a table once for several readers; replaces the one of that name."""

    def rows(self, table: ibis.Table) -> list[dict[str, Any]]:
        """A small result as Python values; never a whole table."""

    def to_arrow(self, table: ibis.Table) -> pa.Table:
        """A result for a model that reads it row by row; never more than it needs."""

    def single_threaded(self) -> AbstractContextManager[None]:
        """Sums of floats in one fixed order, where the engine has such."""

    def write(
        self, table: ibis.Table, schema: ibis.Schema, path: Path, order_by: Sequence[str]
    ) -> int:
        """Write a table as one local Parquet file in the order of its key; returns the rows."""

    def write_csv(self, table: ibis.Table, path: Path, null: str = "") -> int:
        """Write a small table as CSV, in the order of its rows; returns how many."""


@runtime_checkable
class Spreads(Computes, Protocol):
    """An engine on several machines, which can have functions run there."""

    def each(
        self,
        name: str,
        function: Callable[[int], Iterator[pa.RecordBatch]],
        count: int,
        schema: ibis.Schema,
    ) -> ibis.Table:
        """Rows that a function makes of each number from 0 to ``count``, for several readers."""
