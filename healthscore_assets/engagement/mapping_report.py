"""What the area mapping did with the engagement it was given."""

from dataclasses import dataclass, field
from typing import Any

import ibis

from healthscore_assets.engagement.areas import (
    engagement_by_mapping,
    unlisted_features,
    unmapped_features,
)
from healthscore_assets.engagement.exact import exact_sum
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lookups.product_areas import UNMAPPED

_NAMED = 5


@dataclass(frozen=True)
class MappingReport:
    """Whether engagement in is engagement out, and which features have no area, in words.

    ``first_unmapped`` are the most used of them.
    """

    agrees: bool
    says: str
    numbers: dict[str, float]
    unmapped: str
    unmapped_features: int = 0
    first_unmapped: list[dict[str, Any]] = field(default_factory=list)


def mapping_report(
    engine: Engine,
    cleaned_usage: ibis.Table,
    area_engagement: ibis.Table,
    product_areas: ibis.Table,
    measure: str,
    *,
    area_from_feature: bool = False,
) -> MappingReport:
    """Add up both sides of the mapping and name the features that it does not know.

    ``numbers`` holds the engagement on both sides, and as shares of it what has no area and what
    has the area in the feature's own name.
    """
    usage = cleaned_usage.filter(cleaned_usage.measure == measure)
    (before,) = engine.rows(usage.aggregate(total=exact_sum(usage.value).fill_null(0.0)))
    (after,) = engine.rows(engagement_by_mapping(area_engagement))
    total_in, total_out = before["total"], after["engagement"]
    unlisted = unlisted_features(
        cleaned_usage, product_areas, measure, area_from_feature=area_from_feature
    )
    (by_name,) = engine.rows(
        unlisted.aggregate(
            total=exact_sum(unlisted.engagement, where=unlisted.area != UNMAPPED).fill_null(0.0)
        )
    )
    of_names = by_name["total"] / total_in if total_in else 0.0
    share = after["unmapped"] / total_out if total_out else 0.0
    unmapped, features = "", []
    if after["unmapped"]:
        features = engine.rows(unmapped_features(unlisted))
        named = ", ".join(f"{f['feature']} ({f['engagement']:,.0f})" for f in features[:_NAMED])
        more = f" and {len(features) - _NAMED} more" if len(features) > _NAMED else ""
        unmapped = (
            f"{share:.1%} of {measure} has no product area: {named}{more}. "
            "Add these features to product_areas.csv."
        )
    says = f"{measure}: {total_in:,.6g} in cleaned_usage, {total_out:,.6g} in areas"
    says += f", {of_names:.1%} of it by the features' own names." if by_name["total"] else "."
    return MappingReport(
        agrees=total_in == total_out,
        says=says,
        numbers={
            "engagement_in": total_in,
            "engagement_out": total_out,
            "share_unmapped": share,
            "share_from_names": of_names,
        },
        unmapped=unmapped,
        unmapped_features=len(features),
        first_unmapped=[
            {**feature, "share": feature["engagement"] / total_in} for feature in features[:_NAMED]
        ],
    )
