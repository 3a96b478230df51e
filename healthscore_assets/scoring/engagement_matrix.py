"""The engagement that an index compares (SCORING.md section 3)."""

import ibis

from healthscore_assets.lookups.product_areas import UNMAPPED

AUDIENCES = ("all", "external", "internal")
BASES = ("total", "per_user")

_EACH_AREA = ["audience", "basis", "area"]


def ranked_clients(
    client_month: ibis.Table, base: ibis.Table, audiences: tuple[str, ...] = AUDIENCES
) -> ibis.Table:
    """The clients that each index ranks.

    Parameters: one month of ``client_month``; ``base`` with a row per client of the base.
    Grain: audience x basis x client. Basis `total` ranks the whole base, `per_user` the clients
    with users. Columns ``users`` (visitors with engagement, null where none are told) and ``size``
    (clients ranked).
    """
    clients = base.select("client_id").cross_join(_literals("audience", audiences))
    found = client_month.select("client_id", "audience", "unique_visitors")
    clients = clients.left_join(found, ["client_id", "audience"]).select(
        "client_id", "audience", users="unique_visitors"
    )
    clients = clients.cross_join(_literals("basis", BASES))
    clients = clients.filter((clients.basis == "total") | (clients.users > 0))
    index = ibis.window(group_by=["audience", "basis"])
    return clients.mutate(size=clients.count().over(index))


def scaled_engagement(
    client_area_month: ibis.Table, ranked: ibis.Table, area_scaling: str
) -> ibis.Table:
    """``v[c,a]`` where engagement is positive; elsewhere it is 0, under every scaling.

    Parameters: one month of ``client_area_month``; `ranked_clients` of it.
    Grain: audience x basis x area x client. Columns ``v`` and ``size``.
    """
    mapped = client_area_month.filter(client_area_month.area != UNMAPPED)
    cells = mapped.join(ranked, ["client_id", "audience"])
    e = ibis.ifelse(cells.basis == "total", cells.engagement, cells.engagement / cells.users)
    cells = cells.select("client_id", *_EACH_AREA, "size", v=e)
    if area_scaling == "log":
        return cells.mutate(v=(1 + cells.v).ln())
    if area_scaling == "mean":
        total = cells.v.sum().over(ibis.window(group_by=_EACH_AREA))
        return cells.mutate(v=cells.v * cells.size / total)
    return cells


def indices() -> ibis.Table:
    """Every audience with every basis. Grain: audience x basis."""
    return _literals("audience", AUDIENCES).cross_join(_literals("basis", BASES))


def _literals(name: str, values: tuple[str, ...]) -> ibis.Table:
    one = ibis.array(list(values)).unnest().name(name)
    return one.as_table()
