"""Files of the feeds, one at a time: what each tells beside its rows (test_feed_clauses.py)."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from healthscore_assets.reading.refused import ExportRefused
from healthscore_assets.signals.feed_file import FeedFile, HowToRead, ToldOfMonth, read_feed_file
from healthscore_assets.signals.feeds import FEEDS

Read = Callable[..., FeedFile]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a CSV of a feed from its lines."""

    def from_lines(feed: str, *lines: str, name: str = "delivered.csv", **told: Any) -> FeedFile:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        into = tmp_path / "rows"
        into.mkdir(exist_ok=True)
        (file,) = read_feed_file(path, f"{feed}/{name}", FEEDS[feed], into, HowToRead(**told))
        return file

    return from_lines


def rows(file: FeedFile, *columns: str) -> list[tuple[Any, ...]]:
    """Columns of the rows, by month and row."""
    table = pq.read_table(file.rows.path).sort_by(
        [("month", "ascending"), ("source_row", "ascending")]
    )
    return list(zip(*(table[name].to_pylist() for name in columns), strict=True))


def refused(file: FeedFile) -> list[tuple[int, str, str]]:
    """Row, header and reason of what was refused."""
    found = file.refused.select(["source_row", "column", "reason"]).to_pylist()
    return [(line["source_row"], line["column"], line["reason"]) for line in found]


# ------------------------------------------------------------------------------- what is refused


def test_a_feed_without_a_client_column_is_refused_in_one_line(read: Read) -> None:
    with pytest.raises(ExportRefused) as error:
        read("surveys", "Score,Response Date", "9,2024-05-01")
    assert str(error.value) == (
        "surveys/delivered.csv, row 1: no column tells the client of a row; its headers are "
        "'Score', 'Response Date'; expected one such as client id, client, account id, account; or "
        "put its header into column_aliases.csv as surveys.client_id"
    )


def test_each_bad_cell_has_a_line(read: Read) -> None:
    file = read(
        "surveys",
        "Client,Date,Kind,Score,Comment",
        "acme,2024-05-01,nps,11,",
        "acme,2024-05-01,nps,10,",
        "acme,2024-05-01,csat,6,",
        "acme,2024-05-01,csat,5,",
        "acme,2024-05-01,ces,5,",
        "acme,yesterday,nps,5,",
        ",2024-05-01,nps,5,",
        "acme,2024-05-01,nps,,no score",
        "acme,2024-05-01,nps,7.5,",
        "acme,2024-05-01,nps,many,",
        "acme,2024-05-01,nps",
        ",,,,",
    )
    assert refused(file) == [
        (2, "Score", "out_of_range"),
        (4, "Score", "out_of_range"),
        (6, "Kind", "unknown_word"),
        (7, "Date", "not_a_day"),
        (8, "Client", "no_client_id"),
        (9, "Score", "no_score"),
        (10, "Score", "not_whole"),
        (11, "Score", "not_a_number"),
        (12, "*", "wrong_cell_count"),
    ]
    assert rows(file, "source_row", "kind", "score") == [(3, "nps", 10.0), (5, "csat", 5.0)]
    # Eleven rows that are not blank; two can be used.
    assert (file.delivered, file.used, file.blank, file.refused_rows) == (12, 2, 1, 9)
    assert file.adds_up


def test_words_of_people_are_not_kept_in_quarantine(read: Read) -> None:
    lines = [
        "Ticket ID,Client,Created,Body",
        '1,acme,2024-05-01,"secret, really"',
        "2,acme,x,secret",
    ]
    file = read("support_tickets", *lines, "3,acme,2024-05-01,secret,secret")
    assert "secret" not in str(file.refused.to_pylist())


@pytest.mark.parametrize(
    ("name", "as_of", "months"),
    [
        ("surveys_2024-05.csv", "2024-05-31", ["2024-03", "2024-04", "2024-05"]),
        ("surveys 2024-04-10.csv", "2024-04-10", ["2024-03", "2024-04"]),
        (
            "surveys_2024-03-01_2024-06-30.csv",
            "2024-06-30",
            ["2024-03", "2024-04", "2024-05", "2024-06"],
        ),
        # Told by its newest row.
        ("surveys.csv", "2024-04-02", ["2024-03", "2024-04"]),
    ],
)
def test_the_day_of_a_file_and_its_months(
    read: Read, name: str, as_of: str, months: list[str]
) -> None:
    lines = ["Client,Date,Score", "acme,2024-03-05,9", "acme,2024-04-02,9"]
    file = read("surveys", *lines, name=name)
    assert (file.as_of.isoformat(), list(file.months)) == (as_of, months)


def test_a_file_without_rows_says_that_nothing_happened(read: Read) -> None:
    file = read("touchpoints", "Client,Date,Kind", name="touchpoints_2024-05.csv")
    assert (dict(file.months), file.delivered) == ({"2024-05": ToldOfMonth(0, 0, "")}, 0)
    with pytest.raises(ExportRefused, match="put the month into its name: touchpoints_2024-05"):
        read("touchpoints", "Client,Date,Kind")
    told = read("touchpoints", "Client,Date,Kind", month="2024-06")  # by its sidecar
    assert list(told.months) == ["2024-06"]


def test_what_a_later_export_tells_of_a_month_is_known_by_its_hash(read: Read) -> None:
    first = read("support_tickets", "ID,Client,Created,Closed", "1,acme,2024-05-01,", name="a.csv")
    lines = ["ID,Client,Created,Closed", "2,acme,2024-06-03,", "1,acme,2024-05-01,2024-06-02"]
    later = read("support_tickets", *lines, name="b.csv")
    # In May it told the same: the ticket was closed, and another opened, in June.
    assert first.months["2024-05"] == later.months["2024-05"]
    other = read("support_tickets", "ID,Client,Created,Closed", "1,acme,2024-05-02,", name="c.csv")
    assert other.months["2024-05"] != first.months["2024-05"]


def test_texts_may_have_lines_and_commas(read: Read) -> None:
    # As many commas as a row of the table would have between its lines.
    body = '"first, second, third, fourth\nfifth"'
    file = read("support_tickets", "ID,Client,Created,Subject,Body", f"1,acme,2024-05-01,Hi,{body}")
    assert rows(file, "text") == [("Hi\nfirst, second, third, fourth\nfifth",)]


@pytest.mark.parametrize("amount", ["1e999", "-1e999"])
def test_an_amount_is_finite(read: Read, amount: str) -> None:
    file = read(
        "invoices", "ID,Client,Issued,Amount", f"1,acme,2024-05-01,{amount}", "2,a,2024-05-01,1"
    )
    assert refused(file) == [(2, "Amount", "out_of_range")]


def test_the_rows_of_a_file_are_gone_when_nobody_needs_them(read: Read) -> None:
    file = read("surveys", "Client,Date,Score", "acme,2024-05-01,9")
    path = file.rows.path
    assert path.exists()
    del file
    gc.collect()
    assert not path.exists()
