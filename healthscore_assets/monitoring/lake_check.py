"""Whether everything in the lake is still what was published, keeps its contract and adds up."""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import ibis
import pandera.ibis as pa

from healthscore_assets.contracts import CONTRACTS, FEED_TABLES, FILES, FROM_USAGE
from healthscore_assets.contracts.enforce import violations
from healthscore_assets.contracts.quarantine import ROW_REASONS
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lake.content import content_hash
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lookups.product_areas import ProductAreas
from healthscore_assets.monitoring.lake_sums import parquet, sums_between
from healthscore_assets.pendo.archived import archived, hashes
from healthscore_assets.pendo.cleaning.identities import Identities
from healthscore_assets.pendo.cleaning.month import clean_month
from healthscore_assets.pendo.cleaning.reconciliation import reconcile
from healthscore_assets.pendo.raw_table import TakenIn, taken_in
from healthscore_assets.reading.refused import ExportRefused

_PASSES = 3
"""How often a month is looked at that is made again meanwhile; the next night looks again."""

_CHANGED = "is not the file that was published: its bytes have changed since"

_OF_THE_MACHINE = (duckdb.OutOfMemoryException, duckdb.InternalException)
"""What DuckDB raises without the file being to blame."""


@dataclass(frozen=True)
class Known:
    """The lookups in force that exports are cleaned with, and what engagement counts."""

    product_areas: ProductAreas
    internal_domains: frozenset[str]
    identities: Identities
    measure: str


@dataclass(frozen=True)
class Made:
    """What was recorded when the tables of a month were made.

    ``hashes`` of the files as they were published, by table or file; ``refused_alike`` says
    that usage was cleaned from the exports that are there, with the lookups in force which refuse
    rows; ``counted_alike`` that the settings are those in force.
    """

    hashes: Mapping[str, str] = field(default_factory=dict)
    refused_alike: bool = False
    counted_alike: bool = False


@dataclass
class Report:
    """What was read and what is wrong: a readable line per problem.

    ``notes`` say what could not be checked, and why.
    """

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    months: int = 0
    tables: set[str] = field(default_factory=set)
    files: int = 0
    bytes: int = 0

    def read(self, path: Path) -> None:
        """Count a file."""
        self.files += 1
        self.bytes += path.stat().st_size

    def add(self, other: "Report") -> None:
        """Take in what was found elsewhere."""
        self.problems += other.problems
        self.notes += other.notes
        self.months += other.months
        self.tables |= other.tables
        self.files += other.files
        self.bytes += other.bytes


def check_lake(
    engine: Engine,
    lake: Lake,
    known: Known,
    history: Callable[[], Mapping[str, Made]],
    in_the_making: Callable[[], Collection[str]],
) -> Report:
    """Look at every month once, and again at those that were made anew meanwhile.

    Parameters: ``history`` by month and ``in_the_making``, the months of runs under way, are asked
    again for every pass.
    """
    report, archive = Report(), Archive(lake)
    waiting = sorted({month for table in CONTRACTS for month in lake.months(table)})
    for _ in range(_PASSES):
        made, postponed = history(), []
        for month in waiting:
            before = _versions(lake, month)
            if not before:
                continue  # withdrawn meanwhile
            found = _checked(engine, lake, month, made.get(month, Made()), known, archive)
            # What is asked last tells of everything before it.
            if found.problems and (
                month in in_the_making()
                or made.get(month) != history().get(month)
                or before != _versions(lake, month)
            ):
                postponed.append(month)
            else:
                report.add(found)
        waiting = postponed
    report.notes += [f"{month}: is being made again; not checked" for month in waiting]
    for table in CONTRACTS:
        report.problems += [
            f"{key}: does not belong in the folder of {table}, which others read whole; "
            "move it elsewhere"
            for key in lake.strays(table)
        ]
    archive.check_rest()
    report.add(archive.report)
    return report


def _checked(
    engine: Engine, lake: Lake, month: str, made: Made, known: Known, archive: "Archive"
) -> Report:
    """The same, where a file is replaced or taken away while it is read."""
    try:
        return check_month(engine, lake, month, made, known, archive)
    except _OF_THE_MACHINE:
        raise
    except (duckdb.Error, FileNotFoundError) as error:
        return Report([f"{month}: cannot be read ({str(error).splitlines()[0]})"], months=1)


