"""The contract of `structural_risk`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import CLIENT_ID, amount, count, score


def _share(description: str) -> pa.Column:
    return pa.Column(float, pa.Check.in_range(0, 1), nullable=True, description=description)


def _flag(description: str) -> pa.Column:
    return pa.Column(bool, description=description)


STRUCTURAL_RISK = pa.DataFrameSchema(
    name="structural_risk",
    description="Whom and what each client's usage hangs on.",
    metadata={"grain": "client of the base", "never_empty": True},
    unique=["client_id"],
    columns={
        "client_id": CLIENT_ID,
        "engagement_value": amount(
            "Clicks on the month's most used features, by their weights, times the multiplier of "
            "the segment."
        ),
        "gini": _share(
            "How unevenly engagement is spread over the active visitors: 0 evenly, 1 all by one; "
            "null for fewer than two."
        ),
        "gini_corrected": _share("`gini * n / (n - 1)`, which reaches 1 for few visitors too."),
        "diversity": _share(
            "Active visitors by known ones: the seats, else visitors listed in six months."
        ),
        "top2_share": _share("Share of the engagement of the two most active visitors."),
        "days_since_last_activity": count(
            "Days from the last usage to the month's end: since its day, where the exports date "
            "it; else 0 for a month with usage, and the days of the silent months. Never more than "
            "since the contract's start."
        ),
        "cohort": pa.Column(
            str,
            pa.Check.str_matches(r"^\d{4}-Q[1-4]$"),
            nullable=True,
            description="Quarter of the contract's start, else of the first export of the last "
            "year that lists the client.",
        ),
        "concentrated": _flag("Gini beyond 0.4."),
        "narrow": _flag("Diversity below 0.3."),
        "single_threaded": _flag(
            "At least three known visitors, and one active or two with 80 % of the engagement."
        ),
        "dormant": _flag("No usage for more than 30 days."),
        "fragile": _flag(
            "Worth more than three quarters of the clients that are used, and concentrated or "
            "single-threaded."
        ),
        "champion_departed": _flag(
            "The visitor who led at least 30 % of external engagement has none any more, or a "
            "champion is said to have left."
        ),
        "structural_health": score(
            "Mean of the rank of engagement value, diversity, evenness and recency."
        ),
    },
)
