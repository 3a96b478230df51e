"""One large export, read as the graph reads it: how long it takes, and how much memory.

    python -m benchmarks.inputs.large_file --rows 5000000 --columns 60

Writes the file into a temporary folder, then reads it in a process of its own, so that the peak
memory is that of the reading. Ends with status 1 where that is 2 GB or more.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import duckdb

from benchmarks.inputs.reading import INBOX, MONTH, TOLD
from benchmarks.measuring import measure_module

PEAK_BYTES = 2 * 10**9
"""What reading must stay below, however large the file."""

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


def large_file(folder: Path, rows: int, columns: int) -> int:
    """Write and read; prints a line for each. Bytes at the peak of the reading. Raises Failed."""
    (folder / INBOX).mkdir()
    path = folder / INBOX / f"usage {MONTH}.csv"
    write_export(path, rows, columns)
    print(f"{path.stat().st_size / 1e6:,.0f} MB written")
    cost = measure_module("benchmarks.inputs.reading", folder)
    told = json.loads((folder / TOLD).read_text())
    print(
        f"{told['rows']:,} rows, {told['cells']:,} cells above zero: understood and counted in"
        f" {told['understood']:.1f} s, cleaned in {told['cleaned']:.1f} s, peak"
        f" {cost.peak_bytes / 2**20:,.0f} MiB"
    )
    return cost.peak_bytes


def main() -> None:
    """Read the command line, hold the peak against the limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--columns", type=int, default=60)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        peak = large_file(Path(name), arguments.rows, arguments.columns)
    if peak >= PEAK_BYTES:
        sys.exit(f"Reading took {peak / 1e9:.2f} GB; it must stay below {PEAK_BYTES / 1e9:.0f} GB.")


if __name__ == "__main__":
    main()
