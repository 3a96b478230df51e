"""What a month's exports would give, before anything is run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis

from healthscore_assets.contracts.quarantine import ROW_REASONS
from healthscore_assets.engagement.alike_features import alike_features
from healthscore_assets.engagement.areas import (
    areas_of_pendo,
    unlisted_features,
    unmapped_features,
)
from healthscore_assets.engagement.exact import exact_sum
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lookups.product_areas import ProductAreas
from healthscore_assets.lookups.scoring_settings import ScoringSettings
from healthscore_assets.pendo.cleaning.identities import Identities
from healthscore_assets.pendo.cleaning.month import CleanedMonth, clean_month
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.reading.refused import ExportRefused

_FIRST = 3


@dataclass(frozen=True)
class Lookups:
    """What people keep in the lookups folder, as cleaning needs it."""

    product_areas: ProductAreas
    internal_domains: frozenset[str]
    identities: Identities
    settings: ScoringSettings


@dataclass(frozen=True)
class Preview:
    """A month in numbers.

    ``engagement`` by measure; ``quarantine`` by reason: how many rows and cells, and the first
    lines; ``unmapped`` are the features without an area that were used, most used first, with
    their engagement, ``from_pendo`` the areas that Pendo tells; ``alike`` and ``notes`` are lines
    for people; ``refused`` says why the month would be refused, if it would.
    """

    month: str
    cleaned: CleanedMonth
    clients: int
    visitors: int
    internal: int
    engagement: dict[str, float]
    quarantine: list[dict[str, Any]]
    unmapped: list[dict[str, Any]]
    from_pendo: list[dict[str, Any]]
    alike: list[str]
    refused: ExportRefused | None


def preview_month(
    engine: Engine, files: list[tuple[Path, ExportFile]], month: str, lookups: Lookups
) -> Preview:
    """Clean the month's files without writing anything.

    Raises ExportRefused for files of which nothing can be shown.
    """
    settings, refused = lookups.settings, None
    told = (month, lookups.product_areas, lookups.internal_domains, lookups.identities)
    try:
        cleaned = clean_month(engine, files, *told, settings.largest_quarantined_share)
    except ExportRefused as error:
        refused = error
        cleaned = clean_month(engine, files, *told)
    (visitors,) = engine.rows(
        cleaned.visitor_month.aggregate(
            clients=cleaned.visitor_month.client_id.nunique(),
            visitors=cleaned.visitor_month.visitor_id.count(),
            internal=cleaned.visitor_month.visitor_id.count(
                where=cleaned.visitor_month.audience == "internal"
            ),
        )
    )
    usage = engine.keep("usage_previewed", cleaned.cleaned_usage)
    areas = engine.arrow(
        "areas_previewed",
        lookups.product_areas.rows(),
        ibis.schema({"feature_key": "string", "area": "string", "tier": "string"}),
    )
    unlisted = unlisted_features(
        usage,
        areas,
        settings.measure,
        cleaned.feature_areas,
        area_from_feature=settings.area_from_feature,
    )
    by_measure = engine.rows(
        usage.group_by("measure").aggregate(total=exact_sum(usage.value)).order_by("measure")
    )
    return Preview(
        month,
        cleaned,
        **visitors,
        engagement={row["measure"]: row["total"] for row in by_measure},
        quarantine=_quarantine(engine, cleaned.quarantine),
        unmapped=engine.rows(unmapped_features(unlisted)),
        from_pendo=engine.rows(areas_of_pendo(unlisted)),
        alike=[each.line() for each in alike_features(cleaned.features, lookups.product_areas)],
        refused=refused,
    )


def _quarantine(engine: Engine, quarantine: ibis.Table) -> list[dict[str, Any]]:
    """Rows (or cells, where single cells are refused) and the first lines of each reason."""
    counted = engine.rows(
        quarantine.group_by("reason")
        .aggregate(
            lines=quarantine.count(),
            rows=ibis.struct(
                {"file": quarantine.source_file, "row": quarantine.source_row}
            ).nunique(),
        )
        .order_by(ibis.desc("rows"), "reason")
    )
    for reason in counted:
        lines = quarantine.filter(quarantine.reason == reason["reason"])
        reason["of"] = "row" if reason["reason"] in ROW_REASONS else "cell"
        reason["count"] = reason["rows"] if reason["of"] == "row" else reason["lines"]
        reason["first"] = engine.rows(
            lines.order_by("source_file", "source_row", "column").limit(_FIRST)
        )
    return counted
