"""The definitions of features in Data Sync exports: ``allfeatures.avro``."""

import functools
from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import Any

from healthscore_assets.lake.content import version_of
from healthscore_assets.pendo.definitions import Definition, Definitions
from healthscore_assets.reading.formats import avro_file
from healthscore_assets.reading.inbox_files import Seen
from healthscore_assets.reading.refused import ExportRefused, Problem

_IDS = ("featureId", "id")
_NAMES = ("name", "featureName")
_AREAS = ("group", "groupName", "productArea", "productAreaName")


def names_of(
    ids: Set[str], files: Iterable[tuple[Path, str]]
) -> tuple[dict[str, Definition], list[str]]:
    """What each id stands for in the first of the files that knows it, and what to say of files.

    Parameters: the files with their names below the inbox, the newest first; those that are not
    there are passed over, and those that cannot be read told of: they only name what is there.
    """
    found: dict[str, Definition] = {}
    notes: list[str] = []
    for path, source_file in files:
        if found.keys() >= ids:
            break
        try:
            defined = _read(path, source_file, version_of(path))
        except ExportRefused as refused:
            notes.append(f"{refused.problem.line()}: names are those of earlier exports")
            continue
        found |= {key: defined[key] for key in ids & defined.keys() - found.keys()}
    return found, notes


@functools.lru_cache(maxsize=10_000)
def _read(path: Path, source_file: str, seen: Seen | None) -> Definitions:
    """Each feature with its name and, in ``group``, its product area.

    A feature without a name is told by its id. Raises ExportRefused for a file that cannot be read,
    or has no ids.
    """
    found: dict[str, Definition] = {}
    if seen is None:
        return found
    for _, fields in avro_file.records(path, source_file, (*_IDS, *_NAMES, *_AREAS)):
        ids = _first(fields, _IDS)
        if ids is None:
            raise ExportRefused(
                Problem(source_file, "has no field featureId", "copy the export again")
            )
        names = _first(fields, _NAMES) or [None] * len(ids)
        areas = _first(fields, _AREAS) or [None] * len(ids)
        for key, name, area in zip(ids, names, areas, strict=True):
            if key:
                told = _text(name), _text(area)
                if any(told):
                    found[str(key)] = Definition(told[0] or str(key), told[1] or None)
    return found


def _first(fields: Mapping[str, list[Any]], names: tuple[str, ...]) -> list[Any] | None:
    return next((fields[name] for name in names if name in fields), None)


def _text(value: Any) -> str:
    """A text, or the name of a record, as the group of a feature may be one."""
    if isinstance(value, dict):
        value = value.get("name")
    return " ".join(str(value).split()) if value is not None else ""
