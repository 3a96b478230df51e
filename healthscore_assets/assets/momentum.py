"""Stage 6: where each client is heading."""

import dagster as dg
import ibis

from healthscore_assets.contracts import MOMENTUM
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import Publication, Published, Stage
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.scoring.momentum import AVERAGED_MONTHS
from healthscore_assets.scoring.momentum import momentum as against_own_past


def momentum(silent_months: int) -> dg.AssetsDefinition:
    """The stage, reading back to the base of the earliest month that is averaged."""

    @monthly(
        MOMENTUM,
        group="scoring",
        reads={"client_month": AVERAGED_MONTHS + silent_months, "index_scores": 0},
        after=["scoring_settings"],
    )
    def momentum(
        context: dg.AssetExecutionContext,
        workplace: Workplace,
        client_month: ibis.Table,
        index_scores: ibis.Table,
    ) -> Published:
        """Trend and direction of every client against its own last three months."""
        moved = against_own_past(client_month, workplace.settings)
        stage = Stage(context, workplace)
        stage.write(Publication(MOMENTUM, moved.semi_join(index_scores, "client_id")))
        yield from stage.publish()

    return momentum
