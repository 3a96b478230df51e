"""Why clients have no per-user score though they are used."""

from dataclasses import dataclass

import ibis

from healthscore_assets.lake.computes import Computes

_NAMED = 5


@dataclass(frozen=True)
class WithoutUsers:
    """How many clients have no per-user score though they are used, in words, and the first."""

    clients: int
    says: str
    first: list[dict[str, str]]


def without_users(
    engine: Computes, client_month: ibis.Table, client_area_month: ibis.Table
) -> WithoutUsers:
    """The clients with engagement that no visitor can be told of.

    Parameters: both tables with the month at hand as ``months_ago`` 0. Engagement counts whether
    mapped or not, as it does for users.
    """
    used = client_area_month.filter(client_area_month.months_ago == 0)
    listed = client_month.filter((client_month.months_ago == 0) & (client_month.audience == "all"))
    untold = listed.filter(listed.unique_visitors.isnull()).semi_join(used, "client_id")
    (found,) = engine.rows(untold.aggregate(clients=untold.count()))
    clients = found["clients"]
    if not clients:
        return WithoutUsers(0, "Every client that is used has users.", [])
    first = engine.rows(untold.select("client_id").order_by("client_id").limit(_NAMED))
    named = ", ".join(row["client_id"] for row in first)
    more = f" and {clients - _NAMED:,} more" if clients > _NAMED else ""
    says = (
        f"No per-user scores for {clients:,} client{'' if clients == 1 else 's'}: "
        f"{'its' if clients == 1 else 'their'} exports list no visitors ({named}{more})."
    )
    return WithoutUsers(clients, says, first)
