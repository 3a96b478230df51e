"""Stage 14: what somebody is to act on."""

from datetime import UTC, datetime

import dagster as dg
import ibis

from healthscore_assets.contracts import ALERT_STATES, ALERTS
from healthscore_assets.monitoring.alerted import alerted
from healthscore_assets.monitoring.playbooks import playbooks_of
from healthscore_assets.orchestration.ledger import NOT_PUBLISHED, told_to_ledger
from healthscore_assets.orchestration.monthly import monthly
from healthscore_assets.orchestration.publish import (
    Finding,
    Publication,
    Published,
    Stage,
    check_result,
)
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.risk.alerts.answers import RuleTables, answers
from healthscore_assets.risk.alerts.expression import HISTORY_MONTHS
from healthscore_assets.risk.alerts.states import REMEMBERED_MONTHS, rule_facts
from healthscore_assets.risk.alerts.states import alert_states as stepped
from healthscore_assets.risk.alerts.to_act_on import to_act_on
from healthscore_assets.scoring.health.inputs import month_at_hand, of_month


@monthly(
    ALERT_STATES,
    ALERTS,
    group="alerts",
    reads={
        "client_profile": HISTORY_MONTHS,
        "health_scores": HISTORY_MONTHS,
        "health_drivers": HISTORY_MONTHS,
        "client_scores": HISTORY_MONTHS,
        "structural_risk": HISTORY_MONTHS,
        "client_signals": HISTORY_MONTHS,
    },
    before={"alert_states": REMEMBERED_MONTHS},
    after=["alert_rules"],
    checks={
        "alerted_share": (
            "alerts",
            "No rule alerts of so many clients that nobody could act on it.",
        ),
        "ledger": ("alerts", "The ledger, where people mark alerts, knows of the month."),
        "playbooks": ("alerts", "Every rule has a playbook, whose message can be filled in."),
    },
)
def alerts(
    context: dg.AssetExecutionContext,
    workplace: Workplace,
    alert_states: ibis.Table,
    **tables: ibis.Table,
) -> Published:
    """Every rule that holds for a client, since when, and of these the ones to act on."""
    engine, rules = workplace.engine, workplace.alert_rules
    stage = Stage(context, workplace)
    said = answers(engine, RuleTables(**tables), rules.rules)
    states = stepped(
        engine,
        alert_states,
        said,
        of_month(tables["client_signals"]),
        rules,
        month_at_hand(engine, context.partition_key),
    )
    written = of_month(stage.write(Publication(ALERT_STATES, states)))
    stage.write(Publication(ALERTS, to_act_on(written, rule_facts(engine, rules))))
    seen = alerted(engine, written, of_month(tables["client_scores"]), rules)
    published = yield from stage.publish(
        [
            Finding.warning("alerted_share", "alerts", seen),
            Finding.warning("playbooks", "alerts", playbooks_of(rules, workplace.playbooks_folder)),
        ]
    )
    now = datetime.now(UTC)
    synced = (
        told_to_ledger(workplace, workplace.local, context.instance, now)
        if published
        else NOT_PUBLISHED
    )
    yield check_result(Finding.warning("ledger", "alerts", synced))
