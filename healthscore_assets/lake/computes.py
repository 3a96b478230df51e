"""What an engine has to do for a stage that runs on each of them."""

from typing import Any, Protocol

import ibis
import pyarrow as pa


class Computes(Protocol):
    """Runs ibis expressions over tables that it holds by name."""

    def arrow(self, name: str, table: pa.Table, schema: ibis.Schema) -> ibis.Table:
        """A few rows in memory as an ibis table; replaces the one of that name."""

    def keep(self, name: str, table: ibis.Table) -> ibis.Table:
        """Compute a table once for several readers; replaces the one of that name."""

    def rows(self, table: ibis.Table) -> list[dict[str, Any]]:
        """A small result as Python values; never a whole table."""
