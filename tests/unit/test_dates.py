"""Columns of dates and months: what each form tells, and what is refused rather than guessed."""

import calendar
import json
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthscore_assets.reading.dates.column import DateFormat, DateReader, Holds, NotADate
from healthscore_assets.reading.dates.windows import window_in

MAY = 1_714_521_600_000  # 2024-05-01T00:00:00Z in milliseconds
HOUR = 3_600_000
DAY = 24 * HOUR


def column(*cells: str | int | None) -> pa.ChunkedArray:
    return pa.chunked_array(
        [pa.array([None if cell is None else str(cell) for cell in cells], pa.string())]
    )


def learnt(
    texts: pa.ChunkedArray,
    holds: Holds = "day",
    order: Literal["dmy", "mdy"] | None = None,
    *,
    forced: bool = False,
) -> DateFormat:
    """The format of a column, by way of the JSON in which it is kept."""
    reader = DateReader(holds, forced=forced)
    for chunk in texts.chunks:
        reader.observe(pa.chunked_array([chunk]))
    return DateFormat.from_json(json.loads(json.dumps(reader.decide(order).to_json())))


def days(texts: pa.ChunkedArray, holds: Holds = "day") -> list[str | None]:
    told = learnt(texts, holds).days(texts)
    assert told.type == pa.date32()
    return [None if day is None else day.isoformat() for day in told.to_pylist()]


def months(texts: pa.ChunkedArray, holds: Holds = "period") -> list[str | None]:
    return learnt(texts, holds).months(texts).to_pylist()


FIRST_OF_MAY = [
    "2024-05-01",
    " 2024-05-01 ",
    "\u00a02024-05-01",  # no-break space
    "2024-5-1",
    "2024/05/01",
    "2024.05.01",
    "2024-05-01T04:00:00Z",
    "2024-05-01T04:00:00.123Z",
    "2024-05-01 04:00:00 UTC",
    "2024-05-01T04:00:00+00:00",
    "2024-05-01T23:00:00-05:00",
    "2024-05-01T00:30+0200",
    "2024-05-01 23:59:59",
    "2024-05-01 23:59:59.999999",
    "2024-05-01T04",
    "2024-05-01T0400Z",
    "20240501T040000Z",
    "20240501",
    "20240501.0",
    "45413",
    "45413.0",
    "45413.9993",
    "1714521600",
    "1714521600.0",
    "1714521600000",
    "1714521600000.0",
    "1 May 2024",
    "1st May 2024",
    "01-MAY-2024",
    "1-May-24",
    "May 1, 2024",
    "may 1 2024",
    "May 1st, 2024",
    "2024-May-01",
]


@pytest.mark.parametrize("text", FIRST_OF_MAY)
def test_a_cell_tells_its_day(text: str) -> None:
    assert days(column(text)) == ["2024-05-01"]
    assert months(column(text), "day") == ["2024-05"]


MAY_2024 = [
    "2024-05",
    "2024-5",
    "2024/05",
    "2024.05",
    "05-2024",
    "5/2024",
    "202405",
    "202405.0",
    "May 2024",
    "MAY-2024",
    "May-24",
    "may_24",
    "May '24",
    "2024 May",
    "2024-May",
]


@pytest.mark.parametrize("text", MAY_2024)
def test_a_cell_tells_a_month_and_no_day(text: str) -> None:
    assert months(column(text)) == ["2024-05"]
    assert days(column(text), "period") == [None]
    assert learnt(column(text), "period").boundary == "month"


def test_sept_is_september() -> None:
    assert months(column("Sept 2024", "Sept. 2024", "September 2024")) == ["2024-09"] * 3


