"""A month's exports in, tidy tables out: what is counted, what is refused, and that it adds up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import engine

from healthscore_assets.contracts import CLEANED_USAGE
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lookups.product_areas import ProductAreas
from healthscore_assets.pendo.cleaning.month import CleanedMonth, clean_month
from healthscore_assets.pendo.cleaning.reconciliation import Reconciliation, reconcile
from healthscore_assets.pendo.inbox import deliveries
from healthscore_assets.pendo.of_month import of_month
from healthscore_assets.pendo.raw_table import raw_rows
from healthscore_assets.reading.refused import ExportRefused

NO_AREAS = ProductAreas({}, {})
VENDOR = frozenset({"vendor.example"})


@dataclass
class Cleaned:
    """The tables of a month as rows, in the order of their keys."""

    usage: list[tuple[str, str, str, str, float]]
    """client, visitor, feature, measure, value"""
    visitors: list[tuple[str, str, str, int, float | None, float | None]]
    """client, visitor, audience, listed rows, days active, minutes"""
    quarantine: list[tuple[str, int, str, str, str]]
    """file, row, column, value, reason"""
    names: dict[str, str]
    month: CleanedMonth
    sums: Reconciliation


def clean(
    folder: Path,
    files: Mapping[str, str],
    month: str = "2024-05",
    areas: ProductAreas = NO_AREAS,
) -> Cleaned:
    """Clean the files of a month, as the graph does, and hold them to add up."""
    read = read_month(folder, files, month, areas)
    assert read.sums.agree, read.sums.says
    return read


def read_month(
    folder: Path, files: Mapping[str, str], month: str, areas: ProductAreas = NO_AREAS
) -> Cleaned:
    inbox = folder / "inbox"
    inbox.mkdir(exist_ok=True)
    for name, text in files.items():
        (inbox / name).write_bytes(text.encode())
    found = of_month(deliveries(inbox), month)
    told = raw_rows(found, month, {}, over=True).to_pylist()
    taken = {row["source_file"] for row in told}
    exports = [(d.path, d.export) for d in found if d.export and d.source_file in taken]
    cleaned = clean_month(engine(), exports, month, areas, VENDOR)
    written = folder / "cleaned_usage.parquet"
    engine().write(cleaned.cleaned_usage, schema_of(CLEANED_USAGE), written, ())
    sums = reconcile(engine(), cleaned, written, [row["rows"] for row in told])
    quarantine = cleaned.quarantine.order_by("source_file", "source_row", "column")
    visitors = cleaned.visitor_month.order_by("client_id", "visitor_id")
    names = engine().rows(cleaned.client_names.order_by("client_id"))
    return Cleaned(
        usage=_tuples(
            cleaned.cleaned_usage, "client_id", "visitor_id", "feature", "measure", "value"
        ),
        visitors=_tuples(
            visitors,
            *["client_id", "visitor_id", "audience", "listed_rows", "days_active", "minutes"],
        ),
        quarantine=_tuples(quarantine, "source_file", "source_row", "column", "value", "reason"),
        names={row["client_id"]: row["client_name"] for row in names},
        month=cleaned,
        sums=sums,
    )


def _tuples(table: ibis.Table, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in engine().rows(table.select(*columns))]


def _last_days(month: Cleaned) -> list[tuple[Any, ...]]:
    told = month.month.visitor_activity.order_by("client_id", "visitor_id")
    return _tuples(told, "client_id", "visitor_id", "last_active_day")


# ------------------------------------------------------------------------------- wide to long


def test_a_wide_export_as_tidy_tables(tmp_path: Path) -> None:
    month = clean(
        tmp_path,
        {
            "2024-05.csv": "Visitor ID,Account ID,Account Name,Email,City,Days Active,"
            "Clicks for Board,Page Views for Board,Time On Page (minutes) for Board,"
            "Days Active for Board,Clicks for Inbox\n"
            "v1,a,Acme,x@acme.example,Rome,3,7,2,1.5,3,\n"
            "v2,a,Acme,y@vendor.example,,1,0,0,0,0,4\n"
            "v3,b,,,,,,,,,\n"
        },
    )
    assert month.usage == [
        ("a", "v1", "Board", "clicks", 7),
        ("a", "v1", "Board", "days_active", 3),
        ("a", "v1", "Board", "minutes", 1.5),
        ("a", "v1", "Board", "page_views", 2),
        ("a", "v2", "Inbox", "clicks", 4),
    ]
    assert month.visitors == [
        ("a", "v1", "external", 1, 3, 1.5),
        ("a", "v2", "internal", 1, 1, 0),
        ("b", "v3", "external", 1, None, None),
    ]
    assert month.names == {"a": "Acme"}
    assert month.quarantine == []
    assert month.sums.says == "Rows and engagement add up."
    assert month.sums.numbers["clicks_in"] == 11  # 7 + 4


def test_ids_are_trimmed_and_otherwise_kept(tmp_path: Path) -> None:
    month = clean(
        tmp_path,
        {
            "2024-05.csv": "Account ID,Visitor ID,Clicks for X\n"
            " 007 ,1E5,1\n007, 1E5\t,2\n7,100000,4\n🚀 Ünïted,v,8\nNULL,v,16\n"
        },
    )
    assert month.usage == [
        ("007", "1E5", "X", "clicks", 3),
        ("7", "100000", "X", "clicks", 4),
        ("NULL", "v", "X", "clicks", 16),
        ("🚀 Ünïted", "v", "X", "clicks", 8),
    ]


def test_the_minutes_column_goes_before_the_sum_over_features(tmp_path: Path) -> None:
    month = clean(
        tmp_path,
        {
            "2024-05.csv": "Account ID,Visitor ID,Minutes,Time On Page (minutes) for X\n"
            "a,v,9.5,1\na,w,,1\n"
        },
    )
    assert [row[-1] for row in month.visitors] == [9.5, None]


def test_features_with_any_characters(tmp_path: Path) -> None:
    month = clean(
        tmp_path,
        {
            "2024-05.csv": 'Account ID,Visitor ID,"Clicks for It\'s ""new""; --",Clicks for a\\b,'
            '"Clicks for x,y",Clicks for 🚀\na,v,1,2,4,8\n'
        },
    )
    assert [(row[2], row[4]) for row in month.usage] == [
        ('It\'s "new"; --', 1),
        ("a\\b", 2),
        ("x,y", 4),
        ("🚀", 8),
    ]


# ------------------------------------------------------------------- what is the same is added


def test_columns_of_one_feature_are_added_under_the_lookups_spelling(tmp_path: Path) -> None:
    areas = ProductAreas({"planning | board": "Planning > BOARD"}, {"planning | board": "Planning"})
    month = clean(
        tmp_path,
        {
            "2024-05.csv": "Account ID,Visitor ID,Clicks for Planning | Board,"
            "Clicks for planning: board,CLICKS FOR  Planning  /  Board,Clicks for Planning/Board,"
            "Clicks for Planning - Board\na,v,1,2,4,8,16\n"
        },
        areas=areas,
    )
    assert [(row[2], row[4]) for row in month.usage] == [
        ("Planning - Board", 16),
        ("Planning > BOARD", 7),  # 1 + 2 + 4
        ("Planning/Board", 8),
    ]


def test_a_feature_nobody_listed_has_one_spelling_in_all_files(tmp_path: Path) -> None:
    header = "Account ID,Visitor ID,Clicks for"
    month = clean(
        tmp_path,
        {
            "May 2024 a.csv": f"{header} labs > BETA\na,v,1\n",
            "May 2024 b.csv": f"{header} Labs: beta\na,w,2\n",
        },
    )
    # "Labs | beta" comes before "labs | BETA"
    assert month.usage == [
        ("a", "v", "Labs | beta", "clicks", 1),
        ("a", "w", "Labs | beta", "clicks", 2),
    ]


def test_repeated_headers_are_added_and_told_apart_in_the_quarantine(tmp_path: Path) -> None:
    month = clean(
        tmp_path,
        {"2024-05.csv": "Account ID,Visitor ID,Clicks for X,Clicks for X\na,v,5,2\na,w,-1,x\n"},
    )
    assert month.usage == [("a", "v", "X", "clicks", 7)]
    assert month.quarantine == [
        ("2024-05.csv", 3, "Clicks for X [column 3]", "-1", "negative"),
        ("2024-05.csv", 3, "Clicks for X [column 4]", "x", "not_a_number"),
    ]


def test_rows_of_one_visitor_are_added(tmp_path: Path) -> None:
    month = clean(
        tmp_path,
        {
            "2024-05.csv": "Account ID,Visitor ID,Days Active,Clicks for X\n"
            "a,v,3,1\na,v,5,2\na,w,1,4\nb,v,2,8\n"
        },
    )
    assert month.usage == [
        ("a", "v", "X", "clicks", 3),
        ("a", "w", "X", "clicks", 4),
        ("b", "v", "X", "clicks", 8),
    ]
    # Days may be the same days: the largest row counts.
    assert month.visitors[0] == ("a", "v", "external", 2, 5, None)


def test_two_files_of_one_month(tmp_path: Path) -> None:
    month = clean(
        tmp_path,
        {
            "2024-05 part 1.csv": "Account ID,Visitor ID,Clicks for X\na,v,1\n",
            "2024-05 part 2.csv": "accountId,visitorId,Clicks for Y,Clicks for X\n"
            "b,w,2,\na,v,4,0\na,u,,8\n",
            "2024-06.csv": "Account ID,Visitor ID,Clicks for X\na,v,100\n",
        },
    )
    assert month.usage == [
        ("a", "u", "X", "clicks", 8),
        ("a", "v", "X", "clicks", 1),
        ("a", "v", "Y", "clicks", 4),
        ("b", "w", "Y", "clicks", 2),
    ]
    assert month.sums.numbers["rows_in"] == 4


def test_the_same_bytes_under_two_names_count_once(tmp_path: Path) -> None:
    text = "Account ID,Visitor ID,Clicks for X\na,v,1\n"
    month = clean(tmp_path, {"2024-05.csv": text, "2024-05 (1).csv": text})
    assert month.usage == [("a", "v", "X", "clicks", 1)]


def test_a_visitor_of_both_audiences_is_internal_and_counted(tmp_path: Path) -> None:
    header = "Account ID,Visitor ID,Clicks for X,Clicks for Y\n"
    month = clean(
        tmp_path,
        {
            "2024-05 External.csv": header + "a,v,1,\na,w,2,\n",
            "2024-05 Internal.csv": header + "a,v,,4\n",
        },
    )
    assert [row[:4] for row in month.visitors] == [
        ("a", "v", "internal", 2),
        ("a", "w", "external", 1),
    ]
    assert month.usage[:2] == [("a", "v", "X", "clicks", 1), ("a", "v", "Y", "clicks", 4)]
    assert month.month.listed_as_both == 1


def test_a_month_column_with_two_months(tmp_path: Path) -> None:
    files = {
        "usage 2023-01.csv": "Account ID,Visitor ID,Month,Clicks for X\n"
        "a,v,2024-05,1\na,v,May 2024,2\na,v,2024-06-30,4\n,w,202406,8\n"
    }
    may, june = clean(tmp_path, files, "2024-05"), clean(tmp_path, files, "2024-06")
    assert may.usage == [("a", "v", "X", "clicks", 3)]
    assert may.quarantine == []
    assert june.usage == [("a", "v", "X", "clicks", 4)]
    assert june.quarantine == [("usage 2023-01.csv", 5, "Clicks for X", "8", "no_client_id")]
    assert [month.sums.numbers["rows_in"] for month in (may, june)] == [2, 2]


# ----------------------------------------------------------------------------- what is refused


def test_bad_cells_are_refused_one_by_one(tmp_path: Path) -> None:
    month = clean(
        tmp_path,
        {
            "2024-05.csv": "Account ID,Visitor ID,Days Active,Clicks for X,Clicks for Y\n"
            "a,v,3,1,1\n"
            "\n"
            "b,w,40,-5,2\n"
            'c,x,many,1.5,"1,00"\n'
            'd,y,,"1,000",--\n'
        },
    )
    assert month.quarantine == [
        ("2024-05.csv", 4, "Clicks for X", "-5", "negative"),
        ("2024-05.csv", 4, "Days Active", "40", "too_large"),
        ("2024-05.csv", 5, "Clicks for X", "1.5", "not_whole"),
        ("2024-05.csv", 5, "Clicks for Y", "1,00", "not_a_number"),
        ("2024-05.csv", 5, "Days Active", "many", "not_a_number"),
    ]
    assert month.usage == [
        ("a", "v", "X", "clicks", 1),
        ("a", "v", "Y", "clicks", 1),
        ("b", "w", "Y", "clicks", 2),
        ("d", "y", "X", "clicks", 1000),
    ]
    # The visitors are listed all the same.
    assert [row[:2] for row in month.visitors] == [("a", "v"), ("b", "w"), ("c", "x"), ("d", "y")]
    assert month.sums.counts == {"negative": 1, "not_a_number": 2, "not_whole": 1, "too_large": 1}


def test_refused_rows_keep_their_engagement_in_the_quarantine(tmp_path: Path) -> None:
    month = clean(
        tmp_path,
        {
            "2024-05.csv": "Account ID,Visitor ID,Clicks for X,Clicks for Y\n"
            "a,v,1,2\n"
            ",v,3,0\n"
            "a, ,4,5\n"
            " ,,,\n"
            "a,v,1\n"
            "Total,,99,\n"
        },
    )
    assert month.usage == [("a", "v", "X", "clicks", 1), ("a", "v", "Y", "clicks", 2)]
    assert month.quarantine == [
        ("2024-05.csv", 3, "Clicks for X", "3", "no_client_id"),
        ("2024-05.csv", 4, "Clicks for X", "4", "no_visitor_id"),
        ("2024-05.csv", 4, "Clicks for Y", "5", "no_visitor_id"),
        ("2024-05.csv", 5, "Account ID", "", "blank_row"),
        ("2024-05.csv", 6, "*", "a,v,1", "wrong_cell_count"),
        ("2024-05.csv", 7, "Clicks for X", "99", "total_mismatch"),
    ]
    assert month.sums.numbers == {
        "rows_in": 6,
        "rows_listed": 1,
        "rows_refused": 5,
        "title_rows": 0,
        "total_rows": 0,
        "events_added_up": 0,
        "clicks_in": 114,  # 1 + 2 + 3 + 4 + 5 + 99
        "clicks_out": 3,
        "clicks_refused": 111,
    }


def test_bad_cells_of_refused_rows(tmp_path: Path) -> None:
    month = clean(
        tmp_path,
        {"2024-05.csv": "Account ID,Visitor ID,Clicks for X\na,v,1\n,w,-5.00\n,x,7\n"},
    )
    assert [line[1:] for line in month.quarantine] == [
        (3, "Account ID", "", "no_client_id"),
        (3, "Clicks for X", "-5.00", "negative"),
        (4, "Clicks for X", "7", "no_client_id"),
    ]


def test_a_total_row_is_dropped_and_accounted_for(tmp_path: Path) -> None:
    month = clean(
        tmp_path,
        {"2024-05.csv": "Account ID,Visitor ID,Clicks for X\na,v,1\nb,w,2\nTotal,,3\n"},
    )
    assert month.sums.numbers["rows_in"] == 3
    assert month.sums.numbers["total_rows"] == 1
    assert month.sums.numbers["clicks_out"] == 3


def test_totals_of_two_months_in_one_file(tmp_path: Path) -> None:
    files = {
        "usage.csv": "Account ID,Visitor ID,Month,Clicks for X\n"
        "a,v,2024-05,1\nTotal,,2024-05,1\na,v,2024-06,4\nTotal,,2024-06,4\n"
    }
    for month, clicks in (("2024-05", 1), ("2024-06", 4)):
        found = clean(tmp_path, files, month)
        assert (found.usage, found.quarantine) == ([("a", "v", "X", "clicks", clicks)], [])


def test_a_feature_column_of_text_refuses_the_file(tmp_path: Path) -> None:
    files = {"2024-05.csv": "Account ID,Visitor ID,Clicks for X\na,v,\nb,w,lots\nc,x,few\n"}
    with pytest.raises(ExportRefused) as refused:
        clean(tmp_path, files)
    assert str(refused.value) == (
        "2024-05.csv, row 3, column 'Clicks for X': the column holds text, not numbers "
        "(the first: 'lots'); expected clicks of feature 'X'; correct or delete it"
    )


# ------------------------------------------------------------------------------ what adds up


def test_a_cell_means_the_same_whatever_stands_beside_it(tmp_path: Path) -> None:
    cells = ["7", "7.", "1e2", "--", "NaN", "null", "+7"]
    alone, beside = [], []
    for n, cell in enumerate(cells):
        rows = f"Account ID,Visitor ID,Clicks for X\na,v,{cell}\nb,w,1\n"
        alone += clean(tmp_path, {f"{n} 2024-05.csv": rows}).usage[:-1]
        beside += clean(tmp_path, {f"{n} 2024-05.csv": rows + 'c,x,"1,000"\n'}).usage[:-2]
        (tmp_path / "inbox" / f"{n} 2024-05.csv").unlink()
    values = [("a", "v", "X", "clicks", value) for value in (7, 7, 100, 7)]
    assert alone == beside == values


def test_minutes_add_up_to_six_decimals(tmp_path: Path) -> None:
    # Halves in the seventh decimal, one feature under two headers, rows accepted and refused.
    rows = "".join(
        f"{'a' if n % 2 else ''},v{n},{n}.1234565,{n}.7654325,0.{n:07d}\n" for n in range(1, 200)
    )
    header = (
        "Account ID,Visitor ID,Time On Page (minutes) for A | X,"
        "Time On Page (minutes) for A > X,Time On Page (minutes) for Y\n"
    )
    clean(tmp_path, {"2024-05.csv": header + rows})
    repeated = "a,v1,0.0000005,0.0000005,\n"
    clean(tmp_path, {"2024-05.csv": header + rows + repeated})


def test_reconciliation_notices_what_cleaned_usage_lost(tmp_path: Path) -> None:
    month = clean(tmp_path, {"2024-05.csv": "Account ID,Visitor ID,Clicks for X\na,v,1\nb,w,2\n"})
    usage = month.month.cleaned_usage
    written = tmp_path / "less.parquet"
    engine().write(usage.filter(usage.client_id == "a"), schema_of(CLEANED_USAGE), written, ())
    sums = reconcile(engine(), month.month, written, [2])
    assert not sums.agree
    assert sums.says == "clicks: 3 in the files, 1 in cleaned_usage and 0 in quarantine"


def test_reconciliation_notices_a_row_that_was_never_read(tmp_path: Path) -> None:
    month = clean(tmp_path, {"2024-05.csv": "Account ID,Visitor ID,Clicks for X\na,v,1\nb,w,2\n"})
    sums = reconcile(engine(), month.month, tmp_path / "cleaned_usage.parquet", [3])
    assert not sums.agree
    assert sums.says == "3 rows in the files, 2 accounted for"


def test_reconciliation_notices_what_the_quarantine_lost(tmp_path: Path) -> None:
    text = "Account ID,Visitor ID,Clicks for X\na,v,1\n,w,2\n"
    month = clean(tmp_path, {"2024-05.csv": text}).month
    nothing = month.quarantine.filter(month.quarantine.source_row < 0)
    lost = CleanedMonth(**{**vars(month), "quarantine": nothing})
    sums = reconcile(engine(), lost, tmp_path / "cleaned_usage.parquet", [2])
    assert not sums.agree
    assert "2 rows in the files, 1 accounted for" in sums.says
    assert "clicks: 3 in the files, 1 in cleaned_usage" in sums.says


# ---------------------------------------------------------------------------------- any order

COLUMNS = (
    *["Account ID", "Visitor ID", "Account Name", "Email", "Is Internal", "Days Active"],
    *["Clicks for A | X", "Clicks for a > x", "Time On Page (minutes) for Y"],
)
ROW = st.tuples(
    st.sampled_from(["a", "b", "c", ""]),
    st.sampled_from(["v", "w", "x", "", "Total"]),
    st.sampled_from(["", "Acme", "Bolt"]),
    st.sampled_from(["", "x@vendor.example", "y@acme.example"]),
    st.sampled_from(["", "", "yes", "no"]),
    st.sampled_from(["", "1", "31", "32", "-1"]),
    st.sampled_from(["", "0", "1", "20", "-2", "many"]),
    st.sampled_from(["", "0", "3", "1.5"]),
    st.sampled_from(["", "0.1", "0.2", "0.7", "1.25"]),
)
GOOD = ("a", "v", "Acme", "", "", "1", "1", "1", "0.1")
"""One row of numbers: no column is of text alone."""


@settings(max_examples=12, deadline=None)
@given(
    files=st.lists(st.lists(ROW, max_size=6), min_size=1, max_size=3),
    random=st.randoms(use_true_random=False),
)
def test_the_order_of_rows_columns_and_files_changes_nothing(
    tmp_path_factory, files, random
) -> None:
    # The visitors of a file are its own: two files of the same usage would be refused.
    contents = [
        [(row[0], _of_file(number, *row[:2]), *row[2:]) for row in (GOOD, *rows)]
        for number, rows in enumerate(files)
    ]
    shuffled = [random.sample(rows, len(rows)) for rows in contents]
    random.shuffle(shuffled)
    columns = random.sample(range(len(COLUMNS)), len(COLUMNS))
    found = [
        clean(tmp_path_factory.mktemp("month"), _written(some, order))
        for some, order in ((contents, range(len(COLUMNS))), (shuffled, columns))
    ]
    first, second = found
    assert first.usage == second.usage
    assert first.visitors == second.visitors
    assert first.names == second.names
    assert first.sums.numbers == second.sums.numbers
    assert _refused(first) == _refused(second)


def _of_file(number: int, client: str, visitor: str) -> str:
    """The visitor's name in one file; a blank and a total name nobody."""
    nobody = visitor == "" or (visitor == "Total" and client == "")
    return visitor if nobody else f"{visitor}{number}"


