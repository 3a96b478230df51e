"""What ``healthscore explain`` says of composite health and structural risk."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from healthscore_assets.cli.tables import number
from healthscore_assets.lookups.health_presets import DIMENSION, WEIGHTS
from healthscore_assets.scoring.health.words import observed, words_of

if TYPE_CHECKING:
    from rich.console import Console

Row = Mapping[str, Any]

_FLAGS = {
    "fragile": "fragile: worth much, and hanging on few",
    "concentrated": "concentrated: few do most of it",
    "single_threaded": "single-threaded: it hangs on one or two",
    "narrow": "narrow: few of its people are active",
    "dormant": "dormant: no usage for over 30 days",
    "champion_departed": "its champion has gone",
}


def in_order(drivers: Sequence[Row]) -> list[Row]:
    """Dimension by dimension, the components with the largest default weight first."""
    place = {name: n for n, name in enumerate(DIMENSION)}
    return sorted(drivers, key=lambda row: place[row["component"]])


def show_health(
    console: "Console",
    health: Row,
    drivers: Sequence[Row],
    risk: Row | None,
    weights: Mapping[str, float],
) -> None:
    """Composite health, a line per component, what was missing, and the structural flags."""
    from rich.table import Table

    console.print()
    console.print(_headline(health))
    told = (health["segment"], health["stage"], f"{health['coverage']:.0%} of the weights observed")
    console.print(f"  {', '.join(filter(None, told))}", markup=False)
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("  component", no_wrap=True)
    table.add_column("observed")
    for heading in ("score", "weight", "points", "change", "by value", "by weight"):
        table.add_column(heading, justify="right", no_wrap=True)
    for dimension in WEIGHTS:
        rows = [row for row in in_order(drivers) if row["dimension"] == dimension]
        weight = sum(row["weight"] for row in rows)
        points = sum(row["points"] for row in rows)
        table.add_row(
            f"  {dimension}",
            "",
            number(health[dimension]),
            f"{weight:.1%}",
            number(points),
            *_effects(rows),
            style="bold",
        )
        for row in rows:
            if row["points_change"] or (row["score"] is not None and _counts(row, weights)):
                table.add_row(
                    f"    {words_of(row['component'])}",
                    observed(row["component"], row["value"]),
                    number(row["score"]),
                    f"{row['weight']:.1%}",
                    number(row["points"]),
                    *_effects([row]),
                )
    if health["health"] is not None:
        effects = _effects(drivers)
        table.add_row(
            "  health", "", "", "100.0%", number(health["health"]), *effects, style="bold"
        )
    console.print(table)
    missing = [
        words_of(row["component"])
        for row in in_order(drivers)
        if row["score"] is None and _counts(row, weights)
    ]
    if missing:
        console.print(f"  missing: {', '.join(missing)}")
    if risk is not None:
        _show_risk(console, risk)


def _headline(health: Row) -> str:
    if health["health"] is None:
        return f"[bold]Health -[/bold]  {health['reason']}"
    announced = (
        ""
        if health["band"] == health["announced_band"]
        else f", announced {health['announced_band']}"
    )
    moving = ""
    if health["velocity"] is not None:
        word = health["velocity_band"].replace("_", " ")
        moving = f"; {word}, {health['velocity']:+.2f} points a day"
    return f"[bold]Health {health['health']:.1f}[/bold]  {health['band']}{announced}{moving}"


def _effects(rows: Sequence[Row]) -> list[str]:
    sums = []
    for name in ("points_change", "value_effect", "weight_effect"):
        known = [row[name] for row in rows if row[name] is not None]
        total = round(sum(known), 1) + 0.0  # no minus before a zero
        sums.append("-" if not known else f"{total:+.1f}" if total else "0.0")
    return sums


def _counts(row: Row, weights: Mapping[str, float]) -> bool:
    """Whether the component has a weight, in force or as set."""
    return row["weight"] > 0 or weights[row["component"]] > 0


def _show_risk(console: "Console", risk: Row) -> None:
    console.print()
    told = [
        f"engagement value {risk['engagement_value']:,.0f}",
        f"Gini {number(risk['gini'], '.2f')}",
        f"diversity {number(risk['diversity'], '.0%')}",
        f"top two {number(risk['top2_share'], '.0%')}",
        f"{risk['days_since_last_activity']} days since the last activity",
        f"cohort {risk['cohort'] or '-'}",
    ]
    score = number(risk["structural_health"])
    console.print(f"[bold]Structure {score}[/bold]  {', '.join(told)}")
    flags = [says for name, says in _FLAGS.items() if risk[name]]
    console.print(f"  {'; '.join(flags) or 'no flag'}")
