"""The components of the dimension financial (SCORING.md section 5)."""

import datetime

import ibis

from healthscore_assets.lake.expressions import trimmed
from healthscore_assets.scoring.health.inputs import HealthInputs, newest

_NEVER_OWED = ("draft", "void", "voided")
"""What the status of an invoice says that nobody has to pay."""


def owed(invoices: ibis.Table) -> ibis.Value:
    """Whether invoices are to be paid, or were: not those that are drafts or void."""
    return trimmed(invoices.status.lower()).notin(_NEVER_OWED).fill_null(True)


def overdue(invoices: ibis.Table, last: ibis.Value | datetime.date) -> ibis.Value:
    """Whether invoices were to be paid before the ``last`` day, and are not.

    Credit notes are nobody's debt, and some files say that an invoice is paid, but not when.
    """
    said_paid = (trimmed(invoices.status.lower()) == "paid").fill_null(False)
    is_due = (invoices.due < last) & (invoices.amount > 0)
    return (owed(invoices) & is_due & invoices.paid.isnull() & ~said_paid).fill_null(False)


def money_values(inputs: HealthInputs, profile: ibis.Table) -> ibis.Table:
    """Change of ARR over a year, share of invoices paid in time, expansion. Grain: client."""
    due = newest(inputs.invoices, ["invoice_id"]).cross_join(inputs.at)
    due = due.filter((due.due > due.a_year_ago) & (due.due <= due["last"]) & owed(due))
    in_time = (due.paid <= due.due).fill_null(False)
    paid = due.group_by("client_id").aggregate(payment=in_time.cast("float64").mean())
    grown = newest(inputs.renewals, ["client_id", "date", "outcome"]).cross_join(inputs.at)
    grown = grown.filter((grown.outcome == "expanded") & (grown.date > grown.a_year_ago))
    grown = grown.group_by("client_id").aggregate(expansions=grown.count())
    rows = profile.select("client_id", "arr", "arr_a_year_ago")
    for more in (paid, grown):
        rows = rows.left_join(more, "client_id").drop("client_id_right")
    none = ibis.null("float64")
    expanded = (rows.expansions.fill_null(0) > 0).cast("float64")
    return rows.select(
        "client_id",
        arr_trend=rows.arr / rows.arr_a_year_ago.nullif(0) - 1,
        payment=rows.payment if "invoices" in inputs.delivered else none,
        expansion=expanded if "renewals" in inputs.delivered else none,
    )
