"""Where usage comes from besides files that people deliver: ``lookups/sources.yaml``."""

import functools
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError, model_validator

from healthscore_assets.lake.content import version_of
from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.lookups.setting_types import (
    SECRET_NAME,
    SecretName,
    Section,
    ServerAddress,
    Text,
)
from healthscore_assets.lookups.yaml_file import YamlFile, read_yaml

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
            raise ValueError("is warehouse, but there is no section warehouse")
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
    values = {name: value for name, value in file.values.items() if value is not None}
    try:
        return SourcesSettings.model_validate(values)
    except ValidationError as error:
        raise _refusal(file, error) from None


def _refusal(file: YamlFile, error: ValidationError) -> LookupRefused:
    """The first thing that is wrong. What was found is not repeated: it may be a secret."""
    first: Any = error.errors(include_input=False)[0]
    name = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        return file.refused(name, f"setting {name} does not exist", "docs/sources.md lists them")
    if first["type"] == "missing":
        place, _, missing = name.rpartition(".")
        return file.refused(name, f"setting {place} needs {missing}", "add it")
    if first["type"] == "string_pattern_mismatch" and first["ctx"]["pattern"] == SECRET_NAME:
        return file.refused(
            name,
            f"setting {name} is not the name of an environment variable",
            "put the secret into a variable, and its name, such as PENDO_INTEGRATION_KEY, here",
        )
    what = first["msg"].removeprefix("Value error, ")
    return file.refused(name, f"setting {name or 'source'}: {what}", "docs/sources.md lists them")
