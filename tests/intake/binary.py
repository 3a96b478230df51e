"""The files of the clauses that are not text: written when a test runs, from what is read here."""

import gzip
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

Rows = Sequence[Sequence[str | int]]

HEADER = ("Account ID", "Visitor ID", "Clicks for Export")
USAGE: Rows = (HEADER, ("acme", "v1", 3), ("bolt", "v2", 4))
TEXT = "Account ID,Visitor ID,Clicks for Export\nacme,v1,3\nbolt,v2,4\n"
NAME = "usage 2024-05"


def workbook(sheets: Mapping[str, Rows]) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return stream.getvalue()


def parquet(rows: Rows) -> bytes:
    header, *records = rows
    columns = dict(zip(header, map(list, zip(*records, strict=True)), strict=True))
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def avro() -> bytes:
    names = ("accountId", "visitorId", "featureName", "day", "numEvents")
    types = ("string", "string", "string", "string", ["null", "long"])
    fields = [{"name": name, "type": of} for name, of in zip(names, types, strict=True)]
    schema = {"type": "record", "name": "event", "fields": fields}
    records = [
        ("acme", "v1", "Export", "2024-05-02", 3),
        ("bolt", "v2", "Export", "2024-05-02", 4),
        ("bolt", "v3", "Export", "2024-05-02", None),
    ]
    stream = io.BytesIO()
    fastavro.writer(stream, schema, [dict(zip(names, r, strict=True)) for r in records])
    return stream.getvalue()


def _utf16(text: str) -> bytes:
    return b"\xff\xfe" + text.encode("utf-16-le")


ZURICH = TEXT.replace("acme", "Zürich").replace("Export", "Exporté")
NOTES: Rows = (("Pulled by Ann",), ("Ask her",))
SHEETS = {"EMEA": USAGE[:2], "US": (HEADER, USAGE[2])}

FILES: dict[str, bytes] = {
    f"bom-and-nbsp-in-headers/accepted/{NAME}.csv": (
        "\ufeff" + TEXT.replace("t ID", "t\u00a0ID").replace("Clicks for", "Clicks\u00a0for")
    ).encode(),
    f"bom-and-nbsp-in-headers/refused/{NAME}.csv": (
        "\ufeff" + TEXT.replace("t ID", "t\u00b7ID").replace("Clicks for", "Clicks\u00a0for")
    ).encode(),
    # The wide letters of Japanese keyboards are the same letters; Cyrillic ones only look it.
    f"full-width-headers/accepted/{NAME}.csv": TEXT.replace(
        "Account", "\uff21\uff43\uff43\uff4f\uff55\uff4e\uff54"
    ).encode(),
    f"full-width-headers/refused/{NAME}.csv": TEXT.replace("Account", "\u0410ccount").encode(),
    f"utf-16/accepted/{NAME}.csv": _utf16(TEXT),
    f"utf-16/refused/{NAME}.csv": _utf16(TEXT)[:-1],
    f"windows-1252/accepted/{NAME}.csv": ZURICH.encode("cp1252"),
    f"windows-1252/refused/{NAME}.csv": ZURICH.encode() + ZURICH.encode("cp1252"),
    f"csv-gz/accepted/{NAME}.csv.gz": gzip.compress(TEXT.encode()),
    f"csv-gz/refused/{NAME}.csv.gz": gzip.compress(TEXT.encode())[:-9],
    f"xlsx/accepted/{NAME}.xlsx": workbook({"Usage": USAGE}),
    f"xlsx/refused/{NAME}.xlsx": workbook({"Usage": USAGE})[:-9],
    f"xlsx-several-sheets/accepted/{NAME}.xlsx": workbook({"Notes": NOTES} | SHEETS),
    f"xlsx-several-sheets/refused/{NAME}.xlsx": workbook(
        {"Notes": (("Account ID", "Visitor ID", "Remark"), ("acme", "v1", "ask"))} | SHEETS
    ),
    f"parquet/accepted/{NAME}.parquet": parquet(USAGE),
    f"parquet/refused/{NAME}.parquet": parquet(USAGE)[:-9],
    "avro/accepted/usage.avro": avro(),
    "avro/refused/usage.avro": avro()[:-9],
}
"""Path below the folder of the clauses, and content."""


def write(clause: str, inbox: str, folder: Path) -> None:
    """The files of one inbox of a clause, if it has any that are not text."""
    for path, content in FILES.items():
        if path.startswith(f"{clause}/{inbox}/"):
            (folder / Path(path).name).write_bytes(content)
