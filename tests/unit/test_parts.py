"""Parts of a table that several machines write: handed in, joined, and swept when left behind."""

from pathlib import Path

import duckdb
import ibis
import pytest

from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.parts import Parts


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.at(tmp_path)


def hand_in(parts: Parts, number: int, sql: str) -> str:
    written = parts.local()
    duckdb.sql(sql).write_parquet(str(written))
    return parts.put(written, number)


def test_parts_are_joined_in_their_order(lake: Lake, tmp_path: Path) -> None:
    parts = Parts.new(lake.store, 1_000.0)
    later = hand_in(parts, 2, "SELECT 'c' AS client, 3::BIGINT AS n")
    first = hand_in(parts, 1, "SELECT * FROM (VALUES ('b', 2::BIGINT), ('a', 1)) AS t(client, n)")
    assert sorted([later, first]) == [first, later]
    engine = Engine()
    whole = tmp_path / "whole.parquet"
    assert engine.join([lake.store.file(key) for key in (first, later)], whole) == 3
    schema = ibis.schema({"client": "string", "n": "int64"})
    table = engine.months("joined", {0: whole}, schema)
    assert [(row["client"], row["n"]) for row in engine.rows(table)] == [
        ("b", 2),
        ("a", 1),
        ("c", 3),
    ]


def test_an_attempt_that_was_lost_leaves_nothing(lake: Lake) -> None:
    parts = Parts.new(lake.store, 1_000.0)
    attempts = {hand_in(parts, 1, "SELECT 1 AS n") for _ in range(2)}
    assert len(attempts) == 2  # of one task, under two keys
    parts.clear()
    assert lake.store.keys("_stage") == []


def test_a_copy_is_handed_in_and_the_file_stays(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "month.parquet"
    file.write_bytes(b"bytes")
    key = Parts.new(lake.store, 1_000.0).put_copy(file)
    assert (lake.store.file(key).read_bytes(), file.read_bytes()) == (b"bytes", b"bytes")


def test_what_killed_processes_left_is_swept(lake: Lake) -> None:
    old, new = (Parts.new(lake.store, now) for now in (1_000.0, 2_000.0))
    hand_in(old, 1, "SELECT 1 AS n")
    kept = hand_in(new, 1, "SELECT 1 AS n")
    assert lake.sweep_stages(1_500.0) == 1
    assert lake.store.keys("_stage") == [kept]


def test_a_folder_is_seen_by_all_machines(lake: Lake, tmp_path: Path) -> None:
    month = tmp_path / "momentum" / "month=2024-05" / "data.parquet"
    assert lake.store.shared
    assert lake.store.key_of(month) == "momentum/month=2024-05/data.parquet"
    assert lake.store.key_of(lake.stage_file("run", "momentum", "2024-05")) is None
