"""Engagement by product area (SCORING.md section 2)."""

from functools import lru_cache

import ibis

from healthscore_assets.engagement.exact import exact_sum
from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lake.expressions import trimmed
from healthscore_assets.lookups.features import SEPARATOR, feature_key_column
from healthscore_assets.lookups.names import name_key_column
from healthscore_assets.lookups.product_areas import UNMAPPED

_FIRST_PART = f"^(.*?){SEPARATOR}"


@lru_cache(maxsize=EXPRESSIONS)
def area_engagement(
    cleaned_usage: ibis.Table,
    product_areas: ibis.Table,
    measure: str,
    feature_areas: ibis.Table | None = None,
    *,
    area_from_feature: bool = False,
) -> ibis.Table:
    """Sum the measure over the features of each area.

    Parameters: ``cleaned_usage`` and ``feature_areas`` of one month; ``product_areas`` with
    ``feature_key, area``; ``area_from_feature`` takes the area of a feature that is in neither from
    its name.
    Grain: visitor x area, engagement > 0. Features without an area go to ``Unmapped``.
    """
    usage = cleaned_usage.filter(cleaned_usage.measure == measure)
    features = usage.select("feature").distinct()
    mapping = areas_of_features(
        features, product_areas, feature_areas, area_from_feature=area_from_feature
    )
    mapped = usage.left_join(mapping.select("feature", "area"), "feature")
    return mapped.group_by("client_id", "visitor_id", "audience", "area").aggregate(
        engagement=exact_sum(mapped.value)
    )


@lru_cache(maxsize=EXPRESSIONS)
def engagement_by_mapping(area_engagement: ibis.Table) -> ibis.Table:
    """Engagement with an area and without, and in all. Grain: one row."""
    unmapped = area_engagement.area == UNMAPPED
    engagement = area_engagement.engagement
    return area_engagement.aggregate(
        engagement=exact_sum(engagement).fill_null(0.0),
        mapped=exact_sum(engagement, where=~unmapped).fill_null(0.0),
        unmapped=exact_sum(engagement, where=unmapped).fill_null(0.0),
    )


@lru_cache(maxsize=EXPRESSIONS)
def unlisted_features(
    cleaned_usage: ibis.Table,
    product_areas: ibis.Table,
    measure: str,
    feature_areas: ibis.Table | None = None,
    *,
    area_from_feature: bool = False,
) -> ibis.Table:
    """Features that the lookup does not list, with ``area`` and ``engagement``. Grain: feature.

    The area is Pendo's (``by_pendo``), else the one in the feature's name where the setting takes
    it from there, else ``Unmapped``.
    """
    usage = cleaned_usage.filter(cleaned_usage.measure == measure)
    features = usage.group_by("feature").aggregate(engagement=exact_sum(usage.value))
    mapping = areas_of_features(
        features, product_areas, feature_areas, area_from_feature=area_from_feature
    )
    return mapping.filter(~mapping.listed).select("feature", "area", "by_pendo", "engagement")


@lru_cache(maxsize=EXPRESSIONS)
def unmapped_features(unlisted: ibis.Table) -> ibis.Table:
    """Of `unlisted_features` those without an area, the most used first. Grain: feature."""
    unmapped = unlisted.filter(unlisted.area == UNMAPPED)
    return unmapped.select("feature", "engagement").order_by(ibis.desc("engagement"), "feature")


@lru_cache(maxsize=EXPRESSIONS)
def areas_of_pendo(unlisted: ibis.Table) -> ibis.Table:
    """Of `unlisted_features` the areas that Pendo tells, the most used first. Grain: area."""
    told = unlisted.filter(unlisted.by_pendo)
    areas = told.group_by("area").aggregate(
        features=told.count(), engagement=exact_sum(told.engagement)
    )
    return areas.order_by(ibis.desc("engagement"), "area")


def areas_of_features(
    features: ibis.Table,
    product_areas: ibis.Table,
    feature_areas: ibis.Table | None = None,
    *,
    area_from_feature: bool,
) -> ibis.Table:
    """The features with their ``area``, whether it is ``listed``, and told ``by_pendo``.

    Parameters: ``feature_areas`` as in its contract, without it Pendo tells none; those of several
    months are put to the features of their own where ``features`` tells ``months_ago``.
    Grain: that of ``features``. Further columns of ``product_areas`` stay, null for features that
    are not listed.
    """
    features = features.mutate(feature_key=feature_key_column(features.feature))
    joined = features.left_join(product_areas, "feature_key").drop("feature_key_right")
    joined = _with_pendos(joined.mutate(listed=joined.area.notnull()), feature_areas)
    name = ibis.null(str)
    if area_from_feature:
        name = trimmed(joined.feature.re_extract(_FIRST_PART, 1)).nullif("")
    named = joined.mutate(name=ibis.coalesce(joined.pendo, name))
    named = named.mutate(name_key=name_key_column(named.name))
    spellings = _spellings(named.filter(~named.listed), product_areas)
    named = named.left_join(spellings, "name_key").drop("name_key_right")
    named = named.mutate(area=ibis.coalesce(named.area, named.spelling, UNMAPPED))
    by_pendo = ~named.listed & named.pendo.notnull() & (named.area != UNMAPPED)
    return named.mutate(by_pendo=by_pendo).drop("pendo")


def _with_pendos(features: ibis.Table, feature_areas: ibis.Table | None) -> ibis.Table:
    """The features with the area that Pendo has them in, ``pendo``; null for none."""
    if feature_areas is None:
        return features.mutate(pendo=ibis.null(str))
    key = [name for name in ("feature_key", "months_ago") if name in features.columns]
    told = feature_areas.mutate(
        feature_key=feature_key_column(feature_areas.feature),
        pendo=trimmed(feature_areas.area).re_replace(r"\s+", " ").nullif(""),
    ).select(*key, "pendo")
    return features.left_join(told, key).drop(*(f"{name}_right" for name in key))


def _spellings(named: ibis.Table, product_areas: ibis.Table) -> ibis.Table:
    """One spelling for areas that are not listed for their feature. Grain: name_key.

    Unmapped, else the lookup's, else the first of Pendo's, else the first of those in names.
    """
    of_features = named.select(
        "name_key", spelling="name", told=ibis.ifelse(named.pendo.notnull(), "pendo", "name")
    ).filter(ibis._.name_key.notnull())
    of_lookup = product_areas.select(
        name_key=name_key_column(product_areas.area), spelling="area", told=ibis.literal("lookup")
    )
    both = of_features.union(of_lookup)
    spelled = both.group_by("name_key").aggregate(
        of_lookup=both.spelling.min(where=both.told == "lookup"),
        of_pendo=both.spelling.min(where=both.told == "pendo"),
        of_names=both.spelling.min(),
    )
    spelling = ibis.coalesce(spelled.of_lookup, spelled.of_pendo, spelled.of_names)
    unmapped = spelled.name_key == UNMAPPED.lower()
    return spelled.select("name_key", spelling=ibis.ifelse(unmapped, UNMAPPED, spelling))
