"""Files of the feeds: which columns they have, what is refused, and what each month knows."""

import datetime
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro
import pandas as pd
import pyarrow as pa
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


# ------------------------------------------------ the layouts of the tools people export from


def test_zendesk_tickets(read: Read) -> None:
    file = read(
        "support_tickets",
        "Summation column,Id,Requester,Requester id,Requester external id,Requester email,"
        "Requester domain,Submitter,Assignee,Group,Subject,Tags,Status,Priority,Via,Ticket type,"
        "Created at,Updated at,Assigned at,Organization,Due date,Initially assigned at,Solved at,"
        "Resolution time,Satisfaction Score,Group stations,Assignee stations,Reopens,Replies",
        "1,4711,Eve,9,,eve@acme.example,acme.example,Eve,Ann,Support,Report is empty,"
        "vip escalated_tier2,Closed,High,Web,Problem,2024-05-30 10:11,2024-06-03 09:00,,Acme,,"
        "2024-05-30 10:15,2024-06-02 08:00,70,Good,1,1,0,2",
        "1,4712,Bob,9,,bob@acme.example,acme.example,Bob,Ann,Support,How to,vip,Open,,Web,"
        "Question,2024-06-03 10:11,2024-06-03 09:00,,Acme,,2024-05-30 10:15,,,Not Offered,1,1,0,2",
    )
    assert file.columns == {
        "ticket_id": "Id",
        "client_id": "Organization",
        "created": "Created at",
        "closed": "Solved at",
        "priority": "Priority",
        "tags": "Tags",
        "csat": "Satisfaction Score",
        "subject": "Subject",
    }
    day = datetime.date
    # In May the first was open and nobody had rated it; the second was not there yet.
    assert rows(file, "month", "ticket_id", "created", "closed", "csat", "priority") == [
        ("2024-05", "4711", day(2024, 5, 30), None, None, "High"),
        ("2024-06", "4711", day(2024, 5, 30), day(2024, 6, 2), 5.0, "High"),
        ("2024-06", "4712", day(2024, 6, 3), None, None, None),
    ]
    assert refused(file) == []


def test_salesforce_accounts(read: Read) -> None:
    file = read(
        "accounts",
        "Id,Name,Type,ParentId,Industry,AnnualRevenue,NumberOfEmployees,Owner.Name,Owner.Email,"
        "ARR__c,Seats__c,Segment__c,Contract_Start_Date__c,Contract_End_Date__c,Renewal_Date__c",
        "0015g00000A1,Acme,Customer,0015g00000P1,Retail,900000000,5000,Ann,ann@vendor.example,"
        '"$120,000.50",250,Enterprise,2023-02-01,,2025-02-01',
        name="accounts_2024-05-31.csv",
    )
    (row,) = (
        pq.read_table(file.rows.path).filter(pa.compute.field("month") == "2024-05").to_pylist()
    )
    # What the customer's company earns, and whom it employs, are neither ARR nor seats.
    assert {name: value for name, value in row.items() if value is not None} == {
        "source_row": 2,
        "client_id": "0015g00000A1",
        "client_name": "Acme",
        "segment": "Enterprise",
        "seats": 250.0,
        "arr": 120000.5,
        "contract_start": datetime.date(2023, 2, 1),
        "renewal_date": datetime.date(2025, 2, 1),
        "owner": "Ann",
        "owner_email": "ann@vendor.example",
        "industry": "Retail",
        "parent": "0015g00000P1",
        "snapshot_date": datetime.date(2024, 5, 31),
        "month": "2024-05",
    }


def test_hubspot_companies(read: Read) -> None:
    file = read(
        "accounts",
        "Record ID,Company name,Company owner,Create Date,Phone Number,Last Activity Date (GMT),"
        "City,Country/Region,Industry,Annual Revenue,Number of Employees,Parent Company,Seats",
        "771,Acme,Ann,2020-01-01 10:00,,,Oslo,Norway,RETAIL,9000000,50,Acme Holding,25",
        name="hubspot-crm-exports-all-companies-2024-05-31.csv",
    )
    assert rows(file, "month", "client_id", "client_name", "owner", "seats", "arr", "parent") == [
        ("2024-05", "771", "Acme", "Ann", 25.0, None, "Acme Holding"),
        ("2024-06", "771", "Acme", "Ann", 25.0, None, "Acme Holding"),
    ]


def test_a_client_id_goes_before_the_crms_own(read: Read) -> None:
    file = read("accounts", "Id,Name,Client ID", "0015,Acme,acct-1", name="2024-05-31.csv")
    assert rows(file, "client_id")[0] == ("acct-1",)


