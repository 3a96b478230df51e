"""Files of months: the same bytes however many rows a driver hands over at a time."""

from collections.abc import Iterator
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from healthscore_assets.pendo.warehouse.month_files import write

ROWS = 70_000
TABLE = ibis.table({"n": "int64", "id": "string"}, name="uses")


class Handing:
    """A driver that hands over so many rows at a time."""

    def __init__(self, rows: int, at_a_time: int) -> None:
        numbers = pa.array(range(rows), pa.int64())
        self.rows = pa.table({"n": numbers, "id": numbers.cast(pa.string())})
        self.at_a_time = at_a_time

    def batches(self, _: ibis.Table) -> Iterator[pa.RecordBatch]:
        yield from self.rows.to_batches(max_chunksize=self.at_a_time)


@pytest.mark.parametrize("at_a_time", [999, 32_768, 50_000])
def test_bytes_do_not_depend_on_batches(tmp_path: Path, at_a_time: int) -> None:
    (tmp_path / "workshop").mkdir()
    found = []
    for rows in (at_a_time, ROWS):
        path = tmp_path / "usage 2024-05.parquet"
        written = write(Handing(ROWS, rows), TABLE, path, tmp_path / "workshop")  # type: ignore[arg-type]
        assert written is not None
        found.append((path.read_bytes(), written.sha256, written.rows))
    assert found[0] == found[1]
    assert written.changed is False
    assert pq.read_table(path)["n"].to_pylist() == list(range(ROWS))
    groups = pq.ParquetFile(path).metadata
    sizes = [groups.row_group(n).num_rows for n in range(groups.num_row_groups)]
    assert sizes == [32_768, 32_768, 4_464]


def test_no_rows_are_no_file(tmp_path: Path) -> None:
    (tmp_path / "workshop").mkdir()
    path = tmp_path / "usage 2024-05.parquet"
    assert write(Handing(0, 1), TABLE, path, tmp_path / "workshop") is None  # type: ignore[arg-type]
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []
