"""Usage from a warehouse: the inbox brought up to date, by a command or by the clock."""

from collections.abc import Callable

import dagster as dg

from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.lookups.secrets import SecretMissing
from healthscore_assets.lookups.sources_settings import read_sources_settings
from healthscore_assets.orchestration.outbox import secrets_of_environment
from healthscore_assets.orchestration.plan import known_span
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.pendo.warehouse.failed import WarehouseFailed
from healthscore_assets.pendo.warehouse.refresh import Order, refresh
from healthscore_assets.pendo.warehouse.report import File, Report


def has_warehouse(workplace: Workplace) -> bool:
    """Whether usage is taken from one. Raises LookupRefused for settings that cannot be used."""
    return read_sources_settings(workplace.sources_file).source == "warehouse"


def refresh_inbox(
    workplace: Workplace,
    months: tuple[str, ...] | None = None,
    tell: Callable[[File], None] = lambda _: None,
) -> Report:
    """Take from the warehouse what changed, or some months whatever changed.

    Raises WarehouseFailed where it cannot be read, and LookupRefused for settings.
    """
    warehouse = read_sources_settings(workplace.sources_file).warehouse
    if warehouse is None:
        raise WarehouseFailed(f"{workplace.sources_file}: has no section warehouse; add one")
    try:
        url = secrets_of_environment()[warehouse.connection]
    except SecretMissing as missing:
        raise WarehouseFailed(f"warehouse: {missing}") from None
    first, last = known_span()
    vocabulary = workplace.reading().vocabulary
    spill = workplace.lake.spill_folder()
    return refresh(
        Order(warehouse, url, workplace.inbox, vocabulary, first, last, spill, months), tell
    )


@dg.op(
    description="Takes months from the warehouse whose rows changed; the inbox sensor runs them."
)
def take_from_warehouse(context: dg.OpExecutionContext, workplace: Workplace) -> None:
    """Fails with one line where the warehouse cannot be read; what was fetched stays."""
    try:
        report = refresh_inbox(workplace, tell=lambda file: context.log.info(file.line()))
    except (WarehouseFailed, LookupRefused) as failed:
        raise dg.Failure(str(failed), allow_retries=False) from None
    context.log.info(report.line())
    context.add_output_metadata(
        {
            "fetched": sum(file.changed for file in report.files),
            "rows": sum(file.rows for file in report.files),
            "as_before": report.kept,
            "taken_away": len(report.gone),
            "rows_left_out": report.elsewhere,
        }
    )
    if report.twice:
        raise dg.Failure("; ".join(report.problems().values()), allow_retries=False)


@dg.job(description="Brings the inbox up to date with the warehouse of lookups/sources.yaml.")
def warehouse_refresh() -> None:
    """One op; it changes no table."""
    take_from_warehouse()
