"""What the area mapping did with the engagement it was given."""

from dataclasses import dataclass, field
from typing import Any

import ibis

from healthscore_assets.engagement.areas import (
    areas_of_pendo,
    engagement_by_mapping,
    unlisted_features,
    unmapped_features,
)
from healthscore_assets.engagement.exact import exact_sum
from healthscore_assets.lake.computes import Computes
from healthscore_assets.lookups.product_areas import UNMAPPED

_NAMED = 5


@dataclass(frozen=True)
class MappingReport:
    """Whether engagement in is engagement out, and which features have no area, in words.

    ``first_unmapped`` are the most used of them; ``from_pendo`` names the areas that Pendo tells,
    empty where it tells none.
    """

    agrees: bool
    says: str
    numbers: dict[str, float]
    unmapped: str
    unmapped_features: int = 0
    first_unmapped: list[dict[str, Any]] = field(default_factory=list)
    from_pendo: str = ""

    @property
    def areas_told(self) -> str:
        """Which features have no area, and which areas are Pendo's, as sentences."""
        said = [self.unmapped or "Every feature that was used has a product area."]
        if self.from_pendo:
            said.append(f"Pendo's areas, of features that are not listed: {self.from_pendo}.")
        return " ".join(said)


def mapping_report(
    engine: Computes,
    cleaned_usage: ibis.Table,
    area_engagement: ibis.Table,
    product_areas: ibis.Table,
    measure: str,
    feature_areas: ibis.Table | None = None,
    *,
    area_from_feature: bool = False,
) -> MappingReport:
    """Add up both sides of the mapping and name the features that it does not know.

    ``numbers`` holds the engagement on both sides, and as shares of it what has no area, what has
    Pendo's and what has the one in the feature's own name.
    """
    usage = cleaned_usage.filter(cleaned_usage.measure == measure)
    (before,) = engine.rows(usage.aggregate(total=exact_sum(usage.value).fill_null(0.0)))
    (after,) = engine.rows(engagement_by_mapping(area_engagement))
    total_in, total_out = before["total"], after["engagement"]
    unlisted = engine.keep(
        "unlisted_features",
        unlisted_features(
            cleaned_usage,
            product_areas,
            measure,
            feature_areas,
            area_from_feature=area_from_feature,
        ),
    )
    by_name = (unlisted.area != UNMAPPED) & ~unlisted.by_pendo
    (told,) = engine.rows(
        unlisted.aggregate(
            name=exact_sum(unlisted.engagement, where=by_name).fill_null(0.0),
            pendo=exact_sum(unlisted.engagement, where=unlisted.by_pendo).fill_null(0.0),
        )
    )
    of_names, of_pendo = (told[by] / total_in if total_in else 0.0 for by in ("name", "pendo"))
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
    by = [f"{of_pendo:.1%} of it by Pendo's areas"] if told["pendo"] else []
    by += [f"{of_names:.1%} of it by the features' own names"] if told["name"] else []
    says = ", ".join([says, *by]) + "."
    from_pendo = areas_in_words(engine.rows(areas_of_pendo(unlisted))) if told["pendo"] else ""
    return MappingReport(
        agrees=total_in == total_out,
        says=says,
        numbers={
            "engagement_in": total_in,
            "engagement_out": total_out,
            "share_unmapped": share,
            "share_from_pendo": of_pendo,
            "share_from_names": of_names,
        },
        unmapped=unmapped,
        unmapped_features=len(features),
        first_unmapped=[
            {**feature, "share": feature["engagement"] / total_in} for feature in features[:_NAMED]
        ],
        from_pendo=from_pendo,
    )


def areas_in_words(areas: list[dict[str, Any]]) -> str:
    """Rows of `areas_of_pendo`: the first few, with how many of the features each has."""
    named = [f"{area['area']} ({area['features']:,})" for area in areas[:_NAMED]]
    more = f" and {len(areas) - _NAMED} more" if len(areas) > _NAMED else ""
    return ", ".join(named) + more
