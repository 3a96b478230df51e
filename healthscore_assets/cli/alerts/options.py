"""Options of the commands about alerts, and the ledger they work on."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from healthscore_assets.cli.options import complain, end

if TYPE_CHECKING:
    from healthscore_assets.orchestration.workplace import Workplace
    from healthscore_assets.risk.ledger.ledger import Ledger

LedgerPlace = Annotated[
    str,
    typer.Option(
        "--ledger",
        envvar="HEALTHSCORE_LEDGER",
        help="File of what people marked, or postgresql://...; default: in DAGSTER_HOME.",
        rich_help_panel="Where things are",
        show_default=False,
    ),
]
Alert = Annotated[str, typer.Argument(help="Id of the alert, or the first characters of it.")]


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


FormatOption = Annotated[
    Format, typer.Option("--format", help="table for reading, csv and json in full.")
]


class Tier(StrEnum):
    """How strong an alert is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@contextmanager
def ledger_at_work(workplace: "Workplace", place: str) -> "Iterator[Ledger]":
    """The ledger, brought to the newest month of the lake.

    Ends the command where it cannot be used, and where no month has alerts yet.
    """
    from healthscore_assets.lake.engine import Engine
    from healthscore_assets.orchestration.instance import open_instance
    from healthscore_assets.orchestration.ledger import catch_up, ledger_of
    from healthscore_assets.risk.ledger.refused import LedgerRefused
    from healthscore_assets.risk.ledger.unavailable import LedgerUnavailable

    try:
        with open_instance() as instance, ledger_of(instance, place) as ledger:
            engine = Engine()
            catch_up(workplace.lake, engine, ledger, datetime.now(UTC))
            engine.close()
            if ledger.newest_month is None:
                end(f"{workplace.lake.location}: no month has alerts yet; run: healthscore run")
            yield ledger
    except (LedgerRefused, LedgerUnavailable) as failed:
        complain([str(failed)])
        raise typer.Exit(1) from None


def today() -> date:
    """In UTC, as all times of the ledger are."""
    return datetime.now(UTC).date()
