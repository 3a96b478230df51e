"""When visitors were last active, where exports tell days."""

import ibis


def visitor_activity(rows: ibis.Table) -> ibis.Table:
    """The last ``day`` of each visitor's dated usage.

    Parameters: accepted rows with ``client_id``, ``visitor_id`` and the ``day`` of those with
    usage, null where untold. Grain: visitor with dated usage; client, where none is told.
    """
    dated = rows.filter(rows.day.notnull())
    return dated.group_by("client_id", "visitor_id").aggregate(last_active_day=dated.day.max())
