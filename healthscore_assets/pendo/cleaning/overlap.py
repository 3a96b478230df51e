"""Two files that tell of the same usage: adding them up would count it twice."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import ibis
import pyarrow as pa

from healthscore_assets.engagement.day_bits import LONGEST_MONTH, bit_count, bit_or
from healthscore_assets.lake.computes import Computes
from healthscore_assets.pendo.export_file import ExportFile, file_of
from healthscore_assets.reading.refused import ExportRefused, Problem


def refuse_overlap(
    engine: Computes,
    cells: ibis.Table,
    visitors: ibis.Table,
    exports: list[ExportFile],
    metrics: list[tuple[str, str]],
    origin: Sequence[int],
) -> None:
    """Refuse a month in which two files hold usage of one visitor and feature in one period.

    Parameters: ``cells`` are those of `cells_of_visitors`, all above zero: a zero overlaps with
    nothing, it adds nothing; ``visitors`` tells who each ``visitor`` is; ``origin`` numbers the
    files, and those with one number cannot overlap.

    The period is the day where both files tell it, else the month; a client without visitors
    overlaps with each visitor of that client.
    Raises ExportRefused naming both files and the first such visitor and feature.
    """
    files = {"file": pa.array(range(len(exports)), pa.int32()), "origin": pa.array(origin)}
    schema = ibis.schema({"file": "int32", "origin": "int64"})
    origins = engine.arrow("origins_of_files", pa.table(files), schema)
    days = pa.table({"bit": pa.array([1 << n for n in range(LONGEST_MONTH)], pa.int32())})
    bits = engine.arrow("days_of_month", days, ibis.schema({"bit": "int32"}))
    found = [_told_twice(cells.join(origins, "file"), bits).join(visitors, "visitor")]
    if len({export.index("visitor_id") is None for export in exports}) > 1:
        found.append(_client_and_visitor(cells.join(visitors, "visitor")))
    for overlaps in found:
        order = [name for name in _ORDER if name in overlaps.columns]
        nulls_last = [ibis.asc(overlaps[name], nulls_first=False) for name in order]
        for first in engine.rows(overlaps.order_by(nulls_last).limit(1)):
            (count,) = engine.rows(overlaps.aggregate(cells=overlaps.count()))
            raise _refusal(first | count, exports, metrics)


_ORDER = ("client_id", "visitor_id", "audience", "metric", "one", "other")


def _told_twice(cells: ibis.Table, bits: ibis.Table) -> ibis.Table:
    """Visitors and metrics that two files tell of, ``one`` and ``other``, in one period.

    Days are taken apart only of those with fewer in all than their files tell of one by one.
    """
    keys = ["visitor", "metric"]
    files = cells.group_by(*keys, "origin").aggregate(
        days=bit_or(cells.days), undated=cells.days.isnull().any()
    )
    told = files.group_by(keys).aggregate(
        one=files.origin.min(),
        other=files.origin.max(),
        undated=files.undated.any(),
        again=bit_count(files.days).sum() > bit_count(bit_or(files.days)),
    )
    told = told.filter(told.one < told.other)
    of_month = told.filter(told.undated).select(*keys, "one", "other")
    dated = told.filter(~told.undated & told.again).select(*keys)
    of_days = files.join(dated, keys).select(*keys, "origin", "days")
    each = of_days.join(bits, (of_days.days & bits.bit) != 0)
    day = each.group_by(*keys, "bit").aggregate(one=each.origin.min(), other=each.origin.max())
    return of_month.union(day.filter(day.one < day.other).select(*keys, "one", "other"))


def _client_and_visitor(cells: ibis.Table) -> ibis.Table:
    """Clients and metrics that one file tells of by visitor and another without visitors."""
    nobodys = cells.visitor_id.isnull()
    files = cells.group_by("client_id", "metric").aggregate(
        visitor_id=cells.visitor_id.min(),
        one=cells.file.min(where=nobodys),
        other=cells.file.min(where=~nobodys),
    )
    return files.filter(files.one.notnull() & files.other.notnull())


def _refusal(
    first: dict[str, Any], exports: list[ExportFile], metrics: list[tuple[str, str]]
) -> ExportRefused:
    feature, measure = metrics[first["metric"]]
    one, other = exports[first["one"]].source_file, exports[first["other"]].source_file
    synced = exports[first["one"]].made or exports[first["other"]].made
    successor = (
        ""
        if file_of(one) == file_of(other) or synced
        else f", or name the successor: a file {file_of(other)}.yaml beside it with "
        f"`replaces: {PurePath(file_of(one)).name}`"
    )
    visitor = "" if first["visitor_id"] is None else f" by visitor {first['visitor_id']!r}"
    return ExportRefused(
        Problem(
            one,
            f"tells of the same usage as {other} ({first['cells']:,} times; the first: {measure} "
            f"of {feature!r}{visitor} of client {first['client_id']!r})",
            f"keep only one of the two if both tell the same{successor}; if they tell of different "
            "people, their ids must differ",
        )
    )
