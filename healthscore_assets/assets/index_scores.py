"""Stage 5: how each client compares with the others."""

import dagster as dg
import ibis

from healthscore_assets.contracts import AREA_WEIGHTS, INDEX_SCORES
from healthscore_assets.monitoring.drift import drift
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import Finding, Publication, Published, Stage
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.pendo.raw_table import taken_in
from healthscore_assets.scoring.indices import Compared, compared, month_weights
from healthscore_assets.scoring.indices import index_scores as scores_of_month
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
        may_read={"accounts": back},
        after=["product_areas", "scoring_settings"],
        checks={
            "per_user": (
                "index_scores",
                "Every client with engagement has users to average over.",
            ),
            "drift": (
                "index_scores",
                "The engagement behind each index is spread over the clients as in the month "
                "before. Measured by the population stability index (PSI): 0 where nothing moved.",
            ),
        },
    )
    def indices(
        context: dg.AssetExecutionContext,
        workplace: Workplace,
        client_area_month: ibis.Table,
        client_month: ibis.Table,
        raw_pendo_export: ibis.Table,
        accounts: ibis.Table,
    ) -> Published:
        """Weights of the areas and six 0-100 scores for every client of the base."""
        engine, settings = workplace.engine, workplace.settings
        files = engine.rows(raw_pendo_export)
        partial = frozenset(row["months_ago"] for row in files if taken_in(row).partial)
        untold = without_users(engine, client_month, client_area_month)
        areas = workplace.product_areas_table()
        stage = Stage(context, workplace)
        with engine.single_threaded():
            now, before = (
                Compared(
                    engine.keep(f"ranked_{when}", month.ranked),
                    engine.keep(f"cells_{when}", month.cells),
                )
                for when, month in zip(
                    ("now", "before"),
                    compared(client_area_month, client_month, settings, accounts),
                    strict=True,
                )
            )
            weights = stage.write(
                Publication(AREA_WEIGHTS, month_weights(now, client_area_month, areas))
            )
            weights_before = month_weights(before, client_area_month, areas, 1)
            stage.write(
                Publication(
                    INDEX_SCORES, scores_of_month(now, before, weights, weights_before, partial)
                )
            )
            moved = drift(engine, now, before, weights, partial)
        yield from stage.publish(
            [
                Finding(
                    "per_user",
                    "index_scores",
                    not untold.clients,
                    untold.says,
                    False,
                    {"clients_without_users": untold.clients},
                    {"first_clients": untold.first},
                ),
                Finding.warning("drift", "index_scores", moved),
            ]
        )

    return indices
