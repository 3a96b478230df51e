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
from healthscore_assets.pendo.datasync.definitions import names_of
from healthscore_assets.pendo.datasync.export import FEATURES
from healthscore_assets.pendo.definitions import areas_by_name, digest
from healthscore_assets.pendo.export_file import ExportFile, file_of
from healthscore_assets.reading.formats import avro_file
from healthscore_assets.reading.formats.batch import Layout, Part
from healthscore_assets.reading.formats.datasync import part_name, rows_by_period
from healthscore_assets.reading.inbox_files import Seen
from healthscore_assets.reading.refused import ExportRefused, Problem


@dataclass(frozen=True)
class Delivered:
    """An export: its bill, and what the bill is called below the inbox."""

    path: Path
    source_file: str
    bill: Bill


def delivered(path: Path, export: ExportFile) -> Delivered:
    """The export that a table is of. Raises ExportRefused for a bill that cannot be read."""
    source_file = file_of(export.source_file)
    try:
        return Delivered(path, source_file, read_bill(path, source_file))
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise ExportRefused(Problem(source_file, what, "check the file")) from None


def months_told(tables: Sequence[tuple[Path, ExportFile]]) -> list[tuple[str, ...]]:
    """The months in which each table counts, if only for files of one day.

    Parameters: all tables of Data Sync in the inbox.
    """
    counts = _counting(tables)
    return [
        tuple(
            month
            for month in export.months
            if any(
                entry.files and bool(entry.feature) == (export.layout.sheet == FEATURES)
                for entry in counts.entries.get((month, path), ())
            )
        )
        for path, export in tables
    ]


def of_month(
    tables: Sequence[tuple[Path, ExportFile]], month: str
) -> list[ExportFile | Problem | None]:
    """Each table with the parts that count in a month; None for one without any.

    Parameters: all tables of Data Sync in the inbox, in its order.
    A table is partial where some day of the month was not delivered yet. A problem stands for one
    of which a file is missing, or not as its bill says.
    """
    counts = _counting(tables)
    return [_table(counts, path, export, month) for path, export in tables]


@dataclass(frozen=True)
class _Counting:
    """What counts of all exports: the entries by month and bill, and the days by application."""

    exports: Mapping[Path, Delivered]
    applications: Mapping[tuple[str, str], Sequence[Delivered]]
    entries: Mapping[tuple[str, Path], Sequence[Entry]]
    days: Mapping[tuple[str, tuple[str, str]], int]


def _counting(tables: Sequence[tuple[Path, ExportFile]]) -> _Counting:
    return _counted(tuple({path: delivered(path, export) for path, export in tables}.values()))


@functools.lru_cache(maxsize=4)
def _counted(there: tuple[Delivered, ...]) -> _Counting:
    exports = {each.path: each for each in there}
    applications: dict[tuple[str, str], list[Delivered]] = {}
    for each in exports.values():
        applications.setdefault(each.bill.application, []).append(each)
    last: dict[tuple[tuple[str, str], str, str], tuple[Path, Entry]] = {}
    for application, of_application in applications.items():
        of_application.sort(key=lambda e: (e.bill.made, e.bill.counter, e.source_file))
        for each in of_application:
            for of_month in each.bill.months.values():
                for entry in of_month:
                    last[application, entry.period, entry.feature] = each.path, entry
    entries: dict[tuple[str, Path], list[Entry]] = {}
    days: dict[tuple[str, tuple[str, str]], set[str]] = {}
    of_features: dict[tuple[str, tuple[str, str]], set[str]] = {}
    for (application, period, feature), (path, entry) in sorted(last.items(), key=lambda e: e[0]):
        entries.setdefault((period[:7], path), []).append(entry)
        told = of_features if feature else days
        told.setdefault((period[:7], application), set()).add(period)
    return _Counting(
        exports,
        applications,
        entries,
        {key: len(found) for key, found in (of_features | days).items()},
    )


