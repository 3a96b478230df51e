"""Everything that was delivered, usage and feeds, as the plan of the months sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import pyarrow.parquet as pq

from healthscore_assets.lake.lake import Lake
from healthscore_assets.orchestration.feeds import with_former_months_of_feed
from healthscore_assets.orchestration.plan import (
    RAW,
    Source,
    files_changed,
    known_months_of,
    known_span,
    lost_files,
    with_former_months,
    withdrawn_months,
)
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.pendo.delivery import Delivery
from healthscore_assets.pendo.inbox import deliveries
from healthscore_assets.pendo.of_month import of_month
from healthscore_assets.pendo.raw_table import stamps
from healthscore_assets.signals.feeds import ACCOUNTS, FEEDS
from healthscore_assets.signals.inbox import (
    FeedDelivery,
    Told,
    feed_deliveries,
    month_stamp,
    told_of,
)
from healthscore_assets.signals.misplaced import misplaced


@dataclass(frozen=True)
class Delivered:
    """The usage exports, and the files of each feed by its name.

    ``misplaced`` says, a line each, what lies beside them and is not read.
    """

    usage: list[Delivery]
    feeds: Mapping[str, list[FeedDelivery]]
    misplaced: list[str]

    def lost(self) -> list[str]:
        """Why files belong to no month of the graph, a line each."""
        lines = lost_files(self.usage)
        first, last = known_span()
        for each in (each for found in self.feeds.values() for each in found):
            if each.problem is not None and not each.months:
                lines.append(each.problem.line())
            elif not any(first <= month <= last for month in each.months):
                lines.append(
                    f"{each.source_file}: tells of {', '.join(each.months)}; expected months from "
                    f"{first} to {last}, correct it"
                )
        return lines

    def sources(self, lake: Lake) -> list[Source]:
        """Usage and each feed, as the plan takes them."""
        usage = _usage(lake, self.usage)
        return [
            usage,
            *(_feed(lake, feed, found, usage) for feed, found in self.feeds.items()),
        ]


def delivered(workplace: Workplace) -> Delivered:
    """Everything in the folders of exports.

    Raises LookupRefused and ExportRefused for a lookup or a folder that cannot be used.
    """
    lake, reading = workplace.lake, workplace.feed_reading()
    usage = with_former_months(lake, deliveries(workplace.inbox, workplace.reading()))
    feeds = {
        feed.name: with_former_months_of_feed(
            lake, feed, feed_deliveries(workplace.exports_folder, feed, reading)
        )
        for feed in FEEDS.values()
    }
    return Delivered(usage, feeds, misplaced(workplace.exports_folder, workplace.inbox.name))


def _usage(lake: Lake, found: list[Delivery]) -> Source:
    return Source(
        RAW,
        frozenset(known_months_of(found)),
        frozenset(withdrawn_months(lake, found)),
        partial(files_changed, lake, found),
        lambda month: repr(sorted(map(repr, stamps(of_month(found, month))))),
    )


def _feed(lake: Lake, feed: str, found: list[FeedDelivery], usage: Source) -> Source:
    """The files of a feed. An empty folder takes nothing away: a share may not be mounted.

    A register that lasts into the next month makes no month of its own: it waits for the usage.
    """
    root = f"raw_{feed}"
    first, last = known_span()
    told = {
        month
        for each in found
        for month in each.months
        if first <= month <= last
        and (feed != ACCOUNTS.name or month in usage.months or month in each.of_its_own)
    }
    gone = {*lake.months(root)} - told if found else set()

    def stamp(month: str) -> tuple[tuple[str, int], ...]:
        return month_stamp(told_of(found, month), month)

    return Source(
        root,
        frozenset(told),
        frozenset(gone),
        lambda month: stamp(month) != month_stamp(_taken_in(lake, root, month), month),
        lambda month: repr(stamp(month)),
    )


def _taken_in(lake: Lake, root: str, month: str) -> list[Told]:
    """What the files told that the month was made from."""
    return [
        (row["as_of"], row["source_file"], row["month_hash"], row["rows_refused"])
        for path in lake.present(root, month).values()
        for row in pq.read_table(path, partitioning=None).to_pylist()
    ]
