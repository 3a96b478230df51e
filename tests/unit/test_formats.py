"""Rows of workbooks, Parquet, Avro and JSON: numbers, text, row numbers, and what is refused."""

import datetime as dt
import io
import json
import random
import zipfile
import zlib
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from healthscore_assets.reading.formats import api_answer, avro_file, parquet_file, workbook
from healthscore_assets.reading.formats.batch import Batch, Layout, NotTyped, Opening
from healthscore_assets.reading.refused import ExportRefused

UTC = dt.UTC


def header_of(opening: Opening) -> Layout:
    """The layout whose header is the first row."""
    row, names = opening.rows[0]
    known = opening.layout
    return Layout(known.format, names, row, known.sheet)


def texts_of(format_: ModuleType, path: Path, layout: Layout) -> list[tuple[Any, ...]]:
    """Row number and the text of every column."""
    columns = range(len(layout.header))
    return rows_of(list(format_.batches(path, path.name, layout, [], columns)))


def rows_of(batches: list[Batch]) -> list[tuple[Any, ...]]:
    """Row number and cells."""
    rows: list[tuple[Any, ...]] = []
    for batch in batches:
        cells = [column.to_pylist() for column in batch.cells.columns]
        rows += zip(batch.source_row.to_pylist(), *cells, strict=True)
    return rows


def numbers_of(format_: ModuleType, path: Path, layout: Layout, column: int) -> list[float | None]:
    read = format_.batches(path, path.name, layout, [column], [])
    return [number for _, number in rows_of(list(read))]


def refusal(format_: ModuleType, path: Path) -> str:
    """Why all of the file cannot be read."""
    with pytest.raises(ExportRefused) as refused:
        read_all(format_, path)
    line = str(refused.value)
    assert "\n" not in line
    return line


def read_all(format_: ModuleType, path: Path) -> None:
    for opening in format_.openings(path, path.name):
        layout = header_of(opening)
        columns = range(len(layout.header))
        format_.count(path, path.name, layout)
        format_.text_columns(path, path.name, layout, columns)
        list(format_.batches(path, path.name, layout, [], columns))


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A title, a blank row, a header in row 4 from column B, and a blank row in the table."""
    path = tmp_path / "usage.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("May")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write(1, 1, "Usage in May")
        sheet.write_row(3, 1, ["Account ID", "Day", "Clicks for X", ""])
        sheet.write(3, 5, "Minutes")
        sheet.write_row(4, 1, ["007", None, 4])
        sheet.write_datetime(4, 2, dt.datetime(2024, 5, 1), day)
        sheet.write_row(6, 1, [123456789012, "x", 1000.5, None, "--"])
        sheet.write_row(7, 1, [4, True])
        sheet.write_formula(7, 5, "=1/0", None, "#DIV/0!")
        book.add_worksheet("Empty")
        hidden = book.add_worksheet("Hidden")
        hidden.hide()
        hidden.write(0, 0, "a")
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=May!$D$5:$D$8"})
        book.add_chartsheet("Chart").set_chart(chart)
    return path


MAY = Layout("xlsx", ("Account ID", "Day", "Clicks for X", "", "Minutes"), 4, sheet="May")


def test_a_workbook_opens_with_each_sheet_that_holds_anything(book: Path) -> None:
    may, hidden = workbook.openings(book, book.name)
    assert may.layout == Layout("xlsx", (), 0, sheet="May")
    assert may.rows[:3] == (
        (2, ("Usage in May", "", "", "", "")),
        (4, ("Account ID", "Day", "Clicks for X", "", "Minutes")),
        (5, ("007", "2024-05-01", "4", "", "")),
    )
    assert hidden.layout.sheet == "Hidden"
    assert hidden.rows == ((1, ("a",)),)


def test_rows_of_a_workbook_have_the_numbers_that_excel_shows(book: Path) -> None:
    assert texts_of(workbook, book, MAY) == [
        (5, "007", "2024-05-01", "4", "", ""),
        (7, "123456789012", "x", "1000.5", "", "--"),
        (8, "4", "true", "", "", "#DIV/0!"),
    ]


def test_numbers_of_a_workbook(book: Path) -> None:
    assert numbers_of(workbook, book, MAY, 2) == [4.0, 1000.5, None]


def test_an_error_is_no_blank_cell(book: Path) -> None:
    layout = MAY
    with pytest.raises(NotTyped) as refused:
        numbers_of(workbook, book, layout, 4)
    assert refused.value.column == 4
    assert workbook.text_columns(book, book.name, layout, [2, 4]) == {4}


def test_rows_of_a_workbook_are_counted_below_the_header(book: Path) -> None:
    assert workbook.count(book, book.name, MAY) == 3


def test_a_row_of_empty_texts_is_blank(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("S")
        for row, text in enumerate(["Account ID", "a", "zz", "b"]):
            sheet.write_string(row, 0, text)
    edit(path, "xl/sharedStrings.xml", b"<t>zz</t>", b"<t></t>")
    layout = Layout("xlsx", ("Account ID",), 1, sheet="S")
    assert texts_of(workbook, path, layout) == [(2, "a"), (4, "b")]
    assert workbook.count(path, path.name, layout) == 2


def edit(path: Path, part: str, old: bytes, new: bytes) -> None:
    """Replace bytes in a part of a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new)
    write_zip(path, parts)


