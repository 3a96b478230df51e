"""Components and their values in words."""

_VALUES = {
    "active_users": "{:.0%} of its people",
    "feature_adoption": "{:.0%} of the features",
    "frequency": "{:.1f} days a week",
    "depth": "{:.0%} advanced",
    "engagement_index": "{:.1f}",
    "session_minutes": "{:.0f} minutes a visitor",
    "stickiness": "{:.0%} of the days",
    "touchpoint_quality": "{:.0f} meaningful",
    "training": "{:.0%} trained",
    "community": "posts, events: {:.0f}",
    "nps": "{:+.0f}",
    "csat": "{:.1f} of 5",
    "support_health": "{:.0f} of 100",
    "arr_trend": "{:+.1%} in a year",
    "payment": "{:.0%} paid in time",
    "utilisation": "{:.0%} of the seats",
}
"""How the value of a component is read aloud."""

_WORDS = {
    "executive_involvement": {1.0: "in 90 days", 0.5: "in 180 days", 0.0: "none in 180 days"},
    "advocacy": {1.0: "in a year", 0.0: "none in a year"},
    "expansion": {1.0: "in a year", 0.0: "none in a year"},
}


def observed(component: str, value: float | None) -> str:
    """The value of a component, as it is read aloud."""
    if value is None:
        return "-"
    if component in _WORDS:
        return _WORDS[component][value]
    return _VALUES[component].format(value)


def words_of(component: str) -> str:
    """The name of a component, as it is read aloud."""
    words = component.replace("_", " ")
    return words.upper() if component in ("nps", "csat") else words.replace("arr ", "ARR ")
