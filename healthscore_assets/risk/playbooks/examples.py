"""Clients that do not exist: a message that can be filled for each can be filled for any."""

from collections.abc import Iterator
from dataclasses import MISSING, fields, replace
from datetime import date

from healthscore_assets.risk.playbooks.story_parts import (
    Area,
    Client,
    Component,
    Health,
    Overdue,
    Renewal,
    Story,
    Tickets,
    Usage,
    Visitor,
)

FULL = Story(
    client=Client("acct-0001", "Example Ltd", "Enterprise", "Robin Reed"),
    month="2024-05",
    measure="clicks",
    health=Health(52.0, "red", -12.4),
    components_fell=(
        Component("active users", -5.2, -5.2, "62% of its people", "31% of its people"),
        Component("NPS", -3.0, -2.5, "+20", "-10"),
    ),
    components_rose=(Component("training", 1.5, 1.5, "10% trained", "40% trained"),),
    usage=Usage(1200.0, 2400.0, -0.5),
    areas_fell=(Area(380.0, 1000.0, -0.62, "Reporting"), Area(90.0, 120.0, -0.25, "Planning")),
    areas_rose=(Area(300.0, 200.0, 0.5, "Automation"), Area(40.0, 0.0, None, "Docs")),
    visitor=Visitor("v-17", "external", 0.7, 20.0, 700.0, date(2024, 5, 4), "2024-05", gone=True),
    days_silent=27,
    renewal=Renewal(date(2024, 7, 12), 42),
    tickets=Tickets(3, 2),
    overdue=Overdue(2, 12340.0, date(2024, 4, 2)),
    seats=200,
    active_visitors=31,
)
"""A client of whom everything is known."""

BARE = Story(client=Client("acct-0002", "acct-0002"), month="2024-05", measure="clicks")
"""A client of whom nothing is known but that it is one."""


def examples() -> Iterator[Story]:
    """Everything known, nothing known, and each thing unknown among what is known."""
    yield FULL
    yield BARE
    for field in fields(Story):
        if field.default is not MISSING:
            yield replace(FULL, **{field.name: field.default})
    yield replace(FULL, client=replace(FULL.client, segment=None, owner=None))
    assert FULL.health is not None
    yield replace(FULL, health=replace(FULL.health, change=None))
    unread = Component("NPS", -3.0, -2.5, None, None)
    yield replace(FULL, components_fell=(unread,), components_rose=(unread,))
    yield replace(
        FULL,
        usage=Usage(40.0, 0.0, None),
        areas_fell=(Area(0.0, 120.0, -1.0, "Planning"),),
        areas_rose=(Area(40.0, 0.0, None, "Docs"),),
    )
    assert FULL.visitor is not None
    yield replace(FULL, visitor=replace(FULL.visitor, share=0.3, last_day=None))
    yield replace(FULL, visitor=replace(FULL.visitor, gone=False))
    yield replace(FULL, visitor=replace(FULL.visitor, gone=False, engagement=0.0))
    assert FULL.renewal is not None
    yield replace(FULL, renewal=replace(FULL.renewal, days=-3))
    yield replace(FULL, tickets=Tickets(0, 0), active_visitors=0, days_silent=0)
    yield replace(FULL, tickets=Tickets(1, 1), active_visitors=1, days_silent=1)
    assert FULL.overdue is not None
    yield replace(FULL, overdue=replace(FULL.overdue, invoices=1))
