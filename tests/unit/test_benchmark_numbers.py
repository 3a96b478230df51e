"""The benchmarks count nothing that came to other numbers, and tell medians and ratios."""

import sys
from pathlib import Path

import duckdb
import pytest

from benchmarks import measuring
from benchmarks.comparison import SCORES, differences
from benchmarks.contestants.programs import Contestant
from benchmarks.data.dataset import Dataset
from benchmarks.goals.lake_files import place_of
from benchmarks.goals.reach import reached
from benchmarks.markdown import table
from benchmarks.measuring import Cost, Failed, measure
from benchmarks.medians import Measured, faster, least_peak_bytes
from benchmarks.rounds import compete
from benchmarks.sizes import TRIAL


def written(path: Path, *rows: tuple[str, str, float | None]) -> Path:
    """Scores of clients in months, all six alike."""
    con = duckdb.connect()
    columns = ", ".join(f"{name} DOUBLE" for name in SCORES)
    con.execute(f"CREATE TABLE scores (month VARCHAR, client_id VARCHAR, {columns})")
    for month, client, score in rows:
        con.execute(
            f"INSERT INTO scores VALUES (?, ?{', ?' * len(SCORES)})",
            [month, client, *[score] * len(SCORES)],
        )
    con.execute(f"COPY scores TO '{path}' (FORMAT PARQUET)")
    return path


def test_the_same_scores_agree_in_any_order(tmp_path: Path) -> None:
    ours = written(tmp_path / "ours", ("2024-01", "a", 50.0), ("2024-01", "b", None))
    theirs = written(tmp_path / "theirs", ("2024-01", "b", None), ("2024-01", "a", 50.0 + 1e-10))
    assert differences(ours, theirs) == []


@pytest.mark.parametrize("score", [60.0 + 1e-8, None])
def test_a_wrong_score_is_found(tmp_path: Path, score: float | None) -> None:
    right = written(tmp_path / "right", ("2024-01", "a", 50.0), ("2024-02", "a", 60.0))
    wrong = written(tmp_path / "wrong", ("2024-01", "a", 50.0), ("2024-02", "a", score))
    for lines in (differences(right, wrong), differences(wrong, right)):
        assert [line.partition(":")[0] for line in lines] == list(SCORES)
        assert all("1 differ, as in 2024-02 of a" in line for line in lines)


def test_missing_and_further_clients_are_found(tmp_path: Path) -> None:
    ours = written(tmp_path / "ours", ("2024-01", "a", 50.0), ("2024-01", "b", 0.0))
    theirs = written(tmp_path / "theirs", ("2024-01", "a", 50.0), ("2024-02", "b", 0.0))
    assert differences(ours, theirs) == ["1 clients and months are missing, 1 are too many"]


def test_no_scores_are_no_agreement(tmp_path: Path) -> None:
    assert differences(written(tmp_path / "a"), written(tmp_path / "b")) == ["there are no scores"]


def test_the_month_may_be_told_by_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "lake" / "month=2024-01"
    folder.mkdir(parents=True)
    told = written(tmp_path / "told", ("2024-01", "a", 50.0))
    duckdb.execute(
        f"COPY (SELECT * EXCLUDE month FROM read_parquet('{told}'))"
        f" TO '{folder}/part.parquet' (FORMAT PARQUET)"
    )
    assert differences(f"{tmp_path}/lake/month=*/*.parquet", told) == []


def test_medians_and_the_faster_of_two() -> None:
    slow = Measured((Cost(3.0, 5.0, 10), Cost(1.0, 4.0, 30), Cost(2.0, 9.0, 20)))
    quick = Measured((Cost(1.5, 1.0, 1),))
    assert (slow.seconds, slow.cpu_seconds, slow.peak_bytes) == (2.0, 5.0, 20)
    assert (slow.span, slow.largest_peak_bytes) == ((1.0, 3.0), 30)
    assert faster([slow, quick]) is quick
    assert least_peak_bytes([slow, Measured((Cost(0.5, 0.5, 90),))]) == 20


def test_a_table_has_its_numbers_to_the_right() -> None:
    assert table(["", "s"], [["graph", "1.00"]]) == [
        "|  | s |",
        "| --- | ---: |",
        "| graph | 1.00 |",
    ]


def test_where_a_file_of_the_lake_belongs() -> None:
    assert place_of("client_scores/month=2024-05/part-0.parquet") == ("client_scores", "2024-05")
    assert place_of("client_scores_csv/2024-05.csv") == ("client_scores_csv", "2024-05")
    assert place_of("archive/0a1b") == ("archive", "0a1b")


def test_how_long_a_corrected_month_is_felt() -> None:
    months = [f"2024-{month:02}" for month in range(1, 13)]
    felt = reached("2024-03", months)
    later = {folder: sorted(m for f, m in felt if f == folder)[-1] for folder, _ in felt}
    assert later["cleaned_usage"] == "2024-03"
    assert later["index_scores"] == "2024-07"  # of the base until June, a change since then
    assert later["momentum"] == "2024-09"  # averages until June; in their bases until September
    assert later["health_components"] == "2024-08"  # six months of visitors
    assert later["alerts"] == "2024-12"
    assert min(month for _, month in felt) == "2024-03"


def test_what_came_through_before_it_failed_does_not_count(tmp_path: Path) -> None:
    told = tmp_path / "told"
    third = f"f = open({str(told)!r}, 'a+'); f.write('x'); assert f.tell() < 3, 'the third'"

    def program(name: str, code: str, *, may_fail: bool) -> Contestant:
        commands = [[sys.executable, "-c", code]]
        return Contestant(name, lambda _, __: commands, None, may_fail=may_fail)

    data = Dataset(TRIAL["XS"], tmp_path)
    contestants = [
        program("well", "pass", may_fail=False),
        program("fails in round 3", third, may_fail=True),
    ]
    result = compete(data, contestants, 5, tmp_path / "work", lambda _: None)
    assert [(name, len(each.runs)) for name, each in result.measured.items()] == [("well", 5)]
    assert [(name, each.tries) for name, each in result.failed.items()] == [("fails in round 3", 3)]
    assert result.failed["fails in round 3"].why.endswith("AssertionError: the third")
    with pytest.raises(Failed):
        compete(data, [program("has to", "1 / 0", may_fail=False)], 1, tmp_path, lambda _: None)


def test_memory_that_is_filled_is_limited_not_what_is_reserved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measuring, "LIMIT", 200e6 / measuring.memory_bytes())
    reserved = "import mmap; mmap.mmap(-1, 10**9, flags=mmap.MAP_PRIVATE)"
    assert measure([[sys.executable, "-c", reserved]]).peak_bytes < 100e6
    with pytest.raises(Failed, match="stopped with more than"):
        measure([[sys.executable, "-c", "import time; all = bytearray(10**9); time.sleep(60)"]])


def test_nothing_points_a_measured_command_to_anybodys_lake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HEALTHSCORE_LAKE", "HEALTHSCORE_EXPORTS", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "/somebody's")
    code = "import os; assert not [name for name in os.environ.values() if 'somebody' in name]"
    measure([[sys.executable, "-c", code]])