def test_delighted_surveys(read: Read) -> None:
    file = read(
        "surveys",
        "ID,Survey Type,Score,Comment,Permalink,Response Date,Person Name,Person Email,Company",
        "r1,nps,9,Works well for us,https://d.example/r1,2024-05-07 10:00:00 UTC,Eve,"
        "eve@acme.example,Acme",
        "r2,nps,3,,https://d.example/r2,2024-05-08 10:00:00 UTC,Bob,bob@acme.example,Acme",
    )
    assert rows(file, "answer_id", "client_id", "respondent", "kind", "score", "text") == [
        ("r1", "Acme", "eve@acme.example", "nps", 9.0, "Works well for us"),
        ("r2", "Acme", "bob@acme.example", "nps", 3.0, None),
    ]


def test_stripe_invoices(read: Read) -> None:
    file = read(
        "invoices",
        "id,Amount Due,Billing,Closed,Currency,Customer,Date (UTC),Due Date (UTC),Number,Paid,"
        "Subscription,Subtotal,Total Discount Amount,Tax,Total,Amount Paid,Status,Customer Email,"
        "Customer Name,Finalized At (UTC),Paid At (UTC)",
        "in_1,100.50,charge_automatically,TRUE,eur,cus_9,2024-05-01 10:00,2024-05-31 10:00,A-1,"
        "TRUE,sub_1,100.50,0,0,100.50,100.50,paid,x@acme.example,Acme,2024-05-01 11:00,"
        "2024-06-05 07:00",
    )
    day = datetime.date
    assert rows(file, "month", "invoice_id", "client_id", "issued", "due", "paid", "status") == [
        ("2024-05", "in_1", "cus_9", day(2024, 5, 1), day(2024, 5, 31), None, None),
        ("2024-06", "in_1", "cus_9", day(2024, 5, 1), day(2024, 5, 31), day(2024, 6, 5), "paid"),
    ]
    assert rows(file, "amount")[0] == (100.5,)


# ------------------------------------------------------------------------------- what is refused


def test_a_feed_without_a_client_column_is_refused_in_one_line(read: Read) -> None:
    with pytest.raises(ExportRefused) as error:
        read("surveys", "Score,Response Date", "9,2024-05-01")
    assert str(error.value) == (
        "surveys/delivered.csv, row 1: no column tells the client of a row; its headers are "
        "'Score', 'Response Date'; expected one such as client id, client, account id, account; or "
        "put its header into column_aliases.csv as surveys.client_id"
    )


def test_a_header_that_people_wrote_down(read: Read) -> None:
    alias = [("Mandant", "surveys.client_id")]
    file = read("surveys", "Mandant,Score,Date", "acme,9,2024-05-01", aliases=alias)
    assert rows(file, "client_id") == [("acme",)]
    other = [("Mandant", "invoices.client_id")]
    with pytest.raises(ExportRefused, match="no column tells the client"):
        read("surveys", "Mandant,Score,Date", "acme,9,2024-05-01", aliases=other)


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


def test_a_bad_cell_of_a_column_that_may_be_missing_leaves_its_row(read: Read) -> None:
    file = read(
        "support_tickets",
        "Ticket ID,Client,Created,Closed,Escalated,CSAT",
        "1,acme,2024-05-01,soon,maybe,9",
    )
    assert refused(file) == [
        (2, "Closed", "not_a_day"),
        (2, "Escalated", "not_yes_or_no"),
        (2, "CSAT", "out_of_range"),
    ]
    assert rows(file, "ticket_id", "closed", "escalated", "csat") == [("1", None, None, None)]


def test_words_of_people_are_not_kept_in_quarantine(read: Read) -> None:
    lines = [
        "Ticket ID,Client,Created,Body",
        '1,acme,2024-05-01,"secret, really"',
        "2,acme,x,secret",
    ]
    file = read("support_tickets", *lines, "3,acme,2024-05-01,secret,secret")
    assert "secret" not in str(file.refused.to_pylist())


def test_a_row_after_the_month_of_the_files_name(read: Read) -> None:
    lines = ["Client,Date,Score", "acme,2024-05-31,9", "acme,2024-06-01,9"]
    file = read("surveys", *lines, name="surveys_2024-05.csv")
    assert refused(file) == [(3, "Date", "after_the_file")]
    assert (file.as_of, list(file.months), file.used) == (
        datetime.date(2024, 5, 31),
        ["2024-05"],
        1,
    )


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


def test_a_register_needs_its_day(read: Read) -> None:
    with pytest.raises(ExportRefused, match="put the day into its name: accounts_2024-05"):
        read("accounts", "Client,Seats", "acme,5")
    of_column = read("accounts", "Client,Seats,As of", "acme,5,2024-05-10")
    # 21 days old at the end of May, 51 at the end of June.
    assert list(of_column.months) == ["2024-05"]
    of_name = read("accounts", "Client,Seats", "acme,5", name="accounts 31 May 2024.csv")
    assert list(of_name.months) == ["2024-05", "2024-06"]
    just = read("accounts", "Client,Seats", "acme,5", name="accounts_2024-05-16.csv")
    assert list(just.months) == ["2024-05", "2024-06"]  # 45 days before 30 June
    not_any_more = read("accounts", "Client,Seats", "acme,5", name="accounts_2024-05-15.csv")
    assert list(not_any_more.months) == ["2024-05"]


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


