"""The rows of an answer of Pendo's Aggregation API, or of a list of objects, in batches."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from healthscore_assets.reading.formats.batch import MOST_COLUMNS, Batch, Layout, NotTyped, Opening
from healthscore_assets.reading.formats.json_rows import RESULTS, JsonRows
from healthscore_assets.reading.formats.python_cells import batch_of, numbers_of, text_of
from healthscore_assets.reading.refused import ExportRefused, Problem

_ROWS, _SAMPLE = 4096, 1000
_BYTES = 32 << 20
_SHOWN = 200


def openings(path: Path, source_file: str) -> list[Opening]:
    """The keys of all objects, in the order in which they first appear.

    Raises ExportRefused for what is not JSON, and for an answer without objects.
    """
    names: dict[str, None] = {}
    for row in JsonRows(path, source_file):
        if isinstance(row, dict):
            names |= dict.fromkeys(row)
            if len(names) > MOST_COLUMNS:
                raise _refusal(
                    source_file,
                    f"has objects of more than {MOST_COLUMNS} different keys",
                    "pull the fields that are needed",
                )
    if not names:
        raise _refusal(
            source_file,
            f"holds no {RESULTS}",
            "pull it again, or take it away if nothing was used",
        )
    return [Opening(Layout("json", (), 0), ((0, tuple(names)),))]


def batches(
    path: Path, source_file: str, layout: Layout, numbers: Sequence[int], texts: Sequence[int]
) -> Iterator[Batch]:
    """Read columns a few thousand rows at a time; a key that an object has not is blank.

    Raises NotTyped where a column of ``numbers`` holds anything else, and ExportRefused for what is
    not JSON to its end.
    """
    wanted = {n: layout.header[n] for n in sorted({*numbers, *texts})}
    rows = JsonRows(path, source_file)
    columns: dict[int, list[Any]] = {n: [] for n in wanted}
    source_row: list[int] = []
    misshapen: list[tuple[int, str]] = []
    due = _BYTES
    for number, row in enumerate(rows, 1):
        if isinstance(row, dict):
            source_row.append(number)
            for n, name in wanted.items():
                columns[n].append(row.get(name))
        else:
            misshapen.append((number, text_of(row)[:_SHOWN]))
        if len(source_row) + len(misshapen) == _ROWS or rows.bytes_read > due:
            due = rows.bytes_read + _BYTES
            yield _batch(columns, numbers, source_row, misshapen)
            columns, source_row, misshapen = {n: [] for n in wanted}, [], []
    if source_row or misshapen:
        yield _batch(columns, numbers, source_row, misshapen)


def text_columns(path: Path, source_file: str, layout: Layout, numbers: Iterable[int]) -> set[int]:
    """Which of the columns hold more than numbers in the first objects."""
    first = [row for row in islice(JsonRows(path, source_file), _SAMPLE) if isinstance(row, dict)]
    return {n for n in numbers if not _is_number(n, [row.get(layout.header[n]) for row in first])}


def count(path: Path, source_file: str, layout: Layout) -> int:
    """Rows, objects or not, none of which is taken apart."""
    del layout
    return JsonRows(path, source_file).count()


def _batch(
    columns: dict[int, list[Any]],
    numbers: Sequence[int],
    source_row: list[int],
    misshapen: list[tuple[int, str]],
) -> Batch:
    batch = batch_of(columns, numbers, source_row)
    return Batch(batch.cells, batch.source_row, misshapen)


def _is_number(n: int, values: list[Any]) -> bool:
    try:
        numbers_of(n, values)
    except NotTyped:
        return False
    return True


def _refusal(source_file: str, what: str, todo: str) -> ExportRefused:
    return ExportRefused(Problem(source_file, what, todo))
