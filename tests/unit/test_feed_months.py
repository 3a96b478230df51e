"""A month of a feed: what was known at its end, by whom, and from which of several files."""

import datetime
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest

from healthscore_assets.contracts import FEED_TABLES
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lake.engine import Engine
from healthscore_assets.reading.refused import ExportRefused
from healthscore_assets.signals.feed_file import FeedFile, HowToRead, read_feed_file
from healthscore_assets.signals.feeds import FEEDS
from healthscore_assets.signals.month import FeedMonth, KnownClients, feed_month
from healthscore_assets.signals.shapes import shaped

Rows = list[dict[str, Any]]
Day = datetime.date
NOBODY = KnownClients()


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., FeedFile]:
    """Reads a CSV of a feed from its lines."""

    def from_lines(feed: str, name: str, *lines: str) -> FeedFile:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        into = tmp_path / "rows"
        into.mkdir(exist_ok=True)
        (file,) = read_feed_file(path, f"{feed}/{name}", FEEDS[feed], into, HowToRead())
        return file

    return from_lines


Read = Callable[..., FeedFile]


def month_of(
    engine: Engine,
    feed: str,
    files: Sequence[FeedFile],
    month: str,
    clients: KnownClients = NOBODY,
) -> FeedMonth:
    return feed_month(engine, FEEDS[feed], files, month, clients)


def table(engine: Engine, feed: str, told: FeedMonth, month: str) -> Rows:
    """The rows as the feed's table has them, without what its texts say."""
    columns = [
        name
        for name in schema_of(FEED_TABLES[feed][1])
        if name not in ("sentiment", "text_sha256", "sentiment_model")
    ]
    rows = shaped(feed, told.rows, month).select(*columns)
    return engine.rows(rows.order_by(FEED_TABLES[feed][1].unique))


def names(engine: Engine, *pairs: tuple[str, str]) -> ibis.Table:
    told = pa.table({"client_id": [p[0] for p in pairs], "client_name": [p[1] for p in pairs]})
    schema = ibis.schema({"client_id": "string", "client_name": "string"})
    return engine.arrow("some_names", told, schema)


# ------------------------------------------------------------------- what was known at the time

LATER = {
    "support_tickets": (
        "Ticket ID,Client,Created,Closed,Escalated,CSAT",
        "1,acme,2024-05-10,,no,",
        # The same ticket, closed and rated in June; and another one.
        ["1,acme,2024-05-10,2024-06-01,no,4", "2,acme,2024-06-01,,yes,"],
    ),
    "surveys": (
        "Answer ID,Client,Date,Kind,Score",
        "1,acme,2024-05-10,nps,9",
        ["1,acme,2024-05-10,nps,9", "2,acme,2024-06-01,nps,0"],
    ),
    "invoices": (
        "Invoice ID,Client,Issued,Due,Paid,Amount",
        "1,acme,2024-05-10,2024-06-10,,100",
        ["1,acme,2024-05-10,2024-06-10,2024-06-01,100", "2,acme,2024-06-01,2024-07-01,,100"],
    ),
    "touchpoints": (
        "Client,Date,Kind,Meaningful",
        "acme,2024-05-10,call,yes",
        ["acme,2024-05-10,call,yes", "acme,2024-06-01,call,yes"],
    ),
    "stakeholders": (
        "Client,Person,Role,Status,Date",
        "acme,eve,champion,active,2024-05-10",
        ["acme,eve,champion,active,2024-05-10", "acme,eve,champion,left,2024-06-01"],
    ),
    "renewals": (
        "Client,Date,Outcome,ARR before,ARR after",
        "acme,2024-05-10,renewed,100,110",
        ["acme,2024-05-10,renewed,100,110", "acme,2024-06-01,churned,110,0"],
    ),
    "accounts": (
        "Client,Snapshot date,Seats,Contract end",
        "acme,2024-05-31,5,",
        ["acme,2024-05-31,5,", "acme,2024-06-01,9,2024-06-01"],
    ),
}
"""Header, what there was at the end of May, and all rows of an export of June, by feed."""


@pytest.mark.parametrize("feed", FEEDS)
def test_a_row_dated_after_the_months_end_changes_nothing_before_it(
    engine: Engine, read: Read, feed: str
) -> None:
    header, before, after = LATER[feed]
    at_the_time = month_of(engine, feed, [read(feed, "a.csv", header, before)], "2024-05")
    known = table(engine, feed, at_the_time, "2024-05")
    assert len(known) == 1
    # The same export made anew in June, and both exports side by side.
    later = read(feed, "b.csv", header, *after)
    for files in ([later], [read(feed, "a.csv", header, before), later]):
        told = table(engine, feed, month_of(engine, feed, files, "2024-05"), "2024-05")
        assert told == known, files
    # While June knows of it.
    assert table(engine, feed, month_of(engine, feed, [later], "2024-06"), "2024-06") != known