def write_zip(path: Path, parts: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


SHEET = "xl/worksheets/sheet1.xml"


def test_what_follows_the_data_of_a_sheet_is_no_row(book: Path) -> None:
    stray = b'</sheetData><row r="9"><c r="C9"><v>12</v></c></row>'
    edit(book, SHEET, b"</sheetData>", stray)
    layout = header_of(workbook.openings(book, book.name)[0])
    # rows 4, 5, 7 and 8 below the title in row 2
    assert workbook.count(book, book.name, layout) == 4
    assert [row for row, *_ in texts_of(workbook, book, layout)] == [4, 5, 7, 8]


@pytest.mark.parametrize("place", ["XFD1048576", "ZZZZZZ9", "A99999999"])
def test_a_cell_far_away_is_refused_before_it_takes_the_memory(book: Path, place: str) -> None:
    edit(book, SHEET, b"</sheetData>", f'<c r="{place}"><v>1</v></c></sheetData>'.encode())
    assert "delete the cells outside of the table" in refusal(workbook, book)


def test_a_blank_formatted_cell_far_away_is_none(book: Path) -> None:
    far = b'<row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData>'
    edit(book, SHEET, b"</sheetData>", far)
    assert len(texts_of(workbook, book, MAY)) == 3
    assert workbook.count(book, book.name, MAY) == 3


def test_a_bomb_is_refused_by_what_it_says_of_itself(book: Path) -> None:
    edit(book, SHEET, b"</sheetData>", b"</sheetData>" + b" " * (101 << 20))
    assert "unpacks to 101 MB" in refusal(workbook, book)


def test_a_bomb_that_lies_about_its_size_is_refused(book: Path) -> None:
    edit(book, SHEET, b"</sheetData>", b"</sheetData>" + b" " * (101 << 20))
    with zipfile.ZipFile(book) as archive:
        told = archive.getinfo(SHEET).file_size
    content = book.read_bytes().replace(told.to_bytes(4, "little"), (5000).to_bytes(4, "little"))
    book.write_bytes(content)
    assert "of another size than it says" in refusal(workbook, book)


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"Account ID,Visitor ID\n")
    assert refusal(workbook, path) == (
        "a.xlsx: is not a workbook (File is not a zip file); save it again as .xlsx"
    )
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500))
    assert "is protected by a password, or an old .xls workbook" in refusal(workbook, path)
    write_zip(path, {"a.txt": b"a"})
    assert "is a zip file without a workbook" in refusal(workbook, path)


def test_a_workbook_of_empty_sheets_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet()
    assert refusal(workbook, path) == ("a.xlsx: has no sheet with anything in it; export it again")


def parquet(folder: Path, *columns: pa.Array, names: list[str] | None = None) -> Path:
    path = folder / "usage.parquet"
    names = names or [f"column {n}" for n in range(len(columns))]
    pq.write_table(pa.Table.from_arrays(list(columns), names=names), path)
    return path


