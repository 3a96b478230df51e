"""Every clause of what feeds may look like, beside its nearest neighbour that is refused.

A folder of tests/feeds is a clause, all of it by hand. The exports `accepted/` give the rows of
`expected.csv`, in the columns that the clause is about, refuse the cells of `quarantine.csv`, pass
over the sheets of `notes.txt` and have tables for the months of `months.txt`, if that is there.
The exports `refused/` give no rows: each is refused for the one reason that holds every line of its
paragraph in `refusal.txt`.
"""

import csv
import shutil
from pathlib import Path
from typing import Any

import feeds_load
import pytest
from feeds import binary

from healthscore_assets.contracts import FEED_TABLES
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.signals.feeds import FEEDS

CLAUSES = Path(__file__).parents[1] / "feeds"
QUARANTINE = ("source_file", "source_row", "column", "value", "reason")

ALL = sorted(path.name for path in CLAUSES.iterdir() if (path / "expected.csv").exists())
# No neighbour to refuse: these say what a text means or which of several rows counts, or refuse
# rows and cells of a file that is taken in, as `quarantine.csv` has them.
WITH_NEIGHBOUR = [name for name in ALL if (CLAUSES / name / "refusal.txt").exists()]
# Not here, since it is about two deliveries: that what is told again makes no month run again.


def load(clause: str, exports: str, folder: Path) -> feeds_load.Loaded:
    """The exports of a clause, with its lookups or none."""
    (folder / "lookups").mkdir()
    (folder / "lookups" / "scoring.yaml").write_text("")
    (folder / "exports").mkdir()
    for source, target in (("lookups", "lookups"), (exports, "exports")):
        if (CLAUSES / clause / source).exists():
            shutil.copytree(CLAUSES / clause / source, folder / target, dirs_exist_ok=True)
    binary.write(clause, exports, folder / "exports")
    return feeds_load.load(folder / "exports", folder / "lookups")


def text(clause: str, name: str) -> str:
    path = CLAUSES / clause / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def records(clause: str, name: str) -> tuple[list[str], list[tuple[str, ...]]]:
    """Header and rows, in the order of their cells."""
    header, *rows = list(csv.reader(text(clause, name).splitlines())) or [[]]
    assert all(len(row) == len(header) for row in rows), (clause, name)
    return header, sorted(tuple(row) for row in rows)


def shown(value: object) -> str:
    """A cell as it is written by hand."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def in_columns(rows: list[dict[str, Any]], columns: list[str]) -> list[tuple[str, ...]]:
    """The rows in some columns; without that of the feed they must be of one."""
    feeds = {row["feed"] for row in rows}
    assert "feed" in columns or len(feeds) <= 1, feeds
    known = {"month", "feed"}.union(*(schema_of(FEED_TABLES[feed][1]) for feed in feeds or FEEDS))
    assert known.issuperset(columns), columns
    return sorted(tuple(shown(row.get(name)) for name in columns) for row in rows)


@pytest.mark.parametrize("clause", ALL)
def test_clause(clause: str, tmp_path: Path) -> None:
    loaded = load(clause, "accepted", tmp_path)
    assert loaded.problems == []
    columns, expected = records(clause, "expected.csv")
    assert in_columns(loaded.rows, columns) == expected
    # A register's lines are told in each of its months.
    refused = {tuple(shown(line[name]) for name in QUARANTINE) for line in loaded.quarantine}
    assert sorted(refused) == records(clause, "quarantine.csv")[1]
    notes = text(clause, "notes.txt").splitlines()
    assert len(loaded.passed_over) == len(notes), loaded.passed_over
    assert all(said in line for said, line in zip(notes, loaded.passed_over, strict=True))
    months = text(clause, "months.txt").splitlines()
    assert not months or loaded.months == months


@pytest.mark.parametrize("clause", WITH_NEIGHBOUR)
def test_nearest_neighbour_is_refused(clause: str, tmp_path: Path) -> None:
    loaded = load(clause, "refused", tmp_path)
    wanted = [part.casefold().splitlines() for part in text(clause, "refusal.txt").split("\n\n")]
    assert len(loaded.problems) == len(wanted), loaded.problems
    for lines in wanted:
        assert any(all(said in line.casefold() for said in lines) for line in loaded.problems), (
            lines,
            loaded.problems,
        )
    assert not any("\n" in line for line in loaded.problems)
    assert loaded.rows == []
