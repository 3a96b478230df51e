"""A month of an inbox on DuckDB and on Spark, from the archived bytes on.

on_both(spark, inbox)   # -> (Month, Month): every table as rows in the order of their keys
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import pytest
from tables import engine

from healthscore_assets.contracts import CLEANED_USAGE
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.spark.engine import SparkEngine
from healthscore_assets.lookups.product_areas import ProductAreas
from healthscore_assets.pendo.archived import archive, archived
from healthscore_assets.pendo.cleaning.file_sums import FileSums
from healthscore_assets.pendo.cleaning.identities import NOTHING_KNOWN, Identities
from healthscore_assets.pendo.cleaning.month import CleanedMonth, clean_month, tidied
from healthscore_assets.pendo.cleaning.read_by_spark import read_month
from healthscore_assets.pendo.cleaning.reconciliation import Reconciliation, add_up, reconcile
from healthscore_assets.pendo.cleaning.usage import named
from healthscore_assets.pendo.inbox import deliveries
from healthscore_assets.pendo.of_month import of_month
from healthscore_assets.pendo.raw_table import TakenIn, raw_rows, taken_in

MONTH = "2024-05"
VENDOR = frozenset({"vendor.example"})
KEYS = {
    "cleaned_usage": ("client_id", "visitor_id", "audience", "feature", "measure", "value"),
    "visitor_month": (
        *("client_id", "visitor_id", "audience"),
        *("listed_rows", "days_active", "minutes"),
    ),
    "quarantine": ("source_file", "source_row", "column", "value", "reason"),
    "client_names": ("client_id", "client_name"),
    "visitor_activity": ("client_id", "visitor_id", "last_active_day"),
    "feature_areas": ("feature", "area"),
}


@dataclass
class Lookups:
    areas: ProductAreas = ProductAreas({}, {})  # noqa: RUF009
    known: Identities = NOTHING_KNOWN
    largest_share: float = 1.0


@dataclass
class Month:
    """Tables by name, what was read, its features, visitors listed as both, and the sums."""

    tables: dict[str, list[tuple[Any, ...]]]
    read: FileSums
    features: list[str]
    listed_as_both: int
    sums: Reconciliation


def on_both(
    spark: SparkEngine, inbox: Path, given: Lookups | None = None, *, events_at_once: int = 3
) -> tuple[Month, Month]:
    """The month on DuckDB, and on Spark, which has the bytes from the lake alone."""
    given = given or Lookups()
    lake, files = taken(inbox)
    return on_duckdb(lake, files, given), on_spark(spark, lake, files, given, events_at_once)


def taken(inbox: Path) -> tuple[Lake, list[TakenIn]]:
    """The files of the month, archived."""
    lake = Lake.at(inbox.parent / "lake")
    found = of_month(deliveries(inbox), MONTH)
    problems = [each.problem.line() for each in [*deliveries(inbox), *found] if each.problem]
    assert problems == []
    for delivery in found:
        archive(lake, delivery)
    rows = raw_rows(found, MONTH, {}, over=True).to_pylist()
    return lake, [taken_in(row) for row in rows]


def on_duckdb(lake: Lake, files: list[TakenIn], given: Lookups) -> Month:
    exports = [archived(lake, file) for file in files]
    share = given.largest_share
    month = clean_month(engine(), exports, MONTH, given.areas, VENDOR, given.known, share)
    written = Path(lake.location) / "usage.parquet"
    engine().write(month.cleaned_usage, schema_of(CLEANED_USAGE), written, ())
    sums = reconcile(engine(), month, written, [file.rows for file in files])
    return _month(engine(), month, sums)


def on_spark(
    spark: SparkEngine, lake: Lake, files: list[TakenIn], given: Lookups, events_at_once: int = 3
) -> Month:
    share = given.largest_share
    of_lake = (lake.location, files, MONTH, given.areas, given.known, share, events_at_once)
    month = tidied(spark, read_month(spark, *of_lake), given.areas, VENDOR, named)
    sums = add_up(spark, month, month.cleaned_usage, [file.rows for file in files])
    return _month(spark, month, sums)


def _month(on: Any, month: CleanedMonth, sums: Reconciliation) -> Month:
    tables = {name: _rows(on, getattr(month, name), name) for name in KEYS}
    return Month(tables, month.read, month.features, month.listed_as_both, sums)


def _rows(on: Any, table: ibis.Table, name: str) -> list[tuple[Any, ...]]:
    found = (tuple(row[key] for key in KEYS[name]) for row in on.rows(table))
    return sorted(found, key=lambda row: [(cell is None, str(cell)) for cell in row])


def same(duckdb: Month, spark: Month) -> None:
    """Every table of both holds the same rows, numbers to 1e-9."""
    for name in KEYS:
        assert spark.tables[name] == [_close(row) for row in duckdb.tables[name]], name
    assert spark.read == duckdb.read
    assert spark.features == duckdb.features
    assert spark.listed_as_both == duckdb.listed_as_both
    assert duckdb.sums.agree, duckdb.sums.says
    assert vars(spark.sums) == vars(duckdb.sums) | {
        "numbers": pytest.approx(duckdb.sums.numbers, rel=0, abs=1e-9),
        "shares": pytest.approx(duckdb.sums.shares, rel=0, abs=1e-9),
    }


def _close(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(
        pytest.approx(cell, rel=0, abs=1e-9) if isinstance(cell, float) else cell for cell in row
    )
