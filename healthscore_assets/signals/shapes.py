"""The rows of each feed as its table has them."""

from collections.abc import Callable

import ibis

from healthscore_assets.lake.months import days_in


def accounts(rows: ibis.Table, month: str) -> ibis.Table:
    """With what the days of the contract say of the month."""
    first, last = ibis.date(f"{month}-01"), ibis.date(f"{month}-{days_in(month)}")
    contract = ibis.cases(
        (rows.contract_end < first, "ended"),
        (rows.contract_start > last, "to_come"),
        else_="running",
    )
    churned = (rows.contract_end <= last).fill_null(False)
    return rows.mutate(contract=contract, churned=churned)


def surveys(rows: ibis.Table, month: str) -> ibis.Table:  # noqa: ARG001
    """A row per score: one of its own column is of that kind, others are NPS unless they say.

    Of a score that is told twice the one in its own column counts.
    """
    plain = rows.drop("nps", "csat", "score", "kind")

    def of(score: ibis.Value, kind: ibis.Value) -> ibis.Table:
        found = rows.mutate(told=score, asked=kind)
        found = found.filter(found.told.notnull())
        return found.select(*plain.columns, score="told", kind="asked")

    kind = rows.kind.fill_null("nps")
    own = ibis.ifelse(kind == "nps", rows.nps, rows.csat)
    return (
        of(ibis.ifelse(own.isnull(), rows.score, None), kind)
        .union(of(rows.nps, ibis.literal("nps")))
        .union(of(rows.csat, ibis.literal("csat")))
    )


_SHAPES: dict[str, Callable[[ibis.Table, str], ibis.Table]] = {
    "accounts": accounts,
    "surveys": surveys,
}


def shaped(feed: str, rows: ibis.Table, month: str) -> ibis.Table:
    """The rows of a feed with the columns of its table."""
    shape = _SHAPES.get(feed)
    return rows if shape is None else shape(rows, month)
