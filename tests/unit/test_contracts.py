"""Contracts held against staged months: rows just inside and just outside of every rule."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import pandera.ibis as pa
import pyarrow as arrow
import pyarrow.parquet as pq
import pytest
from tables import engine

from healthscore_assets.contracts import CONTRACTS
from healthscore_assets.contracts.columns import LARGEST_VALUE
from healthscore_assets.contracts.enforce import Violation, violations
from healthscore_assets.contracts.rules import rules_of, schema_of

ROWS: dict[str, dict[str, Any]] = {
    "raw_pendo_export": {
        "source_file": "2024-05.csv",
        "source_sha256": "0123456789abcdef" * 4,
        "bytes": 1,
        "shape": "wide_visitor",
        "header_row": 1,
        "rows": 0,
        "column_count": 1,
        "column_map": "{}",
    },
    "cleaned_usage": {
        "client_id": "a",
        "visitor_id": "v",
        "audience": "external",
        "feature": "X",
        "measure": "clicks",
        "value": 1.0,
    },
    "visitor_month": {
        "client_id": "a",
        "visitor_id": "v",
        "audience": "internal",
        "listed_rows": 1,
        "days_active": None,
        "minutes": None,
    },
    "quarantine": {
        "source_file": "2024-05.csv",
        "source_row": 1,
        "column": "Clicks for X",
        "value": None,
        "reason": "negative",
    },
    "area_weights": {
        "audience": "all",
        "basis": "total",
        "area": "Planning",
        "users": 0,
        "mean": None,
        "std": None,
        "cv": None,
        "weight": 0.0,
    },
    "momentum": {
        "client_id": "a",
        "engagement": 0.0,
        "engagement_avg_3m": None,
        "engagement_trend": None,
        "active_areas": 0,
        "active_areas_change": None,
        "unique_visitors": 0,
        "unique_visitors_change": None,
        "direction": None,
    },
    "accounts": {
        "client_id": "a",
        "seats": 0,
        "arr": 0.0,
        "snapshot_date": datetime.date(2024, 5, 31),
        "contract": "ended",
        "churned": True,
    },
    "support_tickets": {
        "ticket_id": "1",
        "client_id": "a",
        "created": datetime.date(2024, 5, 1),
        "csat": 1.0,
        "sentiment": -1.0,
    },
    "surveys": {
        "answer_id": "1",
        "client_id": "a",
        "date": datetime.date(2024, 5, 1),
        "kind": "nps",
        "score": 0.0,
    },
    "raw_surveys": {
        "source_file": "surveys/a.csv",
        "source_sha256": "0123456789abcdef" * 4,
        "as_of": datetime.date(2024, 5, 31),
        "rows": 0,
        "rows_of_month": 0,
        "rows_refused": 0,
        "month_hash": "",
        "column_map": "{}",
    },
    "surveys_quarantine": {
        "source_file": "surveys/a.csv",
        "source_row": 1,
        "column": "Score",
        "value": None,
        "reason": "out_of_range",
    },
}
"""A row of each table that keeps its contract, at the lower edge of every range."""


def staged(folder: Path, table: str, *changes: dict[str, Any]) -> Path:
    """The table's good row once per change, written as a staged month."""
    fields = [field.with_nullable(True) for field in schema_of(CONTRACTS[table]).to_pyarrow()]
    rows = [{**ROWS[table], **change} for change in changes]
    # A file of its own: DuckDB may keep blocks of one that is overwritten within the second.
    path = folder / f"it's staged {len(list(folder.iterdir()))}.parquet"
    pq.write_table(arrow.Table.from_pylist(rows, schema=arrow.schema(fields)), path)
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Callable[..., list[Violation]]:
    """Rules that a table of such rows breaks."""

    def check(table: str, *changes: dict[str, Any], **options: Any) -> list[Violation]:
        path = staged(tmp_path, table, *changes)
        return violations(engine(), CONTRACTS[table], path, **options)

    return check


Broken = Callable[..., list[Violation]]


@pytest.mark.parametrize("table", ROWS)
def test_a_row_at_the_lower_edges_keeps_its_contract(broken: Broken, table: str) -> None:
    assert broken(table, {}) == []


@pytest.mark.parametrize("table", ROWS)
def test_no_column_but_the_nullable_ones_may_be_null(broken: Broken, table: str) -> None:
    for name, column in CONTRACTS[table].columns.items():
        found = [(v.column, v.rule) for v in broken(table, {name: None})]
        assert found == ([] if column.nullable else [(name, "not null")]), name


