"""The files of a feed that were delivered, and the months that they cover."""

import datetime
import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.contracts.feed_quarantine import FEED_LEFT_OUT
from healthscore_assets.lake.content import hash_of, version_of
from healthscore_assets.lake.process_folder import ProcessFolder
from healthscore_assets.reading.dates.file_months import months_named
from healthscore_assets.reading.inbox_files import (
    Seen,
    listed,
    problem_of_name,
)
from healthscore_assets.reading.refused import ExportRefused, Problem
from healthscore_assets.reading.sidecar import ENDING, Sidecar, beside, is_sidecar, read_sidecar
from healthscore_assets.signals.expected import not_used
from healthscore_assets.signals.feed_file import FeedFile, HowToRead, read_feed_file
from healthscore_assets.signals.feeds import FEEDS, Feed
from healthscore_assets.signals.file_days import last_day

FEED_COLUMNS = tuple(
    f"{feed.name}.{field.name}" for feed in FEEDS.values() for field in feed.fields
)
"""Every column of every feed, as `column_aliases.csv` names it."""


@dataclass(frozen=True)
class FeedReading:
    """What people wrote down: further headers, the order of dates, how much may be unusable.

    ``newest`` is the last day of the graph: nothing can have happened later.
    """

    aliases: tuple[tuple[str, str], ...] = ()
    date_order: Literal["dmy", "mdy"] | None = None
    largest_quarantined_share: float = 0.05
    newest: datetime.date | None = None


@dataclass(frozen=True)
class FeedDelivery:
    """A table that was delivered of a feed: what it is, or why it cannot be used.

    ``months`` are those that it covers, or that its name tells where it is refused. ``unusable`` is
    a file that could be read, but of which too many rows are refused.
    """

    path: Path
    source_file: str
    months: tuple[str, ...]
    file: FeedFile | None
    problem: Problem | None
    unusable: FeedFile | None = None

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
        return hash_of(self.path)


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
    files = [path for path in listed(folder) if not is_sidecar(path)]
    for gone in {path for path in _read if path.is_relative_to(folder)} - {*files}:
        _read.pop(gone, None)
    return [each for path in files for each in deliveries_of(path, exports, feed, reading)]


def deliveries_of(
    path: Path, exports: Path, feed: Feed, reading: FeedReading
) -> list[FeedDelivery]:
    """The tables of a file, which is named from the folder of exports.

    It is read again only when it changes, its sidecar, or how to read it.
    """
    source_file = path.relative_to(exports).as_posix()
    unusable = problem_of_name(source_file)
    if unusable is not None:
        return [_refused(path, unusable.source_file, unusable)]
    try:
        version = (source_file, version_of(path), version_of(beside(path)), reading)
        known, found = _read.get(path, (None, []))
        if known != version:
            found = _understood(path, source_file, feed, reading)
            _read[path] = version, found
    except OSError as error:
        problem = Problem(source_file, f"cannot be read ({error.strerror})", "check the file")
        return [_refused(path, source_file, problem)]
    return found


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
    files = [
        (path, feed)
        for feed in FEEDS.values()
        if feed_folder(exports, feed).is_dir()
        for path in listed(feed_folder(exports, feed))
        if not is_sidecar(path)
    ]
    for done, (path, feed) in enumerate(files):
        if enough():
            return len(files) - done
        deliveries_of(path, exports, feed, reading)
    return 0


def feed_of_path(path: Path, exports: Path) -> Feed | None:
    """The feed in whose folder a file lies; None for any other file.

    Below the exports their first folder tells, however deep the file lies; elsewhere its own. What
    the folders above are called says nothing.
    """
    if path.is_relative_to(exports):
        return FEEDS.get(path.relative_to(exports).parts[0])
    return FEEDS.get(path.parent.name)


def covering(found: Sequence[FeedDelivery], month: str) -> list[FeedDelivery]:
    """Those that cover a month; the same bytes under two names count once."""
    seen: dict[tuple[str, str | None], FeedDelivery] = {}
    for each in found:
        if month in each.months:
            sheet = None if each.file is None else each.file.layout.sheet
            seen.setdefault((each.sha256, sheet), each)
    return list(seen.values())


Told = tuple[datetime.date, str, str, int]
"""Of a file that covers a month: its day and name, the hash of its rows, how many lines refused."""


def month_stamp(told: Iterable[Told], month: str) -> tuple[tuple[str, int], ...]:
    """What files tell of a month, in the order in which their versions of a row count.

    Equal as long as the month's table would be: a later export of the same rows changes nothing.
    """
    end = last_day(month).toordinal()

    def order(each: Told) -> tuple[bool, int, str]:
        # The newest in time first, then the earliest of those that came later.
        day = each[0].toordinal()
        return day > end, day if day > end else -day, each[1]

    return tuple(dict.fromkeys((hashed, lines) for _, _, hashed, lines in sorted(told, key=order)))


def told_of(found: Sequence[FeedDelivery], month: str) -> list[Told]:
    """What the files that cover a month tell of it; a refused one is known by its bytes."""
    return [
        (datetime.date.max, each.source_file, each.sha256, 0)
        if each.file is None
        else (
            each.file.as_of,
            each.source_file,
            each.file.months[month].hash,
            each.file.months[month].refused,
        )
        for each in covering(found, month)
    ]


_read: dict[Path, tuple[object, list[FeedDelivery]]] = {}
"""What the files are, as this process read them last, with what that hangs on."""


def _understood(
    path: Path, source_file: str, feed: Feed, reading: FeedReading
) -> list[FeedDelivery]:
    try:
        sidecar = read_sidecar(path, source_file)
        _refuse_unlike(path, source_file, sidecar)
        how = HowToRead(
            reading.aliases,
            sidecar.date_order or reading.date_order,
            sidecar.month,
            reading.newest,
        )
        files = read_feed_file(path, source_file, feed, _folder().path, how)
    except ExportRefused as refused:
        return [_refused(path, source_file, refused.problem)]
    return [_within(path, file, reading.largest_quarantined_share) for file in files]


def _refuse_unlike(path: Path, source_file: str, sidecar: Sidecar) -> None:
    """A sidecar that says another month than the file's name, or what feeds do not know."""
    told, named = source_file + ENDING, months_named(path.name)
    if sidecar.month is not None and named and sidecar.month not in named:
        says = f"tells of {sidecar.month}, the file's name of {', '.join(sorted(named))}"
        raise ExportRefused(Problem(told, says, "correct one of them"))
    for key in ("replaces", "window"):
        if getattr(sidecar, key) is not None:
            says = f"{key}: counts for usage only; of a feed the newest file goes before the others"
            raise ExportRefused(Problem(told, says, "delete the line"))


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
    wrong = not_used(FEEDS[file.feed], file.columns, first)
    problem = Problem(
        file.source_file,
        f"{wrong}; {rows:,} of {file.delivered:,} rows are wrong in "
        f"this or another way, at most {share:.1%} may be",
        "correct the file, or raise largest_quarantined_share in scoring.yaml",
        row=first["source_row"],
        column=first["column"],
    )
    return replace(delivery, file=None, problem=problem, unusable=file)


def _refused(path: Path, source_file: str, problem: Problem) -> FeedDelivery:
    months = months_named(path.name)
    return FeedDelivery(path, source_file, tuple(months) if len(months) == 1 else (), None, problem)


@functools.cache
def _folder() -> ProcessFolder:
    """For the rows of files, as long as this process may need them."""
    return ProcessFolder()
