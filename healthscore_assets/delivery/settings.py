"""Who is told what, by what: ``lookups/delivery.yaml``, read strictly."""

import functools
import re
from collections.abc import Mapping
from datetime import time
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from healthscore_assets.delivery.crm.settings import SYSTEMS, CrmSettings
from healthscore_assets.lake.content import version_of
from healthscore_assets.lookups.setting_types import (
    Seconds,
    SecretName,
    ServerAddress,
    Text,
)
from healthscore_assets.lookups.setting_types import Section as _Settings
from healthscore_assets.lookups.settings_file import validated
from healthscore_assets.lookups.yaml_file import YamlFile, read_yaml

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = Weekday.__args__  # type: ignore[attr-defined]
_WORKING_DAYS = WEEKDAYS[:5]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone; write one such as Europe/Berlin") from None
    return name


def _clock(told: object) -> time:
    if isinstance(told, int):  # YAML reads 7:00 as 420, of base 60; from 1:00 on that is 60 or more
        told = f"{told // 60:02}:{told % 60:02}" if told >= 60 else ""
    try:
        read = time.fromisoformat(str(told))
    except ValueError:
        raise ValueError('is no time of day; write one such as "07:00"') from None
    if read.tzinfo is not None:
        raise ValueError('has a zone; write a time such as "07:00", and the zone as timezone')
    return read


def _host(told: str) -> str:
    try:
        told.encode("idna")
        if ":" in told:
            ip_address(told)
    except ValueError:
        named = False
    else:
        named = re.fullmatch(r"[\w.:-]+", told) is not None
    if not named:
        raise ValueError("is no name of a host; write one such as smtp.example.com, no URL or port")
    return told


Zone = Annotated[str, AfterValidator(_zone)]
Clock = Annotated[time, BeforeValidator(_clock)]
Host = Annotated[str, AfterValidator(_host)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class SlackChannel(_Settings):
    """An incoming webhook, or a bot (``token``) that posts in a ``channel`` and uploads images."""

    kind: Literal["slack"]
    webhook: SecretName | None = None
    token: SecretName | None = None
    channel: Text | None = None
    api: ServerAddress = "https://slack.com/api"
    timeout_seconds: Seconds = 30

    @model_validator(mode="after")
    def _one_way(self) -> "SlackChannel":
        if (self.webhook is None) == (self.token is None):
            raise ValueError("needs either webhook or token")
        if (self.token is None) != (self.channel is None):
            raise ValueError("token and channel go together")
        return self


class TeamsChannel(_Settings):
    """A webhook of a Teams workflow ("when a webhook request is received")."""

    kind: Literal["teams"]
    webhook: SecretName
    timeout_seconds: Seconds = 30


class EmailChannel(_Settings):
    """A mail server that takes mail from ``sender``.

    ``timeout_seconds`` is for a message as a whole, from the connection to the last answer.
    """

    kind: Literal["email"]
    host: Host
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: SecretName | None = None
    password: SecretName | None = None
    sender: Text
    timeout_seconds: Seconds = 60

    @model_validator(mode="after")
    def _login(self) -> "EmailChannel":
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together")
        if self.security == "none" and self.password is not None:
            raise ValueError("a password needs security starttls or tls")
        return self


class WebhookChannel(_Settings):
    """A URL of your own that takes JSON, signed by a ``secret`` (Standard Webhooks)."""

    kind: Literal["webhook"]
    url: SecretName
    secret: SecretName
    timeout_seconds: Seconds = 30


class AppriseChannel(_Settings):
    """Anything that Apprise sends to, by its URL: Google Chat, Mattermost, PagerDuty and others."""

    kind: Literal["apprise"]
    url: SecretName


ChannelSettings = Annotated[
    SlackChannel | TeamsChannel | EmailChannel | WebhookChannel | AppriseChannel,
    Field(discriminator="kind"),
]


class Address(_Settings):
    """A channel, and ``to``: whom Slack mentions, or who gets the e-mail; other kinds take none."""

    channel: Name
    to: str = ""


def _several(told: object) -> object:
    return [told] if isinstance(told, Mapping) else told


Addresses = Annotated[tuple[Address, ...], BeforeValidator(_several)]


class DeliverySettings(_Settings):
    """The file as a whole; what it leaves out keeps its default, and without it nothing is sent."""

    timezone: Zone = "UTC"
    digest_at: Clock = time(7)
    digest_on: tuple[Weekday, ...] = _WORKING_DAYS
    portfolio_at: Clock = time(7)
    portfolio_on: Weekday = "monday"
    give_up_after_days: Annotated[float, Field(gt=0, le=30)] = 3
    channels: Mapping[Name, ChannelSettings] = {}
    people: Mapping[Text, Addresses] = {}
    others: Addresses = ()
    team_leads: Addresses = ()
    operators: Addresses = ()
    crm: CrmSettings = CrmSettings()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of days and hours."""
        return ZoneInfo(self.timezone)

    def addresses_of(self, owner: str) -> tuple[Address, ...]:
        """Where an owner of alerts is told; empty where nobody said."""
        return self.people.get(owner, self.others)


def read_delivery_settings(path: Path) -> DeliverySettings:
    """Read the settings, once until the file changes; without a file there are none.

    Raises LookupRefused for what cannot be used, naming the line, and never repeating what may be
    a secret that stands where its name should.
    """
    return _read(path, version_of(path)) if path.exists() else DeliverySettings()


@functools.lru_cache(maxsize=8)
def _read(path: Path, _version: object) -> DeliverySettings:
    file = read_yaml(path, empty_means="that nothing is sent")
    settings = validated(
        file, DeliverySettings, "docs/delivery.md", "SLACK_WEBHOOK", told=_without_kind
    )
    for name in {*settings.channels} & {*SYSTEMS}:
        what = f"channel {name}: that is what the system under crm is called"
        raise file.refused(f"channels.{name}", what, "give the channel another name")
    _check_addresses(file, settings)
    return settings


def _check_addresses(file: YamlFile, settings: DeliverySettings) -> None:
    told = {
        "others": settings.others,
        "team_leads": settings.team_leads,
        "operators": settings.operators,
        **{f"people.{name}": addresses for name, addresses in settings.people.items()},
    }
    known = ", ".join(settings.channels) or "none yet"
    for name, addresses in told.items():
        for address in addresses:
            channel = settings.channels.get(address.channel)
            if channel is None:
                what = f"{name}: channel {address.channel!r} does not exist"
                raise file.refused(name, what, f"the channels are {known}")
            if channel.kind == "email" and "@" not in address.to:
                what = f"{name}: channel {address.channel} is e-mail, and there is no address"
                raise file.refused(name, what, "add to: somebody@example.com")
            if channel.kind not in ("email", "slack") and address.to:
                what = f"{name}: channel {address.channel} is {channel.kind}, which has one reader"
                raise file.refused(name, what, "leave out to")


def _without_kind(place: tuple[str, ...]) -> tuple[str, ...]:
    """Pydantic adds the kind of a channel to the places of its settings."""
    return place[:2] + place[3:] if place[:1] == ("channels",) else place
