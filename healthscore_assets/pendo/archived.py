"""Exports in the lake's archive: every file that a table stands in, by its hash."""

from dataclasses import replace
from pathlib import Path

from healthscore_assets.lake.lake import Lake
from healthscore_assets.pendo.delivery import Delivery
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.raw_table import TakenIn
from healthscore_assets.reading.formats.datasync import part_file


def archive(lake: Lake, delivery: Delivery) -> None:
    """Keep the bytes of a delivery. Raises OSError where they change meanwhile."""
    lake.archive(delivery.path, delivery.sha256)
    if delivery.export is not None:
        for part in delivery.export.layout.parts:
            lake.archive(part_file(delivery.path, part), part.sha256)
        for history in delivery.export.histories:
            lake.archive(Path(history.at), history.sha256)


def archived(lake: Lake, file: TakenIn) -> tuple[Path, ExportFile]:
    """A table that was taken in, where it can be read. Raises FileNotFoundError without its bytes.

    A bucket's are copied, each to a place of its own.
    """
    layout = file.export.layout
    parts = tuple(replace(part, at=str(lake.archived(part.sha256))) for part in layout.parts)
    export = replace(file.export, layout=replace(layout, parts=parts)) if parts else file.export
    histories = (replace(h, at=str(lake.archived(h.sha256))) for h in export.histories)
    return lake.archived(file.sha256), replace(export, histories=tuple(histories))


def hashes(file: TakenIn) -> list[str]:
    """The hashes of all files that a table stands in, and of those that are read beside it."""
    parts = [part.sha256 for part in file.export.layout.parts]
    beside = [history.sha256 for history in file.export.histories]
    return [file.sha256, *dict.fromkeys([*parts, *beside])]