def parquet_layout(path: Path) -> Layout:
    (opening,) = parquet_file.openings(path, path.name)
    return header_of(opening)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (pa.array(["a", None]), "a"),
        (pa.array(["a", None]).dictionary_encode(), "a"),
        (pa.array([4, None]), "4"),
        (pa.array([4.0, None]), "4.0"),
        (pa.array([123456789012.0, None]), "123456789012.0"),
        (pa.array([Decimal("1.50"), None]), "1.50"),
        (pa.array([2**64 - 1, None], pa.uint64()), "18446744073709551615"),
        (pa.array([False, None]), "false"),
        (pa.array([dt.date(2024, 5, 1), None]), "2024-05-01"),
        (pa.array([1500, None], pa.timestamp("ms")), "1970-01-01T00:00:01.5"),
        (pa.array([0, None], pa.timestamp("ms", "UTC")), "1970-01-01T00:00:00+00:00"),
        (pa.array([{"x": 1, "y": [None]}, None]), '{"x":1,"y":[null]}'),
        (pa.array(["ä".encode(), None]), "ä"),
    ],
)
def test_text_of_a_parquet_column(tmp_path: Path, column: pa.Array, text: str) -> None:
    path = parquet(tmp_path, column)
    assert texts_of(parquet_file, path, parquet_layout(path)) == [(1, text), (2, "")]


@pytest.mark.parametrize(
    ("column", "numbers"),
    [
        (pa.array([4, None]), [4.0, None]),
        (pa.array([1.5, float("nan")]), [1.5, None]),
        (pa.array([Decimal("1.50"), None]), [1.5, None]),
        (pa.array([0, 1], pa.uint8()), [0.0, 1.0]),
        (pa.nulls(2), [None, None]),
        (pa.array(["--", ""]), [None, None]),
    ],
)
def test_numbers_of_a_parquet_column(
    tmp_path: Path, column: pa.Array, numbers: list[float | None]
) -> None:
    path = parquet(tmp_path, column)
    assert numbers_of(parquet_file, path, parquet_layout(path), 0) == numbers


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["4", ""]),
        pa.array([True]),
        pa.array([dt.date(2024, 5, 1)]),
        pa.array([2**53 + 1]),  # A double would make 2**53 of it.
        pa.array([float("inf")]),
        pa.array([[1]]),
    ],
)
def test_more_than_numbers_in_a_parquet_column(tmp_path: Path, column: pa.Array) -> None:
    path = parquet(tmp_path, pa.array(range(len(column))), column)
    with pytest.raises(NotTyped) as refused:
        numbers_of(parquet_file, path, parquet_layout(path), 1)
    assert refused.value.column == 1


def test_parquet_columns_are_told_apart_by_position(tmp_path: Path) -> None:
    nested = pa.array([{"x": 1, "y": 2}])
    columns = [nested, pa.array([3]), pa.array([4]), pa.array(["5"])]
    path = parquet(tmp_path, *columns, names=["a", "a.x", "b", "b"])
    layout = parquet_layout(path)
    assert layout.header == ("a", "a.x", "b", "b")
    batches = list(parquet_file.batches(path, path.name, layout, [1, 2], [3]))
    assert rows_of(batches) == [(1, 3.0, 4.0, "5")]
    assert parquet_file.text_columns(path, path.name, layout, [0, 1, 2, 3]) == {0, 3}
    assert parquet_file.count(path, path.name, layout) == 1


def test_parquet_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = parquet(tmp_path, pa.array([b"\xff"]))
    assert "usage.parquet, column 'column 0': holds what is not text" in refusal(parquet_file, path)
    path.write_bytes(path.read_bytes()[:-20])
    assert "cannot be read as Parquet" in refusal(parquet_file, path)
    wide = pa.array([1])
    path = parquet(tmp_path, *[wide] * 16_385)
    assert "has 16385 columns, more than 16384" in refusal(parquet_file, path)


SCHEMA = {
    "type": "record",
    "name": "Row",
    "fields": [
        {"name": "accountId", "type": ["null", "string"]},
        {"name": "day", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "numEvents", "type": ["null", "long"]},
        {"name": "minutes", "type": "double"},
        {"name": "nested", "type": {"type": "map", "values": "int"}},
        {"name": "either", "type": ["int", "string"]},
    ],
}
DAY = dt.datetime(2024, 5, 1, tzinfo=UTC)
RECORDS = [
    {"accountId": "a", "day": DAY, "numEvents": 4, "minutes": 4.0, "nested": {"x": 1}, "either": 1},
    {"accountId": None, "day": DAY, "numEvents": None, "minutes": 0.5, "nested": {}, "either": ""},
]
NAMES = ("accountId", "day", "numEvents", "minutes", "nested", "either")