NO_DATE = [
    "soon",
    "--",
    "2024",
    "24",
    "2024-13",
    "2024-00",
    "2024-02-30",
    "2023-02-29",
    "20240231",
    "20240501.7",
    "202413",
    "1999-12-31",
    "19991231",
    "2100-01-01",
    "1/1/1999",
    "36525",  # 1999-12-31
    "73051",  # 2100-01-01
    "9999999999",  # 2286
    "9999999999999",
    "-1714521600000",
    "1.71452E+12",  # digits are lost
    "2024.1",  # 2024.10, as a spreadsheet leaves it
    "May 24",  # a month or a day
    "24-May",
    "May24",
    "2024-Q2",
    "2024-W18",
    "18 visits in May 2024",
    "Jan - Mar 2024",
    "2024-05-01 25:00",
    "2024-05-01T10:61:00Z",
    "2024-05-01Tnoon",
    "13/05/2024 or so",
    "13/05-2024",
    "2024-05 10:30",
    "20\u0662\u0664-05-01",  # digits of another script
]


@pytest.mark.parametrize("text", NO_DATE)
@pytest.mark.parametrize("holds", ["day", "time", "period"])
def test_what_is_no_date_is_refused_as_it_is(text: str, holds: Holds) -> None:
    padded = f" {text} "
    with pytest.raises(NotADate) as refused:
        learnt(column("2024-05-01", padded, "2024-05-02"), holds)
    assert refused.value.text == padded  # so that its row can be found
    assert repr(text) in refused.value.what


def test_the_refusal_says_what_is_expected() -> None:
    with pytest.raises(NotADate) as refused:
        learnt(column("soon"))
    assert str(refused.value) == (
        "'soon' is not a date or a month; "
        "expected dates such as 2024-05-31, or months such as 2024-05 or May 2024"
    )


def test_the_first_bad_cell_of_all_batches_is_named() -> None:
    reader = DateReader("day")
    for text in ("2024-05-01", "soon", "later"):
        reader.observe(column(text))
    with pytest.raises(NotADate, match="'soon'"):
        reader.decide(None)


def test_a_long_cell_is_shown_in_part() -> None:
    with pytest.raises(NotADate) as refused:
        learnt(column("x" * 10_000))
    assert len(str(refused.value)) < 200


def test_a_blank_cell_tells_nothing() -> None:
    for filled in ("2024-05-01", str(MAY), "2024-05-01T10:00:00Z"):
        assert days(column("", filled, None, "  ")) == [None, "2024-05-01", None, None]
        assert months(column("", filled, None), "day") == [None, "2024-05", None]


@pytest.mark.parametrize("cells", [[], [None], ["", " "]])
def test_a_column_without_dates_is_refused(cells: list[str | None]) -> None:
    with pytest.raises(NotADate, match="the column is blank"):
        learnt(column(*cells))


def test_a_cell_the_format_was_not_learnt_from_is_not_passed_over() -> None:
    told = learnt(column("2024-05-01"))
    with pytest.raises(NotADate, match="'soon'"):
        told.days(column("2024-05-01", "soon"))


def test_no_rows_are_read_as_no_rows() -> None:
    told = learnt(column("2024-05-01"))
    assert told.days(pa.chunked_array([], pa.string())).to_pylist() == []


# Day or month first


def test_one_day_beyond_twelve_decides_for_the_column() -> None:
    assert days(column("03/04/2024", "13/05/2024")) == ["2024-04-03", "2024-05-13"]
    assert days(column("03/04/2024", "05/13/2024")) == ["2024-03-04", "2024-05-13"]
    assert days(column("3.4.2024", "13.5.2024")) == ["2024-04-03", "2024-05-13"]
    assert days(column("3/4/24 9:30 PM", "5/13/24 0:00")) == ["2024-03-04", "2024-05-13"]


def test_the_day_that_decides_may_come_in_another_batch() -> None:
    texts = pa.chunked_array([["03/04/2024"], ["13/05/2024"]])
    assert days(texts) == ["2024-04-03", "2024-05-13"]


def test_an_order_that_nothing_tells_is_refused_unless_set() -> None:
    texts = column("05/05/2024", "03/04/2024")
    with pytest.raises(NotADate, match="may have the day or the month first; set date_order") as no:
        learnt(texts)
    assert no.value.text == "03/04/2024"
    assert learnt(texts, order="dmy").months(texts).to_pylist() == ["2024-05", "2024-04"]
    assert learnt(texts, order="mdy").months(texts).to_pylist() == ["2024-05", "2024-03"]


