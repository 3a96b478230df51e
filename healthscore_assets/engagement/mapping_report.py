"""What the area mapping did with the engagement it was given."""

from dataclasses import dataclass

import ibis

from healthscore_assets.engagement.areas import engagement_by_mapping, unmapped_features
from healthscore_assets.engagement.exact import exact_sum
from healthscore_assets.lake.engine import Engine

_NAMED = 5


@dataclass(frozen=True)
class MappingReport:
    """Whether engagement in is engagement out, and which features have no area, in words."""

    agrees: bool
    says: str
    numbers: dict[str, float]
    unmapped: str


def mapping_report(
    engine: Engine,
    cleaned_usage: ibis.Table,
    area_engagement: ibis.Table,
    product_areas: ibis.Table,
    measure: str,
) -> MappingReport:
    """Add up both sides of the mapping and name the features that it does not know."""
    usage = cleaned_usage.filter(cleaned_usage.measure == measure)
    (before,) = engine.rows(usage.aggregate(total=exact_sum(usage.value).fill_null(0.0)))
    (after,) = engine.rows(engagement_by_mapping(area_engagement))
    total_in, total_out = before["total"], after["engagement"]
    share = after["unmapped"] / total_out if total_out else 0.0
    agrees = total_in == total_out
    unmapped = ""
    if after["unmapped"]:
        features = engine.rows(unmapped_features(cleaned_usage, product_areas, measure))
        named = ", ".join(f"{f['feature']} ({f['engagement']:,.0f})" for f in features[:_NAMED])
        more = f" and {len(features) - _NAMED} more" if len(features) > _NAMED else ""
        unmapped = (
            f"{share:.1%} of {measure} has no product area: {named}{more}. "
            "Add these features to product_areas.csv."
        )
    return MappingReport(
        agrees=agrees,
        says=f"{measure}: {total_in:,.6g} in cleaned_usage, {total_out:,.6g} in areas.",
        numbers={
            "engagement_in": total_in,
            "engagement_out": total_out,
            "share_unmapped": share,
        },
        unmapped=unmapped,
    )
