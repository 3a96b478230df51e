"""A table written as CSV, workbook, Parquet, Avro or API answer, with dirt around its cells."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

Cell = str | int | float | date | None

WIDE_FORMATS = ("csv", "csv", "csv.gz", "xlsx", "parquet")
LONG_FORMATS = (*WIDE_FORMATS, "json", "avro")
TITLES = ("Visitor usage", "Exported by Ann", "All visitors, all apps; no segment", "Source: Pendo")
NOTHING = ("", "0", "--", "null", "0.0")
LONGEST = 2**62
"""Beyond it a number is no whole number of 64 bits."""
API_NAMES = {"client": "accountId", "visitor": "visitorId"}


def chance(rng: random.Random, share: float) -> bool:
    return rng.randrange(100) < share * 100


@dataclass
class Column:
    """``kind`` is ``client``, ``visitor``, ``feature``, ``date``, ``metric`` or ``other``."""

    kind: str
    header: str
    cells: Sequence[Cell]


@dataclass
class Sheet:
    """Columns of equal length; ``total_below`` is the kind of the column that says Total."""

    rows: int
    total_below: str | None = None
    columns: list[Column] = field(default_factory=list)

    def add(self, kind: str, header: str, cells: Sequence[Cell]) -> None:
        assert len(cells) == self.rows
        self.columns.append(Column(kind, header, cells))

    def add_metric(self, header: str, values: Sequence[float]) -> None:
        self.add("metric", header, values)


def written(sheet: Sheet, file_format: str, rng: random.Random) -> bytes:
    if file_format == "csv":
        return _csv(sheet, rng)
    if file_format == "csv.gz":
        return gzip.compress(_csv(sheet, rng), compresslevel=1, mtime=0)
    if file_format == "xlsx":
        return _workbook(sheet, rng)
    if file_format == "parquet":
        return _parquet(sheet, rng)
    return _api_answer(sheet, rng) if file_format == "json" else _avro(sheet, rng)


def number_text(value: float, rng: random.Random) -> str:
    """A number as a person or a spreadsheet writes it; nothing in five ways."""
    if value == 0:
        return rng.choice(NOTHING)
    if value != int(value):
        return rng.choice((f"{value}", f"{value:,}"))
    return rng.choice((f"{int(value)}", f"{int(value):,}", f"{int(value)}.0", f" {int(value)} "))


def _table(sheet: Sheet, rng: random.Random) -> list[list[str]]:
    """Header, rows and total row as text."""
    columns = []
    for column in sheet.columns:
        if column.kind == "metric":
            cells = [number_text(float(str(cell)), rng) for cell in column.cells]
            total = number_text(sum(float(str(cell)) for cell in column.cells), rng)
        else:
            cells = ["" if cell is None else str(cell) for cell in column.cells]
            total = "Total" if column.kind == sheet.total_below else ""
        if column.kind in ("client", "visitor") and chance(rng, 0.2):
            cells = [f" {cell} " for cell in cells]
        columns.append([column.header, *cells, *([total] if sheet.total_below else [])])
    return [list(row) for row in zip(*columns, strict=True)]


def _csv(sheet: Sheet, rng: random.Random) -> bytes:
    table = _table(sheet, rng)
    if chance(rng, 0.3):
        # As programs write titles: alone in the row, or with the row filled up.
        width = rng.choice((1, len(table[0])))
        titles = rng.sample(TITLES, rng.randint(1, 3))
        table = [[title, *[""] * (width - 1)] for title in titles] + table
    text = io.StringIO(newline="")
    terminator = rng.choice(("\n", "\r\n"))
    quoting = rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    delimiter = rng.choice(",,,;\t")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=terminator, quoting=quoting)
    blanks = chance(rng, 0.2)
    for row in table:
        writer.writerow(row)
        if blanks and chance(rng, 0.3):
            text.write(terminator)
    whole = text.getvalue()
    if chance(rng, 0.2):
        whole = whole.removesuffix(terminator)
    return _encoded(whole, rng)


def _encoded(text: str, rng: random.Random) -> bytes:
    encoding = rng.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252"))
    if encoding.startswith("utf-16"):
        return ("\ufeff" + text).encode(encoding)
    if encoding == "cp1252":
        try:
            content = text.encode(encoding)
        except UnicodeEncodeError:
            return text.encode()
        # Bytes that happen to be UTF-8 as well would be read as that.
        return content if content.decode(errors="replace").count("\ufffd") else text.encode()
    return text.encode(encoding)


def _workbook(sheet: Sheet, rng: random.Random) -> bytes:
    """The table on one of the sheets, on the first or below titles; numbers typed or as text."""
    text = chance(rng, 0.3)
    rows: list[list[Cell]] = [list(row) for row in _table(sheet, rng)]
    for n, column in enumerate(sheet.columns):
        for number, cell in enumerate(column.cells, start=1):
            if column.kind == "metric" and not text:
                rows[number][n] = cell if cell or chance(rng, 0.5) else None
            elif column.kind == "date":
                rows[number][n] = cell
    titles = rng.sample(TITLES, rng.randint(1, 3)) if chance(rng, 0.3) else []
    rows = [*([title] for title in titles), *rows]
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(stream, options) as book:
        dates = book.add_format({"num_format": "yyyy-mm-dd"})
        if chance(rng, 0.3):
            book.add_worksheet("Read me").write_string(0, 0, "Pulled by Ann")
        page = book.add_worksheet("Usage")
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if isinstance(cell, date):
                    page.write_datetime(r, c, cell, dates)
                elif isinstance(cell, str):
                    page.write_string(r, c, cell)
                elif cell is not None:
                    page.write_number(r, c, cell)
    return stream.getvalue()


def _typed(column: Column, rng: random.Random) -> pa.Array:
    """A Parquet column: numbers as whole ones where they are, as floats, or as text."""
    if column.kind == "date":
        return pa.array(column.cells)
    if column.kind != "metric":
        return pa.array([None if cell == "" else cell for cell in column.cells], pa.string())
    values = [float(str(cell)) for cell in column.cells]
    if chance(rng, 0.2):
        return pa.array([number_text(value, rng) for value in values])
    kept = [value if value or chance(rng, 0.5) else None for value in values]
    if all(v is None or (v == int(v) and v < LONGEST) for v in kept) and chance(rng, 0.7):
        return pa.array([None if v is None else int(v) for v in kept], pa.int64())
    return pa.array(kept, pa.float64())


def _parquet(sheet: Sheet, rng: random.Random) -> bytes:
    stream = io.BytesIO()
    columns = [_typed(column, rng) for column in sheet.columns]
    table = pa.Table.from_arrays(columns, [column.header for column in sheet.columns])
    pq.write_table(table, stream, compression=rng.choice(("none", "snappy", "zstd")))
    return stream.getvalue()


def _records(sheet: Sheet, rng: random.Random) -> list[dict[str, Cell]]:
    """Rows with the names that programs use; a value that is not there is null or left out."""
    records: list[dict[str, Cell]] = [{} for _ in range(sheet.rows)]
    for column in sheet.columns:
        header = unicodedata.normalize("NFKC", column.header)
        name = "".join(c for c in header if c.isalnum() or c == "_")
        name = API_NAMES.get(column.kind, name)
        for record, cell in zip(records, column.cells, strict=True):
            if column.kind == "metric":
                value = float(str(cell))
                whole = int(value) if value == int(value) and value < LONGEST else value
                record[name] = whole if value or chance(rng, 0.5) else None
            else:
                record[name] = cell
    return records


def _api_answer(sheet: Sheet, rng: random.Random) -> bytes:
    records = _records(sheet, rng)
    if chance(rng, 0.5):
        for record in records[1:]:  # the first keeps the names
            for name in [name for name, cell in record.items() if cell is None]:
                del record[name]
    answer = {"startTime": 1714521600000, "results": records} if chance(rng, 0.8) else records
    ascii_only, indent = chance(rng, 0.5), rng.choice((None, 2))
    return json.dumps(answer, ensure_ascii=ascii_only, indent=indent).encode()


def _avro(sheet: Sheet, rng: random.Random) -> bytes:
    records = _records(sheet, rng)
    kinds = {name: {type(record[name]) for record in records} for name in records[0]}
    names = {str: "string", int: "long", float: "double", type(None): "null"}
    fields = [
        {"name": name, "type": ["null", *sorted({names[kind] for kind in found} - {"null"})]}
        for name, found in kinds.items()
    ]
    stream = io.BytesIO()
    schema = {"type": "record", "name": "row", "fields": fields}
    fastavro.writer(stream, schema, records, codec=rng.choice(("null", "deflate")))
    return stream.getvalue()
