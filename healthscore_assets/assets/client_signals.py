"""Stage 13: what feeds and features tell of a client, for alert rules."""

import dagster as dg
import ibis

from healthscore_assets.contracts import CLIENT_SIGNALS
from healthscore_assets.lake.months import shift
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import Publication, Published, Stage
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.risk.alerts.signals import (
    BEFORE_MONTHS,
    TRIED_MONTHS,
    SignalInputs,
    delivered_months,
)
from healthscore_assets.risk.alerts.signals import client_signals as signals
from healthscore_assets.scoring.health.feed_clients import with_clients
from healthscore_assets.scoring.health.inputs import TERMS_MONTHS, YEAR, known_ids, month_at_hand

_FEEDS = ("support_tickets", "invoices", "touchpoints")


@monthly(
    CLIENT_SIGNALS,
    group="alerts",
    reads={
        "client_profile": 0,
        "client_scores": TRIED_MONTHS,
        "client_names": TRIED_MONTHS,
        "client_month": TRIED_MONTHS,
        "client_feature_month": TRIED_MONTHS,
    },
    may_read={
        "accounts": 0,
        "support_tickets": BEFORE_MONTHS,
        "invoices": YEAR - 1 + TERMS_MONTHS,
        "touchpoints": BEFORE_MONTHS,
    },
    after=["scoring_settings"],
)
def client_signals(
    context: dg.AssetExecutionContext, workplace: Workplace, **tables: ibis.Table
) -> Published:
    """Tickets, touchpoints, invoices and new features of each client, and who looks after it."""
    engine, lake, month = workplace.engine, workplace.lake, context.partition_key
    known = known_ids(tables["client_profile"], tables["client_month"], tables["accounts"])
    feeds = with_clients(
        engine, {name: tables[name] for name in _FEEDS}, known, tables["client_names"]
    )
    inputs = SignalInputs(
        client_profile=tables["client_profile"],
        client_scores=tables["client_scores"],
        client_feature_month=tables["client_feature_month"],
        accounts=tables["accounts"],
        **feeds.feeds,
        at=month_at_hand(engine, month),
        delivered=delivered_months(
            {
                feed: [
                    ago for ago in range(BEFORE_MONTHS + 1) if lake.has(feed, shift(month, -ago))
                ]
                for feed in _FEEDS
            }
        ),
    )
    stage = Stage(context, workplace)
    stage.write(Publication(CLIENT_SIGNALS, signals(inputs, workplace.settings.measure)))
    yield from stage.publish()