INSIDE_AND_OUTSIDE = [
    # table, column, just inside, just outside, what is said
    ("cleaned_usage", "value", 5e-324, 0.0, "more than 0"),
    ("cleaned_usage", "client_id", " ", "", "at least 1 character"),
    ("cleaned_usage", "audience", "internal", "all", "one of external, internal"),
    ("cleaned_usage", "measure", "minutes", "Clicks", "one of clicks, page_views, minutes, days"),
    ("raw_pendo_export", "source_sha256", "f" * 64, "f" * 63, "text like ^[0-9a-f]{64}$"),
    ("raw_pendo_export", "source_sha256", "0" * 64, "0" * 63 + "G", "text like"),
    ("raw_pendo_export", "bytes", 1, 0, "more than 0"),
    ("raw_pendo_export", "rows", 0, -1, "at least 0"),
    ("quarantine", "source_row", 1, 0, "at least 1"),
    ("quarantine", "reason", "too_large", "other", "one of blank_row, repeated_header"),
    ("visitor_month", "days_active", 31.0, 31.0001, "from 0 to 31"),
    ("visitor_month", "days_active", 0.0, -0.0001, "from 0 to 31"),
    ("visitor_month", "minutes", 0.0, -1e-9, "at least 0"),
    ("visitor_month", "listed_rows", 1, 0, "at least 1"),
    ("area_weights", "weight", 1.0, 1.0001, "from 0 to 1"),
    ("area_weights", "users", 0, -1, "at least 0"),
    ("momentum", "unique_visitors", 0, -1, "at least 0"),
    ("momentum", "engagement_trend", -1.0, -1.0001, "at least -1"),
    ("accounts", "contract", "to_come", "over", "one of running, ended, to_come"),
    ("support_tickets", "csat", 5.0, 5.01, "from 1 to 5"),
    ("support_tickets", "sentiment", 1.0, 1.0001, "from -1 to 1"),
    ("surveys", "score", 10.0, 10.01, "from 0 to 10"),
    ("surveys", "kind", "csat", "ces", "one of nps, csat"),
    ("surveys_quarantine", "reason", "after_the_file", "other", "one of no_client_id"),
    ("momentum", "direction", "flat", "sideways", "one of up, flat, down"),
]


@pytest.mark.parametrize(("table", "column", "inside", "outside", "says"), INSIDE_AND_OUTSIDE)
def test_just_inside_and_just_outside(
    broken: Broken, table: str, column: str, inside: Any, outside: Any, says: str
) -> None:
    assert broken(table, {column: inside}) == []
    (found,) = broken(table, {column: outside})
    assert (found.table, found.column, found.count) == (table, column, 1)
    assert found.rule.startswith(says)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_is_finite(broken: Broken, value: float) -> None:
    assert "a finite number" in [v.rule for v in broken("momentum", {"engagement": value})]
    # nullable or not
    assert "a finite number" in [v.rule for v in broken("visitor_month", {"minutes": value})]


def test_the_largest_value(broken: Broken) -> None:
    assert broken("cleaned_usage", {"value": LARGEST_VALUE}) == []
    assert [v.column for v in broken("cleaned_usage", {"value": LARGEST_VALUE * 1.01})] == ["value"]


# ------------------------------------------------------------------------------ keys and size


def test_a_key_is_unique(broken: Broken) -> None:
    (found,) = broken("cleaned_usage", {}, {}, {}, {"feature": "Y"}, {"visitor_id": "w"})
    # One key, which stands three times.
    assert found.line() == (
        "cleaned_usage.client_id+visitor_id+audience+feature+measure: expected a unique key, "
        "1 row not so (first: client_id='a', visitor_id='v', audience='external', feature='X', "
        "measure='clicks', rows=3)"
    )


def test_rows_without_a_visitor_have_a_key_all_the_same(broken: Broken) -> None:
    nobody = {"visitor_id": None}
    apart = [nobody, nobody | {"client_id": "b"}, nobody | {"audience": "internal"}, {}]
    assert broken("cleaned_usage", *apart) == []
    (found,) = broken("cleaned_usage", *apart, nobody)
    assert [(row["client_id"], row["visitor_id"], row["rows"]) for row in found.rows] == [
        ("a", None, 2)
    ]


def test_rows_that_differ_in_one_part_of_the_key_are_no_repetition(broken: Broken) -> None:
    others = [{"client_id": "b"}, {"visitor_id": "b"}, {"feature": "b"}, {"measure": "minutes"}]
    assert broken("cleaned_usage", {}, *others) == []


