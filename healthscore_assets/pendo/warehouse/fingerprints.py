"""What months of a warehouse are known by without fetching them: their rows and a hash of these."""

from collections.abc import Iterable
from typing import Any

import ibis
from pydantic import BaseModel, ConfigDict

from healthscore_assets.pendo.warehouse.connection import Connection
from healthscore_assets.pendo.warehouse.tables import Usage

_PRIME = 2_147_483_647
"""Sums of 64-bit hashes would not fit where sums have 64 bits, as in BigQuery."""

_BETWEEN, _NULL = "\x1f", "\x1e"


class Fingerprint(BaseModel):
    """Rows, and the sum of their hashes over all columns that are taken, whatever their order.

    Other rows have the same one by chance once in two billion changes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    hashes: str


def of_months(
    connection: Connection, usage: Usage, first: str, last: str
) -> dict[str, Fingerprint]:
    """The fingerprint of each month from the first to the last that has rows, in one query."""
    time, table = usage.time, usage.table.filter(usage.time.within(first, last))
    rows = table.select(month=time.month, hash=_hash(usage.columns.values()))
    found = connection.rows(rows.group_by("month").aggregate(**_told(rows)))
    months = {time.told(row["month"]): row for row in found}
    return {month: _fingerprint(months[month]) for month in sorted(months)}


def of_table(connection: Connection, table: ibis.Table) -> Fingerprint:
    """The fingerprint of a whole table."""
    rows = table.select(hash=_hash(table[name] for name in table.columns))
    (row,) = connection.rows(rows.aggregate(**_told(rows)))
    return _fingerprint(row)


def text_of_no_month(connection: Connection, usage: Usage) -> str | None:
    """What a text begins with that tells no month, where there is such a row."""
    time = usage.time
    if not time.is_text:
        return None
    others = usage.table.filter(~time.is_month & (time.month != "")).select(text=time.month)
    found = connection.rows(others.limit(1))
    return str(found[0]["text"]) if found else None


def rows_elsewhere(connection: Connection, usage: Usage, first: str, last: str) -> int:
    """How many rows have no time, or one of no month from the first to the last."""
    of_no_month = ~usage.time.within(first, last) | usage.time.column.isnull()
    elsewhere = usage.table.filter(of_no_month)
    (row,) = connection.rows(elsewhere.aggregate(rows=elsewhere.count()))
    return int(row["rows"])


def _hash(columns: Iterable[Any]) -> Any:
    texts = [column.cast("string").fill_null(_NULL) for column in columns]
    return ibis.literal(_BETWEEN).join(texts).hash() % _PRIME


def _told(rows: ibis.Table) -> dict[str, Any]:
    return {"rows": rows.count(), "hashes": rows.hash.sum().cast("string")}


def _fingerprint(row: dict[str, Any]) -> Fingerprint:
    return Fingerprint(rows=row["rows"], hashes=row["hashes"] or "")
