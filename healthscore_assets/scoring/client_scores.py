"""The analysis-ready table: one row per client with everything on it."""

from functools import lru_cache

import ibis

from healthscore_assets.lake.engine import EXPRESSIONS

FORMULA = r"^[=+\-@\t\r]"
"""Text that a spreadsheet would run."""


@lru_cache(maxsize=EXPRESSIONS)
def client_scores(
    index_scores: ibis.Table,
    momentum: ibis.Table,
    client_names: ibis.Table,
    accounts: ibis.Table,
    *,
    partial: bool,
) -> ibis.Table:
    """Names, scores and momentum side by side.

    Parameters: one month of ``index_scores`` and ``momentum``; ``client_names`` of the month and
    of those before it in which a client of the base may have been listed last; ``accounts`` of the
    same months, whose names go before those of exports.
    Grain: client of the base.
    """
    registered = accounts.filter(accounts.client_name.notnull())
    told = registered.select("client_id", "client_name", "months_ago", source=0).union(
        client_names.select("client_id", "client_name", "months_ago", source=1)
    )
    best = ibis.window(group_by="client_id", order_by=[told.source, told.months_ago])
    names = told.mutate(age=ibis.row_number().over(best))
    names = names.filter(names.age == 0).select("client_id", "client_name")
    scores = index_scores.drop("months_ago").join(momentum.drop("months_ago"), "client_id")
    table = scores.left_join(names, "client_id").drop("client_id_right")
    return table.mutate(
        client_name=table.client_name.coalesce(table.client_id), partial=ibis.literal(partial)
    )


@lru_cache(maxsize=EXPRESSIONS)
def spreadsheet_safe(table: ibis.Table) -> ibis.Table:
    """Text that a spreadsheet would run as a formula, made plain by a leading ``'``."""
    return table.mutate(
        **{
            name: ibis.ifelse(
                table[name].re_search(FORMULA), ibis.literal("'") + table[name], table[name]
            )
            for name, dtype in table.schema().items()
            if dtype.is_string()
        }
    )
