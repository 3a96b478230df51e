"""What is known of clients when a feed is read."""

from collections.abc import Sequence

import ibis

from healthscore_assets.lake.engine import Engine
from healthscore_assets.pendo.cleaning.identities import Identities
from healthscore_assets.signals.month import KnownClients


def known_clients(
    engine: Engine, identities: Identities, named_in: Sequence[ibis.Table]
) -> KnownClients:
    """Lookups, and the names that tables with ``client_id, client_name`` give of a month."""
    names = [table.select("client_id", "client_name") for table in named_in]
    everything = ibis.union(*names, distinct=True) if len(names) > 1 else next(iter(names), None)
    kept = None if everything is None else engine.keep("names_of_clients", everything)
    return KnownClients(identities.client_aliases, identities.excluded_accounts, kept)
