"""Columns of text as codes: the same texts, each once, in the order of the rows."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from healthscore_assets.reading.formats import parquet_file
from healthscore_assets.reading.formats.batch import Layout
from healthscore_assets.reading.formats.coded import coded, each_text, plain
from healthscore_assets.reading.refused import ExportRefused

COLUMNS: dict[str, pa.Array] = {
    "text": pa.array(["b", None, "a", "b", ""]),
    "large": pa.array(["b", None, "a", "b", ""], pa.large_string()),
    "view": pa.array(["b", None, "a", "b", ""], pa.string_view()),
    "bytes": pa.array([b"b", None, b"a", b"b", b""]),
    "whole": pa.array([2, None, 1, 2, 0]),
    "number": pa.array([2.0, None, 1.5, float("nan"), 0]),
    "mark": pa.array([True, None, False, True, True]),
    "nothing": pa.nulls(5),
    "instant": pa.array([datetime(2024, 5, n, tzinfo=UTC) for n in (2, 1, 1, 3, 2)]),
    "list": pa.array([[1], None, [2, 3], [1], []]),
    "category": pa.array(["b", None, "a", "b", ""]).dictionary_encode(),
}


def read(folder: Path, columns: dict[str, pa.Array], *, as_codes: bool) -> list[dict[str, Any]]:
    path = folder / "x.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=2)
    layout = Layout("parquet", tuple(columns), 0)
    wanted = range(len(columns))
    found = parquet_file.batches(path, path.name, layout, [], wanted, as_codes=as_codes)
    return [row for batch in found for row in plain(batch.cells).to_pylist()]


@pytest.mark.parametrize("name", COLUMNS)
def test_codes_stand_for_the_texts_of_the_rows(tmp_path: Path, name: str) -> None:
    column = {name: COLUMNS[name]}
    assert read(tmp_path, column, as_codes=True) == read(tmp_path, column, as_codes=False)


def test_a_text_that_no_row_has_is_not_looked_at() -> None:
    codes = pa.DictionaryArray.from_arrays(pa.array([2, 0, 2]), pa.array(["a", "never", "b"]))
    assert coded(codes).dictionary.to_pylist() == ["b", "a"]
    seen: list[str] = []

    def told(texts: pa.ChunkedArray) -> pa.ChunkedArray:
        seen.extend(texts.to_pylist())
        return pa.chunked_array([[text.upper() for text in texts.to_pylist()]])

    assert each_text(pa.chunked_array([codes]), told).to_pylist() == ["B", "A", "B"]
    assert seen == ["b", "a"]


def test_bytes_that_are_no_text_are_refused_as_ever(tmp_path: Path) -> None:
    for as_codes in (True, False):
        with pytest.raises(ExportRefused, match="not text in UTF-8"):
            read(tmp_path, {"bytes": pa.array([b"a", b"\xff"])}, as_codes=as_codes)
