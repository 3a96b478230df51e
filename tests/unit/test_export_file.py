"""One file, understood or refused: every refusal names the file and says what to do."""

import gzip
from pathlib import Path

import pytest

from healthscore_assets.pendo.export_file import ExportFile, segment_named, understand_file
from healthscore_assets.pendo.headers.grammar import Vocabulary
from healthscore_assets.reading.refused import ExportRefused

HEADER = "Account ID,Visitor ID,Clicks for X\n"


def understood(folder: Path, content: str | bytes, name: str = "2024-05.csv") -> ExportFile:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (export,) = understand_file(path, name, Vocabulary())
    return export


def refusal(folder: Path, content: str | bytes, name: str = "2024-05.csv") -> str:
    with pytest.raises(ExportRefused) as refused:
        understood(folder, content, name)
    return str(refused.value)


def test_the_columns_of_a_wide_export(tmp_path: Path) -> None:
    export = understood(
        tmp_path,
        "Visitor ID,City,Account ID,Days Active,Clicks for A > B,Page Views for A > B\n"
        "v,,a,3,1,2\n",
    )
    roles = [column.role for column in export.columns]
    assert roles == ["visitor_id", "metadata", "client_id", "days_active", "metric", "metric"]
    assert (export.shape, export.layout.header_row, export.segment) == ("wide_visitor", 1, None)
    assert export.index("client_id") == 2
    assert export.index("email") is None


def test_the_column_map_comes_back_from_json(tmp_path: Path) -> None:
    export = understood(tmp_path, HEADER + "a,v,1\n", "2024-05 Internal ü.csv")
    again = ExportFile.from_json(export.source_file, export.shape, export.to_json())
    assert again == export
    assert again.segment == "internal"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "the file is empty; export it again"),
        ("\n", "holds blank lines only; export it again"),
        ("\ufeff", "holds blank lines only; export it again"),
        (" , ,\na,v,1\n", "row 2: no client column among 3 columns (a, v, 1)"),
        (HEADER, "has a header but no rows; export it again"),
        (HEADER + "\n\n", "has a header but no rows; export it again"),
        (
            b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
            "is not a table in text (it holds zero bytes); save it as CSV UTF-8",
        ),
        (
            "Visitor ID,City,Clicks for X\nv,b,1\n",
            "row 1: no client column among 3 columns (Visitor ID, City, Clicks for X); "
            "expected a header such as Account",
        ),
        (
            "Account ID,Email,Clicks for X\na,b,1\n",
            "row 1: no visitor column among 3 columns (Account ID, Email, Clicks for X), though "
            "'Email' says a row is",
        ),
        (
            "Account ID/Visitor ID/Clicks for X\na/v/1\n",
            "row 1: no client column among 1 columns (Account ID/Visitor ID/Clicks for X)",
        ),
        (
            "Account ID,Client,Visitor ID,Clicks for X\na,b,v,1\n",
            "row 1: the columns 'Account ID' and 'Client' could both be the client; "
            "rename or delete one of them",
        ),
        (
            "Account ID,Account ID,Visitor ID,Clicks for X\na,b,v,1\n",
            "row 1: the columns 'Account ID' and 'Account ID' could both be the client",
        ),
        (
            "Account ID,Visitor ID,User ID,Clicks for X\na,v,u,1\n",
            "row 1: the columns 'Visitor ID' and 'User ID' could both be the visitor",
        ),
        (
            "Account ID,Visitor ID,Month,Period,Clicks for X\na,v,2024-05,2024-05,1\n",
            "row 1: the columns 'Month' and 'Period' could both be the month",
        ),
        (
            "Account ID,Visitor ID,Is Internal,Visitor Type,Clicks for X\na,v,no,staff,1\n",
            "could both be the mark of internal visitors",
        ),
        (
            "Account ID,Visitor ID,City\na,v,b\n",
            "row 1: no feature column among 3 columns (Account ID, Visitor ID, City); "
            "expected headers such as 'Clicks for X'",
        ),
        ('Account ID,Visitor ID,"Clicks for X\na,v,1\n', "row 1: is not a table"),
    ],
)
def test_a_file_that_is_no_export(tmp_path: Path, content: str | bytes, says: str) -> None:
    line = refusal(tmp_path, content)
    assert line.startswith("2024-05.csv")
    assert says in line
    assert "\n" not in line


