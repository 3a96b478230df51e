"""``healthscore demo``: sample exports, scored."""

import itertools
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from healthscore_assets.cli.options import (
    ENGINE,
    EXPORTS,
    LAKE,
    LOOKUPS,
    EngineOption,
    Exports,
    LakeFolder,
    Lookups,
    end,
    workplace_of,
)

if TYPE_CHECKING:
    from rich.console import Console

    from healthscore_assets.orchestration.workplace import Workplace

_WRITTEN = ".healthscore-demo.json"
_SHOWN = 8
_SCORES = "client_scores"
_WORTH_A_TREND = 100
"""With fewer clicks a month before, a trend is noise and not shown first."""


def demo(
    exports: Exports = EXPORTS,
    lookups: Lookups = LOOKUPS,
    lake: LakeFolder = LAKE,
    engine: EngineOption = ENGINE,
) -> None:
    """Write sample exports of a made-up product, score all their months and show the result.

    The sample has 300 clients over 24 months, with usage, contracts, tickets, surveys, invoices and
    more, and some of them with a story. Lookups are not edited,
    and a folder that holds other files is refused.
    """
    import time

    from rich.console import Console

    from healthscore_assets.cli.run import run_months
    from healthscore_assets.demo.exports import write_exports
    from healthscore_assets.demo.feeds.files import write_feeds
    from healthscore_assets.lake.spark.refused import EngineRefused

    workplace = workplace_of(exports, lookups, lake, engine)
    try:
        workplace.check_engine()
    except EngineRefused as refused:
        end(str(refused))
    _refuse_what_is_not_ours(workplace)
    console = Console(soft_wrap=True, highlight=False)
    started = time.monotonic()
    exports_folder = workplace.exports_folder
    console.print(f"Writing sample exports to {exports_folder}", markup=False)
    size, written = 0, 0
    folders: dict[Path, list[str]] = {}
    for path in itertools.chain(write_exports(workplace.inbox), write_feeds(exports_folder)):
        names = folders.setdefault(path.parent, [])
        names.append(path.name)
        (path.parent / _WRITTEN).write_text(json.dumps(names), encoding="utf-8")
        size, written = size + path.stat().st_size, written + 1
    seconds = time.monotonic() - started
    console.print(f"{written} files, {size / 1e6:.0f} MB, in {seconds:.1f} s. Scoring them:")
    if not run_months(workplace, console, everything=True):
        raise typer.Exit(1)
    _show(console, workplace)


def _refuse_what_is_not_ours(workplace: "Workplace") -> None:
    """End where the inbox or the lake holds what a demo did not write."""
    from healthscore_assets.demo.exports import file_names
    from healthscore_assets.demo.feeds.files import feed_file_names

    _refuse_others(workplace, workplace.inbox, "raw_pendo_export", {*file_names()})
    for feed, names in feed_file_names().items():
        taken_in = {f"{feed}/{name}" for name in names}
        folder = workplace.exports_folder / feed
        _refuse_others(workplace, folder, f"raw_{feed}", {*names}, taken_in)


def _refuse_others(
    workplace: "Workplace",
    folder: Path,
    raw: str,
    ours: set[str],
    taken_in: set[str] | None = None,
) -> None:
    """The same for one folder of exports and its raw table, which knows files as ``taken_in``."""
    present = _names_in(folder)
    if present and not (folder / _WRITTEN).exists():
        end(
            f"{folder}: holds files that no demo wrote, such as {min(present)}; "
            "give the demo a folder of its own: --exports demo/exports --lake demo/lake"
        )
    for name in sorted(present - ours - {_WRITTEN}):
        end(
            f"{folder / name}: no demo wrote this file; "
            "move it away or give the demo a folder of its own: --exports demo/exports"
        )
    lake = workplace.lake
    for month in lake.months(raw):
        for name in sorted(lake.column(raw, month, "source_file") - (taken_in or ours)):
            end(
                f"{lake.location}: holds {month} of {name}, which no demo wrote; "
                "give the demo a lake of its own: --lake demo/lake"
            )


def _names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def _show(console: "Console", workplace: "Workplace") -> None:
    import ibis

    from healthscore_assets.cli.scores import score_table
    from healthscore_assets.cli.tables import scored_month, scores_of
    from healthscore_assets.lake.engine import Engine

    month = scored_month(workplace.lake, None)
    database = Engine()
    table = scores_of(database, workplace.lake, month)
    by_health = table.order_by(ibis.desc("health", nulls_first=False), "client_id")
    known = table.filter(table.engagement_avg_3m >= _WORTH_A_TREND)
    falling = known.order_by("engagement_trend", "client_id")
    for title, rows in (
        (f"The healthiest clients of {month}", by_health),
        (f"The most declining clients of {month}", falling),
    ):
        found = [{"month": month, **row} for row in database.rows(rows.limit(_SHOWN))]
        console.print()
        console.print(score_table(found, title, brief=True))
    declining = database.rows(falling.limit(1))[0]["client_id"]
    console.print("\nWhere to look next")
    name = _as_started()
    for shows, command in (
        ("why it has its score", f"{name} explain {declining}"),
        ("how it got there", f"{name} scores --client {declining}"),
        ("what to act on", f"{name} alerts"),
        ("which rules are worth it", f"{name} alerts report"),
        ("what each month holds", f"{name} status"),
        ("the graph and its checks, in the browser", "make ui"),
        ("the month for a spreadsheet", _csv_from_here(workplace, month)),
    ):
        console.print(f"  {shows:<42} {command}", markup=False)


def _as_started() -> str:
    """The command as it can be typed here."""
    return "healthscore" if shutil.which("healthscore") else _from_here(Path(sys.argv[0]))


def _csv_from_here(workplace: "Workplace", month: str) -> str:
    place = workplace.lake.csv_place(_SCORES, month)
    return place if "://" in place else _from_here(Path(place))


def _from_here(path: Path) -> str:
    return os.path.relpath(path)
