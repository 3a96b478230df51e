"""Who is compared (SCORING.md section 1)."""

import ibis


def bases(client_month: ibis.Table, months_ago: list[int], silent_months: int) -> ibis.Table:
    """The base of the month at hand and of earlier ones, told by how many months ago they were.

    Parameters: ``client_month`` of those months and the ``silent_months`` before the earliest.
    Grain: months_ago x client. A month in which no export lists anyone was never delivered: it has
    no base, though clients listed before it stay candidates for the months after.
    """
    listed = client_month.filter(client_month.audience == "all").select("client_id", "months_ago")
    delivered = listed.filter(listed.months_ago.isin(months_ago)).select("months_ago").distinct()
    stays = listed.mutate(months_ago=listed.months_ago - ibis.range(0, silent_months + 1).unnest())
    return stays.semi_join(delivered, "months_ago").distinct()
