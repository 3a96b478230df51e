"""What was read of a file, in numbers that must add up."""

from dataclasses import dataclass, field, fields
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.pendo.cleaning.metrics import Metric, exact_total


@dataclass
class FileSums:
    """What was read of a file in all, by the time the last batch has been.

    ``engagement`` sums each measure over all rows, refused ones included; ``rows`` are those below
    the header; ``total_rows`` were dropped, their sums agreed; ``added_up`` are events that were
    added up to another of their visitor's day, ``told_later`` rows of days that another file tells
    of as synced later, not read and not among ``rows``; ``cells`` hold anything, ``zeros`` a zero
    and ``not_collected`` nothing; ``id_lists`` are client cells that held several ids,
    ``mangled_ids`` ids that a spreadsheet rewrote.
    """

    engagement: dict[str, Decimal] = field(default_factory=dict)
    rows: int = 0
    total_rows: int = 0
    added_up: int = 0
    told_later: int = 0
    cells: int = 0
    zeros: int = 0
    not_collected: int = 0
    id_lists: int = 0
    mangled_ids: int = 0

    def add(self, metric: Metric, measure: str, total: pa.ChunkedArray | None = None) -> None:
        """Count a column's cells; what stands in rows marked ``total`` is no engagement."""
        values = metric.values
        if total is not None and pc.any(total).as_py():
            values = values.filter(pc.invert(total))
        self.engage(measure, exact_total(values, measure))
        refused = sum(len(rows) for rows in metric.refused.values())
        self.cells += len(metric.values) - metric.values.null_count + refused
        self.not_collected += metric.values.null_count - refused
        self.zeros += pc.sum(pc.equal(metric.values, 0)).as_py() or 0

    def engage(self, measure: str, amount: Decimal) -> None:
        """Add to the engagement in a measure."""
        self.engagement[measure] = self.engagement.get(measure, Decimal()) + amount

    @classmethod
    def of_all(cls, files: "list[FileSums]") -> "FileSums":
        """The sums over several files."""
        engagement: dict[str, Decimal] = {}
        for file in files:
            for measure, total in sorted(file.engagement.items()):
                engagement[measure] = engagement.get(measure, Decimal()) + total
        counts = [each.name for each in fields(cls) if each.name != "engagement"]
        return cls(engagement, **{name: sum(getattr(f, name) for f in files) for name in counts})
