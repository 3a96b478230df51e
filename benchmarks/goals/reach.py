"""How long a corrected month is felt, written by hand from docs/scoring-model.md.

It is what the declared windows are held to, which plan the run: the two have to agree.
"""

from collections.abc import Iterable

from benchmarks.sizes import month_after

BASE = 3
"""`silent_months`: who was listed in one of so many months before is compared."""

CHANGE = 1
"""A change is one since the month before."""

AVERAGE = 3
"""Months that momentum's average is of."""

LISTED = 5
"""The visitors known are those listed in six months, this one among them."""

MOVES = 7
"""The anomaly guard holds a move against those of the six months before, of which each needs two
months: more than the two that smoothing needs."""

ACTIVITY = 12
"""Months in which the last activity and the first appearance are looked for."""

NOTICE = 6
"""Months walked back to the announced band."""

TRIED = 4
"""Features tried last month, and in none of the three months before that."""

CARRIED = None
"""Alerts are carried from month to month: every later one may change."""

_OF_HEALTH = LISTED + MOVES + NOTICE

MONTHS_LATER: dict[str, int | None] = {
    "raw_pendo_export": 0,
    "cleaned_usage": 0,
    "visitor_month": 0,
    "visitor_activity": 0,
    "quarantine": 0,
    "client_names": 0,
    "feature_areas": 0,
    "area_engagement": 0,
    "client_area_month": 0,
    "client_feature_month": 0,
    "client_month": 0,
    "area_weights": BASE + CHANGE,
    "index_scores": BASE + CHANGE,
    "momentum": BASE + AVERAGE,
    "client_scores": BASE + AVERAGE,
    "client_scores_csv": BASE + AVERAGE,
    "client_signals": BASE + AVERAGE + TRIED,
    "client_profile": LISTED,
    "health_components": LISTED,
    "composite_health": LISTED + MOVES,
    "composite_points": LISTED + MOVES,
    "structural_risk": ACTIVITY,
    "health_scores": _OF_HEALTH,
    "health_drivers": _OF_HEALTH,
    "portfolio_bands": _OF_HEALTH + CHANGE,
    "portfolio_churn": _OF_HEALTH + CHANGE,
    "portfolio_cohorts": _OF_HEALTH + CHANGE,
    "portfolio_dimensions": _OF_HEALTH + CHANGE,
    "portfolio_movers": _OF_HEALTH + CHANGE,
    "alert_states": CARRIED,
    "alerts": CARRIED,
    "crm_scores": CARRIED,
    "gainsight_companies_csv": CARRIED,
    "hubspot_companies_csv": CARRIED,
    "salesforce_accounts_csv": CARRIED,
    "zendesk_organizations_csv": CARRIED,
}
"""By folder of the lake, the number of months after a corrected one that may change with it."""


def reached(month: str, months: Iterable[str]) -> set[tuple[str, str]]:
    """Folders and months, of those at hand, that may change when ``month`` is corrected."""
    return {
        (folder, later)
        for folder, reach in MONTHS_LATER.items()
        for later in months
        if month <= later and (reach is None or later <= month_after(month, reach))
    }
