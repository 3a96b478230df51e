"""The inbox: which files lie there, and which months they tell of."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from healthscore_assets.lake.folder import content_hash
from healthscore_assets.pendo.export_file import ExportFile, understand_file
from healthscore_assets.pendo.file_months import months_named, names_a_day
from healthscore_assets.pendo.periods import months_in_column
from healthscore_assets.pendo.refused import ExportRefused, Problem

_READ = (".csv", ".csv.gz")
_IN_TRANSIT = (".part", ".partial", ".crdownload", ".download", ".tmp")


@dataclass(frozen=True)
class Delivery:
    """A file of the inbox: what it is, or why it cannot be used.

    ``months`` are those it tells of, even when it is refused for another reason.
    """

    path: Path
    source_file: str
    months: tuple[str, ...]
    export: ExportFile | None
    problem: Problem | None

    @property
    def sha256(self) -> str:
        """Hash of the file's bytes."""
        stat = self.path.stat()
        return _hashed(self.path, (stat.st_size, stat.st_mtime_ns))


def deliveries(inbox: Path) -> list[Delivery]:
    """Every file of the inbox and the folders in it, by name; hidden files are not deliveries.

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
    return [_delivery(path, inbox) for path in _files(inbox)]


def of_month(found: list[Delivery], month: str) -> list[Delivery]:
    """The files that tell of a month."""
    return [delivery for delivery in found if month in delivery.months]


def _files(inbox: Path) -> Iterator[Path]:
    for path in sorted(inbox.rglob("*")):
        hidden = any(part.startswith((".", "~$")) for part in path.relative_to(inbox).parts)
        if path.is_file() and not hidden and path.suffix.lower() not in _IN_TRANSIT:
            yield path


def _delivery(path: Path, inbox: Path) -> Delivery:
    source_file = path.relative_to(inbox).as_posix()
    told = source_file.encode(errors="replace").decode()
    if told != source_file:
        return _refused(path, told, "its name is not UTF-8", "rename it")
    try:
        stat = path.stat()
        return _understood(path, source_file, (stat.st_size, stat.st_mtime_ns))
    except OSError as error:
        return _refused(path, source_file, f"cannot be read ({error.strerror})", "check the file")


def _refused(path: Path, source_file: str, what: str, todo: str) -> Delivery:
    """A file of which nothing could be read; months are those its name tells."""
    named = months_named(Path(source_file).name)
    months = tuple(named) if len(named) == 1 else ()
    return Delivery(path, source_file, months, None, Problem(source_file, what, todo))


@functools.lru_cache(maxsize=20_000)
def _understood(path: Path, source_file: str, _seen: tuple[int, int]) -> Delivery:
    """What a file is; read again only when its size or time changes."""
    named = months_named(Path(source_file).name)
    months = tuple(named) if len(named) == 1 else ()
    export = None
    try:
        if not source_file.lower().endswith(_READ):
            raise ExportRefused(
                Problem(source_file, "is not a CSV file", f"expected {' or '.join(_READ)}")
            )
        export = understand_file(path, source_file)
        if export.index("period") is not None:
            months = months_in_column(path, export)
        elif not months:
            raise ExportRefused(_no_month(source_file, named))
    except ExportRefused as refused:
        return Delivery(path, source_file, months, None, refused.problem)
    return Delivery(path, source_file, months, export, None)


@functools.lru_cache(maxsize=20_000)
def _hashed(path: Path, _seen: tuple[int, int]) -> str:
    return content_hash(path)


def _no_month(source_file: str, named: set[str]) -> Problem:
    if len(named) > 1:
        what = f"its name tells several months ({', '.join(sorted(named))})"
    elif names_a_day(Path(source_file).name):
        what = "its name tells a day, not a month"
    else:
        what = "its month cannot be told: neither its name nor a column says it"
    return Problem(source_file, what, "put the month in the name, such as 2024-05 or May 2024")
