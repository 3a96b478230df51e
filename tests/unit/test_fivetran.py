"""Fivetran's tables: told by their columns, joined by ids, the latest version, a day told once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fivetran_tables as ft
import ibis
import pyarrow as pa
import pytest
from tables import engine

from healthscore_assets.contracts import CLEANED_USAGE
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lookups.product_areas import ProductAreas
from healthscore_assets.pendo.cleaning.identities import Identities
from healthscore_assets.pendo.cleaning.month import CleanedMonth, clean_month
from healthscore_assets.pendo.cleaning.reconciliation import reconcile
from healthscore_assets.pendo.definitions import Definition
from healthscore_assets.pendo.delivery import Delivery
from healthscore_assets.pendo.fivetran.instants import instants
from healthscore_assets.pendo.fivetran.tables import table_of
from healthscore_assets.pendo.inbox import deliveries
from healthscore_assets.pendo.of_month import of_month
from healthscore_assets.pendo.raw_table import raw_rows, stamps, taken_in
from healthscore_assets.reading.refused import ExportRefused

AREAS = ProductAreas({"planning | board": "Planning | Board"}, {"planning | board": "Planning"})
VENDOR = frozenset({"vendor.example"})
KNOWN = Identities({"acme-eu": "acme"}, {}, {"qa-robot": "our own tests"})


@dataclass
class Month:
    """What a month's files give, as rows in the order of their keys."""

    usage: list[tuple[Any, ...]]
    """client, visitor, audience, feature, measure, value"""
    quarantine: list[tuple[Any, ...]]
    """file, row, value, reason"""
    names: dict[str, str]
    areas: dict[str, str]
    cleaned: CleanedMonth


def read(folder: Path, month: str = "2024-05", known: Identities = KNOWN) -> Month:
    """The month as the graph reads it; it is held to add up."""
    found = of_month(deliveries(folder), month)
    assert [d.problem.line() for d in deliveries(folder) if d.problem] == []
    rows = raw_rows(found, month, {}, over=True).to_pylist()
    taken = {row["source_file"] for row in rows}
    files = [(d.path, d.export) for d in found if d.export and d.source_file in taken]
    cleaned = clean_month(engine(), files, month, AREAS, VENDOR, known)
    usage = folder.parent / "cleaned_usage.parquet"
    engine().write(cleaned.cleaned_usage, schema_of(CLEANED_USAGE), usage, ())
    sums = reconcile(engine(), cleaned, usage, [row["rows"] for row in rows])
    assert sums.agree, sums.says
    quarantine = cleaned.quarantine.order_by("source_file", "source_row", "column")
    return Month(
        _tuples(cleaned.cleaned_usage, CLEANED_USAGE.columns),
        _tuples(quarantine, ["source_file", "source_row", "column", "value", "reason"]),
        dict(_tuples(cleaned.client_names, ["client_id", "client_name"])),
        dict(_tuples(cleaned.feature_areas, ["feature", "area"])),
        cleaned,
    )


def _tuples(table: ibis.Table, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in engine().rows(table.select(*columns))]


def found(folder: Path) -> dict[str, Delivery]:
    return {delivery.source_file: delivery for delivery in deliveries(folder)}


def problem(folder: Path, name: str) -> str:
    told = found(folder)[name].problem
    assert told is not None
    return told.line()


