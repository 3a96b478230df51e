"""A month's exports as tidy tables: usage, visitors, names, and what was refused."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.contracts import CLEANED_USAGE, QUARANTINE
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.engagement.audience import visitor_month
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lookups.features import feature_key
from healthscore_assets.lookups.product_areas import ProductAreas
from healthscore_assets.pendo.client_names import client_names
from healthscore_assets.pendo.csv_rows import NotTyped, text_columns
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.wide_rows import FileSums, WideRows

_ROWS, _CELLS, _VISITORS = "rows_of_month", "cells_of_month", "visitors_of_month"
_ROW_SCHEMA = ibis.schema(
    {
        "source_file": "string",
        "segment": "string",
        "source_row": "int64",
        "client_id": "string",
        "visitor_id": "string",
        "client_name": "string",
        "email": "string",
        "is_internal": "string",
        "days_active": "float64",
        "minutes": "float64",
    }
)
_TYPED_READS = 2
"""How often a file is read anew because a column held more than numbers; then all are texts."""


@dataclass(frozen=True)
class CleanedMonth:
    """The tables of one month, and the numbers that must add up.

    ``engagement_in`` sums each measure over all rows, refused ones included; ``sources`` tells
    which file and row each visitor came from; ``listed_as_both`` counts visitors that some rows
    call internal and others external; ``zeros`` and ``not_collected`` count metric cells.
    """

    cleaned_usage: ibis.Table
    visitor_month: ibis.Table
    quarantine: ibis.Table
    client_names: ibis.Table
    sources: ibis.Table
    engagement_in: dict[str, Decimal]
    rows: int
    total_rows: int
    listed_as_both: int
    zeros: int
    not_collected: int


def clean_month(
    engine: Engine,
    files: list[tuple[Path, ExportFile]],
    month: str,
    product_areas: ProductAreas,
    internal_domains: frozenset[str],
) -> CleanedMonth:
    """Read the month's files once, a few thousand rows at a time, and lay them out long.

    Raises ExportRefused where a file cannot be read.
    """
    exports = [export for _, export in files]
    spelling = _spelling(exports, product_areas)
    metrics = _metrics(exports, spelling)
    _create(engine)
    quarantine, sums = [], []
    for number, (path, export) in enumerate(files):
        of_column = _metric_of_columns(export, spelling, metrics)
        lines, read = _read_file(engine, path, export, month, (number, of_column))
        quarantine += lines
        sums.append(read)
    accepted = engine.view(_ROWS, f"SELECT * EXCLUDE (file) FROM {_ROWS}_read", _ROW_SCHEMA)
    visitors = engine.keep(_VISITORS, visitor_month(accepted, internal_domains))
    (counts,) = engine.rows(visitors.aggregate(both=visitors.count(where=visitors.disagrees)))
    return CleanedMonth(
        cleaned_usage=_long(engine, metrics),
        visitor_month=visitors,
        quarantine=engine.arrow("quarantined", pa.concat_tables(quarantine), schema_of(QUARANTINE)),
        client_names=client_names(accepted),
        sources=accepted,
        engagement_in={
            measure: sum((read.engagement.get(measure, Decimal()) for read in sums), Decimal())
            for measure in sorted({measure for read in sums for measure in read.engagement})
        },
        rows=sum(read.rows for read in sums),
        total_rows=sum(read.total_rows for read in sums),
        listed_as_both=counts["both"],
        zeros=sum(read.zeros for read in sums),
        not_collected=sum(read.not_collected for read in sums),
    )


def _spelling(exports: list[ExportFile], product_areas: ProductAreas) -> dict[str, str]:
    """The published name of each feature: the lookup's, else the first of its spellings."""
    features = {c.feature for export in exports for c in export.columns if c.feature is not None}
    first: dict[str, str] = {}
    for feature in sorted(features):
        first.setdefault(feature_key(feature), feature)
    return {f: product_areas.published(first[feature_key(f)]) for f in features}


def _metrics(exports: list[ExportFile], spelling: dict[str, str]) -> list[tuple[str, str]]:
    """The features and measures of the month, in the order of `cleaned_usage`'s key."""
    return sorted(
        {
            (spelling[column.feature], column.measure)
            for export in exports
            for column in export.columns
            if column.feature is not None and column.measure is not None
        }
    )


def _metric_of_columns(
    export: ExportFile, spelling: dict[str, str], metrics: list[tuple[str, str]]
) -> pa.Array:
    """The place of each column's feature and measure among the month's; null for the others."""
    place = {metric: number for number, metric in enumerate(metrics)}
    return pa.array(
        [
            None if c.feature is None else place[(spelling[c.feature], c.measure or "")]
            for c in export.columns
        ],
        pa.int32(),
    )


