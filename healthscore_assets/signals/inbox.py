"""The files of a feed that were delivered, and the months that they cover."""

import datetime
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.contracts.feed_quarantine import FEED_LEFT_OUT, FEED_REASONS
from healthscore_assets.lake.content import content_hash
from healthscore_assets.lake.months import days_in
from healthscore_assets.lake.process_folder import ProcessFolder
from healthscore_assets.reading.dates.file_months import months_named
from healthscore_assets.reading.inbox_files import Seen, listed
from healthscore_assets.reading.refused import ExportRefused, Problem
from healthscore_assets.reading.sidecar import ENDING, read_sidecar
from healthscore_assets.signals.expected import expected
from healthscore_assets.signals.feed_file import FeedFile, read_feed_file
from healthscore_assets.signals.feeds import FEEDS, Feed

FEED_COLUMNS = tuple(
    f"{feed.name}.{field.name}" for feed in FEEDS.values() for field in feed.fields
)
"""Every column of every feed, as `column_aliases.csv` names it."""


@dataclass(frozen=True)
class FeedReading:
    """What people wrote down: further headers, the order of dates, how much may be unusable."""

    aliases: tuple[tuple[str, str], ...] = ()
    date_order: str | None = None
    largest_quarantined_share: float = 0.05


@dataclass(frozen=True)
class FeedDelivery:
    """A table that was delivered of a feed: what it is, or why it cannot be used.

    ``months`` are those that it covers, or that its name tells where it is refused.
    """

    path: Path
    source_file: str
    months: tuple[str, ...]
    file: FeedFile | None
    problem: Problem | None

    @property
    def of_its_own(self) -> tuple[str, ...]:
        """Its months without the one that its newest snapshot lasts into."""
        if self.file is None:
            return self.months
        newest = f"{self.file.as_of:%Y-%m}"
        return tuple(month for month in self.months if month <= newest)

    @property
    def sha256(self) -> str:
        """Hash of the file's bytes."""
        return _hashed(self.path, _seen(self.path))


def feed_folder(exports: Path, feed: Feed) -> Path:
    """Where the files of a feed are put."""
    return exports / feed.name


def feed_deliveries(exports: Path, feed: Feed, reading: FeedReading) -> list[FeedDelivery]:
    """Every table of a feed's folder and those in it, by name; none where there is no folder.

    Raises ExportRefused for a folder that cannot be read.
    """
    folder = feed_folder(exports, feed)
    if not folder.is_dir():
        return []
    return [
        each
        for path in listed(folder)
        if not _is_sidecar(path)
        for each in _deliveries_of(path, path.relative_to(exports).as_posix(), feed, reading)
    ]


def listed_feeds(exports: Path) -> dict[Path, Seen]:
    """The files of all feeds, with one ``stat`` each; raises ExportRefused as `listed` does."""
    found: dict[Path, Seen] = {}
    for feed in FEEDS.values():
        folder = feed_folder(exports, feed)
        if folder.is_dir():
            found |= listed(folder)
    return found


def read_feeds_ahead(exports: Path, reading: FeedReading, enough: Callable[[], bool]) -> int:
    """Read files until it is enough; says how many are left. What was read is kept."""
    files = [path for path in listed_feeds(exports) if not _is_sidecar(path)]
    for done, path in enumerate(files):
        if enough():
            return len(files) - done
        source_file = path.relative_to(exports).as_posix()
        _deliveries_of(path, source_file, FEEDS[source_file.partition("/")[0]], reading)
    return 0


def covering(found: Sequence[FeedDelivery], month: str) -> list[FeedDelivery]:
    """Those that cover a month; the same bytes under two names count once."""
    seen: dict[tuple[str, str | None], FeedDelivery] = {}
    for each in found:
        if month in each.months:
            sheet = None if each.file is None else each.file.layout.sheet
            seen.setdefault((each.sha256, sheet), each)
    return list(seen.values())


