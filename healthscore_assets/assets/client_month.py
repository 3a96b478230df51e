"""Stage 4: from visitors to clients."""

import dagster as dg
import ibis

from healthscore_assets.contracts import CLIENT_AREA_MONTH, CLIENT_FEATURE_MONTH, CLIENT_MONTH
from healthscore_assets.engagement.clients import (
    client_area_month,
    client_feature_month,
    client_month,
    month_in_numbers,
)
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import Publication, Published, Stage
from healthscore_assets.orchestration.workplace import Workplace


@monthly(
    CLIENT_AREA_MONTH,
    CLIENT_FEATURE_MONTH,
    CLIENT_MONTH,
    group="engagement",
    reads={"area_engagement": 0, "cleaned_usage": 0, "visitor_month": 0},
)
def clients(
    context: dg.AssetExecutionContext,
    workplace: Workplace,
    area_engagement: ibis.Table,
    cleaned_usage: ibis.Table,
    visitor_month: ibis.Table,
) -> Published:
    """Engagement, visitors and areas of every listed client, by audience; and its features."""
    stage = Stage(context, workplace)
    written = stage.write(
        Publication(CLIENT_AREA_MONTH, client_area_month(area_engagement)),
        Publication(CLIENT_FEATURE_MONTH, client_feature_month(cleaned_usage)),
        Publication(CLIENT_MONTH, client_month(visitor_month, area_engagement)),
    )
    (numbers,) = workplace.engine.rows(month_in_numbers(written))
    yield from stage.publish(numbers={"client_month": numbers})
