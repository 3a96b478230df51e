"""Segments of the register that no weights are set for."""

import ibis

from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.expressions import trimmed
from healthscore_assets.lookups.health_settings import HealthSettings
from healthscore_assets.monitoring.observation import Observation, plural


def unknown_segments(
    engine: Computes, profile: ibis.Table, settings: HealthSettings
) -> Observation:
    """Segments that the settings name nowhere, and their clients: they take default weights."""
    named = {*settings.weights_of_segments(), *settings.risk.multipliers}
    known = sorted(name.strip().lower() for name in named)
    others = profile.filter(
        (trimmed(profile.segment).length() > 0) & trimmed(profile.segment.lower()).notin(known)
    )
    counted = others.group_by("segment").aggregate(clients=others.count())
    rows = engine.rows(counted.order_by(ibis.desc("clients"), "segment"))
    todo = (
        "Name them in health.segments, or correct the register."
        if settings.preset == "default"
        else f"Correct the register; health.segments counts only without preset {settings.preset}."
    )
    told = ", ".join(f"{row['segment']} ({plural(row['clients'], 'client')})" for row in rows)
    return Observation(
        not rows,
        f"Segments that scoring.yaml does not name have the default weights: {told}. {todo}"
        if rows
        else "Every segment is one that scoring.yaml names.",
        {"unknown_segments": float(len(rows))},
        {"segments": rows} if rows else {},
    )
