"""The files of the clauses that are not text: written when a test runs, from what is read here."""

import datetime
import gzip
import io
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
from intake.binary import Rows, workbook

HEADER = ("Answer ID", "Client", "Date", "Kind", "Score")
TEXT = "Answer ID,Client,Date,Kind,Score\n7,acme,2024-05-01,nps,9\n8,bolt,2024-05-02,csat,5\n"
MAY_1 = 45413  # as spreadsheets count days
SHEET: Rows = (HEADER, (7, "acme", MAY_1, "nps", 9), (8, "bolt", MAY_1 + 1, "csat", 5))
COSTS: Rows = (("Month", "Cost"), ("May", 3), ("June", 4))
BEYOND = (9, "bolt", MAY_1 + 1, "csat", 6)
NOTES: Rows = (("Pulled by Ann",), ("Ask her",))

RECORDS = (
    (7, "acme", datetime.date(2024, 5, 1), "nps", 9),
    (8, "bolt", datetime.date(2024, 5, 2), "csat", 5),
)


def parquet() -> bytes:
    columns: dict[str, Any] = dict(zip(HEADER, zip(*RECORDS, strict=True), strict=True))
    columns["Date"] = pa.array(columns["Date"]).cast(pa.timestamp("us"))  # as of pandas
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def avro() -> bytes:
    names = ("answerId", "client", "date", "kind", "score")
    date = {"type": "int", "logicalType": "date"}
    types = ("long", "string", date, "string", ["null", "long"])
    fields = [{"name": name, "type": of} for name, of in zip(names, types, strict=True)]
    schema = {"type": "record", "name": "answer", "fields": fields}
    stream = io.BytesIO()
    fastavro.writer(stream, schema, [dict(zip(names, r, strict=True)) for r in RECORDS])
    return stream.getvalue()


FILES: dict[str, bytes] = {
    "csv-gz/accepted/surveys/answers.csv.gz": gzip.compress(TEXT.encode()),
    "csv-gz/refused/surveys/answers.csv.gz": gzip.compress(TEXT.encode())[:-9],
    "parquet/accepted/surveys/answers.parquet": parquet(),
    "parquet/refused/surveys/answers.parquet": parquet()[:-9],
    "avro/accepted/surveys/answers.avro": avro(),
    "avro/refused/surveys/answers.avro": avro()[:-9],
    "xlsx/accepted/surveys/answers.xlsx": workbook({"Answers": SHEET}),
    "xlsx/refused/surveys/answers.xlsx": workbook({"Answers": SHEET})[:-9],
    "sheets-that-are-none-of-the-feed-are-passed-over/accepted/surveys/answers.xlsx": workbook(
        {"Notes": NOTES, "EMEA": SHEET[:2], "Costs": COSTS, "US": (HEADER, SHEET[2], BEYOND)}
    ),
    "sheets-that-are-none-of-the-feed-are-passed-over/refused/surveys/answers.xlsx": workbook(
        {"Notes": NOTES, "Costs": COSTS}
    ),
}
"""Path below the folder of the clauses, and content."""


def write(clause: str, exports: str, folder: Path) -> None:
    """The files of one side of a clause that are not text, if it has any."""
    for path, content in FILES.items():
        if path.startswith(f"{clause}/{exports}/"):
            target = folder / path.removeprefix(f"{clause}/{exports}/")
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(content)
