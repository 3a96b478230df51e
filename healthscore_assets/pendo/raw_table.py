"""`raw_pendo_export`: what was delivered for a month, and back again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.pendo.delivery import Delivery
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.periods import counts_in
from healthscore_assets.reading.formats import tables
from healthscore_assets.reading.formats.batch import name_of
from healthscore_assets.reading.formats.datasync import part_file

_SCHEMA = pa.schema(
    {
        "source_file": pa.string(),
        "source_sha256": pa.string(),
        "bytes": pa.int64(),
        "shape": pa.string(),
        "header_row": pa.int64(),
        "rows": pa.int64(),
        "column_count": pa.int64(),
        "column_map": pa.string(),
    }
)


Stamp = tuple[str, str | None, str | None, tuple[tuple[str, str], ...]]
"""Hash of the bytes, the sheet, the audience in the name, and what was read in other files.

Those are the parts of a Data Sync export, by day and feature, and whether other exports tell of the
rest of its month, and what lies beside an export.
"""


def stamp(sha256: str, export: ExportFile | None) -> Stamp:
    """What a table is known by; of a file that is refused nothing but its bytes."""
    if export is None:
        return sha256, None, None, ()
    others = {f"{part.period} {part.path}": part.sha256 for part in export.layout.parts}
    if export.made:
        others["days"] = "some" if export.partial else "all"
    others |= export.beside
    return sha256, export.layout.sheet, export.segment, tuple(sorted(others.items()))


def stamps(deliveries: list[Delivery]) -> set[Stamp]:
    """What the tables of a month are known by, as `raw_rows` takes them in."""
    found: dict[tuple[str, str | None], Stamp] = {}
    for delivery in deliveries:
        told = stamp(delivery.sha256, delivery.export)
        found.setdefault(told[:2], told)
    return set(found.values())


@dataclass(frozen=True)
class TakenIn:
    """A file of the archive, as its row in `raw_pendo_export` tells it.

    ``unfinished`` says that its bytes came before the month was over; ``partial`` that, or that the
    file itself tells of less than the month.
    """

    sha256: str
    export: ExportFile
    rows: int
    partial: bool
    unfinished: bool

    @property
    def stamp(self) -> Stamp:
        """Equal as long as neither its bytes nor the files read beside it change."""
        return stamp(self.sha256, self.export)


def raw_rows(
    deliveries: list[Delivery], month: str, unfinished: Mapping[str, bool], *, over: bool
) -> pa.Table:
    """A row for each file of the month; the same bytes under two names count once.

    Parameters: ``unfinished`` says of bytes taken in before, by hash, whether they came before the
    month was over; new bytes did unless the month is ``over``.
    Raises ExportRefused where the rows of a file cannot be counted.
    """
    rows: dict[tuple[str, str | None], dict[str, Any]] = {}
    for delivery in deliveries:
        export, sha256 = delivery.export, delivery.sha256
        assert export is not None, delivery.problem
        key = (sha256, export.layout.sheet)
        if key in rows:
            continue
        told = json.loads(export.to_json())
        # An export of days says which; of others nothing but the time tells whether all are there.
        early = export.partial if export.made else unfinished.get(sha256, not over)
        told["unfinished"] = early
        told["partial"] = export.partial or told["unfinished"]
        rows[key] = {
            "source_file": export.source_file,
            "source_sha256": sha256,
            "bytes": _size(delivery.path, export),
            "shape": export.shape,
            "header_row": export.layout.header_row,
            "rows": _count_rows(delivery, export, month),
            "column_count": len(export.columns),
            "column_map": json.dumps(told, ensure_ascii=False),
        }
    return pa.Table.from_pylist(list(rows.values()), schema=_SCHEMA)


def taken_in(row: Mapping[str, Any]) -> TakenIn:
    """The file behind a row of `raw_pendo_export`."""
    export = ExportFile.from_json(row["source_file"], row["shape"], row["column_map"])
    unfinished = json.loads(row["column_map"]).get("unfinished", False)
    return TakenIn(row["source_sha256"], export, row["rows"], export.partial, unfinished)


def _size(path: Path, export: ExportFile) -> int:
    parts = {part_file(path, part) for part in export.layout.parts}
    return sum(each.stat().st_size for each in (path, *parts))


def _count_rows(delivery: Delivery, export: ExportFile, month: str) -> int:
    """Rows below the header, blank lines left out; of a file of several months the month's.

    Those of days that another file tells of later are left out.
    """
    at = export.when
    only = export.months == (month,) and not export.superseded
    if at is None or export.layout.parts or only:
        return tables.count(delivery.path, export.source_file, export.layout)
    rows = 0
    of_file = (delivery.path, export.source_file, export.layout)
    for batch in tables.batches(*of_file, [], [at], as_codes=True):
        if len(batch.source_row):
            rows += pc.sum(counts_in(export, month, batch.cells[name_of(at)])).as_py() or 0
        if month == delivery.months[0]:
            rows += len(batch.misshapen)  # rows that tell no month count in the first
    return rows
