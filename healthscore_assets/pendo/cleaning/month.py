"""A month's exports as tidy tables: usage, visitors, names, and what was refused."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ibis
import pyarrow as pa

from healthscore_assets.contracts import FEATURE_AREAS
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.engagement.audience import visitor_month
from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lookups.product_areas import ProductAreas
from healthscore_assets.pendo.cleaning.client_names import client_names
from healthscore_assets.pendo.cleaning.feature_areas import feature_areas
from healthscore_assets.pendo.cleaning.file_sums import FileSums
from healthscore_assets.pendo.cleaning.identities import NOTHING_KNOWN, Identities
from healthscore_assets.pendo.cleaning.month_read import MonthRead
from healthscore_assets.pendo.cleaning.overlap import refuse_overlap
from healthscore_assets.pendo.cleaning.read_by_duckdb import read_month
from healthscore_assets.pendo.cleaning.usage import (
    added_up,
    all_added_up,
    cells_of_visitors,
    long,
    numbered,
    visitor_of_row,
    with_coded,
)
from healthscore_assets.pendo.cleaning.visitor_activity import visitor_activity
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.reading.formats.datasync import part_name


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
    read = read_month(engine, files, month, product_areas, known, largest_quarantined_share)
    return tidied(engine, read, product_areas, internal_domains)


def tidied(
    engine: Computes,
    read: MonthRead,
    product_areas: ProductAreas,
    internal_domains: frozenset[str],
    told_apart: Callable[[ibis.Table], ibis.Table] = numbered,
) -> CleanedMonth:
    """The tables of a month that was read, on the engine that holds it.

    Parameters: ``told_apart`` puts what tells visitors apart into ``visitor``.
    Raises ExportRefused where two files tell of the same usage.
    """
    exports = read.exports
    listed = engine.keep("visitors_of_month", visitor_month(read.listed, internal_domains))
    (counts,) = engine.rows(
        listed.aggregate(
            both=listed.count(where=listed.disagrees),
            repeated=(listed.read_rows > 1).any().fill_null(False),
        )
    )
    visitors = with_coded(told_apart(listed), _audiences(engine))
    visitors = engine.keep("visitors_told_apart", visitors)
    of_row = engine.keep("visitor_of_row", visitor_of_row(read.rows, visitors, internal_domains))
    metrics, place = read.codes.in_order(product_areas)
    cells = cells_of_visitors(read.cells, of_row, _places(engine, place))
    origin = _origins(exports)
    if len(set(origin)) > 1:
        refuse_overlap(engine, cells, visitors, exports, metrics, origin)
    features = sorted({feature for feature, _ in metrics})
    areas = feature_areas(exports, features)
    if len(metrics) < len(place) or any(map(_repeats, exports)):
        cells = all_added_up(cells)
    elif counts["repeated"]:
        cells = added_up(cells)
    return CleanedMonth(
        cleaned_usage=long(cells, visitors, _metrics(engine, metrics)),
        visitor_month=listed,
        quarantine=read.quarantine,
        client_names=client_names(read.rows, read.account_names),
        visitor_activity=visitor_activity(read.rows),
        feature_areas=engine.arrow("areas_of_pendo", areas, schema_of(FEATURE_AREAS)),
        sources=read.rows,
        read=read.sums,
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


def _places(engine: Computes, place: list[int]) -> ibis.Table:
    """Where the metric of each code stands in the order of `cleaned_usage`."""
    table = {"code": pa.array(range(len(place)), pa.int32()), "place": pa.array(place, pa.int32())}
    schema = ibis.schema({"code": "int32", "place": "int32"})
    return engine.arrow("places_of_metrics", pa.table(table), schema)


def _audiences(engine: Computes) -> ibis.Table:
    """The audiences, as codes where an engine has such."""
    coded = pa.array(["external", "internal"], pa.string()).dictionary_encode()
    return engine.arrow("audiences", pa.table({"coded": coded}), ibis.schema({"coded": "string"}))


def _metrics(engine: Computes, metrics: list[tuple[str, str]]) -> ibis.Table:
    """The feature and measure of each place, as codes where an engine has such."""
    table = {
        "metric": pa.array(range(len(metrics)), pa.int32()),
        "feature": pa.array([feature for feature, _ in metrics], pa.string()).dictionary_encode(),
        "measure": pa.array([measure for _, measure in metrics], pa.string()).dictionary_encode(),
    }
    schema = ibis.schema({"metric": "int32", "feature": "string", "measure": "string"})
    return engine.arrow("metrics_of_month", pa.table(table), schema)


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


def _repeats(export: ExportFile) -> bool:
    """Whether two columns of a file hold the same feature and measure."""
    told = [(column.feature, column.measure) for column in export.columns if column.feature]
    return len(set(told)) < len(told)
