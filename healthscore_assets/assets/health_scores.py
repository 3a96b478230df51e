"""Stage 10: health beside the months before: bands, velocity, drivers."""

import dagster as dg
import ibis

from healthscore_assets.contracts import HEALTH_DRIVERS, HEALTH_SCORES
from healthscore_assets.monitoring.health_mix import health_mix
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import Finding, Publication, Published, Stage
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.scoring.health.bands import WALKED_MONTHS, with_bands
from healthscore_assets.scoring.health.drivers import drivers
from healthscore_assets.scoring.health.inputs import month_at_hand


@monthly(
    HEALTH_SCORES,
    HEALTH_DRIVERS,
    group="health",
    reads={"composite_health": WALKED_MONTHS, "composite_points": WALKED_MONTHS},
    after=["health_settings"],
    checks={
        "mix": (
            "health_scores",
            "Every client has a health, and 70 to 80 % of its weight is on leading components.",
        ),
    },
)
def health_scores(
    context: dg.AssetExecutionContext,
    workplace: Workplace,
    composite_health: ibis.Table,
    composite_points: ibis.Table,
) -> Published:
    """Composite health, its band and velocity, and what each component has to do with it."""
    engine = workplace.engine
    at = month_at_hand(engine, context.partition_key)
    stage = Stage(context, workplace, of_health=True)
    scores = stage.write(
        Publication(HEALTH_SCORES, with_bands(composite_health, at, workplace.settings.health))
    )
    stage.write(Publication(HEALTH_DRIVERS, drivers(composite_points, composite_health)))
    yield from stage.publish([Finding.warning("mix", "health_scores", health_mix(engine, scores))])
