"""Stage 3: which product areas each visitor used."""

import dagster as dg
import ibis

from healthscore_assets.contracts import AREA_ENGAGEMENT
from healthscore_assets.engagement.areas import area_engagement as sum_by_area
from healthscore_assets.engagement.mapping_report import mapping_report
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import Finding, Publication, Published, Stage
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.scoring.health.inputs import of_month


@monthly(
    AREA_ENGAGEMENT,
    group="engagement",
    reads={"cleaned_usage": 0, "feature_areas": 0},
    after=["product_areas", "scoring_settings"],
    checks={
        "reconciliation": (
            "area_engagement",
            "All engagement of cleaned_usage is in an area or in `Unmapped`.",
        ),
        "unmapped": ("area_engagement", "Every feature that was used belongs to a product area."),
    },
)
def area_engagement(
    context: dg.AssetExecutionContext,
    workplace: Workplace,
    cleaned_usage: ibis.Table,
    feature_areas: ibis.Table,
) -> Published:
    """Usage in the scoring measure by visitor and product area; the rest is `Unmapped`."""
    settings, areas = workplace.settings, workplace.product_areas_table()
    from_names, measure = settings.area_from_feature, settings.measure
    stage, told = Stage(context, workplace), (areas, measure, of_month(feature_areas))
    table = sum_by_area(cleaned_usage, *told, area_from_feature=from_names)
    by_area = stage.write(Publication(AREA_ENGAGEMENT, table))
    report = mapping_report(
        workplace.engine, cleaned_usage, by_area, *told, area_from_feature=from_names
    )
    yield from stage.publish(
        [
            Finding(
                "reconciliation",
                "area_engagement",
                report.agrees,
                report.says,
                True,
                report.numbers,
            ),
            Finding(
                "unmapped",
                "area_engagement",
                not report.unmapped,
                report.areas_told,
                False,
                {"features_unmapped": report.unmapped_features},
                {"first_features": report.first_unmapped},
            ),
        ]
    )
