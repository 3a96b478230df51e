"""The rows of a feed's file as they were known at the end of each month."""

import datetime
import functools
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from healthscore_assets.signals.feeds import REGISTER_LASTS_DAYS, Feed

_SPREAD = 2**62


@dataclass(frozen=True)
class Exploded:
    """How many rows can be used; by month how many count, and a hash of them in whatever order.

    ``beyond`` are the rows, and their days, that are later than the month of the file itself.
    """

    rows: int
    months: dict[str, tuple[int, str]]
    beyond: pa.Table


def by_month(typed: Path, target: Path, feed: Feed, as_of: datetime.date) -> Exploded:
    """Write each row once for every month that it counts in, as it was at that month's end.

    A row counts in the months of its days (``feed.counted_on``), from the one on in which it began
    and up to that of ``as_of``; what is only known from a later day on is null. A register's row
    counts in the months at whose end it is at most `REGISTER_LASTS_DAYS` days old; without a day it
    is of ``as_of``. Parameters: ``typed`` is a Parquet file of the feed's columns, ``target`` is
    written: the columns and ``month``, in its order.
    """
    with _database(target.parent).cursor() as con:
        con.execute(f"CREATE TEMP VIEW typed AS FROM read_parquet('{_quoted(typed)}')")
        known = _register(feed, as_of) if feed.register else _dated(feed, as_of)
        con.execute(f"CREATE TEMP TABLE known AS {known} ORDER BY month, source_row")
        con.execute(f"COPY known TO '{_quoted(target)}' (FORMAT PARQUET, COMPRESSION ZSTD)")
        told = ", ".join(f'"{name}"' for name in feed.columns if name != "source_row")
        months = con.execute(
            f"SELECT month, count(*), (sum(hash({told})::HUGEINT) % {_SPREAD})::VARCHAR"
            " FROM known GROUP BY month ORDER BY month"
        ).fetchall()
        (rows,) = con.execute("SELECT count(*) FROM typed").fetchone() or (0,)
        beyond = con.execute(
            f"SELECT source_row, {feed.begins} AS day FROM typed"
            f" WHERE {feed.begins} > last_day(DATE '{as_of}') ORDER BY source_row"
        ).to_arrow_table()
    found = {month: (count, hashed) for month, count, hashed in months}
    return Exploded(rows - beyond.num_rows, found, beyond)


@functools.lru_cache(maxsize=1)
def _database(spill: Path) -> duckdb.DuckDBPyConnection:
    """One for all files: to open one takes longer than to read a small file."""
    con = duckdb.connect()
    con.execute("SET memory_limit = '768MB'")
    con.execute(f"SET temp_directory = '{_quoted(spill)}'")
    return con


def _dated(feed: Feed, as_of: datetime.date) -> str:
    days = ", ".join(f"last_day({name})" for name in feed.counted_on)
    replaced = []
    for end, later in feed.ends:
        replaced.append(f"CASE WHEN {end} <= month_end THEN {end} END AS {end}")
        # Where no such day is told they are taken to be known from the beginning.
        known = f"coalesce({end} <= month_end, true)"
        replaced += [f"CASE WHEN {known} THEN {name} END AS {name}" for name in later]
    clipped = f" REPLACE ({', '.join(replaced)})" if replaced else ""
    return (
        f"SELECT * EXCLUDE (month_end){clipped}, strftime(month_end, '%Y-%m') AS month FROM "
        f"(SELECT *, unnest(list_distinct([{days}])) AS month_end FROM typed)"
        f" WHERE {feed.begins} <= month_end AND month_end <= last_day(DATE '{as_of}')"
    )


def _register(feed: Feed, as_of: datetime.date) -> str:
    day = f"coalesce({feed.begins}, DATE '{as_of}')"
    # A snapshot can be in force at the end of its month and of the next: 45 days reach no third.
    return (
        f"SELECT * EXCLUDE (month_end), strftime(month_end, '%Y-%m') AS month FROM"
        f" (SELECT * REPLACE ({day} AS {feed.begins}), unnest([last_day({day}),"
        f" last_day(last_day({day}) + 1)]) AS month_end FROM typed)"
        f" WHERE month_end - {feed.begins} <= {REGISTER_LASTS_DAYS}"
        f" AND {feed.begins} <= last_day(DATE '{as_of}')"
    )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
