"""Two lakes of the same exports: what each engine wrote."""

from pathlib import Path

import pandas as pd

TOLERANCE = 1e-9
OF_USAGE = {"cleaned_usage", "client_month", "index_scores", "momentum", "client_scores"}
"""What there is of every month with exports."""


def differences(duckdb: Path, spark: Path, month: str) -> list[str]:
    """What differs in any file of a month: rows, their order, columns, types, values."""
    files, others = (
        {
            path.relative_to(lake)
            for pattern in (f"*/month={month}/*", f"*_csv/{month}.csv")
            for path in lake.glob(pattern)
        }
        for lake in (duckdb, spark)
    )
    found = [f"{path}: of one engine only" for path in sorted(files ^ others)]
    if not {path.parts[0] for path in files} >= OF_USAGE:
        found.append(f"{month}: not made")
    for path in sorted(files & others):
        if (duckdb / path).samefile(spark / path):
            found.append(f"{path}: not written by the other engine")
            continue
        try:
            pd.testing.assert_frame_equal(
                _read(duckdb / path), _read(spark / path), rtol=TOLERANCE, atol=TOLERANCE
            )
        except AssertionError as error:
            found.append(f"{path}: {error}")
    return found


def _read(path: Path) -> pd.DataFrame:
    if path.suffix == ".csv":
        return pd.read_csv(path)
    return pd.read_parquet(path, partitioning=None)
