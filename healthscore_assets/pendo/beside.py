"""What the files of a folder tell of each other: names of ids, and who clients and visitors are."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from healthscore_assets.lookups.features import tidy
from healthscore_assets.pendo.definitions import (
    Definition,
    areas_by_name,
    digest,
)
from healthscore_assets.pendo.delivery import Delivery
from healthscore_assets.pendo.export_file import (
    ExportFile,
    History,
)
from healthscore_assets.pendo.fivetran import definitions
from healthscore_assets.pendo.fivetran.tables import GROUP
from healthscore_assets.reading.refused import Problem


def put_together(found: list[Delivery]) -> list[Delivery]:
    """Deliveries with what others of their folders tell of their ids and people."""
    found = _defined(found)
    names: dict[Path, list[Delivery]] = {}
    people: dict[Path, list[Delivery]] = {}
    for delivery in found:
        if delivery.is_names:
            names.setdefault(delivery.path.parent, []).append(delivery)
        if delivery.is_of_people:
            people.setdefault(delivery.path.parent, []).append(delivery)
    found = [_with_names(each, names.get(each.path.parent, [])) for each in found]
    return [_with_people(each, people.get(each.path.parent, [])) for each in found]


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


def broken_histories(found: list[Delivery], read_before: Iterable[str]) -> list[Problem]:
    """What is wrong with tables of people that a month was made with before, by their names.

    Without them visitors would change their audience, and clients lose their names.
    """
    names = {*read_before}
    return [each.problem for each in found if each.problem and each.source_file in names]
