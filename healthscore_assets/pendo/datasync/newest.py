"""Which of an application's Data Sync exports counts, by day and feature: the one made last.

A day is delivered when it is over and again some nine days later, when it is final; a feature whose
rules were changed is delivered again for all days. Each delivery replaces what was there of its day
and feature, also by nothing.
"""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from healthscore_assets.lake.content import hash_of_version, version_of
from healthscore_assets.lake.months import days_in
from healthscore_assets.pendo.datasync.bill import Bill, Entry, read_bill
from healthscore_assets.pendo.datasync.definitions import read_definitions
from healthscore_assets.pendo.datasync.export import FEATURES
from healthscore_assets.pendo.definitions import Definitions, areas_by_name, digest
from healthscore_assets.pendo.export_file import ExportFile, file_of
from healthscore_assets.reading.formats import avro_file
from healthscore_assets.reading.formats.batch import Layout, Part
from healthscore_assets.reading.formats.datasync import part_name, rows_by_period
from healthscore_assets.reading.inbox_files import Seen
from healthscore_assets.reading.refused import ExportRefused, Problem


@dataclass(frozen=True)
class Delivered:
    """An export of an application: its bill, and what the bill is called below the inbox."""

    path: Path
    source_file: str
    bill: Bill

    @property
    def application(self) -> Path:
        """The folder of the exports of its application."""
        return self.path.parent.parent


def delivered(path: Path, export: ExportFile) -> Delivered:
    """The export that a table is of. Raises ExportRefused for a bill that cannot be read."""
    source_file = file_of(export.source_file)
    return Delivered(path, source_file, read_bill(path, source_file, version_of(path)))


def of_month(
    tables: Sequence[tuple[Path, ExportFile]], month: str
) -> list[ExportFile | Problem | None]:
    """Each table with the parts that count in a month; None for one without any.

    Parameters: all tables of Data Sync in the inbox, in its order.
    A table is partial where some day of the month was not delivered yet. A problem stands for one
    of which a file is missing, or not as its bill says.
    """
    found = [delivered(path, export) for path, export in tables]
    applications: dict[Path, list[Delivered]] = {}
    for each in {each.path: each for each in found}.values():
        applications.setdefault(each.application, []).append(each)
    told = {where: _Month(exports, month) for where, exports in applications.items()}
    return [
        told[each.application].table(each, export)
        for each, (_, export) in zip(found, tables, strict=True)
    ]


class _Month:
    """A month of one application."""

    def __init__(self, exports: Iterable[Delivered], month: str) -> None:
        self._exports = sorted(exports, key=lambda each: (each.bill.made, each.source_file))
        last: dict[tuple[str, str], tuple[Delivered, Entry]] = {}
        for export in self._exports:
            for entry in export.bill.months.get(month, ()):
                last[entry.period, entry.feature] = export, entry
        self._entries: dict[Path, list[Entry]] = {}
        for _, (export, entry) in sorted(last.items(), key=lambda each: each[0]):
            self._entries.setdefault(export.path, []).append(entry)
        days = {period for period, feature in last if not feature}
        days = days or {period for period, _ in last}
        self._partial = len(days) < days_in(month)

    def table(self, export: Delivered, table: ExportFile) -> ExportFile | Problem | None:
        """The parts of a table that count, of the features it names or of all visitors."""
        of_features = table.layout.sheet == FEATURES
        parts: list[Part] = []
        try:
            for entry in self._entries.get(export.path, ()):
                if bool(entry.feature) == of_features:
                    parts += _parts(export, entry)
            if not parts:
                return None
            table = replace(
                table, layout=replace(table.layout, parts=tuple(parts)), partial=self._partial
            )
            return self._with_names(table) if of_features else table
        except ExportRefused as refused:
            return refused.problem

    def _with_names(self, table: ExportFile) -> ExportFile:
        """The names and areas that the newest export has for the features of a table."""
        defined, files = self._definitions()
        used = sorted({part.feature for part in table.layout.parts} & defined.keys())
        return replace(
            table,
            feature_names={key: defined[key].name for key in used},
            feature_areas=areas_by_name(defined[key] for key in used),
            beside=dict.fromkeys(files, digest(defined, used)) if used else {},
        )

    def _definitions(self) -> tuple[Definitions, list[str]]:
        for export in reversed(self._exports):
            files = {
                part_name(export.source_file, Part(file, "")): export.path.parent / file
                for file in export.bill.definitions
            }
            defined = _defined(
                tuple((path, name, version_of(path)) for name, path in files.items())
            )
            if defined:
                return defined, [*files]
        return {}, []


@functools.lru_cache(maxsize=64)
def _defined(files: tuple[tuple[Path, str, Seen | None], ...]) -> Definitions:
    return read_definitions([(path, name) for path, name, _ in files])


def _parts(export: Delivered, entry: Entry) -> list[Part]:
    """The files of an entry, counted. Raises ExportRefused for one that is missing or not whole."""
    parts = []
    for name in entry.files:
        path = export.path.parent / name
        source_file = part_name(export.source_file, Part(name, entry.period))
        seen = version_of(path)
        if seen is None:
            raise ExportRefused(
                Problem(
                    source_file,
                    f"is not there, and {file_of(export.source_file)} lists it for {entry.period}",
                    "copy the export again, or wait until it is copied",
                )
            )
        records = _records(path, source_file, seen)
        rows = records
        if name in export.bill.shared:
            rows = _by_day(path, source_file, seen).get(entry.period, 0)
        parts.append(
            Part(
                name, entry.period, entry.feature, rows, records, sha256=hash_of_version(path, seen)
            )
        )
    whole = sum(part.rows for part in parts)
    if entry.files and entry.events is not None and entry.events != whole:
        raise ExportRefused(
            Problem(
                part_name(export.source_file, parts[0]),
                f"has {whole:,} events of {entry.period}, and "
                f"{file_of(export.source_file)} says {entry.events:,}",
                "copy the export again, or wait until it is copied",
            )
        )
    return parts


def read_ahead(path: Path, source_file: str, enough: Callable[[], bool]) -> bool:
    """Count and hash the files of an export, until it is enough; says whether all are."""
    export = Delivered(path, source_file, read_bill(path, source_file, version_of(path)))
    for entries in export.bill.months.values():
        for entry in entries:
            if enough():
                return False
            with suppress(ExportRefused):
                _parts(export, entry)
    return True


@functools.lru_cache(maxsize=500_000)
def _records(path: Path, source_file: str, _file: Seen | None) -> int:
    return avro_file.count(path, source_file, Layout("avro", (), 0))


@functools.lru_cache(maxsize=10_000)
def _by_day(path: Path, source_file: str, _file: Seen | None) -> Mapping[str, int]:
    return rows_by_period(path, source_file)
