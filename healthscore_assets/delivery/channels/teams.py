"""Microsoft Teams, by a workflow that starts when a webhook request is received."""

import json
from dataclasses import dataclass, field

from healthscore_assets.delivery.channels.channel import Letter, Outcome
from healthscore_assets.delivery.channels.clock import Clock
from healthscore_assets.delivery.channels.http import Web
from healthscore_assets.delivery.channels.trying import Tries
from healthscore_assets.delivery.rendering.teams import teams_message


@dataclass(frozen=True)
class Teams(Tries):
    """Posts a card to the URL that the variable ``place`` holds.

    A workflow answers before it posts, so "sent" says that it has started.
    """

    web: Web
    place: str
    secret_url: str = field(repr=False)
    clock: Clock = field(repr=False)

    def _try(self, letter: Letter) -> Outcome:
        url = self.web.url(self.secret_url, self.place)
        body = json.dumps(teams_message(letter.document, letter.key), ensure_ascii=False)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": letter.key,
        }
        answer = self.web.post(url, body.encode(), headers)
        return self.web.outcome(answer, self.place, self.clock())
