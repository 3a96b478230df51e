"""What is refused of a feed, in words."""

from collections.abc import Sequence

import ibis

from healthscore_assets.contracts.feed_quarantine import FEED_LEFT_OUT, FEED_REASONS
from healthscore_assets.lake.engine import Engine
from healthscore_assets.signals.expected import expected
from healthscore_assets.signals.feed_file import FeedFile
from healthscore_assets.signals.feeds import Feed, Field

_SHOWN = 5


def first_refused(
    engine: Engine, feed: Feed, files: Sequence[FeedFile], quarantine: ibis.Table
) -> tuple[int, list[str]]:
    """How many lines say something against their file, and the first of them in words."""
    fields = {
        (file.source_file, header): feed.field(name)
        for file in files
        for name, header in file.columns.items()
    }
    at_fault = quarantine.filter(quarantine.reason.notin(list(FEED_LEFT_OUT)))
    (counted,) = engine.rows(at_fault.aggregate(lines=at_fault.count()))
    lines = int(counted["lines"])
    ordered = at_fault.order_by("source_file", "source_row", "column")
    said = [
        f"{row['source_file']}, row {row['source_row']}, column {row['column']!r}: "
        f"{_found(row['value'])}{FEED_REASONS[row['reason']]}; "
        f"{_wants(fields.get((row['source_file'], row['column'])))}"
        for row in engine.rows(ordered.limit(_SHOWN))
    ]
    if lines > _SHOWN:
        said.append(f"... and {lines - _SHOWN:,} more lines in {feed.name}_quarantine")
    return lines, said


def _found(value: str | None) -> str:
    return f"{value!r}, " if value else ""


def _wants(field: Field | None) -> str:
    return "correct it" if field is None else f"expected {expected(field)}"
