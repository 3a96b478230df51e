"""One partition per calendar month, and the windows of stages that look back."""

import dagster as dg

from healthscore_assets.lake.months import FIRST_MONTH, shift, span

MONTHS = dg.TimeWindowPartitionsDefinition(
    cron_schedule="0 0 1 * *", start=FIRST_MONTH, fmt="%Y-%m", end_offset=1
)
"""From the first month known to the graph to the current one."""


def look_back(months: int) -> dg.TimeWindowPartitionMapping:
    """The month itself and as many before it."""
    return dg.TimeWindowPartitionMapping(start_offset=-months)


def months_before(months: int) -> dg.TimeWindowPartitionMapping:
    """As many months before the month, and not the month itself: how a stage reads its own."""
    return dg.TimeWindowPartitionMapping(start_offset=-months, end_offset=-1)


def months_read(mapping: dg.PartitionMapping | None) -> int:
    """How many months before its own a stage reads through a mapping, as declared."""
    return -mapping.start_offset if isinstance(mapping, dg.TimeWindowPartitionMapping) else 0


def months_named(mapping: dg.TimeWindowPartitionMapping, month: str) -> list[str]:
    """The months that a stage reads of a table when it makes a month; the lake may hold fewer."""
    return span(shift(month, mapping.start_offset), shift(month, mapping.end_offset))
