"""Stage 6: where each client is heading."""

from collections import Counter

import dagster as dg
import ibis

from healthscore_assets.contracts import MOMENTUM
from healthscore_assets.monitoring.population import population
from healthscore_assets.monitoring.volume import volume
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import Finding, Publication, Published, Stage
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.pendo.raw_table import taken_in
from healthscore_assets.scoring.momentum import AVERAGED_MONTHS
from healthscore_assets.scoring.momentum import momentum as against_own_past


def momentum(silent_months: int) -> dg.AssetsDefinition:
    """The stage, reading back to the base of the earliest month that is averaged."""
    # The exports too, though only the averaged months matter: Dagster takes the months of a
    # backfill from the first inputs it comes to, and would leave out those due by the others.
    back = AVERAGED_MONTHS + silent_months

    @monthly(
        MOMENTUM,
        group="scoring",
        reads={"client_month": back, "index_scores": 0, "raw_pendo_export": back},
        may_read={"accounts": back},
        after=["scoring_settings"],
        checks={
            "population": (
                "momentum",
                "No more clients joined the base, or left it, than usual. The base are the clients "
                "that are compared.",
            ),
            "volume": (
                "momentum",
                "Engagement, clients, visitors and delivered rows are near their usual, and so is "
                "each client's engagement. Usual is the median of the months before.",
            ),
        },
    )
    def momentum(
        context: dg.AssetExecutionContext,
        workplace: Workplace,
        client_month: ibis.Table,
        index_scores: ibis.Table,
        raw_pendo_export: ibis.Table,
        accounts: ibis.Table,
    ) -> Published:
        """Trend and direction of every client against its own last three months, if all whole."""
        files = workplace.engine.rows(raw_pendo_export)
        partial = frozenset(row["months_ago"] for row in files if taken_in(row).partial)
        moved = against_own_past(client_month, workplace.settings, partial, accounts)
        stage = Stage(context, workplace)
        stage.write(Publication(MOMENTUM, moved.semi_join(index_scores, "client_id")))
        delivered: Counter[int] = Counter()
        for row in files:
            delivered[row["months_ago"]] += row["rows"]
        engine = workplace.engine
        yield from stage.publish(
            [
                Finding.warning(
                    "population",
                    "momentum",
                    population(engine, client_month, silent_months, partial, delivered, accounts),
                ),
                Finding.warning(
                    "volume",
                    "momentum",
                    volume(engine, client_month, delivered, silent_months, partial, accounts),
                ),
            ]
        )

    return momentum
