"""What went in must come out: rows and engagement of a cleaned month."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis

from healthscore_assets.contracts import CLEANED_USAGE
from healthscore_assets.contracts.quarantine import LEFT_OUT, REASONS, ROW_REASONS
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lake.computes import Computes
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
    engine: Computes, month: CleanedMonth, cleaned: Path, rows_told: list[int]
) -> Reconciliation:
    """Add up a month on both sides of the cleaning.

    Parameters: ``cleaned`` is the written `cleaned_usage`, ``rows_told`` the rows of each file as
    they were counted when it was taken in.
    """
    written = engine.months("usage_written", {0: cleaned}, schema_of(CLEANED_USAGE))
    return add_up(engine, month, written, rows_told)


def add_up(
    engine: Computes, month: CleanedMonth, cleaned_usage: ibis.Table, rows_told: list[int]
) -> Reconciliation:
    """The same with `cleaned_usage` on any engine."""
    out = {row["measure"]: row["total"] for row in engine.rows(_by_measure(cleaned_usage))}
    quarantined = _quarantined(engine, month)
    refused = {row["reason"]: row["rows"] for row in engine.rows(_refused_rows(month.quarantine))}
    rows_refused = sum(refused.values())
    (listed,) = engine.rows(
        month.visitor_month.aggregate(rows=month.visitor_month.listed_rows.sum().fill_null(0))
    )
    numbers: dict[str, float] = {
        "rows_in": sum(rows_told) + month.title_rows,
        "rows_listed": int(listed["rows"]),
        "rows_refused": rows_refused,
        "title_rows": month.title_rows,
        "total_rows": month.read.total_rows,
        "events_added_up": month.read.added_up,
    }
    delivered = numbers["rows_in"] - month.title_rows
    shares = {"share_quarantined": rows_refused / delivered if delivered else 0.0}
    differences = []
    accounted = sum(numbers.values()) - numbers["rows_in"]
    if numbers["rows_in"] != accounted:
        differences.append(f"{numbers['rows_in']:g} rows in the files, {accounted:g} accounted for")
    for measure, total_in in sorted(month.read.engagement.items()):
        total_out = out.get(measure, Decimal())
        held = quarantined.get(measure, Decimal())
        numbers |= {
            f"{measure}_in": float(total_in),
            f"{measure}_out": float(total_out),
            f"{measure}_refused": float(held),
        }
        shares[f"share_quarantined_{measure}"] = float(held / total_in) if total_in else 0.0
        if total_in != total_out + held:
            differences.append(
                f"{measure}: {_plain(total_in)} in the files, {_plain(total_out)} in cleaned_usage "
                f"and {_plain(held)} in quarantine"
            )
    cells = {row["reason"]: row["cells"] for row in engine.rows(_refused_cells(month.quarantine))}
    counts = dict(sorted((refused | cells).items()))
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


def _plain(total: Decimal) -> str:
    return f"{total.normalize():,f}"


def _by_measure(cleaned_usage: ibis.Table) -> ibis.Table:
    return cleaned_usage.group_by("measure").aggregate(total=_exact(cleaned_usage.value))


def _exact(value: ibis.Value) -> ibis.Value:
    return value.cast("decimal(18, 6)").sum()


def _number(cell: ibis.Value) -> ibis.Value:
    """By way of a float, as the cells were read: a half in the seventh decimal rounds alike."""
    plain = cell.re_replace(r"^\s+|\s+$|,", "")
    number = plain.re_replace("%$", "").try_cast("float64")
    return ibis.ifelse(plain.endswith("%"), number / 100, number)


def _quarantined(engine: Computes, month: CleanedMonth) -> dict[str, Decimal]:
    """Engagement of refused rows, by measure; a refused cell holds none that can be counted."""
    rows = month.quarantine.filter(month.quarantine.reason.isin(ROW_REASONS))
    by_column = rows.group_by("source_file", "column").aggregate(total=_exact(_number(rows.value)))
    totals: dict[str, Decimal] = {}
    for row in engine.rows(by_column):
        measure = month.counted_in.get((row["source_file"], row["column"]))
        if measure is not None and row["total"] is not None:
            totals[measure] = totals.get(measure, Decimal()) + row["total"]
    return totals


def _first_refused(quarantine: ibis.Table) -> ibis.Table:
    left_out = quarantine.reason.isin(LEFT_OUT)
    return quarantine.order_by(left_out, "source_file", "source_row", "column").limit(_SHOWN)


def _refused_rows(quarantine: ibis.Table) -> ibis.Table:
    """How many rows each reason refuses: one refuses a row."""
    rows = quarantine.filter(quarantine.reason.isin(ROW_REASONS))
    rows = rows.select("source_file", "source_row", "reason").distinct()
    return rows.group_by("reason").aggregate(rows=rows.count())


def _refused_cells(quarantine: ibis.Table) -> ibis.Table:
    cells = quarantine.filter(~quarantine.reason.isin(ROW_REASONS))
    return cells.group_by("reason").aggregate(cells=cells.count())
