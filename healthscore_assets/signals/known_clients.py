"""What is known of clients when a feed is read."""

import ibis

from healthscore_assets.lake.engine import Engine
from healthscore_assets.pendo.cleaning.identities import Identities
from healthscore_assets.signals.month import KnownClients


def known_clients(
    engine: Engine, identities: Identities, accounts: ibis.Table | None = None
) -> KnownClients:
    """Lookups, and the ids and names of the register of the month, where there is one."""
    names = None
    if accounts is not None:
        names = engine.keep("names_of_clients", accounts.select("client_id", "client_name"))
    return KnownClients(identities.client_aliases, identities.excluded_accounts, names)
