"""The bill of materials of a Data Sync export: which files tell of which day and feature."""

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError

from healthscore_assets.lake.content import version_of
from healthscore_assets.reading.formats.datasync import BILL, day_of
from healthscore_assets.reading.inbox_files import Seen
from healthscore_assets.reading.refused import ExportRefused, Problem

MANIFEST, COUNTER = "exportmanifest.json", "counter.json"
"""The list of an application's exports beside their folders, and where its loader has got to."""

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


def _none_is_empty(told: Any) -> Any:
    return [] if told is None else told


_Files = Annotated[list[Annotated[str, AfterValidator(_below)]], BeforeValidator(_none_is_empty)]


class _Events(BaseModel):
    count: int | None = Field(default=None, alias="eventCount")
    files: _Files = []


class _Matched(_Events):
    id: Annotated[str, Field(pattern=r"^[A-Za-z]+/.")]


class _Period(BaseModel):
    day: Annotated[str, AfterValidator(_day)] = Field(alias="periodId")
    all_events: _Events | None = Field(default=None, alias="allEvents")
    matched: Annotated[list[_Matched], BeforeValidator(_none_is_empty)] = Field(
        default=[], alias="matchedEvents"
    )


class _Named(BaseModel):
    id: str = ""


class _Bill(BaseModel):
    timestamp: datetime | None = None
    application: _Named = _Named()
    subscription: _Named = _Named()
    definitions: _Files = Field(default=[], alias="featureDefinitionsFile")
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


@dataclass(frozen=True, eq=False)
class Bill:
    """An export: which application it is of, when it was made, and its entries by month.

    ``made`` is ISO 8601, of UTC, and of exports made at one time the ``counter`` of the manifest
    tells the order; ``shared`` are files that tell of several days. Without ``of_usage`` it tells
    of accounts or visitors, which are not read. Read again after a change it is another object, and
    equals no other: by that is known what was worked out of it.
    """

    application: tuple[str, str]
    made: str
    counter: int
    definitions: tuple[str, ...]
    months: Mapping[str, tuple[Entry, ...]]
    shared: frozenset[str]
    of_usage: bool

    @property
    def features(self) -> frozenset[str]:
        """The ids of features that it tells of."""
        entries = (entry for month in self.months.values() for entry in month)
        return frozenset(entry.feature for entry in entries if entry.feature)


def read_bill(path: Path, source_file: str) -> Bill:
    """Read a bill, again only when it or the manifest changes.

    Raises ExportRefused for one that is not as documented, and where nothing tells when the export
    was made.
    """
    return _read(path, source_file, version_of(path), version_of(_manifest(path)))


@functools.lru_cache(maxsize=50_000)
def _read(path: Path, source_file: str, _bill: Seen | None, manifest: Seen | None) -> Bill:
    bill = _parsed(path, source_file)
    finished, counter = listed(_manifest(path), manifest).get(path.parent.name, (None, 0))
    made = bill.timestamp or finished
    if bill.periods is not None and made is None:
        raise ExportRefused(
            Problem(
                source_file,
                "does not say when it was made, nor does the manifest",
                f"copy the export again, with {MANIFEST}",
            )
        )
    entries = _entries(bill.periods or ())
    months: dict[str, list[Entry]] = {}
    for entry in entries:
        months.setdefault(entry.period[:7], []).append(entry)
    return Bill(
        _application(path, bill),
        "" if made is None else _in_utc(made, source_file),
        counter,
        tuple(bill.definitions),
        {month: tuple(of_month) for month, of_month in sorted(months.items())},
        _shared(entries),
        bill.periods is not None,
    )


def _application(path: Path, bill: _Bill) -> tuple[str, str]:
    """Its subscription and itself; by the folders that Pendo puts it into where it does not say."""
    folders = path.resolve().parents
    subscription, application = (folders[n].name if n < len(folders) else "" for n in (2, 1))
    return bill.subscription.id or subscription, bill.application.id or application


def _entries(periods: Iterable[_Period]) -> list[Entry]:
    """A day and feature once each, also where a bill lists it several times."""
    found: dict[tuple[str, str], Entry] = {}
    for period in periods:
        told = [("", period.all_events)] if period.all_events is not None else []
        told += [
            (each.id.removeprefix(_FEATURE), each)
            for each in period.matched
            if each.id.startswith(_FEATURE)
        ]
        for feature, events in told:
            files = tuple(dict.fromkeys(events.files)) if events.count != 0 else ()
            before = found.get((period.day, feature), Entry(period.day, feature, (), 0))
            count = None if None in (before.events, events.count) else _sum(before, events)
            files = tuple(dict.fromkeys((*before.files, *files)))
            found[period.day, feature] = Entry(period.day, feature, files, count)
    return list(found.values())


def _sum(before: Entry, events: _Events) -> int:
    return (before.events or 0) + (events.count or 0)


def _shared(entries: Iterable[Entry]) -> frozenset[str]:
    days: dict[str, set[str]] = {}
    for entry in entries:
        for file in entry.files:
            days.setdefault(file, set()).add(entry.period)
    return frozenset(file for file, periods in days.items() if len(periods) > 1)


def _in_utc(made: datetime, source_file: str) -> str:
    try:
        made = made.replace(tzinfo=UTC) if made.tzinfo is None else made.astimezone(UTC)
    except OverflowError:
        what = f"timestamp {made.isoformat()} is no time that an export was made"
        raise ExportRefused(Problem(source_file, what, "copy the export again")) from None
    return made.isoformat(timespec="microseconds")


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


def _manifest(bill: Path) -> Path:
    return bill.parent.parent / MANIFEST


@functools.lru_cache(maxsize=256)
def listed(manifest: Path, seen: Seen | None) -> Mapping[str, tuple[datetime | None, int]]:
    """When each export was finished and its place among them, by the name of its folder.

    Parameters: ``seen`` is the version of the manifest; without one there is none.
    Raises ExportRefused for one that is not JSON.
    """
    if seen is None:
        return {}
    told = _json(manifest, MANIFEST)
    exports = told.get("exports") if isinstance(told, dict) else None
    found: dict[str, tuple[datetime | None, int]] = {}
    for export in exports if isinstance(exports, list) else ():
        if isinstance(export, dict):
            name = str(export.get("rootUrl", "")).rstrip("/").rpartition("/")[2]
            counter = export.get("counter")
            found[name] = _time(export.get("finishTime")), counter if type(counter) is int else 0
    return found


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


def is_bill(path: Path) -> bool:
    """Whether a file is a bill of materials, by its name."""
    return path.name == BILL
