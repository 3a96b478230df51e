"""What feeds and features tell of a client, by hand. The month at hand is March 2024."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import tables

from healthscore_assets.contracts import (
    CLIENT_FEATURE_MONTH,
    CLIENT_PROFILE,
    CLIENT_SCORES,
    CLIENT_SIGNALS,
)
from healthscore_assets.contracts.accounts import ACCOUNTS
from healthscore_assets.contracts.invoices import INVOICES
from healthscore_assets.contracts.support_tickets import SUPPORT_TICKETS
from healthscore_assets.contracts.touchpoints import TOUCHPOINTS
from healthscore_assets.risk.alerts.signals import SignalInputs, client_signals, delivered_months
from healthscore_assets.scoring.health.inputs import month_at_hand

M = "2024-03"
EVERY_MONTH = {feed: list(range(4)) for feed in ("support_tickets", "invoices", "touchpoints")}


def signals(
    delivered: dict[str, list[int]] | None = None,
    months: tuple[int, ...] = (0, 1, 2, 3, 4),
    partial: int | None = None,
    **rows: list[dict[str, Any]],
) -> Any:
    """The signals of acme, of which the feeds tell these rows.

    `months` are those with usage exports, as months ago, of which one may be `partial`.
    """
    contracts = {
        "accounts": ACCOUNTS,
        "support_tickets": SUPPORT_TICKETS,
        "invoices": INVOICES,
        "touchpoints": TOUCHPOINTS,
        "client_feature_month": CLIENT_FEATURE_MONTH,
    }
    profile = {"client_id": "acme", "has_usage": True, **rows.pop("profile", [{}])[0]}
    given = {
        name: tables.sparse(contract, [{"client_id": "acme", **row} for row in rows.get(name, [])])
        for name, contract in contracts.items()
    }
    scores = [{"client_id": "acme", "partial": ago == partial, "months_ago": ago} for ago in months]
    inputs = SignalInputs(
        client_profile=tables.sparse(CLIENT_PROFILE, [profile]),
        client_scores=tables.sparse(CLIENT_SCORES, scores),
        **given,
        at=month_at_hand(tables.engine(), M),
        delivered=delivered_months(EVERY_MONTH | (delivered or {})),
    )
    (row,) = tables.by(
        tables.found(CLIENT_SIGNALS, client_signals(inputs, "clicks")), "client_id"
    ).values()
    return row


def ticket(number: int, created: date, ago: int = 0, **more: Any) -> dict[str, Any]:
    return {"ticket_id": f"t{number}", "created": created, "months_ago": ago, **more}


def test_a_client_of_whom_feeds_tell_nothing() -> None:
    assert signals() == {
        "client_id": "acme",
        "account_owner": None,
        "days_to_renewal": None,
        "tickets": 0,
        "tickets_avg_3m": 0.0,
        "negative_tickets": 0,
        "touchpoints": 0,
        "touchpoint_months": 0,
        "overdue_invoices": 0,
        "days_overdue": None,
        "features_tried": None,
        "features_kept": None,
    }


def test_a_feed_that_was_not_delivered_tells_nothing_rather_than_zero() -> None:
    row = signals({"support_tickets": [], "invoices": [], "touchpoints": []})
    none = ("tickets", "tickets_avg_3m", "negative_tickets", "touchpoints", "touchpoint_months")
    assert [row[name] for name in (*none, "overdue_invoices")] == [None] * 6
    # The month itself is told, one of the three before is not.
    row = signals({"support_tickets": [0, 1, 3], "touchpoints": [0, 2, 3]})
    assert (row["tickets"], row["tickets_avg_3m"]) == (0, None)
    assert (row["touchpoints"], row["touchpoint_months"]) == (0, None)


def test_tickets_count_in_the_month_in_which_they_were_opened() -> None:
    row = signals(
        support_tickets=[
            ticket(1, date(2024, 3, 1)),
            ticket(2, date(2024, 3, 31)),
            ticket(3, date(2024, 2, 29), ago=1),
            # Opened in February, closed in March: told in both, counted once.
            ticket(3, date(2024, 2, 29), closed=date(2024, 3, 2)),
            ticket(4, date(2023, 12, 1), ago=3),
            ticket(5, date(2023, 11, 30), closed=date(2024, 3, 3)),
        ]
    )
    assert row["tickets"] == 2
    assert row["tickets_avg_3m"] == pytest.approx(2 / 3)


def test_negative_tickets_are_those_of_thirty_days() -> None:
    row = signals(
        support_tickets=[
            ticket(1, date(2024, 3, 31), sentiment=-0.05),
            ticket(2, date(2024, 3, 31), sentiment=-0.04),
            ticket(3, date(2024, 3, 31), sentiment=None),
            ticket(4, date(2024, 3, 2), sentiment=-0.9),  # 29 days before
            ticket(5, date(2024, 3, 1), sentiment=-0.9),  # 30 days before
        ]
    )
    assert row["negative_tickets"] == 2


def test_touchpoints_of_the_month_and_months_with_some_before() -> None:
    def touchpoint(number: int, day: date, ago: int) -> dict[str, Any]:
        return {"touchpoint_id": f"p{number}", "date": day, "months_ago": ago}

    row = signals(
        touchpoints=[
            touchpoint(1, date(2024, 2, 1), 1),
            touchpoint(2, date(2024, 2, 29), 1),
            touchpoint(3, date(2023, 12, 1), 3),
        ]
    )
    assert (row["touchpoints"], row["touchpoint_months"]) == (0, 2)
    row = signals(touchpoints=[touchpoint(1, date(2024, 3, 1), 0)])
    assert (row["touchpoints"], row["touchpoint_months"]) == (1, 0)


def test_invoices_owed_after_their_day() -> None:
    def invoice(number: int, due: date, **more: Any) -> dict[str, Any]:
        return {"invoice_id": f"i{number}", "due": due, "amount": 100.0, **more}

    row = signals(
        invoices=[
            invoice(1, date(2024, 3, 30)),
            invoice(2, date(2024, 3, 31)),  # still in time on that day
            invoice(3, date(2024, 2, 10), months_ago=1),
            invoice(4, date(2024, 1, 10), months_ago=2),
            invoice(4, date(2024, 1, 10), paid=date(2024, 3, 5)),  # paid since
            invoice(5, date(2024, 1, 1), status="Void "),
            invoice(6, date(2024, 1, 1), status="draft"),
            invoice(7, date(2024, 3, 1), status="open"),
            invoice(8, date(2024, 3, 1), status="Paid"),  # not told when
        ]
    )
    assert row["overdue_invoices"] == 3
    assert row["days_overdue"] == 50  # 10 February to 31 March


def test_features_tried_in_the_month_before_and_kept() -> None:
    def used(feature: str, *ago: int, measure: str = "clicks") -> list[dict[str, Any]]:
        told = {"feature": feature, "measure": measure, "value": 1.0}
        return [{**told, "months_ago": months} for months in ago]

    row = signals(
        client_feature_month=[
            *used("old", 4, 2, 0),
            *used("again", 4, 1),  # used three months before it was used again: not new
            *used("forgotten", 5, 1),  # too long ago to count
            *used("tried", 1),
            *used("kept", 1, 0),
            *used("new", 0),
            *used("looked at", 1, measure="page_views"),
        ]
    )
    assert (row["features_tried"], row["features_kept"]) == (3, 1)
    usage = [*used("old", 2), *used("tried", 1)]
    assert signals(client_feature_month=usage)["features_tried"] == 1
    # A month that is missing, or partial, makes old features look new.
    assert signals(client_feature_month=usage, months=(0, 1, 2, 3))["features_tried"] is None
    assert signals(client_feature_month=usage, partial=3)["features_tried"] is None
    assert signals(client_feature_month=usage, partial=0)["features_tried"] == 1
    # A client that had no usage before tries everything: nothing is told of it.
    row = signals(client_feature_month=[*used("tried", 1), *used("new", 0)])
    assert (row["features_tried"], row["features_kept"]) == (None, None)


@pytest.mark.parametrize(
    ("register", "owner"),
    [
        ({"owner": "Kim Ode", "owner_email": "kim@vendor.example"}, "Kim Ode"),
        ({"owner": " ", "owner_email": "kim@vendor.example"}, "kim@vendor.example"),
        ({"owner": None, "owner_email": ""}, None),
    ],
)
def test_who_looks_after_a_client(register: dict[str, Any], owner: str | None) -> None:
    assert signals(accounts=[register])["account_owner"] == owner


@pytest.mark.parametrize(
    ("renewal", "days"), [(date(2024, 4, 1), 1), (date(2024, 3, 31), 0), (date(2024, 3, 1), -30)]
)
def test_days_to_the_renewal(renewal: date, days: int) -> None:
    assert signals(profile=[{"renewal_date": renewal}])["days_to_renewal"] == days