@pytest.fixture(params=[False, True], ids=["csv", "parquet"])
def parquet(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


# ------------------------------------------------------------------------------ a whole month


def test_a_month_of_all_tables(tmp_path: Path, parquet: bool) -> None:
    ft.put(tmp_path / "pendo", parquet=parquet, **ft.EVERYTHING)
    month = read(tmp_path / "pendo")
    assert month.usage == [
        # By her latest e-mail ann is the vendor's; two addresses of hers are added up.
        ("acme", "ann", "internal", "Export", "clicks", 4),
        ("acme", "ann", "internal", "Export", "minutes", 1),
        ("acme", "ann", "internal", "Planning | Board", "clicks", 5),
        ("acme", "ann", "internal", "Planning | Board", "minutes", 3),
        # Of acme-eu, which is acme; nobody tells his e-mail.
        ("acme", "bob", "external", "Planning | Board", "clicks", 5),
        ("acme", "bob", "external", "Planning | Board", "minutes", 1),
        # A feature without a name is told by its id, and so is one without a definition.
        ("bolt", "cat", "external", "f3", "clicks", 7),
        ("bolt", "cat", "external", "f3", "minutes", 1),
        ("bolt", "cat", "external", "f4", "clicks", 1),
        ("bolt", "cat", "external", "f4", "minutes", 1),
    ]
    name, first = ("feature_event.parquet", 1) if parquet else ("feature_event.csv", 2)
    column = "num_events", "num_minutes"
    one = "1"
    assert month.quarantine == [
        (name, first + 4, column[0], "9", "anonymous_visitor"),
        (name, first + 4, column[1], one, "anonymous_visitor"),
        (name, first + 6, column[0], "8", "excluded_visitor"),
        (name, first + 6, column[1], one, "excluded_visitor"),
    ]
    assert month.names == {"acme": "Acme Limited", "bolt": "Bolt GmbH"}
    # f2 has no group; f3 is called by its id.
    assert month.areas == {"Planning | Board": "planning", "f3": "Onboarding"}
    days = month.cleaned.visitor_month.order_by("client_id", "visitor_id")
    assert _tuples(days, ["client_id", "visitor_id", "days_active", "listed_rows"]) == [
        ("acme", "ann", 1, 3),
        ("acme", "bob", 1, 1),
        ("bolt", "cat", 2, 2),
    ]
    (export,) = (d.export for d in deliveries(tmp_path / "pendo") if d.months)
    assert export is not None
    assert export.dates is not None
    assert export.dates.boundary == "utc"


def test_the_same_tables_side_by_side_in_both_formats_say_the_same(tmp_path: Path) -> None:
    ft.put(tmp_path / "csv" / "pendo", **ft.EVERYTHING)
    ft.put(tmp_path / "parquet" / "pendo", parquet=True, **ft.EVERYTHING)
    csv, parquet = (read(tmp_path / kind / "pendo") for kind in ("csv", "parquet"))
    assert (csv.usage, csv.names, csv.areas) == (parquet.usage, parquet.names, parquet.areas)


# -------------------------------------------------------------------------- told by columns


@pytest.mark.parametrize(
    ("text", "table"),
    [
        (ft.FEATURE_HISTORY, "feature_history"),
        (ft.without(ft.FEATURE_HISTORY, "page_id", "is_core_event"), "page_history"),
        (ft.GROUP, "group"),
        (ft.ACCOUNT_HISTORY, "account_history"),
        (ft.VISITOR_HISTORY, "visitor_history"),
        (ft.without(ft.VISITOR_HISTORY, "agent_email", "n_id", "id_hash"), "visitor_history"),
        (ft.FEATURE_EVENT, None),
        ("id,name\n", None),
        ("featureId,name\n", None),
        ("ID,Account Name,First Visit,Last Visit,Last Updated At,Clicks for Board\n", None),
        ("Visitor ID,Account ID,Id,First Visit,Last Visit,Last Updated At,N ID\n", None),
    ],
)
def test_a_table_by_its_columns(text: str, table: str | None) -> None:
    header = text.splitlines()[0].split(",")
    assert table_of(header) == table
    assert table_of([cell.upper().replace("_", " ") for cell in reversed(header)]) == table


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            ft.without(ft.FEATURE_HISTORY, "group_id"),
            "feature_history, but has no column 'group_id'",
        ),
        (
            ft.without(ft.FEATURE_HISTORY, "name", "last_updated_at"),
            "feature_history, but has no column 'name' and 'last_updated_at'",
        ),
        (ft.without(ft.GROUP, "name"), "group, but has no column 'name'"),
        (
            ft.without(ft.VISITOR_HISTORY, "last_updated_at"),
            "visitor_history, but has no column 'last_updated_at'",
        ),
        (
            ft.without(ft.FEATURE_EVENT, "account_id"),
            "feature_event, but has no column 'account_id'",
        ),
        (
            ft.without(ft.FEATURE_EVENT, "feature_id"),
            "feature_event, but has no column 'feature_id'",
        ),
    ],
)
def test_a_table_without_a_column_that_is_needed(tmp_path: Path, text: str, says: str) -> None:
    ft.put(tmp_path, any_name=text)
    assert problem(tmp_path, "any_name.csv") == (
        f"any_name.csv, row 1: reads like Fivetran's table {says}; "
        "export the table with all its columns"
    )


