"""The inbox: which files lie there, and which months they tell of."""

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from healthscore_assets.lake.content import content_hash, version_of
from healthscore_assets.pendo.beside import put_together
from healthscore_assets.pendo.contradictions import without_circles, without_copies
from healthscore_assets.pendo.datasync import folders, newest
from healthscore_assets.pendo.datasync.bill import is_bill, read_bill
from healthscore_assets.pendo.datasync.export import exports_of
from healthscore_assets.pendo.definitions import (
    ids_used,
    read_definitions,
)
from healthscore_assets.pendo.delivery import Delivery
from healthscore_assets.pendo.export_file import (
    ExportFile,
    Reading,
    file_of,
    understand_file,
)
from healthscore_assets.pendo.fivetran import days
from healthscore_assets.pendo.fivetran.tables import DEFINING, PEOPLE
from healthscore_assets.pendo.fivetran.versions import read_versions, refuse_unreadable
from healthscore_assets.pendo.headers.shapes import EVENTS, FEATURE_NAMES
from healthscore_assets.pendo.periods import with_months
from healthscore_assets.reading.dates.file_months import months_named
from healthscore_assets.reading.inbox_files import (
    Seen,
    listed,
    problem_of_name,
)
from healthscore_assets.reading.refused import ExportRefused, Problem
from healthscore_assets.reading.sidecar import Sidecar, beside, is_sidecar, read_sidecar

AS_BUILT_IN = Reading()
"""Nothing written down beside what is known anyway."""


def deliveries(inbox: Path, reading: Reading = AS_BUILT_IN) -> list[Delivery]:
    """Every table of the inbox and the folders in it, by name; hidden files are not deliveries.

    Raises ExportRefused when there is no such folder.
    """
    if not inbox.is_dir():
        raise ExportRefused(
            Problem(
                str(inbox),
                "no such folder",
                "create it and put Pendo's usage exports in it, or set --exports",
            )
        )
    return understood([(path, inbox) for path in files_of(inbox, inbox)], reading)


def understood(files: list[tuple[Path, Path]], reading: Reading) -> list[Delivery]:
    """The tables of files, each given with the folder that its name is told from.

    Names of features and people are put to the exports of their folder. The same bytes in two
    months are refused in the second: one of the two names must be wrong.
    """
    read = [each for path, inbox in files for each in _deliveries_of(path, inbox, reading)]
    return without_copies(without_circles(put_together(_with_months_that_count(read))))


def _with_months_that_count(found: list[Delivery]) -> list[Delivery]:
    """The same, of Data Sync with the months in which something of it counts."""
    synced = [each for each in found if each.export is not None and each.export.made]
    tables = [(each.path, each.export) for each in synced if each.export is not None]
    told = dict(zip(map(id, synced), newest.months_told(tables), strict=True))
    return [replace(each, months=told[id(each)]) if id(each) in told else each for each in found]


def read_ahead(inbox: Path, reading: Reading, enough: Callable[[], bool]) -> int:
    """Understand files until it is enough; says how many are left.

    What was understood is kept in memory until the file changes, so `deliveries` is quick then.
    """
    files = files_of(inbox, inbox)
    synced = []
    for done, path in enumerate(files):
        if enough():
            return len(files) - done
        for delivery in _deliveries_of(path, inbox, reading):
            if path.is_file():
                delivery.sha256  # noqa: B018
            if delivery.export is not None and delivery.export.made:
                synced.append((path, delivery.export))
    return newest.read_ahead(synced, enough)


def files_of(folder: Path, inbox: Path) -> list[Path]:
    """The files of a folder that are deliveries; of a Data Sync export that is its bill."""
    paths = [path for path in listed(folder) if not is_sidecar(path)]
    return folders.without_parts(paths, inbox)


def _deliveries_of(path: Path, inbox: Path, reading: Reading) -> list[Delivery]:
    """The tables of a file; none of a bill that is not of usage."""
    source_file = path.relative_to(inbox).as_posix()
    unusable = problem_of_name(source_file)
    if unusable is not None:
        return [_refused(path, unusable.source_file, unusable)]
    try:
        if is_bill(path):
            return _of_bill(path, source_file)
        not_whole = folders.problem_of(path, source_file)
        if not_whole is not None:
            return [_refused(path, source_file, not_whole)]
        versions = version_of(path), version_of(beside(path))
        return _understood(path, source_file, *versions, reading)
    except OSError as error:
        problem = Problem(source_file, f"cannot be read ({error.strerror})", "check the file")
        return [_refused(path, source_file, problem)]


def _of_bill(path: Path, source_file: str) -> list[Delivery]:
    if "/" not in source_file:
        what = "lies in the inbox itself, where nothing tells which files are the export's"
        problem = Problem(source_file, what, "put each Data Sync export into a folder of its own")
        return [_refused(path, source_file, problem)]
    try:
        bill = read_bill(path, source_file)
    except ExportRefused as refused:
        return [_refused(path, source_file, refused.problem)]
    return [
        Delivery(path, export.source_file, export.months, export, None)
        for export in (exports_of(bill, source_file) if bill.of_usage else ())
    ]


def _refused(path: Path, source_file: str, problem: Problem) -> Delivery:
    """A file of which nothing could be read; months are those its name tells."""
    named = months_named(Path(file_of(source_file)).name)
    months = tuple(named) if len(named) == 1 else ()
    return Delivery(path, source_file, months, None, problem)


@functools.lru_cache(maxsize=20_000)
def _understood(
    path: Path,
    source_file: str,
    _file: Seen | None,
    sidecar_seen: Seen | None,
    reading: Reading,
) -> list[Delivery]:
    """The tables of a file; read again only when its size or time changes, or its sidecar's."""
    try:
        sidecar = read_sidecar(path, source_file)
        exports = understand_file(path, source_file, reading.vocabulary)
    except ExportRefused as refused:
        return [_refused(path, source_file, refused.problem)]
    told = beside(path)
    hashes = {} if sidecar_seen is None else {told.name: content_hash(told)}
    return [
        _of_months(path, replace(export, beside=hashes), sidecar, reading) for export in exports
    ]


def _of_months(path: Path, export: ExportFile, sidecar: Sidecar, reading: Reading) -> Delivery:
    try:
        if export.shape == FEATURE_NAMES:
            defined = read_definitions(path, export)
            return Delivery(path, export.source_file, (), export, None, defined)
        if export.shape in DEFINING:
            versions = tuple(read_versions(path, export))
            return Delivery(path, export.source_file, (), export, None, versions=versions)
        if export.shape in PEOPLE:
            refuse_unreadable(path, export)
            return Delivery(path, export.source_file, (), export, None)
        export, months = with_months(path, export, sidecar, reading.date_order)
        ids = frozenset(ids_used(path, export))
        synced = days.synced(path, export) if export.shape == EVENTS else {}
    except ExportRefused as refused:
        return _refused(path, export.source_file, refused.problem)
    return Delivery(path, export.source_file, months, export, None, ids=ids, synced=synced)
