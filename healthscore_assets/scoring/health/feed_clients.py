"""Whose the rows of feeds are: by id, else by the name that usage has for a client."""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis

from healthscore_assets.lake.computes import Computes
from healthscore_assets.lookups.names import name_key_column
from healthscore_assets.monitoring.observation import Observation, plural

_SHOWN = 5
_ALL_KNOWN = "Every row of the feeds is of a known client."


@dataclass(frozen=True)
class FeedClients:
    """The feeds with the ids of their clients, and what to tell of rows that are nobody's."""

    feeds: Mapping[str, ibis.Table]
    seen: Observation


def with_clients(
    engine: Computes, feeds: Mapping[str, ibis.Table], known: ibis.Table, names: ibis.Table
) -> FeedClients:
    """Give rows that name a client as usage does the id of that client.

    Parameters: ``feeds`` have ``client_id`` and ``months_ago``; ``known`` are the ids that usage
    and the register know; ``names`` are `client_names` of the months at hand. An id goes before a
    name, case and spaces of a name do not matter, and a name of two clients is nobody's.
    """
    strangers = engine.keep("strangers", _strangers(feeds, known))
    (row,) = engine.rows(strangers.aggregate(strangers=strangers.count()))
    if not row["strangers"]:
        return FeedClients(feeds, Observation(True, _ALL_KNOWN))
    meant = engine.keep("meant_clients", _meant(strangers, names))
    resolved = {}
    for feed, rows in feeds.items():
        told = rows.left_join(meant, rows.client_id == meant.told_as)
        resolved[feed] = told.mutate(client_id=told.meant_id.coalesce(told.client_id)).drop(
            "told_as", "meant_id"
        )
    return FeedClients(resolved, _seen(engine, strangers, meant))


def _strangers(feeds: Mapping[str, ibis.Table], known: ibis.Table) -> ibis.Table:
    """Ids of the feeds that are not known, and their rows of the month. Grain: feed x id."""
    told = ibis.union(
        *(
            rows.select("client_id", "months_ago", feed=ibis.literal(feed))
            for feed, rows in feeds.items()
        )
    )
    counted = told.group_by("feed", "client_id").aggregate(
        rows=told.count(where=told.months_ago == 0)
    )
    return counted.anti_join(known, "client_id")


def _meant(strangers: ibis.Table, names: ibis.Table) -> ibis.Table:
    """The one client of the name. Grain: id as told."""
    newest = ibis.window(group_by="client_id", order_by="months_ago")
    names = names.mutate(place=ibis.row_number().over(newest))
    names = names.filter(names.place == 0)
    names = names.select(meant_id="client_id", key=name_key_column(names.client_name))
    alone = names.mutate(alike=names.count().over(ibis.window(group_by="key")))
    alone = alone.filter(alone.alike == 1)
    told = strangers.select(
        told_as="client_id", key=name_key_column(strangers.client_id)
    ).distinct()
    return told.inner_join(alone, "key").select("told_as", "meant_id")


def _seen(engine: Computes, strangers: ibis.Table, meant: ibis.Table) -> Observation:
    left = strangers.anti_join(meant, strangers.client_id == meant.told_as)
    left = left.filter(left.rows > 0)
    left = engine.keep("rows_of_nobody", left)
    (total,) = engine.rows(
        left.aggregate(clients=left.count(), rows=left.rows.sum().fill_null(0).cast("int64"))
    )
    if not total["clients"]:
        return Observation(True, _ALL_KNOWN)
    first = engine.rows(left.order_by(ibis.desc("rows"), "feed", "client_id").limit(_SHOWN))
    named = ", ".join(
        f"{row['client_id']} ({plural(row['rows'], 'row')} of {row['feed']})" for row in first
    )
    more = total["clients"] - len(first)
    counts = "counts" if total["rows"] == 1 else "count"
    return Observation(
        False,
        f"{plural(total['rows'], 'row')} of the feeds {counts} for nobody: neither usage nor the "
        f"register knows {named}{f' and {more:,} more' if more else ''}. Put them into the "
        "register, or into client_aliases.csv.",
        {"rows_of_nobody": float(total["rows"])},
        {"strangers": first},
    )
