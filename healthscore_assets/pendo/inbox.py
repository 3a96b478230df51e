"""The inbox: which files lie there, and which months they tell of."""

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from healthscore_assets.lake.content import content_hash, hash_of, version_of
from healthscore_assets.lookups.features import tidy
from healthscore_assets.pendo.datasync import newest
from healthscore_assets.pendo.datasync.bill import MANIFEST, is_bill, read_bill, tells_of_usage
from healthscore_assets.pendo.datasync.export import exports_of
from healthscore_assets.pendo.definitions import (
    Definition,
    areas_by_name,
    digest,
    ids_used,
    read_definitions,
)
from healthscore_assets.pendo.export_file import (
    ExportFile,
    History,
    Reading,
    file_of,
    understand_file,
)
from healthscore_assets.pendo.fivetran import days, definitions
from healthscore_assets.pendo.fivetran.tables import DEFINING, GROUP, PEOPLE
from healthscore_assets.pendo.fivetran.versions import Version, read_versions, refuse_unreadable
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


@dataclass(frozen=True)
class Delivery:
    """A table of the inbox: what it is, or why it cannot be used.

    ``months`` are those it tells of, even when it is refused for another reason; a file of
    ``definitions`` of feature ids tells of none, nor does one of people. ``ids`` are those that an
    export uses, ``versions`` the rows of a definition table, ``synced`` when the rows of each day
    were synced first and last.
    """

    path: Path
    source_file: str
    months: tuple[str, ...]
    export: ExportFile | None
    problem: Problem | None
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    ids: frozenset[str] = frozenset()
    versions: tuple[Version, ...] = ()
    synced: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Hash of the file's bytes."""
        try:
            return hash_of(self.path)
        except OSError as error:
            if self.problem is None:
                raise
            return f"not read: {error.strerror}"  # another file once it can be read

    @property
    def is_names(self) -> bool:
        """Whether it names features instead of telling of their use."""
        return self.export is not None and self.export.shape in (FEATURE_NAMES, *DEFINING)

    @property
    def is_of_people(self) -> bool:
        """Whether it tells who clients or visitors are."""
        return self.export is not None and self.export.shape in PEOPLE


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
    return understood([(path, inbox) for path in _files(inbox)], reading)


def understood(files: list[tuple[Path, Path]], reading: Reading) -> list[Delivery]:
    """The tables of files, each given with the folder that its name is told from.

    Names of features and people are put to the exports of their folder. The same bytes in two
    months are refused in the second: one of the two names must be wrong.
    """
    read = (each for path, inbox in files for each in _deliveries_of(path, inbox, reading))
    found = _defined(list(read))
    names: dict[Path, list[Delivery]] = {}
    people: dict[Path, list[Delivery]] = {}
    for delivery in found:
        if delivery.is_names:
            names.setdefault(delivery.path.parent, []).append(delivery)
        if delivery.is_of_people:
            people.setdefault(delivery.path.parent, []).append(delivery)
    found = [_with_names(each, names.get(each.path.parent, [])) for each in found]
    found = [_with_people(each, people.get(each.path.parent, [])) for each in found]
    return _without_copies(_without_circles(found))


def read_ahead(inbox: Path, reading: Reading, enough: Callable[[], bool]) -> int:
    """Understand files until it is enough; says how many are left.

    What was understood is kept in memory until the file changes, so `deliveries` is quick then.
    """
    files = _files(inbox)
    for done, path in enumerate(files):
        if enough():
            return len(files) - done
        for delivery in _deliveries_of(path, inbox, reading):
            if path.is_file():
                delivery.sha256  # noqa: B018
        if is_bill(path) and not _read_ahead(path, inbox, enough):
            return len(files) - done
    return 0


def _read_ahead(path: Path, inbox: Path, enough: Callable[[], bool]) -> bool:
    with suppress(ExportRefused, OSError):
        return newest.read_ahead(path, path.relative_to(inbox).as_posix(), enough)
    return True  # what is wrong with it is told when it is understood


