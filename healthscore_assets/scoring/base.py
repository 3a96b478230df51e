"""Who is compared (SCORING.md section 1)."""

import ibis


def bases(
    client_month: ibis.Table,
    months_ago: list[int],
    silent_months: int,
    accounts: ibis.Table | None = None,
) -> ibis.Table:
    """The base of the month at hand and of earlier ones, told by how many months ago they were.

    Parameters: ``client_month`` of those months and the ``silent_months`` before the earliest;
    ``accounts`` of those months in which the register was delivered: it adds the clients whose
    contract runs, and takes those away whose contract ended before the month.
    Grain: months_ago x client. A month in which no export lists anyone was never delivered: it has
    no base, though clients listed before it stay candidates for the months after.
    """
    listed = client_month.filter(client_month.audience == "all").select("client_id", "months_ago")
    delivered = listed.filter(listed.months_ago.isin(months_ago)).select("months_ago").distinct()
    since = ibis.array([*range(silent_months + 1)]).unnest().name("since").as_table()
    stays = listed.cross_join(since)
    stays = stays.mutate(months_ago=stays.months_ago - stays.since).drop("since")
    if accounts is not None:
        keys = ["client_id", "months_ago"]
        ended = accounts.filter(accounts.contract == "ended").select(*keys)
        running = accounts.filter(accounts.contract == "running").select(*keys)
        stays = stays.anti_join(ended, keys).union(running)
    return stays.semi_join(delivered, "months_ago").distinct()
