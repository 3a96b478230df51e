"""Months of tables, opened by their contracts."""

from collections.abc import Iterable

import ibis

from healthscore_assets.contracts import CONTRACTS
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.months import ordinal, shift, span


def open_month(engine: Computes, lake: Lake, table: str, month: str) -> ibis.Table:
    """One month of a table; without rows where it is not there."""
    return open_months(engine, lake, table, month, [month])


def look_back(engine: Computes, lake: Lake, table: str, month: str, back: int) -> ibis.Table:
    """A month of a table and as many before it, as far as they are there."""
    return open_months(engine, lake, table, month, span(shift(month, -back), month))


def open_months(
    engine: Computes, lake: Lake, table: str, month: str, months: Iterable[str]
) -> ibis.Table:
    """Months of a table, told apart by ``months_ago``, counted back from one of them."""
    files = {
        ordinal(month) - ordinal(each): path
        for each in months
        for path in lake.present(table, each).values()
    }
    return engine.months(table, files, schema_of(CONTRACTS[table]))
