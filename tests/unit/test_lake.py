"""The lake: months replaced whole, raw bytes kept by their hash, and the engine that reads both."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from healthscore_assets.lake.content import content_hash
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.months import ordinal, shift, span

SCHEMA = ibis.schema({"client_id": "string", "engagement": "float64", "users": "int64"})


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(tmp_path / "spill's")
    yield engine
    engine.close()


def rows(*clients: str) -> pa.Table:
    return pa.table(
        {
            "client_id": list(clients),
            "engagement": [float(n) for n in range(len(clients))],
            "users": list(range(len(clients))),
        }
    )


# ---------------------------------------------------------------------------------- months


@pytest.mark.parametrize(
    ("month", "by", "expected"),
    [
        ("2024-05", 0, "2024-05"),
        ("2024-12", 1, "2025-01"),
        ("2024-01", -1, "2023-12"),
        ("2024-05", -17, "2022-12"),
        ("2024-05", 20, "2026-01"),
        ("2000-01", -1, "1999-12"),
    ],
)
def test_months_later_and_earlier(month: str, by: int, expected: str) -> None:
    assert shift(month, by) == expected
    assert ordinal(expected) - ordinal(month) == by


def test_spans() -> None:
    assert span("2023-11", "2024-02") == ["2023-11", "2023-12", "2024-01", "2024-02"]
    assert span("2024-05", "2024-05") == ["2024-05"]
    assert span("2024-05", "2024-04") == []


@pytest.mark.parametrize(
    "text", ["2024-13", "2024-00", "2024-5", "202405", "2024-05-01", "", "May"]
)
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(ValueError, match="is not a month: expected YYYY-MM"):
        ordinal(text)


# ---------------------------------------------------------------------------------- folders


def test_an_empty_lake(tmp_path: Path) -> None:
    lake = Lake.at(tmp_path / "nowhere")
    assert lake.months("momentum") == []
    assert lake.present("momentum", "2024-05") == {}


def test_a_promoted_month_is_there_and_its_stage_is_gone(tmp_path: Path) -> None:
    lake = Lake.at(tmp_path)
    for month, text in (("2024-05", "may"), ("2023-12", "december"), ("2024-05", "may again")):
        staged = lake.stage_file("run", "momentum", month)
        staged.write_text(text)
        assert staged.is_relative_to(tmp_path / "_stage" / "run")
        lake.promote(staged, "momentum", month)
        assert not staged.exists()
    assert lake.months("momentum") == ["2023-12", "2024-05"]
    may = tmp_path / "momentum" / "month=2024-05" / "data.parquet"
    assert lake.present("momentum", "2024-05") == {0: may}
    assert may.read_text() == "may again"
    # Nothing else lies in a table's folder.
    assert sorted(p.name for p in (tmp_path / "momentum").rglob("*") if p.is_file()) == [
        "data.parquet",
        "data.parquet",
    ]


def test_a_month_that_is_not_promoted_leaves_what_was_there(tmp_path: Path) -> None:
    lake = Lake.at(tmp_path)
    staged = lake.stage_file("first", "momentum", "2024-05")
    staged.write_text("good")
    lake.promote(staged, "momentum", "2024-05")
    lake.stage_file("second", "momentum", "2024-05").write_text("refused")
    lake.clear_stage("second")
    lake.clear_stage("second")  # nothing left to forget
    assert lake.file("momentum", "2024-05").read_text() == "good"
    assert not (tmp_path / "_stage" / "second").exists()


def test_the_stages_of_two_runs_are_apart(tmp_path: Path) -> None:
    lake = Lake.at(tmp_path)
    first, second = (lake.stage_file(run, "momentum", "2024-05") for run in ("first", "second"))
    first.write_text("1")
    second.write_text("2")
    lake.clear_stage("first")
    assert second.read_text() == "2"


# ---------------------------------------------------------------------------------- archive


def test_bytes_are_kept_under_their_hash_and_the_delivery_stays(tmp_path: Path) -> None:
    lake = Lake.at(tmp_path / "lake")
    delivery = tmp_path / "2024-05.csv"
    delivery.write_bytes(b"abc")
    # SHA-256 of "abc", FIPS 180-4
    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert content_hash(delivery) == sha256
    lake.archive(delivery, sha256)
    kept = lake.archived(sha256)
    assert kept == tmp_path / "lake" / "archive" / sha256
    assert kept.read_bytes() == delivery.read_bytes() == b"abc"
    # again, and when the delivery is gone
    delivery.unlink()
    lake.archive(delivery, sha256)
    assert lake.archived(sha256) == kept


def test_a_file_that_changes_while_it_is_copied_is_not_kept(tmp_path: Path) -> None:
    lake = Lake.at(tmp_path / "lake")
    delivery = tmp_path / "2024-05.csv"
    delivery.write_bytes(b"half")
    hashed = hashlib.sha256(b"other half").hexdigest()
    with pytest.raises(OSError, match=r"2024-05\.csv: changed while it was read"):
        lake.archive(delivery, hashed)
    assert [path for path in (tmp_path / "lake").rglob("*") if path.is_file()] == []


# ----------------------------------------------------------------------------------- engine


def test_a_table_is_written_in_key_order_with_the_types_of_its_contract(
    engine: Engine, tmp_path: Path
) -> None:
    table = engine.arrow("rows", rows("b", "a", "c"), SCHEMA)
    whole = table.mutate(engagement=table.users, users=table.engagement)  # the types swapped
    path = tmp_path / "it's.parquet"
    assert engine.write(whole, SCHEMA, path, ["client_id"]) == 3
    written = pq.read_table(path)
    assert written.schema.types == [pa.string(), pa.float64(), pa.int64()]
    assert written["client_id"].to_pylist() == ["a", "b", "c"]
    compression = pq.ParquetFile(path).metadata.row_group(0).column(0).compression
    assert compression == "ZSTD"


def test_rows_in_memory_get_in_no_views_way(engine: Engine) -> None:
    schema = ibis.schema({"n": "int64"})
    engine.view("a_rows", "SELECT 1::BIGINT AS n", schema)
    table = engine.arrow("a", pa.table({"n": [2]}), schema)
    assert engine.rows(table) == [{"n": 2}]
    assert engine.rows("FROM a_rows") == [{"n": 1}]


def test_whatever_had_the_name_is_replaced(engine: Engine) -> None:
    schema = ibis.schema({"n": "int64"})
    viewed = engine.view("a", "SELECT 1::BIGINT AS n", schema)
    kept = engine.keep("a", viewed.mutate(n=viewed.n + 1))
    assert engine.rows(kept) == [{"n": 2}]
    assert engine.rows(engine.keep("a", kept.mutate(n=kept.n + 1))) == [{"n": 3}]
    assert engine.rows(engine.arrow("a", pa.table({"n": [4]}), schema)) == [{"n": 4}]
    assert engine.rows(engine.view("a", "SELECT 5::BIGINT AS n", schema)) == [{"n": 5}]


def test_a_table_that_is_filled_may_have_the_name_of_any_other(engine: Engine) -> None:
    schema = ibis.schema({"n": "int64", "of": "string"})
    kept = engine.keep("a", engine.view("a", "SELECT 1::BIGINT AS n, 'x' AS of", schema))
    assert engine.rows(kept) == [{"n": 1, "of": "x"}]
    filled = engine.empty("a", schema)
    assert engine.rows(filled) == []
    engine.insert("a", pa.table({"of": ["y", "z", "z"], "n": [2, 3, 4]}))
    engine.delete("a", "n = 3")
    assert engine.rows(filled) == [{"n": 2, "of": "y"}, {"n": 4, "of": "z"}]
    assert engine.rows(engine.empty("a", schema)) == []


def test_the_same_rows_in_any_order_are_the_same_bytes(engine: Engine, tmp_path: Path) -> None:
    clients = [f"client {n}" for n in range(5000)]
    there, back = tmp_path / "there.parquet", tmp_path / "back.parquet"
    table = rows(*clients)
    for path, some in ((there, table), (back, table.take(list(range(4999, -1, -1))))):
        engine.write(engine.arrow("rows", some, SCHEMA), SCHEMA, path, ["client_id"])
    assert there.read_bytes() == back.read_bytes()


def test_an_empty_table_is_written_too(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "empty.parquet"
    assert engine.write(engine.months("t", {}, SCHEMA), SCHEMA, path, ["client_id"]) == 0
    assert pq.read_table(path).column_names == ["client_id", "engagement", "users"]


def test_months_are_told_apart_and_missing_ones_are_absent(engine: Engine, tmp_path: Path) -> None:
    files = {}
    for ago, client in ((0, "now"), (3, "then")):
        files[ago] = tmp_path / f"month=2024-0{5 - ago}" / "data.parquet"
        files[ago].parent.mkdir()
        engine.write(engine.arrow("rows", rows(client), SCHEMA), SCHEMA, files[ago], ())
    table = engine.months("client_month", files, SCHEMA)
    found = engine.rows(table.order_by("months_ago").select("client_id", "months_ago"))
    assert found == [
        {"client_id": "now", "months_ago": 0},
        {"client_id": "then", "months_ago": 3},
    ]
    # The name of the folder is no column.
    assert table.columns == ("client_id", "engagement", "users", "months_ago")


def test_no_month_at_all_is_a_table_without_rows(engine: Engine) -> None:
    table = engine.months("client_month", {}, SCHEMA)
    assert engine.rows(table.count().as_table()) == [{table.count().get_name(): 0}]
    assert table.schema() == ibis.schema({**SCHEMA, "months_ago": "int64"})


def test_a_kept_table_does_not_follow_its_source(engine: Engine) -> None:
    source = engine.arrow("source", rows("a"), SCHEMA)
    kept = engine.keep("kept", source.select("client_id"))
    engine.arrow("source", rows("b"), SCHEMA)
    assert engine.rows(kept) == [{"client_id": "a"}]
    assert engine.rows(source.select("client_id")) == [{"client_id": "b"}]


def test_text_survives_whatever_it_holds(engine: Engine, tmp_path: Path) -> None:
    clients = ["it's", 'a "b"', "🚀", "a\nb", "", "-- x", "'; DROP TABLE rows; --"]
    path = tmp_path / "text.parquet"
    engine.write(engine.arrow("rows", rows(*clients), SCHEMA), SCHEMA, path, ())
    assert pq.read_table(path)["client_id"].to_pylist() == clients


def test_one_thread_for_a_while(engine: Engine) -> None:
    def threads() -> object:
        return engine.rows("SELECT current_setting('threads') AS n")[0]["n"]

    before = threads()
    with engine.single_threaded():
        assert threads() == 1
    assert threads() == before


def test_a_csv_has_a_header_and_the_order_of_its_rows(engine: Engine, tmp_path: Path) -> None:
    table = engine.arrow("rows", rows("b", "a, b"), SCHEMA)
    path = tmp_path / "scores.csv"
    engine.write_csv(table, path)
    assert path.read_text() == 'client_id,engagement,users\nb,0.0,0\n"a, b",1.0,1\n'


def test_what_killed_processes_left_in_the_stage_is_swept(tmp_path: Path) -> None:
    lake = Lake.at(tmp_path)
    for run, age in (("killed", 100.0), ("under way", 10.0)):
        staged = lake.stage_file(run, "momentum", "2024-05")
        staged.write_bytes(b"x")
        os.utime(staged.parent, (1_000_000 - age, 1_000_000 - age))
    assert lake.sweep_stages(1_000_000 - 50) == 1
    assert [path.name for path in (tmp_path / "_stage").iterdir()] == ["under way"]
