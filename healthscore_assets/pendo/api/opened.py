"""The API as the settings have it, with its key."""

import ssl
from collections.abc import Callable
from datetime import datetime

from healthscore_assets.lookups.secrets import SecretMissing, Secrets
from healthscore_assets.lookups.sources_settings import PendoApi, Region
from healthscore_assets.pendo.api.client import Pendo

HOSTS: dict[Region, str] = {
    "us": "https://app.pendo.io",
    "us1": "https://us1.app.pendo.io",
    "eu": "https://app.eu.pendo.io",
    "jpn": "https://app.jpn.pendo.io",
    "au": "https://app.au.pendo.io",
}
"""Pendo's data centres."""


def open_pendo(
    settings: PendoApi,
    secrets: Secrets,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
    tell: Callable[[str], None],
    context: ssl.SSLContext | None = None,
) -> Pendo:
    """Nothing is asked yet.

    Parameters: ``clock`` gives the time with its zone; ``tell`` hears why something takes longer;
    ``context`` says which certificates are trusted, by default those that the system trusts.
    Raises SecretMissing where there is no key, or what cannot be one.
    """
    variable = settings.integration_key
    key = secrets[variable]
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SecretMissing(
            f"{variable} holds what cannot be an integration key; copy it again from Pendo "
            "(Settings > Integrations > Integration Keys)"
        )
    address = settings.address or HOSTS[settings.region]
    place = f"Pendo at {address}" if settings.address else f"Pendo ({settings.region}, {address})"
    return Pendo(
        address=address,
        place=place,
        variable=variable,
        key=key,
        timeout_seconds=settings.timeout_seconds,
        context=context or ssl.create_default_context(),
        clock=clock,
        sleep=sleep,
        tell=tell,
    )
