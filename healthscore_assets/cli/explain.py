"""``healthscore explain``: why this score."""

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
    end,
    month_option,
    workplace_of,
)

if TYPE_CHECKING:
    from rich.console import Console

    from healthscore_assets.lake.engine import Engine
    from healthscore_assets.lake.lake import Lake
    from healthscore_assets.scoring.explain import Explanation, Neighbour


class Format(StrEnum):
    """How an explanation is printed."""

    TABLE = "table"
    JSON = "json"


def explain(
    client: Annotated[str, typer.Argument(help="Id or name of the client.")],
    month: Annotated[
        str | None,
        typer.Option(callback=month_option, metavar="YYYY-MM", help="Month; default: the newest."),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="For people, or for programs.")] = (
        Format.TABLE
    ),
    exports: Exports = EXPORTS,
    lookups: Lookups = LOOKUPS,
    lake: LakeFolder = LAKE,
    engine: EngineOption = ENGINE,  # noqa: ARG001
) -> None:
    """Say why a client has its scores.

    Composite health by component: what was observed, its score, weight and points, and what changed
    since the month before; structural flags; the index scores by area, and who is just above and
    below.

    \b
    Examples:
      healthscore explain acct-0095
      healthscore explain "Marigold Robotics" --month 2025-03
      healthscore explain acct-0095 --format json
    """
    import json
    import sys
    from dataclasses import asdict

    from rich.console import Console

    from healthscore_assets.cli.explain_health import in_order, show_health
    from healthscore_assets.cli.tables import find_client, scored_month
    from healthscore_assets.lake.engine import Engine
    from healthscore_assets.lake.opened import open_month
    from healthscore_assets.lookups.refused import LookupRefused
    from healthscore_assets.lookups.scoring_settings import read_scoring_settings
    from healthscore_assets.scoring.explain import explain_score

    workplace = workplace_of(exports, lookups, lake)
    at = scored_month(workplace.lake, month)
    try:
        settings = read_scoring_settings(workplace.lookup_file("scoring_settings"))
    except LookupRefused as refused:
        end(str(refused))
    database = Engine()
    everyone = database.rows(open_month(database, workplace.lake, "client_scores", at))
    row = find_client(everyone, client)
    names = {each["client_id"]: each["client_name"] for each in everyone}
    tables = {
        name: open_month(database, workplace.lake, name, at)
        for name in ("client_month", "client_area_month", "area_weights", "index_scores")
    }
    indices = [
        explain_score(database, row["client_id"], tables, settings.area_scaling, basis)
        for basis in ("total", "per_user")
    ]
    of_client = {
        name: _rows_of(database, workplace.lake, name, at, row["client_id"])
        for name in ("health_scores", "health_drivers", "structural_risk")
    }
    health, drivers = of_client["health_scores"], in_order(of_client["health_drivers"])
    risk = of_client["structural_risk"][0] if of_client["structural_risk"] else None
    if form is Format.JSON:
        told = {
            "month": at,
            "client_scores": {name: row[name] for name in row if name != "months_ago"},
            "health_scores": health[0] if health else None,
            "health_drivers": drivers,
            "structural_risk": risk,
            "index_scores": [asdict(each) for each in indices],
        }
        print(json.dumps(told, indent=2, ensure_ascii=False, default=str))
        return
    console = Console(width=None if sys.stdout.isatty() else 110, highlight=False)
    _headline(console, row, at)
    if health:
        weights = settings.health.weights_of_components()
        show_health(console, health[0], drivers, risk, weights)
    for each in indices:
        _show(console, each, row, names, settings.measure)
    _momentum(console, row)


def _rows_of(
    engine: "Engine", lake: "Lake", table: str, month: str, client_id: str
) -> list[dict[str, Any]]:
    """The rows of a client; none where the month was made before there was such a table."""
    from healthscore_assets.lake.opened import open_month

    if not lake.has(table, month):
        return []
    opened = open_month(engine, lake, table, month).drop("months_ago")
    return engine.rows(opened.filter(opened.client_id == client_id))


def _headline(console: "Console", row: dict[str, Any], month: str) -> None:
    name = f"{row['client_name']} ({row['client_id']})"
    console.print(f"[bold]{name}[/bold], {month}" if "[" not in name else f"{name}, {month}")
    if row["partial"]:
        console.print(
            "The month is partial: not over when an export was taken in, or the export says so."
        )


def _show(
    console: "Console",
    told: "Explanation",
    row: dict[str, Any],
    names: dict[str, str],
    measure: str,
) -> None:
    from rich.table import Table

    from healthscore_assets.cli.tables import number

    per = " per visitor" if told.index.startswith("per_user") else ""
    console.print()
    console.print(f"[bold]{told.index} {number(told.score)}[/bold]  {_meaning(told, row, per)}")
    if told.raw is None:
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("  area", no_wrap=True)
    for heading in (measure + per, "scaled", "weight", "points", "average client"):
        table.add_column(heading, justify="right")
    shown = [area for area in told.areas if area.scaled or area.average]
    users = row["unique_visitors"] if per else 1
    for area in shown:
        table.add_row(
            f"  {area.area}",
            number(area.engagement / users, ",.1f" if per else ",.0f"),
            number(area.scaled, ".3f"),
            number(area.weight, ".3f"),
            number(area.contribution, ".4f"),
            number(area.average, ".4f"),
        )
    table.add_row(
        "  raw index",
        number(sum(area.engagement for area in told.areas) / users, ",.1f" if per else ",.0f"),
        "",
        number(sum(area.weight for area in told.areas), ".3f"),
        number(told.raw, ".4f"),
        number(sum(area.average for area in told.areas), ".4f"),
        style="bold",
    )
    console.print(table)
    if told.level:
        console.print(f"  level with: {told.level} other{'s' if told.level > 1 else ''}")
    console.print(f"  just above: {_listed(told.above, names)}", markup=False)
    console.print(f"  just below: {_listed(told.below, names)}", markup=False)


def _meaning(told: "Explanation", row: dict[str, Any], per: str) -> str:
    if told.raw is None:
        known = row["unique_visitors"] is not None
        why = "none of its visitors used the product" if known else "its exports list no visitors"
        return f"not ranked: {why} (ranked: {told.ranked})"
    if told.score is None:
        return f"not ranked: {told.ranked} clients cannot be told apart"
    change = row[f"{told.index}_change"]
    moved = "" if change is None else f"; {change:+.1f} since the month before"
    return f"more engagement{per} than {told.score:.0f} % of the other {told.ranked - 1}{moved}"


def _listed(neighbours: "list[Neighbour]", names: dict[str, str]) -> str:
    if not neighbours:
        return "nobody"
    return ", ".join(
        f"{names[each.client_id]} ({each.score:.1f}, raw {each.raw:.4f})" for each in neighbours
    )


def _momentum(console: "Console", row: dict[str, Any]) -> None:
    from healthscore_assets.cli.tables import number

    console.print()
    console.print(
        f"Momentum: {row['direction'] or 'unknown'}. "
        f"Engagement {row['engagement']:,.0f}, "
        f"three-month average {number(row['engagement_avg_3m'], ',.0f')}, "
        f"trend {number(row['engagement_trend'], '+.1%')}; "
        f"{number(row['unique_visitors'], 'd')} visitors "
        f"({number(row['unique_visitors_change'], '+d')}), "
        f"{row['active_areas']} areas ({number(row['active_areas_change'], '+d')})."
    )
    console.print(
        "Scaled: log(1 + engagement), unless set otherwise. Points are scaled x weight; the raw "
        "index is their sum, and the score is the share of the other clients with a smaller one.",
        style="dim",
    )
