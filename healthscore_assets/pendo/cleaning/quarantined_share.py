"""Too much of a file refused is a file refused."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.contracts.quarantine import LEFT_OUT, REASONS, ROW_REASONS
from healthscore_assets.pendo.cleaning.file_sums import FileSums
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.reading.refused import ExportRefused, Problem


@dataclass(frozen=True)
class RefusedFor:
    """How many lines of a file's quarantine, and of how many rows, give one reason.

    ``first`` is the smallest number of such a row, which stands in ``source_file``.
    """

    reason: str
    lines: int
    rows: int
    first: int
    source_file: str


@dataclass(frozen=True)
class ReadFile:
    """A file that was read: what was refused of it, each reason once, and its sums."""

    export: ExportFile
    refused: Sequence[RefusedFor]
    sums: FileSums


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
            told["reason"],
            told["count_all_sum"],
            told["source_row_count"],
            first := told["source_row_min"],
            _file_of(rows, told["reason"], first),
        )
        for told in found.to_pylist()
    ]


def _file_of(rows: pa.Table, reason: str, row: int) -> str:
    is_it = pc.and_(pc.equal(rows["reason"], reason), pc.equal(rows["source_row"], row))
    return str(rows["source_file"].filter(is_it)[0])


def in_all(refused: Iterable[RefusedFor]) -> list[RefusedFor]:
    """Each reason once, over several parts of a file that have no row in common."""
    found: dict[str, RefusedFor] = {}
    for each in refused:
        before = found.get(each.reason, replace(each, lines=0, rows=0))
        found[each.reason] = replace(
            before if before.first <= each.first else each,
            lines=before.lines + each.lines,
            rows=before.rows + each.rows,
        )
    return list(found.values())


def refuse_beyond(share: float, files: Sequence[ReadFile]) -> None:
    """Refuse a file of which more than a share of the rows, or of the metric cells, is quarantined.

    Files that are of one table are judged together: one may hold a handful of rows.
    Raises ExportRefused naming the commonest reason and the first row it was found in.
    """
    tables: dict[str, list[ReadFile]] = {}
    for file in files:
        tables.setdefault(file.export.part_of or file.export.source_file, []).append(file)
    for table in tables.values():
        refused = in_all(each for file in table for each in file.refused)
        _judge(share, refused, FileSums.of_all([file.sums for file in table]))


def _judge(share: float, refused: Sequence[RefusedFor], read: FileSums) -> None:
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
                    most.source_file,
                    f"{count:,} of {of:,} {what} cannot be used ({count / of:.1%}, at most "
                    f"{share:.1%} is allowed), most because {REASONS[most.reason]}",
                    "correct the file, or raise largest_quarantined_share in scoring.yaml",
                    row=most.first,
                )
            )
