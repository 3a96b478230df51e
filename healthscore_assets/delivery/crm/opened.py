"""The API of a system as settings have it, with its secrets."""

import ssl
from base64 import b64encode

from healthscore_assets.delivery.channels.channel import Fate
from healthscore_assets.delivery.channels.clock import Clock
from healthscore_assets.delivery.channels.http import Web
from healthscore_assets.delivery.channels.trying import Voice
from healthscore_assets.delivery.crm import gainsight, hubspot, salesforce, zendesk
from healthscore_assets.delivery.crm.api import Api
from healthscore_assets.delivery.crm.push_gainsight import GainsightPush
from healthscore_assets.delivery.crm.push_hubspot import HubSpotPush
from healthscore_assets.delivery.crm.push_salesforce import SalesforceLogin, SalesforcePush
from healthscore_assets.delivery.crm.push_zendesk import ZendeskPush
from healthscore_assets.delivery.crm.settings import (
    CrmSettings,
    GainsightApi,
    HubSpotApi,
    SalesforceApi,
    System,
    ZendeskApi,
)
from healthscore_assets.delivery.crm.talk import MOST_BYTES, Sleep, Talk
from healthscore_assets.lookups.secrets import SecretMissing, Secrets
from healthscore_assets.web.hiding import forms


def open_api(
    system: System,
    settings: CrmSettings,
    secrets: Secrets,
    clock: Clock,
    sleep: Sleep,
    context: ssl.SSLContext,
) -> tuple[Api, Voice]:
    """What writes to a system, and how it speaks. Nothing is sent yet.

    Raises NotSent where the settings have no API of it, or a secret is nowhere.
    """
    voice = Voice(system, "crm", ())
    api = settings.of(system).api
    if api is None:
        raise voice.not_sent(
            Fate.CHANNEL_REFUSED,
            f"crm.{system} has no api",
            f"docs/delivery/{system}.md tells how to set it up",
        )
    try:
        values = {name: secrets[name] for name in api.credentials}
    except SecretMissing as missing:
        raise voice.not_sent(Fate.CHANNEL_REFUSED, *str(missing).split("; ", 1)) from None
    for name, value in values.items():
        if not (value.isascii() and value.isprintable()):
            found = f"{name} holds characters that no key has"
            raise voice.not_sent(Fate.CHANNEL_REFUSED, found, f"copy it into {name} again")
    login = _login(api, secrets) if isinstance(api, ZendeskApi) else ""
    voice = Voice(system, "crm", forms(login, *values.values()))
    place = " and ".join((f"crm.{system}.api", *api.credentials))
    talk = Talk(Web(voice, api.timeout_seconds, context, MOST_BYTES), api.url, place, clock, sleep)
    return _api(settings, api, talk, secrets, login), voice


def _api(
    settings: CrmSettings,
    api: SalesforceApi | HubSpotApi | GainsightApi | ZendeskApi,
    talk: Talk,
    secrets: Secrets,
    login: str,
) -> Api:
    match api:
        case SalesforceApi():
            fields = salesforce.fields(settings.salesforce)
            login_of = SalesforceLogin(secrets[api.client_id], secrets[api.client_secret])
            return SalesforcePush(talk, fields, settings.salesforce.object, api.version, login_of)
        case HubSpotApi():
            return HubSpotPush(talk, hubspot.fields(settings.hubspot), secrets[api.token])
        case GainsightApi():
            fields = gainsight.fields(settings.gainsight)
            return GainsightPush(talk, fields, secrets[api.access_key])
        case ZendeskApi():
            return ZendeskPush(talk, zendesk.fields(settings.zendesk), login)


def _login(api: ZendeskApi, secrets: Secrets) -> str:
    return b64encode(f"{api.email}/token:{secrets[api.token]}".encode()).decode()
