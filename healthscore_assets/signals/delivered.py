"""`raw_<feed>`: what was delivered of a feed for a month."""

import json
from collections.abc import Mapping, Sequence

import pyarrow as pa

from healthscore_assets.contracts import FEED_TABLES
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.signals.feed_file import FeedFile
from healthscore_assets.signals.feeds import Feed
from healthscore_assets.signals.inbox import FeedDelivery


def delivered_rows(feed: Feed, found: Sequence[FeedDelivery], month: str) -> pa.Table:
    """A row per file that covers the month."""
    rows = []
    for each in found:
        assert each.file is not None, each.problem
        rows.append(
            {
                "source_file": each.source_file,
                "source_sha256": each.sha256,
                "as_of": each.file.as_of,
                "rows": each.file.delivered,
                "rows_of_month": each.file.months[month].rows,
                "rows_refused": each.file.months[month].refused,
                "month_hash": each.file.months[month].hash,
                "column_map": _column_map(each.file),
            }
        )
    schema = schema_of(FEED_TABLES[feed.name][0]).to_pyarrow()
    return pa.Table.from_pylist(rows, schema=schema)


def _column_map(file: FeedFile) -> str:
    told: Mapping[str, object] = {"columns": file.columns, "unread": file.unread}
    return json.dumps(told, ensure_ascii=False)
