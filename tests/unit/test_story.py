"""A client's story from tiny tables: what fell, and who did most of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import ibis
import pytest
import tables as small

from healthscore_assets.contracts import CONTRACTS
from healthscore_assets.risk.playbooks.filling import fill
from healthscore_assets.risk.playbooks.reading import read_playbooks
from healthscore_assets.risk.playbooks.story import STORY_TABLES, client_story
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
)

MAY = "2024-05"
BOOKS = read_playbooks(Path(__file__).resolve().parents[2] / "lookups" / "playbooks")
Rows = Sequence[Mapping[str, Any]]


def opened(rows: Mapping[str, Rows]) -> dict[str, ibis.Table]:
    """The tables of a lake, those that are not named without rows."""
    return {name: small.sparse(CONTRACTS[name], rows.get(name, [])) for name in STORY_TABLES}


def story(rows: Mapping[str, Rows], client: str = "c", measure: str = "clicks") -> Story:
    return client_story(small.engine(), opened(rows), client, MAY, measure)


def scored(*ago: int, partial: Sequence[int] = (), client: str = "c") -> list[dict[str, Any]]:
    """The client was in the base of the months."""
    who = {"client_id": client, "client_name": "Marigold Robotics"}
    return [{**who, "months_ago": n, "partial": n in partial} for n in ago]


def used(area: str, *engagement: float, client: str = "c") -> list[dict[str, Any]]:
    """Engagement of an area in the month at hand, the one before and so on; 0 is no row."""
    row = {"client_id": client, "audience": "all", "area": area}
    return [
        {**row, "months_ago": ago, "engagement": value}
        for ago, value in enumerate(engagement)
        if value
    ]


def by(
    visitor: str | None, *engagement: float, area: str = "Reporting", audience: str = "external"
) -> list[dict[str, Any]]:
    """The same of one visitor."""
    row = {"client_id": "c", "visitor_id": visitor, "audience": audience, "area": area}
    return [
        {**row, "months_ago": ago, "engagement": value}
        for ago, value in enumerate(engagement)
        if value
    ]


def last_days(**days: str) -> list[dict[str, Any]]:
    """The last day of each visitor in the month of that day."""
    return [
        {
            "client_id": "c",
            "visitor_id": visitor,
            "last_active_day": date.fromisoformat(day),
            "months_ago": 5 - int(day[5:7]),
        }
        for visitor, day in days.items()
    ]


# 380 after 1,000 a month is a fall by 62 %; ada did 2,100 of the 3,000 before, and 20 of the 380.
FELL: dict[str, Rows] = {
    "client_scores": scored(0, 1, 2, 3),
    "client_area_month": used("Reporting", 380, 1000, 900, 1100),
    "area_engagement": [*by("ada", 20, 700, 600, 800), *by("bob", 360, 300, 300, 300)],
    "visitor_activity": last_days(ada="2024-05-04", bob="2024-05-31"),
}


def test_what_fell_and_who_did_most_of_it() -> None:
    told = story(FELL)
    assert told.areas_fell == (Area(380.0, 1000.0, -0.62, "Reporting"),)
    assert told.visitor is not None
    assert (told.visitor.id, told.visitor.audience, told.visitor.gone) == ("ada", "external", True)
    assert (told.visitor.share, told.visitor.engagement, told.visitor.before) == (0.7, 20, 700)
    assert (told.visitor.last_day, told.visitor.last_month) == (date(2024, 5, 4), MAY)
    assert (
        "Clicks in Reporting fell 62 %; the visitor who did most of that work was last seen on "
        "4 May.\n"
    ) in fill(BOOKS["save_call"], told)


def test_the_measure_is_named_as_people_do() -> None:
    assert "\nPage views in Reporting fell 62 %; " in fill(
        BOOKS["save_call"], story(FELL, measure="page_views")
    )
    assert story(FELL, measure="days_active").measure == "active days"
    assert story(FELL, measure="minutes").measure == "minutes"


def test_the_name_of_a_client_that_is_no_template_ends_up_in_the_message() -> None:
    rows = [{**row, "client_name": "{{ client.id }}"} for row in scored(0, 1)]
    told = fill(BOOKS["save_call"], story({**FELL, "client_scores": rows}))
    assert told.startswith("Hello {{ client.id }} team,")


# ---------------------------------------------------------------------------------- nothing told


@pytest.mark.parametrize("given", ["no tables", "no rows"])
def test_of_a_client_without_anything_there_is_a_name(given: str) -> None:
    tables = {} if given == "no tables" else opened({})
    told = client_story(small.engine(), tables, "c", MAY)
    assert told == Story(client=Client("c", "c"), month=MAY, measure="clicks")


@pytest.mark.parametrize("missing", sorted(STORY_TABLES))
def test_any_table_may_be_missing(missing: str) -> None:
    tables = opened(FELL)
    del tables[missing]
    told = client_story(small.engine(), tables, "c", MAY)
    for book in BOOKS.values():
        assert "Hello" in fill(book, told) or "To " in fill(book, told)


def test_other_clients_are_left_out() -> None:
    others = {
        "client_scores": [*scored(0, 1, 2, 3), *scored(0, 1, 2, 3, client="d")],
        "client_area_month": [
            *used("Reporting", 380, 1000, 900, 1100),
            *used("Reporting", 9000, 1, client="d"),
        ],
        "area_engagement": [
            *FELL["area_engagement"],
            *({**row, "client_id": "d"} for row in by("ada", 9000, 9000)),
        ],
        "visitor_activity": [
            *FELL["visitor_activity"],
            *({**row, "client_id": "d"} for row in last_days(ada="2024-05-30")),
        ],
    }
    assert story(others) == story(FELL)


# ------------------------------------------------------------------------------------- usage


def test_months_are_those_of_the_base_that_were_whole() -> None:
    areas = {"client_area_month": used("Reporting", 50, 100, 700, 900)}
    assert story({**areas, "client_scores": scored(0, 1)}).usage == Usage(50, 100, -0.5)
    whole = scored(0, 1, 2, 3, partial=[2, 3])
    assert story({**areas, "client_scores": whole}).usage == Usage(50, 100, -0.5)
    # A month of the base without usage is one with nothing, (100 + 0) / 2.
    quiet = {"client_area_month": used("Reporting", 50, 100), "client_scores": scored(0, 1, 2)}
    assert story(quiet).usage == Usage(50, 50, 0.0)


def test_a_partial_month_and_a_first_month_are_held_against_nothing() -> None:
    for scores in (scored(0, 1, 2, 3, partial=[0]), scored(0), scored(1, 2)):
        told = story({**FELL, "client_scores": scores})
        assert (told.usage, told.areas_fell, told.visitor) == (None, (), None)


def test_areas_are_those_that_changed_most_and_flat_ones_are_left_out() -> None:
    areas = [
        *used("Half", 50, 100),  # 50 fewer
        *used("Far", 400, 1000),  # 600 fewer
        *used("Gone", 0, 70),
        *used("Few", 1, 10),
        *used("Flat", 9100, 10000),  # 9 %
        *used("Tenth", 90, 100),
        *used("More", 300, 200),
        *used("Most", 900, 100),
        *used("New", 40),
        *used("Unmapped", 0, 5000),
    ]
    told = story({"client_scores": scored(0, 1), "client_area_month": areas})
    assert told.areas_fell == (
        Area(400, 1000, -0.6, "Far"),
        Area(0, 70, -1.0, "Gone"),
        Area(50, 100, -0.5, "Half"),
    )
    assert told.areas_rose == (
        Area(900, 100, 8.0, "Most"),
        Area(300, 200, 0.5, "More"),
        Area(40, 0, None, "New"),
    )
    # 50 + 400 + 1 + 9,100 + 90 + 300 + 900 + 40 after 100 + 1,000 + 70 + 10 + 10,000 + ...
    assert told.usage is not None
    assert (told.usage.engagement, told.usage.before) == (10881, 11580)
    assert "Gone and Half fell too." in fill(BOOKS["save_call"], told)


def test_other_audiences_are_not_counted_twice() -> None:
    rows = used("Reporting", 380, 1000)
    split = [{**row, "audience": "external"} for row in rows]
    told = story({"client_scores": scored(0, 1), "client_area_month": [*rows, *split]})
    assert told.areas_fell == (Area(380.0, 1000.0, -0.62, "Reporting"),)


# ------------------------------------------------------------------------------------ the visitor


def fell_by(*rows: Rows, days: Rows = ()) -> dict[str, Rows]:
    """Reporting fell, its engagement being that of the visitors."""
    engagement = [row for each in rows for row in each]
    return {**FELL, "area_engagement": engagement, "visitor_activity": days}


def test_nobody_is_named_where_the_leader_still_does_more_than_half_of_it() -> None:
    assert story(fell_by(by("ada", 350, 700, 600, 800))).visitor is not None
    assert story(fell_by(by("ada", 351, 700, 600, 800))).visitor is None


def test_an_external_visitor_leads_before_an_internal_one_with_more() -> None:
    told = story(
        fell_by(by("coach", 0, 900, 900, 900, audience="internal"), by("ada", 0, 100, 100, 100))
    )
    assert told.visitor is not None
    assert (told.visitor.id, told.visitor.share) == ("ada", pytest.approx(0.1))
    assert told.visitor.who == "the most active visitor there"
    alone = story(fell_by(by("coach", 0, 900, audience="internal")))
    assert alone.visitor is not None
    assert (alone.visitor.id, alone.visitor.audience) == ("coach", "internal")


def test_of_equal_visitors_the_first_by_name_leads_and_nobody_cannot() -> None:
    told = story(fell_by(by("bob", 0, 10), by("ada", 0, 10), by(None, 0, 80)))
    assert told.visitor is not None
    assert (told.visitor.id, told.visitor.share) == ("ada", 0.1)
    assert story(fell_by(by(None, 0, 80))).visitor is None


@pytest.mark.parametrize(
    ("usage", "days", "says"),
    [
        # In no month is a day told.
        (by("ada", 0, 0, 700), [], "was last seen in March 2024"),
        (by("ada", 0, 700), last_days(ada="2024-04-28"), "was last seen on 28 April"),
        # The day of March is not the last one: April has usage, without a day.
        (by("ada", 0, 700), last_days(ada="2024-03-28"), "was last seen in April 2024"),
        # Usage of another measure, dated, after the last of this one.
        (by("ada", 0, 0, 700), last_days(ada="2024-05-02"), "was last seen on 2 May"),
        # 17 May is two weeks before the month's end.
        (by("ada", 70, 700), last_days(ada="2024-05-17"), "was last seen on 17 May"),
        # 70 of 700 / 3 a month: 70 % less.
        (by("ada", 70, 700), last_days(ada="2024-05-18"), "does 70 % less of it"),
        (by("ada", 70, 700), [], "does 70 % less of it"),
        (
            [*by("ada", 0, 700), *by("ada", 5, area="Planning")],
            last_days(ada="2024-05-30"),
            "no longer does any of it",
        ),
        (
            [*by("ada", 0, 700), *by("ada", 5, area="Planning")],
            [],
            "no longer does any of it",
        ),
    ],
)
def test_when_the_visitor_was_last_seen(usage: Rows, days: Rows, says: str) -> None:
    told = fill(BOOKS["save_call"], story(fell_by(usage, days=days)))
    assert f"; the visitor who did most of that work {says}." in told


# ------------------------------------------------------------------------------- the other tables


def test_health_and_what_moved_it() -> None:
    driver = {"client_id": "c", "months_ago": 0, "weight_effect": 0.0}
    moved: Rows = [
        {"component": "nps", "value": -10.0, "points_change": -6.0, "value_effect": -2.0},
        {"component": "active_users", "value": 0.31, "points_change": -5.0, "value_effect": -5.0},
        {"component": "training", "value": 0.4, "points_change": 1.5, "value_effect": 1.5},
        {"component": "csat", "value": 4.0, "points_change": -0.4, "value_effect": -0.4},
        {"component": "payment", "value": None, "points_change": -9.0, "value_effect": 0.0},
        {"component": "advocacy", "value": None, "points_change": None, "value_effect": None},
    ]
    told = story(
        {
            "health_scores": [
                {"client_id": "c", "months_ago": 0, "health": 52.0, "band": "red"},
                {"client_id": "c", "months_ago": 1, "health": 64.5, "band": "yellow"},
            ],
            "health_drivers": [
                *({**driver, **row} for row in moved),
                {**driver, "months_ago": 1, "component": "active_users", "value": 0.62},
            ],
        }
    )
    assert told.health == Health(52.0, "red", -12.5)
    assert told.components_fell == (
        Component("active users", -5.0, -5.0, "62% of its people", "31% of its people"),
        Component("NPS", -6.0, -2.0, None, "-10"),
    )
    assert told.components_rose == (Component("training", 1.5, 1.5, None, "40% trained"),)
    message = fill(BOOKS["product_feedback"], told)
    told_of = "(was: 62% of its people; now: 31% of its people)"
    assert (
        f"- Active users took 5 off its health {told_of}.\n- NPS took 2 off its health." in message
    )


def test_health_that_is_not_told_is_none() -> None:
    none = {"client_id": "c", "months_ago": 0, "health": None, "band": None}
    assert story({"health_scores": [none]}).health is None
    first = {"client_id": "c", "months_ago": 0, "health": 80.0, "band": "green"}
    assert story({"health_scores": [first]}).health == Health(80.0, "green", None)


def test_who_it_is_and_its_contract() -> None:
    told = story(
        {
            "client_scores": scored(0),
            "client_profile": [
                {
                    "client_id": "c",
                    "segment": "Enterprise",
                    "renewal_date": date(2024, 7, 12),
                    "seats": 200,
                    "active_visitors": 31,
                }
            ],
            "accounts": [{"client_id": "c", "owner": "Robin Reed"}],
            "structural_risk": [{"client_id": "c", "days_since_last_activity": 27}],
        }
    )
    assert told.client == Client("c", "Marigold Robotics", "Enterprise", "Robin Reed")
    # From 31 May: 30 days of June and 12 of July.
    assert told.renewal == Renewal(date(2024, 7, 12), 42)
    assert (told.seats, told.active_visitors, told.days_silent) == (200, 31, 27)
    assert "up for renewal on 12 July." in fill(BOOKS["renewal_at_risk"], told)


def test_tickets_are_counted_as_they_are_known_last() -> None:
    def ticket(
        name: str, created: str, ago: int, closed: str | None = None, mood: float | None = None
    ) -> dict[str, Any]:
        return {
            "client_id": "c",
            "ticket_id": name,
            "created": date.fromisoformat(created),
            "closed": None if closed is None else date.fromisoformat(closed),
            "sentiment": mood,
            "months_ago": ago,
        }

    told = story(
        {
            "support_tickets": [
                ticket("solved later", "2024-04-30", 1, mood=-0.8),
                ticket("solved later", "2024-04-30", 0, "2024-05-02", -0.8),
                ticket("open", "2024-05-30", 0, mood=0.5),
                ticket("wordless", "2024-03-03", 2),  # 89 days before 31 May
                ticket("old", "2024-03-02", 2, mood=-0.8),
                {**ticket("another's", "2024-05-30", 0, mood=-0.8), "client_id": "d"},
            ]
        }
    )
    assert told.tickets == Tickets(open=2, negative=1)
    others = {**ticket("another's", "2024-05-30", 0), "client_id": "d"}
    assert story({"support_tickets": [others]}).tickets == Tickets(0, 0)


def test_invoices_that_are_due_and_not_paid() -> None:
    def invoice(name: str, due: str | None, ago: int = 0, **columns: Any) -> dict[str, Any]:
        told = None if due is None else date.fromisoformat(due)
        row = {"client_id": "c", "invoice_id": name, "due": told, "amount": 100.0}
        return {**row, "months_ago": ago, "status": "Open", **columns}

    told = story(
        {
            "invoices": [
                invoice("late", "2024-05-30"),
                invoice("later", "2024-01-15", 5, amount=20.75),
                invoice("today", "2024-05-31"),
                invoice("undue", None),
                invoice("paid since", "2024-04-10", 2),
                invoice("paid since", "2024-04-10", 0, paid=date(2024, 5, 3)),
                invoice("credit", "2024-04-10", amount=-50.0),
                invoice("draft", "2024-04-10", status=" Draft"),
                invoice("flag", "2024-04-10", status="paid"),
                invoice("unsaid", "2024-04-11", status=None),
            ]
        }
    )
    assert told.overdue == Overdue(invoices=3, amount=220.75, oldest=date(2024, 1, 15))
    message = fill(BOOKS["collections"], told)
    assert "3 invoices are unpaid, 221 in total; the oldest was due on 15 January." in message
    assert story({"invoices": [invoice("today", "2024-05-31")]}).overdue is None
