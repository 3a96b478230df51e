"""The other feeds: what was delivered of each, its rows, and what of them was refused."""

from collections.abc import Mapping

import dagster as dg
import ibis

from healthscore_assets.contracts import FEED_TABLES
from healthscore_assets.orchestration.feeds import feed_of_month, files_of_month
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import Published
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.signals.feeds import ACCOUNTS, FEEDS, Feed
from healthscore_assets.signals.known_clients import known_clients

_LOOKUPS = ["column_aliases", "client_aliases", "excluded_accounts", "scoring_settings"]


def _checks(feed: Feed) -> Mapping[str, tuple[str, str]]:
    return {
        "reconciliation": (feed.name, "Every row that was delivered is kept or accounted for."),
        "refused": (f"{feed.name}_quarantine", "No row or cell had to be refused."),
    }


@monthly(*FEED_TABLES[ACCOUNTS.name], group="signals", after=_LOOKUPS, checks=_checks(ACCOUNTS))
def account_register(context: dg.AssetExecutionContext, workplace: Workplace) -> Published:
    """The newest snapshot of the account register at the month's end."""
    clients = known_clients(workplace.local, workplace.identities)
    yield from feed_of_month(context, workplace, ACCOUNTS, clients)


def feed_stage(feed: Feed) -> dg.AssetsDefinition:
    """The stage of a feed whose rows tell of days."""

    def rows_of_feed(
        context: dg.AssetExecutionContext,
        workplace: Workplace,
        accounts: ibis.Table,
    ) -> Published:
        register = files_of_month(context, workplace, ACCOUNTS)
        clients = known_clients(workplace.local, workplace.identities, accounts, register)
        yield from feed_of_month(context, workplace, feed, clients)

    rows_of_feed.__name__ = f"{feed.name}_feed"
    rows_of_feed.__doc__ = f"{feed.says[0].upper()}{feed.says[1:]}, as known at the month's end."
    return monthly(
        *FEED_TABLES[feed.name],
        group="signals",
        may_read={"accounts": 0},
        after=_LOOKUPS,
        checks=_checks(feed),
    )(rows_of_feed)


FEED_STAGES = [
    account_register,
    *(feed_stage(feed) for feed in FEEDS.values() if feed is not ACCOUNTS),
]
"""Every feed's stage."""
