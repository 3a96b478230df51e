"""Channels by their names, with secrets from the environment."""

import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from healthscore_assets.delivery.channels.channel import Channel, Fate, Letter, Outcome
from healthscore_assets.delivery.channels.opened import open_channel
from healthscore_assets.delivery.crm.channel import ScoresChannel
from healthscore_assets.delivery.crm.push import with_api
from healthscore_assets.delivery.crm.settings import SYSTEMS
from healthscore_assets.delivery.documents.trial import trial
from healthscore_assets.delivery.settings import DeliverySettings, read_delivery_settings
from healthscore_assets.lookups.secrets import SecretMissing
from healthscore_assets.orchestration.outbox import secrets_of_environment
from healthscore_assets.orchestration.workplace import Workplace


def is_set_up(workplace: Workplace) -> bool:
    """Whether there is anything to send by. Raises LookupRefused for bad settings."""
    settings = read_delivery_settings(workplace.delivery_file)
    return bool(settings.channels or with_api(settings.crm))


def channel_of(workplace: Workplace, settings: DeliverySettings) -> Callable[[str], Channel]:
    """Opens channels by name, and systems by theirs.

    Raises KeyError for an unknown one, else as `open_channel`.
    """
    secrets = secrets_of_environment()

    def opened(name: str) -> Channel:
        for system in SYSTEMS:
            if name == system:
                return ScoresChannel(
                    system, settings.crm, secrets, workplace.lake, _now, time.sleep
                )
        return open_channel(name, settings.channels[name], secrets, _now)

    return opened


def try_channel(workplace: Workplace, name: str, to: str) -> Outcome:
    """Send a trial message by a channel, at once and past the outbox.

    Raises LookupRefused for settings that cannot be used.
    """
    settings = read_delivery_settings(workplace.delivery_file)
    if name not in settings.channels:
        known = ", ".join(settings.channels) or "none yet"
        says = f"{workplace.delivery_file}: there is no channel {name}; the channels are {known}"
        return Outcome(Fate.REFUSED, says)
    try:
        channel = channel_of(workplace, settings)(name)
    except SecretMissing as missing:
        return Outcome(Fate.CHANNEL_REFUSED, f"channel {name}: {missing}")
    return channel.send(Letter(f"hs_trial_{uuid.uuid4().hex}", to, trial(name, to)))


def not_ready(workplace: Workplace, channels: Iterable[str]) -> list[str]:
    """What is missing of channels, a line each, without asking their servers.

    Raises LookupRefused for settings that cannot be used.
    """
    settings = read_delivery_settings(workplace.delivery_file)
    opened, lines = channel_of(workplace, settings), []
    for name in sorted({*channels} - {*SYSTEMS}):
        try:
            opened(name)
        except KeyError:
            lines.append(f"channel {name}: is in {workplace.delivery_file} no more; messages wait")
        except SecretMissing as missing:
            lines.append(f"channel {name}: {missing}")
    return lines


def _now() -> datetime:
    return datetime.now(UTC)