def avro(folder: Path, schema: Any = SCHEMA, records: Any = RECORDS, codec: str = "null") -> Path:
    path = folder / "usage.avro"
    with path.open("wb") as stream:
        fastavro.writer(stream, schema, records, codec=codec)
    return path


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_rows_of_an_avro_file(tmp_path: Path, codec: str) -> None:
    path = avro(tmp_path, codec=codec)
    (opening,) = avro_file.openings(path, path.name)
    assert opening == Opening(Layout("avro", (), 0), ((0, NAMES),))
    layout = header_of(opening)
    assert texts_of(avro_file, path, layout) == [
        (1, "a", "2024-05-01T00:00:00+00:00", "4", "4.0", '{"x":1}', "1"),
        (2, "", "2024-05-01T00:00:00+00:00", "", "0.5", "{}", ""),
    ]
    assert numbers_of(avro_file, path, layout, 2) == [4.0, None]
    assert numbers_of(avro_file, path, layout, 3) == [4.0, 0.5]
    assert avro_file.text_columns(path, path.name, layout, range(6)) == {0, 1, 4, 5}
    assert avro_file.count(path, path.name, layout) == 2
    with pytest.raises(NotTyped):
        numbers_of(avro_file, path, layout, 1)


@pytest.mark.parametrize("codec", ["snappy", "zstd"])
def test_codecs_that_fastavro_leaves_to_others(tmp_path: Path, codec: str) -> None:
    head, body = split(avro(tmp_path))
    records, packed = body[0:1], body[2 : 2 + body[1] // 2]
    shrunk = bytes(pa.compress(packed, codec=codec, asbytes=True))
    if codec == "snappy":
        shrunk += zlib.crc32(packed).to_bytes(4, "big")
    named = head.replace(b"\x08null", {"snappy": b"\x0csnappy", "zstd": b"\x12zstandard"}[codec])
    path = tmp_path / "usage.avro"
    path.write_bytes(named + records + varint(len(shrunk)) + shrunk + head[-16:])
    assert texts_of(avro_file, path, Layout("avro", NAMES, 0))[0][1] == "a"


def split(path: Path) -> tuple[bytes, bytes]:
    """An Avro file of one block, after the marker that ends its header."""
    content = path.read_bytes()
    sync = content[-16:]
    at = content.index(sync) + 16
    assert content[at + 1] < 128, "a size of one byte"
    return content[:at], content[at:]


def varint(number: int) -> bytes:
    """A whole number that is not negative, as Avro writes it."""
    rest, out = number << 1, b""
    while rest > 127:
        out, rest = out + bytes([rest & 127 | 128]), rest >> 7
    return out + bytes([rest])


@pytest.mark.parametrize(
    ("cut", "why"),
    [
        (varint(2**60) + varint(4) + b"aaaa", "a block of 4 bytes says that it holds 1152921504"),
        (varint(1) + varint(2**40) + b"a", "says that 1099511627776 bytes follow"),
        (varint(1) + varint(4) + b"\x02\xff\xff\xff", "a record is not as the schema says"),
        (varint(1) + b"\xff" * 11, "has no number where one should be"),
    ],
)
def test_an_avro_block_that_cannot_be_is_refused(tmp_path: Path, cut: bytes, why: str) -> None:
    head, _ = split(avro(tmp_path))
    path = tmp_path / "usage.avro"
    path.write_bytes(head + cut + head[-16:])
    assert why in refusal(avro_file, path)


def test_avro_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    schema = {"type": "record", "name": "r", "fields": [{"name": "accountId", "type": "bytes"}]}
    path = avro(tmp_path, schema, [{"accountId": b"acme"}])
    assert texts_of(avro_file, path, Layout("avro", ("accountId",), 0)) == [(1, "acme")]
    path = avro(tmp_path, schema, [{"accountId": b"acme"}, {"accountId": b"\xff\xfe"}])
    with pytest.raises(ExportRefused, match="cannot be read as Avro: 'utf-8' codec can't decode"):
        texts_of(avro_file, path, Layout("avro", ("accountId",), 0))


def test_an_avro_block_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    head, _ = split(avro(tmp_path, codec="deflate"))
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(pack.compress(bytes(1 << 20)) for _ in range(257)) + pack.flush()
    path = tmp_path / "usage.avro"
    path.write_bytes(head + varint(1) + varint(len(bomb)) + bomb + head[-16:])
    assert "a block unpacks to more than 256 MB" in refusal(avro_file, path)


def deep_schema() -> Any:
    schema: Any = "int"
    for _ in range(200):
        schema = {"type": "array", "items": schema}
    return schema


@pytest.mark.parametrize(
    ("field", "why"),
    [
        (["null", "Row"], "refers to 'Row' within it"),
        ({"type": "array", "items": "null"}, "an array of nothing"),
        (deep_schema(), "more than 32 levels deep"),
    ],
)
def test_an_avro_schema_that_unfolds_without_end_is_refused(
    tmp_path: Path, field: Any, why: str
) -> None:
    fields = [{"name": "a", "type": "int"}, {"name": "b", "type": field}]
    schema = json.dumps({"type": "record", "name": "Row", "fields": fields}).encode()
    path = tmp_path / "usage.avro"
    key = b"avro.schema"
    entry = varint(len(key)) + key + varint(len(schema)) + schema
    path.write_bytes(b"Obj\x01" + varint(1) + entry + varint(0) + bytes(16))
    assert why in refusal(avro_file, path)


def test_an_avro_codec_without_library_is_refused(tmp_path: Path) -> None:
    path = avro(tmp_path, codec="bzip2")
    assert "is compressed with 'bzip2', and only null, deflate, snappy" in refusal(avro_file, path)


def answer(folder: Path, content: str | bytes) -> Path:
    path = folder / "usage.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def json_layout(path: Path) -> Layout:
    (opening,) = api_answer.openings(path, path.name)
    return header_of(opening)


ANSWER = """{"startTime": 1, "more": {"results": [1]}, "results": [
  {"accountId": "007", "day": 1714521600000, "numEvents": 4, "numMinutes": 4.5},
  {"accountId": "b", "numEvents": null, "numMinutes": 0, "meta": {"x": [1, {"y": "ä"}], "z": {}}},
  ["no object"],
  {"accountId": "c", "numEvents": true}
]}"""


def test_rows_of_an_answer(tmp_path: Path) -> None:
    path = answer(tmp_path, ANSWER)
    layout = json_layout(path)
    assert layout.header == ("accountId", "day", "numEvents", "numMinutes", "meta")
    (batch,) = api_answer.batches(path, path.name, layout, [], range(5))
    assert rows_of([batch]) == [
        (1, "007", "1714521600000", "4", "4.5", ""),
        (2, "b", "", "", "0", '{"x":[1,{"y":"ä"}],"z":{}}'),
        (4, "c", "", "true", "", ""),
    ]
    assert batch.misshapen == [(3, '["no object"]')]
    assert numbers_of(api_answer, path, layout, 3) == [4.5, 0.0, None]
    assert api_answer.text_columns(path, path.name, layout, [2, 3]) == {2}
    assert api_answer.count(path, path.name, layout) == 4


@pytest.mark.parametrize("cell", ["9007199254740993", '"4"', "false", "[]"])
def test_more_than_numbers_in_an_answer(tmp_path: Path, cell: str) -> None:
    # A double would make 9007199254740992 of the first.
    path = answer(tmp_path, f'[{{"a": 1}}, {{"a": {cell}}}]')
    with pytest.raises(NotTyped):
        numbers_of(api_answer, path, json_layout(path), 0)


def test_a_list_of_objects_is_an_answer_too(tmp_path: Path) -> None:
    path = answer(tmp_path, b'\xef\xbb\xbf[{"a": 1, "a": 2}]')
    assert texts_of(api_answer, path, json_layout(path)) == [(1, "2")]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"results": null}', "usage.json: holds no results; pull it again, or take it away"),
        ('{"results": []}', "holds no results"),
        ('{"message": "forbidden"}', "holds no results"),
        ('{"results": 5}', "holds 'results' that are not a list of objects"),
        ('{"results": [], "results": []}', "holds 'results' twice"),
        ("5", "is a number, not an answer"),
        ("", "is not JSON in UTF-8 (parse error: premature EOF)"),
        ('[{"a": 1}, {"a": ]', "usage.json, row 2: is not JSON in UTF-8"),
        ('[{"a": 1}][]', "trailing garbage"),
        ('[{"a": "ä"}]'.encode("latin1"), "invalid bytes in UTF8 string"),
        ('[{"a": 1}]'.encode("utf-16"), "is not JSON in UTF-8"),
        (f'[{{"a": {"9" * 5000}}}]', "integer overflow"),
        ('[{"a": 1e999}]', "overflow"),
        (f'[{{"a": [{"1," * 600_000}1]}}]', "has a nested value of more than 1 MB"),
        (f'[{{"a": "{"x" * (33 << 20)}"}}]', "has a cell of more than 32 MB"),
        ("[" + ",".join(f'{{"k{n}":1}}' for n in range(17_000)) + "]", "16384 different keys"),
    ],
)
def test_what_is_no_answer_is_refused(tmp_path: Path, content: str | bytes, why: str) -> None:
    assert why in refusal(api_answer, answer(tmp_path, content))


