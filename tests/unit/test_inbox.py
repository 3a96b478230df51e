"""Which files the inbox holds, which months they tell of, and what is wrong with the others."""

import gzip
from pathlib import Path

import pytest
import xlsxwriter

from healthscore_assets.pendo.delivery import Delivery
from healthscore_assets.pendo.inbox import deliveries
from healthscore_assets.pendo.of_month import of_month
from healthscore_assets.pendo.raw_table import raw_rows, taken_in
from healthscore_assets.reading.inbox_files import largest_delivery
from healthscore_assets.reading.refused import ExportRefused, Problem

EXPORT = "Account ID,Visitor ID,Clicks for X\na,v,1\n"
WITH_MONTHS = "Account ID,Visitor ID,Month,Clicks for X\n"


def put(inbox: Path, files: dict[str, str | bytes]) -> dict[str, Delivery]:
    """Write the files and read the inbox, by file."""
    for name, content in files.items():
        path = inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return {delivery.source_file: delivery for delivery in deliveries(inbox)}


def problem(delivery: Delivery) -> str:
    assert delivery.problem is not None
    assert delivery.export is None
    return delivery.problem.line()


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ExportRefused) as refused:
        deliveries(tmp_path / "pendo")
    assert str(refused.value) == (
        f"{tmp_path}/pendo: no such folder; "
        "create it and put Pendo's usage exports in it, or set --exports"
    )


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "pendo").write_text("")
    with pytest.raises(ExportRefused, match="no such folder"):
        deliveries(tmp_path / "pendo")


def test_an_empty_folder_delivers_nothing(tmp_path: Path) -> None:
    assert deliveries(tmp_path) == []


def test_files_and_folders_by_name(tmp_path: Path) -> None:
    found = put(
        tmp_path,
        {
            "b 2024-06.CSV": EXPORT + "b,w,1\n",  # not the bytes of another month
            "a 2024-05.csv": EXPORT,
            "old/2023-12.csv.gz": gzip.compress(EXPORT.encode()),
            "x.csv/May 2024.csv": EXPORT,  # a folder may be called anything
        },
    )
    assert {name: delivery.months for name, delivery in found.items()} == {
        "a 2024-05.csv": ("2024-05",),
        "b 2024-06.CSV": ("2024-06",),
        "old/2023-12.csv.gz": ("2023-12",),
        "x.csv/May 2024.csv": ("2024-05",),
    }
    assert list(found) == sorted(found)
    assert not any(delivery.problem for delivery in found.values())
    may = of_month(list(found.values()), "2024-05")
    assert [d.source_file for d in may] == ["a 2024-05.csv", "x.csv/May 2024.csv"]


@pytest.mark.parametrize(
    "name",
    [
        ".2024-05.csv",
        ".hidden/2024-05.csv",
        "~$2024-05.csv",
        "2024-05.csv.part",
        "2024-05.csv.PART",
        "2024-05.crdownload",
        "2024-05.csv.tmp",
    ],
)
def test_hidden_files_and_downloads_under_way_are_no_deliveries(tmp_path: Path, name: str) -> None:
    assert put(tmp_path, {name: EXPORT}) == {}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "usage.csv",
            "usage.csv: its month cannot be told: neither its name nor a column says it; "
            "put the month in the name, such as 2024-05 or May 2024",
        ),
        ("2024-05-13.csv", "2024-05-13.csv: its name tells a day, not a month; put the month"),
        (
            "2024-05 and 2024-06.csv",
            "its name tells several months (2024-05, 2024-06); put the month in the name",
        ),
        (
            "2024-05.txt",
            "2024-05.txt: is not a kind of file that is read; expected .csv, .csv.gz, .json, "
            ".xlsx, .parquet or .avro",
        ),
        ("2024-05", "2024-05: is not a kind of file that is read"),
        ("2024-05.xlsx", "2024-05.xlsx: is not a workbook"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, name: str, says: str) -> None:
    assert says in problem(put(tmp_path, {name: EXPORT})[name])


