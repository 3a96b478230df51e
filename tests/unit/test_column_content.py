"""A column of text alone is no metric; one bad cell among numbers is a bad cell."""

import pyarrow as pa
import pytest

from healthscore_assets.pendo.cleaning.column_content import ColumnContent
from healthscore_assets.pendo.cleaning.metrics import parse_metric
from healthscore_assets.reading.formats.batch import Batch


@pytest.mark.parametrize(
    ("cells", "text_only"),
    [
        (["x", "y"], True),
        (["x", "y", ""], True),
        (["x"], True),
        (["x", "1"], False),
        (["x", ""], False),  # one bad cell in an unused column
        (["", ""], False),
        ([None, None], False),
    ],
)
def test_a_column_of_text_alone(cells: list[str | None], text_only: bool) -> None:
    content = ColumnContent()
    for row, cell in enumerate(cells):  # a batch per row: what is told does not depend on them
        column = pa.chunked_array([pa.array([cell], pa.string())])
        batch = Batch(pa.table({"c0": column}), pa.array([row + 2], pa.int64()), [])
        content.add(parse_metric(column, "clicks"), batch)
    assert content.text_only == text_only
    assert content.first == ((2, "x") if "x" in cells else None)
