"""What the exports call their clients."""

import ibis


def client_names(rows: ibis.Table) -> ibis.Table:
    """The name on most of a client's rows; of equally frequent ones the first alphabetically.

    Parameters: accepted rows with ``client_id`` and ``client_name``, blank or null where untold.
    Grain: client that has a name.
    """
    named = rows.filter(rows.client_name.nullif("").notnull())
    counts = named.group_by("client_id", "client_name").aggregate(rows=named.count())
    most = ibis.window(group_by="client_id", order_by=[counts.rows.desc(), counts.client_name])
    ranked = counts.mutate(place=ibis.row_number().over(most))
    return ranked.filter(ranked.place == 0).select("client_id", "client_name")
