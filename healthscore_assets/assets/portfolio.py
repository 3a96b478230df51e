"""Stage 12: all clients together, for those who lead the teams."""

import dagster as dg
import ibis

from healthscore_assets.contracts import (
    PORTFOLIO_BANDS,
    PORTFOLIO_CHURN,
    PORTFOLIO_COHORTS,
    PORTFOLIO_DIMENSIONS,
    PORTFOLIO_MOVERS,
)
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import Publication, Published, Stage
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.scoring.health.inputs import month_at_hand
from healthscore_assets.scoring.portfolio import portfolio as summed_up


@monthly(
    PORTFOLIO_BANDS,
    PORTFOLIO_MOVERS,
    PORTFOLIO_CHURN,
    PORTFOLIO_COHORTS,
    PORTFOLIO_DIMENSIONS,
    group="portfolio",
    reads={
        "health_scores": 1,
        "client_scores": 0,
        "client_month": 0,
        "client_profile": 0,
        "structural_risk": 0,
    },
    may_read={"accounts": 0},
)
def portfolio(
    context: dg.AssetExecutionContext, workplace: Workplace, **tables: ibis.Table
) -> Published:
    """Bands by segment and revenue, risers and fallers, churn, cohorts, dimensions."""
    engine = workplace.engine
    month = summed_up(**tables, at=month_at_hand(engine, context.partition_key))
    stage = Stage(context, workplace)
    with engine.single_threaded():
        stage.write(
            Publication(PORTFOLIO_BANDS, month.bands),
            Publication(PORTFOLIO_MOVERS, month.movers),
            Publication(PORTFOLIO_CHURN, month.churn),
            Publication(PORTFOLIO_COHORTS, month.cohorts),
            Publication(PORTFOLIO_DIMENSIONS, month.dimensions),
        )
    yield from stage.publish()
