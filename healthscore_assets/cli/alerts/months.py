"""Months of the lake, for looking back on alerts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from healthscore_assets.cli.options import end, month_option

if TYPE_CHECKING:
    import ibis

    from healthscore_assets.lake.engine import Engine
    from healthscore_assets.lake.lake import Lake
    from healthscore_assets.risk.alerts.accounting import History
    from healthscore_assets.risk.alerts.answers import RuleTables

First = Annotated[
    str | None,
    typer.Option(
        "--from", callback=month_option, metavar="YYYY-MM", help="First month; default: the oldest."
    ),
]
Last = Annotated[
    str | None,
    typer.Option(
        "--to", callback=month_option, metavar="YYYY-MM", help="Last month; default: the newest."
    ),
]


@dataclass(frozen=True)
class Decisions:
    """What became of contracts: who left when, up to which day that is known.

    ``missing`` are months before it that no file tells of.
    """

    churned: "ibis.Table"
    known_until: "ibis.Table"
    base: "ibis.Table"
    missing: list[str]


def months_between(months: list[str], first: str | None, last: str | None) -> list[str]:
    """Those asked for; ends the command where there are none."""
    if not months:
        end("no month has alerts yet; run: healthscore run")
    found = [each for each in months if (first or each) <= each <= (last or each)]
    if not found:
        end(
            f"no month from {first or months[0]} to {last or months[-1]}; there are months from "
            f"{months[0]} to {months[-1]}"
        )
    return found


def calendar_of(engine: "Engine", lake: "Lake", months: list[str]) -> "ibis.Table":
    """The months, counted back from the last of them, with their last days and clients."""
    import datetime

    import ibis
    import pyarrow as pa
    import pyarrow.parquet as pq

    from healthscore_assets.lake.months import days_in, ordinal

    schema = ibis.schema(
        {"months_ago": "int64", "month": "string", "last": "date", "clients": "int64"}
    )
    rows = [
        {
            "months_ago": ordinal(months[-1]) - ordinal(month),
            "month": month,
            "last": datetime.date.fromisoformat(f"{month}-{days_in(month)}"),
            "clients": sum(
                pq.read_metadata(path).num_rows
                for path in lake.present("client_scores", month).values()
            ),
        }
        for month in months
    ]
    table = pa.Table.from_pylist(rows, schema=schema.to_pyarrow())
    return engine.arrow("alert_calendar", table, schema)


def history_of(engine: "Engine", lake: "Lake", months: list[str]) -> "History":
    """The alerts that the graph made in these months."""
    from healthscore_assets.lake.opened import open_months
    from healthscore_assets.risk.alerts.accounting import History

    states = open_months(engine, lake, "alert_states", months[-1], months)
    return History(states, calendar_of(engine, lake, months))


def marks(engine: "Engine", marked: list[dict[str, Any]]) -> "ibis.Table":
    """Alerts that people marked, as accounting takes them."""
    import ibis
    import pyarrow as pa

    key = dict.fromkeys(("client_id", "rule", "opened_month"), "string")
    schema = ibis.schema({**key, "acknowledged": "boolean", "by_hand": "boolean"})
    told = pa.Table.from_pylist(marked, schema=schema.to_pyarrow())
    return engine.arrow("alert_marks", told, schema)


def rule_tables_of(engine: "Engine", lake: "Lake", month: str) -> "RuleTables":
    """What rules read of a month."""
    from dataclasses import fields

    from healthscore_assets.lake.opened import look_back
    from healthscore_assets.risk.alerts.answers import RuleTables
    from healthscore_assets.risk.alerts.expression import HISTORY_MONTHS

    return RuleTables(
        **{
            table.name: look_back(engine, lake, table.name, month, HISTORY_MONTHS)
            for table in fields(RuleTables)
        }
    )


def decisions_of(
    engine: "Engine", lake: "Lake", months: list[str], calendar: "ibis.Table"
) -> Decisions | None:
    """Who left, from the renewals delivered; None where none were."""
    import datetime

    import ibis
    import pyarrow as pa

    from healthscore_assets.lake.months import days_in, span
    from healthscore_assets.lake.opened import open_months
    from healthscore_assets.scoring.health.feed_clients import with_clients
    from healthscore_assets.scoring.health.inputs import known_ids, newest

    told = lake.months("renewals")
    if not told:
        return None
    first = min(told[0], months[0])
    client_month, accounts, names = (
        open_months(engine, lake, table, months[-1], span(first, months[-1]))
        for table in ("client_month", "accounts", "client_names")
    )
    profile = open_months(engine, lake, "client_profile", months[-1], months)
    known = known_ids(profile, client_month, accounts)
    renewals = open_months(engine, lake, "renewals", told[-1], told)
    renewals = with_clients(engine, {"renewals": renewals}, known, names).feeds["renewals"]
    renewals = newest(renewals, ["client_id", "date", "outcome"])
    churned = renewals.filter(renewals.outcome == "churned").select("client_id", "date").distinct()
    last = datetime.date.fromisoformat(f"{told[-1]}-{days_in(told[-1])}")
    schema = ibis.schema({"until": "date"})
    until = engine.arrow(
        "decisions_until", pa.table({"until": [last]}, schema=schema.to_pyarrow()), schema
    )
    scores = open_months(engine, lake, "client_scores", months[-1], months)
    base = scores.inner_join(calendar, "months_ago").select("client_id", on="last")
    missing = sorted({*span(told[0], told[-1])} - {*told})
    return Decisions(engine.keep("who_left", churned), until, base, missing)