def check_month(
    engine: Engine, lake: Lake, month: str, made: Made, known: Known, archive: "Archive"
) -> Report:
    """Each table of a month by itself, then against each other, then against the archive."""
    report = Report(months=1)
    again = f"make it again: healthscore run --from {month} --to {month}"
    sound: dict[str, Path] = {}
    for name, contract in CONTRACTS.items():
        files = lake.present(name, month)
        for path in files.values():
            report.tables.add(name)
            report.read(path)
            wrong, usable = _check_table(engine, contract, path, made.hashes.get(name))
            report.problems += [f"{month} {name}: {line}; {again}" for line in wrong]
            if usable:
                sound[name] = path
    for name in _expected(lake, month):
        if not lake.has(name, month):
            report.problems.append(
                f"{month} {name}: is missing, while other tables of the month are there; {again}"
            )
    if "client_scores" in sound and not lake.has_csv("client_scores", month):
        place = lake.csv_place("client_scores", month)
        report.problems.append(f"{month} client_scores: {place} is missing; {again}")
    report.problems += [
        f"{month} {line}; {again}" for line in _files(lake, month, made.hashes, report)
    ]
    measure = known.measure if made.counted_alike else None
    report.problems += [
        f"{month}: {line}; {again}" for line in sums_between(engine, sound, measure)
    ]
    for feed, (raw, *_) in FEED_TABLES.items():
        if raw.name in sound:
            told = f"SELECT source_file, source_sha256 FROM {parquet(sound[str(raw.name)])}"
            for row in engine.rows(told):
                report.problems += archive.check(row["source_sha256"], row["source_file"], month)
            report.problems += [
                f"{month} {feed}: {line}; {again}" for line in _feed_sums(engine, sound, feed)
            ]
    if "raw_pendo_export" in sound:
        try:
            rows = engine.rows(f"FROM {parquet(sound['raw_pendo_export'])}")
            exports = [taken_in(row) for row in rows]
        except (ValueError, KeyError, TypeError):
            report.problems.append(f"{month} raw_pendo_export: has a broken column_map; {again}")
            return report
        lost = [
            line
            for each in exports
            for sha256 in hashes(each)
            for line in archive.check(sha256, each.export.source_file, month)
        ]
        report.problems += lost
        if not made.refused_alike:
            report.notes.append(
                f"{month}: not compared with its exports, since it was made of an earlier delivery "
                "or before a lookup changed that refuses rows"
            )
        elif not lost:
            wrong = _against_exports(engine, lake, month, exports, sound, known)
            report.problems += [f"{month}: {line}; {again}" for line in wrong]
    return report


def _expected(lake: Lake, month: str) -> list[str]:
    """The tables that a month has where it has any made from usage, or any of a feed."""
    feeds = [[str(contract.name) for contract in tables] for tables in FEED_TABLES.values()]
    groups = [list(FROM_USAGE), *feeds]
    return [
        name
        for tables in groups
        if any(lake.has(table, month) for table in tables)
        for name in tables
    ]


def _files(lake: Lake, month: str, published: Mapping[str, str], report: Report) -> list[str]:
    """What is wrong with the files for other systems; the settings may not want them all."""
    wrong = []
    for name in FILES:
        if name in published:
            try:
                path = lake.csv_file(name, month)
            except FileNotFoundError:
                wrong.append(f"{name}: {lake.csv_place(name, month)} is missing")
                continue
            report.read(path)
            if content_hash(path) != published[name]:
                wrong.append(f"{name}: {_CHANGED}")
    return wrong


def _feed_sums(engine: Engine, sound: Mapping[str, Path], feed: str) -> list[str]:
    """A feed has no more rows, and no other lines refused, than its files told."""
    raw, rows, quarantine = (str(contract.name) for contract in FEED_TABLES[feed])
    if not {raw, rows, quarantine} <= sound.keys():
        return []
    (told,) = engine.rows(
        "SELECT sum(rows_of_month)::BIGINT AS rows, sum(rows_refused)::BIGINT AS lines"
        f" FROM {parquet(sound[raw])}"
    )
    (kept,) = engine.rows(f"SELECT count(*) AS rows FROM {parquet(sound[rows])}")
    (refused,) = engine.rows(
        f"SELECT count(*) AS lines FROM {parquet(sound[quarantine])}"
        " WHERE reason <> 'excluded_account'"
    )
    wrong = []
    # An answer with two scores is two rows.
    if kept["rows"] > told["rows"] * (2 if feed == "surveys" else 1):
        wrong.append(f"{kept['rows']:,} rows, its files told {told['rows']:,}")
    if refused["lines"] != told["lines"]:
        wrong.append(f"{refused['lines']:,} lines refused, expected {told['lines']:,}")
    return wrong


