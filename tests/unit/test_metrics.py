"""Metric cells: numbers, blanks, and what is refused and why."""

from collections.abc import Sequence

import pyarrow as pa
import pytest

from healthscore_assets.contracts.columns import LARGEST_VALUE
from healthscore_assets.pendo.cleaning.metrics import Metric, parse_metric


def parsed(cells: Sequence[object], measure: str = "clicks") -> Metric:
    return parse_metric(pa.chunked_array([pa.array(cells)]), measure)


def value(cell: object, measure: str = "clicks") -> float | None:
    return parsed([cell], measure).values[0].as_py()


def reason(cell: object, measure: str = "clicks") -> str | None:
    """Why the cell is refused; None where it is not."""
    refused = parsed([cell], measure).refused
    assert len(refused) <= 1
    return next(iter(refused), None)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("0", 0),
        ("7", 7),
        ("-0", 0),
        (" 7 ", 7),
        ("+7", 7),
        ("7.0", 7),
        ("7.", 7),
        ("1,000", 1000),
        ("1,234,567", 1234567),
        ("1,000.00", 1000),
        ("1e5", 100_000),
        ("1E5", 100_000),
        ("1.5e1", 15),
    ],
)
def test_what_is_a_count(cell: str, number: float) -> None:
    assert value(cell) == number
    assert reason(cell) is None


@pytest.mark.parametrize("cell", ["", " ", "--", "null", "NULL", "None", "nan", "NaN"])
def test_what_says_that_nothing_was_collected(cell: str) -> None:
    # "--" beside "1,000": a cell means the same whatever else its column holds
    metric = parsed([cell, "1,000"])
    assert metric.values.to_pylist() == [None, 1000]
    assert metric.refused == {}


@pytest.mark.parametrize(
    "cell",
    [
        "abc",
        "1,00",
        "1,0000",
        ",100",
        "1 000",
        "1_000",
        "0x10",
        "12:30",
        "2024-01-01",
        "$5",
        "5%%",
        "%",
        "'5",
        "5 clicks",
        "1e",
        "e5",
        ".",
        "-",
        "true",
        "inf",
        "٥",  # ARABIC-INDIC DIGIT FIVE
        "1\u00a0000",
        "5\x00",
    ],
)
def test_what_is_not_a_number(cell: str) -> None:
    assert reason(cell) == "not_a_number"
    assert value(cell) is None


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("-5", "negative"),
        (-5, "negative"),
        (-0.5, "negative"),
        ("1.5", "not_whole"),
        (1.5, "not_whole"),
        (".5", "not_whole"),
        (float("inf"), "too_large"),
        ("1e999", "too_large"),
        (float("nan"), "not_a_number"),
        (2**53 + 1, "too_large"),  # a whole number that a float cannot hold
        ("99999999999999999999", "too_large"),
        (LARGEST_VALUE * 1.1, "too_large"),
    ],
)
def test_numbers_that_cannot_be_true(cell: object, why: str) -> None:
    assert reason(cell) == why
    assert value(cell) is None


def test_the_largest_amount_is_accepted_and_the_next_is_not() -> None:
    assert value(LARGEST_VALUE) == LARGEST_VALUE
    assert reason(LARGEST_VALUE + 1) == "too_large"


def test_a_month_has_no_more_than_31_days() -> None:
    assert value("31", "days_active") == 31
    assert reason("32", "days_active") == "too_large"


@pytest.mark.parametrize("measure", ["clicks", "page_views", "days_active"])
def test_counts_are_whole(measure: str) -> None:
    assert reason("1.5", measure) == "not_whole"


def test_minutes_have_decimals() -> None:
    assert value("1.5", "minutes") == 1.5
    assert value(".25", "minutes") == 0.25
    assert value(12.283333, "minutes") == 12.283333


def test_minutes_are_kept_to_six_decimals_as_the_tables_add_them_up() -> None:
    assert value("0.12345678", "minutes") == 0.123457
    assert value(0.0000004, "minutes") == 0


def test_reasons_come_with_their_rows_and_the_cells_as_they_stood() -> None:
    metric = parsed(["1", "-2", "x", "", " 2.5", "-3"])
    assert metric.values.to_pylist() == [1, None, None, None, None, None]
    rows = {why: indices.to_pylist() for why, indices in metric.refused.items()}
    assert rows == {"not_a_number": [2], "negative": [1, 5], "not_whole": [4]}
    assert metric.text[4].as_py() == " 2.5"


def test_a_column_without_any_cell_collected() -> None:
    metric = parse_metric(pa.chunked_array([pa.nulls(2)]), "clicks")
    assert metric.values.to_pylist() == [None, None]
    assert metric.values.type == pa.float64()
