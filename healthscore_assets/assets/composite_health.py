"""Stage 9: one 0-100 number per client, and the points that make it."""

import dagster as dg
import ibis

from healthscore_assets.contracts import COMPOSITE_HEALTH, COMPOSITE_POINTS
from healthscore_assets.monitoring.anomaly import COMPARED_MONTHS, anomalies
from healthscore_assets.monitoring.segments import unknown_segments
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import Finding, Publication, Published, Stage
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.scoring.health.composite import composite
from healthscore_assets.scoring.health.inputs import of_month


@monthly(
    COMPOSITE_HEALTH,
    COMPOSITE_POINTS,
    group="health",
    reads={
        # As far back for each: see structural_risk.
        "client_profile": COMPARED_MONTHS,
        "health_components": COMPARED_MONTHS,
        "index_scores": COMPARED_MONTHS + 1,
    },
    after=["health_settings"],
    checks={
        "anomaly": (
            "composite_points",
            "No component moved at once for more clients than clients move by themselves.",
        ),
        "segments": (
            "composite_health",
            "Every segment is one that scoring.yaml names; others have the default weights.",
        ),
    },
)
def composite_health(
    context: dg.AssetExecutionContext,
    workplace: Workplace,
    client_profile: ibis.Table,
    health_components: ibis.Table,
    index_scores: ibis.Table,
) -> Published:
    """Composite health of the month by itself, and the points of its components."""
    engine, settings = workplace.engine, workplace.settings.health
    moved = anomalies(engine, health_components, settings.anomaly_guard)
    held_out = frozenset(moved.components) if settings.anomaly_guard.hold_out else frozenset()
    profile = of_month(client_profile)
    stage = Stage(context, workplace, of_health=True)
    month = composite(engine, health_components, profile, index_scores, settings, held_out)
    stage.write(
        Publication(COMPOSITE_HEALTH, month.health), Publication(COMPOSITE_POINTS, month.points)
    )
    yield from stage.publish(
        [
            Finding.warning("anomaly", "composite_points", moved.seen),
            Finding.warning(
                "segments", "composite_health", unknown_segments(engine, profile, settings)
            ),
        ]
    )
