"""From accepted rows and cells to tidy usage: expressions that every engine runs alike."""

import ibis

from healthscore_assets.engagement.audience import row_is_internal
from healthscore_assets.engagement.exact import exact_sum

_KEY = ("client_id", "visitor_id", "audience")


def numbered(visitors: ibis.Table) -> ibis.Table:
    """Visitors with a number each in ``visitor``, in the order of their key.

    Parameters: rows with ``client_id, visitor_id`` and ``audience``; visitors without an id come
    last of their client. One thread numbers them all.
    """
    key = [
        ibis.asc(visitors[name], nulls_first=False) if name == "visitor_id" else visitors[name]
        for name in _KEY
    ]
    return visitors.select(*_KEY, visitor=ibis.row_number().over(ibis.window(order_by=key)))


def named(visitors: ibis.Table) -> ibis.Table:
    """The same with a text in ``visitor`` that no two share: it can be made of each row alone."""
    text = (
        visitors.audience
        + visitors.client_id.length().cast("string")
        + ibis.literal(" ")
        + visitors.client_id
        + visitors.visitor_id.fill_null("")
    )
    return visitors.select(*_KEY, visitor=text)


def with_coded(visitors: ibis.Table, audiences: ibis.Table) -> ibis.Table:
    """Visitors with their ``audience`` as ``coded`` in ``audiences``, a code to sort along."""
    told = visitors.join(audiences, visitors.audience == audiences.coded)
    return told.select("client_id", "visitor_id", "visitor", audience="coded")


def visitor_of_row(
    rows: ibis.Table, visitors: ibis.Table, internal_domains: frozenset[str]
) -> ibis.Table:
    """Whose each accepted row is: ``file, source_row, visitor``.

    Rows without a visitor belong to their client and audience.
    """
    persons = rows.join(visitors, ["client_id", "visitor_id"])
    nobody = rows.filter(rows.visitor_id.isnull())
    audience = ibis.ifelse(row_is_internal(nobody, internal_domains), "internal", "external")
    clients = visitors.filter(visitors.visitor_id.isnull()).drop("visitor_id")
    nobodys = nobody.mutate(audience=audience).join(clients, ["client_id", "audience"])
    place = ("file", "source_row", "visitor")
    return persons.select(*place).union(nobodys.select(*place))


def cells_of_visitors(cells: ibis.Table, of_row: ibis.Table, places: ibis.Table) -> ibis.Table:
    """Cells with their visitor, and as ``metric`` its place: with ``file``, ``day`` and ``value``.

    Parameters: ``places`` tells the ``place`` of each ``code``, a cell's metric as it was read.
    """
    placed = cells.join(places, cells.metric == places.code)
    owned = placed.join(of_row, ["file", "source_row"])
    return owned.select("file", "visitor", "day", "value", metric=owned.place)


def added_up(cells: ibis.Table) -> ibis.Table:
    """One value per ``visitor`` and ``metric``: what several cells tell is added up."""
    return cells.group_by("visitor", "metric").aggregate(value=exact_sum(cells.value))


def long(cells: ibis.Table, visitors: ibis.Table, metrics: ibis.Table) -> ibis.Table:
    """`cleaned_usage`, its rows by ``visitor`` and ``metric``.

    Parameters: ``cells`` with one ``value`` per visitor and metric; ``metrics`` tells the
    ``feature`` and ``measure`` of each ``metric``.
    """
    told = cells.join(visitors, "visitor").join(metrics, "metric")
    return told.order_by("visitor", "metric").select(*_KEY, "feature", "measure", "value")
