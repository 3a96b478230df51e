"""How much each area counts (SCORING.md section 3)."""

import ibis

from healthscore_assets.lookups.product_areas import UNMAPPED
from healthscore_assets.scoring.engagement_matrix import indices

_TELLS_NONE_APART = 1e-9


def scored_areas(client_area_month: ibis.Table, lookup_areas: ibis.Table) -> ibis.Table:
    """The areas of the lookup and those that engagement was mapped to. Grain: area."""
    used = client_area_month.filter(client_area_month.area != UNMAPPED).select("area")
    return used.union(lookup_areas.select("area")).distinct()


def area_weights(
    cells: ibis.Table,
    ranked: ibis.Table,
    areas: ibis.Table,
) -> ibis.Table:
    """Weights by inverse coefficient of variation: areas used evenly count more.

    Parameters: `scaled_engagement` and `ranked_clients` of a month, `scored_areas`.
    Grain: audience x basis x area, for all areas. The standard deviation is of the sample; clients
    without engagement enter as zeros.
    """
    index, area = ["audience", "basis"], ["audience", "basis", "area"]
    sums = cells.group_by(area).aggregate(total=cells.v.sum(), users=cells.count())
    sizes = ranked.select(*index, "size").distinct()
    grid = indices().cross_join(areas).left_join(sizes, index)
    grid = grid.select("audience", "basis", "area", size=grid["size"].fill_null(0))
    grid = grid.left_join(sums, area).select(
        *area, "size", total=ibis._.total.fill_null(0.0), users=ibis._.users.fill_null(0)
    )
    grid = grid.mutate(mean=grid.total / grid["size"].nullif(0))
    # Deviations from the mean, not squares less the squared mean: near-equal areas keep their cv.
    spread = cells.join(grid.select(*area, "mean"), area)
    squares = spread.group_by(area).aggregate(squares=((spread.v - spread.mean) ** 2).sum())
    grid = grid.left_join(squares, area).drop("audience_right", "basis_right", "area_right")
    squares_of_all = grid.squares.fill_null(0.0) + (grid["size"] - grid.users) * grid["mean"] ** 2
    grid = grid.mutate(
        std=(squares_of_all / ibis.ifelse(grid["size"] > 1, grid["size"] - 1, None)).sqrt()
    )
    grid = grid.mutate(cv=grid["std"] / grid["mean"].nullif(0))
    grid = grid.mutate(inverse=ibis.ifelse(grid["cv"] >= _TELLS_NONE_APART, 1 / grid["cv"], 0.0))
    total = grid.inverse.sum().over(ibis.window(group_by=index))
    weight = ibis.ifelse(total > 0, grid.inverse / total, 0.0).fill_null(0.0)
    return grid.select(*area, "users", "mean", "std", "cv", weight=weight)
