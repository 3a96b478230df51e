"""Momentum: each client against its own past (SCORING.md section 4)."""

from functools import lru_cache

import ibis

from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lookups.scoring_settings import ScoringSettings
from healthscore_assets.scoring.base import bases

AVERAGED_MONTHS = 3


@lru_cache(maxsize=EXPRESSIONS)
def momentum(
    client_month: ibis.Table,
    settings: ScoringSettings,
    partial: frozenset[int] = frozenset(),
    accounts: ibis.Table | None = None,
) -> ibis.Table:
    """Trend, direction and changes of every client of the month's base.

    Parameters: ``client_month`` of the month (``months_ago`` 0), the three that are averaged, and
    the ``silent_months`` before those; ``partial`` tells which of them are not whole, by how many
    months ago they were; ``accounts`` of the month and the three, where they were delivered.
    Grain: client.
    A month of the past counts only where it was delivered whole and the client was in its base; a
    partial month at hand has levels, and is compared with nothing.
    """
    past = range(1, AVERAGED_MONTHS + 1)
    compared = [0] if 0 in partial else [0, *(ago for ago in past if ago not in partial)]
    members = bases(client_month, compared, settings.silent_months, accounts)
    usage = client_month.filter(client_month.audience == "all")
    usage = usage.select("client_id", "months_ago", "engagement", "unique_visitors", "active_areas")
    joined = members.left_join(usage, ["client_id", "months_ago"])
    silent = joined.engagement.isnull()
    rows = joined.select(
        "client_id",
        "months_ago",
        engagement=joined.engagement.fill_null(0.0),
        # 0 where the client is not listed; null where it is listed without visitors.
        unique_visitors=ibis.ifelse(silent, 0, joined.unique_visitors),
        active_areas=joined.active_areas.fill_null(0),
    )

    def at(column: str, ago: int) -> ibis.Value:
        return rows[column].max(where=rows.months_ago == ago)

    clients = rows.group_by("client_id").aggregate(
        engagement=at("engagement", 0),
        engagement_1=at("engagement", 1),
        engagement_2=at("engagement", 2),
        engagement_3=at("engagement", 3),
        active_areas=at("active_areas", 0),
        active_areas_before=at("active_areas", 1),
        unique_visitors=at("unique_visitors", 0),
        unique_visitors_before=at("unique_visitors", 1),
    )
    clients = clients.filter(clients.engagement.notnull())
    average = (clients.engagement_1 + clients.engagement_2 + clients.engagement_3) / 3
    clients = clients.mutate(engagement_avg_3m=average)
    trend = clients.engagement / clients.engagement_avg_3m.nullif(0) - 1
    clients = clients.mutate(engagement_trend=trend)
    # To nine decimals: 110 against 100 is a trend of 10 %, not of 10.000000000000009 %.
    rounded = clients.engagement_trend.round(9)
    direction = ibis.cases(
        (rounded > settings.flat_band, "up"),
        (rounded < -settings.flat_band, "down"),
        (rounded.notnull(), "flat"),
        ((clients.engagement_avg_3m == 0) & (clients.engagement > 0), "up"),
    )
    return clients.mutate(
        active_areas_change=clients.active_areas - clients.active_areas_before,
        unique_visitors_change=clients.unique_visitors - clients.unique_visitors_before,
        direction=direction,
    )
