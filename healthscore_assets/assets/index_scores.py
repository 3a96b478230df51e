"""Stage 5: how each client compares with the others."""

import dagster as dg
import ibis

from healthscore_assets.contracts import AREA_WEIGHTS, INDEX_SCORES
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import Finding, Publication, Published, Stage
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.pendo.raw_table import taken_in
from healthscore_assets.scoring.indices import month_indices
from healthscore_assets.scoring.per_user_reason import without_users


def index_scores(silent_months: int) -> dg.AssetsDefinition:
    """The stage, reading back as far as clients stay in the base after they were last listed."""
    # The month before is scored too, for the change, with the base it had. The exports as far,
    # though only two months matter: Dagster takes the months of a backfill from the first inputs it
    # comes to, and would leave out those due by client_month.
    back = silent_months + 1

    @monthly(
        AREA_WEIGHTS,
        INDEX_SCORES,
        group="scoring",
        reads={"client_area_month": 1, "client_month": back, "raw_pendo_export": back},
        after=["product_areas", "scoring_settings"],
        checks={
            "per_user": (
                "index_scores",
                "Every client with engagement has users to average over.",
            ),
        },
    )
    def indices(
        context: dg.AssetExecutionContext,
        workplace: Workplace,
        client_area_month: ibis.Table,
        client_month: ibis.Table,
        raw_pendo_export: ibis.Table,
    ) -> Published:
        """Weights of the areas and six 0-100 scores for every client of the base."""
        files = workplace.engine.rows(raw_pendo_export)
        month = month_indices(
            client_area_month,
            client_month,
            workplace.product_areas_table(),
            workplace.settings,
            frozenset(row["months_ago"] for row in files if taken_in(row).partial),
        )
        untold = without_users(workplace.engine, client_month, client_area_month)
        stage = Stage(context, workplace)
        with workplace.engine.single_threaded():
            stage.write(
                Publication(AREA_WEIGHTS, month.area_weights),
                Publication(INDEX_SCORES, month.index_scores),
            )
        yield from stage.publish([Finding("per_user", "index_scores", not untold, untold, False)])

    return indices