def test_what_tells_no_day_is_as_the_file_of_the_time_had_it(engine: Engine, read: Read) -> None:
    header = "Ticket ID,Client,Created,Escalated,Priority"
    may = read("support_tickets", "tickets_2024-05-31.csv", header, "1,acme,2024-05-10,no,low")
    june = read("support_tickets", "tickets_2024-06-30.csv", header, "1,acme,2024-05-10,yes,high")
    july = read("support_tickets", "tickets_2024-07-31.csv", header, "1,acme,2024-05-10,yes,top")

    def told(*files: FeedFile) -> tuple[bool, str]:
        (row,) = table(
            engine,
            "support_tickets",
            month_of(engine, "support_tickets", files, "2024-05"),
            "2024-05",
        )
        return row["escalated"], row["priority"]

    for files in itertools.permutations([may, june, july]):
        assert told(*files) == (False, "low")
    # Where nothing was delivered in time, the first to tell of it afterwards is the nearest.
    assert told(july, june) == (True, "high")


def test_of_two_files_in_time_the_newer_counts(engine: Engine, read: Read) -> None:
    header = "Ticket ID,Client,Created,Priority"
    old = read("support_tickets", "tickets_2024-05-20.csv", header, "1,acme,2024-05-10,low")
    new = read("support_tickets", "tickets_2024-05-31.csv", header, "1,acme,2024-05-10,high")
    month = month_of(engine, "support_tickets", [new, old], "2024-05")
    (row,) = table(engine, "support_tickets", month, "2024-05")
    assert row["priority"] == "high"
    assert month.numbers == {
        "delivered": 2,
        "kept": 1,
        "superseded": 1,
        "older": 0,
        "excluded": 0,
    }


# --------------------------------------------------------------------------- rows without an id


def test_rows_that_two_exports_share_count_once_and_equal_rows_of_one_as_often_as_told(
    engine: Engine, read: Read
) -> None:
    header = "Client,Date,Kind"
    twice = ["acme,2024-05-10,call"] * 2
    one = read("touchpoints", "one_2024-05-20.csv", header, *twice)
    other = read("touchpoints", "other_2024-05-31.csv", header, *twice, "acme,2024-05-25,call")
    month = month_of(engine, "touchpoints", [one, other], "2024-05")
    rows = table(engine, "touchpoints", month, "2024-05")
    assert sorted(row["date"].day for row in rows) == [10, 10, 25]
    assert len({row["touchpoint_id"] for row in rows}) == 3
    assert (month.numbers["delivered"], month.numbers["superseded"]) == (5, 2)


def test_an_invoice_without_an_id_stays_the_same_when_it_is_paid(
    engine: Engine, read: Read
) -> None:
    header = "Client,Issued,Due,Paid,Amount"
    may = read("invoices", "i_2024-05-31.csv", header, "acme,2024-05-10,2024-06-10,,100")
    june = read("invoices", "i_2024-06-30.csv", header, "acme,2024-05-10,2024-06-10,2024-06-05,100")
    ids = {
        row["invoice_id"]: row["paid"]
        for month in ("2024-05", "2024-06")
        for row in table(
            engine, "invoices", month_of(engine, "invoices", [may, june], month), month
        )
    }
    assert list(ids.values()) == [Day(2024, 6, 5)]


def test_an_answer_with_two_scores_is_two(engine: Engine, read: Read) -> None:
    lines = ["Client,Date,NPS,CSAT", "acme,2024-05-10,9,4", "acme,2024-05-11,,5"]
    month = month_of(engine, "surveys", [read("surveys", "s.csv", *lines)], "2024-05")
    rows = table(engine, "surveys", month, "2024-05")
    assert sorted((row["date"].day, row["kind"], row["score"]) for row in rows) == [
        (10, "csat", 4.0),
        (10, "nps", 9.0),
        (11, "csat", 5.0),
    ]


def test_tags_tell_of_an_escalation(engine: Engine, read: Read) -> None:
    lines = ["ID,Client,Created,Tags", "1,a,2024-05-01,vip Escalated_tier2", "2,a,2024-05-01,"]
    tagged = month_of(
        engine, "support_tickets", [read("support_tickets", "t.csv", *lines)], "2024-05"
    )
    assert [r["escalated"] for r in table(engine, "support_tickets", tagged, "2024-05")] == [
        True,
        False,
    ]
    untold = read("support_tickets", "u.csv", "ID,Client,Created", "1,a,2024-05-01")
    month = month_of(engine, "support_tickets", [untold], "2024-05")
    assert [r["escalated"] for r in table(engine, "support_tickets", month, "2024-05")] == [None]


# -------------------------------------------------------------------------------------- clients


