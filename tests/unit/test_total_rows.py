"""Total rows: dropped where their sums match, refused where they do not."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from healthscore_assets.pendo.cleaning.export_rows import ExportRows
from healthscore_assets.pendo.cleaning.metric_codes import MetricCodes
from healthscore_assets.pendo.export_file import understand_file
from healthscore_assets.pendo.headers.grammar import Vocabulary
from healthscore_assets.pendo.periods import with_months
from healthscore_assets.reading.sidecar import SAYS_NOTHING

HEADER = "Account ID,Visitor ID,Clicks for X,Clicks for Y\n"
ROWS = "a,v,1,10\nb,w,2,20\n"  # the sums are 3 and 30


@dataclass
class Read:
    rows: pa.Table
    cells: pa.Table
    quarantine: list[dict[str, Any]]
    total_rows: int


def read(folder: Path, text: str, month: str = "2024-05") -> Read:
    path = folder / "2024-05.csv"
    path.write_text(text, encoding="utf-8")
    (export,) = understand_file(path, path.name, Vocabulary())
    export, _ = with_months(path, export, SAYS_NOTHING, None)
    file = ExportRows(path, export, month, MetricCodes(), as_text={*export.metrics})
    parts = list(file)
    return Read(
        pa.concat_tables([part.rows for part in parts]),
        pa.concat_tables([part.cells for part in parts]),
        [line for part in parts for line in part.quarantine.to_pylist()],
        file.sums.total_rows,
    )


def refused(read_: Read) -> list[tuple[int, str, str, str]]:
    """Row, column, value and reason of each quarantined cell."""
    names = ("source_row", "column", "value", "reason")
    return [tuple(line[name] for name in names) for line in read_.quarantine]


@pytest.mark.parametrize(
    "total",
    [
        "Total,,3,30",
        ",Total,3,30",
        "TOTAL,total,3,30",
        "Grand Total,,3,30",
        "totals,,3,30",
        "Sum,,3,30",
        "Total:,,3,30",
        "All Accounts,,3,30",
        " Total , ,3,30",
        "Total,,,30",  # a blank stands for any sum
        "Total,,,",
        'Total,,"3","30"',
        "Total,,3.0,3e1",
    ],
)
def test_a_total_that_is_the_sum_is_dropped(tmp_path: Path, total: str) -> None:
    found = read(tmp_path, HEADER + ROWS + total + "\n")
    assert found.total_rows == 1
    assert found.rows["client_id"].to_pylist() == ["a", "b"]
    assert refused(found) == []


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_total_may_stand_anywhere(tmp_path: Path, place: int) -> None:
    lines = ROWS.splitlines(keepends=True)
    lines.insert(place, "Total,,3,30\n")
    assert read(tmp_path, HEADER + "".join(lines)).total_rows == 1


def test_a_total_that_is_not_the_sum_is_refused_cell_by_cell(tmp_path: Path) -> None:
    found = read(tmp_path, HEADER + ROWS + "Total,,3,31\n")
    assert found.total_rows == 0
    assert refused(found) == [
        (4, "Clicks for X", "3", "total_mismatch"),
        (4, "Clicks for Y", "31", "total_mismatch"),
    ]


def test_a_total_of_nothing_is_no_total_of_something(tmp_path: Path) -> None:
    found = read(tmp_path, HEADER + ROWS + "Total,,0,0\n")
    assert refused(found) == [(4, "Account ID", "Total", "total_mismatch")]


def test_two_totals_are_not_added_to_each_other(tmp_path: Path) -> None:
    found = read(tmp_path, HEADER + "Total,,3,30\n" + ROWS + "Grand Total,,3,30\n")
    assert (found.total_rows, refused(found)) == (2, [])


def test_of_two_totals_each_is_judged_alone(tmp_path: Path) -> None:
    found = read(tmp_path, HEADER + ROWS + "Total,,3,30\nTotal,,4,\n")
    assert found.total_rows == 1
    assert refused(found) == [(5, "Clicks for X", "4", "total_mismatch")]


@pytest.mark.parametrize(
    ("cell", "reason"), [("-3", "negative"), ("many", "not_a_number"), ("3.5", "not_whole")]
)
def test_a_total_that_is_no_number_matches_no_sum(tmp_path: Path, cell: str, reason: str) -> None:
    found = read(tmp_path, HEADER + ROWS + f"Total,,{cell},\n")
    assert found.total_rows == 0
    assert sorted(refused(found)) == [
        (4, "Account ID", "Total", "total_mismatch"),
        (4, "Clicks for X", cell, reason),
    ]


def test_a_large_total_must_match_to_the_click(tmp_path: Path) -> None:
    rows = "a,v,20000000,1\n"
    assert read(tmp_path, HEADER + rows + "Total,,20000000,1\n").total_rows == 1
    assert read(tmp_path, HEADER + rows + "Total,,20000001,1\n").total_rows == 0


def test_minutes_match_to_six_decimals(tmp_path: Path) -> None:
    header = "Account ID,Visitor ID,Time On Page (minutes) for X\n"
    rows = "a,v,0.1\nb,w,0.2\n"  # as floats 0.30000000000000004
    assert read(tmp_path, header + rows + "Total,,0.3\n").total_rows == 1
    assert read(tmp_path, header + rows + "Total,,0.30001\n").total_rows == 0


def test_only_a_total_row(tmp_path: Path) -> None:
    found = read(tmp_path, HEADER + "Total,,3,\n")
    assert refused(found) == [(2, "Clicks for X", "3", "total_mismatch")]


@pytest.mark.parametrize(
    "row",
    [
        "Total,v,3,30",  # a client of that name, with a visitor
        "a,Total,3,30",  # a visitor of that name, with a client
        "Total Energies,x,3,30",
        "Subtotal,x,3,30",
    ],
)
def test_a_client_or_visitor_named_total_is_kept(tmp_path: Path, row: str) -> None:
    found = read(tmp_path, HEADER + ROWS + row + "\n")
    assert found.total_rows == 0
    assert found.rows.num_rows == 3
    assert refused(found) == []


def test_a_row_without_a_client_is_part_of_the_sum(tmp_path: Path) -> None:
    # Pendo adds up what it lists: 3 + 5 = 8 and 30 + 0 = 30.
    found = read(tmp_path, HEADER + ROWS + ",x,5,\nTotal,,8,30\n")
    assert found.total_rows == 1
    assert refused(found) == [(4, "Clicks for X", "5", "no_client_id")]


def test_a_total_is_that_of_its_month(tmp_path: Path) -> None:
    text = (
        "Account ID,Visitor ID,Month,Clicks for X\n"
        "a,v,2024-05,1\nb,w,2024-05,2\nTotal,,2024-05,3\n"
        "a,v,2024-06,9\nTotal,,2024-06,9\n"
    )
    for month, clicks in (("2024-05", [1, 2]), ("2024-06", [9])):
        found = read(tmp_path, text, month)
        assert (found.total_rows, refused(found)) == (1, [])
        assert found.cells["value"].to_pylist() == clicks


def test_an_average_is_no_client(tmp_path: Path) -> None:
    found = read(tmp_path, HEADER + ROWS + "Average,,1.5,15\n")
    assert found.total_rows == 0
    assert {line["reason"] for line in found.quarantine if line["source_row"] == 4} >= {
        "total_mismatch"
    }
    assert found.rows["client_id"].to_pylist() == ["a", "b"]
