"""Two lakes of the same exports: what each engine wrote."""

from pathlib import Path

import pandas as pd

TOLERANCE = 1e-9


def differences(duckdb: Path, spark: Path, month: str) -> list[str]:
    """What differs in any table of a month: rows, their order, columns, types, values."""
    found = []
    tables = sorted(path.parent.name for path in duckdb.glob(f"*/month={month}"))
    others = sorted(path.parent.name for path in spark.glob(f"*/month={month}"))
    if tables != others:
        found.append(f"tables {set(tables) ^ set(others)}")
    for table in sorted({*tables} & {*others}):
        paths = [lake / table / f"month={month}" / "data.parquet" for lake in (duckdb, spark)]
        if paths[0].samefile(paths[1]):
            found.append(f"{table}: not written by the other engine")
            continue
        try:
            pd.testing.assert_frame_equal(
                *(pd.read_parquet(path, partitioning=None) for path in paths),
                rtol=TOLERANCE,
                atol=TOLERANCE,
            )
        except AssertionError as error:
            found.append(f"{table}: {error}")
    return found