def test_columns_that_usage_has_too_make_no_history_of_it(tmp_path: Path) -> None:
    header = "Visitor ID,Account ID,First Visit,Last Visit,N ID,Last Browser Name,"
    header += "Last Browser Version,Last Operating System,Last Server Name,Clicks for Board\n"
    (tmp_path / "usage 2024-05.csv").write_text(header + "v,a,,,,,,,,3\n")
    assert found(tmp_path)["usage 2024-05.csv"].months == ("2024-05",)


def test_a_row_of_metadata_does_not_pass_for_the_header(tmp_path: Path) -> None:
    # Its cells are headers that exports have: more of them than the header itself.
    text = ft.without(ft.ACCOUNT_HISTORY, "agent_name", "salesforce_name")
    text += "Account ID,2024-05-01,2024-05-02,Email,Visitor ID,,4,,Month\n"
    ft.put(tmp_path, accounts=text)
    assert found(tmp_path)["accounts.csv"].is_of_people


# ------------------------------------------------------------------------------- definitions


def defined(folder: Path) -> dict[str, Definition]:
    """What the definition tables of a folder say, by id."""
    assert [d.problem.line() for d in deliveries(folder) if d.problem] == []
    return {k: d for each in deliveries(folder) for k, d in each.definitions.items()}


F1 = ft.only(ft.FEATURE_HISTORY, 1)


def test_the_latest_version_counts_whichever_file_tells_it(tmp_path: Path) -> None:
    ft.put(
        tmp_path,
        a=ft.only(ft.FEATURE_HISTORY, 1, 3),
        b=ft.only(ft.FEATURE_HISTORY, 2),
        groups=ft.only(ft.GROUP, 1),
        more_groups=ft.only(ft.GROUP, 2),
    )
    assert defined(tmp_path) == {
        "f1": Definition("Planning > Board", "planning"),
        "f2": Definition("Export"),
    }


def test_of_versions_updated_at_once_the_one_synced_last_counts(tmp_path: Path) -> None:
    again = F1.replace("2021-02-20 08:08:26.861", "2021-02-20 08:08:26.9").replace(">", "/")
    ft.put(tmp_path, a=again, b=F1)
    assert defined(tmp_path) == {"f1": Definition("Planning / Board")}


@pytest.mark.parametrize("column", ["_fivetran_deleted", "_fivetran_active"])
def test_a_deleted_version_counts_where_there_is_no_other(tmp_path: Path, column: str) -> None:
    gone, there = ("true", "false") if column == "_fivetran_deleted" else ("FALSE", "TRUE")
    # The latest of f1 is gone; of f2 and f3 nothing else is known.
    cells = [gone, there, gone, gone, there]
    ft.put(tmp_path, features=ft.with_column(ft.FEATURE_HISTORY, column, cells), groups=ft.GROUP)
    told = defined(tmp_path)
    assert told["f1"] == Definition("Old board", "Onboarding")
    assert told["f2"] == Definition("Export")
    assert told["f3"] == Definition("f3", "Onboarding")


def test_a_group_is_told_to_have_been_read_where_its_area_is_used(tmp_path: Path) -> None:
    ft.put(tmp_path, **ft.EVERYTHING, more_groups=ft.only(ft.GROUP, 1).replace("g1", "g7"))
    export = found(tmp_path)["feature_event.csv"].export
    assert export is not None
    assert {*export.beside} == {"feature_history.csv", "group_data.csv"}


def test_a_group_that_no_file_tells_is_no_area(tmp_path: Path) -> None:
    ft.put(tmp_path, features=ft.FEATURE_HISTORY)
    assert defined(tmp_path)["f1"] == Definition("Planning > Board", None)
    assert "f3" not in defined(tmp_path)  # neither a name nor an area


def test_definitions_are_for_the_exports_of_their_folder(tmp_path: Path) -> None:
    inbox = tmp_path / "pendo"
    ft.put(inbox / "one", feature_event=ft.FEATURE_EVENT)
    ft.put(inbox / "other", features=ft.FEATURE_HISTORY, groups=ft.GROUP, people=ft.VISITOR_HISTORY)
    month = read(inbox)
    assert {row[3] for row in month.usage} == {"f1", "f2", "f3", "f4"}
    assert {row[2] for row in month.usage} == {"external"}
    assert month.areas == {}


