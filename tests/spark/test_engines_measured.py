"""`make bench-engines`, on the smallest size: both engines come to the same scores."""

import json
from pathlib import Path

from bench_run import run


def test_both_engines_have_a_row_for_each_month(tmp_path: Path) -> None:
    words = ("--sizes", "XS", "--rounds", "1", "--into", tmp_path)
    assert "XS, round 1: spark" in run("benchmarks.engines", *words)
    page, told = (tmp_path / name for name in ("ENGINES.md", "engines.json"))
    found = [(month["nth"], month["engine"]) for month in json.loads(told.read_text())["months"]]
    assert found == [(1, "duckdb"), (2, "duckdb"), (1, "spark"), (2, "spark")]
    rows = [line for line in page.read_text().splitlines() if line.startswith("| XS, month")]
    assert len(rows) == len(found)
