"""Engagement by product area (SCORING.md section 2)."""

import ibis

from healthscore_assets.engagement.exact import exact_sum
from healthscore_assets.lookups.features import SEPARATOR, feature_key_column
from healthscore_assets.lookups.names import name_key_column
from healthscore_assets.lookups.product_areas import UNMAPPED

_FIRST_PART = f"^(.*?){SEPARATOR}"


def area_engagement(
    cleaned_usage: ibis.Table,
    product_areas: ibis.Table,
    measure: str,
    *,
    area_from_feature: bool = False,
) -> ibis.Table:
    """Sum the measure over the features of each area.

    Parameters: ``cleaned_usage`` as in its contract; ``product_areas`` with ``feature_key, area``;
    ``area_from_feature`` takes the area of a feature that is not listed from its name.
    Grain: visitor x area, engagement > 0. Features without an area go to ``Unmapped``.
    """
    usage = cleaned_usage.filter(cleaned_usage.measure == measure)
    features = usage.select("feature").distinct()
    mapping = areas_of_features(features, product_areas, area_from_feature=area_from_feature)
    mapped = usage.left_join(mapping.select("feature", "area"), "feature")
    return mapped.group_by("client_id", "visitor_id", "audience", "area").aggregate(
        engagement=exact_sum(mapped.value)
    )


def engagement_by_mapping(area_engagement: ibis.Table) -> ibis.Table:
    """Engagement with an area and without, and in all. Grain: one row."""
    unmapped = area_engagement.area == UNMAPPED
    engagement = area_engagement.engagement
    return area_engagement.aggregate(
        engagement=exact_sum(engagement).fill_null(0.0),
        mapped=exact_sum(engagement, where=~unmapped).fill_null(0.0),
        unmapped=exact_sum(engagement, where=unmapped).fill_null(0.0),
    )


def unlisted_features(
    cleaned_usage: ibis.Table,
    product_areas: ibis.Table,
    measure: str,
    *,
    area_from_feature: bool = False,
) -> ibis.Table:
    """Features that the lookup does not list, with ``area`` and ``engagement``. Grain: feature.

    The area is the one in the feature's name where the setting takes it from there, else
    ``Unmapped``.
    """
    usage = cleaned_usage.filter(cleaned_usage.measure == measure)
    features = usage.group_by("feature").aggregate(engagement=exact_sum(usage.value))
    mapping = areas_of_features(features, product_areas, area_from_feature=area_from_feature)
    return mapping.filter(~mapping.listed).select("feature", "area", "engagement")


def unmapped_features(unlisted: ibis.Table) -> ibis.Table:
    """Of `unlisted_features` those without an area, the most used first. Grain: feature."""
    unmapped = unlisted.filter(unlisted.area == UNMAPPED)
    return unmapped.select("feature", "engagement").order_by(ibis.desc("engagement"), "feature")


def areas_of_features(
    features: ibis.Table, product_areas: ibis.Table, *, area_from_feature: bool
) -> ibis.Table:
    """The features with their ``area``, and whether it is ``listed``. Grain: feature.

    Further columns of ``product_areas`` stay, null for features that are not listed.
    """
    features = features.mutate(feature_key=feature_key_column(features.feature))
    joined = features.left_join(product_areas, "feature_key").drop("feature_key_right")
    joined = joined.mutate(listed=joined.area.notnull())
    if not area_from_feature:
        return joined.mutate(area=joined.area.fill_null(UNMAPPED))
    named = joined.mutate(name=joined.feature.re_extract(_FIRST_PART, 1).strip().nullif(""))
    named = named.mutate(name_key=name_key_column(named.name))
    spellings = _spellings(named.filter(~named.listed), product_areas)
    named = named.left_join(spellings, "name_key").drop("name_key_right")
    return named.mutate(area=ibis.coalesce(named.area, named.spelling, UNMAPPED))


def _spellings(named: ibis.Table, product_areas: ibis.Table) -> ibis.Table:
    """One spelling for the areas in names: Unmapped, else the lookup's, else the first of theirs.

    Grain: name_key.
    """
    of_names = named.select("name_key", spelling="name", listed=False).filter(
        ibis._.name_key.notnull()
    )
    of_lookup = product_areas.select(
        name_key=name_key_column(product_areas.area), spelling="area", listed=True
    )
    both = of_names.union(of_lookup)
    spelled = both.group_by("name_key").aggregate(
        of_lookup=both.spelling.min(where=both.listed), of_names=both.spelling.min()
    )
    spelling = ibis.coalesce(spelled.of_lookup, spelled.of_names)
    unmapped = spelled.name_key == UNMAPPED.lower()
    return spelled.select("name_key", spelling=ibis.ifelse(unmapped, UNMAPPED, spelling))
