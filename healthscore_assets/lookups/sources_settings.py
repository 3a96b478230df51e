"""Where usage comes from besides files that people deliver: ``lookups/sources.yaml``."""

import functools
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from healthscore_assets.lake.content import version_of
from healthscore_assets.lookups.setting_types import SecretName, Section, ServerAddress, Text
from healthscore_assets.lookups.settings_file import validated
from healthscore_assets.lookups.yaml_file import read_yaml

Region = Literal["us", "us1", "eu", "jpn", "au"]
Backend = Literal["duckdb", "postgres", "snowflake", "bigquery"]


def _without_path(address: str) -> str:
    if urlsplit(address).path:
        raise ValueError("must be without a path; that of the API is added to it")
    return address


class PendoApi(Section):
    """Pendo's Aggregation API: which data centre, and which variable holds the integration key.

    ``address`` goes before ``region``. A request waits ``timeout_seconds`` at most: Pendo itself
    ends one after five minutes.
    """

    region: Region = "us"
    address: Annotated[ServerAddress, AfterValidator(_without_path)] | None = None
    integration_key: SecretName = "PENDO_INTEGRATION_KEY"
    page_rows: Annotated[int, Field(ge=100, le=1_000_000)] = 50_000
    timeout_seconds: Annotated[float, Field(gt=0, le=900)] = 330


class Warehouse(Section):
    """Tables as Fivetran keeps them in ``schema``, or a ``query`` (or ``table``) of events.

    ``connection`` is the variable that holds the connection's URL.
    """

    backend: Backend
    connection: SecretName = "HEALTHSCORE_WAREHOUSE"
    schema_name: Text | None = Field(default=None, alias="schema")
    table: Text | None = None
    query: Text | None = None

    @model_validator(mode="after")
    def _one_of(self) -> "Warehouse":
        told = [self.schema_name, self.table, self.query]
        if sum(each is not None for each in told) != 1:
            raise ValueError("needs one of schema, table and query")
        return self

    @property
    def kind(self) -> Literal["schema", "table", "query"]:
        """Which of the three is set."""
        if self.schema_name is not None:
            return "schema"
        return "table" if self.table is not None else "query"


class SourcesSettings(Section):
    """``source`` says where usage is taken from: the inbox as it is, or a warehouse as well."""

    source: Literal["files", "warehouse"] = "files"
    pendo: PendoApi = PendoApi()
    warehouse: Warehouse | None = None

    @model_validator(mode="after")
    def _complete(self) -> "SourcesSettings":
        if self.source == "warehouse" and self.warehouse is None:
            raise ValueError("setting source is warehouse, but there is no section warehouse")
        return self


def read_sources_settings(path: Path) -> SourcesSettings:
    """Read the settings, once until the file changes; the defaults without a file.

    Raises LookupRefused for what cannot be used, naming the line, and never repeating what may be
    a secret that stands where its name should.
    """
    return _read(path, version_of(path)) if path.exists() else SourcesSettings()


@functools.lru_cache(maxsize=8)
def _read(path: Path, _version: object) -> SourcesSettings:
    file = read_yaml(path, empty_means="that usage comes from files alone")
    return validated(file, SourcesSettings, "docs/sources.md", "PENDO_INTEGRATION_KEY")