def test_a_month_is_known_by_the_definitions_it_uses_but_not_by_its_people(tmp_path: Path) -> None:
    def told(**tables: str) -> object:
        ft.put(tmp_path, **{**ft.EVERYTHING, **tables})
        return stamps(of_month(deliveries(tmp_path), "2024-05"))

    before = told()
    assert told(feature_history=ft.FEATURE_HISTORY.replace("Never used", "Used never")) == before
    assert told(visitor_history=ft.VISITOR_HISTORY.replace("2024-05-01", "2024-05-09")) == before
    assert told(account_history=ft.ACCOUNT_HISTORY.replace("Limited", "Inc.")) == before
    assert told(group_data=ft.GROUP.replace("Onboarding", "Start")) != before
    assert told(feature_history=ft.FEATURE_HISTORY.replace("Export", "Exports")) != before


def test_the_column_map_tells_which_tables_of_people_were_read(tmp_path: Path) -> None:
    ft.put(tmp_path, **ft.EVERYTHING)
    (row,) = raw_rows(
        of_month(deliveries(tmp_path), "2024-05"), "2024-05", {}, over=True
    ).to_pylist()
    told = {h.export.source_file: h for h in taken_in(row).export.histories}
    here = found(tmp_path)
    assert {*told} == {"account_history.csv", "visitor_history.csv"}
    for name, history in told.items():
        assert history.sha256 == here[name].sha256
        assert history.export == here[name].export


def test_a_time_that_is_none_is_told_with_its_row(tmp_path: Path) -> None:
    wrong = ft.VISITOR_HISTORY.replace("cat,2024-05-01 00:00:00 UTC", "cat,yesterday")
    ft.put(tmp_path, people=wrong)
    assert problem(tmp_path, "people.csv") == (
        "people.csv, row 4, column 'last_updated_at': 'yesterday' is not a time; "
        "expected one such as 2024-05-31 14:00:00.123 UTC"
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01 00:00:01 UTC", 1),
        ("1970-01-01T00:00:01.5Z", 1.5),
        ("1970-01-01T02:00:01+02:00", 1),
        ("1970-01-01 02:00:01.000 +0200", 1),
        ("1969-12-31 17:00:01 -0700", 1),
        ("1970-01-01 00:00:01.123456789", 1.123456),
        ("1970-01-02", 86400),
        ("1970-01-01 00:00:02.000 utc", 2),
        ("", None),
    ],
)
def test_points_in_time(text: str, seconds: float | None) -> None:
    # Beside one that Arrow reads and one that only Python does.
    for others in ([], ["1970-01-01 00:00:01 UTC"], ["1970-01-02"]):
        (told, *_) = instants(pa.chunked_array([[text, *others]])).to_pylist()
        assert told == (None if seconds is None else round(seconds * 1_000_000))


# ------------------------------------------------------------------------------------ people


def test_names_of_the_export_go_before_those_of_account_history(tmp_path: Path) -> None:
    inbox = tmp_path / "pendo"
    cells = ["", "Acme in usage", "", "", "", "", "", ""]
    events = ft.with_column(ft.FEATURE_EVENT, "account_name", cells)
    ft.put(inbox, **{**ft.EVERYTHING, "feature_event": events})
    assert read(inbox).names == {"acme": "Acme in usage", "bolt": "Bolt GmbH"}


def test_a_client_that_only_its_alias_names(tmp_path: Path) -> None:
    inbox = tmp_path / "pendo"
    accounts = ft.only(ft.ACCOUNT_HISTORY, 3)
    ft.put(inbox, feature_event=ft.FEATURE_EVENT, accounts=accounts)
    assert read(inbox).names == {"acme": "Acme Europe"}
    assert read(inbox, known=Identities()).names == {"acme-eu": "Acme Europe"}


