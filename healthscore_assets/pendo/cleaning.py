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
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.metrics import COUNTS
from healthscore_assets.pendo.wide_rows import WideRows, metric_of, read_wide_rows

_ROWS, _ACCEPTED, _VISITORS = "rows_of_month", "accepted_rows", "visitors_of_month"
_ROW_SCHEMA = ibis.schema(
    {
        "source_file": "string",
        "source_row": "int64",
        "refused": "string",
        "segment": "string",
        "client_id": "string",
        "visitor_id": "string",
        "client_name": "string",
        "email": "string",
        "is_internal": "string",
        "days_active": "float64",
        "minutes": "float64",
    }
)


@dataclass(frozen=True)
class CleanedMonth:
    """The tables of one month, and the numbers that must add up.

    ``engagement_in`` sums each measure over all rows, refused ones included; ``sources`` tells
    which file and row each visitor came from; ``listed_as_both`` counts visitors that some rows
    call internal and others external.
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


def clean_month(
    engine: Engine,
    files: list[tuple[Path, ExportFile]],
    month: str,
    product_areas: ProductAreas,
    internal_domains: frozenset[str],
) -> CleanedMonth:
    """Read the month's files once and lay them out long.

    Raises ExportRefused where a file cannot be read.
    """
    spelling = _spelling([export for _, export in files], product_areas)
    read = [read_wide_rows(path, export, month, spelling) for path, export in files]
    arrow, metrics = _side_by_side(read)
    engine.arrow(_ROWS, arrow, _ROW_SCHEMA)
    accepted = engine.arrow(_ACCEPTED, _in_key_order(arrow), _ROW_SCHEMA)
    visitors = engine.keep(_VISITORS, visitor_month(accepted, internal_domains))
    (counts,) = engine.rows(
        visitors.aggregate(
            both=visitors.count(where=visitors.disagrees),
            repeated=(visitors.listed_rows > 1).any().fill_null(False),
        )
    )
    quarantine = pa.concat_tables([part.quarantine for part in read])
    return CleanedMonth(
        cleaned_usage=_long(engine, metrics, repeated=counts["repeated"]),
        visitor_month=visitors,
        quarantine=engine.arrow("quarantined", quarantine, schema_of(QUARANTINE)),
        client_names=client_names(accepted),
        sources=accepted,
        engagement_in=_sums(engine, arrow, metrics),
        rows=arrow.num_rows + sum(part.misshapen for part in read),
        total_rows=sum(part.total_rows for part in read),
        listed_as_both=counts["both"],
    )


def _spelling(exports: list[ExportFile], product_areas: ProductAreas) -> dict[str, str]:
    """The published name of each feature: the lookup's, else the first of its spellings."""
    features = {c.feature for export in exports for c in export.columns if c.feature is not None}
    first: dict[str, str] = {}
    for feature in sorted(features):
        first.setdefault(feature_key(feature), feature)
    return {f: product_areas.published(first[feature_key(f)]) for f in features}


def _side_by_side(read: list[WideRows]) -> tuple[pa.Table, list[tuple[str, str]]]:
    """All rows under one set of columns, and what its metric columns ``m0, m1, ...`` measure.

    The metrics stand in the order of `cleaned_usage`'s key.
    """
    table = pa.concat_tables([part.rows for part in read], promote_options="default")
    names = sorted(name for name in table.column_names if metric_of(name))
    numbered = {name: f"m{number}" for number, name in enumerate(names)}
    table = table.rename_columns([numbered.get(name, name) for name in table.column_names])
    return table, [metric for name in names if (metric := metric_of(name))]


def _in_key_order(rows: pa.Table) -> pa.Table:
    """The accepted rows, by client and visitor."""
    accepted = rows.filter(pc.is_null(rows["refused"]))
    keys = [
        (name, "ascending") for name in ("client_id", "visitor_id", "source_file", "source_row")
    ]
    return accepted.take(pc.sort_indices(accepted, keys))


def _long(engine: Engine, metrics: list[tuple[str, str]], *, repeated: bool) -> ibis.Table:
    """Wide rows as `cleaned_usage`, in the order of its key; zeros are dropped at once."""
    columns = [f"m{number}" for number in range(len(metrics))]
    wide = _added_up(engine, columns) if repeated else _as_read(engine, columns)
    feature = _one_of([feature for feature, _ in metrics])
    measure = _one_of([measure for _, measure in metrics])
    return engine.view(
        "usage_of_month",
        f"""
        SELECT client_id, visitor_id, audience::ENUM('external', 'internal') AS audience,
               {feature}[number] AS feature, {measure}[number] AS measure, value
        FROM (
            SELECT *, substr(metric, 2)::INTEGER + 1 AS number
            FROM (UNPIVOT {wide} ON {", ".join(columns)} INTO NAME metric VALUE value)
            WHERE value > 0
        )
        """,
        schema_of(CLEANED_USAGE),
    )


def _as_read(engine: Engine, columns: list[str]) -> str:
    """A row per visitor with its audience, in the order of the key.

    Both sides are one row per visitor in that order: sorting a hundred columns after a join took as
    long as all the reading. A row that met another visitor's is left without audience, and refused.
    """
    engine.con.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW wide_as_read AS
        SELECT r.client_id, r.visitor_id, {", ".join(columns)},
               CASE WHEN (r.client_id, r.visitor_id) = (v.client_id, v.visitor_id)
                    THEN v.audience END AS audience
        FROM {_ACCEPTED} r
        POSITIONAL JOIN (SELECT * FROM {_VISITORS} ORDER BY client_id, visitor_id) v
        """
    )
    return "wide_as_read"


def _added_up(engine: Engine, columns: list[str]) -> str:
    """The same where several rows tell of one visitor."""
    sums = ", ".join(f"sum({m}::DECIMAL(18, 6))::DOUBLE AS {m}" for m in columns)
    engine.con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE wide_added_up AS
        SELECT client_id, visitor_id, audience, {sums}
        FROM {_ACCEPTED} JOIN {_VISITORS} USING (client_id, visitor_id)
        GROUP BY ALL ORDER BY client_id, visitor_id
        """
    )
    return "wide_added_up"


def _one_of(texts: list[str]) -> str:
    """Texts for DuckDB to pick from, as codes: written as texts they took twice as long."""
    values = ", ".join(_quote(text) for text in sorted(set(texts)))
    return f"([{', '.join(_quote(text) for text in texts)}]::ENUM({values})[])"


def _sums(engine: Engine, rows: pa.Table, metrics: list[tuple[str, str]]) -> dict[str, Decimal]:
    """Each measure over all rows read, before anything is laid out or refused."""
    totals: dict[str, Decimal] = {}
    for number, (_, measure) in enumerate(metrics):
        if measure in COUNTS:
            # Floats add whole numbers exactly.
            total = Decimal(int(pc.sum(rows[f"m{number}"]).as_py() or 0))
        else:
            (row,) = engine.rows(f"SELECT sum(m{number}::DECIMAL(18, 6)) AS total FROM {_ROWS}")
            total = row["total"] or Decimal()
        totals[measure] = totals.get(measure, Decimal()) + total
    return totals


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
