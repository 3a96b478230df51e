"""The rows of a feed's file as they were known at the end of each month."""

import datetime
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from healthscore_assets.signals.feeds import REGISTER_LASTS_DAYS, Feed

_SPREAD = 2**62


@dataclass(frozen=True)
class Exploded:
    """How many rows can be used, and by month a hash of its rows, whatever their order.

    ``beyond`` are the rows, and their days, that are later than the month of the file itself.
    """

    rows: int
    hashes: dict[str, str]
    beyond: pa.Table


def by_month(typed: Path, target: Path, feed: Feed, as_of: datetime.date) -> Exploded:
    """Write each row once for every month that it counts in, as it was at that month's end.

    A row counts in the months of its days (``feed.counted_on``), from the one on in which it began
    and up to that of ``as_of``; what is only known from a later day on is null. A register's row
    counts in the months at whose end it is at most `REGISTER_LASTS_DAYS` days old; without a day it
    is of ``as_of``. Parameters: ``typed`` is a Parquet file of the feed's columns, ``target`` is
    written: the columns and ``month``, in its order.
    """
    with duckdb.connect() as con:
        con.execute("SET memory_limit = '768MB'")
        con.execute(f"CREATE VIEW typed AS FROM read_parquet('{_quoted(typed)}')")
        known = _register(feed, as_of) if feed.register else _dated(feed, as_of)
        names = [row[0] for row in con.execute(f"DESCRIBE {known}").fetchall()]
        con.execute(
            f"COPY ({known} ORDER BY month, source_row) TO '{_quoted(target)}' "
            "(FORMAT PARQUET, COMPRESSION ZSTD)"
        )
        told = ", ".join(f'"{name}"' for name in names if name not in ("source_row", "month"))
        hashes = con.execute(
            f"SELECT month, printf('%d-%d', count(*), sum(hash({told})::HUGEINT) % {_SPREAD})"
            f" FROM read_parquet('{_quoted(target)}') GROUP BY month ORDER BY month"
        ).fetchall()
        (rows,) = con.execute("SELECT count(*) FROM typed").fetchone() or (0,)
        beyond = con.execute(
            f"SELECT source_row, {feed.begins} AS day FROM typed"
            f" WHERE {feed.begins} > last_day(DATE '{as_of}') ORDER BY source_row"
        ).to_arrow_table()
    return Exploded(rows - beyond.num_rows, dict(hashes), beyond)


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
    )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
