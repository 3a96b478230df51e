"""Expressions that every engine computes alike; tests/spark holds them against Spark."""

from collections.abc import Iterator

import ibis
import pyarrow as pa
import pytest

from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.expressions import listed_in_order, summed_in_order, trimmed

SCHEMA = ibis.schema({"client": "string", "n": "int64", "x": "float64", "text": "string"})
ROWS = {
    "client": ["a", "a", "a", "b"],
    "n": [3, 1, 2, 1],
    "x": [1e16, 1.0, -1e16, 0.5],
    "text": [" \tgov v\n", "vf", "  ", None],
}


@pytest.fixture
def rows() -> Iterator[tuple[ibis.Table, Engine]]:
    engine = Engine()
    yield engine.arrow("rows", pa.table(ROWS), SCHEMA), engine
    engine.close()


def test_trimmed(rows: tuple[ibis.Table, Engine]) -> None:
    table, engine = rows
    told = engine.rows(table.select(text=trimmed(table.text)))
    assert [row["text"] for row in told] == ["gov v", "vf", "", None]


def test_lists_and_sums_in_order(rows: tuple[ibis.Table, Engine]) -> None:
    table, engine = rows
    told = table.group_by("client").aggregate(
        texts=listed_in_order(table.n, [table.n]),
        downwards=listed_in_order(table.n, [-table.n], table.n > 1),
        # 1 + -1e16 + 1e16 is 0 in floats, and 1 in any order that has the large ones together.
        total=summed_in_order(table.x, [table.n]),
    )
    assert engine.rows(told.order_by("client")) == [
        {"client": "a", "texts": [1, 2, 3], "downwards": [3, 2], "total": 0.0},
        {"client": "b", "texts": [1], "downwards": None, "total": 0.5},
    ]
