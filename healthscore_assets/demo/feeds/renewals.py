"""How contracts ended: renewed as they were, for more, for less, or not at all."""

from collections.abc import Iterator
from operator import itemgetter

import pyarrow as pa

from healthscore_assets.demo.feeds import monthly
from healthscore_assets.demo.feeds.background import Background
from healthscore_assets.demo.feeds.contracts import NEXT_DAY

_COLUMNS = pa.schema(
    {
        "client_id": pa.string(),
        "date": pa.date32(),
        "outcome": pa.string(),
        "arr_before": pa.int64(),
        "arr_after": pa.int64(),
    }
)


def names() -> list[str]:
    """One file a month."""
    return monthly.names("renewals")


def tables(background: Background) -> Iterator[pa.Table]:
    """One row per term that ended, on the first day of the next one; else on its own last day."""
    rows = sorted(
        (
            {
                "client_id": background.clients[term.client].client_id,
                "date": term.period.end + (0 if term.outcome == "churned" else 1) * NEXT_DAY,
                "outcome": term.outcome,
                "arr_before": term.arr,
                "arr_after": term.arr_after,
            }
            for term in background.terms
            if term.outcome
        ),
        key=itemgetter("date", "client_id"),
    )
    yield from monthly.dated(rows, _COLUMNS)
