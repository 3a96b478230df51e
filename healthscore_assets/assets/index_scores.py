"""Stage 5: how each client compares with the others."""

import dagster as dg
import ibis

from healthscore_assets.contracts import AREA_WEIGHTS, INDEX_SCORES
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import Publication, Published, Stage
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.scoring.indices import month_indices


def index_scores(silent_months: int) -> dg.AssetsDefinition:
    """The stage, reading back as far as clients stay in the base after they were last listed."""

    @monthly(
        AREA_WEIGHTS,
        INDEX_SCORES,
        group="scoring",
        # The month before is scored too, for the change, with the base it had.
        reads={"client_area_month": 1, "client_month": silent_months + 1},
        after=["product_areas", "scoring_settings"],
    )
    def indices(
        context: dg.AssetExecutionContext,
        workplace: Workplace,
        client_area_month: ibis.Table,
        client_month: ibis.Table,
    ) -> Published:
        """Weights of the areas and six 0-100 scores for every client of the base."""
        month = month_indices(
            client_area_month, client_month, workplace.product_areas_table(), workplace.settings
        )
        stage = Stage(context, workplace)
        with workplace.engine.single_threaded():
            stage.write(
                Publication(AREA_WEIGHTS, month.area_weights),
                Publication(INDEX_SCORES, month.index_scores),
            )
        yield from stage.publish()

    return indices