def test_the_same_number_twice_is_one_day_in_any_order() -> None:
    assert days(column("05/05/2024")) == ["2024-05-05"]


def test_a_column_that_contradicts_itself_is_refused_even_with_an_order_set() -> None:
    with pytest.raises(NotADate, match="'13/05/2024' has the day first, '05/13/2024' the month"):
        learnt(column("13/05/2024", "05/13/2024"), order="dmy")


def test_a_day_that_contradicts_the_order_set_is_refused() -> None:
    with pytest.raises(NotADate, match="'05/13/2024' is not a date in the order dmy"):
        learnt(column("05/13/2024"), order="dmy")


def test_a_short_year_between_hyphens_may_stand_first() -> None:
    # 24 May 2013 or 13 May 2024
    with pytest.raises(NotADate, match="'24-05-13' may have"):
        learnt(column("24-05-13"))
    assert days(column("13-05-99")) == ["2099-05-13"]  # no month has 99 days


# Where days end


def test_whole_days_of_utc() -> None:
    texts = column(MAY, MAY + 30 * DAY)
    told = learnt(texts)
    assert (told.boundary, told.offsets) == ("utc", ())
    assert days(texts) == ["2024-05-01", "2024-05-31"]


@pytest.mark.parametrize(
    ("utc_hours", "minutes"),
    [
        (-2, 120),  # Berlin in summer
        (-5.5, 330),  # Mumbai
        (-5.75, 345),  # Kathmandu
        (-12, 720),  # Auckland in winter
        (-13, 780),  # Auckland in summer
        (4, -240),  # New York in summer
        (8, -480),  # Los Angeles in winter
        (10, -600),  # Honolulu
    ],
)
def test_a_local_midnight_is_the_day_that_it_begins(utc_hours: float, minutes: int) -> None:
    first = MAY + int(utc_hours * HOUR)
    texts = column(first, first + 30 * DAY)
    told = learnt(texts)
    assert (told.boundary, told.offsets) == ("local", (minutes,))
    assert days(texts) == ["2024-05-01", "2024-05-31"]
    assert months(texts, "day") == ["2024-05", "2024-05"]


