"""Every clause of what exports may look like, beside its nearest neighbour that is refused.

A folder of tests/intake is a clause, all of it by hand. The inbox `accepted/` gives the rows of
`expected.csv`, refuses the cells of `quarantine.csv`, marks the months of `partial.txt` and says
what `notes.txt` asks for. The inbox `refused/` is refused for one reason that holds every line of
`refusal.txt`, and gives the rows of `refused.csv`, mostly none.
"""

import csv
import gzip
import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import intake_load
import pytest
from intake import binary

CLAUSES = Path(__file__).parents[1] / "intake"
USAGE = ("month", "client_id", "visitor_id", "audience", "feature", "measure", "value")
QUARANTINE = ("source_file", "source_row", "column", "value", "reason")

ALL = sorted(path.name for path in CLAUSES.iterdir() if (path / "expected.csv").exists())
# No neighbour to refuse: these say what a text means, not whether it is an export
# (`audience-...`, `ids-...`, `separators-...`, `suffix-...`), or set rows apart without a fault of
# the file (`anonymous-...`, `placeholders`, `excluded-...`).
WITH_NEIGHBOUR = [name for name in ALL if (CLAUSES / name / "refusal.txt").exists()]
# Not here, since they are about two deliveries or the clock: a name that reappears with other
# bytes, a file taken out of the inbox, the archive, a month that is not over.


def load(clause: str, inbox: str, folder: Path) -> intake_load.Loaded:
    """One inbox of a clause, with the clause's lookups or the default ones."""
    lookups = default_lookups(folder)
    (folder / "inbox").mkdir()
    for source, target in (("lookups", lookups), (inbox, folder / "inbox")):
        if (CLAUSES / clause / source).exists():
            shutil.copytree(CLAUSES / clause / source, target, dirs_exist_ok=True)
    binary.write(clause, inbox, folder / "inbox")
    return intake_load.load(folder / "inbox", lookups)


def default_lookups(folder: Path) -> Path:
    lookups = folder / "lookups"
    lookups.mkdir()
    (lookups / "product_areas.csv").write_text("feature,area\nReports | Charts,Reports\n")
    (lookups / "internal_domains.csv").write_text("domain\nvendor.example\n")
    (lookups / "scoring.yaml").write_text("")
    return lookups


def lines(clause: str, name: str) -> list[str]:
    path = CLAUSES / clause / name
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def rows(clause: str, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(lines(clause, name)))


def usage(found: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Rows in order, values as numbers and no visitor as a blank."""
    texts = [tuple(str(row[name] or "") for name in USAGE[:-1]) for row in found]
    return sorted(
        (*text, f"{float(row['value']):.6f}") for text, row in zip(texts, found, strict=True)
    )


def quarantine(found: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return sorted(tuple(str(row[name] or "") for name in QUARANTINE) for row in found)


@pytest.mark.parametrize("clause", ALL)
def test_clause(clause: str, tmp_path: Path) -> None:
    loaded = load(clause, "accepted", tmp_path)
    assert loaded.problems == []
    assert usage(loaded.usage) == usage(rows(clause, "expected.csv"))
    assert quarantine(loaded.quarantine) == quarantine(rows(clause, "quarantine.csv"))
    assert loaded.partial == lines(clause, "partial.txt")
    for text in lines(clause, "notes.txt"):
        assert any(text in note for note in loaded.notes), (text, loaded.notes)


@pytest.mark.parametrize("clause", WITH_NEIGHBOUR)
def test_nearest_neighbour_is_refused(clause: str, tmp_path: Path) -> None:
    loaded = load(clause, "refused", tmp_path)
    wanted = [text.casefold() for text in lines(clause, "refusal.txt")]
    assert any(all(text in line.casefold() for text in wanted) for line in loaded.problems), (
        wanted,
        loaded.problems,
    )
    assert not any("\n" in line for line in loaded.problems)
    assert usage(loaded.usage) == usage(rows(clause, "refused.csv"))


def the_refusal(name: str, content: bytes, folder: Path) -> str:
    (folder / "inbox").mkdir()
    (folder / "inbox" / name).write_bytes(content)
    lookups = default_lookups(folder)
    loaded = intake_load.load(folder / "inbox", lookups)
    assert loaded.usage == []
    [line] = loaded.problems
    assert name in line
    return line


def test_fifty_thousand_columns_are_the_refusal(tmp_path: Path) -> None:
    header = ",".join(f"Clicks for F{n}" for n in range(50_000))
    content = f"Account ID,Visitor ID,{header}\nacme,v1{',1' * 50_000}\n".encode()
    assert "columns" in the_refusal("usage 2024-05.csv", content, tmp_path)


def test_gzip_bomb_is_refused(tmp_path: Path) -> None:
    member = gzip.compress(b"0" * 2**24)  # a thousandth of its size; members follow one another
    head = gzip.compress(binary.TEXT.encode() + b"acme,v3,")
    the_refusal("usage 2024-05.csv.gz", head + member * 512, tmp_path)  # 8 GB


def test_workbook_bomb_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO(binary.workbook({"Usage": binary.USAGE}))
    the_refusal("usage 2024-05.xlsx", swollen(stream), tmp_path)


def swollen(book: io.BytesIO) -> bytes:
    """The workbook with 300 MB of spaces in its sheet, a thousandth of that in the file."""
    grown = io.BytesIO()
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(grown, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name)
            if name.endswith("sheet1.xml"):
                text = text.replace(b"</sheetData>", b" " * 300_000_000 + b"</sheetData>")
            new.writestr(name, text)
    return grown.getvalue()
