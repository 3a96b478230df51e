"""What composite health reads, and the months of it that count."""

import datetime
from dataclasses import dataclass
from functools import lru_cache

import ibis
import pyarrow as pa

from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lake.months import days_in

RECENT_MONTHS = 3
"""Months whose features and visitors are held against the month's, itself counted."""

KNOWN_MONTHS = 6
"""Months in which a visitor that was listed is known."""

YEAR = 12
"""Months that anything from the last year may be in."""

TERMS_MONTHS = 3
"""How long before it is due an invoice may have been issued."""


@dataclass(frozen=True)
class HealthInputs:
    """Tables of the month at hand and of those before it, told apart by ``months_ago``.

    ``client_feature_month`` and ``area_engagement`` of `RECENT_MONTHS`, ``visitor_month`` of
    `KNOWN_MONTHS`, ``accounts`` of the month and the one a year before, other feeds as far back as
    their windows reach.
    ``feature_areas`` of `RECENT_MONTHS`, None where Pendo tells none. ``product_areas`` has
    ``feature_key``, ``area`` and ``tier``; ``at`` is `month_at_hand`.
    ``delivered`` names the feeds that tell of the month.
    """

    index_scores: ibis.Table
    client_month: ibis.Table
    client_feature_month: ibis.Table
    area_engagement: ibis.Table
    visitor_month: ibis.Table
    accounts: ibis.Table
    support_tickets: ibis.Table
    surveys: ibis.Table
    invoices: ibis.Table
    touchpoints: ibis.Table
    renewals: ibis.Table
    product_areas: ibis.Table
    at: ibis.Table
    delivered: frozenset[str]
    feature_areas: ibis.Table | None = None


def month_at_hand(engine: Computes, month: str) -> ibis.Table:
    """One row: the ``last`` day of the month, how many ``days`` it has, the end ``a_year_ago``.

    As a table, so that every month is the same expression.
    """
    last = datetime.date.fromisoformat(f"{month}-{days_in(month)}")
    before = f"{last.year - 1}{month[4:]}"
    a_year_ago = datetime.date.fromisoformat(f"{before}-{days_in(before)}")
    schema = ibis.schema({"last": "date", "days": "int64", "a_year_ago": "date"})
    row = {"last": [last], "days": [last.day], "a_year_ago": [a_year_ago]}
    return engine.arrow("month_at_hand", pa.table(row, schema=schema.to_pyarrow()), schema)


@lru_cache(maxsize=EXPRESSIONS)
def known_ids(base: ibis.Table, client_month: ibis.Table, accounts: ibis.Table) -> ibis.Table:
    """Clients of the base, of usage in the months at hand, of the register in this. Grain: client.

    Parameters: ``base`` is any table of the base with ``months_ago``.
    """
    ids = client_month.select("client_id")
    for more in (of_month(base), of_month(accounts)):
        ids = ids.union(more.select("client_id"))
    return ids.distinct()


def newest(rows: ibis.Table, key: list[str]) -> ibis.Table:
    """Of several months that tell of the same thing the latest."""
    version = ibis.row_number().over(ibis.window(group_by=key, order_by="months_ago"))
    return rows.mutate(version=version).filter(ibis._.version == 0).drop("version")


@lru_cache(maxsize=EXPRESSIONS)
def of_month(table: ibis.Table) -> ibis.Table:
    """The rows of the month at hand: the same object for the same table, as `EXPRESSIONS` are."""
    return table.filter(table.months_ago == 0).drop("months_ago")