def test_a_long_cell_and_a_deep_one_are_read(tmp_path: Path) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    path = answer(tmp_path, f'[{{"a": "{"x" * 10_000_000}", "b": {deep}}}]')
    ((_, long, nested),) = texts_of(api_answer, path, json_layout(path))
    assert len(long) == 10_000_000
    assert nested == deep


def damaged(content: bytes, dice: random.Random) -> bytes:
    """Bytes changed, cut, doubled or overwritten with what numbers go wrong on."""
    out = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        at, size = dice.randrange(len(out)), dice.choice([1, 1, 2, 4, 40])
        match dice.randrange(5):
            case 0:
                out[at] ^= 1 << dice.randrange(8)
            case 1:
                out[at : at + size] = dice.randbytes(size)
            case 2:
                del out[at : at + size]
            case 3:
                out[at:at] = out[at : at + size]
            case 4:
                out[at : at + size] = dice.choice([b"\xff", b"\x00", b"9", b"<", b"\x7f"]) * size
        if not out:
            return b""
    return bytes(out)


def damaged_book(content: bytes, dice: random.Random) -> bytes:
    """A workbook with a damaged part, and a zip file without fault around it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    part = dice.choice([name for name in parts if name.startswith("xl/")])
    parts[part] = damaged(parts[part], dice)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return packed.getvalue()


@pytest.mark.parametrize("format_", [workbook, parquet_file, avro_file, api_answer])
def test_damaged_files_are_read_or_refused(tmp_path: Path, book: Path, format_: ModuleType) -> None:
    columns = [pa.array(["a", "b", None] * 9), pa.array([1, 2, None] * 9), pa.array([[1]] * 27)]
    sound = {
        workbook: book,
        parquet_file: parquet(tmp_path, *columns),
        avro_file: avro(tmp_path, records=RECORDS * 9, codec="deflate"),
        api_answer: answer(tmp_path, ANSWER),
    }[format_].read_bytes()
    dice = random.Random(20240501)
    path = tmp_path / "damaged"
    for turn in range(150):
        parts = format_ is workbook and turn % 2
        path.write_bytes(damaged_book(sound, dice) if parts else damaged(sound, dice))
        with suppress(ExportRefused):
            read_all(format_, path)


@pytest.mark.parametrize("groups", [[3, 0, 4, 1, 2], [10], [0], []])
@pytest.mark.parametrize("pieces", [1, 2, 3, 20])
def test_pieces_of_a_parquet_file_are_its_rows(
    tmp_path: Path, groups: list[int], pieces: int
) -> None:
    path = tmp_path / "of_groups.parquet"
    schema = pa.schema({"n": pa.int64()})
    values = iter(range(100))
    with pq.ParquetWriter(path, schema) as writer:
        for size in groups:
            writer.write_table(pa.table({"n": [next(values) for _ in range(size)]}, schema=schema))
    found = []
    for piece in range(pieces):
        layout = Layout("parquet", ("n",), 0, piece=(piece, pieces))
        for batch in parquet_file.batches(path, "of_groups", layout, [0], []):
            found += zip(batch.source_row.to_pylist(), batch.cells["c0"].to_pylist(), strict=True)
    assert found == [(n + 1, float(n)) for n in range(sum(groups))]