def test_seconds_are_midnights_too() -> None:
    assert days(column((MAY - 2 * HOUR) // 1000)) == ["2024-05-01"]


@pytest.mark.parametrize(
    ("winter", "summer", "offsets"),
    [
        ("2024-03-30T23:00", "2024-03-31T22:00", (60, 120)),  # Berlin
        ("2024-03-31T00:00", "2024-03-31T23:00", (0, 60)),  # London
        ("2024-03-31T05:00", "2024-04-01T04:00", (-300, -240)),  # New York
        ("2024-03-30T12:00", "2024-03-31T11:00", (720, 780)),  # Auckland
    ],
)
def test_midnights_before_and_after_daylight_saving(
    winter: str, summer: str, offsets: tuple[int, ...]
) -> None:
    texts = column(
        *(int(datetime.fromisoformat(f"{at}Z").timestamp()) * 1000 for at in (winter, summer))
    )
    told = learnt(texts)
    assert (told.boundary, told.offsets) == ("local", offsets)
    assert days(texts) == ["2024-03-31", "2024-04-01"]


@pytest.mark.parametrize(
    "cells",
    [
        [MAY - 2 * HOUR, MAY - 3 * HOUR, MAY - 4 * HOUR],  # three times of day
        [MAY - 2 * HOUR, MAY - 5 * HOUR],  # not an hour apart
        [MAY - 2 * HOUR + 60_000],  # not a quarter of an hour
    ],
)
def test_other_instants_are_on_days_of_utc(cells: list[int]) -> None:
    told = learnt(column(*cells))
    assert (told.boundary, told.offsets) == ("utc", ())
    assert set(days(column(*cells))) == {"2024-04-30"}


def test_instants_that_all_happen_at_one_hour_are_no_midnights() -> None:
    assert learnt(column(MAY - 2 * HOUR), "time").boundary == "utc"
    assert days(column(MAY - 2 * HOUR), "time") == ["2024-04-30"]


def test_local_firsts_of_months_are_those_months() -> None:
    assert months(column(MAY - 2 * HOUR, MAY + 31 * DAY - 2 * HOUR)) == ["2024-05", "2024-06"]
    # 10 May 22:00 is no month's beginning in any zone.
    assert learnt(column(MAY - 2 * HOUR, MAY + 10 * DAY - 2 * HOUR), "period").boundary == "utc"


@pytest.mark.parametrize(
    ("cells", "boundary"),
    [
        (["2024-05-01"], "as_written"),
        (["2024-05-01T10:00:00"], "as_written"),
        (["45413", "20240501"], "as_written"),
        (["2024-05-01T10:00:00Z"], "utc"),
        (["2024-05-01T10:00:00+00:00", str(MAY)], "utc"),
        (["2024-05-01T00:00:00+01:00", "2024-05-02T00:00:00+02:00"], "local"),
        (["2024-05-01T00:00:00+01:00", "2024-01-02T00:00:00Z"], "local"),
        (["2024-05-01", "2024-05-02T00:00:00Z"], "as_written"),
        (["2024-05", "2024-05-02T00:00:00Z"], "utc"),
    ],
)
def test_where_the_days_of_a_source_end(cells: list[str], boundary: str) -> None:
    assert learnt(column(*cells)).boundary == boundary


def test_an_instant_with_an_offset_is_on_the_day_it_is_written_with() -> None:
    texts = column("2024-05-31T23:30:00-07:00", "2024-06-01T00:30:00+09:00")
    assert days(texts) == ["2024-05-31", "2024-06-01"]


# Windows


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Apr 1 - Apr 16, 2024", "2024-04-01", "2024-04-16"),
        ("Apr 1 - 16, 2024", "2024-04-01", "2024-04-16"),
        ("1-16 April 2024", "2024-04-01", "2024-04-16"),
        ("1 Apr to 16 Apr 2024", "2024-04-01", "2024-04-16"),
        ("April 1st, 2024 through April 16th, 2024", "2024-04-01", "2024-04-16"),
        ("Apr_1_-_Apr_16_2024.csv", "2024-04-01", "2024-04-16"),
        ("2024-04-01 - 2024-04-16", "2024-04-01", "2024-04-16"),
        ("2024-04-01/2024-04-16", "2024-04-01", "2024-04-16"),
        ("2024-04-01_2024-04-16.csv", "2024-04-01", "2024-04-16"),
        ("2024-04-01_to_2024-04-16.csv", "2024-04-01", "2024-04-16"),
        ("2024_04_01-2024_04_16.csv", "2024-04-01", "2024-04-16"),
        ("usage 20240401-20240416.csv", "2024-04-01", "2024-04-16"),
        ("2024-04-01 00:00 - 2024-04-16 23:59", "2024-04-01", "2024-04-16"),
        ("Date range: Apr 1, 2024 \u2013 Apr 16, 2024", "2024-04-01", "2024-04-16"),
        ("Apr 1, 2024 \u2014 Apr 16, 2024", "2024-04-01", "2024-04-16"),
        # one order of day and month alone makes both ends days
        ("04/01/2024 - 04/16/2024", "2024-04-01", "2024-04-16"),
        ("01/04/2024 - 16/04/2024", "2024-04-01", "2024-04-16"),
        ("Dec 15, 2023 - Jan 14, 2024", "2023-12-15", "2024-01-14"),
        ("Dec 15 - Jan 14, 2024", "2023-12-15", "2024-01-14"),
        ("Jan - Mar 2024", "2024-01-01", "2024-03-31"),
        ("Nov 2023 to Feb 2024", "2023-11-01", "2024-02-29"),
    ],
)
def test_a_span_of_days_and_its_ends(text: str, first: str, last: str) -> None:
    window = window_in(text)
    assert window is not None
    assert (window.first, window.last, window.whole_month) == (first, last, None)


