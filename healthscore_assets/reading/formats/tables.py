"""The tables of a delivered file, whatever its format."""

from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

from healthscore_assets.reading.formats import (
    api_answer,
    avro_file,
    csv_opening,
    csv_rows,
    datasync,
    parquet_file,
    workbook,
)
from healthscore_assets.reading.formats.batch import Batch, Layout, Opening
from healthscore_assets.reading.refused import ExportRefused, Problem

_OPENS: dict[str, ModuleType] = {
    ".csv": csv_opening,
    ".csv.gz": csv_opening,
    ".json": api_answer,
    ".xlsx": workbook,
    ".parquet": parquet_file,
    ".avro": avro_file,
}
_READS: dict[str, ModuleType] = {
    "csv": csv_rows,
    "json": api_answer,
    "xlsx": workbook,
    "parquet": parquet_file,
    "avro": avro_file,
    "datasync": datasync,
}


def openings(path: Path, source_file: str) -> list[Opening]:
    """The first rows of each table; those of one sheet, or of a text, are alternatives.

    Raises ExportRefused for a file whose format its name does not tell, and for one that is not
    what its name says.
    """
    name = source_file.lower()
    for extension, module in _OPENS.items():
        if name.endswith(extension):
            found: list[Opening] = module.openings(path, source_file)
            return found
    *most, last = _OPENS
    raise ExportRefused(
        Problem(
            source_file,
            "is not a kind of file that is read",
            f"expected {', '.join(most)} or {last}",
        )
    )


def batches(
    path: Path,
    source_file: str,
    layout: Layout,
    numbers: Iterable[int],
    texts: Iterable[int],
    prose: Container[int] = (),
    *,
    as_codes: bool = False,
) -> Iterator[Batch]:
    """The cells of some columns, a few thousand rows at a time; the last may be without rows.

    Of ``texts`` those of ``prose`` may have lines and commas as they like. ``as_codes`` allows for
    texts in dictionaries, and for more rows at a time, where that is how a format has them.
    Raises NotTyped where a column of ``numbers`` holds anything else, ExportRefused for bytes that
    are not what the opening promised.
    """
    wanted: tuple[Sequence[int], Sequence[int]] = (list(numbers), list(texts))
    told: dict[str, object] = {"prose": prose} if layout.format == "csv" else {}
    if as_codes and layout.format == "parquet":
        told["as_codes"] = True
    read: Iterator[Batch] = _READS[layout.format].batches(
        path, source_file, layout, *wanted, **told
    )
    return read


def text_columns(path: Path, source_file: str, layout: Layout, numbers: Iterable[int]) -> set[int]:
    """Which of the columns are known to hold more than numbers."""
    found: set[int] = _READS[layout.format].text_columns(path, source_file, layout, list(numbers))
    return found


def count(path: Path, source_file: str, layout: Layout) -> int:
    """Rows below the header, blank ones left out, whatever their cells."""
    rows: int = _READS[layout.format].count(path, source_file, layout)
    return rows
