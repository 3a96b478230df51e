"""The components of composite health, and the weights to begin with (SCORING.md section 5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

WEIGHTS: Mapping[str, Mapping[str, float]] = {
    "usage": {
        "active_users": 40.0,
        "feature_adoption": 30.0,
        "frequency": 20.0,
        "depth": 10.0,
        "engagement_index": 0.0,
        "session_minutes": 0.0,
        "stickiness": 0.0,
    },
    "engagement": {
        "touchpoint_quality": 35.0,
        "executive_involvement": 25.0,
        "training": 20.0,
        "community": 20.0,
    },
    "sentiment": {"nps": 40.0, "csat": 30.0, "support_health": 20.0, "advocacy": 10.0},
    "financial": {"arr_trend": 40.0, "payment": 30.0, "utilisation": 20.0, "expansion": 10.0},
}
"""By dimension, each component and its weight in percent."""

DIMENSION = {name: dimension for dimension, names in WEIGHTS.items() for name in names}
"""The dimension of each component."""

LEADING = frozenset({*WEIGHTS["usage"], *WEIGHTS["engagement"], "support_health", "utilisation"})
"""Components that move before a client decides; the others follow."""

_DEFAULT = {
    "default": {"usage": 35.0, "engagement": 25.0, "sentiment": 25.0, "financial": 15.0},
    "Enterprise": {"usage": 30.0, "engagement": 30.0, "sentiment": 25.0, "financial": 15.0},
    "SMB": {"usage": 40.0, "engagement": 20.0, "sentiment": 25.0, "financial": 15.0},
}


@dataclass(frozen=True)
class Preset:
    """Weights of the dimensions by segment, and of components where they differ from `WEIGHTS`."""

    segments: Mapping[str, Mapping[str, float]]
    components: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


PRESETS: Mapping[str, Preset] = {
    "default": Preset(_DEFAULT),
    # 40 + 28 + 4 of 20 + 3 of 12: 75 % on leading components.
    "leading_75": Preset(
        {"default": {"usage": 40.0, "engagement": 28.0, "sentiment": 20.0, "financial": 12.0}},
        {
            "financial": {
                "arr_trend": 38.0,
                "payment": 28.0,
                "utilisation": 25.0,
                "expansion": 9.0,
            }
        },
    ),
    # Frequency 15, adoption 25 and session 10, ticket sentiment 20 and NPS 15, payment 15.
    "simple": Preset(
        {"default": {"usage": 50.0, "engagement": 0.0, "sentiment": 35.0, "financial": 15.0}},
        {
            "usage": {"frequency": 30.0, "feature_adoption": 50.0, "session_minutes": 20.0},
            "sentiment": {"support_health": 400 / 7, "nps": 300 / 7},
            "financial": {"payment": 100.0},
        },
    ),
}
"""Weights by the name of the setting `preset`."""
