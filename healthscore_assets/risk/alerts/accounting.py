"""What became of alerts: how many, for how long, and how many of their clients churned."""

from dataclasses import dataclass
from functools import lru_cache

import ibis

from healthscore_assets.lake.engine import EXPRESSIONS

HORIZONS = (90, 180)
"""Days after an alert within which a client churns because of what it told, or not."""


@dataclass(frozen=True)
class History:
    """Alerts of many months.

    ``states`` are `alert_states` with ``months_ago``. ``calendar`` tells of each of these months:
    ``months_ago``, ``month``, its ``last`` day, and the ``clients`` of its base.
    """

    states: ibis.Table
    calendar: ibis.Table


@lru_cache(maxsize=EXPRESSIONS)
def by_month(history: History, marks: ibis.Table) -> ibis.Table:
    """Alerts that opened, and what became of them. Grain: rule x month with alerts of it.

    Parameters: ``marks`` are the alerts that people marked, as ``client_id``, ``rule``,
    ``opened_month``, ``acknowledged`` and ``by_hand``, that they resolved it.
    ``acknowledged`` and ``resolved_by_hand`` count those opened in the month, whenever that was;
    ``days_open`` is the median of those resolved in it by the data, from month end to month end;
    ``share`` is of the base.
    """
    rows = _marked(history, marks)
    told = rows.group_by("rule", "month", "clients").aggregate(
        open=rows.count(where=rows.status == "open"),
        folded=rows.count(where=(rows.status == "open") & rows.folded),
        **_what_became(rows),
    )
    return told.mutate(share=told.open / told.clients).order_by("rule", "month")


@lru_cache(maxsize=EXPRESSIONS)
def by_rule(history: History, marks: ibis.Table) -> ibis.Table:
    """The same over all months. Grain: rule with alerts.

    ``share`` is of the client-months of the base, ``highest_share`` that of the worst month.
    """
    rows = _marked(history, marks)
    told = rows.group_by("rule").aggregate(
        open=rows.count(where=rows.status == "open"),
        clients_alerted=rows.client_id.nunique(),
        **_what_became(rows),
    )
    months = by_month(history, marks)
    worst = months.group_by("rule").aggregate(highest_share=months.share.max())
    total = history.calendar.aggregate(client_months=history.calendar.clients.sum())
    told = told.inner_join(worst, "rule").cross_join(total)
    told = told.mutate(share=told.open / told.client_months)
    return told.drop("open", "client_months").order_by("rule")


def _marked(history: History, marks: ibis.Table) -> ibis.Table:
    """The alerts of all months, with what people marked on each."""
    # After a correction two alerts of the ledger may be one of the data.
    key = ["client_id", "rule", "opened_month"]
    once = marks.group_by(key).aggregate(
        is_acknowledged=marks.acknowledged.any(), is_by_hand=marks.by_hand.any()
    )
    return _dated(history).left_join(once, key)


def _what_became(rows: ibis.Table) -> dict[str, ibis.Value]:
    opened, resolved = rows.change == "opened", rows.change == "resolved"
    return {
        "opened": rows.count(where=opened),
        "acknowledged": rows.count(where=opened & rows.is_acknowledged.fill_null(False)),
        "resolved_by_hand": rows.count(where=opened & rows.is_by_hand.fill_null(False)),
        "resolved": rows.count(where=resolved),
        "left_base": rows.count(where=rows.status == "left_base"),
        "days_open": rows.days_open.cast("float64").median(where=resolved),
    }


def _dated(history: History) -> ibis.Table:
    rows = history.states.inner_join(history.calendar, "months_ago")
    opened = (rows.opened_month + "-01").cast("date").cast("timestamp")
    end = (opened + ibis.interval(months=1) - ibis.interval(days=1)).cast("date")
    rows = rows.mutate(opened_on=end)
    return rows.mutate(days_open=rows["last"].epoch_days() - rows.opened_on.epoch_days())


@lru_cache(maxsize=EXPRESSIONS)
def outcomes(history: History, churned: ibis.Table, known_until: ibis.Table) -> ibis.Table:
    """How many alerted clients churned, and how long before that the alert was. Grain: rule.

    Parameters: ``churned`` are ``client_id`` and ``date`` of decisions to leave; ``known_until`` is
    one row, the ``until`` day to which decisions are known.
    An alert counts from the end of the month in which it opened. For each horizon: ``judged_<n>``
    are alerts after which decisions are known for so many days, but for those of clients who had
    decided already; ``churned_<n>`` are those of them whose client churned within the days, and
    ``precision_<n>`` is their share. ``lead_days`` is the median of those within the longest.
    """
    rows = _dated(history)
    opened = rows.filter(rows.change == "opened").select("client_id", "rule", on="opened_on")
    told = _followed(opened, churned).cross_join(known_until)
    sums: dict[str, ibis.Value] = {}
    for days in HORIZONS:
        within, judged = _judged(told, days)
        sums |= {
            f"judged_{days}": told.count(where=judged),
            f"churned_{days}": told.count(where=within),
        }
    within, _ = _judged(told, HORIZONS[-1])
    rules = told.group_by("rule").aggregate(
        **sums, lead_days=told.lead.cast("float64").median(where=within)
    )
    return rules.mutate(
        **{
            f"precision_{days}": rules[f"churned_{days}"] / rules[f"judged_{days}"].nullif(0)
            for days in HORIZONS
        }
    ).order_by("rule")


@lru_cache(maxsize=EXPRESSIONS)
def base_rates(base: ibis.Table, churned: ibis.Table, known_until: ibis.Table) -> ibis.Table:
    """What `outcomes` would be of a rule that always alerts. Grain: one row.

    Parameters: ``base`` are ``client_id`` and the last day, ``on``, of the months of each base.
    """
    told = _followed(base.mutate(rule=ibis.literal("")), churned).cross_join(known_until)
    rates = {}
    for days in HORIZONS:
        within, judged = _judged(told, days)
        rates[f"base_rate_{days}"] = told.count(where=within) / told.count(where=judged).nullif(0)
    return told.aggregate(**rates)


def _followed(alerts: ibis.Table, churned: ibis.Table) -> ibis.Table:
    """Days from each alert to the first decision to leave after it, null where there is none.

    Without alerts that came too late: the client had decided within the longest horizon before.
    """
    left = alerts.left_join(churned, "client_id").drop("client_id_right")
    days = left.date.epoch_days() - left.on.epoch_days()
    told = left.group_by("client_id", "rule", "on").aggregate(
        lead=days.min(where=days >= 0),
        too_late=((days < 0) & (days >= -HORIZONS[-1])).fill_null(False).any(),
    )
    return told.filter(~told.too_late).drop("too_late")


def _judged(told: ibis.Table, days: int) -> tuple[ibis.Value, ibis.Value]:
    """Which alerts were followed by churn in so many days, and of which that is known."""
    known = told.until.epoch_days() - told.on.epoch_days() >= days
    return known & (told.lead <= days).fill_null(False), known
