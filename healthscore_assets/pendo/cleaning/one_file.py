"""All rows of one export in one month, read anew where a column holds more than numbers."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from healthscore_assets.pendo.cleaning.export_rows import ExportRows, Understood
from healthscore_assets.pendo.cleaning.file_sums import FileSums
from healthscore_assets.pendo.cleaning.grouped_rows import GroupedRows
from healthscore_assets.pendo.cleaning.identities import Identities
from healthscore_assets.pendo.cleaning.metric_codes import MetricCodes
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.headers.shapes import EVENTS
from healthscore_assets.reading.formats.batch import NotTyped
from healthscore_assets.reading.formats.datasync import places
from healthscore_assets.reading.formats.tables import text_columns

_TYPED_READS = 2
"""How often a file is read anew because a column held more than numbers; then all are texts."""


def read_file(
    path: Path,
    export: ExportFile,
    month: str,
    codes: MetricCodes,
    known: Identities,
    put: Callable[[Understood], None],
    forget: Callable[[], None],
) -> FileSums:
    """Hand on a file batch by batch; gives its sums.

    Parameters: ``put`` takes each batch, its refused lines by the files that they stand in;
    ``forget`` drops what it took of this file, which is then read from its beginning.
    Raises ExportRefused where the file cannot be read, NotWhole for a piece of one that cannot be
    judged by itself.
    """
    days, minutes = export.index("days_active"), export.index("minutes")
    numbers = [n for n in (days, minutes, *export.metrics) if n is not None]
    of_shape = GroupedRows if export.shape == EVENTS else ExportRows
    as_text = text_columns(path, export.source_file, export.layout, numbers)
    for attempt in range(_TYPED_READS + 1):
        rows = of_shape(path, export, month, codes, as_text, known)
        try:
            for read in rows:
                put(Understood(read.rows, read.cells, _at_home(read.quarantine, export)))
        except NotTyped as error:
            as_text = {*as_text, error.column} if attempt < _TYPED_READS - 1 else set(numbers)
            forget()
        else:
            return rows.sums
    raise AssertionError(f"{export.source_file}: a column read as text is never refused a type")


def _at_home(lines: pa.Table, export: ExportFile) -> pa.Table:
    """What is refused of a Data Sync export, by the files that its rows stand in."""
    if not export.layout.parts or not lines.num_rows:
        return lines
    files, rows = places(export.source_file, export.layout, lines["source_row"])
    return lines.set_column(0, "source_file", files).set_column(1, "source_row", rows)


def placed(rows: pa.Table, export: ExportFile) -> pa.Table:
    """Rows with the file that they stand in, and the audience that its name tells."""
    size = rows.num_rows
    rows = rows.append_column("source_file", pa.repeat(pa.scalar(export.source_file), size))
    segment = pa.scalar(export.segment, pa.string())
    return rows.append_column("segment", pa.repeat(segment, size))
