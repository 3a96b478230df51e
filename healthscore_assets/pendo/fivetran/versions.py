"""The versions of what a history table tells: of each id the latest counts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.fivetran.instants import instants
from healthscore_assets.pendo.fivetran.marks import marked_as_gone
from healthscore_assets.pendo.fivetran.shapes import GROUP_ID, UPDATED
from healthscore_assets.reading.formats import tables
from healthscore_assets.reading.formats.batch import Batch, name_of
from healthscore_assets.reading.refused import ExportRefused, Problem

_DEFINING = ("id", "name", GROUP_ID)


@dataclass(frozen=True)
class Version:
    """A row of a definition table; ``order`` is greater for the version that counts.

    A row that is deleted at its source counts where there is no other, then the one that was
    updated last, then the one that was synced last.
    """

    id: str
    name: str
    group_id: str
    order: tuple[bool, int, int]


def read_versions(path: Path, export: ExportFile) -> Iterator[Version]:
    """Every version that a file has, in the order of its rows; rows without an id tell nothing.

    Raises ExportRefused for a time that is none.
    """
    at = [n for n in map(export.index, _DEFINING) if n is not None]
    for batch, live, updated, synced in ordered_columns(path, export, at):
        texts = [
            [""] * len(batch.source_row) if n is None else batch.cells[name_of(n)].to_pylist()
            for n in map(export.index, _DEFINING)
        ]
        order = (
            live.to_pylist(),
            *(pc.fill_null(each, -1).to_pylist() for each in (updated, synced)),
        )
        for key, name, group, *place in zip(*texts, *order, strict=True):
            if key.strip():
                told = bool(place[0]), int(place[1]), int(place[2])
                yield Version(key.strip(), " ".join(name.split()), group.strip(), told)


def latest(versions: Iterable[Version]) -> dict[str, Version]:
    """The version that counts of each id; of equals the one that comes last."""
    found: dict[str, Version] = {}
    for version in versions:
        known = found.get(version.id)
        if known is None or version.order >= known.order:
            found[version.id] = version
    return found


def ordered_columns(
    path: Path, export: ExportFile, columns: Iterable[int]
) -> Iterator[tuple[Batch, pa.ChunkedArray, pa.ChunkedArray, pa.ChunkedArray]]:
    """The ids and other columns of a history, and what puts its versions in order.

    That is, of each row: whether it is not deleted, and when it was updated and synced, as
    microseconds since 1970, null where untold.
    """
    order = [export.index(role) for role in ("id", UPDATED, "synced", "deleted", "active")]
    read = list(dict.fromkeys([*columns, *(n for n in order if n is not None)]))
    _, updated, synced, *marks = order
    for batch in tables.batches(path, export.source_file, export.layout, [], read):
        size = len(batch.source_row)
        if size:
            cells = [None if n is None else batch.cells[name_of(n)] for n in marks]
            gone = marked_as_gone(*cells)
            live = pa.chunked_array([[True] * size]) if gone is None else pc.invert(gone)
            yield batch, live, *(_moments_or_null(batch, export, n) for n in (updated, synced))


def refuse_unreadable(path: Path, export: ExportFile) -> None:
    """Read ids and times of a history. Raises ExportRefused for what cannot be read."""
    for _ in ordered_columns(path, export, []):
        pass


def _moments_or_null(batch: Batch, export: ExportFile, at: int | None) -> pa.ChunkedArray:
    if at is None:
        return pa.chunked_array([pa.nulls(len(batch.source_row), pa.int64())])
    return moments(batch, export, at)


def moments(batch: Batch, export: ExportFile, at: int) -> pa.ChunkedArray:
    """A column of times as microseconds. Raises ExportRefused for a cell that is none."""
    cells = batch.cells[name_of(at)]
    try:
        return instants(cells)
    except ValueError:
        row, text = _first_wrong(batch, cells)
        raise ExportRefused(
            Problem(
                export.source_file,
                f"{text!r} is not a time",
                "expected one such as 2024-05-31 14:00:00.123 UTC",
                row=row,
                column=export.columns[at].header,
            )
        ) from None


def _first_wrong(batch: Batch, cells: pa.ChunkedArray) -> tuple[int, str]:
    for row, cell in zip(batch.source_row.to_pylist(), cells.to_pylist(), strict=True):
        try:
            instants(pa.chunked_array([[cell]], pa.string()))
        except ValueError:
            return row, cell[:60]
    raise AssertionError(f"rows {batch.source_row[0]} and on: each by itself is a time")
