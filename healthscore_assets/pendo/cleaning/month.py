"""A month's exports as tidy tables: usage, visitors, names, and what was refused."""

from dataclasses import dataclass
from pathlib import Path

import ibis
import pyarrow as pa

from healthscore_assets.contracts import CLEANED_USAGE, FEATURE_AREAS, QUARANTINE
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.engagement.audience import row_is_internal, visitor_month
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lookups.product_areas import ProductAreas
from healthscore_assets.pendo.cleaning.client_names import client_names
from healthscore_assets.pendo.cleaning.export_rows import ExportRows
from healthscore_assets.pendo.cleaning.feature_areas import feature_areas
from healthscore_assets.pendo.cleaning.file_sums import FileSums
from healthscore_assets.pendo.cleaning.identities import NOTHING_KNOWN, Identities
from healthscore_assets.pendo.cleaning.metric_codes import MetricCodes
from healthscore_assets.pendo.cleaning.overlap import refuse_overlap
from healthscore_assets.pendo.cleaning.quarantined_share import refuse_beyond
from healthscore_assets.pendo.cleaning.visitor_activity import visitor_activity
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.fivetran.people import People
from healthscore_assets.reading.formats.batch import NotTyped
from healthscore_assets.reading.formats.datasync import part_name, places
from healthscore_assets.reading.formats.tables import text_columns

_ROWS, _CELLS, _VISITORS = "rows_of_month", "cells_of_month", "visitors_of_month"
_ROW_SCHEMA = ibis.schema(
    {
        "file": "int64",
        "source_file": "string",
        "segment": "string",
        "source_row": "int64",
        "client_id": "string",
        "visitor_id": "string",
        "client_name": "string",
        "email": "string",
        "is_internal": "string",
        "day": "date",
        "days_active": "float64",
        "minutes": "float64",
    }
)
_SQL_TYPES = {"string": "VARCHAR", "int64": "BIGINT", "float64": "DOUBLE", "date": "DATE"}
_TYPED_READS = 2
"""How often a file is read anew because a column held more than numbers; then all are texts."""


@dataclass(frozen=True)
class CleanedMonth:
    """The tables of one month, and the numbers that must add up.

    ``sources`` tells which file and row each visitor came from; ``read`` sums up the files, whose
    rows above the header are ``title_rows``; ``features`` are those of the files, used or not;
    ``listed_as_both`` counts visitors that some rows call internal and others external;
    ``counted_in`` tells the measure of each column with numbers, by file and column.
    """

    cleaned_usage: ibis.Table
    visitor_month: ibis.Table
    quarantine: ibis.Table
    client_names: ibis.Table
    visitor_activity: ibis.Table
    feature_areas: ibis.Table
    sources: ibis.Table
    read: FileSums
    title_rows: int
    features: list[str]
    listed_as_both: int
    counted_in: dict[tuple[str, str], str]

    @property
    def mangled(self) -> str:
        """What to do about mangled ids; empty where there are none."""
        if not self.read.mangled_ids:
            return ""
        return (
            f"{self.read.mangled_ids:,} ids look like numbers that a spreadsheet rewrote (4.0, "
            "1.23E+11): they are kept as they are. Export again without opening the file in a "
            "spreadsheet, or merge them by client_aliases.csv."
        )


def clean_month(
    engine: Engine,
    files: list[tuple[Path, ExportFile]],
    month: str,
    product_areas: ProductAreas,
    internal_domains: frozenset[str],
    known: Identities = NOTHING_KNOWN,
    largest_quarantined_share: float = 1.0,
) -> CleanedMonth:
    """Read the month's files once, a few thousand rows at a time, and lay them out long.

    Raises ExportRefused where a file cannot be read, more of it than the share is refused, or two
    files tell of the same usage.
    """
    exports = [export for _, export in files]
    codes = _codes(exports, product_areas)
    _create(engine)
    quarantine, sums = [], []
    for number, (path, export) in enumerate(files):
        lines, read = _read_file(engine, path, export, month, number, codes, known)
        refuse_beyond(largest_quarantined_share, export, lines, read)
        quarantine.append(lines)
        sums.append(read)
    accepted = ibis.table(_ROW_SCHEMA, name=_ROWS)
    people = People(engine, exports, _ROWS, known.client_aliases)
    of_visitors = people.rows(_ROW_SCHEMA) if people.told else accepted
    visitors = engine.keep(_VISITORS, visitor_month(of_visitors, internal_domains))
    (counts,) = engine.rows(
        visitors.aggregate(
            both=visitors.count(where=visitors.disagrees),
            repeated=(visitors.listed_rows > 1).any().fill_null(False),
        )
    )
    metrics, place = codes.in_order(product_areas)
    _number_visitors(engine, accepted, internal_domains)
    _number_cells(engine, place)
    origin = _origins(exports)
    if len(set(origin)) > 1:
        refuse_overlap(engine, exports, metrics, origin)
    features = sorted({feature for feature, _ in metrics})
    areas = feature_areas(exports, features)
    repeated = counts["repeated"] or len(metrics) < len(place) or any(map(_repeats, exports))
    return CleanedMonth(
        cleaned_usage=_long(engine, metrics, repeated=repeated),
        visitor_month=visitors,
        quarantine=engine.arrow("quarantined", pa.concat_tables(quarantine), schema_of(QUARANTINE)),
        client_names=client_names(accepted, people.client_names() if people.told else None),
        visitor_activity=visitor_activity(accepted),
        feature_areas=engine.arrow("areas_of_pendo", areas, schema_of(FEATURE_AREAS)),
        sources=accepted,
        read=FileSums.of_all(sums),
        title_rows=sum(len(export.titles) for export in exports),
        features=features,
        listed_as_both=counts["both"],
        counted_in={
            (name, column): measure
            for export in exports
            for name in _names(export)
            for column, measure in export.counted_in.items()
        },
    )


