"""Total rows: dropped where they are the sum of the rows, refused where they are not."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.pendo.cleaning.metrics import Metric
from healthscore_assets.reading.totals import TOTAL_LABELS

_ROUNDING = 1e-6
_FLOAT = 1e-12


def says_total(client_id: pa.ChunkedArray, visitor_id: pa.ChunkedArray) -> pa.ChunkedArray:
    """Which rows name no client (or no visitor) but say "Total"."""

    def total(label: pa.ChunkedArray, other: pa.ChunkedArray) -> pa.ChunkedArray:
        says = pc.is_in(pc.utf8_rtrim(pc.utf8_lower(label), ": "), value_set=TOTAL_LABELS)
        none = pa.array(["", None, *TOTAL_LABELS.to_pylist()])
        return pc.and_(says, pc.is_in(pc.utf8_lower(other), value_set=none))

    return pc.or_(total(client_id, visitor_id), total(visitor_id, client_id))


@dataclass
class TotalRows:
    """The total rows of a file and the sums they have to agree with, as batches come by.

    A total agrees when every metric equals the sum of the other rows to six decimals; a blank
    total stands for any sum, a refused one for none.
    """

    _sums: dict[int, float] = field(default_factory=dict)
    _told: list[dict[int, float | None]] = field(default_factory=list)
    _refused: list[bool] = field(default_factory=list)

    def add(self, total: pa.ChunkedArray, metrics: Mapping[int, Metric]) -> None:
        """Take in a batch: its total rows, and the sums of the others."""
        at = pc.indices_nonzero(total)
        summed = pc.invert(total)
        told: list[dict[int, float | None]] = [{} for _ in range(len(at))]
        refused = pa.array([False] * len(at), pa.bool_())
        for n, metric in metrics.items():
            values = metric.values if not len(at) else metric.values.filter(summed)
            self._sums[n] = self._sums.get(n, 0.0) + (pc.sum(values).as_py() or 0.0)
            for row, value in enumerate(metric.values.take(at).to_pylist() if len(at) else []):
                told[row][n] = value
            for rows in metric.refused.values():
                refused = pc.or_(refused, pc.is_in(at, rows))
        self._told += told
        self._refused += refused.to_pylist()

    def add_rows(self, metrics: Mapping[int, Metric]) -> None:
        """Take in rows none of which is a total."""
        for n, metric in metrics.items():
            self._sums[n] = self._sums.get(n, 0.0) + (pc.sum(metric.values).as_py() or 0.0)

    def agree(self) -> list[bool]:
        """Of each total row, in the order of the file, whether it is the sum of the rows."""
        return [
            not refused and all(self._close(n, value) for n, value in told.items())
            for told, refused in zip(self._told, self._refused, strict=True)
        ]

    def _close(self, n: int, value: float | None) -> bool:
        expected = self._sums[n]
        return value is None or abs(value - expected) <= _ROUNDING + _FLOAT * abs(expected)
