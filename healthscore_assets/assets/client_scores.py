"""Stage 7: everything about a client in one row, for people."""

from datetime import timedelta

import dagster as dg
import ibis

from healthscore_assets.contracts import CLIENT_SCORES
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import Publication, Published, Stage
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.pendo.raw_table import taken_in
from healthscore_assets.scoring.client_scores import client_scores as side_by_side
from healthscore_assets.scoring.client_scores import spreadsheet_safe
from healthscore_assets.scoring.momentum import AVERAGED_MONTHS

_WEEKEND = timedelta(days=4)
"""A long one, and the working day after it."""


def client_scores(silent_months: int, export_due_day: int) -> dg.AssetsDefinition:
    """The stage, reading the names of clients that were last listed some months ago."""
    # As far back as momentum reads, which is further than names need: Dagster takes the months of
    # a backfill from the first inputs it comes to, and would leave out those due by momentum.
    back = AVERAGED_MONTHS + silent_months
    # From the first day of a month to the due day of the next: longer is not in time.
    longest = timedelta(days=31 + export_due_day)

    @monthly(
        CLIENT_SCORES,
        group="scoring",
        reads={
            "index_scores": 0,
            "momentum": 0,
            "client_names": back,
            "raw_pendo_export": back,
        },
        may_read={"accounts": back},
        kinds=frozenset({"duckdb", "parquet", "csv"}),
        freshness=dg.FreshnessPolicy.time_window(
            warn_window=longest, fail_window=longest + _WEEKEND
        ),
    )
    def client_scores(
        context: dg.AssetExecutionContext,
        workplace: Workplace,
        index_scores: ibis.Table,
        momentum: ibis.Table,
        client_names: ibis.Table,
        raw_pendo_export: ibis.Table,
        accounts: ibis.Table,
    ) -> Published:
        """The analysis-ready file: name, scores and momentum of every client of the base."""
        delivered = raw_pendo_export.filter(raw_pendo_export.months_ago == 0)
        files = [taken_in(row) for row in workplace.engine.rows(delivered)]
        table = side_by_side(
            index_scores,
            momentum,
            client_names,
            accounts,
            partial=any(file.partial for file in files),
        )
        stage = Stage(context, workplace)
        stage.write(Publication(CLIENT_SCORES, table, csv=spreadsheet_safe(table)))
        yield from stage.publish()

    return client_scores
