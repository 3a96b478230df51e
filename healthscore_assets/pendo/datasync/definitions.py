"""The definitions of features in a Data Sync export: ``allfeatures.avro``."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from healthscore_assets.pendo.definitions import Definition
from healthscore_assets.reading.formats import avro_file
from healthscore_assets.reading.refused import ExportRefused, Problem

_IDS = ("featureId", "id")
_NAMES = ("name", "featureName")
_AREAS = ("group", "groupName", "productArea", "productAreaName")


def read_definitions(files: Iterable[tuple[Path, str]]) -> dict[str, Definition]:
    """Each feature with its name and, in ``group``, its product area.

    Parameters: the files of one export, each with its name below the inbox; those that are not
    there are passed over. A feature without a name is told by its id.
    Raises ExportRefused for a file that cannot be read, or has no ids.
    """
    found: dict[str, Definition] = {}
    for path, source_file in files:
        if not path.is_file():
            continue
        for _, fields in avro_file.records(path, source_file, (*_IDS, *_NAMES, *_AREAS)):
            ids = _first(fields, _IDS)
            if ids is None:
                raise ExportRefused(
                    Problem(source_file, "has no field featureId", "copy the export again")
                )
            names = _first(fields, _NAMES) or [None] * len(ids)
            areas = _first(fields, _AREAS) or [None] * len(ids)
            for key, name, area in zip(ids, names, areas, strict=True):
                if key and _text(name):
                    found[str(key)] = Definition(_text(name), _text(area) or None)
    return found


def _first(fields: Mapping[str, list[Any]], names: tuple[str, ...]) -> list[Any] | None:
    return next((fields[name] for name in names if name in fields), None)


def _text(value: Any) -> str:
    """A text, or the name of a record, as the group of a feature may be one."""
    if isinstance(value, dict):
        value = value.get("name")
    return " ".join(str(value).split()) if value is not None else ""
