"""Total rows: dropped where they are the sum of the rows, refused where they are not."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.pendo.metrics import Metric

_LABELS = pa.array(["total", "totals", "grand total", "sum"])
_ROUNDING = 1e-6
_FLOAT = 1e-12


@dataclass(frozen=True)
class TotalRows:
    """Which rows are totals, as masks: those that agree with the rows and those that do not."""

    agreed: pa.ChunkedArray
    mismatched: pa.ChunkedArray


def find_total_rows(
    client_id: pa.ChunkedArray, visitor_id: pa.ChunkedArray, metrics: list[Metric]
) -> TotalRows:
    """Find rows that name no client (or no visitor) but say "Total", and check their sums.

    A total agrees when every metric equals the sum of the other rows to six decimals; a blank
    total stands for any sum, a refused one for none.
    """

    def says_total(label: pa.ChunkedArray, other: pa.ChunkedArray) -> pa.ChunkedArray:
        total = pc.is_in(pc.utf8_lower(label), value_set=_LABELS)
        return pc.and_(total, pc.is_in(other, value_set=pa.array(["", None, *_LABELS.to_pylist()])))

    total = pc.or_(says_total(client_id, visitor_id), says_total(visitor_id, client_id))
    at = pc.indices_nonzero(total)
    none = pa.chunked_array([pa.repeat(pa.scalar(False), len(client_id))])
    if not len(at):
        return TotalRows(none, none)
    agrees = pa.array([True] * len(at))
    summed = pc.invert(total)
    for metric in metrics:
        values = metric.values
        told = values.take(at)
        expected = pc.sum(values.filter(summed), min_count=0).as_py()
        difference = pc.abs(pc.subtract(told, expected))
        close = pc.less_equal(difference, _ROUNDING + _FLOAT * abs(expected))
        agrees = pc.and_(agrees, pc.fill_null(close, True))
        for refused in metric.refused.values():
            agrees = pc.and_not(agrees, pc.is_in(at, refused))
    agreed_rows = pa.array(at).filter(agrees)
    index = pa.array(range(len(client_id)), pa.uint64())
    agreed = pa.chunked_array([pc.is_in(index, value_set=agreed_rows)])
    return TotalRows(agreed, pc.and_(total, pc.invert(agreed)))
