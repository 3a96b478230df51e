"""Which feed a file of anywhere reads like."""

from pathlib import Path

from healthscore_assets.reading.formats import tables
from healthscore_assets.reading.refused import ExportRefused
from healthscore_assets.signals.columns import Aliases, find_columns
from healthscore_assets.signals.feeds import FEEDS, Feed


def feed_like(path: Path, source_file: str, aliases: Aliases) -> Feed | None:
    """The feed of which a file has all needed columns, and the most; None where there is no one.

    Raises ExportRefused for a file that holds no table.
    """
    openings = list(tables.openings(path, source_file))
    found: list[tuple[int, Feed]] = []
    for feed in FEEDS.values():
        try:
            _, _, columns = find_columns(openings, feed, source_file, aliases)
        except ExportRefused:
            continue
        found.append((len(columns), feed))
    most = max((count for count, _ in found), default=0)
    best = [feed for count, feed in found if count == most]
    return best[0] if len(best) == 1 else None