def _written(files, order) -> dict[str, str]:
    texts = [
        "\n".join(",".join(row[n] for n in order) for row in (COLUMNS, *rows)) for rows in files
    ]
    # A last blank line per file keeps equal files from being the same bytes.
    return {f"{n} usage May 2024.csv": text + "\n" * (n + 1) for n, text in enumerate(texts)}


def _refused(month: Cleaned) -> list[tuple[str, str, str]]:
    return sorted(line[2:] for line in month.quarantine)


def test_rows_of_nothing_and_repeated_headers_are_nobodys_usage(tmp_path: Path) -> None:
    month = clean(
        tmp_path,
        {
            "2024-05.csv": "Account ID,Visitor ID,Account Name,Clicks for X\n"
            "a,v,Acme,1\n"
            ",,,\n"
            "Account ID,Visitor ID,Account Name,Clicks for X\n"
            "b,w,Bolt,2\n"
            ",,Bolt,\n"
        },
    )
    assert [row[:2] for row in month.visitors] == [("a", "v"), ("b", "w")]
    assert [(line[1], line[4]) for line in month.quarantine if line[2] == "Account ID"] == [
        (3, "blank_row"),
        (4, "repeated_header"),
        (6, "no_client_id"),
    ]


# ---------------------------------------------------------------------------- days of activity


