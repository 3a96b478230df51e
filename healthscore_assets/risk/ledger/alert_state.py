"""What the data of a month say of one alert."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from healthscore_assets.contracts.alerts import TIERS, Tier

RANKS: dict[str, int] = {tier: rank for rank, tier in enumerate(TIERS, start=1)}
"""Each tier's rank; a higher one is more urgent."""


@dataclass(frozen=True)
class AlertState:
    """An alert in a month. Grain: client x rule.

    ``folded``: the client has stronger alerts, and this one is told with them. A closed one
    (``resolved``, ``left_base``) is there only in the month in which it closes.
    """

    alert_id: str
    client_id: str
    client_name: str
    rule: str
    tier: Tier
    opened_month: str
    status: Literal["open", "resolved", "left_base"]
    evidence: str
    playbook: str
    owner: str
    due_date: date
    folded: bool
