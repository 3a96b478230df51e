"""Reading tables of the lake for people."""

from typing import TYPE_CHECKING, Any

from healthscore_assets.cli.options import end

if TYPE_CHECKING:
    import ibis

    from healthscore_assets.lake.engine import Engine
    from healthscore_assets.lake.lake import Lake


def scores_of(engine: "Engine", lake: "Lake", month: str) -> "ibis.Table":
    """`client_scores` of a month, and its composite ``health`` and ``band`` where there are."""
    from healthscore_assets.lake.opened import open_month

    scores = open_month(engine, lake, "client_scores", month).drop("months_ago")
    health = open_month(engine, lake, "health_scores", month)
    rows = scores.left_join(health.select("client_id", "health", "band"), "client_id")
    return rows.drop("client_id_right")


def scored_month(lake: "Lake", month: str | None) -> str:
    """The month asked for, or the newest with scores; ends the command where there is none."""
    months = lake.months("client_scores")
    if not months:
        end(f"{lake.location}: holds no scores; run: healthscore run")
    if month is None:
        return months[-1]
    if month not in months:
        end(f"{month} has no scores; there are scores from {months[0]} to {months[-1]}")
    return month


def find_client(rows: list[dict[str, Any]], asked: str) -> dict[str, Any]:
    """The client of that id or name, whatever its case; ends the command where there is none."""
    import difflib

    for column in ("client_id", "client_name"):
        exact = [row for row in rows if row[column] == asked]
        alike = exact or [row for row in rows if row[column].casefold() == asked.casefold()]
        if len(alike) == 1:
            return alike[0]
        if alike:
            ids = ", ".join(row["client_id"] for row in alike)
            end(f"{asked!r} is the name of {len(alike)} clients: use one of their ids, {ids}")
    names = [row[column] for row in rows for column in ("client_id", "client_name")]
    by_folded = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(asked.casefold(), by_folded, n=3)
    hint = f"; did you mean {' or '.join(by_folded[name] for name in close)}?" if close else ""
    return end(f"no client {asked!r} among the {len(rows)} compared in the month{hint}")


def number(value: float | None, form: str = ".1f") -> str:
    """A number for people; a null is a dash, not a zero."""
    return "-" if value is None else format(value, form)