def test_the_folder_does_not_tell_the_month(tmp_path: Path) -> None:
    found = put(tmp_path, {"2024-05/usage.csv": EXPORT})["2024-05/usage.csv"]
    assert found.months == ()
    assert "2024-05/usage.csv: its month cannot be told" in problem(found)


def test_a_refused_file_still_tells_its_month(tmp_path: Path) -> None:
    found = put(tmp_path, {"2024-05.csv": "", "usage.csv": "", "2024-06.csv": EXPORT})
    assert found["2024-05.csv"].months == ("2024-05",)
    assert problem(found["2024-05.csv"]) == "2024-05.csv: the file is empty; export it again"
    assert found["usage.csv"].months == ()
    # and the others still load
    assert found["2024-06.csv"].problem is None


def test_a_month_column_goes_before_the_name(tmp_path: Path) -> None:
    text = WITH_MONTHS + "a,v,2024-06,1\na,v,May 2024,1\na,w,2024-06-30,1\n"
    found = put(tmp_path, {"2023-01.csv": text})["2023-01.csv"]
    assert found.months == ("2024-05", "2024-06")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            "a,v,2024-05,1\n\na,w,soon,1\n",
            "usage.csv, row 4, column 'Month': 'soon' is not a date or a month; "
            "expected dates such as 2024-05-31, or months such as 2024-05 or May 2024",
        ),
        ("a,v,,1\n", "usage.csv, row 2, column 'Month': the column is blank"),
    ],
)
def test_a_month_column_with_a_bad_cell(tmp_path: Path, rows: str, says: str) -> None:
    found = put(tmp_path, {"usage.csv": WITH_MONTHS + rows})["usage.csv"]
    assert problem(found).startswith(says)


def test_one_broken_file_does_not_hide_the_others(tmp_path: Path) -> None:
    rows = "".join(f"a,{n * 7919 % 104_729},2024-05,{n % 97}\n" for n in range(20_000))
    packed = gzip.compress((WITH_MONTHS + rows).encode())
    found = put(
        tmp_path,
        {
            "cut.csv.gz": packed[: len(packed) // 2],
            "overwritten 2024-05.csv.gz": packed[:20] + b"\xff" * 50 + packed[70:],
            "2024-06.csv": EXPORT,
        },
    )
    assert problem(found["cut.csv.gz"]).endswith("copy it again")
    assert problem(found["overwritten 2024-05.csv.gz"]).endswith("copy it again")
    assert found["2024-06.csv"].problem is None


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    before = put(tmp_path, {"2024-05.csv": EXPORT})["2024-05.csv"]
    hash_before = before.sha256
    after = put(tmp_path, {"2024-05.csv": EXPORT.replace("Clicks for X", "Clicks for YY")})
    changed = after["2024-05.csv"]
    assert changed.export is not None
    assert changed.export.columns[2].feature == "YY"
    assert changed.sha256 != hash_before


def test_the_largest_delivery_counts_a_folder_as_one(tmp_path: Path) -> None:
    assert largest_delivery(tmp_path / "none") == 0
    (tmp_path / "one.csv").write_bytes(b"x" * 70)
    tree = tmp_path / "datasync" / "export"
    tree.mkdir(parents=True)
    for name in ("a.avro", "b.avro"):
        (tree / name).write_bytes(b"x" * 40)
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    (tree / "round").symlink_to(tmp_path, target_is_directory=True)
    assert largest_delivery(tmp_path) == 80


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    # as an archive made on Windows unpacks
    path = Path(f"{tmp_path}/caf\udce9 2024-05.csv")
    path.write_text(EXPORT)
    (found,) = deliveries(tmp_path)
    assert "its name is not UTF-8; rename it" in problem(found)
    assert problem(found).encode()


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (Problem("f.csv", "is odd", "fix it"), "f.csv: is odd; fix it"),
        (Problem("f.csv", "is odd", "fix it", row=7), "f.csv, row 7: is odd; fix it"),
        (
            Problem("f.csv", "is odd", "fix it", row=7, column="Clicks for\nX"),
            "f.csv, row 7, column 'Clicks for\\nX': is odd; fix it",
        ),
        (Problem("a\nb.csv", "is\n\todd", "fix it"), "a b.csv: is odd; fix it"),
    ],
)
def test_a_problem_is_one_line(problem: Problem, line: str) -> None:
    assert problem.line() == line


