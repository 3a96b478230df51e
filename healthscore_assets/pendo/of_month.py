"""What counts of the inbox in a month: of what was delivered again, the last."""

from dataclasses import replace
from pathlib import PurePath, PurePosixPath

from healthscore_assets.pendo.datasync import newest
from healthscore_assets.pendo.delivery import Delivery
from healthscore_assets.pendo.export_file import (
    ExportFile,
)
from healthscore_assets.pendo.fivetran import days
from healthscore_assets.reading.refused import Problem


def of_month(found: list[Delivery], month: str) -> list[Delivery]:
    """The tables that tell of a month, without those that another one is the successor of.

    Of Data Sync each has the parts that count in the month; of Fivetran a day counts in the file
    that was synced last.
    """
    telling = [delivery for delivery in found if month in delivery.months]
    replaced = {
        delivery.path.with_name(delivery.export.replaces)
        for delivery in telling
        if delivery.export is not None and delivery.export.replaces is not None
    }
    kept = [delivery for delivery in telling if delivery.path not in replaced]
    kept = _without_days_told_later(kept, month)
    synced = [each for each in found if each.export is not None and each.export.made]
    if not synced:
        return kept
    counting = newest.of_month([(e.path, e.export) for e in synced if e.export], month)
    counted = {id(each): told for each, told in zip(synced, counting, strict=True)}
    return [
        counts
        for each in kept
        if (counts := _counting(each, counted.get(id(each), each.export))) is not None
    ]


def _counting(delivery: Delivery, told: ExportFile | Problem | None) -> Delivery | None:
    """A delivery as it counts in a month; None where nothing of it does."""
    if told is delivery.export:
        return delivery
    if isinstance(told, Problem):
        return replace(delivery, export=None, problem=told)
    return None if told is None else replace(delivery, export=told)


def _without_days_told_later(kept: list[Delivery], month: str) -> list[Delivery]:
    """Of the days of a month that several files of a folder tell, the one synced last counts.

    What is left of such files are rows of one table, unless they are too unlike.
    """
    groups: dict[tuple[PurePath, bool], dict[str, days.Synced]] = {}
    for each in kept:
        if each.synced and each.export is not None:
            of = PurePosixPath(each.source_file).parent, each.export.index("page_id") is None
            groups.setdefault(of, {})[each.source_file] = each.synced
    told: dict[str, dict[str, str]] = {}
    table: dict[str, str] = {}
    for (folder, of_features), files in groups.items():
        counting = days.counting(files, month)
        told |= counting.superseded
        name = f"{'feature' if of_features else 'page'}_event of {folder}"
        table |= {file: f"{name}: {file}" if file in counting.unlike else name for file in files}
    return [
        replace(
            each,
            export=replace(
                each.export,
                superseded=told.get(each.source_file, {}),
                part_of=table[each.source_file],
            ),
        )
        if each.export is not None and each.source_file in table
        else each
        for each in kept
    ]
