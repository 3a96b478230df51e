"""The folders that a run works in, from the environment or the command line."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import dagster as dg
import ibis
from pydantic import PrivateAttr

from healthscore_assets.delivery.settings import DeliverySettings, read_delivery_settings
from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.content import content_hash
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.engine_name import EngineName
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.location import lake_location
from healthscore_assets.lookups.client_aliases import read_client_aliases
from healthscore_assets.lookups.column_aliases import read_column_aliases
from healthscore_assets.lookups.excluded_accounts import read_excluded_accounts
from healthscore_assets.lookups.excluded_visitors import read_excluded_visitors
from healthscore_assets.lookups.internal_domains import read_internal_domains
from healthscore_assets.lookups.product_areas import ProductAreas, read_product_areas
from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.lookups.scoring_settings import ScoringSettings, read_scoring_settings
from healthscore_assets.lookups.sources_settings import read_sources_settings
from healthscore_assets.orchestration.engines import (
    ENGINE_VARIABLE,
    engine_named,
    need_spark,
    open_spark,
    spark_engine,
)
from healthscore_assets.orchestration.partitions import MONTHS
from healthscore_assets.orchestration.worker import tell_process
from healthscore_assets.pendo.cleaning.identities import Identities
from healthscore_assets.pendo.export_file import Reading
from healthscore_assets.pendo.headers.grammar import CANONICAL, METADATA, Vocabulary
from healthscore_assets.risk.alerts.rules import AlertRules, read_alert_rules
from healthscore_assets.signals.file_days import last_day
from healthscore_assets.signals.inbox import FEED_COLUMNS, FeedReading
from healthscore_assets.signals.sentiment.model import SentimentModel, check_model, open_model
from healthscore_assets.signals.sentiment.refused import ModelRefused

A = TypeVar("A")
T = TypeVar("T")

FOLDERS = {
    "exports": ("HEALTHSCORE_EXPORTS", "exports"),
    "lookups": ("HEALTHSCORE_LOOKUPS", "lookups"),
    "lake": ("HEALTHSCORE_LAKE", "lake"),
}
"""Each folder's environment variable and default."""

LOOKUP_FILES = {
    "product_areas": "product_areas.csv",
    "internal_domains": "internal_domains.csv",
    "column_aliases": "column_aliases.csv",
    "client_aliases": "client_aliases.csv",
    "excluded_accounts": "excluded_accounts.csv",
    "excluded_visitors": "excluded_visitors.csv",
    "scoring_settings": "scoring.yaml",
    "health_settings": "scoring.yaml",
    "alert_rules": "alerts.yaml",
    "crm_settings": "delivery.yaml",
}
"""The lookup of each name, as a file in the lookups folder."""


