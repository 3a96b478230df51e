"""Index scores: the share of the other clients that a client is ahead of (SCORING.md section 3)."""

from dataclasses import dataclass
from functools import lru_cache

import ibis

from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lake.expressions import summed_in_order
from healthscore_assets.lookups.scoring_settings import ScoringSettings
from healthscore_assets.scoring.base import bases
from healthscore_assets.scoring.engagement_matrix import (
    AUDIENCES,
    BASES,
    ranked_clients,
    scaled_engagement,
)
from healthscore_assets.scoring.weights import area_weights, scored_areas

SMALL_BASE = 20
"""With fewer clients, one client more or less moves a score by over five points."""


@dataclass(frozen=True)
class Compared:
    """The clients that the indices of a month rank, and what they are ranked by."""

    ranked: ibis.Table
    cells: ibis.Table

    def of(self, audience: str) -> "Compared":
        """Those of one audience."""
        return Compared(
            self.ranked.filter(self.ranked.audience == audience),
            self.cells.filter(self.cells.audience == audience),
        )


@lru_cache(maxsize=EXPRESSIONS)
def compared(
    client_area_month: ibis.Table,
    client_month: ibis.Table,
    settings: ScoringSettings,
    accounts: ibis.Table | None = None,
) -> tuple[Compared, Compared]:
    """What the indices of the month at hand compare, and those of the month before.

    Parameters: ``client_area_month`` of the month (``months_ago`` 0) and the one before;
    ``client_month`` reaching ``silent_months`` further back; ``accounts`` of both months, where
    they were delivered.
    Grain: as of `ranked_clients` and `scaled_engagement`.
    """
    base = bases(client_month, [0, 1], settings.silent_months, accounts)

    def of(ago: int) -> Compared:
        ranked = ranked_clients(
            client_month.filter(client_month.months_ago == ago),
            base.filter(base.months_ago == ago),
        )
        used = client_area_month.filter(client_area_month.months_ago == ago)
        return Compared(ranked, scaled_engagement(used, ranked, settings.area_scaling))

    return of(0), of(1)


@lru_cache(maxsize=EXPRESSIONS)
def month_weights(
    month: Compared, client_area_month: ibis.Table, lookup_areas: ibis.Table, ago: int = 0
) -> ibis.Table:
    """The weights of a month, so many months ``ago``. Grain: as in the contract of `area_weights`.

    Parameters: as of `compared`, which gives ``month``; the ``area`` column of the lookup.
    """
    used = client_area_month.filter(client_area_month.months_ago == ago)
    return area_weights(month.cells, month.ranked, scored_areas(used, lookup_areas))


@lru_cache(maxsize=EXPRESSIONS)
def index_scores(
    now: Compared,
    before: Compared,
    weights: ibis.Table,
    weights_before: ibis.Table,
    partial: frozenset[int] = frozenset(),
) -> ibis.Table:
    """The scores of a month, and their change since the month before.

    Parameters: as `compared` and `month_weights` give them; ``partial`` tells which months are not
    whole, by how many months ago they were: there is no change from or to those.
    Grain: as in the contract of `index_scores`.
    """
    scores = rank_scores(now.cells, weights, now.ranked)
    of_all = before.of("all")
    weighed = weights_before.filter(weights_before.audience == "all")
    scores_before = rank_scores(of_all.cells, weighed, of_all.ranked)
    if partial & {0, 1}:
        scores_before = scores_before.filter(ibis.literal(False))
    base = now.ranked.filter((now.ranked.audience == "all") & (now.ranked.basis == "total"))
    return _one_row_per_client(base.select("client_id"), scores, scores_before)


def rank_scores(cells: ibis.Table, weights: ibis.Table, ranked: ibis.Table) -> ibis.Table:
    """Scores 0-100 from the weighted engagement of the clients that an index ranks.

    Grain: audience x basis x client. Columns ``raw`` (to 9 decimals, so that equal clients are
    equal whatever the order of summation), ``score`` (null with fewer than two clients or without
    any weight) and ``size``.
    """
    weighted = cells.join(
        weights.select("audience", "basis", "area", "weight"), ["audience", "basis", "area"]
    )
    key = ["audience", "basis", "client_id"]
    # In one order of the areas: clients with the same usage get the same sum, to the last bit.
    raws = weighted.group_by(key).aggregate(
        raw=summed_in_order(weighted.weight * weighted.v, [weighted.area])
    )
    weighs = weights.group_by("audience", "basis").aggregate(weighs=weights.weight.max() > 0)
    clients = ranked.left_join(raws, key).select(
        *key, "size", raw=ibis._.raw.fill_null(0.0).round(9)
    )
    clients = clients.join(weighs, ["audience", "basis"])
    behind = ibis.rank().over(group_by=["audience", "basis"], order_by=clients.raw)
    others = clients["size"] - 1
    score = ibis.ifelse(clients.weighs & (others > 0), 100.0 * behind / others.nullif(0), None)
    return clients.select(*key, "size", "raw", score=score)


def _one_row_per_client(
    clients: ibis.Table, scores: ibis.Table, scores_before: ibis.Table
) -> ibis.Table:
    wide = scores.group_by("client_id").aggregate(**_columns(scores, scores.score.max, ""))
    sizes = scores.aggregate(**_columns(scores, scores["size"].max, "n_"))
    sizes = sizes.mutate(**{name: sizes[name].fill_null(0) for name in sizes.columns})
    before = scores_before.group_by("client_id").aggregate(
        **{
            f"{basis}_all_before": scores_before.score.max(where=scores_before.basis == basis)
            for basis in BASES
        }
    )
    table = clients.left_join(wide, "client_id").drop("client_id_right").cross_join(sizes)
    table = table.left_join(before, "client_id").drop("client_id_right")
    return table.mutate(
        small_base=table.n_total_all < SMALL_BASE,
        total_all_change=table.total_all - table.total_all_before,
        per_user_all_change=table.per_user_all - table.per_user_all_before,
    )


def _columns(scores: ibis.Table, largest, prefix: str) -> dict[str, ibis.Value]:  # type: ignore[no-untyped-def]
    return {
        f"{prefix}{basis}_{audience}": largest(
            where=(scores.basis == basis) & (scores.audience == audience)
        )
        for basis in BASES
        for audience in AUDIENCES
    }