def test_parts_of_a_key_do_not_run_together(broken: Broken) -> None:
    rows = [{"client_id": "a", "visitor_id": "bc"}, {"client_id": "ab", "visitor_id": "c"}]
    assert broken("visitor_month", *rows) == []


def test_some_tables_are_never_empty_and_others_may_be(broken: Broken) -> None:
    assert broken("quarantine") == []
    assert broken("cleaned_usage") == []
    (found,) = broken("visitor_month")
    assert found.line() == "visitor_month.*: expected at least one row, 0 rows not so"


# ----------------------------------------------------------------------------------- messages


def test_the_first_five_rows_in_key_order(broken: Broken) -> None:
    rows = [{"visitor_id": f"v{n}", "value": float(-n)} for n in (7, 3, 5, 1, 6, 2, 4)]
    (found,) = broken("cleaned_usage", *rows, {"visitor_id": "v0"})
    assert found.count == 7
    assert [row["visitor_id"] for row in found.rows] == ["v1", "v2", "v3", "v4", "v5"]
    assert found.line().startswith(
        "cleaned_usage.value: expected more than 0, 7 rows not so (first: client_id='a', "
        "visitor_id='v1', audience='external', feature='X', measure='clicks', value=-1.0; "
        "client_id='a', visitor_id='v2'"
    )


def test_every_broken_rule_is_told(broken: Broken) -> None:
    found = broken("cleaned_usage", {"value": -1.0, "audience": "staff"}, {"visitor_id": ""})
    assert [v.column for v in found] == ["visitor_id", "audience", "value"]


def test_rows_are_told_by_where_they_were_delivered(broken: Broken) -> None:
    sources = arrow.table(
        {
            "source_file": ["b.csv", "a.csv", "a.csv", "a.csv"],
            "source_row": [9, 12, 3, 4],
            "client_id": ["a", "a", "a", "a"],
            "visitor_id": ["v", "v", "w", "good"],
        }
    )
    schema = {"source_file": "string", "source_row": "int64"}
    schema |= {"client_id": "string", "visitor_id": "string"}
    traced = engine().arrow("sources", sources, ibis.schema(schema))
    changes = [{"visitor_id": v, "days_active": 40.0} for v in ("v", "w")]
    (found,) = broken("visitor_month", *changes, {"visitor_id": "good"}, traced_to=traced)
    assert found.count == 2
    # Visitor v was delivered in two rows.
    assert [(row["source_file"], row["source_row"], row["visitor_id"]) for row in found.rows] == [
        ("a.csv", 3, "w"),
        ("a.csv", 12, "v"),
        ("b.csv", 9, "v"),
    ]
    assert "source_file='a.csv', source_row=3, " in found.line()
    assert "days_active=40.0" in found.line()


def test_a_row_without_a_visitor_is_told_by_where_it_was_delivered(broken: Broken) -> None:
    sources = arrow.table(
        {
            "source_file": ["a.csv", "a.csv"],
            "source_row": [2, 3],
            "client_id": ["a", "b"],
            "visitor_id": arrow.array([None, None], arrow.string()),
        }
    )
    schema = {"source_file": "string", "source_row": "int64"}
    schema |= {"client_id": "string", "visitor_id": "string"}
    traced = engine().arrow("sources", sources, ibis.schema(schema))
    nobody = {"visitor_id": None, "days_active": 40.0}
    (found,) = broken("visitor_month", nobody, traced_to=traced)
    assert [(row["source_row"], row["client_id"]) for row in found.rows] == [(2, "a")]


# ------------------------------------------------------------------------------- declarations


def test_a_check_without_an_expression_is_an_error() -> None:
    contract = pa.DataFrameSchema(
        name="odd", columns={"x": pa.Column(str, pa.Check.str_endswith("z"))}
    )
    with pytest.raises(KeyError, match="str_endswith"):
        rules_of(contract)


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_contract_says_what_a_row_and_a_column_is(name: str) -> None:
    contract = CONTRACTS[name]
    assert contract.name == name
    assert contract.description
    assert contract.metadata["grain"]
    assert contract.unique
    assert set(contract.unique) <= set(contract.columns)
    assert all(column.description for column in contract.columns.values())
    # Exports without visitors are told apart by client and audience.
    assert {key for key in contract.unique if contract.columns[key].nullable} <= {"visitor_id"}
    assert rules_of(contract)
    assert list(schema_of(contract).names) == list(contract.columns)
