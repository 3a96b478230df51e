"""A month's exports read here, file by file, into tables of DuckDB."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from healthscore_assets.contracts import QUARANTINE
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lookups.product_areas import ProductAreas
from healthscore_assets.pendo.cleaning.export_rows import Understood
from healthscore_assets.pendo.cleaning.file_sums import FileSums
from healthscore_assets.pendo.cleaning.identities import Identities
from healthscore_assets.pendo.cleaning.metric_codes import MetricCodes
from healthscore_assets.pendo.cleaning.month_read import CELL_SCHEMA, ROW_SCHEMA, MonthRead
from healthscore_assets.pendo.cleaning.one_file import placed, read_file
from healthscore_assets.pendo.cleaning.quarantined_share import ReadFile, by_reason, refuse_beyond
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.fivetran.people import VERSIONS, Folders, People, versions
from healthscore_assets.pendo.fivetran.tables import ACCOUNT_HISTORY

_ROWS, _CELLS = "rows_of_month", "cells_of_month"

_AT_ONCE = 250_000
"""So many rows are inserted together: by 60,000 it takes DuckDB three times as long."""


def read_month(
    engine: Engine,
    files: list[tuple[Path, ExportFile]],
    month: str,
    product_areas: ProductAreas,
    known: Identities,
    largest_quarantined_share: float,
) -> MonthRead:
    """Read each file once, a few thousand rows at a time.

    Raises ExportRefused where a file cannot be read, or more of it than the share is refused.
    """
    exports = [export for _, export in files]
    codes = MetricCodes.of_columns(exports, product_areas)
    rows = engine.empty(_ROWS, ROW_SCHEMA)
    cells = engine.empty(_CELLS, CELL_SCHEMA)
    quarantine, read = [], []
    for number, (path, export) in enumerate(files):
        lines, sums = _read_file(engine, path, export, month, number, codes, known)
        quarantine.append(lines)
        read.append(ReadFile(export, by_reason(lines), sums))
    refuse_beyond(largest_quarantined_share, read)
    lines = pa.concat_tables(quarantine)
    people = _people(engine, exports, known.client_aliases)
    return MonthRead(
        exports,
        rows,
        cells,
        engine.arrow("quarantined", lines, schema_of(QUARANTINE)),
        codes,
        FileSums.of_all([file.sums for file in read]),
        people.rows(rows) if people else rows,
        people.client_names(rows) if people else None,
    )


def _read_file(
    engine: Engine,
    path: Path,
    export: ExportFile,
    month: str,
    number: int,
    codes: MetricCodes,
    known: Identities,
) -> tuple[pa.Table, FileSums]:
    """Put a file's rows and cells into the engine; gives the quarantine's lines and the sums."""
    lines: list[pa.Table] = []
    rows, cells = _Inserting(engine, _ROWS, number), _Inserting(engine, _CELLS, number)

    def put(read: Understood) -> None:
        rows.put(placed(read.rows, export))
        cells.put(read.cells)
        lines.append(read.quarantine)

    def forget() -> None:
        lines.clear()
        rows.forget()
        cells.forget()

    sums = read_file(path, export, month, codes, known, put, forget)
    rows.insert()
    cells.insert()
    return pa.concat_tables(lines), sums


class _Inserting:
    """Puts what is read of a file into a table, many rows at a time."""

    def __init__(self, engine: Engine, table: str, file: int) -> None:
        self._engine, self._table, self._file = engine, table, file
        self._held: list[pa.Table] = []

    def put(self, read: pa.Table) -> None:
        self._held.append(read)
        if sum(map(len, self._held)) >= _AT_ONCE:
            self.insert()

    def insert(self) -> None:
        if self._held:
            self._engine.insert(self._table, _numbered(pa.concat_tables(self._held), self._file))
            self._held = []

    def forget(self) -> None:
        self._held = []
        self._engine.delete(self._table, f"file = {self._file}")


def _numbered(rows: pa.Table, file: int) -> pa.Table:
    return rows.append_column("file", pa.repeat(pa.scalar(file, pa.int32()), rows.num_rows))


def _people(
    engine: Engine, exports: list[ExportFile], client_aliases: Mapping[str, str]
) -> People | None:
    """The histories beside the exports, if there are any; of visitors those that are listed."""
    folders = Folders.beside(exports)
    if not folders.histories:
        return None
    accounts = engine.empty("account_versions", VERSIONS)
    visitors = engine.empty("visitor_versions", VERSIONS)
    engine.con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE visitors_wanted AS
        SELECT DISTINCT visitor_id AS id FROM {_ROWS} WHERE visitor_id IS NOT NULL
        """
    )
    for number, (folder, history) in enumerate(folders.histories):
        of_accounts = history.export.shape == ACCOUNT_HISTORY
        for some in versions(history, folder, number):
            if of_accounts:
                engine.insert("account_versions", some)
            else:
                engine.insert("visitor_versions", some, "SEMI JOIN visitors_wanted USING (id)")
    return People(engine, folders, accounts, visitors, client_aliases)