def _create(engine: Engine) -> None:
    columns = ", ".join(
        f"{name} {'VARCHAR' if dtype.is_string() else 'BIGINT' if dtype.is_integer() else 'DOUBLE'}"
        for name, dtype in _ROW_SCHEMA.items()
    )
    engine.con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {_ROWS}_read (file INTEGER, {columns});
        CREATE OR REPLACE TEMP TABLE {_CELLS} (
            file INTEGER, source_row BIGINT, metric INTEGER, value DOUBLE
        )
        """
    )


def _read_file(
    engine: Engine, path: Path, export: ExportFile, month: str, place: tuple[int, pa.Array]
) -> tuple[list[pa.Table], FileSums]:
    """Put a file's rows and cells into the engine; gives the quarantine's lines and the sums.

    Parameters: ``place`` is the file's number and the metric of each of its columns.
    """
    number, of_column = place
    metrics = [n for n, column in enumerate(export.columns) if column.role == "metric"]
    days, minutes = export.index("days_active"), export.index("minutes")
    numbers = [n for n in (days, minutes, *metrics) if n is not None]
    as_text = text_columns(path, export, numbers)
    for attempt in range(_TYPED_READS + 1):
        rows = WideRows(path, export, month, as_text)
        lines = []
        try:
            for understood in rows:
                _insert(engine, _ROWS + "_read", _placed(understood.rows, export, number))
                metric = pc.take(of_column, understood.cells["metric"])
                cells = understood.cells.set_column(1, "metric", metric)
                _insert(engine, _CELLS, _numbered(cells, number))
                lines.append(understood.quarantine)
        except NotTyped as error:
            as_text = {*as_text, error.column} if attempt < _TYPED_READS - 1 else set(numbers)
            for table in (_ROWS + "_read", _CELLS):
                engine.con.execute(f"DELETE FROM {table} WHERE file = {number}")
        else:
            return lines, rows.sums
    raise AssertionError(f"{export.source_file}: a column read as text is never refused a type")


def _insert(engine: Engine, name: str, rows: pa.Table) -> None:
    if rows.num_rows:
        engine.con.register("batch_of_rows", rows)
        engine.con.execute(f"INSERT INTO {name} BY NAME SELECT * FROM batch_of_rows")
        engine.con.unregister("batch_of_rows")


def _numbered(rows: pa.Table, file: int) -> pa.Table:
    return rows.append_column("file", pa.repeat(pa.scalar(file, pa.int32()), rows.num_rows))


def _placed(rows: pa.Table, export: ExportFile, file: int) -> pa.Table:
    """The rows with the file that they stand in, and the audience that its name tells."""
    size = rows.num_rows
    rows = rows.append_column("source_file", pa.repeat(pa.scalar(export.source_file), size))
    segment = pa.scalar(export.segment, pa.string())
    return _numbered(rows.append_column("segment", pa.repeat(segment, size)), file)


def _long(engine: Engine, metrics: list[tuple[str, str]]) -> ibis.Table:
    """The cells as `cleaned_usage`, in the order of its key.

    Everything is numbered in that order first: integers sort and add up faster than texts.
    """
    feature = _one_of([feature for feature, _ in metrics])
    measure = _one_of([measure for _, measure in metrics])
    engine.con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE visitors_in_order AS
        SELECT client_id, visitor_id, audience::ENUM('external', 'internal') AS audience,
               row_number() OVER (ORDER BY client_id, visitor_id) AS visitor
        FROM {_VISITORS};
        CREATE OR REPLACE TEMP TABLE visitor_of_row AS
        SELECT file, source_row, visitor
        FROM {_ROWS}_read JOIN visitors_in_order USING (client_id, visitor_id);
        CREATE OR REPLACE TEMP VIEW cells_of_visitors AS
        SELECT visitor, metric, value FROM {_CELLS} JOIN visitor_of_row USING (file, source_row)
        """
    )
    (counts,) = engine.rows(
        "SELECT count(*) AS cells, count(DISTINCT (visitor, metric)) AS distinct_cells"
        " FROM cells_of_visitors"
    )
    cells = "cells_of_visitors"
    if counts["cells"] > counts["distinct_cells"]:
        cells = (
            "(SELECT visitor, metric, sum(value::DECIMAL(18, 6))::DOUBLE AS value"
            " FROM cells_of_visitors GROUP BY ALL)"
        )
    return engine.view(
        "usage_of_month",
        f"""
        SELECT client_id, visitor_id, audience, {feature}[metric + 1] AS feature,
               {measure}[metric + 1] AS measure, value
        FROM {cells} JOIN visitors_in_order USING (visitor)
        ORDER BY visitor, metric
        """,
        schema_of(CLEANED_USAGE),
    )


def _one_of(texts: list[str]) -> str:
    """Texts for DuckDB to pick from, as codes: written as texts they took twice as long."""
    values = ", ".join(_quote(text) for text in sorted(set(texts)))
    return f"([{', '.join(_quote(text) for text in texts)}]::ENUM({values})[])"


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
