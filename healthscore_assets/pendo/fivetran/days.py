"""Days that are delivered again: each counts in the file whose rows of it were synced last."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.fivetran.versions import moments
from healthscore_assets.pendo.periods import day_of_rows
from healthscore_assets.reading.formats import tables
from healthscore_assets.reading.formats.batch import name_of

Synced = Mapping[str, tuple[int, int]]
"""By day, when the first and the last of its rows were synced, in microseconds since 1970."""


_BLANK = pc.CountOptions(mode="only_null")


@dataclass(frozen=True)
class ToldLater:
    """The days of a file that do not count, each with the file that tells of it later.

    ``mixed`` are those of which some of its rows were synced after some of the other's: the two
    may be parts of one export.
    """

    days: dict[str, str] = field(default_factory=dict)
    mixed: tuple[str, ...] = ()


def synced(path: Path, export: ExportFile) -> Synced:
    """When the rows of each day were synced; of days with a row that does not tell, nothing.

    Raises ExportRefused for a time that is none.
    """
    at, when = export.index("synced"), export.when
    if at is None or when is None:
        return {}
    parts = []
    for batch in tables.batches(path, export.source_file, export.layout, [], [at, when]):
        if len(batch.source_row):
            days = day_of_rows(export, batch.cells[name_of(when)])
            rows = pa.table({"day": days, "synced": moments(batch, export, at)})
            found = rows.group_by("day").aggregate(
                [("synced", "min"), ("synced", "max"), ("synced", "count", _BLANK)]
            )
            parts.append(found.select(["day", "synced_min", "synced_max", "synced_count"]))
    if not parts:
        return {}
    told = pa.concat_tables(parts).rename_columns(["day", "first", "last", "blank"])
    told = told.group_by("day").aggregate([("first", "min"), ("last", "max"), ("blank", "sum")])
    return {
        row["day"].isoformat(): (row["first_min"], row["last_max"])
        for row in told.to_pylist()
        if row["day"] is not None and not row["blank_sum"]
    }


def superseded(files: Mapping[str, Synced], month: str) -> dict[str, ToldLater]:
    """By file, the days of a month that another of the files tells of as synced later.

    Of two that were synced last at the same time both count: whether they overlap, is seen later.
    """
    newest: dict[str, tuple[int, str]] = {}
    for file, days in files.items():
        for day, (_, last) in days.items():
            if day.startswith(month):
                newest[day] = max(newest.get(day, (last, file)), (last, file))
    found = {}
    for file, days in files.items():
        later = {
            day: newest[day][1]
            for day, (_, last) in sorted(days.items())
            if day.startswith(month) and newest[day][0] > last
        }
        mixed = tuple(day for day, other in later.items() if days[day][1] > files[other][day][0])
        found[file] = ToldLater(later, mixed)
    return {file: told for file, told in found.items() if told.days}


def without(export: ExportFile, told: ToldLater) -> ExportFile:
    """The export without the days that another file tells of later."""
    notes = export.notes
    if told.mixed:
        others = ", ".join(sorted({told.days[day] for day in told.mixed}))
        notes = (
            *notes,
            f"its rows of {told.mixed[0]} and those of {others} were synced in turns; they are not "
            "read: if the files are parts of one export, put them together",
        )
    return replace(export, superseded=told.days, notes=notes)
