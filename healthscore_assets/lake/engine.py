"""DuckDB, embedded: reads months of Parquet as ibis tables and writes expressions as Parquet."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa

from healthscore_assets.lake.expressions import as_written

EXPRESSIONS = 64
"""How many expressions of a kind are kept by those who build them.

They are the same for every month, and take longer to build than small months take to run.
"""

MEMORY = "768MB"
"""What tables may take before they are spilled to disk; readers and results come on top."""

_AS_PARQUET = "FORMAT PARQUET, COMPRESSION ZSTD"


class Engine:
    """One DuckDB in memory; tables are Parquet files that it reads and writes.

    Rows keep their order on the way to a file, so that equal tables are equal bytes. What needs
    more than ``memory`` goes to the folder ``spill`` meanwhile, and the bytes stay the same.
    """

    def __init__(self, spill: Path | None = None, memory: str = MEMORY) -> None:
        self.ibis = ibis.duckdb.connect()
        self.con: duckdb.DuckDBPyConnection = self.ibis.con
        self._views: dict[str, str] = {}
        self.con.execute(f"SET memory_limit = {_quote(memory)}")
        if spill is not None:
            self.con.execute(f"SET temp_directory = {_quote(str(spill))}")

    @property
    def local(self) -> "Engine":
        """Itself; see `Computes`."""
        return self

    def close(self) -> None:
        """Give the memory back."""
        self.ibis.disconnect()

    @contextmanager
    def single_threaded(self) -> Iterator[None]:
        """Sums of floats in one fixed order: several threads differ in the last bits."""
        (threads,) = self._one("SELECT current_setting('threads')")
        self.con.execute("SET threads = 1")
        try:
            yield
        finally:
            self.con.execute(f"SET threads = {threads}")

    def months(self, name: str, files: Mapping[int, Path], schema: ibis.Schema) -> ibis.Table:
        """Months of one table, told apart by the column ``months_ago``.

        Parameters: ``files`` by how many months before the month at hand they are; none at all
        makes a table without rows. One table of that name is there at a time.
        Shape: the schema's columns and ``months_ago``.
        """
        columns = ", ".join(f"{_name(n)}::{_type(t)} AS {_name(n)}" for n, t in schema.items())
        parts = [
            f"SELECT {columns}, {ago}::BIGINT AS months_ago"
            f" FROM read_parquet({_quote(str(path))}, hive_partitioning = false)"
            for ago, path in sorted(files.items())
        ]
        if not parts:
            nulls = ", ".join(f"NULL::{_type(t)} AS {_name(n)}" for n, t in schema.items())
            parts = [f"SELECT {nulls}, NULL::BIGINT AS months_ago WHERE false"]
        return self.view(
            name, " UNION ALL ".join(parts), ibis.schema({**schema, "months_ago": "int64"})
        )

    def view(self, name: str, sql: str, schema: ibis.Schema) -> ibis.Table:
        """A query of the engine's own as an ibis table; replaces the one of that name.

        The stages of a month read the same windows of tables: one that is there already stays.
        """
        if self._views.get(name) != sql:
            self.con.execute(f"CREATE OR REPLACE TEMP VIEW {_name(name)} AS {sql}")
            self._views[name] = sql
        return _table(name, schema)

    def empty(self, name: str, schema: ibis.Schema) -> ibis.Table:
        """A table without rows, to insert into; replaces the one of that name."""
        nulls = ", ".join(f"NULL::{_type(t)} AS {_name(n)}" for n, t in schema.items())
        return self._kept(name, f"SELECT {nulls} WHERE false", schema)

    def insert(self, name: str, rows: pa.Table, wanted: str = "") -> None:
        """Put rows into a table that was made empty, column by name.

        ``wanted`` is a join that keeps some of them, in SQL.
        """
        if rows.num_rows:
            # In one piece: in hundreds, one for each column of a file, it takes twice as long.
            self.con.register("batch_of_rows", rows.combine_chunks())
            self.con.execute(
                f"INSERT INTO {_rows_of(name)} BY NAME SELECT * FROM batch_of_rows {wanted}"
            )
            self.con.unregister("batch_of_rows")

    def delete(self, name: str, those: str) -> None:
        """Take rows out of a table that was made empty; ``those`` is a condition in SQL."""
        self.con.execute(f"DELETE FROM {_rows_of(name)} WHERE {those}")

    def arrow(self, name: str, table: pa.Table, schema: ibis.Schema) -> ibis.Table:
        """Rows in memory as an ibis table, copied; replaces the one of that name.

        Texts in dictionaries stay codes: sorted with other columns they take half the time.
        A scan of the rows themselves fails in joins whose filter DuckDB pushes into it.
        """
        rows = f"arrow_of_{name}"
        self.con.register(rows, table)
        columns = ", ".join(f"{_coded(n, table[n])}" for n in table.column_names)
        kept = self._kept(name, f"SELECT {columns} FROM {_name(rows)}", schema)
        self.con.unregister(rows)
        return kept

    def keep(self, name: str, table: ibis.Table) -> ibis.Table:
        """Compute a table once for several readers; replaces the one of that name."""
        return self._kept(name, _compiled(table), table.schema())

    def _kept(self, name: str, sql: str, schema: ibis.Schema) -> ibis.Table:
        """A query's rows under a name: a view as all are, since a table replaces no view."""
        rows = _rows_of(name)
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {rows} AS {sql}")
        self._views.pop(name, None)  # its columns are bound to the types that were
        return self.view(name, f"FROM {rows}", schema)

    def write(
        self, table: ibis.Table, schema: ibis.Schema, path: Path, order_by: Sequence[str]
    ) -> int:
        """Write a table as one Parquet file, its columns cast to the schema; returns the rows.

        ``order_by`` is the key; leave it empty for rows that come in their order already.
        """
        sql = _compiled(as_written(table, schema, tuple(order_by)))
        (rows,) = self._one(f"COPY ({sql}) TO {_quote(str(path))} ({_AS_PARQUET})")
        return int(rows)

    def join(self, parts: Sequence[Path], path: Path) -> int:
        """Put Parquet files of one schema into one, in their order; returns the rows."""
        files = ", ".join(_quote(str(part)) for part in parts)
        (rows,) = self._one(
            f"COPY (FROM read_parquet([{files}], hive_partitioning = false))"
            f" TO {_quote(str(path))} ({_AS_PARQUET})"
        )
        return int(rows)

    def write_csv(self, table: ibis.Table, path: Path, null: str = "") -> int:
        """Write a table as CSV with a header, in the order of its rows; returns how many.

        ``null`` stands for what is not there, without quotes, and with them is a text.
        """
        options = f"FORMAT CSV, HEADER, NULLSTR {_quote(null)}"
        (rows,) = self._one(f"COPY ({_compiled(table)}) TO {_quote(str(path))} ({options})")
        return int(rows)

    def rows(self, table: ibis.Table | str) -> list[dict[str, Any]]:
        """A small result as Python values; never a whole table."""
        sql = table if isinstance(table, str) else _compiled(table)
        return self.con.execute(sql).to_arrow_table().to_pylist()

    def to_arrow(self, table: ibis.Table) -> pa.Table:
        """A result for a model that reads it row by row; never more than it needs."""
        return self.con.execute(_compiled(table)).to_arrow_table()

    def _one(self, sql: str) -> tuple[Any, ...]:
        row = self.con.execute(sql).fetchone()
        assert row is not None, sql
        return row


