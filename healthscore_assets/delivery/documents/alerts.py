"""What an owner is told of alerts: strong ones at once, all that is new once a day."""

import shlex
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from healthscore_assets.delivery.documents.document import Document, Line, Section, Tone
from healthscore_assets.monitoring.observation import plural
from healthscore_assets.risk.ledger.alerts import LedgerAlert

SHOWN = 20
"""Alerts of a section that are told in full; of more the number."""

LISTED = 200
"""The same for programs: a message is no export."""

_TONES: Mapping[str, Tone] = {"high": "bad", "medium": "warning", "low": "plain"}

_WHAT_TO_DO = (
    "What to do about one: healthscore alerts show ID. I am at it: healthscore alerts ack ID."
)


def strong_alerts(
    owner: str, alerts: Sequence[LedgerAlert], titles: Mapping[str, str], today: date
) -> Document:
    """Alerts of the highest tier that opened or became so, for who is to act on them.

    Parameters: ``titles`` is what each rule is called.
    """
    first = alerts[0]
    what = titles.get(first.rule, first.rule)
    title = (
        f"{first.client_name}: {what}"
        if len(alerts) == 1
        else f"{plural(len(alerts), 'urgent alert')}: {_clients(alerts)}"
    )
    return Document(
        purpose="alerts",
        title=title,
        intro=f"For {owner}.",
        sections=(_section("Act on these first", alerts, titles, today),),
        closing=_WHAT_TO_DO,
        data=_data(owner, today, new=alerts),
    )


def digest(
    owner: str,
    new: Sequence[LedgerAlert],
    due: Sequence[LedgerAlert],
    others: Sequence[LedgerAlert],
    titles: Mapping[str, str],
    today: date,
) -> Document:
    """An owner's day: what is new or stronger, what falls due, and what else is open.

    Parameters: each alert is in one of the three; ``due`` are those whose day has come since the
    digest before.
    """
    urgent = sum(each.tier == "high" for each in new)
    counts = [
        f"{len(new)} new{f' ({urgent} urgent)' if urgent else ''}" if new else "",
        f"{len(due)} due" if due else "",
        f"{len(new) + len(due) + len(others)} open",
    ]
    sections = [
        _section("New or stronger", new, titles, today),
        _section("Due", due, titles, today),
        _section("Also open", others, titles, today),
    ]
    return Document(
        purpose="digest",
        title=f"Alerts for {owner}, {today:%-d %B}: {', '.join(filter(None, counts))}",
        sections=tuple(each for each in sections if each.lines),
        closing=_WHAT_TO_DO,
        data=_data(owner, today, new=new, due=due, others=others),
    )


def _clients(alerts: Sequence[LedgerAlert]) -> str:
    names = list(dict.fromkeys(each.client_name for each in alerts))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _section(
    heading: str, alerts: Sequence[LedgerAlert], titles: Mapping[str, str], today: date
) -> Section:
    lines = [_line(each, titles, today) for each in alerts[:SHOWN]]
    if len(alerts) > SHOWN:
        of = f" --owner {shlex.quote(alerts[0].owner)}"
        lines.append(
            Line(text=f"... and {len(alerts) - SHOWN:,} more: healthscore alerts list{of}")
        )
    count = f" ({len(alerts):,})" if len(alerts) > 1 else ""
    return Section(heading=f"{heading}{count}", lines=tuple(lines))


def _line(alert: LedgerAlert, titles: Mapping[str, str], today: date) -> Line:
    late = ", overdue" if alert.due_date < today else ""
    taken = f", {alert.acknowledged_by} is at it" if alert.state == "acknowledged" else ""
    return Line(
        text=f"{alert.client_name}: {titles.get(alert.rule, alert.rule)}",
        detail=f"{alert.evidence} ({alert.tier}, due {_day(alert.due_date, today)}{late}{taken}; "
        f"{alert.alert_id[:8]})",
        tone=_TONES[alert.tier],
    )


def _day(day: date, today: date) -> str:
    return f"{day:%-d %B}" if day.year == today.year else f"{day:%-d %B %Y}"


def _data(owner: str, today: date, **alerts: Sequence[LedgerAlert]) -> dict[str, Any]:
    return {
        "owner": owner,
        "day": today.isoformat(),
        "counts": {name: len(these) for name, these in alerts.items()},
        **{name: [_facts(each) for each in these[:LISTED]] for name, these in alerts.items()},
    }


def _facts(alert: LedgerAlert) -> dict[str, Any]:
    names = ("alert_id", "client_id", "client_name", "rule", "tier", "state", "opened_month")
    facts: dict[str, Any] = {name: getattr(alert, name) for name in names}
    more = ("evidence", "playbook", "owner")
    return (
        facts
        | {name: getattr(alert, name) for name in more}
        | {"due_date": alert.due_date.isoformat()}
    )
