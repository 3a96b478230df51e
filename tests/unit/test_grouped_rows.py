"""Events added up as they are read: as many rows as visitors, and whatever is odd by itself."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_cleaning import Cleaned, read_month

from healthscore_assets.pendo.cleaning import grouped_rows
from healthscore_assets.pendo.cleaning.file_sums import FileSums
from healthscore_assets.pendo.cleaning.grouped_rows import GroupedRows
from healthscore_assets.pendo.cleaning.metric_codes import MetricCodes
from healthscore_assets.pendo.inbox import deliveries
from healthscore_assets.reading.formats import parquet_file

HEADER = ("accountId", "visitorId", "featureId", "day", "numEvents", "numMinutes")
Event = tuple[Any, ...]


def event(
    client: str | None = "acme",
    visitor: str | None = "ann",
    feature: str = "board",
    day: int = 1,
    clicks: int | None = 1,
    minutes: float | None = None,
) -> Event:
    return client, visitor, feature, f"2024-05-{day:02}", clicks, minutes


def write(folder: Path, events: Sequence[Event], group: int = 1_000) -> Path:
    """A Parquet file with so many rows in a group."""
    columns = list(zip(*events, strict=True))
    kinds = [*[pa.string()] * 4, pa.int64(), pa.float64()]
    table = pa.table([pa.array(c, k) for c, k in zip(columns, kinds, strict=True)], names=HEADER)
    path = folder / "inbox" / "events 2024-05.parquet"
    path.parent.mkdir()
    pq.write_table(table, path, row_group_size=group)
    return path


def clean(folder: Path, events: Sequence[Event], group: int = 1_000) -> Cleaned:
    write(folder, events, group)
    month = read_month(folder, {}, "2024-05")
    assert month.sums.agree, month.sums.says
    return month


def handed_on(folder: Path, events: Sequence[Event]) -> tuple[list[Event], int, FileSums]:
    """The rows that are handed on, how many cells, and the sums of the file."""
    path = write(folder, events)
    (delivery,) = deliveries(path.parent)
    assert delivery.export is not None
    rows = GroupedRows(path, delivery.export, "2024-05", MetricCodes(), set())
    parts = list(rows)
    names = ("source_row", "client_id", "visitor_id", "listed_rows", "day", "days")
    table = pa.concat_tables(part.rows for part in parts).select(names)
    cells = sum(part.cells.num_rows for part in parts)
    return [tuple(row.values()) for row in table.to_pylist()], cells, rows.sums


def test_a_visitors_events_are_one_row_and_a_cell_for_each_feature(tmp_path: Path) -> None:
    events = [event(day=n % 3 + 1, feature=f"f{n % 2}", clicks=2) for n in range(1_000)]
    events += [event(visitor="bob", day=31, clicks=0), event(visitor="bob", day=30, clicks=4)]
    rows, cells, sums = handed_on(tmp_path, events)
    # bits: days 1, 2 and 3 are 1 + 2 + 4; the 30th alone is 2**29, as nothing was done on the 31st
    assert rows == [
        (1, "acme", "ann", 1_000, date(2024, 5, 3), 7),
        (1_001, "acme", "bob", 2, date(2024, 5, 30), 2**29),
    ]
    assert cells == 3
    assert sums.engagement == {"clicks": 2_004, "minutes": 0}
    assert (sums.rows, sums.cells, sums.zeros, sums.not_collected) == (1_002, 1_002, 1, 1_002)


@pytest.mark.parametrize("group", [1, 3, 1_000])
def test_what_is_odd_is_set_apart_with_its_row_and_the_rest_adds_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: int
) -> None:
    monkeypatch.setattr(parquet_file, "_ROWS_OF_CODES", group)
    monkeypatch.setattr(grouped_rows, "_ONE_BY_ONE", 2)
    month = clean(
        tmp_path,
        [
            event(minutes=0.1),
            event("_ACME", "_PENDO_T_1", clicks=5),
            event(minutes=0.2, day=2),
            event(None, "ann", clicks=7),
            event(clicks=-1, day=3),
            event(feature=" ", clicks=3),
            event("Total", "", clicks=23, minutes=0.3),
            event(clicks=9, day=2),
            event("4.0", "ann", clicks=1),
            event(clicks=None, minutes=50_000, day=9),
        ],
        group,
    )
    assert month.quarantine == [
        ("events 2024-05.parquet", 2, "numEvents", "5", "anonymous_visitor"),
        ("events 2024-05.parquet", 4, "numEvents", "7", "no_client_id"),
        ("events 2024-05.parquet", 5, "numEvents", "-1", "negative"),
        ("events 2024-05.parquet", 6, "numEvents", "3", "no_feature"),
        ("events 2024-05.parquet", 7, "numEvents", "23", "total_mismatch"),
        ("events 2024-05.parquet", 7, "numMinutes", "0.3", "total_mismatch"),
        ("events 2024-05.parquet", 10, "numMinutes", "50000.0", "too_many_minutes"),
    ]
    assert month.usage == [
        ("4.0", "ann", "board", "clicks", 1),
        ("acme", "ann", "board", "clicks", 11),  # 1 + 1 + 9
        ("acme", "ann", "board", "minutes", 0.3),
    ]
    assert month.visitors == [
        ("4.0", "ann", "external", 1, 1, None),
        # rows 1, 3, 5, 8 and 10; days 1 and 2: nothing counts on the others
        ("acme", "ann", "external", 5, 2, 0.3),
    ]
    assert month.month.read.mangled_ids == 1


def test_tenths_of_minutes_add_up_exactly_whatever_their_order(tmp_path: Path) -> None:
    month = clean(tmp_path, [event(minutes=0.1) for _ in range(30)], group=7)
    assert [row[-1] for row in month.usage if row[3] == "minutes"] == [
        3
    ]  # floats: 3.0000000000000013
    assert month.visitors[0][-1] == 3


def test_spellings_of_a_feature_and_batches_of_a_visitor_make_one_cell(tmp_path: Path) -> None:
    events = [event(feature="a  b"), event(feature="a b", clicks=2), event("b", "bob")]
    _, cells, _ = handed_on(tmp_path, events)
    assert cells == 2
    (tmp_path / "parts").mkdir()
    month = clean(tmp_path / "parts", [*events, event(feature=" a b", clicks=4)], group=1)
    assert month.usage == [("acme", "ann", "a b", "clicks", 7), ("b", "bob", "board", "clicks", 1)]


def test_counts_too_large_to_be_added_up_ahead_are_added_up_one_by_one(tmp_path: Path) -> None:
    month = clean(tmp_path, [event(clicks=10**9), event(clicks=10**9, day=2)])
    assert [row[-1] for row in month.usage] == [2e9]


def test_a_feature_whose_name_holds_zeros_refuses_the_file_naming_the_first(
    tmp_path: Path,
) -> None:
    write(tmp_path, [event(), event(feature="a\0b"), event(feature="a\0b")])
    with pytest.raises(Exception, match=r"row 2: the name of a feature holds zero bytes"):
        read_month(tmp_path, {}, "2024-05")