def _table(
    counts: _Counting, path: Path, table: ExportFile, month: str
) -> ExportFile | Problem | None:
    """The parts of a table that count, of the features it names or of all visitors."""
    export = counts.exports[path]
    of_features = table.layout.sheet == FEATURES
    parts: list[Part] = []
    try:
        for entry in counts.entries.get((month, path), ()):
            if bool(entry.feature) == of_features:
                parts += _parts(export, entry)
        if not parts:
            return None
        table = replace(
            table,
            layout=replace(table.layout, parts=tuple(parts)),
            partial=counts.days[month, export.bill.application] < days_in(month),
        )
    except ExportRefused as refused:
        return refused.problem
    return _with_names(counts, export, table) if of_features else table


def _with_names(counts: _Counting, export: Delivered, table: ExportFile) -> ExportFile:
    """The names and areas that the newest export which knows a feature has for it."""
    used = {part.feature for part in table.layout.parts}
    application = export.bill.application
    defined, notes = names_of(used, _definitions(counts.applications[application]))
    return replace(
        table,
        feature_names={key: defined[key].name for key in sorted(defined)},
        feature_areas=areas_by_name(defined[key] for key in sorted(defined)),
        # Not by the file that tells them: each export brings another of the same.
        beside={f"features of {'/'.join(application)}": digest(defined, defined)},
        notes=(*table.notes, *notes),
    )


def _definitions(exports: Sequence[Delivered]) -> Iterable[tuple[Path, str]]:
    """The files that define features, those of the newest export first."""
    for export in reversed(exports):
        for file in export.bill.definitions:
            yield export.path.parent / file, part_name(export.source_file, Part(file, ""))


def _parts(export: Delivered, entry: Entry) -> list[Part]:
    """The files of an entry, counted. Raises ExportRefused for one that is missing or not whole."""
    parts = []
    for name in entry.files:
        path = export.path.parent / name
        source_file = part_name(export.source_file, Part(name, entry.period))
        try:
            seen = version_of(path)
            if seen is None:
                raise ExportRefused(_missing(export, entry, source_file))
            records = _records(path, source_file, seen)
            rows = records
            if name in export.bill.shared:
                rows = _by_day(path, source_file, seen).get(entry.period, 0)
            sha256 = hash_of_version(path, seen)
        except OSError as error:
            what = f"cannot be read ({error.strerror})"
            raise ExportRefused(Problem(source_file, what, "check the file")) from None
        parts.append(Part(name, entry.period, entry.feature, rows, records, sha256))
    whole = sum(part.rows for part in parts)
    if entry.events is not None and entry.events != whole:
        name = parts[0].path if parts else f"Feature/{entry.feature}"
        raise ExportRefused(
            Problem(
                part_name(export.source_file, Part(name, entry.period)),
                f"has {whole:,} events of {entry.period}, and {export.source_file} says "
                f"{entry.events:,}",
                "copy the export again, or wait until it is copied",
            )
        )
    return parts


def _missing(export: Delivered, entry: Entry, source_file: str) -> Problem:
    what = f"is not there, and {export.source_file} lists it for {entry.period}"
    return Problem(source_file, what, "copy the export again, or wait until it is copied")


def read_ahead(tables: Sequence[tuple[Path, ExportFile]], enough: Callable[[], bool]) -> int:
    """Count and hash the files that count, until it is enough; says how many exports are left."""
    counts = _counting(tables)
    left = {path for _, path in counts.entries}
    for (_, path), entries in counts.entries.items():
        for entry in entries:
            if enough():
                return len(left)
            with suppress(ExportRefused):
                _parts(counts.exports[path], entry)
        left.discard(path)
    return 0


@functools.lru_cache(maxsize=2_000_000)
def _records(path: Path, source_file: str, _file: Seen | None) -> int:
    return avro_file.count(path, source_file, Layout("avro", (), 0))


@functools.lru_cache(maxsize=100_000)
def _by_day(path: Path, source_file: str, _file: Seen | None) -> Mapping[str, int]:
    return rows_by_period(path, source_file)
