"""Too much of a file refused is a file refused."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from healthscore_assets.contracts.quarantine import LEFT_OUT, REASONS, ROW_REASONS
from healthscore_assets.pendo.cleaning.file_sums import FileSums
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.reading.refused import ExportRefused, Problem


@dataclass(frozen=True)
class RefusedFor:
    """How many lines of a file's quarantine, and of how many rows, give one reason.

    ``first`` is the smallest number of such a row.
    """

    reason: str
    lines: int
    rows: int
    first: int


def by_reason(lines: pa.Table) -> list[RefusedFor]:
    """The quarantine of a file by reason, in the order in which they first appear."""
    rows = lines.group_by(["reason", "source_file", "source_row"], use_threads=False).aggregate(
        [([], "count_all")]
    )
    found = rows.group_by("reason", use_threads=False).aggregate(
        [("count_all", "sum"), ("source_row", "count"), ("source_row", "min")]
    )
    return [
        RefusedFor(
            told["reason"], told["count_all_sum"], told["source_row_count"], told["source_row_min"]
        )
        for told in found.to_pylist()
    ]


def in_all(refused: Iterable[RefusedFor]) -> list[RefusedFor]:
    """Each reason once, over several parts of a file that have no row in common."""
    found: dict[str, RefusedFor] = {}
    for each in refused:
        before = found.get(each.reason, RefusedFor(each.reason, 0, 0, each.first))
        found[each.reason] = RefusedFor(
            each.reason,
            before.lines + each.lines,
            before.rows + each.rows,
            min(before.first, each.first),
        )
    return list(found.values())


def refuse_beyond(
    share: float, export: ExportFile, refused: Iterable[RefusedFor], read: FileSums
) -> None:
    """Refuse a file of which more than a share of the rows, or of the metric cells, is quarantined.

    Parameters: ``refused`` are its reasons, each once, ``read`` what was read of it.
    Raises ExportRefused naming the commonest reason and the first row it was found in.
    """
    at_fault = [each for each in refused if each.reason not in LEFT_OUT]
    of_rows = [each for each in at_fault if each.reason in ROW_REASONS]
    of_cells = [each for each in at_fault if each.reason not in ROW_REASONS]
    rows = sum(each.rows for each in of_rows)
    cells = sum(each.lines for each in of_cells)
    for count, of, what, reasons in (
        (rows, read.rows, "rows", of_rows),
        (cells, read.cells, "metric cells", of_cells),
    ):
        if count > share * of:
            most = max(reasons, key=lambda each: each.lines)
            raise ExportRefused(
                Problem(
                    export.source_file,
                    f"{count:,} of {of:,} {what} cannot be used ({count / of:.1%}, at most "
                    f"{share:.1%} is allowed), most because {REASONS[most.reason]}",
                    "correct the file, or raise largest_quarantined_share in scoring.yaml",
                    row=most.first,
                )
            )
