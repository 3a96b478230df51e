"""Which month a file name or a cell tells, and which neighbours of a month tell none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthscore_assets.reading.dates.file_months import months_named, names_a_day

MAY = [
    # the five forms, alone
    "2024-05",
    "2024_05",
    "202405",
    "05-2024",
    "May 2024",
    "MAY-2024",
    # short forms, separators, case, order
    "2024-5",
    "5-2024",
    "05_2024",
    "may 2024",
    "mAy 2024",
    "May2024",
    "May_2024",
    "May, 2024",
    "May. 2024",
    "2024 May",
    "2024-MAY",
    "2024May",
    # anywhere in the name
    "2024-05.csv",
    "202405.csv.gz",
    "pendo_visitors_2024-05.csv",
    "202405 External Usage Pendo File.csv",
    "Pendo Export May 2024.csv",
    "pendo-export-MAY-2024-final.CSV",
    "export05x202405.csv",
    "usage(2024_05).csv",
    "v2 2024-05.csv",
    "7 clients 2024-05.csv",
    # told twice, the same
    "2024-05 (May 2024).csv",
    "May 2024 - 05-2024.csv",
    # one of several files, a copy, a second download
    "2024-05_2.csv",
    "202405_2.csv",
    "usage_2_202405.csv",
    "2024-05 (1).csv",
    "2024-05 part 2.csv",
    "May 2024 v3.csv",
    # a year of two digits
    "May-24",
    "may_24",
    "May '24",
    "May\u201924",  # as word processors write the apostrophe
    "usage_May-24.csv",
    "May_24_2.csv",
    # a whole date beside the month is the day of the download
    "2024-05 downloaded 2024-06-03.csv",
    "2024-05 downloaded 20240603.csv",
    "03-06-2024 export of May 2024.csv",
]


@pytest.mark.parametrize("name", MAY)
def test_a_name_tells_its_month(name: str) -> None:
    assert months_named(name) == {"2024-05"}


NO_MONTH = [
    "usage.csv",
    "2024.csv",
    "May.csv",
    "05.csv",
    # months that are none
    "2024-00",
    "2024-13",
    "202400",
    "202413",
    "00-2024",
    "13-2024",
    "Mai 2024",
    "Mayor 2024",
    "Mayhem2024",
    "dismay 2024",
    "summary 2024",  # mar
    "Decker 2024",  # dec
    "2024 marching",
    "2024 decided",
    # years that are none
    "1999-05",
    "2100-05",
    "0524",
    "24-05",
    "May 24",
    "may24",
    "may 24th",
    "May-24th",
    "May-240",
    "May-24-01",
    "dismay-24",
    "May 1999",
    # longer numbers
    "12024-05",
    "2024-051",
    "2024051",
    "1202405",
    "20240512345",
    "202405131030",
    "May 20245",
    "105-2024",
    "05-20245",
    # something between that is no separator
    "2024x05",
    "2024--05",
    "May of 2024",
    "2024Q2",
    "v5-2024",
]


@pytest.mark.parametrize("name", NO_MONTH)
def test_the_nearest_neighbours_of_a_month_are_none(name: str) -> None:
    assert months_named(name) == set()
    assert not names_a_day(name)


DAYS = [
    "2024-05-13",
    "2024_05_13",
    "2024.05.13",
    "2024-5-3",
    "20240513",
    "13-05-2024",
    "05-13-2024",
    "1-5-2024",
    "24-May-2024",
    "usage 2024-05-13 10.30.csv",
    "usage_20240501.csv",
    "2024-05-01_2024-05-31.csv",
]


@pytest.mark.parametrize("name", DAYS)
def test_a_day_is_not_a_month(name: str) -> None:
    assert months_named(name) == set()
    assert names_a_day(name)


def test_digits_around_a_day_do_not_join_into_a_month() -> None:
    # Without its day the name would read "2024" + "05".
    assert months_named("202420240513-05") == set()
    assert months_named("20-2024-05-13-24") == set()


@pytest.mark.parametrize(
    ("name", "months"),
    [
        ("2024-05_2024-06.csv", {"2024-05", "2024-06"}),
        ("Jan 2024 to Feb 2024.csv", {"2024-01", "2024-02"}),
        ("202405 May 2023.csv", {"2024-05", "2023-05"}),
        # A number glued on in front could be the month as well: better asked than guessed.
        ("part_1_2024-05.csv", {"2024-01", "2024-05"}),
    ],
)
def test_several_months_in_a_name_are_all_told(name: str, months: set[str]) -> None:
    assert months_named(name) == months


def test_a_day_of_a_month_with_a_short_year_is_not_the_month() -> None:
    assert months_named("1-May-24") == months_named("May 24, 2024") == set()


NAMES = [
    ("January", "Jan"),
    ("February", "Feb"),
    ("March", "Mar"),
    ("April", "Apr"),
    ("May", "May"),
    ("June", "Jun"),
    ("July", "Jul"),
    ("August", "Aug"),
    ("September", "Sep"),
    ("October", "Oct"),
    ("November", "Nov"),
    ("December", "Dec"),
]


@pytest.mark.parametrize("number", range(1, 13))
def test_every_month_in_every_form(number: int) -> None:
    long, short = NAMES[number - 1]
    forms = [f"2024-{number:02d}", f"2024_{number:02d}", f"2024{number:02d}", f"{number:02d}-2024"]
    for name in (long, short):
        forms += [f"{name} 2024", f"{name.upper()}-2024", f"{name.lower()}_2024", f"2024 {name}"]
    assert {month for form in forms for month in months_named(form)} == {f"2024-{number:02d}"}


def test_sept_is_september() -> None:
    assert months_named("Sept 2024") == months_named("Sept. 2024") == {"2024-09"}


@pytest.mark.parametrize(("name", "month"), [("2000-01", "2000-01"), ("December 2099", "2099-12")])
def test_the_first_and_the_last_month(name: str, month: str) -> None:
    assert months_named(name) == {month}


def test_digits_of_other_scripts_are_no_month() -> None:
    # ARABIC-INDIC DIGIT TWO and FOUR
    assert months_named("20\u0662\u0664-05") == set()


@given(
    year=st.integers(2000, 2099),
    number=st.integers(1, 12),
    before=st.sampled_from(["", "usage ", "Pendo_", "(", "export-of-", "x."]),
    after=st.sampled_from(["", " final", "_v2", ").csv", ".csv.gz", " external"]),
    form=st.sampled_from(["{y}-{m:02}", "{y}_{m:02}", "{y}{m:02}", "{m:02}-{y}"]),
)
def test_any_month_is_read_back(year: int, number: int, before: str, after: str, form: str) -> None:
    name = before + form.format(y=year, m=number) + after
    assert months_named(name) == {f"{year}-{number:02d}"}
