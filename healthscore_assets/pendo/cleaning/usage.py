"""From accepted rows and cells to tidy usage: expressions that every engine runs alike."""

from functools import lru_cache

import ibis

from healthscore_assets.engagement.audience import row_is_internal
from healthscore_assets.engagement.exact import exact_sum
from healthscore_assets.lake.engine import EXPRESSIONS

_KEY = ("client_id", "visitor_id", "audience")
_OF_VISITOR = (*_KEY, "read_rows")


@lru_cache(maxsize=EXPRESSIONS)
def numbered(visitors: ibis.Table) -> ibis.Table:
    """Visitors with a number each in ``visitor``, in the order of their key.

    Parameters: rows with ``client_id, visitor_id`` and ``audience``; visitors without an id come
    last of their client. One thread numbers them all.
    """
    key = [
        ibis.asc(visitors[name], nulls_first=False) if name == "visitor_id" else visitors[name]
        for name in _KEY
    ]
    return visitors.select(*_OF_VISITOR, visitor=ibis.row_number().over(ibis.window(order_by=key)))


@lru_cache(maxsize=EXPRESSIONS)
def named(visitors: ibis.Table) -> ibis.Table:
    """The same with a text in ``visitor`` that no two share: it can be made of each row alone."""
    text = (
        visitors.audience
        + visitors.client_id.length().cast("string")
        + ibis.literal(" ")
        + visitors.client_id
        + visitors.visitor_id.fill_null("")
    )
    return visitors.select(*_OF_VISITOR, visitor=text)


@lru_cache(maxsize=EXPRESSIONS)
def with_coded(visitors: ibis.Table, audiences: ibis.Table) -> ibis.Table:
    """Visitors with their ``audience`` as ``coded`` in ``audiences``, a code to sort along."""
    told = visitors.join(audiences, visitors.audience == audiences.coded)
    return told.drop("audience").rename(audience="coded")


@lru_cache(maxsize=EXPRESSIONS)
def visitor_of_row(
    rows: ibis.Table, visitors: ibis.Table, internal_domains: frozenset[str]
) -> ibis.Table:
    """Whose each accepted row is: ``file, source_row, visitor``, and if it is ``alone`` of it.

    Rows without a visitor belong to their client and audience.
    """
    persons = rows.join(visitors, ["client_id", "visitor_id"])
    nobody = rows.filter(rows.visitor_id.isnull())
    audience = ibis.ifelse(row_is_internal(nobody, internal_domains), "internal", "external")
    clients = visitors.filter(visitors.visitor_id.isnull()).drop("visitor_id")
    nobodys = nobody.mutate(audience=audience).join(clients, ["client_id", "audience"])
    told = (
        some.select("file", "source_row", "visitor", alone=some.read_rows == 1)
        for some in (persons, nobodys)
    )
    return ibis.union(*told)


@lru_cache(maxsize=EXPRESSIONS)
def cells_of_visitors(cells: ibis.Table, of_row: ibis.Table, places: ibis.Table) -> ibis.Table:
    """Cells with their visitor, and as ``metric`` its place.

    With ``file``, ``days``, ``value`` and whether they are of a row that is ``alone``.

    Parameters: ``places`` tells the ``place`` of each ``code``, a cell's metric as it was read.
    """
    placed = cells.join(places, cells.metric == places.code)
    owned = placed.join(of_row, ["file", "source_row"])
    return owned.select("file", "visitor", "alone", "days", "value", metric=owned.place)


@lru_cache(maxsize=EXPRESSIONS)
def added_up(cells: ibis.Table) -> ibis.Table:
    """One value per ``visitor`` and ``metric``: what several cells tell is added up."""
    several = all_added_up(cells.filter(~cells.alone))
    return cells.filter(cells.alone).select(*several.columns).union(several)


def all_added_up(cells: ibis.Table) -> ibis.Table:
    """The same where one row may have several cells of a metric."""
    return cells.group_by("visitor", "metric").aggregate(value=exact_sum(cells.value))


@lru_cache(maxsize=EXPRESSIONS)
def long(cells: ibis.Table, visitors: ibis.Table, metrics: ibis.Table) -> ibis.Table:
    """`cleaned_usage`, its rows by ``visitor`` and ``metric``.

    Parameters: ``cells`` with one ``value`` per visitor and metric; ``metrics`` tells the
    ``feature`` and ``measure`` of each ``metric``.
    """
    told = cells.join(visitors, "visitor").join(metrics, "metric")
    return told.order_by("visitor", "metric").select(*_KEY, "feature", "measure", "value")
