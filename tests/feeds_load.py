"""Files of the feeds through reading to their tables, as the graph does it, without the graph.

feeds_load.load(exports, lookups)   # -> Loaded: rows of every feed and month, quarantine, problems
"""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandera.ibis as pa_ibis
import pyarrow.parquet as pq
from ibis import Table
from tables import engine

from healthscore_assets.contracts import FEED_TABLES
from healthscore_assets.contracts.enforce import violations
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lookups.client_aliases import read_client_aliases
from healthscore_assets.lookups.column_aliases import read_column_aliases
from healthscore_assets.lookups.excluded_accounts import read_excluded_accounts
from healthscore_assets.lookups.scoring_settings import read_scoring_settings
from healthscore_assets.pendo.cleaning.identities import Identities
from healthscore_assets.reading.refused import ExportRefused
from healthscore_assets.signals.feed_file import FeedFile
from healthscore_assets.signals.feeds import ACCOUNTS, FEEDS, Feed
from healthscore_assets.signals.inbox import FEED_COLUMNS, FeedReading, covering, feed_deliveries
from healthscore_assets.signals.known_clients import known_clients
from healthscore_assets.signals.month import feed_month
from healthscore_assets.signals.sentiment.model import open_model
from healthscore_assets.signals.sentiment_of_rows import with_sentiment
from healthscore_assets.signals.shapes import shaped

NEWEST = datetime.date(2024, 12, 31)
"""The last day on which anything can have happened."""


@dataclass
class Loaded:
    """What was understood of the feeds.

    ``rows`` are those of their tables with ``month`` and ``feed``, ``quarantine`` its lines,
    ``problems`` why files were refused, ``passed_over`` which sheets were; ``months`` are those
    that have tables, as ``surveys 2024-05``.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    quarantine: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    months: list[str] = field(default_factory=list)


def load(exports: Path, lookups: Path) -> Loaded:
    """Read every feed and month of a folder of exports.

    Raises AssertionError where the rows of a month do not add up, or break their contract.
    """
    with tempfile.TemporaryDirectory() as folder:
        loading = _Loading(exports, lookups, Path(folder))
        assert next(iter(FEEDS.values())) is ACCOUNTS, "the register names the clients of the rest"
        for feed in FEEDS.values():
            loading.take_in(feed)
    return loading.loaded


class _Loading:
    def __init__(self, exports: Path, lookups: Path, folder: Path) -> None:
        self.loaded = Loaded()
        self._exports, self._folder = exports, folder
        self._registers: dict[str, Path] = {}
        self._register_files: dict[str, list[FeedFile]] = {}
        settings = read_scoring_settings(lookups / "scoring.yaml")
        self._identities = Identities(
            read_client_aliases(lookups / "client_aliases.csv"),
            read_excluded_accounts(lookups / "excluded_accounts.csv"),
        )
        self._reading = FeedReading(
            tuple(read_column_aliases(lookups / "column_aliases.csv", FEED_COLUMNS)),
            settings.date_order,
            settings.largest_quarantined_share,
            NEWEST,
        )

    def take_in(self, feed: Feed) -> None:
        """Every month of a feed; one that a refused file tells of has no table."""
        found = feed_deliveries(self._exports, feed, self._reading)
        self.loaded.problems += [each.problem.line() for each in found if each.problem]
        for each in found:
            told = each.file.passed_over if each.file else ()
            self.loaded.passed_over += [t for t in told if t not in self.loaded.passed_over]
        for month in sorted({month for each in found for month in each.months}):
            usable = covering(found, month)
            files = [each.file for each in usable if each.file]
            if len(files) == len(usable):
                try:
                    self._put_together(feed, files, month)
                except ExportRefused as refused:
                    self.loaded.problems.append(str(refused))

    def _put_together(self, feed: Feed, files: list[FeedFile], month: str) -> None:
        clients = known_clients(
            engine(),
            self._identities,
            None if feed is ACCOUNTS else self._register(month),
            self._register_files.get(month, []),
        )
        told = feed_month(engine(), feed, files, month, clients)
        kept = sum(told.numbers[name] for name in ("kept", "superseded", "older", "excluded"))
        of_month = sum(file.months[month].rows for file in files)
        assert kept == told.numbers["delivered"] == of_month, told.numbers
        assert all(file.adds_up for file in files), files
        _, rows, quarantine = FEED_TABLES[feed.name]
        written = self._written(rows, _read(shaped(feed.name, told.rows, month), rows), month)
        refused = self._written(quarantine, told.quarantine, month)
        of = {"month": month, "feed": feed.name}
        self.loaded.rows += [of | row for row in pq.read_table(written).to_pylist()]
        self.loaded.quarantine += [of | row for row in pq.read_table(refused).to_pylist()]
        self.loaded.months.append(f"{feed.name} {month}")
        if feed is ACCOUNTS:
            self._registers[month] = written
            self._register_files[month] = files

    def _register(self, month: str) -> Table:
        """The register of a month, without rows where there is none."""
        path = self._registers.get(month)
        files: Mapping[int, Path] = {0: path} if path else {}
        return engine().months("accounts", files, schema_of(FEED_TABLES[ACCOUNTS.name][1]))

    def _written(self, contract: pa_ibis.DataFrameSchema, rows: Table, month: str) -> Path:
        """The rows as a file that keeps its contract."""
        path = self._folder / f"{contract.name}_{month}.parquet"
        engine().write(rows, schema_of(contract), path, ())
        broken = violations(engine(), contract, path)
        assert not broken, [violation.line() for violation in broken]
        return path


def _read(rows: Table, contract: pa_ibis.DataFrameSchema) -> Table:
    """Rows without what people wrote, but with its sentiment."""
    if "text" not in rows.columns:
        return rows
    none = engine().months("nothing_before", {}, schema_of(contract))
    return with_sentiment(engine(), rows, open_model("vader"), none)