def test_only_six_columns_are_named_in_a_refusal(tmp_path: Path) -> None:
    header = ",".join(["Visitor ID", *(f"c{n}" for n in range(20))])
    assert "among 21 columns (Visitor ID, c0, c1, c2, c3, c4, ...)" in refusal(
        tmp_path, header + "\nv\n"
    )


def test_zero_bytes_far_into_the_header(tmp_path: Path) -> None:
    header = f"Account ID,Visitor ID,{'z' * 5000},Clicks for a\0b\n"
    assert "zero bytes" in refusal(tmp_path, header + "a,v,z,1\n")


def test_gzip_is_read_by_its_name_in_any_case(tmp_path: Path) -> None:
    packed = gzip.compress((HEADER + "a,v,1\n").encode())
    assert len(understood(tmp_path, packed, "2024-05.csv.gz").columns) == 3
    assert len(understood(tmp_path, packed, "2024-05.CSV.GZ").columns) == 3


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda _: b"Account ID", "is not a gzip file; export it again or drop .gz"),
        (lambda packed: packed[:15], "is a broken gzip file; copy it again"),
        (lambda packed: packed[:11] + b"\xff" * 30, "is a broken gzip file; copy it again"),
    ],
    ids=["plain text", "cut off", "overwritten"],
)
def test_a_broken_gzip_file(tmp_path: Path, damage, says: str) -> None:
    packed = gzip.compress((HEADER + "a,v,1\n" * 50).encode())
    assert says in refusal(tmp_path, damage(packed), "2024-05.csv.gz")


@pytest.mark.parametrize(
    "row",
    ['"Acme" Inc,v,1', 'Jim "J" Doe,v,1', f"{'z' * 200_000},v,1", b"caf\xe9,v,1"],
    ids=["text after a quote", "quotes inside", "a long cell", "not UTF-8"],
)
def test_what_the_rows_hold_does_not_matter_to_the_header(tmp_path: Path, row) -> None:
    # The same row further down is left to the cleaning; the first row is no different.
    text = row if isinstance(row, bytes) else row.encode()
    assert len(understood(tmp_path, HEADER.encode() + text + b"\n").columns) == 3


def test_the_second_name_and_the_second_email_are_metadata(tmp_path: Path) -> None:
    export = understood(
        tmp_path,
        "Account ID,Account Name,Company Name,email,Visitor Email,Visitor ID,Clicks for X\n"
        "a,A,B,x@y.z,,v,1\n",
    )
    assert [(c.header, c.role) for c in export.columns[1:4]] == [
        ("Account Name", "client_name"),
        ("Company Name", "metadata"),
        ("email", "email"),
    ]
    assert [column.role for column in export.columns].count("metadata") == 2


def test_repeated_and_blank_headers_are_no_problem(tmp_path: Path) -> None:
    export = understood(tmp_path, "Account ID,Visitor ID,Clicks for X,Clicks for X,,\na,v,1,2,,\n")
    assert [column.role for column in export.columns[2:]] == [
        "metric",
        "metric",
        "metadata",
        "metadata",
    ]


@pytest.mark.parametrize(
    ("name", "segment"),
    [
        ("201401 External Usage Pendo File.csv", "external"),
        ("201401 INTERNAL.csv", "internal"),
        ("internal_2024-05.csv", "internal"),
        ("2024-05.csv", None),
        ("internal and external 2024-05.csv", None),
        ("internally 2024-05.csv", None),
        ("internal/2024-05.csv", None),  # a folder is no segment
    ],
)
def test_the_segment_in_a_file_name(name: str, segment: str | None) -> None:
    assert segment_named(name) == segment
