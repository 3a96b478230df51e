"""The analysis-ready table, and its copy for spreadsheets."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import ibis
import pytest
from tables import (
    Use,
    areas,
    by,
    client_tables,
    engine,
    found,
    given,
    momentum,
    month_indices,
    of_schema,
)

from healthscore_assets.contracts import (
    ACCOUNTS,
    CLIENT_NAMES,
    CLIENT_SCORES,
    INDEX_SCORES,
    MOMENTUM,
)
from healthscore_assets.lookups.scoring_settings import ScoringSettings
from healthscore_assets.scoring.client_scores import client_scores, spreadsheet_safe

SETTINGS = ScoringSettings()


def table(names: list[tuple[int, str, str]], *, clients: str = "abc", partial: bool = False) -> Any:
    """`client_scores` of clients with 1, 2, 3 clicks; names are (months ago, client, name)."""
    uses = [Use(client, {"P": clicks}) for clicks, client in enumerate(clients, 1)]
    client_area_month, client_month = client_tables(*uses)
    scores = month_indices(client_area_month, client_month, areas("P"), SETTINGS).index_scores
    # As the stage loads them: each table with its months_ago.
    index_scores = given(INDEX_SCORES, found(INDEX_SCORES, scores))
    moves = given(MOMENTUM, found(MOMENTUM, momentum(client_month, SETTINGS)))
    rows = [{"months_ago": ago, "client_id": c, "client_name": name} for ago, c, name in names]
    nobody = given(ACCOUNTS, [])
    names = given(CLIENT_NAMES, rows)
    return client_scores(index_scores, moves, names, nobody, partial=partial)


def rows(*args: Any, **kwargs: Any) -> dict[str, dict[str, Any]]:
    return by(found(CLIENT_SCORES, table(*args, **kwargs)), "client_id")


def test_scores_and_momentum_side_by_side() -> None:
    found_rows = rows([])
    assert [found_rows[c]["total_all"] for c in "abc"] == [0, 50, 100]
    assert [found_rows[c]["engagement"] for c in "abc"] == [1, 2, 3]
    assert found_rows["a"]["small_base"] is True
    assert found_rows["a"]["direction"] is None


def test_the_newest_name_else_the_id() -> None:
    # a is named in both months, b has not been since (not listed, or listed without a name), c
    # never. A name of somebody outside the base goes nowhere.
    named = rows(
        [(0, "a", "New"), (1, "a", "Old"), (3, "b", "Older"), (2, "b", "Bee"), (0, "x", "X")]
    )
    assert {c: row["client_name"] for c, row in named.items()} == {"a": "New", "b": "Bee", "c": "c"}


@pytest.mark.parametrize("partial", [True, False])
def test_a_month_that_is_not_over_says_so(partial: bool) -> None:
    assert {row["partial"] for row in rows([], partial=partial).values()} == {partial}


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_runs_no_cell(first: str) -> None:
    text = f"{first}SUM(A1:A9)"
    safe = engine().rows(spreadsheet_safe(_texts(text)))
    assert safe == [{"text": f"'{text}", "number": -1.5}]


@pytest.mark.parametrize(
    "text", ["Acme", "", "a=b", " =1", "'=1", "(=1)", "first line\n=1", "Ünïted + Söns", "1-800"]
)
def test_other_text_is_left_alone(text: str) -> None:
    assert engine().rows(spreadsheet_safe(_texts(text)))[0]["text"] == text


def test_no_text_stays_no_text() -> None:
    assert engine().rows(spreadsheet_safe(_texts(None)))[0]["text"] is None


def test_the_csv_reads_back_as_it_should(tmp_path: Path) -> None:
    # A formula for a name and for an id, and a name with everything that CSV must quote.
    named = table([(0, "a", "=cmd|' /C calc'!A0"), (0, "b", 'B, "the"\nfirm')], clients="ab@")
    path = tmp_path / "scores.csv"
    engine().write_csv(spreadsheet_safe(named).select(*CLIENT_SCORES.columns), path)
    with path.open(encoding="utf-8", newline="") as file:
        lines = {line["client_id"]: line for line in csv.DictReader(file)}
    names = {client: line["client_name"] for client, line in lines.items()}
    assert names == {"a": "'=cmd|' /C calc'!A0", "b": 'B, "the"\nfirm', "'@": "'@"}
    assert list(lines["a"]) == list(CLIENT_SCORES.columns)
    assert lines["b"]["total_all"] == "50.0"
    assert lines["b"]["engagement_trend"] == ""


def test_the_table_itself_keeps_the_text_as_it_is() -> None:
    assert rows([(0, "a", "=1+1")])["a"]["client_name"] == "=1+1"


def _texts(text: str | None) -> ibis.Table:
    schema = ibis.schema({"text": "string", "number": "float64"})
    return of_schema("texts", schema, [{"text": text, "number": -1.5}]).drop("months_ago")
