"""The contract of `index_scores`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import CLIENT_ID, change, count, score

_SAYS = {
    "total_all": "all engagement",
    "total_external": "engagement of external visitors",
    "total_internal": "engagement of internal visitors",
    "per_user_all": "engagement per visitor",
    "per_user_external": "engagement per external visitor",
    "per_user_internal": "engagement per internal visitor",
}

SCORE_COLUMNS = tuple(_SAYS)
"""The six scores, as `<basis>_<audience>`."""

INDEX_SCORES = pa.DataFrameSchema(
    name="index_scores",
    description="Six 0-100 scores per client: the share of the other clients it is ahead of.",
    metadata={"grain": "client of the base", "never_empty": True},
    unique=["client_id"],
    columns={
        "client_id": CLIENT_ID,
        **{
            name: score(f"Share of the other clients with less, 0-100: {says}; null if unranked.")
            for name, says in _SAYS.items()
        },
        **{f"n_{name}": count(f"Clients ranked in `{name}`.") for name in _SAYS},
        "small_base": pa.Column(bool, description="Fewer than 20 clients are compared."),
        "total_all_change": change(
            "`total_all` less that of the month before; null where either month is partial."
        ),
        "per_user_all_change": change(
            "`per_user_all` less that of the month before; null where either month is partial."
        ),
    },
)
