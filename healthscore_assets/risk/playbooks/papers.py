"""What a client's tickets and invoices tell."""

from datetime import date, timedelta

import ibis

from healthscore_assets.engagement.exact import exact_sum
from healthscore_assets.lake.engine import Engine
from healthscore_assets.risk.playbooks.story_parts import Overdue, Tickets
from healthscore_assets.scoring.health.inputs import newest
from healthscore_assets.scoring.health.money import overdue
from healthscore_assets.scoring.health.sentiment import NEGATIVE

_RECENT_DAYS = 90


def tickets_of(
    engine: Engine, tickets: ibis.Table | None, client_id: str, last: date
) -> Tickets | None:
    """Tickets of the last 90 days; None where none were delivered of anybody."""
    if tickets is None or not _any(engine, tickets):
        return None
    own = newest(tickets.filter(tickets.client_id == client_id), ["ticket_id"])
    recent = own.created > last - timedelta(days=_RECENT_DAYS)
    (row,) = engine.rows(
        own.aggregate(
            open=own.count(where=recent & own.closed.isnull()),
            negative=own.count(where=recent & (own.sentiment <= NEGATIVE).fill_null(False)),
        )
    )
    return Tickets(row["open"], row["negative"])


def overdue_of(
    engine: Engine, invoices: ibis.Table | None, client_id: str, last: date
) -> Overdue | None:
    """Invoices that are due and not paid; None where there is none, or none were delivered."""
    if invoices is None:
        return None
    own = newest(invoices.filter(invoices.client_id == client_id), ["invoice_id"])
    own = own.filter(overdue(own, last))
    (row,) = engine.rows(
        own.aggregate(invoices=own.count(), amount=exact_sum(own.amount), oldest=own.due.min())
    )
    return Overdue(**row) if row["invoices"] else None


def _any(engine: Engine, table: ibis.Table) -> bool:
    (row,) = engine.rows(table.aggregate(rows=table.count()))
    return bool(row["rows"])
