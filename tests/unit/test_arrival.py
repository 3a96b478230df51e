"""Whether a month's export has come, and how late it is: dates worked out on a calendar."""

from datetime import date

import pytest

from healthscore_assets.monitoring.arrival import (
    came,
    days_late,
    due_date,
    month_end,
    newest_complete_month,
    not_here,
    not_whole,
)


@pytest.mark.parametrize(
    ("today", "month"),
    [
        (date(2024, 6, 1), "2024-05"),
        (date(2024, 6, 30), "2024-05"),
        (date(2024, 1, 1), "2023-12"),
        (date(2024, 1, 31), "2023-12"),
        (date(2024, 3, 1), "2024-02"),
    ],
)
def test_the_newest_complete_month(today: date, month: str) -> None:
    assert newest_complete_month(today) == month


@pytest.mark.parametrize(
    ("month", "day", "due"),
    [
        ("2024-05", 5, date(2024, 6, 5)),
        ("2023-12", 5, date(2024, 1, 5)),
        ("2024-01", 28, date(2024, 2, 28)),
        ("2023-01", 28, date(2023, 2, 28)),
        ("2024-02", 1, date(2024, 3, 1)),
    ],
)
def test_the_due_date_is_in_the_following_month(month: str, day: int, due: date) -> None:
    assert due_date(month, day) == due


@pytest.mark.parametrize(
    ("month", "day", "today", "late"),
    [
        ("2024-05", 5, date(2024, 5, 20), 0),
        ("2024-05", 5, date(2024, 6, 5), 0),
        ("2024-05", 5, date(2024, 6, 6), 1),
        ("2024-05", 5, date(2024, 6, 14), 9),
        ("2023-12", 5, date(2024, 1, 6), 1),
        # January of 28 + a leap day: from 28 February to 1 March are two days, else one.
        ("2024-01", 28, date(2024, 3, 1), 2),
        ("2023-01", 28, date(2023, 3, 1), 1),
        # 26 days left of June, 31 of July, 5 of August.
        ("2024-05", 4, date(2024, 8, 5), 62),
    ],
)
def test_days_late_start_the_day_after(month: str, day: int, today: date, late: int) -> None:
    assert days_late(month, day, today) == late


def test_what_is_said_of_a_month_without_an_export() -> None:
    late = not_here("2024-05", 5, date(2024, 6, 14))
    assert late.late
    assert late.says == "2024-05: no export yet, 9 days late (due 5 June 2024)"
    assert late.numbers == {"days_late": 9}
    assert not_here("2024-05", 5, date(2024, 6, 6)).says == (
        "2024-05: no export yet, 1 day late (due 5 June 2024)"
    )
    in_time = not_here("2023-12", 5, date(2024, 1, 5))
    assert not in_time.late
    assert in_time.says == "2023-12: no export yet; due 5 January 2024"
    assert in_time.numbers == {"days_late": 0}


def test_an_export_from_before_the_end_of_its_month_is_awaited_again() -> None:
    early = not_whole("2024-05", 5, date(2024, 5, 20))
    assert not early.late
    assert early.says == ("2024-05: only an export from before the month was over; due 5 June 2024")
    late = not_whole("2024-05", 5, date(2024, 6, 7))
    assert late.late
    assert late.says == (
        "2024-05: only an export from before the month was over, 2 days late (due 5 June 2024)"
    )


@pytest.mark.parametrize(
    ("month", "end", "on", "after"),
    [
        ("2024-05", date(2024, 5, 31), date(2024, 6, 3), "3 days"),
        ("2024-02", date(2024, 2, 29), date(2024, 3, 1), "1 day"),
        ("2023-02", date(2023, 2, 28), date(2023, 3, 1), "1 day"),
        ("2023-12", date(2023, 12, 31), date(2024, 2, 1), "32 days"),
    ],
)
def test_what_is_said_of_a_month_that_came(month: str, end: date, on: date, after: str) -> None:
    assert month_end(month) == end
    told = came(month, on)
    assert not told.late
    assert told.says == f"{month}: taken in {after} after the month's end"
    assert told.numbers == {
        "days_late": 0,
        "days_after_month_end": int(after.split()[0]),
    }
