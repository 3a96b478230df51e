"""Whether a component moved for so many clients at once that its measurement is to blame."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import ibis

from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.engine import EXPRESSIONS
from healthscore_assets.lookups.health_settings import AnomalyGuard
from healthscore_assets.monitoring.observation import Observation

COMPARED_MONTHS = 7
"""Months before the one at hand whose moves tell what is usual: six moves."""

_MAD_TO_DEVIATION = 1.4826
"""Of a normal distribution (Rousseeuw and Croux 1993)."""

_LEAST_DEVIATION = 1.0
"""In points: a component that hardly ever moves may move by as much."""

_FEW = 10
"""With fewer moves nobody can say what is usual."""

_LEAST_CLIENTS = 3
"""One or two clients that moved are those clients' matter, however few there are."""


@dataclass(frozen=True)
class Anomalies:
    """Components that moved as a whole, and what to tell of it."""

    components: Sequence[str]
    seen: Observation


def anomalies(engine: Computes, components: ibis.Table, guard: AnomalyGuard) -> Anomalies:
    """Compare the moves since the month before with those of the months before that.

    Parameters: ``components`` as in `health_components`, with ``months_ago`` up to
    `COMPARED_MONTHS`. A client's move is far where it is more than ``deviations`` robust deviations
    (1.4826 times the median absolute deviation) from the median of earlier moves. In a month of
    a quarterly survey many moves are far, and always were: the share that was far in one of the
    earlier months is taken off.
    """
    rows = engine.rows(_shares(components, guard))
    found = [
        row
        for row in rows
        if row["far_share"] - row["far_share_before"] > guard.share and row["far"] >= _LEAST_CLIENTS
    ]
    names = [row["component"] for row in found]
    said = [
        f"{row['component']} moved by more than {guard.deviations:g} deviations for "
        f"{row['far_share']:.0%} of {row['clients']:,} clients at once (median "
        f"{row['median_move']:+.1f} points): look at how it is measured"
        + (", it is held out of health" if guard.hold_out else "")
        + "."
        for row in found
    ]
    seen = Observation(
        not found,
        "\n".join(said) or "No component moved for many clients at once.",
        {"components_moved": float(len(found))},
        {"components": [{k: row[k] for k in _SHOWN} for row in rows]},
    )
    return Anomalies(names, seen)


_SHOWN = ("component", "clients", "median_move", "usual_deviation", "far_share", "far_share_before")


@lru_cache(maxsize=EXPRESSIONS)
def _shares(components: ibis.Table, guard: AnomalyGuard) -> ibis.Table:
    """The share of clients whose move is far. Grain: component."""
    known = components.filter(components.score.notnull())
    known = known.select("client_id", "component", "score", "months_ago")
    before = known.select(
        "client_id",
        "component",
        score_before="score",
        months_ago=known.months_ago - 1,
    )
    moves = known.inner_join(before, ["client_id", "component", "months_ago"])
    moves = moves.mutate(move=moves.score - moves.score_before)
    past = moves.filter(moves.months_ago > 0)
    usual = past.group_by("component").aggregate(median=past.move.median(), moves=past.count())
    usual = usual.filter(usual.moves >= _FEW)
    spread = past.inner_join(usual, "component")
    spread = spread.group_by("component").aggregate(
        median=spread.median.max(), mad=(spread.move - spread.median).abs().median()
    )
    held = moves.inner_join(spread, "component")
    deviation = ibis.greatest(_MAD_TO_DEVIATION * held.mad, _LEAST_DEVIATION)
    held = held.mutate(
        deviation=deviation, far=(held.move - held.median).abs() > guard.deviations * deviation
    )
    by_month = held.group_by("component", "months_ago").aggregate(
        clients=held.count(),
        median_move=held.move.median(),
        usual_deviation=held.deviation.max(),
        far=held.count(where=held.far),
        far_share=held.far.cast("float64").mean(),
    )
    earlier = by_month.filter(by_month.months_ago > 0)
    earlier = earlier.group_by("component").aggregate(far_share_before=earlier.far_share.max())
    now = by_month.filter(by_month.months_ago == 0).inner_join(earlier, "component")
    return now.order_by("component")
