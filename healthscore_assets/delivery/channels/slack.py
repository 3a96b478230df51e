"""Slack: an incoming webhook, or a bot."""

import json
from dataclasses import dataclass, field
from typing import Any

from healthscore_assets.delivery.channels.channel import Fate, Letter, Outcome
from healthscore_assets.delivery.channels.clock import Clock
from healthscore_assets.delivery.channels.http import Answer, Web
from healthscore_assets.delivery.channels.slack_api import API, SlackApi, SlackSaysNo
from healthscore_assets.delivery.channels.slack_mention import with_mention
from healthscore_assets.delivery.channels.slack_words import WORDS
from healthscore_assets.delivery.channels.trying import NotSent, Tries
from healthscore_assets.delivery.documents.document import Image
from healthscore_assets.delivery.rendering.slack import slack_message
from healthscore_assets.web.client import wait_seconds


@dataclass(frozen=True)
class SlackWebhook(Tries):
    """Posts to the incoming webhook whose URL the variable ``place`` holds."""

    web: Web
    place: str
    secret_url: str = field(repr=False)
    clock: Clock = field(repr=False)

    def _try(self, letter: Letter) -> Outcome:
        url = self.web.url(self.secret_url, self.place)
        message = _message(self.web, letter)
        # Not by slack_sdk's WebhookClient: it follows redirects, and reads without end.
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": letter.key,
        }
        answer = self.web.post(url, json.dumps(message).encode(), headers)
        word = answer.text.strip()
        if answer.status == 200 and word != "ok":
            return self.web.voice.outcome(
                Fate.CHANNEL_REFUSED,
                f"answered {self.web.voice.quoted(word)} where Slack says ok",
                f"put the URL of an incoming webhook into {self.place}",
            )
        if word in WORDS:
            return _said(self.web, word, answer, self.place, self.clock)
        return self.web.outcome(answer, self.place, self.clock())


@dataclass(frozen=True)
class SlackBot(Tries):
    """Posts in a channel by the token that the variable ``place`` holds.

    The key is in the metadata of the message, by which a message can be recognised: Slack itself
    takes it twice when it is sent twice.
    """

    web: Web
    api: str
    place: str
    token: str = field(repr=False)
    channel: str
    clock: Clock = field(repr=False)

    def _try(self, letter: Letter) -> Outcome:
        message = _message(self.web, letter)
        api = SlackApi.opened(self.web, self.api, self.token, self.place)
        event = {"event_type": "healthscore", "event_payload": {"key": letter.key}}
        try:
            posted = api.post(channel=self.channel, metadata=event, **message)
        except SlackSaysNo as no:
            return self._no(no)
        image = letter.document.image
        if image is None:
            return Outcome(Fate.SENT)
        # An upload takes the ID of a channel only, which the answer has.
        warning = self._upload(api, image, str(posted.get("channel", self.channel)))
        return Outcome(Fate.SENT, warnings=(warning,) if warning else ())

    def _upload(self, api: SlackApi, image: Image, channel: str) -> str | None:
        """Why there is no image with a message that was taken."""
        try:
            api.upload(image, channel)
        except SlackSaysNo as no:
            found = self._no(no).says
        except NotSent as end:
            found = end.outcome.says
        else:
            return None
        return f"{found} (the message was sent, without its image)"

    def _no(self, no: SlackSaysNo) -> Outcome:
        if no.word not in WORDS and no.answer.status != 200:
            return self.web.outcome(no.answer, f"{self.place} or {API}", self.clock())
        return _said(self.web, no.word, no.answer, self.place, self.clock, no.more)


def _message(web: Web, letter: Letter) -> dict[str, Any]:
    message = with_mention(slack_message(letter.document, letter.key), letter.to)
    if message is None:
        raise web.voice.not_sent(
            Fate.REFUSED,
            f"cannot mention {web.voice.quoted(letter.to)}",
            "write the ID of a member (U012AB3CD) or of a group (S012AB3CD), here or channel",
        )
    return message


def _said(web: Web, word: str, answer: Answer, place: str, clock: Clock, more: str = "") -> Outcome:
    """What a word of Slack's means."""
    fate, todo = WORDS.get(word, (Fate.REFUSED, "Slack's documentation explains it"))
    wait = wait_seconds(answer.headers, clock()) if fate is Fate.LATER else None
    found = f"Slack says {web.voice.quoted(word + more)}"
    return web.voice.outcome(fate, found, todo.format(place=place), wait)