# ------------------------------------------------------------------------------ taken in


def test_each_file_of_the_month_is_taken_in_once(tmp_path: Path) -> None:
    text = EXPORT + "\n,,\nb,w\n"  # two rows of three cells and one of two
    found = put(tmp_path, {"2024-05.csv": text, "2024-05 (1).csv": text, "2024-05 b.csv": EXPORT})
    rows = raw_rows(list(found.values()), "2024-05", {}, over=True).to_pylist()
    assert [(row["source_file"], row["rows"]) for row in rows] == [
        ("2024-05 (1).csv", 3),
        ("2024-05 b.csv", 1),
    ]
    assert rows[1]["bytes"] == len(EXPORT)
    assert rows[1]["column_count"] == 3
    assert taken_in(rows[1]).export == found["2024-05 b.csv"].export


def test_rows_of_other_months_are_not_counted(tmp_path: Path) -> None:
    text = WITH_MONTHS + "a,v,2024-05,1\na,v,2024-06,1\na,w,2024-06,1\n"
    found = list(put(tmp_path, {"usage.csv": text}).values())
    counts = [
        raw_rows(found, month, {}, over=True).to_pylist()[0]["rows"]
        for month in ("2024-05", "2024-06")
    ]
    assert counts == [1, 2]


def test_a_month_is_partial_until_an_export_comes_after_its_end(tmp_path: Path) -> None:
    found = list(put(tmp_path, {"2024-05.csv": EXPORT}).values())

    def partial(known: dict[str, bool], *, over: bool) -> bool:
        return taken_in(raw_rows(found, "2024-05", known, over=over).to_pylist()[0]).partial

    assert partial({}, over=False)
    assert not partial({}, over=True)
    # The same bytes do not become complete by waiting.
    assert partial({found[0].sha256: True}, over=True)


def test_a_month_by_what_tells_it(tmp_path: Path) -> None:
    titled = "Date range: 2024-05-01 - 2024-05-31\n" + EXPORT
    found = put(
        tmp_path,
        {
            "2024-04.csv": EXPORT,
            "titled.csv": titled,
            "aside.csv": EXPORT + "b,w,2\n",
            "aside.csv.yaml": "month: 2024-06\n",
        },
    )
    told = {name: (d.months, d.export and d.export.told_by) for name, d in found.items()}
    assert told == {
        "2024-04.csv": (("2024-04",), "its name"),
        "titled.csv": (("2024-05",), "the days that it tells"),
        "aside.csv": (("2024-06",), "its sidecar"),
    }


def test_each_sheet_of_a_workbook_may_tell_its_month(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "usage, sent 2024-06.xlsx") as book:
        for clicks, name in enumerate(("April 2024", "May 2024", "Notes"), start=1):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["Account ID", "Visitor ID", "Clicks for X"])
            sheet.write_row(1, 0, ["a", "v", clicks])
    found = {d.source_file.rpartition("#")[2]: d.months for d in deliveries(tmp_path)}
    assert found == {"April 2024": ("2024-04",), "May 2024": ("2024-05",), "Notes": ("2024-06",)}


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (
            {"2024-04.csv": "Usage of 2024-05-01 - 2024-05-31\n" + EXPORT},
            "2024-04.csv: its name tells 2024-04, but the days that it tells 2024-05; rename",
        ),
        (
            {"2024-04.csv": EXPORT, "2024-04.csv.yaml": "month: 2024-05\n"},
            "2024-04.csv: its name tells 2024-04, but its sidecar 2024-05; rename",
        ),
    ],
)
def test_a_month_that_is_told_in_two_ways(tmp_path: Path, files: dict[str, str], says: str) -> None:
    assert problem(put(tmp_path, files)["2024-04.csv"]).startswith(says)


