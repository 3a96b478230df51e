"""The programs of the benchmarks that `make bench` does not run; tests/spark has the engines."""

from pathlib import Path

import pytest
from bench_run import run


def test_the_stages_of_a_month_add_up(tmp_path: Path) -> None:
    rows = [
        [cell.strip(" *`") for cell in line.split("|")[1:-1]]
        for line in run("benchmarks.stages", "--sizes", "XS", "--into", tmp_path).splitlines()
    ]
    seconds = {stage: float(took) for stage, took, *_ in rows[2:]}
    month = seconds.pop("a month")
    assert {"raw_pendo_export", "cleaning", "alerts", "files for CRMs"} < seconds.keys()
    assert sum(seconds.values()) == pytest.approx(month, abs=0.005 * len(rows))


def test_reading_one_file_stays_below_its_limit() -> None:
    told = run("benchmarks.inputs.large_file", "--rows", "20000", "--columns", "12")
    assert "20,000 rows" in told


def test_feeds_of_many_clients() -> None:
    told = run("benchmarks.inputs.feeds", "--clients", "40", "--months", "2")
    assert "2 months of 40 clients: " in told
    assert "once more, its texts known: " in told
