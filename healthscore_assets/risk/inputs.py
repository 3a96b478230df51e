"""What structural risk reads."""

from dataclasses import dataclass

import ibis

WALKED_MONTHS = 12
"""How many months back activity, first appearance and roles are looked for."""

CHAMPION_MONTHS = 3
"""Months before the one at hand in which somebody led."""


@dataclass(frozen=True)
class RiskInputs:
    """Tables of the month at hand and of those before it, told apart by ``months_ago``.

    ``client_feature_month`` of the month, ``area_engagement`` of it and `CHAMPION_MONTHS` before,
    ``client_month``,
    ``client_area_month``, ``visitor_activity`` and ``stakeholders`` of `WALKED_MONTHS`;
    ``client_profile`` and ``accounts`` of the month; ``at`` is
    `scoring.health.inputs.month_at_hand`.
    """

    client_profile: ibis.Table
    client_month: ibis.Table
    client_area_month: ibis.Table
    visitor_activity: ibis.Table
    client_feature_month: ibis.Table
    area_engagement: ibis.Table
    accounts: ibis.Table
    stakeholders: ibis.Table
    at: ibis.Table
