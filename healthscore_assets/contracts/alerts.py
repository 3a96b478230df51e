"""The contracts of `alert_states` and `alerts`."""

from typing import Literal, get_args

import pandera.ibis as pa

from healthscore_assets.contracts.columns import CLIENT_ID, count, day

Tier = Literal["low", "medium", "high"]
TIERS: tuple[Tier, ...] = get_args(Tier)
"""From weak to strong."""

STATUSES = ("open", "resolved", "left_base")
"""What the data alone say of an alert; what people say is in the ledger."""

CHANGES = ("opened", "escalated", "eased", "updated", "held", "resolved", "ended", "left_base")
"""What became of an alert in a month."""

_MONTH = r"^\d{4}-\d{2}$"


def _tier(description: str) -> pa.Column:
    return pa.Column(str, pa.Check.isin(list(TIERS)), description=description)


def _text(description: str) -> pa.Column:
    return pa.Column(str, pa.Check.str_length(min_value=1), description=description)


_COLUMNS = {
    "alert_id": _text("Id of the alert, the same in every month of it."),
    "client_id": CLIENT_ID,
    "rule": _text("Name of the rule in `alerts.yaml`."),
    "tier": _tier("How strong it is."),
    "opened_month": pa.Column(
        str, pa.Check.str_matches(_MONTH), description="Month in which it opened."
    ),
    "status": pa.Column(
        str,
        pa.Check.isin(list(STATUSES)),
        description="`open`; `resolved` in the month in which its condition had cleared for long "
        "enough, or ended; `left_base` in the month in which its client was no longer compared.",
    ),
    "evidence": _text("What was seen, in the client's own numbers."),
    "playbook": _text("What to do, in `lookups/playbooks/`."),
    "owner": _text("Who is to act: a person, else a role."),
    "due_date": day("Day by which somebody is to act."),
}

ALERT_STATES = pa.DataFrameSchema(
    name="alert_states",
    description="Every rule that holds for a client, or held the month before: where alerts are "
    "carried from month to month.",
    metadata={"grain": "client x rule"},
    unique=["client_id", "rule"],
    columns={
        **_COLUMNS,
        "change": pa.Column(
            str,
            pa.Check.isin(list(CHANGES)),
            description="What became of it in the month; `held` where its condition cleared too "
            "briefly, or could not be told; `ended` where it is resolved without having cleared: "
            "its rule is gone, or nothing could be told for too long.",
        ),
        "highest_tier": _tier("The strongest that it has been."),
        "clear_months": count("Months for which its condition has been clear."),
        "unknown_months": count("Months for which its condition could not be told."),
        "folded": pa.Column(
            bool, description="Whether the client has stronger ones enough, which it is told with."
        ),
    },
)

ALERTS = pa.DataFrameSchema(
    name="alerts",
    description="What somebody is to act on: at most `max_alerts` open alerts of a client, the "
    "strongest, and those of the month before that closed.",
    metadata={"grain": "client x rule"},
    unique=["client_id", "rule"],
    columns=_COLUMNS,
)
