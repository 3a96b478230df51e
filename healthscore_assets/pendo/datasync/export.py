"""The two tables of a Data Sync export: events of features, and visitors of each day."""

from dataclasses import replace

from healthscore_assets.pendo.datasync.bill import Bill
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.headers.grammar import Column
from healthscore_assets.pendo.headers.shapes import EVENTS, WIDE_VISITOR
from healthscore_assets.reading.dates.column import DateFormat
from healthscore_assets.reading.formats.batch import Layout
from healthscore_assets.reading.formats.datasync import HEADER

FEATURES, VISITORS = "Feature", "allEvents"
"""What the tables are called after the name of the bill."""

_ROLES = ("client_id", "visitor_id", "day", "feature_id", "events")
_DAYS_OF_UTC = DateFormat("utc")


def exports_of(bill: Bill, source_file: str) -> list[ExportFile]:
    """The tables of an export; whose days and features they are, `newest` tells month by month.

    Clicks are those of the features that an event matches: an event that matches several counts in
    each. A visitor of all events is listed for the day, whatever was clicked.
    """
    columns = tuple(
        Column(header, role, measure="clicks" if role == "events" else None)
        for header, role in zip(HEADER, _ROLES, strict=True)
    )
    features = ExportFile(
        f"{source_file}#{FEATURES}",
        EVENTS,
        Layout("datasync", HEADER, 0, sheet=FEATURES),
        columns,
        dates=_DAYS_OF_UTC,
        months=tuple(bill.months),
        told_by="its days",
        made=bill.made,
        part_of="Data Sync",
    )
    visitors = replace(
        features,
        source_file=f"{source_file}#{VISITORS}",
        shape=WIDE_VISITOR,
        layout=Layout("datasync", HEADER[:3], 0, sheet=VISITORS),
        columns=columns[:3],
    )
    return [features, visitors]