def test_blank_cells_of_the_latest_version_tell_nothing(tmp_path: Path) -> None:
    inbox = tmp_path / "pendo"
    accounts = ft.ACCOUNT_HISTORY.replace("Acme Limited", "").replace("Acme (SF)", "")
    people = ft.VISITOR_HISTORY.replace("ann@vendor.example", "").replace("ann@acme", "ann@vendor")
    ft.put(inbox, feature_event=ft.FEATURE_EVENT, accounts=accounts, people=people)
    month = read(inbox)
    assert month.names == {"acme": "Acme Old", "bolt": "Bolt GmbH"}
    assert {row[2] for row in month.usage if row[1] == "ann"} == {"internal"}


def test_the_column_of_the_name(tmp_path: Path) -> None:
    # agent_name, then name, then further columns of the agent, custom ones, Salesforce's.
    accounts = ft.without(ft.ACCOUNT_HISTORY, "agent_name")
    for column in ("custom_name", "agent_company_name", "name", "agent_name"):
        accounts = ft.with_column(accounts, column, [column] * 4)
        folder = tmp_path / column / "pendo"
        ft.put(folder, feature_event=ft.FEATURE_EVENT, accounts=accounts)
        assert read(folder).names == {"acme": column, "bolt": column}


def test_an_audience_told_by_visitor_history(tmp_path: Path) -> None:
    inbox = tmp_path / "pendo"
    people = ft.with_column(ft.VISITOR_HISTORY, "agent_is_internal", ["false", "true", "yes"])
    ft.put(inbox, feature_event=ft.FEATURE_EVENT, people=people)
    audiences = {row[1]: row[2] for row in read(inbox).usage}
    # A flag goes before the e-mail of ann, and the latest one counts.
    assert audiences == {"ann": "external", "bob": "external", "cat": "internal"}


def test_an_e_mail_of_the_export_goes_before_the_one_of_visitor_history(tmp_path: Path) -> None:
    inbox = tmp_path / "pendo"
    mails = ["ann@acme.example"] * 3 + [""] * 5
    events = ft.with_column(ft.FEATURE_EVENT, "visitor_email", mails)
    ft.put(inbox, **{**ft.EVERYTHING, "feature_event": events})
    assert {row[2] for row in read(inbox).usage if row[1] == "ann"} == {"external"}


# -------------------------------------------------------------------------------- days again

LATER = (
    ft.only(ft.FEATURE_EVENT, 1, 6)
    .replace("2024-05-02 03:00:00.100", "2024-05-04 03:00:00.2")
    .replace(",f1,3,", ",f1,30,")
)
"""May 1 again, synced on May 4: ann has 30 clicks now, and of bob and f2 there is nothing left."""


def test_a_day_counts_in_the_file_that_was_synced_last(tmp_path: Path, parquet: bool) -> None:
    inbox = tmp_path / "pendo"
    ft.put(inbox, parquet=parquet, a_later=LATER, b=ft.FEATURE_EVENT)
    month = read(inbox)
    assert [row for row in month.usage if row[4] == "clicks"] == [
        ("acme", "ann", "external", "f1", "clicks", 30),
        ("bolt", "cat", "external", "f3", "clicks", 7),
        # Of May 2 the first file alone tells.
        ("bolt", "cat", "external", "f4", "clicks", 1),
    ]
    assert month.cleaned.read.told_later == 7
    assert month.quarantine == []  # who was anonymous or excluded on May 1 is not read either


def test_the_last_row_that_was_synced_decides(tmp_path: Path) -> None:
    # One row of the first file was synced after all of the second.
    first = ft.FEATURE_EVENT.replace("e3,2024-05-02", "e3,2024-05-05")
    ft.put(tmp_path / "pendo", a=first, b=LATER)
    month = read(tmp_path / "pendo")
    assert ("acme", "ann", "external", "f1", "clicks", 5) in month.usage
    assert month.cleaned.read.told_later == 2


def test_parts_of_one_table_all_count_whenever_their_rows_were_synced(tmp_path: Path) -> None:
    # As a warehouse unloads it: the rows that were synced on May 4 are in a file of their own.
    late = ft.only(ft.FEATURE_EVENT, 2, 4).replace("2024-05-02 03", "2024-05-04 03")
    ft.put(tmp_path / "whole" / "pendo", whole=ft.FEATURE_EVENT)
    ft.put(tmp_path / "parts" / "pendo", a=late, b=ft.only(ft.FEATURE_EVENT, 1, 3, 5, 6, 7, 8))
    whole, parts = (read(tmp_path / name / "pendo") for name in ("whole", "parts"))
    assert parts.usage == whole.usage
    assert parts.cleaned.read.told_later == 0


