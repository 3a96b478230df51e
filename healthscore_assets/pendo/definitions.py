"""What feature and page ids stand for: the definitions that lie beside exports."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.reading.formats import tables
from healthscore_assets.reading.formats.batch import name_of
from healthscore_assets.reading.formats.coded import each_once
from healthscore_assets.reading.refused import ExportRefused, Problem


@dataclass(frozen=True)
class Definition:
    """The name of a feature or page, and the product area (``group``) that Pendo has it in."""

    name: str
    area: str | None = None


Definitions = Mapping[str, Definition]
"""By id."""


def read_definitions(path: Path, export: ExportFile) -> dict[str, Definition]:
    """Each id of a file ``featureId, name`` with its name, and its area where a column tells it.

    A blank name names nothing. Raises ExportRefused for an id with two names or two areas, naming
    the row of the second.
    """
    ids = next(n for n in map(export.index, ("feature_id", "page_id")) if n is not None)
    texts = next(n for n in map(export.index, ("feature", "page")) if n is not None)
    areas = export.index("area")
    read = [ids, texts] if areas is None else [ids, texts, areas]
    found: dict[str, Definition] = {}
    for batch in tables.batches(path, export.source_file, export.layout, [], read):
        if not len(batch.source_row):
            continue
        cells = (batch.cells[name_of(n)].to_pylist() for n in read)
        for row, key, name, *area in zip(batch.source_row.to_pylist(), *cells, strict=True):
            key, told = key.strip(), Definition(_tidy(name), _tidy("".join(area)) or None)
            if not key or not told.name:
                continue
            known = found.setdefault(key, told)
            if known != told:
                both = ("names", known.name, told.name)
                if known.name == told.name:
                    both = ("puts", known.area or "no area", told.area or "no area")
                raise ExportRefused(
                    Problem(
                        export.source_file,
                        f"{both[0]} {key!r} both {both[1]!r} and {both[2]!r}",
                        "keep one of the two rows",
                        row=row,
                    )
                )
    return found


def _tidy(text: str) -> str:
    return " ".join(text.split())


def ids_used(path: Path, export: ExportFile) -> set[str]:
    """The ids in the rows of an export, or in its headers where it is wide."""
    at = export.index("feature_id")
    at = export.index("page_id") if at is None else at
    if at is None:
        return {column.feature for column in export.columns if column.feature is not None}
    found: set[str] = set()
    of_file = (path, export.source_file, export.layout)
    for batch in tables.batches(*of_file, [], [at], as_codes=True):
        if len(batch.source_row):
            cells = pc.utf8_trim_whitespace(each_once(batch.cells[name_of(at)]))
            found |= set(pc.unique(cells).to_pylist())
    return found


def digest(definitions: Definitions, ids: Iterable[str]) -> str:
    """A text that stays the same as long as the definitions of some ids do."""
    told = [(key, definitions[key].name, definitions[key].area) for key in sorted(ids)]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def areas_by_name(definitions: Iterable[Definition]) -> dict[str, str]:
    """The area of each name; of several features of one name the first alphabetically."""
    areas: dict[str, str] = {}
    for each in definitions:
        if each.area is not None:
            areas[each.name] = min(areas.get(each.name, each.area), each.area)
    return dict(sorted(areas.items()))
