"""What went in must come out: rows and engagement of a cleaned month."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis

from healthscore_assets.contracts.quarantine import LEFT_OUT, REASONS, ROW_REASONS
from healthscore_assets.lake.engine import Engine
from healthscore_assets.pendo.cleaning.month import CleanedMonth

_SHOWN = 5


@dataclass(frozen=True)
class Reconciliation:
    """The sums of a month.

    ``numbers``: rows, and per measure the engagement in, out and quarantined; ``counts``: refused
    rows and cells by reason; ``refused`` says them in words, empty where nothing was refused;
    ``shares``: of the rows, and of each measure, what was refused; ``first_refused``: the first
    lines of the quarantine, those that speak against their file before the others.
    """

    agree: bool
    says: str
    numbers: dict[str, float]
    refused: str
    counts: dict[str, int]
    shares: dict[str, float]
    first_refused: list[dict[str, Any]]


def reconcile(
    engine: Engine, month: CleanedMonth, cleaned: Path, rows_told: list[int]
) -> Reconciliation:
    """Add up a month on both sides of the cleaning.

    Parameters: ``cleaned`` is the written `cleaned_usage`, ``rows_told`` the rows of each file as
    they were counted when it was taken in.
    """
    path = str(cleaned).replace("'", "''")
    out = _sums(engine, f"read_parquet('{path}', hive_partitioning = false)", "measure", "value")
    quarantined = _quarantined(engine, month)
    refused_rows = {
        (line["source_file"], line["source_row"]): line["reason"]
        for line in engine.rows(
            month.quarantine.filter(month.quarantine.reason.isin(ROW_REASONS))
            .select("source_file", "source_row", "reason")
            .distinct()
        )
    }
    (listed,) = engine.rows(
        month.visitor_month.aggregate(rows=month.visitor_month.listed_rows.sum().fill_null(0))
    )
    numbers: dict[str, float] = {
        "rows_in": sum(rows_told) + month.title_rows,
        "rows_listed": int(listed["rows"]),
        "rows_refused": len(refused_rows),
        "title_rows": month.title_rows,
        "total_rows": month.read.total_rows,
        "events_added_up": month.read.added_up,
    }
    delivered = numbers["rows_in"] - month.title_rows
    shares = {"share_quarantined": len(refused_rows) / delivered if delivered else 0.0}
    differences = []
    accounted = sum(numbers.values()) - numbers["rows_in"]
    if numbers["rows_in"] != accounted:
        differences.append(f"{numbers['rows_in']:g} rows in the files, {accounted:g} accounted for")
    for measure, total_in in sorted(month.read.engagement.items()):
        total_out = out.get(measure, Decimal())
        refused = quarantined.get(measure, Decimal())
        numbers |= {
            f"{measure}_in": float(total_in),
            f"{measure}_out": float(total_out),
            f"{measure}_refused": float(refused),
        }
        shares[f"share_quarantined_{measure}"] = float(refused / total_in) if total_in else 0.0
        if total_in != total_out + refused:
            differences.append(
                f"{measure}: {_plain(total_in)} in the files, {_plain(total_out)} in cleaned_usage "
                f"and {_plain(refused)} in quarantine"
            )
    counts = _refused(engine, month, Counter(refused_rows.values()))
    words = [f"{count:,} x {reason} ({REASONS[reason]})" for reason, count in counts.items()]
    return Reconciliation(
        agree=not differences,
        says="; ".join(differences) or "Rows and engagement add up.",
        numbers=numbers,
        refused="; ".join(words),
        counts=counts,
        shares=shares,
        first_refused=engine.rows(_first_refused(month.quarantine)) if counts else [],
    )


_NUMBER = """
    CASE WHEN trim(value) LIKE '%\\%' ESCAPE '\\'
         THEN TRY_CAST(rtrim(replace(trim(value), ',', ''), '%') AS DOUBLE) / 100
         ELSE TRY_CAST(replace(trim(value), ',', '') AS DOUBLE) END
"""
"""By way of a float, as the cells were read: a half in the seventh decimal rounds alike."""


def _plain(total: Decimal) -> str:
    return f"{total.normalize():,f}"


def _sums(engine: Engine, rows: str, by: str, value: str) -> dict[str, Decimal]:
    found = engine.rows(
        f"SELECT {by} AS by, sum(({value})::DECIMAL(18, 6)) AS total FROM {rows} GROUP BY ALL"
    )
    return {row["by"]: row["total"] for row in found}


def _quarantined(engine: Engine, month: CleanedMonth) -> dict[str, Decimal]:
    """Engagement of refused rows, by measure; a refused cell holds none that can be counted."""
    engine.keep("refused_rows", month.quarantine.filter(month.quarantine.reason.isin(ROW_REASONS)))
    totals: dict[str, Decimal] = {}
    found = engine.rows(
        f"""
        SELECT source_file, "column", sum(({_NUMBER})::DECIMAL(18, 6)) AS total
        FROM refused_rows GROUP BY ALL
        """
    )
    for row in found:
        measure = month.counted_in.get((row["source_file"], row["column"]))
        if measure is not None and row["total"] is not None:
            totals[measure] = totals.get(measure, Decimal()) + row["total"]
    return totals


def _first_refused(quarantine: ibis.Table) -> ibis.Table:
    left_out = quarantine.reason.isin(LEFT_OUT)
    return quarantine.order_by(left_out, "source_file", "source_row", "column").limit(_SHOWN)


def _refused(engine: Engine, month: CleanedMonth, rows: Counter[str]) -> dict[str, int]:
    """Refused rows and refused cells by reason."""
    cells = month.quarantine.filter(~month.quarantine.reason.isin(ROW_REASONS))
    counted = engine.rows(cells.group_by("reason").aggregate(lines=cells.count()))
    return dict(sorted((Counter({r["reason"]: r["lines"] for r in counted}) + rows).items()))
