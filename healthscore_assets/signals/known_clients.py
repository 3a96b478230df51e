"""What is known of clients when a feed is read."""

from collections.abc import Sequence

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from healthscore_assets.lake.engine import Engine
from healthscore_assets.pendo.cleaning.identities import Identities
from healthscore_assets.signals.feed_file import FeedFile
from healthscore_assets.signals.month import KnownClients


def known_clients(
    engine: Engine,
    identities: Identities,
    accounts: ibis.Table | None = None,
    register: Sequence[FeedFile] = (),
) -> KnownClients:
    """Lookups, and the ids and names of the register of the month, where there is one.

    Parameters: ``accounts`` is its table, ``register`` the files that it was made from: they name
    the excluded accounts too, which are left out of the table.
    """
    names = None
    if accounts is not None:
        excluded = _names_of(register, list(identities.excluded_accounts))
        named = engine.arrow("names_of_excluded", excluded, ibis.schema(_NAMES))
        names = engine.keep(
            "names_of_clients", accounts.select("client_id", "client_name").union(named)
        )
    return KnownClients(identities.client_aliases, identities.excluded_accounts, names)


_NAMES = {"client_id": "string", "client_name": "string"}


def _names_of(register: Sequence[FeedFile], clients: Sequence[str]) -> pa.Table:
    """The names that files give some clients."""
    found = [
        pq.read_table(file.rows.path, columns=list(_NAMES), filters=[("client_id", "in", clients)])
        for file in register
        if clients
    ]
    schema = pa.schema({name: pa.string() for name in _NAMES})
    return pa.concat_tables([schema.empty_table(), *found]).group_by(list(_NAMES)).aggregate([])
