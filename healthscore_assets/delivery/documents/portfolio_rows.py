"""The portfolio's figures from the tables of the lake and the alert ledger."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

import ibis

from healthscore_assets.contracts.alerts import TIERS
from healthscore_assets.delivery.documents.portfolio_figures import (
    HISTORY_MONTHS,
    RENEWAL_DAYS,
    AlertCounts,
    Group,
    Mover,
    Portfolio,
    ScoredMonth,
)
from healthscore_assets.engagement.exact import exact_sum
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.months import shift
from healthscore_assets.lake.opened import look_back, open_month
from healthscore_assets.risk.ledger.alerts import LedgerAlert
from healthscore_assets.risk.ledger.ledger import Ledger

_MOVERS = 5
_KEY = ["client_id", "months_ago"]


def portfolio_of(engine: Engine, lake: Lake, ledger: Ledger, today: date) -> Portfolio | None:
    """The portfolio of the newest scored month; None before there is one.

    Raises LedgerUnavailable and LedgerRefused as the ledger does.
    """
    months = lake.months("client_scores")
    if not months:
        return None
    month, known = months[-1], ledger.newest_month
    alerts = [] if known is None else ledger.worklist(today, everything=True)
    clients = _clients(engine, lake, month)
    risers, fallers = (_movers(engine, lake, month, each) for each in ("riser", "faller"))
    at_risk, renewing = _at_risk(engine, clients, alerts, today)
    return Portfolio(
        today=today,
        months=_by_band(engine, clients, month),
        risers=risers,
        fallers=fallers,
        at_risk=at_risk,
        renewing=renewing,
        alerts=None if known is None else _counts(alerts, known, today),
    )


def _clients(engine: Engine, lake: Lake, month: str) -> ibis.Table:
    """Grain: client x month."""
    scores, health, profile = (
        look_back(engine, lake, table, month, HISTORY_MONTHS - 1)
        for table in ("client_scores", "health_scores", "client_profile")
    )
    rows = scores.select(*_KEY, "partial")
    for more in (
        health.select(*_KEY, "band"),
        profile.select(*_KEY, "arr", "renewal_date"),
    ):
        rows = rows.left_join(more, _KEY).drop(*(f"{name}_right" for name in _KEY))
    return rows


def _by_band(engine: Engine, clients: ibis.Table, month: str) -> tuple[ScoredMonth, ...]:
    sums = clients.group_by("months_ago", "band").aggregate(
        **_sums(clients), partial=clients.partial.any()
    )
    rows = engine.rows(sums.order_by(ibis.desc("months_ago"), "band"))
    found: dict[int, list[dict[str, object]]] = {}
    for row in rows:
        found.setdefault(row["months_ago"], []).append(row)
    return tuple(
        ScoredMonth(
            month=shift(month, -ago),
            partial=any(row["partial"] for row in of_month),
            bands={row["band"]: _group(row) for row in of_month},  # type: ignore[misc]
        )
        for ago, of_month in found.items()
    )


def _at_risk(
    engine: Engine, clients: ibis.Table, alerts: Sequence[LedgerAlert], today: date
) -> tuple[Group, Group]:
    """The clients at risk, each once, and those of them that renew soon."""
    alerted = {
        each.client_id
        for each in alerts
        if each.tier == "high" and each.status == "open" and each.state != "resolved"
    }
    now = clients.filter(clients.months_ago == 0)
    red = (now.band == "red").fill_null(False)
    risky = now.filter(red | now.client_id.isin(sorted(alerted)))
    soon = risky.renewal_date.between(today, today + timedelta(days=RENEWAL_DAYS))
    renewing = risky.filter(soon)
    (found,) = engine.rows(risky.aggregate(**_sums(risky)))
    (of_these,) = engine.rows(renewing.aggregate(**_sums(renewing)))
    return _group(found), _group(of_these)


def _sums(rows: ibis.Table) -> dict[str, ibis.Value]:
    return {"clients": rows.count(), "arr": exact_sum(rows.arr), "known": rows.arr.count()}


def _group(row: dict[str, object]) -> Group:
    return Group(row["clients"], row["arr"] or 0.0, row["known"])  # type: ignore[arg-type]


def _movers(engine: Engine, lake: Lake, month: str, direction: str) -> tuple[Mover, ...]:
    moved = open_month(engine, lake, "portfolio_movers", month)
    moved = moved.filter((moved.direction == direction) & (moved.place <= _MOVERS))
    return tuple(
        Mover(
            client_id=row["client_id"],
            client_name=row["client_name"],
            health=row["health"],
            before=row["health_before"],
            arr=row["arr"],
        )
        for row in engine.rows(moved.order_by("place"))
    )


def _counts(alerts: Sequence[LedgerAlert], month: str, today: date) -> AlertCounts:
    told = [each for each in alerts if not each.folded and each.status != "withdrawn"]
    to_act_on = [each for each in told if each.state in ("open", "acknowledged")]
    tiers = Counter(each.tier for each in to_act_on)
    return AlertCounts(
        month=month,
        opened=sum(each.opened_month == month for each in told),
        open={tier: tiers[tier] for tier in TIERS},
        acknowledged=sum(each.state == "acknowledged" for each in to_act_on),
        overdue=sum(each.state == "open" and each.due_date < today for each in to_act_on),
    )