def test_successors_of_each_other_are_refused_and_keep_their_month(tmp_path: Path) -> None:
    found = put(
        tmp_path,
        {
            "a 2024-05.csv": EXPORT,
            "b 2024-05.csv": EXPORT.replace("1", "2"),
            "a 2024-05.csv.yaml": "replaces: b 2024-05.csv\n",
            "b 2024-05.csv.yaml": "replaces: a 2024-05.csv\n",
        },
    )
    assert problem(found["a 2024-05.csv"]) == (
        "a 2024-05.csv: is the successor of a file that is its own successor, by `replaces` of "
        "their sidecars; leave `replaces` in the sidecar of the newest file only"
    )
    assert of_month(list(found.values()), "2024-05") == list(found.values())


def test_a_successor_of_a_file_in_another_folder_is_refused(tmp_path: Path) -> None:
    found = put(
        tmp_path,
        {
            "old/a 2024-05.csv": EXPORT,
            "b 2024-05.csv": EXPORT,
            "b 2024-05.csv.yaml": "replaces: old/a 2024-05.csv\n",
        },
    )
    assert problem(found["b 2024-05.csv"]) == (
        "b 2024-05.csv.yaml: replaces: 'old/a 2024-05.csv' is not the name of a file in its "
        "folder; name the older file without its folder, and put both into one"
    )


def test_a_table_above_the_header_is_no_title(tmp_path: Path) -> None:
    found = put(
        tmp_path,
        {
            "usage 2024-05.csv": "Account ID,Visitor ID,Clicks for X\na,v,1\n"
            "Account ID,Visitor ID,Clicks for X,Clicks for Y\nb,w,1,2\n"
        },
    )
    assert problem(found["usage 2024-05.csv"]) == (
        "usage 2024-05.csv, row 3: holds two tables: rows 1 and 3 are both headers; put each into "
        "a file of its own"
    )


def test_a_sheet_named_by_a_month_is_of_the_files_year(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "2024-05.xlsx") as book:
        for name in ("May", "June"):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["Account ID", "Visitor ID", "Clicks for X"])
            sheet.write_row(1, 0, ["a", "v", 1])
    found = {d.source_file.rpartition("#")[2]: d.months for d in deliveries(tmp_path)}
    assert found == {"May": ("2024-05",), "June": ("2024-06",)}


def test_a_sheet_that_looks_like_a_table_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "2024-05.xlsx") as book:
        for name, header in (("Usage", "Account ID"), ("Mehr", "Konto"), ("Notes", "")):
            sheet = book.add_worksheet(name)
            rest = ["Visitor ID", "Clicks for X"] if name == "Usage" else ["Benutzer", "Klicks"]
            sheet.write_row(0, 0, [header, *rest] if header else ["made by Ann"])
            sheet.write_row(1, 0, ["a", "v", 1] if header else ["in May"])
    (found,) = deliveries(tmp_path)
    assert found.export is not None
    assert found.export.notes == ("its sheet 'Mehr' has no header that is known",)


def test_a_sidecar_that_contradicts_the_column(tmp_path: Path) -> None:
    files = {"usage.csv": WITH_MONTHS + "a,v,2024-05,1\n", "usage.csv.yaml": "month: 2024-06\n"}
    assert problem(put(tmp_path, files)["usage.csv"]).startswith(
        "usage.csv: its column 'Month' tells 2024-05, but its sidecar 2024-06; rename"
    )
