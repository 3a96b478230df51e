"""Rows of a CSV file: their cells, their numbers in the file, and those of another shape."""

import gzip
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthscore_assets.reading.formats.batch import Batch, Layout, NotTyped
from healthscore_assets.reading.formats.csv_rows import batches, count, text_columns
from healthscore_assets.reading.refused import ExportRefused

HEADER = "Account ID,Visitor ID,Clicks for X"
LAYOUT = Layout("csv", tuple(HEADER.split(",")), 1)
NAME = "2024-05.csv"


def read(folder: Path, content: str | bytes, name: str = NAME) -> Batch:
    """All three columns as one batch; the two ids as text, and the metric where it has to be."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        return joined(batches(path, name, LAYOUT, [2], [0, 1]))
    except NotTyped:
        return joined(batches(path, name, LAYOUT, [], [0, 1, 2]))


def joined(parts: Iterable[Batch]) -> Batch:
    """All batches of a file as one."""
    found = list(parts)
    tables = [batch.cells for batch in found if len(batch.source_row)]
    return Batch(
        pa.concat_tables(tables) if tables else pa.table({}),
        pa.concat_arrays([batch.source_row for batch in found]),
        [row for batch in found for row in batch.misshapen],
    )


def rows_of(read_: Batch) -> list[tuple[object, ...]]:
    """Row number, client, visitor, clicks."""
    cells = [column.to_pylist() for column in read_.cells.columns]
    return list(zip(read_.source_row.to_pylist(), *cells, strict=True))


def refusal(folder: Path, content: str | bytes, name: str = "2024-05.csv") -> str:
    with pytest.raises(ExportRefused) as refused:
        read(folder, content, name)
    return str(refused.value)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "not ended"])
def test_line_ends(tmp_path: Path, end: str, last: bool) -> None:
    text = end.join([HEADER, "a,v,1", "b,w,2"]) + (end if last else "")
    assert rows_of(read(tmp_path, text)) == [(2, "a", "v", 1), (3, "b", "w", 2)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_blank_lines_count_as_rows_but_hold_none(tmp_path: Path, end: str) -> None:
    text = end.join([HEADER, "", "a,v,1", "", "", "b,w,2", "", ""])
    assert rows_of(read(tmp_path, text)) == [(3, "a", "v", 1), (6, "b", "w", 2)]


def test_line_ends_written_twice_are_blank_lines(tmp_path: Path) -> None:
    text = "\r\r\n".join([HEADER, "a,v,1", "b,w,2"])
    assert rows_of(read(tmp_path, text)) == [(3, "a", "v", 1), (5, "b", "w", 2)]


def test_ids_are_text_and_metrics_are_numbers(tmp_path: Path) -> None:
    found = read(tmp_path, f"{HEADER}\n007,1E5,3\n 7 ,null,\n")
    assert rows_of(found) == [(2, "007", "1E5", 3), (3, " 7 ", "null", None)]
    assert found.cells["c2"].type == pa.float64()


@pytest.mark.parametrize("cell", ["x", "12:30", "2024-01-01", "2024-01-01 10:00:00", "true"])
def test_a_column_that_does_not_type_is_text_as_it_stands(tmp_path: Path, cell: str) -> None:
    found = read(tmp_path, f"{HEADER}\na,v,{cell}\nb,w,{cell}\n")
    assert found.cells["c2"].to_pylist() == [cell, cell]


def test_text_is_seen_in_the_first_rows_and_met_in_the_later_ones(tmp_path: Path) -> None:
    path = tmp_path / "2024-05.csv"
    for rows, seen in ((10, {2}), (100_000, set())):
        path.write_text(f"{HEADER}\n" + "a,v,1\n" * rows + "a,v,many\n")
        assert text_columns(path, NAME, LAYOUT, [2]) == seen
        with pytest.raises(NotTyped) as met:
            list(batches(path, NAME, LAYOUT, [2], [1]))
        assert met.value.column == 2


def test_thousands_separators_make_a_column_text(tmp_path: Path) -> None:
    assert read(tmp_path, f'{HEADER}\na,v,"1,000"\n').cells["c2"].to_pylist() == ["1,000"]


def test_ragged_rows_are_set_apart_with_their_numbers(tmp_path: Path) -> None:
    found = read(tmp_path, f"{HEADER}\na,v\nb,w,2\nc,x,3,4\n\n   \nd,y,5\n")
    assert rows_of(found) == [(3, "b", "w", 2), (7, "d", "y", 5)]
    assert found.misshapen == [(2, "a,v"), (4, "c,x,3,4"), (6, "   ")]


def test_only_ragged_rows(tmp_path: Path) -> None:
    found = read(tmp_path, f"{HEADER}\na,v\n")
    assert rows_of(found) == []
    assert found.misshapen == [(2, "a,v")]


def test_a_long_ragged_row_is_shown_by_its_start(tmp_path: Path) -> None:
    ((row, text),) = read(tmp_path, f"{HEADER}\na,{'z' * 1000}\n").misshapen
    assert (row, text) == (2, "a," + "z" * 198)


def test_a_cell_with_a_line_break_is_one_row(tmp_path: Path) -> None:
    found = read(tmp_path, f'{HEADER}\na,"v\nv",1\n\n"b\r\n\r\nb",w,2\nc,x,3\n')
    assert rows_of(found) == [
        (2, "a", "v\nv", 1),
        (4, "b\r\n\r\nb", "w", 2),
        (5, "c", "x", 3),
    ]


def test_a_header_with_a_line_break_is_one_row(tmp_path: Path) -> None:
    text = '"Account\nID",Visitor ID,Clicks for X\na,v,1\nb,w,2\n'
    assert rows_of(read(tmp_path, text)) == [(2, "a", "v", 1), (3, "b", "w", 2)]


def test_quotes_inside_a_cell(tmp_path: Path) -> None:
    found = read(tmp_path, f'{HEADER}\n"A ""B"", C",Jim "J" Doe,1\n"Acme" Inc,5" pipe,2\n')
    assert rows_of(found) == [
        (2, 'A "B", C', 'Jim "J" Doe', 1),
        (3, "Acme Inc", '5" pipe', 2),
    ]


@pytest.mark.parametrize(
    ("rows", "row"),
    [
        ('a,v,1\nb,"w,2\nc,x,3\n', 3),
        ('a,v,1\nb,w,"2\nc,x,3\n', 3),  # in the last cell the row keeps its shape
        ('a,v,1\n"b"",w,2\nc,x,3\n', 3),
    ],
)
def test_a_stray_quote_must_not_swallow_rows(tmp_path: Path, rows: str, row: int) -> None:
    line = refusal(tmp_path, f"{HEADER}\n{rows}")
    assert line == f"2024-05.csv, row {row}: its quotes do not pair up; export it again"


def test_a_stray_quote_far_from_the_end(tmp_path: Path) -> None:
    text = f'{HEADER}\na,v,1\nb,"w,2\n' + "c,x,3\n" * 40_000
    assert "row 3: its quotes do not pair up" in refusal(tmp_path, text)


def test_a_ragged_row_with_a_line_break_is_only_ragged(tmp_path: Path) -> None:
    found = read(tmp_path, f'{HEADER}\n"Paris\nFrance",v\nb,w,2\n')
    assert rows_of(found) == [(3, "b", "w", 2)]
    assert [row for row, _ in found.misshapen] == [2]


def test_long_cells(tmp_path: Path) -> None:
    long = "z" * 3_000_000
    found = read(tmp_path, f"{HEADER}\n\n{long},v,1\nb,w,2\n")
    assert rows_of(found) == [(3, long, "v", 1), (4, "b", "w", 2)]


def test_a_byte_order_mark_is_not_part_of_a_cell(tmp_path: Path) -> None:
    assert rows_of(read(tmp_path, f"\ufeff{HEADER}\na,v,1\n")) == [(2, "a", "v", 1)]


@pytest.mark.parametrize("blank", ["", "\n"], ids=["", "with a blank line"])
def test_names_of_any_script(tmp_path: Path, blank: str) -> None:
    found = read(tmp_path, f"{HEADER}\n{blank}🚀 Ünïted,張,1\n")
    assert found.cells["c0"].to_pylist() == ["🚀 Ünïted"]
    assert found.cells["c1"].to_pylist() == ["張"]


def test_windows_1252_is_read_and_what_is_neither_is_refused(tmp_path: Path) -> None:
    found = read(tmp_path, f"{HEADER}\na,v,1\ncafé,w,2\n".encode("cp1252"))
    assert rows_of(found) == [(2, "a", "v", 1), (3, "café", "w", 2)]
    mixed = f"{HEADER}\ncafé,v,1\n".encode() + b"caf\xe9,w,2\n"
    assert "is UTF-8 text but for byte" in refusal(tmp_path, mixed)


def test_gzip(tmp_path: Path) -> None:
    packed = gzip.compress(f"{HEADER}\na,v,1\n\nb,w\nc,x,3\n".encode())
    found = read(tmp_path, packed, "2024-05.CSV.gz")
    assert rows_of(found) == [(2, "a", "v", 1), (5, "c", "x", 3)]
    assert found.misshapen == [(4, "b,w")]


@pytest.mark.parametrize("damage", ["cut off", "overwritten", "another checksum"])
def test_a_gzip_file_that_breaks_off_later(tmp_path: Path, damage: str) -> None:
    # Long enough, and random enough, that the header is whole.
    rows = "".join(f"a,{n * 7919 % 104_729},{n % 97}\n" for n in range(20_000))
    packed = bytearray(gzip.compress(f"{HEADER}\n{rows}".encode()))
    if damage == "cut off":
        packed = packed[: len(packed) // 2]
    elif damage == "overwritten":
        packed[len(packed) // 2 : len(packed) // 2 + 50] = b"\xff" * 50
    else:
        packed[-6] ^= 1
    line = refusal(tmp_path, bytes(packed), "2024-05.csv.gz")
    assert line == "2024-05.csv.gz: is a broken gzip file; copy it again"


def test_blocks_do_not_break_rows(tmp_path: Path) -> None:
    # More than the 4 MiB that are read at a time, with a blank line before every 50,000th row.
    lines = [f"client-{n},visitor-{n},{n % 10}" for n in range(1, 200_001)]
    for n in (50_000, 100_000, 150_000, 200_000):
        lines[n - 1] = "\n" + lines[n - 1]
    found = read(tmp_path, "\n".join([HEADER, *lines]))
    assert found.cells.num_rows == 200_000
    # The n-th is row n + 1, and one more for each blank line up to it.
    assert found.source_row[0].as_py() == 2
    assert found.source_row[49_998].as_py() == 50_000
    assert found.source_row[49_999].as_py() == 50_002
    assert found.source_row[199_999].as_py() == 200_005


CELL = st.text(st.sampled_from('ab ,"\n\r;é'), min_size=1, max_size=4).filter(
    # Two commas to a line break: what a stray quote in a file of three columns would leave.
    lambda text: "\n" not in text or text.count(",") != 2 * text.count("\n")
)


@given(
    rows=st.lists(st.tuples(CELL, CELL, st.integers(0, 9)), min_size=1, max_size=8), data=st.data()
)
def test_any_text_in_quotes_is_read_back(tmp_path_factory, rows, data) -> None:
    blank = data.draw(st.lists(st.sampled_from(["", "\n"]), min_size=len(rows), max_size=len(rows)))

    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    lines, expected, number = [HEADER], [], 1
    for before, (client, visitor, clicks) in zip(blank, rows, strict=True):
        number += 1 + len(before)
        lines.append(f"{before}{quoted(client)},{quoted(visitor)},{clicks}")
        expected.append((number, client, visitor, clicks))
    folder = tmp_path_factory.mktemp("csv")
    assert rows_of(read(folder, "\n".join(lines))) == expected


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ("a,v,1\nb,w,2\n", 2),
        ("a,v,1\nb,w,2", 2),  # the last line is not ended
        ("a,v,1\n\nb,w,2\n\n", 2),  # blank lines are not rows
        ("a,v,1\r\nb,w,2\r\n", 2),
        ('a,"v\nv",1\nb,w,2\n', 2),  # a quoted line break starts no row
        ("a,v\nb,w,2\n", 2),  # a row with a cell too few is one
        (",,\n", 1),
    ],
)
def test_rows_are_counted_apart_from_the_reading_of_the_cells(
    tmp_path: Path, body: str, rows: int
) -> None:
    path = tmp_path / "2024-05.csv"
    path.write_bytes(b"Account ID,Visitor ID,Clicks for X\n" + body.encode())
    assert count(path, path.name, LAYOUT) == rows