def test_files_with_few_rows_of_a_day_in_common_are_refused(tmp_path: Path) -> None:
    # One of four rows is in both by chance: the second is no successor of the first, nor a part.
    header, row, *_ = ft.FEATURE_EVENT.splitlines()
    ours, others = ([row.replace(",ann", f",{who}{n}") for n in range(3)] for who in ("our", "its"))
    both = {"a": [row, *ours], "b": [row, *others]}
    ft.put(tmp_path / "pendo", **{name: "\n".join([header, *rows]) for name, rows in both.items()})
    with pytest.raises(ExportRefused, match=r"tells of the same usage as b\.csv \(2 times"):
        read(tmp_path / "pendo")


def test_of_a_day_synced_at_the_same_time_the_file_that_was_synced_on_counts(
    tmp_path: Path,
) -> None:
    # The table was exported again: May 1 is as it was, and May 2 has come.
    before = ft.only(ft.FEATURE_EVENT, *range(1, 8)).replace(",f1,3,", ",f1,30,")
    ft.put(tmp_path / "pendo", z_before=before, b=ft.FEATURE_EVENT)
    month = read(tmp_path / "pendo")
    assert ("acme", "ann", "external", "f1", "clicks", 5) in month.usage
    assert month.cleaned.read.told_later == 7


@pytest.mark.parametrize(
    "again",
    [
        ft.without(LATER, "_fivetran_synced"),
        LATER.replace("2024-05-04 03:00:00.2 UTC", ""),
    ],
)
def test_a_day_of_two_files_of_which_none_is_later_is_an_overlap(
    tmp_path: Path, again: str
) -> None:
    ft.put(tmp_path / "pendo", a=again, b=ft.FEATURE_EVENT)
    with pytest.raises(ExportRefused, match=r"tells of the same usage as b\.csv"):
        read(tmp_path / "pendo")


def test_a_day_in_another_folder_or_of_pages_is_another(tmp_path: Path) -> None:
    inbox = tmp_path / "pendo"
    pages = LATER.replace("feature_id", "page_id").replace(",f1,", ",p1,").replace(",f3,", ",p3,")
    ft.put(inbox, pages=pages, features=ft.FEATURE_EVENT)
    clicks = sum(row[5] for row in read(inbox).usage if row[4] == "clicks")
    assert clicks == 3 + 2 + 4 + 5 + 7 + 1
    (inbox / "pages.csv").unlink()
    ft.put(inbox / "again", later=LATER)
    with pytest.raises(ExportRefused, match="tells of the same usage"):
        read(inbox)


def test_a_file_that_is_replaced_takes_no_day_from_its_successor(tmp_path: Path) -> None:
    inbox = tmp_path / "pendo"
    ft.put(inbox, later=LATER, first=ft.FEATURE_EVENT)
    (inbox / "first.csv.yaml").write_text("replaces: later.csv\n")
    assert ("acme", "ann", "external", "f1", "clicks", 5) in read(inbox).usage


def test_a_deleted_event_is_set_apart_without_a_fault(tmp_path: Path, parquet: bool) -> None:
    inbox = tmp_path / "pendo"
    cells = ["true", "false", "true", "", "true", "false", "false", "false"]
    events = ft.with_column(ft.FEATURE_EVENT, "_fivetran_deleted", cells)
    ft.put(inbox, parquet=parquet, events=events)
    month = read(inbox)
    clicks = {(row[1], row[3]): row[5] for row in month.usage if row[4] == "clicks"}
    assert clicks == {("ann", "f1"): 2, ("bob", "f1"): 5, ("cat", "f3"): 7, ("cat", "f4"): 1}
    told = {(row[1], row[4]) for row in month.quarantine}
    first = 1 if parquet else 2
    # A deleted row is one before all else: nobody needs to look at who it was.
    assert told == {
        (first, "deleted_row"),
        (first + 2, "deleted_row"),
        (first + 4, "deleted_row"),
        (first + 6, "excluded_visitor"),
    }