def of_month(found: list[Delivery], month: str) -> list[Delivery]:
    """The tables that tell of a month, without those that another one is the successor of.

    Of Data Sync each has the parts that count in the month; of Fivetran a day counts in the file
    that was synced last.
    """
    telling = [delivery for delivery in found if month in delivery.months]
    replaced = {
        delivery.path.with_name(delivery.export.replaces)
        for delivery in telling
        if delivery.export is not None and delivery.export.replaces is not None
    }
    kept = [delivery for delivery in telling if delivery.path not in replaced]
    kept = _without_days_told_later(kept, month)
    synced = [each for each in found if each.export is not None and each.export.made]
    if not synced:
        return kept
    counting = newest.of_month([(e.path, e.export) for e in synced if e.export], month)
    counted = {id(each): told for each, told in zip(synced, counting, strict=True)}
    return [
        counts
        for each in kept
        if (counts := _counting(each, counted.get(id(each), each.export))) is not None
    ]


def _counting(delivery: Delivery, told: ExportFile | Problem | None) -> Delivery | None:
    """A delivery as it counts in a month; None where nothing of it does."""
    if told is delivery.export:
        return delivery
    if isinstance(told, Problem):
        return replace(delivery, export=None, problem=told)
    return None if told is None else replace(delivery, export=told)


def broken_histories(found: list[Delivery], read_before: Iterable[str]) -> list[Problem]:
    """What is wrong with tables of people that a month was made with before, by their names.

    Without them visitors would change their audience, and clients lose their names.
    """
    names = {*read_before}
    return [each.problem for each in found if each.problem and each.source_file in names]


def _files(inbox: Path) -> list[Path]:
    """The files that are deliveries; those of a Data Sync export are told of by its bill."""
    paths = [path for path in listed(inbox) if not is_sidecar(path)]
    folders = {path.parent for path in paths if is_bill(path)} - {inbox}
    return [path for path in paths if is_bill(path) or not _in_an_export(path, folders, inbox)]


def _in_an_export(path: Path, folders: set[Path], inbox: Path) -> bool:
    above = path.relative_to(inbox).parents
    return path.name == MANIFEST or any(inbox / folder in folders for folder in above)


