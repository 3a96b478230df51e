"""Engagement by client and month (SCORING.md sections 1 and 2)."""

from functools import lru_cache

import ibis

from healthscore_assets.engagement.exact import exact_sum
from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lookups.product_areas import UNMAPPED


@lru_cache(maxsize=EXPRESSIONS)
def client_area_month(area_engagement: ibis.Table) -> ibis.Table:
    """Sum over the visitors of each client.

    Grain: client x audience (`all`, `external`, `internal`) x area, engagement > 0. ``visitors``
    is null where some of the engagement is told without a visitor.
    """
    used = _with_all(area_engagement)
    told = used.visitor_id.notnull().all()
    return used.group_by("client_id", "audience", "area").aggregate(
        engagement=exact_sum(used.engagement),
        visitors=ibis.ifelse(told, used.count(), None),
    )


@lru_cache(maxsize=EXPRESSIONS)
def client_feature_month(cleaned_usage: ibis.Table) -> ibis.Table:
    """Sum over the visitors of each client: what the months after read of features.

    It is a fifth of the rows, or less. Grain: client x feature x measure, value > 0.
    """
    return cleaned_usage.group_by("client_id", "feature", "measure").aggregate(
        value=exact_sum(cleaned_usage.value)
    )


@lru_cache(maxsize=EXPRESSIONS)
def client_month(visitor_month: ibis.Table, area_engagement: ibis.Table) -> ibis.Table:
    """Every listed client with its engagement, visitors and areas.

    Grain: client x audience, three rows per client that an export lists, all-zero ones included.
    ``unique_visitors`` is null, not 0, where an export lists the client without visitors.
    """
    listed = _with_all(visitor_month)
    listed = listed.group_by("client_id", "audience").aggregate(
        listed=ibis.literal(True), visitors_told=listed.visitor_id.notnull().all()
    )
    used = _with_all(area_engagement)
    mapped = used.area != UNMAPPED
    usage = used.group_by("client_id", "audience").aggregate(
        engagement=exact_sum(used.engagement, where=mapped),
        unique_visitors=used.visitor_id.nunique(),
        active_areas=used.area.nunique(where=mapped),
    )
    audiences = ibis.array(["all", "external", "internal"]).unnest().name("audience")
    clients = visitor_month.select("client_id").distinct()
    grid = clients.select("client_id", audience=audiences)
    joined = grid.left_join(listed, ["client_id", "audience"]).drop(
        "client_id_right", "audience_right"
    )
    joined = joined.left_join(usage, ["client_id", "audience"])
    engagement = joined.engagement.fill_null(0.0)
    told = joined.visitors_told.fill_null(True)
    visitors = ibis.ifelse(told, joined.unique_visitors.fill_null(0), None)
    return joined.select(
        "client_id",
        "audience",
        engagement=engagement,
        unique_visitors=visitors,
        active_areas=joined.active_areas.fill_null(0),
        engagement_per_user=engagement / visitors.nullif(0),
        listed=joined.listed.fill_null(False),
    )


@lru_cache(maxsize=EXPRESSIONS)
def month_in_numbers(client_month: ibis.Table) -> ibis.Table:
    """Clients listed, those of them used by external and by internal visitors, and their use.

    Parameters: one month of ``client_month``. Grain: one row.
    """
    audience, listed = client_month.audience, client_month.listed
    everybody = audience == "all"
    return client_month.aggregate(
        clients=client_month.count(where=everybody & listed),
        clients_external=client_month.count(where=(audience == "external") & listed),
        clients_internal=client_month.count(where=(audience == "internal") & listed),
        clients_active=client_month.count(where=everybody & (client_month.engagement > 0)),
        engagement=exact_sum(client_month.engagement, where=everybody).fill_null(0.0),
        visitors=client_month.unique_visitors.sum(where=everybody).cast("float64").fill_null(0.0),
    )


def _with_all(rows: ibis.Table) -> ibis.Table:
    """The rows of each audience, and all of them again as the audience `all`."""
    return rows.union(rows.mutate(audience=ibis.literal("all")))
