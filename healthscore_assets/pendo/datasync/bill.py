"""The bill of materials of a Data Sync export: which files tell of which day and feature."""

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from healthscore_assets.reading.formats.datasync import BILL, day_of
from healthscore_assets.reading.inbox_files import Seen
from healthscore_assets.reading.refused import ExportRefused, Problem

MANIFEST = "exportmanifest.json"
"""The list of an application's exports, beside their folders."""

ALL_EVENTS = "allEvents"
_FEATURE = "Feature/"
_LARGEST = 512 << 20


def _day(text: str) -> str:
    day = day_of(text)
    if day is None:
        raise ValueError("is not a day such as 2024-05-31T00:00:00Z")
    return day


def _below(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path or "\0" in path:
        raise ValueError("is not a file below the folder of the export")
    return path


_File = Annotated[str, AfterValidator(_below)]


class _Events(BaseModel):
    count: int | None = Field(default=None, alias="eventCount")
    files: list[_File] = []


class _Matched(_Events):
    id: str


class _Period(BaseModel):
    day: Annotated[str, AfterValidator(_day)] = Field(alias="periodId")
    all_events: _Events | None = Field(default=None, alias="allEvents")
    matched: list[_Matched] = Field(default=[], alias="matchedEvents")


class _Bill(BaseModel):
    timestamp: datetime | None = None
    definitions: list[_File] = Field(default=[], alias="featureDefinitionsFile")
    periods: list[_Period] | None = Field(default=None, alias="timeDependent")


@dataclass(frozen=True)
class Entry:
    """What an export has of one day: of a feature, or, without one, all events.

    Without ``files`` there is nothing (any more); ``events`` is how many there are, where told.
    """

    period: str
    feature: str
    files: tuple[str, ...]
    events: int | None


@dataclass(frozen=True)
class Bill:
    """An export, when it was made (ISO 8601, of UTC), and its entries by month.

    ``shared`` are files that tell of several days.
    """

    made: str
    definitions: tuple[str, ...]
    months: Mapping[str, tuple[Entry, ...]]
    shared: frozenset[str]

    @property
    def features(self) -> frozenset[str]:
        """The ids of features that it tells of."""
        entries = (entry for month in self.months.values() for entry in month)
        return frozenset(entry.feature for entry in entries if entry.feature)


def tells_of_usage(path: Path, source_file: str) -> bool:
    """Whether a bill is one of events; those of accounts and visitors are not read.

    Raises ExportRefused for a bill that cannot be read.
    """
    return _parsed(path, source_file).periods is not None


@functools.lru_cache(maxsize=2_000)
def read_bill(path: Path, source_file: str, _file: Seen | None) -> Bill:
    """Read a bill, again only when it changes.

    Raises ExportRefused for one that is not as documented, and where nothing tells when the export
    was made.
    """
    bill = _parsed(path, source_file)
    months: dict[str, list[Entry]] = {}
    for period in bill.periods or []:
        entries = months.setdefault(period.day[:7], [])
        if period.all_events is not None:
            told = period.all_events
            entries.append(Entry(period.day, "", tuple(dict.fromkeys(told.files)), told.count))
        entries += [
            Entry(
                period.day,
                told.id.removeprefix(_FEATURE),
                tuple(dict.fromkeys(told.files)),
                told.count,
            )
            for told in period.matched
            if told.id.startswith(_FEATURE)
        ]
    made = bill.timestamp or _in_manifest(path)
    if made is None:
        raise ExportRefused(
            Problem(
                source_file,
                "does not say when it was made, nor does the manifest",
                f"copy the export again, with {MANIFEST}",
            )
        )
    if made.tzinfo is None:
        made = made.replace(tzinfo=UTC)
    return Bill(
        made.astimezone(UTC).isoformat(timespec="microseconds"),
        tuple(bill.definitions),
        {month: tuple(entries) for month, entries in sorted(months.items())},
        _shared(entry for entries in months.values() for entry in entries),
    )


def _shared(entries: Iterable[Entry]) -> frozenset[str]:
    days: dict[str, set[str]] = {}
    for entry in entries:
        for file in entry.files:
            days.setdefault(file, set()).add(entry.period)
    return frozenset(file for file, periods in days.items() if len(periods) > 1)


def _parsed(path: Path, source_file: str) -> _Bill:
    told = _json(path, source_file)
    try:
        return _Bill.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        what = f"is not a bill of materials of Data Sync: {place}: {first['msg']}"
        raise ExportRefused(Problem(source_file, what, "copy the export again")) from None


def _json(path: Path, source_file: str) -> object:
    if path.stat().st_size > _LARGEST:
        raise ExportRefused(
            Problem(source_file, f"is larger than {_LARGEST >> 20} MB", "export fewer days at once")
        )
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise ExportRefused(
            Problem(source_file, "is not JSON to its end", "copy the export again")
        ) from None


def _in_manifest(bill: Path) -> datetime | None:
    """When the manifest says that the export of a bill was finished."""
    manifest = bill.parent.parent / MANIFEST
    if not manifest.is_file():
        return None
    told = _json(manifest, MANIFEST)
    exports = told.get("exports", []) if isinstance(told, dict) else []
    for export in exports if isinstance(exports, list) else []:
        if isinstance(export, dict) and str(export.get("rootUrl", "")).rstrip("/").endswith(
            f"/{bill.parent.name}"
        ):
            try:
                return datetime.fromisoformat(str(export.get("finishTime")))
            except ValueError:
                return None
    return None


def is_bill(path: Path) -> bool:
    """Whether a file is a bill of materials, by its name."""
    return path.name == BILL