def _deliveries_of(path: Path, inbox: Path, reading: Reading) -> list[Delivery]:
    """The tables of a file; none of a bill that is not of usage."""
    source_file = path.relative_to(inbox).as_posix()
    unusable = problem_of_name(source_file)
    if unusable is not None:
        return [_refused(path, unusable.source_file, unusable)]
    try:
        if is_bill(path):
            return _of_bill(path, source_file)
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
        if not tells_of_usage(path, source_file):
            return []
        bill = read_bill(path, source_file, version_of(path))
    except ExportRefused as refused:
        return [_refused(path, source_file, refused.problem)]
    return [
        Delivery(path, export.source_file, export.months, export, None)
        for export in exports_of(bill, source_file)
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


def _defined(found: list[Delivery]) -> list[Delivery]:
    """The same with what Fivetran's tables define, joined over the files of a folder."""
    told: dict[str, dict[str, Definition]] = {}
    tables = [each for each in found if each.versions and each.export is not None]
    for folder in dict.fromkeys(each.path.parent for each in tables):
        here = {e.source_file: e for e in tables if e.path.parent == folder}
        groups = {name for name, e in here.items() if e.export and e.export.shape == GROUP}
        told |= definitions.joined(
            {name: each.versions for name, each in here.items() if name not in groups},
            {name: each.versions for name, each in here.items() if name in groups},
        )
    return [
        replace(each, definitions=told[each.source_file]) if each.source_file in told else each
        for each in found
    ]


def _with_people(delivery: Delivery, people: list[Delivery]) -> Delivery:
    """An export with the tables of its folder that tell who clients and visitors are."""
    if delivery.export is None or not delivery.months or not people:
        return delivery
    histories = tuple(
        History(each.export, each.sha256, str(each.path)) for each in people if each.export
    )
    return replace(delivery, export=replace(delivery.export, histories=histories))


def _without_days_told_later(kept: list[Delivery], month: str) -> list[Delivery]:
    """Of the days of a month that several files of a folder tell, the one synced last counts."""
    groups: dict[tuple[Path, bool], dict[str, Mapping[str, tuple[int, int]]]] = {}
    for each in kept:
        if each.synced and each.export is not None:
            of = each.path.parent, each.export.index("page_id") is None
            groups.setdefault(of, {})[each.source_file] = each.synced
    told: dict[str, days.ToldLater] = {}
    for files in groups.values():
        told |= days.superseded(files, month)
    return [
        replace(each, export=days.without(each.export, told[each.source_file]))
        if each.export is not None and told.get(each.source_file)
        else each
        for each in kept
    ]


def _with_names(delivery: Delivery, beside: list[Delivery]) -> Delivery:
    """An export with what files in its folder say of its ids, in rows or headers."""
    export = delivery.export
    if export is None or delivery.is_names or not beside:
        return delivery
    defined: dict[str, Definition] = {}
    for each in beside:
        for key, definition in each.definitions.items():
            if defined.setdefault(key, definition) != definition:
                problem = Problem(
                    each.source_file,
                    f"says {_said(definition)} of {key!r}, another file of the folder "
                    f"{_said(defined[key])}",
                    "keep one of the two",
                )
                return replace(delivery, export=None, problem=problem)
    used = sorted(delivery.ids & defined.keys())
    if not used:
        return delivery
    names = {key: defined[key].name for key in used}
    columns = tuple(
        replace(column, feature=tidy(names.get(column.feature, column.feature)))
        if column.feature is not None
        else column
        for column in export.columns
    )
    read = {
        each.source_file: digest(each.definitions, each.definitions.keys() & used)
        for each in beside
        if not each.definitions.keys().isdisjoint(used)
    }
    return replace(
        delivery,
        export=replace(
            export,
            columns=columns,
            feature_names=names if _has_ids(export) else {},
            feature_areas=areas_by_name(defined[key] for key in used),
            beside=export.beside | read,
        ),
    )


def _said(definition: Definition) -> str:
    area = "" if definition.area is None else f" in {definition.area!r}"
    return f"{definition.name!r}{area}"


def _has_ids(export: ExportFile) -> bool:
    return export.index("feature_id") is not None or export.index("page_id") is not None


def _without_copies(found: list[Delivery]) -> list[Delivery]:
    """Refuse bytes that an earlier file tells of other months."""
    sizes = Counter(each.path.stat().st_size for each in found if _is_usage(each))
    kept: list[Delivery] = []
    first: dict[tuple[str, str | None], Delivery] = {}
    for delivery in found:
        # The bytes are hashed only where another file has as many.
        if _is_usage(delivery) and sizes[delivery.path.stat().st_size] > 1:
            assert delivery.export is not None
            key = (delivery.sha256, delivery.export.layout.sheet)
            other = first.setdefault(key, delivery)
            if other.months != delivery.months:
                delivery = replace(delivery, export=None, problem=_copy(delivery, other))
        kept.append(delivery)
    return kept


def _is_usage(delivery: Delivery) -> bool:
    return delivery.export is not None and bool(delivery.months)


def _without_circles(found: list[Delivery]) -> list[Delivery]:
    """Refuse successors of each other: none of them would be read, and their months withdrawn."""
    older = {
        each.path: each.path.with_name(each.export.replaces)
        for each in found
        if each.export is not None and each.export.replaces is not None
    }
    return [
        replace(each, export=None, problem=_circle(each)) if _in_circle(each.path, older) else each
        for each in found
    ]


def _in_circle(path: Path, older: dict[Path, Path]) -> bool:
    seen = {path}
    at = older.get(path)
    while at is not None and at not in seen:
        seen.add(at)
        at = older.get(at)
    return at == path


def _circle(delivery: Delivery) -> Problem:
    return Problem(
        delivery.source_file,
        "is the successor of a file that is its own successor, by `replaces` of their sidecars",
        "leave `replaces` in the sidecar of the newest file only",
    )


def _copy(delivery: Delivery, other: Delivery) -> Problem:
    return Problem(
        delivery.source_file,
        f"holds the same bytes as {other.source_file}, which tells of {', '.join(other.months)}",
        "delete the one with the wrong month",
    )
