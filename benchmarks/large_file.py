"""One large export, read as the graph reads it: how long it takes, and how much memory.

    python benchmarks/large_file.py --rows 5000000 --columns 60

Writes the file into a temporary folder, then reads it in a process of its own, so that the peak
memory is that of the reading.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

MONTH = "2024-05"
CLIENTS = 20_000


def write_export(path: Path, rows: int, columns: int) -> None:
    """A row per visitor; three of four cells are zero, as in real exports."""
    metrics = ", ".join(
        f"CASE WHEN random() < 0.75 THEN 0 ELSE (random() * 200)::INT END"
        f' AS "Clicks for Feature {n}"'
        for n in range(columns - 2)
    )
    duckdb.sql("SELECT setseed(0.5)")
    duckdb.sql(
        f"""
        COPY (SELECT 'visitor-' || i AS "Visitor ID", 'acct-' || i % {CLIENTS} AS "Account ID",
                     {metrics} FROM range({rows}) AS t(i))
        TO '{path}' (FORMAT CSV, HEADER)
        """
    )


def read_export(folder: Path) -> None:
    """Take the export in and write its tables; prints seconds and peak memory."""
    from healthscore_assets.contracts import CLEANED_USAGE, VISITOR_MONTH
    from healthscore_assets.contracts.rules import schema_of
    from healthscore_assets.lake.engine import Engine
    from healthscore_assets.lookups.product_areas import ProductAreas
    from healthscore_assets.pendo.cleaning.month import clean_month
    from healthscore_assets.pendo.cleaning.reconciliation import reconcile
    from healthscore_assets.pendo.inbox import deliveries
    from healthscore_assets.pendo.raw_table import raw_rows, taken_in

    started = time.monotonic()
    engine = Engine(folder / "spill")
    found = deliveries(folder / "inbox")
    files = [taken_in(row) for row in raw_rows(found, MONTH, {}, over=True).to_pylist()]
    told = time.monotonic()
    exports = [(found[0].path, file.export) for file in files]
    month = clean_month(engine, exports, MONTH, ProductAreas({}, {}), frozenset())
    usage = folder / "cleaned_usage.parquet"
    cells = engine.write(month.cleaned_usage, schema_of(CLEANED_USAGE), usage, ())
    key = list(VISITOR_MONTH.unique)
    visitors = folder / "visitor_month.parquet"
    engine.write(month.visitor_month, schema_of(VISITOR_MONTH), visitors, key)
    sums = reconcile(engine, month, usage, [file.rows for file in files])
    assert sums.agree, sums.says
    ended = time.monotonic()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{files[0].rows:,} rows, {cells:,} cells above zero: understood and counted in "
        f"{told - started:.1f} s, cleaned in {ended - told:.1f} s, peak {peak:,.0f} MiB"
    )


def main() -> None:
    """Write, then read in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--columns", type=int, default=60)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read is not None:
        read_export(arguments.read)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "inbox").mkdir()
        path = folder / "inbox" / f"usage {MONTH}.csv"
        write_export(path, arguments.rows, arguments.columns)
        print(f"{path.stat().st_size / 1e6:,.0f} MB written")
        subprocess.run([sys.executable, __file__, "--read", name], check=True)


if __name__ == "__main__":
    main()
