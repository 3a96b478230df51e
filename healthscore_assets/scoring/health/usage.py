"""The components of the dimension usage, and utilisation (SCORING.md section 5)."""

from functools import lru_cache

import ibis

from healthscore_assets.engagement.areas import areas_of_features
from healthscore_assets.engagement.exact import exact_sum
from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lookups.product_areas import UNMAPPED
from healthscore_assets.scoring.health.inputs import RECENT_MONTHS, HealthInputs, of_month

_DAYS_OF_A_WEEK = 7


def usage_values(
    engine: Computes,
    inputs: HealthInputs,
    profile: ibis.Table,
    measure: str,
    *,
    area_from_feature: bool,
) -> ibis.Table:
    """A column per component with what was observed, and ``has_usage``. Grain: client.

    A client without usage has 0 in the first four; the others, and those that need visitors or days
    which the exports do not tell, are null.
    """
    used = inputs.client_feature_month
    used = used.filter((used.measure == measure) & (used.months_ago < RECENT_MONTHS))
    by_feature = used.select("client_id", "feature", "months_ago", engagement="value")
    active = inputs.area_engagement
    people = active.filter(active.visitor_id.notnull() & (active.months_ago < RECENT_MONTHS))
    people = people.select("client_id", "visitor_id", "months_ago").distinct()
    people = engine.keep("active_visitors", people)
    features = _features(
        by_feature,
        inputs.product_areas,
        inputs.feature_areas,
        area_from_feature=area_from_feature,
    )
    features = engine.keep("mapped_features", features)
    return _side_by_side(inputs, profile, by_feature, people, features)


@lru_cache(maxsize=EXPRESSIONS)
def _features(
    by_feature: ibis.Table,
    product_areas: ibis.Table,
    feature_areas: ibis.Table | None,
    *,
    area_from_feature: bool,
) -> ibis.Table:
    """The features with an area, and whether they are of the advanced tier.

    Grain: feature x month, since Pendo's areas are those of their month.
    """
    names = by_feature.select("feature", "months_ago").distinct()
    mapped = areas_of_features(
        names, product_areas, feature_areas, area_from_feature=area_from_feature
    )
    mapped = mapped.filter(mapped.area != UNMAPPED)
    return mapped.select(
        "feature",
        "months_ago",
        "feature_key",
        advanced=(mapped.tier == "advanced").fill_null(False),
    )


@lru_cache(maxsize=EXPRESSIONS)
def _side_by_side(
    inputs: HealthInputs,
    profile: ibis.Table,
    by_feature: ibis.Table,
    people: ibis.Table,
    features: ibis.Table,
) -> ibis.Table:
    anyone = features.aggregate(anyone=features.feature_key.nunique())
    now = of_month(by_feature)
    told = now.group_by("client_id").aggregate(engagement=exact_sum(now.engagement))
    now = now.inner_join(of_month(features), "feature")
    areas = now.group_by("client_id").aggregate(
        features=now.feature_key.nunique(),
        mapped=exact_sum(now.engagement),
        advanced=exact_sum(now.engagement, where=now.advanced),
    )
    rows = profile.select("client_id", "people", "seats", "active_visitors")
    index = of_month(inputs.index_scores).select("client_id", "per_user_external")
    for more in (told, areas, _days(inputs, people), _recent(inputs, people), index):
        rows = rows.left_join(more, "client_id").drop("client_id_right")
    rows = rows.cross_join(anyone).cross_join(inputs.at)
    uses = rows.engagement.notnull()
    people_or_none = rows.people.nullif(0)
    active = rows.active_visitors.nullif(0)
    a_week = rows.days_of_each / rows.days * _DAYS_OF_A_WEEK

    def or_zero(value: ibis.Value) -> ibis.Value:
        return ibis.ifelse(uses, value, 0.0)

    return rows.select(
        "client_id",
        has_usage=uses,
        active_users=or_zero(rows.active_visitors / people_or_none),
        dau_share=rows.days_of_all / rows.days / people_or_none,
        feature_adoption=or_zero(rows.features.fill_null(0) / rows.anyone.nullif(0)),
        frequency=or_zero(a_week),
        depth=or_zero(rows.advanced.fill_null(0.0) / rows.mapped.nullif(0)),
        engagement_index=rows.per_user_external,
        session_minutes=ibis.ifelse(uses, rows.minutes_of_all / active, None),
        stickiness=ibis.ifelse(uses, rows.days_of_each / rows.days, None),
        utilisation=ibis.ifelse(
            rows.untold_visitors, None, rows.recently_active.fill_null(0) / rows.seats
        ).clip(upper=1.0),
    )


def _days(inputs: HealthInputs, people: ibis.Table) -> ibis.Table:
    """Days and minutes of the visitors of the month. Grain: client."""
    listed = of_month(inputs.visitor_month)
    listed = listed.filter(listed.visitor_id.notnull())
    active = of_month(people).mutate(is_active=True)
    listed = listed.left_join(active, ["client_id", "visitor_id"])
    counts = listed.is_active.notnull() & listed.days_active.notnull()
    return listed.group_by("client_id").aggregate(
        days_of_all=exact_sum(listed.days_active),
        days_of_each=exact_sum(listed.days_active, where=counts)
        / listed.count(where=counts).nullif(0),
        minutes_of_all=exact_sum(listed.minutes),
    )


def _recent(inputs: HealthInputs, people: ibis.Table) -> ibis.Table:
    """Visitors of the recent months, and whether one of them tells none. Grain: client."""
    listed = inputs.client_month
    listed = listed.filter((listed.audience == "all") & (listed.months_ago < RECENT_MONTHS))
    clients = listed.group_by("client_id").aggregate(
        untold_visitors=listed.unique_visitors.isnull().any()
    )
    active = people.group_by("client_id").aggregate(recently_active=people.visitor_id.nunique())
    return clients.left_join(active, "client_id").drop("client_id_right")
