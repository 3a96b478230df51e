"""Engagement by product area (SCORING.md section 2)."""

import ibis

from healthscore_assets.engagement.exact import exact_sum
from healthscore_assets.lookups.features import feature_key_column
from healthscore_assets.lookups.product_areas import UNMAPPED


def area_engagement(
    cleaned_usage: ibis.Table, product_areas: ibis.Table, measure: str
) -> ibis.Table:
    """Sum the measure over the features of each area.

    Parameters: ``cleaned_usage`` as in its contract; ``product_areas`` with ``feature_key, area``.
    Grain: visitor x area, engagement > 0. Features without an area go to ``Unmapped``.
    """
    usage = cleaned_usage.filter(cleaned_usage.measure == measure)
    features = usage.select("feature").distinct()
    features = features.mutate(feature_key=feature_key_column(features.feature))
    mapping = features.left_join(product_areas, "feature_key").select("feature", "area")
    mapped = usage.left_join(mapping, "feature")
    return mapped.group_by(
        "client_id", "visitor_id", "audience", area=mapped.area.fill_null(UNMAPPED)
    ).aggregate(engagement=exact_sum(mapped.value))


def engagement_by_mapping(area_engagement: ibis.Table) -> ibis.Table:
    """Engagement with an area and without, and in all. Grain: one row."""
    unmapped = area_engagement.area == UNMAPPED
    engagement = area_engagement.engagement
    return area_engagement.aggregate(
        engagement=exact_sum(engagement).fill_null(0.0),
        mapped=exact_sum(engagement, where=~unmapped).fill_null(0.0),
        unmapped=exact_sum(engagement, where=unmapped).fill_null(0.0),
    )


def unmapped_features(
    cleaned_usage: ibis.Table, product_areas: ibis.Table, measure: str
) -> ibis.Table:
    """Features without an area, the most used first. Grain: feature."""
    usage = cleaned_usage.filter(cleaned_usage.measure == measure)
    features = usage.group_by("feature").aggregate(engagement=exact_sum(usage.value))
    features = features.mutate(feature_key=feature_key_column(features.feature))
    unlisted = features.anti_join(product_areas, "feature_key")
    return unlisted.select("feature", "engagement").order_by(ibis.desc("engagement"), "feature")
