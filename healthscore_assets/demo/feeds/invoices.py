"""Invoices, as each month's end knew them."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import pyarrow as pa

from healthscore_assets.demo.clients import stream
from healthscore_assets.demo.feeds import monthly
from healthscore_assets.demo.feeds.background import Background
from healthscore_assets.demo.feeds.calendar_months import (
    DAY,
    ENDS,
    NOT_YET,
    STARTS,
    DateArray,
    month_at,
)
from healthscore_assets.demo.feeds.contracts import later
from healthscore_assets.demo.feeds.places import PLACES
from healthscore_assets.demo.feeds.terms import Term

_DAYS_TO_PAY = {"Enterprise": 45, "GOV": 60}
_ORDINARY_DAYS = 30
_NEVER = 10_000
_LATE_PAYER = {"2025-03": 27, "2025-06": 48, "2025-09": _NEVER}
"""Days beyond the due date, by month of issue."""


def names() -> list[str]:
    """One file a month."""
    return monthly.names("invoices")


def tables(background: Background) -> Iterator[pa.Table]:
    """Billed a year or a quarter ahead; most pay in time, one client in twelve rarely does."""
    rng = stream(background.seed, 15)
    quarterly = rng.random(len(background.clients)) < 0.4
    careless = rng.random(len(background.clients)) < 0.08
    quarterly[PLACES["late_payer"]] = True
    careless[[PLACES["late_payer"], PLACES["quiet_happy"]]] = False
    bills = sorted(
        (issued, term.client, term.arr // count, _DAYS_TO_PAY.get(term.segment, _ORDINARY_DAYS))
        for term in background.terms
        if term.client != PLACES["three_missing"]
        for count in (4 if quarterly[term.client] else 1,)
        for issued in _issued(term, 12 // count)
    )
    client = np.array([bill[1] for bill in bills])
    allowed = np.array([bill[3] for bill in bills])
    issued: DateArray = np.array([bill[0] for bill in bills], dtype="datetime64[D]")
    due = issued + allowed * DAY

    late = rng.random(client.size) < np.where(careless, 0.6, 0.05)[client]
    late[client == PLACES["quiet_happy"]] = False
    in_time = np.floor(5 + (allowed - 4) * rng.random(client.size))
    beyond = np.floor(3 + 60 * rng.random(client.size) ** 2)
    days = np.where(late, allowed + beyond, in_time).astype(np.int64)
    for at in np.flatnonzero(client == PLACES["late_payer"]):
        days[at] = allowed[at] + _LATE_PAYER.get(str(issued[at])[:7], -6)
    paid: DateArray = issued + days * DAY
    paid[paid > ENDS[-1]] = NOT_YET

    yield from monthly.told_twice(
        {
            "invoice_id": np.array([f"INV-{number:05d}" for number in range(1, client.size + 1)]),
            "client_id": np.array([one.client_id for one in background.clients])[client],
            "issued": issued,
            "due": due,
            "paid": paid,
            "amount": np.array([bill[2] for bill in bills]),
        },
        opened=month_at(issued),
        closed=month_at(paid),
        meanwhile={"paid": np.full(client.size, NOT_YET)},
    )


def _issued(term: Term, months: int) -> Iterator[date]:
    """First day of each period billed in the window."""
    day = term.period.start
    while day <= min(term.period.end, ENDS[-1].item()):
        if day >= STARTS[0].item():
            yield day
        day = later(day, months)
