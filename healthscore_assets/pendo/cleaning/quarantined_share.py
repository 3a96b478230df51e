"""Too much of a file refused is a file refused."""

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.contracts.quarantine import LEFT_OUT, REASONS, ROW_REASONS
from healthscore_assets.pendo.cleaning.file_sums import FileSums
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.reading.refused import ExportRefused, Problem


def refuse_beyond(share: float, export: ExportFile, lines: pa.Table, read: FileSums) -> None:
    """Refuse a file of which more than a share of the rows, or of the metric cells, is quarantined.

    Parameters: ``lines`` are the file's quarantine, ``read`` what was read of it.
    Raises ExportRefused naming the commonest reason and the first row it was found in.
    """
    at_fault = lines.filter(pc.invert(pc.is_in(lines["reason"], pa.array(LEFT_OUT))))
    of_rows = pc.is_in(at_fault["reason"], pa.array(ROW_REASONS))
    rows = len(pc.unique(at_fault["source_row"].filter(of_rows)))
    cells = at_fault.num_rows - (pc.sum(of_rows).as_py() or 0)
    for refused, of, what in ((rows, read.rows, "rows"), (cells, read.cells, "metric cells")):
        if refused > share * of:
            counted = pc.value_counts(at_fault["reason"].filter(pc.equal(of_rows, what == "rows")))
            reason = max(counted.to_pylist(), key=lambda found: found["counts"])["values"]
            first = pc.min(at_fault["source_row"].filter(pc.equal(at_fault["reason"], reason)))
            raise ExportRefused(
                Problem(
                    export.source_file,
                    f"{refused:,} of {of:,} {what} cannot be used ({refused / of:.1%}, at most "
                    f"{share:.1%} is allowed), most because {REASONS[reason]}",
                    "correct the file, or raise largest_quarantined_share in scoring.yaml",
                    row=first.as_py(),
                )
            )
