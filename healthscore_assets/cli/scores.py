"""``healthscore scores``: scores and momentum."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

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
    month_option,
    workplace_of,
)

if TYPE_CHECKING:
    from rich.table import Table


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


Month = Annotated[
    str | None,
    typer.Option(callback=month_option, metavar="YYYY-MM", help="Month; default: the newest."),
]


def scores(
    month: Month = None,
    client: Annotated[
        str | None,
        typer.Option(help="Id or name of one client; without --month, all its months."),
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="table for reading, csv and json in full.")
    ] = Format.TABLE,
    exports: Exports = EXPORTS,
    lookups: Lookups = LOOKUPS,
    lake: LakeFolder = LAKE,
    engine: EngineOption = ENGINE,  # noqa: ARG001
) -> None:
    """Print scores and momentum, the most engaged client first.

    A score of 70 reads: more engaged than 70 % of the other clients.

    Examples:
        healthscore scores

        healthscore scores --month 2024-05 --format csv > may.csv

        healthscore scores --client "Marigold Robotics"

    """
    import ibis

    from healthscore_assets.cli.tables import find_client, open_month, scored_month
    from healthscore_assets.lake.engine import Engine
    from healthscore_assets.scoring.client_scores import spreadsheet_safe

    folder = workplace_of(exports, lookups, lake).lake
    at = scored_month(folder, month)
    months, wanted = [at], None
    database = Engine()
    if client is not None:
        names = database.rows(open_month(database, folder, "client_scores", at))
        wanted = find_client(names, client)["client_id"]
        months = [at] if month else folder.months("client_scores")
    rows: list[dict[str, Any]] = []
    for each in months:
        table = open_month(database, folder, "client_scores", each).drop("months_ago")
        if wanted is not None:
            table = table.filter(table.client_id == wanted)
        table = table.order_by(ibis.desc("total_all", nulls_first=False), "client_id")
        shown = spreadsheet_safe(table) if form is Format.CSV else table
        rows.extend({"month": each, **row} for row in database.rows(shown))
    _print(rows, form, title=None if client else f"Scores of {at}")


def _print(rows: list[dict[str, Any]], form: Format, title: str | None) -> None:
    import csv
    import json
    import sys

    if form is Format.JSON:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    elif form is Format.CSV:
        writer = csv.DictWriter(sys.stdout, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        from rich.console import Console

        console = Console(width=None if sys.stdout.isatty() else 150)
        console.print(score_table(rows, title))
        notes = ["Scores: share of the other clients with less engagement, 0-100."]
        if any(row["small_base"] for row in rows):
            notes.append("Fewer than 20 clients are compared: a score moves by over 5 per client.")
        if any(row["partial"] for row in rows):
            notes.append("A month marked partial was not over when its export was taken in.")
        console.print(" ".join(notes), style="dim", highlight=False)


def score_table(rows: list[dict[str, Any]], title: str | None) -> "Table":
    """Rows of `client_scores` as a table for reading; a null is a dash."""
    from rich.table import Table

    from healthscore_assets.cli.tables import number

    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    table.add_column("month", no_wrap=True)
    table.add_column("client", no_wrap=True)
    table.add_column("name", no_wrap=True, overflow="ellipsis", max_width=28)
    for heading in ("total", "change", "per user", "change", "engagement", "trend"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("direction", no_wrap=True)
    for heading in ("visitors", "areas"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row["month"] + (" partial" if row["partial"] else ""),
            row["client_id"],
            row["client_name"],
            number(row["total_all"]),
            number(row["total_all_change"], "+.1f"),
            number(row["per_user_all"]),
            number(row["per_user_all_change"], "+.1f"),
            number(row["engagement"], ",.0f"),
            number(row["engagement_trend"], "+.0%"),
            row["direction"] or "-",
            f"{row['unique_visitors']:,}",
            f"{row['active_areas']:,}",
        )
    return table
