"""A URL of your own, signed as https://www.standardwebhooks.com describes."""

import base64
import binascii
from dataclasses import dataclass, field
from datetime import UTC

from standardwebhooks import Webhook as Signer

from healthscore_assets.delivery.channels.channel import Fate, Letter, Outcome
from healthscore_assets.delivery.channels.clock import Clock
from healthscore_assets.delivery.channels.http import Web
from healthscore_assets.delivery.channels.trying import Tries
from healthscore_assets.delivery.rendering.webhook import webhook_body

PREFIX = "whsec_"
_BYTES = range(24, 65)


@dataclass(frozen=True)
class Webhook(Tries):
    """Posts JSON to the URL of ``url_place``, signed by the secret of ``secret_place``."""

    web: Web
    url_place: str
    secret_url: str = field(repr=False)
    secret_place: str
    secret: str = field(repr=False)
    clock: Clock = field(repr=False)

    def _try(self, letter: Letter) -> Outcome:
        url = self.web.url(self.secret_url, self.url_place)
        signer = self._signer()
        body = webhook_body(letter.document, letter.key)
        now = self.clock().astimezone(UTC)  # the library takes any other zone for UTC
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": letter.key,
            "webhook-id": letter.key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(letter.key, now, body),
        }
        answer = self.web.post(url, body.encode(), headers)
        return self.web.outcome(answer, f"{self.url_place} or {self.secret_place}", now)

    def _signer(self) -> Signer:
        # The library drops what is not base64, down to a key of nothing.
        told = self.secret.removeprefix(PREFIX)
        try:
            key = base64.b64decode(told + "=" * (-len(told) % 4), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) not in _BYTES:
            raise self.web.voice.not_sent(
                Fate.CHANNEL_REFUSED,
                f"{self.secret_place} holds no key of 24 to 64 bytes in base64",
                "make one with: openssl rand -base64 32",
            )
        return Signer(key)
