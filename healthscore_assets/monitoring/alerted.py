"""How many clients each rule alerts of: a rule that is always right tells nobody anything."""

import ibis

from healthscore_assets.lake.computes import Computes
from healthscore_assets.monitoring.observation import Observation, plural
from healthscore_assets.risk.alerts.rules import AlertRules

LARGEST_SHARE = 0.15
"""Share of the base beyond which nobody acts on a rule any more."""


def alerted(
    engine: Computes, states: ibis.Table, base: ibis.Table, rules: AlertRules
) -> Observation:
    """Share of the base with an open alert, by rule.

    Parameters: ``states`` are `alert_states` of the month, ``base`` any table of its base.
    """
    is_open = states.filter(states.status == "open")
    (total,) = engine.rows(base.aggregate(clients=base.count()))
    counted = engine.rows(is_open.group_by("rule").aggregate(clients=is_open.count()))
    clients = {row["rule"]: row["clients"] for row in counted}
    shares = {rule.name: clients.get(rule.name, 0) / total["clients"] for rule in rules.rules}
    often = {name: share for name, share in shares.items() if share > LARGEST_SHARE}
    if not rules.rules:
        return Observation(True, "There are no rules in alerts.yaml.")
    told = ", ".join(
        f"{name} ({share:.0%})"
        for name, share in sorted(often.items(), key=lambda each: (-each[1], each[0]))
    )
    return Observation(
        not often,
        f"Rules that alert of more than {LARGEST_SHARE:.0%} of the clients: {told}. Nobody acts "
        "on what is true of everybody: try another threshold with healthscore alerts simulate."
        if often
        else f"Each of {plural(len(shares), 'rule')} alerts of at most {LARGEST_SHARE:.0%} of the "
        "clients.",
        {f"share_{name}": round(share, 4) for name, share in shares.items()},
    )