def test_what_cannot_have_happened_yet(read: Read) -> None:
    lines = ["ID,Client,Issued,Due,Paid,Amount", "1,acme,2099-05-01,,,5"]
    lines += ["2,acme,2024-05-01,2099-01-01,2042-05-01,5", "3,acme,2024-05-31,,2024-05-31,5"]
    file = read("invoices", *lines, newest=datetime.date(2024, 5, 31))
    # A day by which something is due may well be to come.
    assert refused(file) == [(2, "Issued", "in_the_future"), (3, "Paid", "in_the_future")]
    assert rows(file, "invoice_id", "due", "paid") == [
        ("2", datetime.date(2099, 1, 1), None),
        ("3", None, datetime.date(2024, 5, 31)),
    ]
    # Without that row the file would cover 75 years.
    assert list(file.months) == ["2024-05"]


@pytest.mark.parametrize("amount", ["1e999", "-1e999"])
def test_an_amount_is_finite(read: Read, amount: str) -> None:
    file = read(
        "invoices", "ID,Client,Issued,Amount", f"1,acme,2024-05-01,{amount}", "2,a,2024-05-01,1"
    )
    assert refused(file) == [(2, "Amount", "out_of_range")]


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("1200.5", 1200.5),
        ("$1,200.50", 1200.5),
        ("1,200.50 €", 1200.5),
        ("EUR 3", 3.0),
        ("-7", -7.0),
    ],
)
def test_amounts_as_people_write_them(read: Read, cell: str, amount: float) -> None:
    file = read("invoices", "ID,Client,Issued,Amount", f'1,acme,2024-05-01,"{cell}"')
    assert rows(file, "amount") == [(amount,)]


ANSWERS = pd.DataFrame(
    {
        "Client": ["acme", "acme"],
        "Date": ["2024-05-01", "2024-05-02"],
        "Kind": ["nps", "csat"],
        "Score": [11, 5],
    }
)


@pytest.mark.parametrize(
    "ending", [".csv", ".csv.gz", ".json", ".xlsx", ".parquet", ".avro", ".CSV"]
)
def test_every_format_tells_the_same(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"answers{ending}"
    if ending.lower().startswith(".csv"):
        ANSWERS.to_csv(path, index=False)
    elif ending == ".json":
        ANSWERS.to_json(path, orient="records")
    elif ending == ".xlsx":
        ANSWERS.to_excel(path, index=False)
    elif ending == ".parquet":
        ANSWERS.assign(Date=pd.to_datetime(ANSWERS["Date"])).to_parquet(path, index=False)
    else:
        fields = [{"name": name, "type": "string"} for name in ("Client", "Date", "Kind")]
        schema = {"type": "record", "name": "Answer", "fields": fields}
        schema["fields"] = [*fields, {"name": "Score", "type": "long"}]
        with path.open("wb") as out:
            fastavro.writer(out, schema, ANSWERS.to_dict("records"))
    (file,) = read_feed_file(path, path.name, FEEDS["surveys"], tmp_path, HowToRead())
    assert rows(file, "client_id", "date", "kind", "score") == [
        ("acme", datetime.date(2024, 5, 2), "csat", 5.0)
    ]
    assert [reason for _, _, reason in refused(file)] == ["out_of_range"]
    assert file.adds_up


def test_a_sheet_that_is_another_table_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "answers.xlsx"
    with pd.ExcelWriter(path) as book:
        ANSWERS.to_excel(book, sheet_name="Answers", index=False)
        pd.DataFrame({"A": ["some", "more"], "B": ["words", "here"]}).to_excel(
            book, sheet_name="Other", index=False
        )
        pd.DataFrame(["made by Eve"]).to_excel(book, sheet_name="Notes", index=False, header=False)
    (file,) = read_feed_file(path, path.name, FEEDS["surveys"], tmp_path, HowToRead())
    assert file.source_file == "answers.xlsx#Answers"
    (line,) = file.passed_over
    assert line.startswith("answers.xlsx#Other, row 1: no column tells the client of a row;")


def test_the_rows_of_a_file_are_gone_when_nobody_needs_them(read: Read) -> None:
    file = read("surveys", "Client,Date,Score", "acme,2024-05-01,9")
    path = file.rows.path
    assert path.exists()
    del file
    gc.collect()
    assert not path.exists()