@pytest.mark.parametrize(
    "text",
    [
        "Apr 1 - Apr 16",  # of which year
        "Apr 1 - Apr 30",
        "04/01/2024 - 04/04/2024",  # April, or January to April
        "Apr 1 - Apr 31, 2024",
        "Apr 16, 2024 - Apr 1, 2024",
    ],
)
def test_a_span_whose_ends_are_uncertain_is_a_span_still(text: str) -> None:
    window = window_in(text)
    assert window is not None
    assert (window.text, window.first, window.last, window.month) == (text, None, None, None)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Last 30 days", 30),
        ("last 7 days", 7),
        ("past 90 days", 90),
        ("Trailing 4 weeks", 28),
        ("30 days", 30),
        ("30-day", 30),
        ("30d", 30),
        ("Events (30d)", 30),
        ("202405 Internal Usage 30d.csv", 30),
        ("202405_usage_30d.csv", 30),
        ("usage_last_30_days_202405.csv", 30),
    ],
)
def test_a_number_of_days(text: str, days: int) -> None:
    window = window_in(text)
    assert window is not None
    assert (window.days, window.first, window.whole_month) == (days, None, None)


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("April 1, 2024 - April 30, 2024", "2024-04"),
        ("2024-02-01 to 2024-02-29", "2024-02"),
        ("2023-02-01_2023-02-28.csv", "2023-02"),
        ("04/01/2024 - 04/30/2024", "2024-04"),
        ("1-31 May 2024", "2024-05"),
    ],
)
def test_a_span_that_is_one_whole_month(text: str, month: str) -> None:
    window = window_in(text)
    assert window is not None
    assert window.whole_month == month


@pytest.mark.parametrize(
    "text", ["2024-02-01 - 2024-02-28", "2024-05-01 - 2024-06-01", "2024-04-02 - 2024-04-30"]
)
def test_a_day_less_or_more_is_not_a_whole_month(text: str) -> None:
    window = window_in(text)
    assert window is not None
    assert window.whole_month is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "usage 2024-05 v2 - final.csv",
        "Pendo Export May 2015.csv",
        "2024-05-31",
        "2024-05",
        "20240501",
        "20240501-2.csv",
        "2024-05 (1).csv",
        "2024-05-13 10.30.csv",
        "2024-05 downloaded 2024-06-03.csv",
        "May-24",
        "1-May-24",
        "May 1, 2024",
        "2 - May 2024.csv",
        "usage 3D models.csv",
        "v30d2.csv",
        "a1b2c30d.csv",
        "dismay 1 - decide 2",
        "Days Active for Reports",
    ],
)
def test_what_is_no_span(text: str) -> None:
    assert window_in(text) is None


def test_a_period_that_is_a_whole_month_is_the_month() -> None:
    texts = column("Apr 1, 2024 - Apr 30, 2024", "2024-05-01 to 2024-05-31")
    told = learnt(texts, "period")
    assert (told.boundary, told.partial) == ("month", False)
    assert told.months(texts).to_pylist() == ["2024-04", "2024-05"]
    assert told.days(texts).to_pylist() == [None, None]


@pytest.mark.parametrize("text", ["Apr 1 - Apr 16", "Apr 1 - Apr 16, 2024", "Last 30 days", "30d"])
def test_a_period_that_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(NotADate, match=f"'{text}' is a span of days, not a whole month"):
        learnt(column(text), "period")


def test_a_span_inside_a_month_is_taken_for_it_when_forced_and_flagged() -> None:
    texts = column("Apr 1 - Apr 16, 2024", "2024-05")
    told = learnt(texts, "period", forced=True)
    assert told.partial
    assert told.months(texts).to_pylist() == ["2024-04", "2024-05"]


