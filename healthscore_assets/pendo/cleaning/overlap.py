"""Two files that tell of the same usage: adding them up would count it twice."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from healthscore_assets.lake.engine import Engine
from healthscore_assets.pendo.export_file import ExportFile, file_of
from healthscore_assets.reading.refused import ExportRefused, Problem

_SAME_VISITOR = """
    SELECT *, count(*) OVER () AS cells FROM (
        SELECT visitor, metric, min({origin}) AS one, max({origin}) AS other
        FROM {cells} GROUP BY visitor, metric{day} HAVING one < other
    ) JOIN visitors_in_order USING (visitor)
    ORDER BY visitor, metric LIMIT 1
"""
_DATED = """(
    SELECT *, CASE WHEN NOT bool_or(day IS NULL) OVER (PARTITION BY visitor, metric)
                   THEN day END AS day_of_all
    FROM cells_of_visitors
)"""
_CLIENT_AND_VISITOR = """
    SELECT *, count(*) OVER () AS cells FROM (
        SELECT client_id, metric, min(visitor_id) AS visitor_id,
               min(file) FILTER (visitor_id IS NULL) AS one,
               min(file) FILTER (visitor_id IS NOT NULL) AS other
        FROM cells_of_visitors JOIN visitors_in_order USING (visitor)
        GROUP BY client_id, metric HAVING one IS NOT NULL AND other IS NOT NULL
    ) ORDER BY client_id, metric LIMIT 1
"""


def refuse_overlap(
    engine: Engine,
    exports: list[ExportFile],
    metrics: list[tuple[str, str]],
    origin: Sequence[int],
) -> None:
    """Refuse a month in which two files hold usage of one visitor and feature in one period.

    Parameters: ``origin`` numbers the files; those with one number cannot overlap.

    The engine holds ``cells_of_visitors`` (file, visitor, metric, day, value > 0) and
    ``visitors_in_order`` of the month. The period is the day where both files tell it, else the
    month; a client without visitors overlaps with each visitor of that client. A zero overlaps
    with nothing: it adds nothing.
    Raises ExportRefused naming both files and the first such visitor and feature.
    """
    dated = any(export.when is not None for export in exports)
    cells, day = (_DATED, ", day_of_all") if dated else ("cells_of_visitors", "")
    of_file = f"({[*origin]}::INTEGER[])[file + 1]"
    found = engine.rows(_SAME_VISITOR.format(cells=cells, day=day, origin=of_file))
    if len({export.index("visitor_id") is None for export in exports}) > 1:
        found += engine.rows(_CLIENT_AND_VISITOR)
    for first in found:
        raise _refusal(first, exports, metrics)


def _refusal(
    first: dict[str, Any], exports: list[ExportFile], metrics: list[tuple[str, str]]
) -> ExportRefused:
    feature, measure = metrics[first["metric"]]
    one, other = exports[first["one"]].source_file, exports[first["other"]].source_file
    successor = (
        ""
        if file_of(one) == file_of(other)
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
