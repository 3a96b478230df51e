"""What the exports call their clients."""

import ibis


def client_names(rows: ibis.Table, of_accounts: ibis.Table | None = None) -> ibis.Table:
    """The name on most of a client's rows; of equally frequent ones the first alphabetically.

    Parameters: accepted rows with ``client_id`` and ``client_name``, blank or null where untold;
    ``of_accounts`` are the names of clients in tables beside the exports, for those without one.
    Grain: client that has a name.
    """
    named = rows.filter(rows.client_name.nullif("").notnull())
    counts = named.group_by("client_id", "client_name").aggregate(rows=named.listed_rows.sum())
    most = ibis.window(group_by="client_id", order_by=[counts.rows.desc(), counts.client_name])
    ranked = counts.mutate(place=ibis.row_number().over(most))
    names = ranked.filter(ranked.place == 0).select("client_id", "client_name")
    if of_accounts is None:
        return names
    return names.union(of_accounts.anti_join(names, "client_id"))
