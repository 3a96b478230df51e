"""Where the alert ledger is, and how it learns of a month."""

import os
from datetime import datetime
from pathlib import Path

import dagster as dg
import ibis

from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.opened import open_month
from healthscore_assets.monitoring.observation import Observation, plural
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.risk.ledger.alert_state import AlertState
from healthscore_assets.risk.ledger.ledger import Ledger, open_ledger
from healthscore_assets.risk.ledger.refused import LedgerRefused
from healthscore_assets.risk.ledger.unavailable import LedgerUnavailable

NOT_PUBLISHED = Observation(True, "The month was refused: the ledger keeps what it had.")

_VARIABLE = "HEALTHSCORE_LEDGER"
_FILE = "alert_ledger.sqlite"


def ledger_of(instance: dg.DagsterInstance, place: str | None = None) -> Ledger:
    """The ledger at a place, else where the environment says, else in the instance's folder.

    It is no part of the workplace: its URL may hold a password, and the UI shows resources.
    Raises LedgerRefused and LedgerUnavailable as `open_ledger` does.
    """
    named = place or os.environ.get(_VARIABLE)
    return open_ledger(named or str(Path(instance.root_directory) / _FILE))


def states_for_ledger(
    engine: Engine, states: ibis.Table, alerts: ibis.Table, scores: ibis.Table
) -> list[AlertState]:
    """`alert_states` of a month as the ledger takes them.

    With the names of `client_scores`, and the evidence of `alerts`, which tells of folded ones.
    """
    names = scores.select("client_id", "client_name")
    told = alerts.select("client_id", "rule", told="evidence")
    rows = states.left_join(names, "client_id").drop("client_id_right")
    rows = rows.left_join(told, ["client_id", "rule"])
    rows = rows.mutate(
        client_name=rows.client_name.coalesce(rows.client_id),
        evidence=rows.told.coalesce(rows.evidence),
    )
    columns = rows.select(*AlertState.__dataclass_fields__)
    return [AlertState(**row) for row in engine.rows(columns.order_by("client_id", "rule"))]


def told_to_ledger(
    instance: dg.DagsterInstance, month: str, states: list[AlertState], at: datetime
) -> Observation:
    """Bring the ledger to a month; says what came of it, also where the ledger cannot be used.

    The alerts are published then: `healthscore alerts` catches up.
    """
    try:
        with ledger_of(instance) as ledger:
            newest = ledger.newest_month
            if newest is not None and newest > month:
                return Observation(True, f"{newest} is the newest month; {month} changes nothing.")
            written = ledger.sync(month, states, at)
    except (LedgerRefused, LedgerUnavailable) as failed:
        return Observation(
            False,
            f"The alerts are published, but the ledger was not told: {failed}. Then list them with "
            "healthscore alerts list, which tells it.",
        )
    told = ", ".join(f"{plural(count, 'alert')} {kind}" for kind, count in written.items() if count)
    numbers = {kind: float(count) for kind, count in written.items()}
    return Observation(True, f"{told or 'Nothing changed'}.", numbers)


def catch_up(workplace: Workplace, ledger: Ledger, at: datetime) -> bool:
    """Bring the ledger to the newest month that the lake has alerts of; says whether it has any.

    The same month again changes nothing, unless its alerts were corrected while the ledger could
    not be used.
    """
    months = workplace.lake.months("alert_states")
    if not months:
        return False
    engine = Engine()
    try:
        tables = [
            open_month(engine, workplace.lake, table, months[-1])
            for table in ("alert_states", "alerts", "client_scores")
        ]
        ledger.sync(months[-1], states_for_ledger(engine, *tables), at)
    finally:
        engine.close()
    return True
