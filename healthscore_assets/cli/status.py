"""``healthscore status``: what each month holds and how its last run went."""

from typing import TYPE_CHECKING, Any

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
    from rich.table import Table

    from healthscore_assets.lake.engine import Engine
    from healthscore_assets.lake.lake import Lake
    from healthscore_assets.orchestration.workplace import Workplace


_WORDS = {"success": "ok", "failure": "failed"}
_SOURCE_ROW = ("source_file", "source_row")


def status(
    exports: Exports = EXPORTS,
    lookups: Lookups = LOOKUPS,
    lake: LakeFolder = LAKE,
    engine: EngineOption = ENGINE,  # noqa: ARG001
) -> None:
    """Show, per month: files, rows in, rows quarantined, engagement unmapped, the last run.

    Of each other feed: the months that it tells of, its rows, and the lines refused of it.
    """
    from rich.console import Console
    from rich.table import Table

    from healthscore_assets.lake.engine import Engine
    from healthscore_assets.orchestration.history import last_runs
    from healthscore_assets.orchestration.instance import open_instance
    from healthscore_assets.orchestration.plan import RAW

    workplace = workplace_of(exports, lookups, lake)
    with open_instance() as instance:
        runs = last_runs(instance)
    # Runs of other folders may share the instance: months are those of this lake and this inbox.
    months = sorted({*workplace.lake.months(RAW), *_delivered(workplace)})
    feeds = _feeds(workplace.lake)
    if not months and not feeds.row_count:
        print(f"No month has been run yet. Put exports in {workplace.inbox}; healthscore run")
        raise typer.Exit
    database = Engine()
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("month", no_wrap=True)
    for heading in ("files", "rows in", "quarantined", "unmapped", "clients"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("last run (UTC)", no_wrap=True)
    failed = []
    for month in months:
        held = _held(database, workplace.lake, month)
        last = runs.get(month)
        when = (
            f"{last.ended:%Y-%m-%d %H:%M} {_WORDS.get(last.status, last.status)}"
            if last and last.ended
            else "-"
        )
        if last and last.reason:
            failed.append(f"{month} failed: {last.reason}")
        table.add_row(
            month,
            *(held[name] for name in ("files", "rows", "quarantined", "unmapped", "clients")),
            when,
        )
    console = Console(highlight=False)
    console.print(table)
    if feeds.row_count:
        console.print()
        console.print(feeds)
    for line in failed:
        print(line)


def _delivered(workplace: "Workplace") -> list[str]:
    from healthscore_assets.lookups.refused import LookupRefused
    from healthscore_assets.orchestration.plan import known_months_of
    from healthscore_assets.pendo.inbox import deliveries

    if not workplace.inbox.is_dir():
        return []
    try:
        return known_months_of(deliveries(workplace.inbox, workplace.reading()))
    except LookupRefused as refused:
        end(str(refused))


def _held(engine: "Engine", lake: "Lake", month: str) -> dict[str, str]:
    """The month's tables in five numbers; a dash where a table is not there."""
    import ibis

    from healthscore_assets.engagement.areas import engagement_by_mapping
    from healthscore_assets.lake.opened import open_month

    def one(table: str, **measures: Any) -> dict[str, Any]:
        if not lake.present(table, month):
            return dict.fromkeys(measures)
        opened = open_month(engine, lake, table, month)
        return engine.rows(opened.aggregate(**{k: m(opened) for k, m in measures.items()}))[0]

    raw = one("raw_pendo_export", files=lambda t: t.count(), rows=lambda t: t["rows"].sum())
    refused = one(
        "quarantine", rows=lambda t: ibis.struct({n: t[n] for n in _SOURCE_ROW}).nunique()
    )
    scored = one("client_scores", clients=lambda t: t.count())
    share = None
    if lake.present("area_engagement", month):
        areas = open_month(engine, lake, "area_engagement", month)
        (sums,) = engine.rows(engagement_by_mapping(areas))
        share = sums["unmapped"] / sums["engagement"] if sums["engagement"] else 0.0
    counts = {
        "files": raw["files"],
        "rows": raw["rows"],
        "quarantined": refused["rows"],
        "clients": scored["clients"],
    }
    shown = {name: "-" if value is None else f"{int(value):,}" for name, value in counts.items()}
    return shown | {"unmapped": "-" if share is None else f"{share:.1%}"}


def _feeds(lake: "Lake") -> "Table":
    """A line per feed that was delivered."""
    import pyarrow.parquet as pq
    from rich.table import Table

    from healthscore_assets.signals.feeds import FEEDS

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("feed", no_wrap=True)
    for heading in ("months", "first", "last", "rows", "refused"):
        table.add_column(heading, justify="right", no_wrap=True)
    for feed in FEEDS:
        months = lake.months(f"raw_{feed}")
        rows = lines = 0
        for month in months:
            rows += sum(pq.read_metadata(f).num_rows for f in lake.present(feed, month).values())
            for path in lake.present(f"raw_{feed}", month).values():
                lines += sum(pq.read_table(path, columns=["rows_refused"])[0].to_pylist())
        if months:
            counts = (f"{len(months):,}", months[0], months[-1], f"{rows:,}", f"{lines:,}")
            table.add_row(feed, *counts)
    return table
