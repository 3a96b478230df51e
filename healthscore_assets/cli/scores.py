"""``healthscore scores``: scores and momentum."""

from collections.abc import Callable
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
    lake_of,
    month_option,
)
from healthscore_assets.cli.tables import number

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
    exports: Exports = EXPORTS,  # noqa: ARG001
    lookups: Lookups = LOOKUPS,  # noqa: ARG001
    lake: LakeFolder = LAKE,
    engine: EngineOption = ENGINE,  # noqa: ARG001
) -> None:
    """Print health, scores and momentum, the most engaged client first.

    A total of 70 reads: more engaged than 70 % of the other clients. Health is of 100 points.

    \b
    Examples:
      healthscore scores
      healthscore scores --month 2024-05 --format csv > may.csv
      healthscore scores --client "Marigold Robotics"
    """
    import ibis

    from healthscore_assets.cli.tables import find_client, scored_month, scores_of
    from healthscore_assets.lake.engine import Engine
    from healthscore_assets.lake.opened import open_month
    from healthscore_assets.scoring.client_scores import spreadsheet_safe

    folder = lake_of(lake)
    at = scored_month(folder, month)
    months, wanted = [at], None
    database = Engine()
    if client is not None:
        names = database.rows(open_month(database, folder, "client_scores", at))
        wanted = find_client(names, client)["client_id"]
        months = [at] if month else folder.months("client_scores")
    rows: list[dict[str, Any]] = []
    for each in months:
        table = scores_of(database, folder, each)
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
        brief = console.width < _FULL_WIDTH
        console.print(score_table(rows, title, by_month=title is None, brief=brief))
        notes = ["Total, per user: share of the other clients with less engagement, 0-100."]
        if any(row["small_base"] for row in rows):
            notes.append("Fewer than 20 clients are compared: a score moves by over 5 per client.")
        if any(row["partial"] for row in rows):
            notes.append("A month marked partial is not whole: compare it with nothing.")
        console.print(" ".join(notes), style="dim", highlight=False)


def score_table(
    rows: list[dict[str, Any]], title: str | None, *, by_month: bool = False, brief: bool = False
) -> "Table":
    """Rows of `scores_of` as a table for reading; a null is a dash.

    ``by_month`` tells months apart instead of clients; ``brief`` fits 80 characters.
    """
    from rich.table import Table

    table = Table(
        title=title,
        title_justify="left",
        header_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 1) if not brief else (0, 1, 0, 0),
    )
    columns = _COLUMNS if not brief else [each for each in _COLUMNS if each[0] not in _WIDE]
    columns = [each for each in columns if each[0] != ("client" if by_month else "month")]
    for heading, shown in columns:
        # Only a name may be cut short on a narrow terminal.
        width = 4 if heading == "name" else max([len(heading), *(len(shown(row)) for row in rows)])
        left = heading in ("month", "client", "name", "band", "direction")
        table.add_column(
            heading,
            justify="left" if left else "right",
            no_wrap=True,
            overflow="ellipsis",
            min_width=width,
        )
    for row in rows:
        table.add_row(*(shown(row) for _, shown in columns))
    return table


_FULL_WIDTH = 122
_WIDE = ("areas", "visitors", "change ", "engagement", "direction")
_COLUMNS: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
    ("month", lambda row: row["month"] + (" partial" if row["partial"] else "")),
    ("client", lambda row: row["client_id"]),
    ("name", lambda row: row["client_name"]),
    ("health", lambda row: number(row["health"])),
    ("band", lambda row: row["band"] or "-"),
    ("total", lambda row: number(row["total_all"])),
    ("change", lambda row: number(row["total_all_change"], "+.1f")),
    ("per user", lambda row: number(row["per_user_all"])),
    ("change ", lambda row: number(row["per_user_all_change"], "+.1f")),
    ("engagement", lambda row: number(row["engagement"], ",.0f")),
    ("trend", lambda row: number(row["engagement_trend"], "+.0%")),
    ("direction", lambda row: row["direction"] or "-"),
    ("visitors", lambda row: number(row["unique_visitors"], ",d")),
    ("areas", lambda row: f"{row['active_areas']:,}"),
]
