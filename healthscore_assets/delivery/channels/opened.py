"""Channels as settings have them, with their secrets."""

import ssl

from healthscore_assets.delivery.channels.channel import Channel
from healthscore_assets.delivery.channels.clock import Clock
from healthscore_assets.delivery.channels.trying import Voice
from healthscore_assets.delivery.settings import (
    AppriseChannel,
    ChannelSettings,
    EmailChannel,
    SlackChannel,
    TeamsChannel,
    WebhookChannel,
)
from healthscore_assets.lookups.secrets import Secrets
from healthscore_assets.web.hiding import forms, forms_of_services, forms_of_url


def open_channel(
    name: str,
    settings: ChannelSettings,
    secrets: Secrets,
    clock: Clock,
    context: ssl.SSLContext | None = None,
) -> Channel:
    """The channel of that name. Nothing is sent yet, nor looked up.

    Parameters: ``clock`` gives the time with its zone; ``context`` says which certificates are
    trusted, by default those that the system trusts.
    Raises SecretMissing where a secret that the settings name is nowhere.
    """
    match settings:
        case AppriseChannel():
            return _apprise(name, settings, secrets)
        case EmailChannel():
            return _email(name, settings, secrets, clock, context or _trusted())
        case SlackChannel():
            return _slack(name, settings, secrets, clock, context or _trusted())
        case TeamsChannel():
            return _teams(name, settings, secrets, clock, context or _trusted())
        case WebhookChannel():
            return _webhook(name, settings, secrets, clock, context or _trusted())


# Each loads what it needs when there is a channel of its kind: Apprise takes half a second.


def _apprise(name: str, settings: AppriseChannel, secrets: Secrets) -> Channel:
    from healthscore_assets.delivery.channels.apprise import Apprise

    url = secrets[settings.url]
    return Apprise(Voice(name, settings.kind, forms_of_services(url)), settings.url, url)


def _email(
    name: str, settings: EmailChannel, secrets: Secrets, clock: Clock, context: ssl.SSLContext
) -> Channel:
    from healthscore_assets.delivery.channels.email import Email, Login

    login: Login | None = None
    hidden: tuple[str, ...] = ()
    if settings.user is not None and settings.password is not None:
        user, password = secrets[settings.user], secrets[settings.password]
        login = Login(user, password, f"{settings.user} and {settings.password}")
        hidden = forms(user, password)
    return Email(Voice(name, settings.kind, hidden), settings, login, clock, context)


def _slack(
    name: str, settings: SlackChannel, secrets: Secrets, clock: Clock, context: ssl.SSLContext
) -> Channel:
    from healthscore_assets.delivery.channels.http import Web
    from healthscore_assets.delivery.channels.slack import SlackBot, SlackWebhook

    if settings.webhook is not None:
        url = secrets[settings.webhook]
        voice = Voice(name, settings.kind, forms_of_url(url))
        web = Web(voice, settings.timeout_seconds, context)
        return SlackWebhook(web, settings.webhook, url, clock)
    assert settings.token is not None
    assert settings.channel is not None
    token = secrets[settings.token]
    web = Web(Voice(name, settings.kind, forms(token)), settings.timeout_seconds, context)
    return SlackBot(web, settings.api, settings.token, token, settings.channel, clock)


def _teams(
    name: str, settings: TeamsChannel, secrets: Secrets, clock: Clock, context: ssl.SSLContext
) -> Channel:
    from healthscore_assets.delivery.channels.http import Web
    from healthscore_assets.delivery.channels.teams import Teams

    url = secrets[settings.webhook]
    voice = Voice(name, settings.kind, forms_of_url(url))
    web = Web(voice, settings.timeout_seconds, context)
    return Teams(web, settings.webhook, url, clock)


def _webhook(
    name: str, settings: WebhookChannel, secrets: Secrets, clock: Clock, context: ssl.SSLContext
) -> Channel:
    from healthscore_assets.delivery.channels.http import Web
    from healthscore_assets.delivery.channels.webhook import PREFIX, Webhook

    url, secret = secrets[settings.url], secrets[settings.secret]
    hidden = (*forms_of_url(url), *forms(secret, secret.removeprefix(PREFIX)))
    web = Web(Voice(name, settings.kind, hidden), settings.timeout_seconds, context)
    return Webhook(web, settings.url, url, settings.secret, secret, clock)


def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()
