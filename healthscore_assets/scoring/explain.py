"""Why a client has the score it has: areas, weights, contributions, neighbours."""

from dataclasses import dataclass
from typing import Any

import ibis

from healthscore_assets.lake.computes import Computes
from healthscore_assets.scoring.engagement_matrix import ranked_clients, scaled_engagement
from healthscore_assets.scoring.indices import rank_scores

_NEIGHBOURS = 3


@dataclass(frozen=True)
class AreaShare:
    """What an area adds to a client's raw index, beside what it adds on average."""

    area: str
    engagement: float
    scaled: float
    weight: float
    contribution: float
    average: float


@dataclass(frozen=True)
class Neighbour:
    """A client close by in the ranking."""

    client_id: str
    raw: float
    score: float | None


@dataclass(frozen=True)
class Explanation:
    """One score taken apart; the contributions add up to ``raw``.

    ``above`` and ``below`` are the next clients in the ranking, the nearest first; ``level`` counts
    those with the same raw index.
    """

    index: str
    score: float | None
    raw: float | None
    ranked: int
    areas: list[AreaShare]
    level: int
    above: list[Neighbour]
    below: list[Neighbour]


def explain_score(
    engine: Computes,
    client_id: str,
    tables: dict[str, ibis.Table],
    area_scaling: str,
    basis: str,
    audience: str = "all",
) -> Explanation:
    """Take one index score of a client apart, from the tables of its month.

    Parameters: ``tables`` holds one month of ``client_month``, ``client_area_month``,
    ``area_weights`` and ``index_scores``.
    """
    clients = tables["index_scores"].select("client_id")
    ranked = ranked_clients(tables["client_month"], clients, (audience,))
    ranked = ranked.filter(ranked.basis == basis)
    cells = engine.keep(
        "explained_cells", scaled_engagement(tables["client_area_month"], ranked, area_scaling)
    )
    weights = tables["area_weights"].drop("months_ago")
    weights = weights.filter((weights.basis == basis) & (weights.audience == audience))
    scores = engine.keep("explained_scores", rank_scores(cells, weights, ranked))
    own = engine.rows(scores.filter(scores.client_id == client_id))
    size = engine.rows(scores.aggregate(size=scores.count()))[0]["size"]
    raw = own[0]["raw"] if own else None
    return Explanation(
        index=f"{basis}_{audience}",
        score=own[0]["score"] if own else None,
        raw=raw,
        ranked=size,
        areas=_areas(engine, client_id, cells, weights, tables["client_area_month"], audience),
        level=0 if raw is None else engine.rows(_level(scores, raw))[0]["clients"] - 1,
        above=_neighbours(engine, scores, raw, above=True),
        below=_neighbours(engine, scores, raw, above=False),
    )


def _areas(
    engine: Computes,
    client_id: str,
    cells: ibis.Table,
    weights: ibis.Table,
    client_area_month: ibis.Table,
    audience: str,
) -> list[AreaShare]:
    own = cells.filter(cells.client_id == client_id).select("area", scaled="v")
    used = client_area_month.filter(
        (client_area_month.client_id == client_id) & (client_area_month.audience == audience)
    ).select("area", "engagement")
    table = weights.left_join(own, "area").drop("area_right").left_join(used, "area")
    table = table.select(
        "area",
        "weight",
        engagement=table.engagement.fill_null(0.0),
        scaled=table.scaled.fill_null(0.0),
        contribution=table.weight * table.scaled.fill_null(0.0),
        average=table.weight * table["mean"].fill_null(0.0),
    )
    ordered = table.order_by(ibis.desc("contribution"), ibis.desc("average"), "area")
    return [AreaShare(**row) for row in engine.rows(ordered)]


def _level(scores: ibis.Table, raw: float) -> ibis.Table:
    return scores.filter(scores.raw == raw).aggregate(clients=ibis._.count())


def _neighbours(
    engine: Computes, scores: ibis.Table, raw: float | None, *, above: bool
) -> list[Neighbour]:
    if raw is None:
        return []
    others = scores.filter(scores.raw > raw if above else scores.raw < raw)
    order = ibis.asc("raw") if above else ibis.desc("raw")
    found: list[dict[str, Any]] = engine.rows(
        others.order_by(order, "client_id").limit(_NEIGHBOURS).select("client_id", "raw", "score")
    )
    return [Neighbour(**row) for row in found]