class Workplace(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where exports come from, lookups are kept and tables go; one engine per run."""

    exports: str
    lookups: str
    lake_root: str
    engine_name: str = EngineName.DUCKDB

    _local: Engine = PrivateAttr()
    _engine: Computes | None = PrivateAttr(default=None)

    @classmethod
    def from_environment(cls) -> "Workplace":
        """The folders that ``HEALTHSCORE_*`` name, else their defaults in the current folder."""
        found = {name: os.environ.get(var) or default for name, (var, default) in FOLDERS.items()}
        engine = engine_named(os.environ.get(ENGINE_VARIABLE) or EngineName.DUCKDB)
        return cls.at(Path(found["exports"]), Path(found["lookups"]), found["lake"], engine)

    @classmethod
    def at(
        cls, exports: Path, lookups: Path, lake: Path | str, engine: str = EngineName.DUCKDB
    ) -> "Workplace":
        """Given folders; relative ones are taken from the current folder, once.

        The lake may be ``s3://bucket/prefix``. Raises ValueError for what cannot be a lake.
        """
        return cls(
            exports=str(exports.absolute()),
            lookups=str(lookups.absolute()),
            lake_root=lake_location(lake),
            engine_name=engine,
        )

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Workplace"]:
        """Open the engine for a run and close it afterwards, with what the run staged.

        Raises EngineRefused where the engine cannot be had.
        """
        if self.engine_name == EngineName.SPARK:
            need_spark()
        run_id = context.run.run_id if context.run is not None else None
        if run_id is not None and context.instance is not None:
            tell_process(context.instance, run_id)
        self._local = Engine(self.lake.spill_folder())
        try:
            yield self
        finally:
            try:
                (self._engine or self._local).close()
            finally:
                if run_id is not None:
                    self.lake.clear_stage(run_id)

    def check_engine(self) -> None:
        """See that the engine can be had, before any work starts.

        Raises EngineRefused where it cannot.
        """
        if self.engine_name == EngineName.SPARK:
            open_spark(self.inbox)

    @property
    def engine(self) -> Computes:
        """The run's engine; a cluster is asked for once a run needs it."""
        if self._engine is None:
            self._engine = (
                spark_engine(self.inbox, self.lake, self._local)
                if self.engine_name == EngineName.SPARK
                else self._local
            )
        return self._engine

    @property
    def local(self) -> Engine:
        """DuckDB on this machine, which reads what was delivered; most often the engine itself."""
        return self._local

    @property
    def inbox(self) -> Path:
        """The folder of usage exports."""
        return Path(self.exports) / "pendo"

    @property
    def exports_folder(self) -> Path:
        """The folder with one folder per feed."""
        return Path(self.exports)

    @property
    def lake(self) -> Lake:
        """The tables."""
        return Lake.at(self.lake_root)

    def lookup_file(self, name: str) -> Path:
        """The file behind a lookup."""
        return Path(self.lookups) / LOOKUP_FILES[name]

    def lookup_version(self, name: str) -> str:
        """Hash of a lookup, by which Dagster knows that it changed."""
        path = self.lookup_file(name)
        if path.name == LOOKUP_FILES["scoring_settings"]:
            with suppress(LookupRefused):
                settings = read_scoring_settings(path)
                health = name == "health_settings"
                return settings.health_version() if health else settings.version()
        if name == "crm_settings":
            with suppress(LookupRefused):
                return read_delivery_settings(path).crm.version_of_files()
        return content_hash(path) if path.exists() else "missing"

    @property
    def product_areas(self) -> ProductAreas:
        """The lookup from feature to area."""
        return _plainly(read_product_areas, self.lookup_file("product_areas"))

    def product_areas_table(self) -> ibis.Table:
        """The lookup as a table with ``feature_key, area``."""
        rows = self.product_areas.rows()
        schema = ibis.schema({"feature_key": "string", "area": "string", "tier": "string"})
        return self.engine.arrow("product_areas", rows, schema)

    @property
    def alert_rules(self) -> AlertRules:
        """The rules of alerts; none without the file."""
        return _plainly(read_alert_rules, self.lookup_file("alert_rules"))

    @property
    def delivery_file(self) -> Path:
        """Who is told what, and which systems get scores."""
        return self.lookup_file("crm_settings")

    @property
    def delivery(self) -> DeliverySettings:
        """What that file says; nobody is told anything without it."""
        return _plainly(read_delivery_settings, self.delivery_file)

    @property
    def sources_file(self) -> Path:
        """Where usage comes from besides the files of the inbox."""
        return Path(self.lookups) / "sources.yaml"

    @property
    def playbooks_folder(self) -> Path:
        """What to do about alerts."""
        return Path(self.lookups) / "playbooks"

    @property
    def internal_domains(self) -> frozenset[str]:
        """The vendor's own e-mail domains."""
        return _plainly(read_internal_domains, self.lookup_file("internal_domains"))

    @property
    def settings(self) -> ScoringSettings:
        """The settings of the scoring model."""
        return _plainly(read_scoring_settings, self.lookup_file("scoring_settings"))

    def reading(self) -> Reading:
        """What people wrote down about exports in general.

        Raises LookupRefused for a lookup that cannot be used.
        """
        aliases = tuple(each for each in self._column_aliases() if "." not in each[1])
        features = read_product_areas(self.lookup_file("product_areas")).area
        settings = read_scoring_settings(self.lookup_file("scoring_settings"))
        vocabulary = Vocabulary(aliases, frozenset(features))
        return Reading(vocabulary, settings.date_order)

    @property
    def sentiment_model(self) -> SentimentModel:
        """The model of the setting that reads what people write; its folder from the lookups'."""
        return _plainly(self._of_model, open_model)

    def feed_reading(self) -> FeedReading:
        """What people wrote down about the other feeds.

        Raises LookupRefused for a lookup that cannot be used.
        """
        settings = read_scoring_settings(self.lookup_file("scoring_settings"))
        return FeedReading(
            tuple(each for each in self._column_aliases() if "." in each[1]),
            settings.date_order,
            settings.largest_quarantined_share,
            last_day(MONTHS.get_partition_keys()[-1]),
        )

    def _column_aliases(self) -> list[tuple[str, str]]:
        known = (*CANONICAL, METADATA, *FEED_COLUMNS)
        return read_column_aliases(self.lookup_file("column_aliases"), known)

    @property
    def identities(self) -> Identities:
        """What people know of the ids of clients and visitors."""
        return Identities(
            _plainly(read_client_aliases, self.lookup_file("client_aliases")),
            _plainly(read_excluded_accounts, self.lookup_file("excluded_accounts")),
            _plainly(read_excluded_visitors, self.lookup_file("excluded_visitors")),
        )

    def check_lookups(self) -> None:
        """Read every lookup, before any work starts.

        Raises LookupRefused for the first that cannot be used.
        """
        self.reading()
        read_internal_domains(self.lookup_file("internal_domains"))
        read_client_aliases(self.lookup_file("client_aliases"))
        read_excluded_accounts(self.lookup_file("excluded_accounts"))
        read_excluded_visitors(self.lookup_file("excluded_visitors"))
        read_sources_settings(self.sources_file)
        self._of_model(check_model)

    def _of_model(self, look: Callable[[str], T]) -> T:
        path = self.lookup_file("scoring_settings")
        setting = read_scoring_settings(path).sentiment_model
        try:
            return look(setting if setting == "vader" else str(Path(self.lookups) / setting))
        except ModelRefused as refused:
            raise LookupRefused(
                path, "setting sentiment_model", refused.what, refused.todo
            ) from None

    @property
    def silent_months(self) -> int:
        """How far the stages look back."""
        return self._settings_of_the_graph().silent_months

    @property
    def export_due_day(self) -> int:
        """The day of the month after, by which an export is expected."""
        return self._settings_of_the_graph().export_due_day

    def _settings_of_the_graph(self) -> ScoringSettings:
        """The defaults while the settings cannot be read.

        The graph loads even then: runs fail with what is wrong with the file.
        """
        try:
            return read_scoring_settings(self.lookup_file("scoring_settings"))
        except LookupRefused:
            return ScoringSettings()


def _plainly(read: Callable[[A], T], asked: A) -> T:
    """Read a lookup; what is wrong with it fails the step in one line, and is not retried."""
    try:
        return read(asked)
    except LookupRefused as refused:
        raise dg.Failure(str(refused), allow_retries=False) from None
