"""Slack's Web API as a bot uses it: by slack_sdk, over our own HTTP."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.request import Request

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from healthscore_assets.delivery.channels.channel import Fate
from healthscore_assets.delivery.channels.http import Answer, Web
from healthscore_assets.delivery.channels.trying import NotSent
from healthscore_assets.delivery.documents.document import Image

API = "the setting api"
"""Where its URL stands."""


class SlackSaysNo(Exception):
    """Slack refuses by a word; ``more`` is what it adds, such as the scope that is needed."""

    def __init__(self, word: str, answer: Answer, more: str) -> None:
        super().__init__(word)
        self.word = word
        self.answer = answer
        self.more = more


class _Client(WebClient):
    """slack_sdk's client, with redirects not followed.

    Its own HTTP, by urllib, would take the token along to wherever a redirect leads.
    """

    def __init__(self, web: Web, api: str, token: str) -> None:
        # Its time limit and its retries are those of the HTTP that is not used.
        quietly = logging.getLogger("slack_sdk")
        super().__init__(token, base_url=api, retry_handlers=[], logger=quietly)
        self._web = web

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        body = req.data
        assert isinstance(body, bytes)
        answer = self._web.post(self._web.url(url, API), body, dict(req.header_items()))
        if answer.status == 200 and not _is_object(answer.text):
            raise _not_slack(self._web, answer)
        text = answer.text if _is_object(answer.text) else "{}"
        return {"status": answer.status, "headers": answer.headers, "body": text}


@dataclass(frozen=True)
class SlackApi:
    """The methods that are used. Each raises SlackSaysNo or NotSent."""

    client: _Client
    web: Web

    @classmethod
    def opened(cls, web: Web, api: str, token: str, place: str) -> "SlackApi":
        """With a token that a header can hold; raises NotSent otherwise."""
        web.url(api, API)
        if not token.isascii() or not token.isprintable() or " " in token:
            found = f"{place} holds what is no token"
            raise web.voice.not_sent(Fate.CHANNEL_REFUSED, found, f"put the token into {place}")
        return cls(_Client(web, api, token), web)

    def post(self, **message: Any) -> dict[str, Any]:
        """Post a message; gives the answer, with the ID of the channel."""
        return self._call(lambda: self.client.chat_postMessage(**message))

    def upload(self, image: Image, channel: str) -> None:
        """Upload an image and show it in a channel, which is named by its ID.

        In the three steps of files_upload_v2, which fails in ways of its own at an answer that
        lacks something.
        """
        opened = self._call(
            lambda: self.client.files_getUploadURLExternal(
                filename="chart.png", length=len(image.png), alt_txt=image.says
            )
        )
        url = self.web.url(str(opened.get("upload_url", "")), "Slack's answer")
        answer = self.web.post(url, image.png, {"Content-Type": "application/octet-stream"})
        if answer.status != 200:
            raise SlackSaysNo("upload_failed", answer, "")
        file: dict[str, str | None] = {
            "id": str(opened.get("file_id", "")),
            "title": image.says or "chart.png",
        }
        self._call(
            lambda: self.client.files_completeUploadExternal(files=[file], channel_id=channel)
        )

    def _call(self, method: Callable[[], SlackResponse]) -> dict[str, Any]:
        try:
            said = method()
        except SlackApiError as error:
            said = error.response
            told = _dict(said)
            answer = Answer(int(said.status_code), said.headers, "")
            raise SlackSaysNo(str(told.get("error", "")), answer, _more(told)) from None
        return _dict(said)


def _dict(said: SlackResponse) -> dict[str, Any]:
    assert isinstance(said.data, dict)
    return said.data


def _more(told: dict[str, Any]) -> str:
    needed = told.get("needed")
    metadata = told.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    return " ".join(
        [
            f" (needed: {needed})" if needed else "",
            *(f" {each}" for each in (messages if isinstance(messages, list) else [])),
        ]
    ).rstrip()


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _not_slack(web: Web, answer: Answer) -> NotSent:
    found = f"answered {web.voice.quoted(answer.text)}, which is not Slack's Web API"
    return web.voice.not_sent(Fate.CHANNEL_REFUSED, found, f"mend {API}")
