"""When clients were last active, where exports tell days."""

import ibis


def client_activity(rows: ibis.Table) -> ibis.Table:
    """The last ``day`` of each client's dated usage.

    Parameters: accepted rows with ``client_id`` and the ``day`` of those with usage, null where
    untold. Grain: client with dated usage.
    """
    dated = rows.filter(rows.day.notnull())
    return dated.group_by("client_id").aggregate(last_active_day=dated.day.max())
