"""Whether two programs came to the same numbers: nothing is timed that did not.

The numbers are the six index scores of SCORING.md, of each client of the base, in every month.
"""

from pathlib import Path

import duckdb

SCORES = (
    "total_all",
    "total_external",
    "total_internal",
    "per_user_all",
    "per_user_external",
    "per_user_internal",
)

TOLERANCE = 1e-9


def differences(ours: str | Path, theirs: str | Path) -> list[str]:
    """What differs between the index scores of two programs, a line each; none if they agree.

    Parameters: names or patterns of Parquet files with ``month``, ``client_id`` and the scores,
    the month in the folder's name or in a column. A score that only one of them has differs, and
    so does a client or a month.
    """
    both = (
        f"{_scores(ours)} AS ours FULL JOIN {_scores(theirs)} AS theirs"
        " ON ours.month = theirs.month AND ours.client_id = theirs.client_id"
    )
    con = duckdb.connect()
    lines = []
    missing = con.execute(
        f"""
        SELECT count(*) FILTER (theirs.client_id IS NULL),
               count(*) FILTER (ours.client_id IS NULL), count(*)
        FROM {both}
        """
    ).fetchone()
    assert missing is not None
    if not missing[2]:
        return ["there are no scores"]
    if missing[0] or missing[1]:
        lines.append(f"{missing[0]} clients and months are missing, {missing[1]} are too many")
    for name in SCORES:
        found = con.execute(
            f"""
            SELECT count(*), any_value(ours.month), any_value(ours.client_id),
                   max(abs(ours.{name} - theirs.{name}))
            FROM {both}
            WHERE ours.{name} IS DISTINCT FROM theirs.{name}
              AND (abs(ours.{name} - theirs.{name}) > {TOLERANCE}
                   OR (ours.{name} IS NULL) <> (theirs.{name} IS NULL)
                   OR isnan(ours.{name}) OR isnan(theirs.{name}))
              AND ours.client_id IS NOT NULL AND theirs.client_id IS NOT NULL
            """
        ).fetchone()
        assert found is not None
        if found[0]:
            lines.append(
                f"{name}: {found[0]} differ, as in {found[1]} of {found[2]}; by at most {found[3]}"
            )
    return lines


def _scores(files: str | Path) -> str:
    columns = ", ".join(f"{name}::DOUBLE AS {name}" for name in SCORES)
    return (
        f"(SELECT month::VARCHAR AS month, client_id, {columns} FROM read_parquet('{files}',"
        " hive_partitioning = true, hive_types_autocast = false))"
    )
