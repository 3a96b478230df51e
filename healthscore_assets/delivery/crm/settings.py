"""The section ``crm`` of ``lookups/delivery.yaml``: which systems, which of their fields."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, model_validator

from healthscore_assets.lookups.setting_types import (
    Seconds,
    SecretName,
    Section,
    ServerAddress,
    Text,
)

System = Literal["salesforce", "hubspot", "gainsight", "zendesk"]
SYSTEMS: tuple[System, ...] = get_args(System)

Column = Literal[
    "client_id",
    "client_name",
    "segment",
    "health",
    "band",
    "trend",
    "reason",
    "driver_1",
    "driver_2",
    "driver_3",
    "open_alerts",
    "highest_tier",
    "alerts",
    "scored_month",
    "partial",
]
"""The columns of `crm_scores`."""

FieldName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,99}$")]
"""A field as the system's API names it."""


class SalesforceApi(Section):
    """An external client app with the client credentials flow."""

    url: ServerAddress
    client_id: SecretName = "SALESFORCE_CLIENT_ID"
    client_secret: SecretName = "SALESFORCE_CLIENT_SECRET"
    version: Annotated[str, Field(pattern=r"^\d{2,3}\.0$")] = "62.0"
    timeout_seconds: Seconds = 60

    @property
    def credentials(self) -> tuple[str, ...]:
        """The secrets that it needs, by name."""
        return (self.client_id, self.client_secret)


class HubSpotApi(Section):
    """A private app with the scopes to read and write companies."""

    url: ServerAddress = "https://api.hubapi.com"
    token: SecretName = "HUBSPOT_TOKEN"
    timeout_seconds: Seconds = 60

    @property
    def credentials(self) -> tuple[str, ...]:
        """The secrets that it needs, by name."""
        return (self.token,)


class GainsightApi(Section):
    """The domain of a Gainsight tenant, and its access key."""

    url: ServerAddress
    access_key: SecretName = "GAINSIGHT_ACCESS_KEY"
    timeout_seconds: Seconds = 60

    @property
    def credentials(self) -> tuple[str, ...]:
        """The secrets that it needs, by name."""
        return (self.access_key,)


class ZendeskApi(Section):
    """An administrator of a help desk, by e-mail address, and an API token."""

    url: ServerAddress
    email: Text
    token: SecretName = "ZENDESK_TOKEN"
    timeout_seconds: Seconds = 60

    @property
    def credentials(self) -> tuple[str, ...]:
        """The secrets that it needs, by name."""
        return (self.token,)


class _SystemSettings(Section):
    """``fields`` are the system's own by column of `crm_scores`, where they are not the default."""

    defaults: ClassVar[Mapping[str, str]]

    enabled: bool = True
    fields: Mapping[Column, FieldName | None] = {}

    @model_validator(mode="after")
    def _good_fields(self) -> "_SystemSettings":
        if "client_id" not in self.names:
            raise ValueError("client_id cannot be left out: clients are matched by it")
        seen: dict[str, str] = {}
        for column, name in self.names.items():
            if name.lower() in seen:
                raise ValueError(f"{seen[name.lower()]} and {column} go to the same field")
            seen[name.lower()] = column
        return self

    @property
    def names(self) -> dict[str, str]:
        """The field of each column, in the order of `crm_scores`, without those left out."""
        return {
            column: name
            for column, default in self.defaults.items()
            if (name := self.fields.get(column, default))  # type: ignore[call-overload]
        }


def _titled(prefix: str, suffix: str) -> dict[str, str]:
    return {
        column: f"{prefix}{'_'.join(word.capitalize() for word in column.split('_'))}{suffix}"
        for column in get_args(Column)
    }


class Salesforce(_SystemSettings):
    """Custom fields of accounts; that of ``client_id`` is an external id."""

    defaults = _titled("Healthscore_", "__c")

    object: FieldName = "Account"
    api: SalesforceApi | None = None


class HubSpot(_SystemSettings):
    """Custom properties of companies; that of ``client_id`` has unique values."""

    defaults: ClassVar = {column: f"healthscore_{column}" for column in get_args(Column)}

    api: HubSpotApi | None = None


class Gainsight(_SystemSettings):
    """Custom fields of the Company object."""

    defaults = _titled("Healthscore_", "__gc")

    api: GainsightApi | None = None


class Zendesk(_SystemSettings):
    """Organization fields, by key, but for two of Zendesk's own: ``external_id`` and ``name``."""

    defaults: ClassVar = {
        **{column: f"healthscore_{column}" for column in get_args(Column)},
        "client_id": "external_id",
        "client_name": "name",
    }

    api: ZendeskApi | None = None

    @model_validator(mode="after")
    def _matched(self) -> "Zendesk":
        if self.names["client_id"] != "external_id":
            raise ValueError("client_id is matched as external_id, and goes to no other field")
        return self


class CrmSettings(Section):
    """A file a month for each system that is enabled, and its API where ``api`` says so."""

    salesforce: Salesforce = Salesforce()
    hubspot: HubSpot = HubSpot()
    gainsight: Gainsight = Gainsight()
    zendesk: Zendesk = Zendesk()

    def of(self, system: System) -> Salesforce | HubSpot | Gainsight | Zendesk:
        """The settings of a system."""
        settings: Salesforce | HubSpot | Gainsight | Zendesk = getattr(self, system)
        return settings

    def version_of_files(self) -> str:
        """Hash of what the files depend on; APIs and credentials change none."""
        told = [(system, self.of(system).enabled, self.of(system).names) for system in SYSTEMS]
        return hashlib.sha256(repr(told).encode()).hexdigest()
