"""Letters to send in tests, and channels that are opened as the product opens them."""

import base64
import ssl
from datetime import UTC, datetime

from pydantic import TypeAdapter

from healthscore_assets.delivery.channels.channel import Channel, Letter
from healthscore_assets.delivery.channels.opened import open_channel
from healthscore_assets.delivery.documents.document import Document, Image, Line, Section
from healthscore_assets.delivery.settings import ChannelSettings
from healthscore_assets.lookups.secrets import Secrets

KEY = "digest-2024-05-31-robin"
NOW = datetime(2024, 5, 31, 7, 0, tzinfo=UTC)

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGM4AQAAygDJmcpdfgAAAABJRU5ErkJggg=="
)
"""A grey dot."""

_settings: TypeAdapter[ChannelSettings] = TypeAdapter(ChannelSettings)


def letter(to: str = "", *, image: bool = False, key: str = KEY) -> Letter:
    """A digest of one alert."""
    document = Document(
        purpose="digest",
        title="2 alerts of Robin Reed",
        intro="Example Ltd needs you.",
        sections=(Section(heading="High", lines=(Line(text="Example Ltd", detail="red"),)),),
        image=Image(png=PNG, says="Bands over six months") if image else None,
        data={"alerts": 2},
    )
    return Letter(key, to, document)


def opened(
    settings: dict[str, object],
    secrets: dict[str, str],
    context: ssl.SSLContext | None = None,
    now: datetime = NOW,
) -> Channel:
    """A channel named ``team``; each time it looks, it is ``now``."""
    checked = _settings.validate_python(settings)
    return open_channel("team", checked, Secrets(secrets), lambda: now, context)