@functools.lru_cache(maxsize=512)
def _table(name: str, schema: ibis.Schema) -> ibis.Table:
    """The same object for the same table: an expression over it can be kept, and is built once."""
    return ibis.table(schema, name=name)


def _compiled(table: ibis.Table) -> str:
    """The SQL of an expression."""
    return _compiled_once(table.op())


@functools.lru_cache(maxsize=512)
def _compiled_once(expression: Any) -> str:
    """Kept for the whole process: the same stage of another month is the same expression.

    Compiling took a third of a small month's run before.
    """
    return str(ibis.to_sql(expression.to_expr(), dialect="duckdb", pretty=False))


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _rows_of(name: str) -> str:
    """Where the rows of a table are that is kept."""
    return _name(f"kept_of_{name}")


def _coded(name: str, column: pa.ChunkedArray) -> str:
    """A column of a scan, in a type of codes where its texts are in a dictionary.

    Codes are in the order of their texts, so that sorting by either is the same.
    """
    if not pa.types.is_dictionary(column.type):
        return _name(name)
    texts = column.unify_dictionaries().chunk(0).dictionary.to_pylist() if len(column) else [""]
    return f"{_name(name)}::ENUM({', '.join(map(_quote, sorted(texts)))}) AS {_name(name)}"


def _type(dtype: ibis.DataType) -> str:
    names = {
        "string": "VARCHAR",
        "int32": "INTEGER",
        "int64": "BIGINT",
        "float64": "DOUBLE",
        "boolean": "BOOLEAN",
        "date": "DATE",
    }
    return names[str(dtype.copy(nullable=True))]