def test_whole_months_are_not_partial_when_forced() -> None:
    assert not learnt(column("2024-04-01 - 2024-04-30"), "period", forced=True).partial


@pytest.mark.parametrize(
    "text", ["Mar 15 - Apr 14, 2024", "Apr 1 - Apr 16", "Last 30 days", "Jan - Mar 2024"]
)
def test_a_span_without_its_one_month_is_refused_even_when_forced(text: str) -> None:
    with pytest.raises(NotADate, match="is a span of days"):
        learnt(column(text), "period", forced=True)


def test_a_span_is_no_day() -> None:
    with pytest.raises(NotADate, match="is a span of days"):
        learnt(column("2024-04-01 - 2024-04-30"), "day")


# Any day in any form

YEARS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
ABBREVIATED, FULL = list(calendar.month_abbr), list(calendar.month_name)


def forms(day: date) -> list[str]:
    name, full = ABBREVIATED[day.month], FULL[day.month]
    return [
        day.isoformat(),
        f"{day:%Y%m%d}",
        f"{day:%Y/%m/%d}",
        f"{day}T23:59:59Z",
        f"{day} 00:00:00",
        f"{day.day} {full} {day.year}",
        f"{name} {day.day}, {day.year}",
        f"{name.upper()} {day.day:02d} {day.year}",
        f"{day.day}-{name}-{day:%y}",
        str((day - date(1899, 12, 30)).days),
    ]


@given(st.lists(YEARS, min_size=1, max_size=20), st.data())
def test_any_days_in_any_forms_are_read_back(found: list[date], data: st.DataObject) -> None:
    texts = column(*(data.draw(st.sampled_from(forms(day))) for day in found))
    told = learnt(texts)
    assert told.days(texts).to_pylist() == found
    assert told.months(texts).to_pylist() == [f"{day:%Y-%m}" for day in found]


@given(st.lists(YEARS, min_size=1, max_size=20), st.sampled_from(["dmy", "mdy"]), st.data())
def test_any_numbers_are_read_back_in_the_order_set(
    found: list[date], order: Literal["dmy", "mdy"], data: st.DataObject
) -> None:
    first, second = ("%d", "%m") if order == "dmy" else ("%m", "%d")
    written = [f"{first}/{second}/%Y", f"{first}.{second}.%Y", f"{first}-{second}-%y"]
    texts = column(*(day.strftime(data.draw(st.sampled_from(written))) for day in found))
    assert learnt(texts, order=order).days(texts).to_pylist() == found


@given(
    st.lists(st.dates(date(2002, 1, 1), date(2099, 12, 30)), min_size=1, max_size=20),
    st.integers(-40, 55),
    st.sampled_from([1, 1000]),
)
def test_midnights_of_any_zone_are_read_back(found: list[date], quarters: int, unit: int) -> None:
    # From Honolulu, ten hours behind UTC, to Auckland in summer and Chatham, up to 13:45 ahead.
    ahead = timedelta(minutes=15 * quarters)
    seconds = [
        int((datetime(day.year, day.month, day.day, tzinfo=UTC) - ahead).timestamp())
        for day in found
    ]
    texts = column(*(at * unit for at in seconds))
    assert learnt(texts).days(texts).to_pylist() == found


@given(YEARS.map(lambda day: (day.year, day.month)))
def test_any_month_in_any_form_is_read_back(month: tuple[int, int]) -> None:
    year, number = month
    name, full = ABBREVIATED[number], FULL[number]
    last = calendar.monthrange(year, number)[1]
    texts = column(
        f"{year}-{number:02d}",
        f"{year}{number:02d}",
        f"{number:02d}-{year}",
        f"{full} {year}",
        f"{name}-{year % 100:02d}",
        f"{year} {full}",
        f"{name} 1, {year} - {name} {last}, {year}",
        f"{year}-{number:02d}-01 to {year}-{number:02d}-{last}",
    )
    assert set(months(texts)) == {f"{year}-{number:02d}"}
