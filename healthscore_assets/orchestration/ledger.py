"""Where the alert ledger is, and how it learns of a month."""

import os
from collections import Counter
from datetime import datetime
from pathlib import Path

import dagster as dg
import ibis

from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.content import content_hash
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.opened import open_month
from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.monitoring.observation import Observation, plural
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.risk.alerts.rules import read_alert_rules
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
    return open_ledger(ledger_place_of(instance, place))


def ledger_place_of(instance: dg.DagsterInstance, place: str | None = None) -> str:
    """A place, else what the environment says, else a file in the instance's folder."""
    named = place or os.environ.get(_VARIABLE)
    return named or str(Path(instance.root_directory) / _FILE)


def rule_titles(workplace: Workplace) -> dict[str, str]:
    """What each rule is called; none where the rules cannot be read."""
    try:
        rules = read_alert_rules(workplace.lookup_file("alert_rules"))
    except LookupRefused:
        return {}
    return {rule.name: rule.title for rule in (*rules.rules, *rules.switched_off)}


def states_for_ledger(
    engine: Computes, states: ibis.Table, alerts: ibis.Table, scores: ibis.Table
) -> list[AlertState]:
    """`alert_states` of a month as the ledger takes them.

    With the names of `client_scores`, and the evidence of `alerts`, which tells of folded ones.
    Each is made an object here, while all other rows stay in the engine: the ledger is another
    database. To leave out those that are as they were would save few: most rules fill the evidence
    with numbers of the month.
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
    workplace: Workplace, engine: Computes, instance: dg.DagsterInstance, at: datetime
) -> Observation:
    """Tell the ledger what was published; says what came of it, also where it cannot be used.

    The alerts are published then: `healthscore alerts` catches up.
    """
    try:
        with ledger_of(instance) as ledger:
            written = catch_up(workplace.lake, engine, ledger, at)
    except (LedgerRefused, LedgerUnavailable) as failed:
        return Observation(
            False,
            f"The alerts are published, but the ledger was not told: {failed}. Then list them with "
            "healthscore alerts list, which tells it.",
        )
    told = ", ".join(f"{plural(count, 'alert')} {kind}" for kind, count in written.items() if count)
    numbers = {kind: float(count) for kind, count in written.items()}
    return Observation(True, f"{told or 'Nothing changed'}.", numbers)


def catch_up(lake: Lake, engine: Computes, ledger: Ledger, at: datetime) -> dict[str, int]:
    """Bring the ledger to the newest month that the lake has alerts of, month by month.

    Months that it has not seen are told in their order, so that what closed in one is known to
    have; those before its newest change nothing. Where the newest is in the lake no more, as when a
    file of a wrong month was withdrawn, it goes back to the newest that is. A month of which one
    table is missing is not there: a run that promotes or withdraws it has not ended, or was killed.
    Returns how many events of each kind were written.
    """
    months = sorted({*lake.months("alert_states")} & {*lake.months("alerts")})
    written: Counter[str] = Counter()
    if not months:
        return {}
    newest = ledger.newest_month
    if newest is not None and newest > months[-1]:
        ledger.go_back(months[-1])
        newest = months[-1]
    for month in months:
        if newest is not None and month < newest:
            continue
        source = _source_of(lake, month)
        if month == newest and source == ledger.source:
            continue
        tables = [
            open_month(engine, lake, table, month)
            for table in ("alert_states", "alerts", "client_scores")
        ]
        written.update(ledger.sync(month, states_for_ledger(engine, *tables), at, source))
    return dict(written)


def _source_of(lake: Lake, month: str) -> str:
    """By what the alerts of a month are known to be the same."""
    return "-".join(content_hash(lake.file(table, month)) for table in ("alert_states", "alerts"))
