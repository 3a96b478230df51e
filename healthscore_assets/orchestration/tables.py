"""Months of tables as a run loads them, and as it puts them in their places.

There is no I/O manager: each output of one, and each input, is one or two more events of every run.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import dagster as dg
import ibis

from healthscore_assets.contracts import CONTRACTS
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lake.months import ordinal
from healthscore_assets.orchestration.publish import Published, Staged
from healthscore_assets.orchestration.workplace import Workplace

Materialized = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]
"""What Dagster is told of a stage: the tables in their places, and how every check went."""


def months_of(workplace: Workplace, table: str, at: str, months: Iterable[str]) -> ibis.Table:
    """Months of a table as a run of the month ``at`` reads them.

    A month that was never delivered is absent; with none there is an empty table.
    """
    here = ordinal(at)
    files = {
        here - ordinal(month): path
        for month in months
        for path in workplace.lake.present(table, month).values()
    }
    return workplace.engine.months(table, files, schema_of(CONTRACTS[table]))


def promoted(workplace: Workplace, month: str, published: Published) -> Materialized:
    """Put what a stage yields in its place, and tell Dagster so."""
    for each in published:
        if isinstance(each, Staged):
            for file in each.files:
                workplace.lake.promote(file, each.table, month)
            yield dg.MaterializeResult(
                asset_key=each.table,
                metadata=each.metadata,
                data_version=dg.DataVersion(each.version),
            )
        else:
            yield each