def test_the_last_day_of_dated_usage_is_kept_for_each_visitor(tmp_path: Path) -> None:
    month = clean(
        tmp_path,
        {
            "usage.csv": "Visitor ID,Account ID,Feature,Date,Clicks\n"
            "v1,a,Board,2024-05-02,1\n"
            "v2,a,Inbox,2024-05-17,2\n"
            "v1,a,Board,2024-05-09,1\n"
            "v3,b,Board,2024-05-30,0\n"
            "v4,c,Board,2024-05-31,1\n"
        },
    )
    # The row of b has no usage, so its day tells of none.
    assert _last_days(month) == [
        ("a", "v1", date(2024, 5, 9)),
        ("a", "v2", date(2024, 5, 17)),
        ("c", "v4", date(2024, 5, 31)),
    ]


def test_the_last_day_is_the_clients_where_no_visitor_is_told(tmp_path: Path) -> None:
    month = clean(
        tmp_path,
        {
            "usage.csv": "Account ID,Feature,Date,Clicks\n"
            "a,Board,2024-05-02,1\n"
            "a,Inbox,2024-05-17,2\n"
        },
    )
    assert _last_days(month) == [("a", None, date(2024, 5, 17))]


def test_exports_without_days_tell_of_no_last_day(tmp_path: Path) -> None:
    month = clean(
        tmp_path, {"2024-05.csv": "Visitor ID,Account ID,Clicks for Board\nv1,a,7\nv2,b,0\n"}
    )
    assert _last_days(month) == []