def test_the_client_of_a_row(engine: Engine, read: Read) -> None:
    lines = [
        "Client,Date,Score",
        "acct-1,2024-05-01,1",  # by its id
        " ACME  gmbh,2024-05-02,2",  # by its name, however it is spaced
        "cus_9,2024-05-03,3",  # by an alias of its id
        "Acme old,2024-05-04,4",  # by an alias of its name
        "Twins,2024-05-05,5",  # of two clients: nobody knows which
        "stranger,2024-05-06,6",  # of nobody
        "acct-2,2024-05-07,7",  # an id that is another's name
    ]
    known = KnownClients(
        {"cus_9": "acct-1", "Acme old": "Acme GmbH"},
        {},
        names(
            engine,
            ("acct-1", "Acme GmbH"),
            ("acct-2", "Bolt"),
            ("acct-3", "Twins"),
            ("acct-4", "twins"),
            ("acct-5", "acct-2"),
        ),
    )
    month = month_of(engine, "surveys", [read("surveys", "s.csv", *lines)], "2024-05", known)
    found = {row["date"].day: row["client_id"] for row in engine.rows(month.rows)}
    assert found == {
        1: "acct-1",
        2: "acct-1",
        3: "acct-1",
        4: "acct-1",
        5: "Twins",
        6: "stranger",
        7: "acct-2",
    }


def test_accounts_that_are_no_clients_are_counted_and_left_out(engine: Engine, read: Read) -> None:
    lines = [
        "Client,Date,Score",
        "acct-1,2024-05-01,9",
        "Vendor Inc,2024-05-01,9",
        "old,2024-05-01,9",
    ]
    known = KnownClients(
        {"old": "acct-1"},
        {"acct-9": "own account", "old": "a test"},
        names(engine, ("acct-9", "Vendor Inc")),
    )
    month = month_of(engine, "surveys", [read("surveys", "s.csv", *lines)], "2024-05", known)
    assert [row["client_id"] for row in engine.rows(month.rows)] == ["acct-1"]
    lines_out = engine.rows(month.quarantine.order_by("source_row"))
    assert [(r["source_row"], r["column"], r["value"], r["reason"]) for r in lines_out] == [
        (3, "Client", "Vendor Inc", "excluded_account"),
        (4, "Client", "old", "excluded_account"),
    ]


# ------------------------------------------------------------------------------------- register


def test_the_newest_snapshot_in_time_is_the_register(engine: Engine, read: Read) -> None:
    header = "Client,Seats"
    files = [
        read("accounts", "accounts_2024-04-30.csv", header, "acme,1", "gone,1"),
        read("accounts", "accounts_2024-05-20.csv", header, "acme,2", "new,2"),
        read("accounts", "accounts_2024-06-01.csv", header, "acme,3"),
    ]
    month = month_of(engine, "accounts", files, "2024-05")
    rows = table(engine, "accounts", month, "2024-05")
    assert [(row["client_id"], row["seats"], row["snapshot_date"]) for row in rows] == [
        ("acme", 2.0, Day(2024, 5, 20)),
        ("new", 2.0, Day(2024, 5, 20)),
    ]
    assert (month.numbers["kept"], month.numbers["older"]) == (2, 2)


def test_two_snapshots_of_one_day_that_differ_are_refused_in_one_line(
    engine: Engine, read: Read
) -> None:
    header = "Client,Seats"
    one = read("accounts", "one_2024-05-31.csv", header, "acme,1", "bolt,2", "cogs,1")
    same = read("accounts", "same_2024-05-31.csv", header, "cogs,1", "bolt,2")
    month = month_of(engine, "accounts", [one, same], "2024-05")
    assert [row["client_id"] for row in engine.rows(month.rows.order_by("client_id"))] == [
        "acme",
        "bolt",
        "cogs",
    ]
    other = read("accounts", "two_2024-05-31.csv", header, "acme,1", "bolt,3", "cogs,2")
    with pytest.raises(ExportRefused) as error:
        month_of(engine, "accounts", [one, other], "2024-05")
    assert str(error.value) == (
        "accounts/one_2024-05-31.csv: it and accounts/two_2024-05-31.csv tell different things of "
        "client 'bolt' on 2024-05-31, and so of 1 more; keep the one that is right"
    )
    twice = read("accounts", "twice_2024-05-31.csv", header, "acme,1", "acme,2")
    with pytest.raises(ExportRefused, match="rows 2 and 3 tell different things of client 'acme'"):
        month_of(engine, "accounts", [twice], "2024-05")


def test_what_the_contract_says_of_a_month(engine: Engine, read: Read) -> None:
    lines = [
        "Client,Contract start,Contract end",
        "a,2024-05-31,",  # begins on the last day
        "b,2024-06-01,",
        "c,2020-01-01,2024-04-30",  # ended on the day before the month
        "d,2020-01-01,2024-05-01",  # ended in it
        "e,2020-01-01,2024-06-01",
        "f,,",
    ]
    month = month_of(engine, "accounts", [read("accounts", "a_2024-05-31.csv", *lines)], "2024-05")
    found = {
        row["client_id"]: (row["contract"], row["churned"])
        for row in table(engine, "accounts", month, "2024-05")
    }
    assert found == {
        "a": ("running", False),
        "b": ("to_come", False),
        "c": ("ended", True),
        "d": ("running", True),
        "e": ("running", False),
        "f": ("running", False),
    }