def _origins(exports: list[ExportFile]) -> list[int]:
    """By file, the first one of the same table: those of a table cannot overlap.

    Several features may have one name, and rows of a visitor's day be in several files.
    """
    first: dict[str, int] = {}
    return [first.setdefault(e.part_of or e.source_file, n) for n, e in enumerate(exports)]


def _names(export: ExportFile) -> set[str]:
    """What the quarantine calls the files of a table."""
    parts = {part_name(export.source_file, part) for part in export.layout.parts}
    return parts or {export.source_file}


def _codes(exports: list[ExportFile], product_areas: ProductAreas) -> MetricCodes:
    """Numbers of the metric columns, in the order of `cleaned_usage`'s key where that can be."""
    columns = {
        (column.feature, column.measure)
        for export in exports
        for column in export.columns
        if column.feature is not None and column.measure is not None
    }
    codes = MetricCodes()
    for feature, measure in sorted(columns, key=lambda c: (product_areas.published(c[0]), c[1])):
        codes.of(feature, measure)
    return codes


def _repeats(export: ExportFile) -> bool:
    """Whether two columns of a file hold the same feature and measure."""
    told = [(column.feature, column.measure) for column in export.columns if column.feature]
    return len(set(told)) < len(told)


def _create(engine: Engine) -> None:
    columns = ", ".join(f"{name} {_SQL_TYPES[str(dtype)]}" for name, dtype in _ROW_SCHEMA.items())
    engine.con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {_ROWS} ({columns});
        CREATE OR REPLACE TEMP TABLE {_CELLS} (
            file INTEGER, source_row BIGINT, metric INTEGER, day DATE, value DOUBLE
        )
        """
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
    days, minutes = export.index("days_active"), export.index("minutes")
    numbers = [n for n in (days, minutes, *export.metrics) if n is not None]
    as_text = text_columns(path, export.source_file, export.layout, numbers)
    for attempt in range(_TYPED_READS + 1):
        rows = ExportRows(path, export, month, codes, as_text, known)
        lines = []
        try:
            for understood in rows:
                _insert(engine, _ROWS, _placed(understood.rows, export, number))
                _insert(engine, _CELLS, _numbered(understood.cells, number))
                lines.append(understood.quarantine)
        except NotTyped as error:
            as_text = {*as_text, error.column} if attempt < _TYPED_READS - 1 else set(numbers)
            for table in (_ROWS, _CELLS):
                engine.con.execute(f"DELETE FROM {table} WHERE file = {number}")
        else:
            return _at_home(pa.concat_tables(lines), export), rows.sums
    raise AssertionError(f"{export.source_file}: a column read as text is never refused a type")


def _at_home(lines: pa.Table, export: ExportFile) -> pa.Table:
    """What is refused of a Data Sync export, by the files that its rows stand in."""
    if not export.layout.parts or not lines.num_rows:
        return lines
    files, rows = places(export.source_file, export.layout, lines["source_row"])
    return lines.set_column(0, "source_file", files).set_column(1, "source_row", rows)


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


def _number_visitors(
    engine: Engine, accepted: ibis.Table, internal_domains: frozenset[str]
) -> None:
    """Number the visitors in the order of the key, and tell each row's: integers sort faster.

    Rows without a visitor belong to their client and audience.
    """
    nobodys = accepted.filter(accepted.visitor_id.isnull())
    internal = row_is_internal(nobodys, internal_domains)
    audience = ibis.ifelse(internal, "internal", "external")
    engine.keep(
        "rows_of_nobody", nobodys.select("file", "source_row", "client_id", audience=audience)
    )
    engine.con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE visitors_in_order AS
        SELECT client_id, visitor_id, audience::ENUM('external', 'internal') AS audience,
               row_number() OVER (ORDER BY client_id, visitor_id NULLS LAST, audience) AS visitor
        FROM {_VISITORS};
        CREATE OR REPLACE TEMP TABLE visitor_of_row AS
        SELECT file, source_row, visitor
        FROM {_ROWS} JOIN visitors_in_order USING (client_id, visitor_id)
        UNION ALL
        SELECT file, source_row, visitor
        FROM rows_of_nobody AS rows JOIN visitors_in_order AS visitors
          ON rows.client_id = visitors.client_id AND visitors.visitor_id IS NULL
         AND rows.audience = visitors.audience::VARCHAR
        """
    )


def _number_cells(engine: Engine, place: list[int]) -> None:
    """Put visitors' numbers to the cells, and to their metrics the ``place`` of each code."""
    in_order = place == list(range(len(place)))
    metric = "metric" if in_order else f"({place}::INTEGER[])[metric + 1]"
    engine.con.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW cells_of_visitors AS
        SELECT file, visitor, {metric} AS metric, day, value
        FROM {_CELLS} JOIN visitor_of_row USING (file, source_row)
        """
    )


def _long(engine: Engine, metrics: list[tuple[str, str]], *, repeated: bool) -> ibis.Table:
    """The cells as `cleaned_usage`, in the order of its key; ``repeated`` ones are added up."""
    feature = _one_of([feature for feature, _ in metrics])
    measure = _one_of([measure for _, measure in metrics])
    cells = "cells_of_visitors"
    if repeated:
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
    values = ", ".join(_quote(text) for text in sorted(set(texts)) or [""])
    return f"([{', '.join(_quote(text) for text in texts)}]::ENUM({values})[])"


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