def month_stamp(found: Sequence[FeedDelivery], month: str) -> tuple[str, ...]:
    """What the files tell of a month, in the order in which their versions of a row count.

    Equal as long as the month's table would be: a later export of the same rows changes nothing.
    """
    end = f"{month}-{days_in(month)}"
    told = []
    for each in covering(found, month):
        if each.file is None:
            told.append((True, 0, each.source_file, f"refused {each.sha256}"))
        else:
            hashed = each.file.months[month]
            told.append((*in_order(each.file.as_of, end), each.source_file, hashed))
    return tuple(dict.fromkeys(hashed for *_, hashed in sorted(told)))


def in_order(as_of: datetime.date, end: str) -> tuple[bool, int]:
    """The order in which files count for a month that ends on a day: the newest by then first."""
    late = as_of.isoformat() > end
    days = as_of.toordinal()
    return late, days if late else -days


def _deliveries_of(
    path: Path, source_file: str, feed: Feed, reading: FeedReading
) -> list[FeedDelivery]:
    told = source_file.encode(errors="replace").decode()
    if told != source_file:
        return [_refused(path, told, Problem(told, "its name is not UTF-8", "rename it"))]
    try:
        beside = path.with_name(path.name + ENDING)
        return _understood(path, source_file, feed.name, _seen(path), _seen(beside), reading)
    except OSError as error:
        problem = Problem(source_file, f"cannot be read ({error.strerror})", "check the file")
        return [_refused(path, source_file, problem)]


@functools.lru_cache(maxsize=20_000)
def _understood(
    path: Path,
    source_file: str,
    feed: str,
    _file: tuple[int, int] | None,
    _beside: tuple[int, int] | None,
    reading: FeedReading,
) -> list[FeedDelivery]:
    """The tables of a file; read again only when its size or time changes, or its sidecar's."""
    try:
        sidecar = read_sidecar(path, source_file)
        files = read_feed_file(
            path,
            source_file,
            FEEDS[feed],
            _folder().path,
            aliases=reading.aliases,
            date_order=sidecar.date_order or reading.date_order,
            month=sidecar.month,
        )
    except ExportRefused as refused:
        return [_refused(path, source_file, refused.problem)]
    return [_within(path, file, reading.largest_quarantined_share) for file in files]


def _within(path: Path, file: FeedFile, share: float) -> FeedDelivery:
    """A file of which no more is unusable than may be."""
    delivery = FeedDelivery(path, file.source_file, tuple(file.months), file, None)
    at_fault = file.refused.filter(
        pc.invert(pc.is_in(file.refused["reason"], pa.array(FEED_LEFT_OUT)))
    )
    rows = len(pc.unique(at_fault["source_row"]))
    if rows <= share * file.delivered:
        return delivery
    counted = pc.value_counts(at_fault["reason"]).to_pylist()
    reason = max(counted, key=lambda found: found["counts"])["values"]
    first = at_fault.filter(pc.equal(at_fault["reason"], reason)).slice(0, 1).to_pylist()[0]
    value = f"{first['value']!r} is not used: " if first["value"] else ""
    names = [name for name, header in file.columns.items() if header == first["column"]]
    wants = f", expected {expected(FEEDS[file.feed].field(names[0]))}" if names else ""
    problem = Problem(
        file.source_file,
        f"{value}{FEED_REASONS[reason]}{wants}; {rows:,} of {file.delivered:,} rows are wrong in "
        f"this or another way, at most {share:.1%} may be",
        "correct the file, or raise largest_quarantined_share in scoring.yaml",
        row=first["source_row"],
        column=first["column"],
    )
    return replace(delivery, file=None, problem=problem)


def _refused(path: Path, source_file: str, problem: Problem) -> FeedDelivery:
    months = months_named(path.name)
    return FeedDelivery(path, source_file, tuple(months) if len(months) == 1 else (), None, problem)


def _is_sidecar(path: Path) -> bool:
    return path.name.endswith(ENDING) and path.with_name(path.name.removesuffix(ENDING)).is_file()


def _seen(path: Path) -> tuple[int, int] | None:
    if not path.is_file():
        return None
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


@functools.lru_cache(maxsize=20_000)
def _hashed(path: Path, _file: tuple[int, int] | None) -> str:
    return content_hash(path)


@functools.cache
def _folder() -> ProcessFolder:
    """For the rows of files, as long as this process may need them."""
    return ProcessFolder()
