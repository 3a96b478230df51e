"""Whatever Apprise sends to, by its URL."""

import re
from dataclasses import dataclass, field

import apprise
from apprise import NotifyFormat
from apprise.result import AppriseResult, AppriseResultStatus

from healthscore_assets.delivery.channels.channel import Fate, Letter, Outcome
from healthscore_assets.delivery.channels.http import MEND
from healthscore_assets.delivery.channels.trying import Tries, Voice
from healthscore_assets.delivery.rendering.plain import plain_text

_SECONDS = 60
_STATUS = re.compile(r"error=(\d{3})\b")


@dataclass(frozen=True)
class Apprise(Tries):
    """Sends text by the URL, or the URLs parted by commas, that the variable ``place`` holds.

    Apprise does not say whether trying again may help; a status in what it logs does.
    """

    voice: Voice
    place: str
    secret_url: str = field(repr=False)

    def _try(self, letter: Letter) -> Outcome:
        service = apprise.Apprise()
        if not service.add(self.secret_url):
            raise self.voice.not_sent(
                Fate.CHANNEL_REFUSED,
                f"{self.place} holds no URL that Apprise can send to",
                "see https://github.com/caronc/apprise/wiki for the form of each service",
            )
        result = service.notify(
            body=plain_text(letter.document),
            title=letter.document.title,
            body_format=NotifyFormat.TEXT,
            timeout=_SECONDS,
        )
        with result:
            return self._outcome(result)

    def _outcome(self, result: AppriseResult) -> Outcome:
        if result.status is AppriseResultStatus.SUCCESS:
            return Outcome(Fate.SENT)
        logged = " ".join(each.message for each in result.logs())
        found = f"Apprise could not send, and says {self.voice.quoted(logged)}"
        if result.status is AppriseResultStatus.PARTIAL:
            warning = self.voice.line(f"{found}; others of its URLs have the message")
            return Outcome(Fate.SENT, warnings=(warning,))
        statuses = [int(each) for each in _STATUS.findall(logged)]
        if any(status in MEND for status in statuses):
            return self.voice.outcome(
                Fate.CHANNEL_REFUSED, found, f"see whether {self.place} holds what is valid there"
            )
        return self.voice.outcome(
            Fate.LATER, found, "if it goes on, see whether that service can be reached from here"
        )