def _check_table(
    engine: Engine, contract: pa.DataFrameSchema, path: Path, published: str | None
) -> tuple[list[str], bool]:
    """What is wrong with a file, and whether it can be read and keeps its contract all the same.

    Most damage reads well and gives other values, hence the hash; where none was recorded all
    values are read at least.
    """
    wrong = []
    if published is not None and content_hash(path) != published:
        wrong.append(_CHANGED)
    try:
        found = _columns(engine, path)
        expected = {name: str(dtype) for name, dtype in schema_of(contract).items()}
        if found != expected:
            told = ", ".join(f"{name} {dtype}" for name, dtype in found.items())
            return [*wrong, f"its columns are {told}, not those of the contract"], False
        if wrong or published is None:
            _read_all(engine, path, list(found))
        broken = [violation.line() for violation in violations(engine, contract, path)]
    except _OF_THE_MACHINE:
        raise
    except duckdb.Error as error:
        return [*wrong, f"cannot be read ({str(error).splitlines()[0]})"], False
    return [*wrong, *broken], not broken


def _columns(engine: Engine, path: Path) -> dict[str, str]:
    none = engine.con.execute(f"FROM {parquet(path)} LIMIT 0").to_arrow_table()
    types = ibis.Schema.from_pyarrow(none.schema)
    return {name: str(dtype) for name, dtype in types.items()}


def _read_all(engine: Engine, path: Path, columns: Iterable[str]) -> None:
    names = ", ".join(f'"{column}"' for column in columns)
    engine.rows(f"SELECT bit_xor(hash({names})) AS read FROM {parquet(path)}")


def _against_exports(
    engine: Engine,
    lake: Lake,
    month: str,
    files: list[TakenIn],
    tables: Mapping[str, Path],
    known: Known,
) -> list[str]:
    """Clean the archived exports again, and see whether rows and engagement add up."""
    if not {"cleaned_usage", "visitor_month", "quarantine"} <= tables.keys():
        return []
    try:
        cleaned = clean_month(
            engine,
            [archived(lake, file) for file in files],
            month,
            known.product_areas,
            known.internal_domains,
            known.identities,
        )
    except ExportRefused as refused:
        return [f"its exports are refused now: {refused}"]
    sums = reconcile(engine, cleaned, tables["cleaned_usage"], [file.rows for file in files])
    wrong = [] if sums.agree else [f"cleaned_usage and its exports: {sums.says}"]
    (listed,) = engine.rows(
        "SELECT coalesce(sum(listed_rows), 0)::BIGINT AS rows"
        f" FROM {parquet(tables['visitor_month'])}"
    )
    reasons = ", ".join(f"'{reason}'" for reason in ROW_REASONS)
    (refused_rows,) = engine.rows(
        "SELECT count(DISTINCT (source_file, source_row)) AS rows"
        f" FROM {parquet(tables['quarantine'])} WHERE reason IN ({reasons})"
    )
    for table, told, name in (
        ("visitor_month", listed["rows"], "rows_listed"),
        ("quarantine", refused_rows["rows"], "rows_refused"),
    ):
        if told != sums.numbers[name]:
            wrong.append(f"{table}: {told:,} rows of the exports, expected {sums.numbers[name]:,}")
    return wrong


class Archive:
    """The raw bytes; each file is read once, however many months tell of it.

    ``report`` counts the files, and holds what is wrong with those that no month tells of.
    """

    def __init__(self, lake: Lake) -> None:
        self.report = Report()
        self._lake = lake
        self._wrong: dict[str, str | None] = {}

    def check(self, sha256: str, name: str, month: str) -> list[str]:
        """What is wrong with the bytes of a file that was taken in for a month."""
        wrong = self._wrong_with(sha256)
        if wrong is None:
            return []
        return [
            f"{month} archive/{sha256} ({name}): {wrong}; restore it from a backup, or delete "
            f"what is left of it, and with {name} in the inbox healthscore run --from {month} "
            f"--to {month}"
        ]

    def check_rest(self) -> None:
        """Read what was taken in once, and replaced since."""
        for sha256 in self._lake.archived_hashes():
            if sha256 not in self._wrong:
                wrong = self._wrong_with(sha256)
                if wrong is not None:
                    line = f"archive/{sha256}: {wrong}; restore it from a backup"
                    self.report.problems.append(line)

    def _wrong_with(self, sha256: str) -> str | None:
        if sha256 not in self._wrong:
            try:
                path = self._lake.archived(sha256)
            except FileNotFoundError:
                self._wrong[sha256] = "the bytes are missing"
            else:
                self.report.read(path)
                same = content_hash(path) == sha256
                self._wrong[sha256] = None if same else "the bytes are not those taken in any more"
        return self._wrong[sha256]


def _versions(lake: Lake, month: str) -> dict[str, tuple[str, int, int, int]]:
    """What tells whether a table was replaced: of a bucket, each version has a copy of its own."""
    found = {}
    for table in CONTRACTS:
        for path in lake.present(table, month).values():
            with suppress(FileNotFoundError):  # withdrawn just now
                status = path.stat()
                found[table] = (str(path), status.st_ino, status.st_size, status.st_mtime_ns)
    return found
