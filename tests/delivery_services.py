"""Servers that speak the protocols of Slack, Teams and Standard Webhooks, as documented."""

import json
import threading
from contextlib import AbstractContextManager
from typing import Any

import trustme
from delivery_servers import Act, Connection, HttpServer, Request, answers
from standardwebhooks import Webhook, WebhookVerificationError

SLACK_PATH = "/services/T0001/B0002/slackhooksecretpath"
TEAMS_PATH = "/workflows/abc123/triggers/manual/paths/invoke?sig=teamssignaturesecret"
RECEIVER_PATH = "/hooks/receiversecretpath"


class SlackHook:
    """An incoming webhook: `ok` to a message with a text or blocks, as
    https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks has it."""

    def __init__(self, authority: trustme.CA | None = None) -> None:
        self.server = HttpServer(self._take, authority)
        self.url = self.server.url + SLACK_PATH
        self.messages: list[dict[str, Any]] = []

    def running(self) -> AbstractContextManager[HttpServer]:
        return self.server.running()

    def _take(self, connection: Connection, request: Request) -> None:
        if request.path != SLACK_PATH:
            return answers(404, "no_service")(connection, request)
        if not (request.json.get("text") or request.json.get("blocks")):
            return answers(400, "no_text")(connection, request)
        self.messages.append(request.json)
        return answers(200, "ok")(connection, request)


class SlackApi:
    """Slack's Web API: chat.postMessage, and the three steps of an upload."""

    def __init__(self, token: str, channels: dict[str, str]) -> None:
        self.token = token
        self.channels = channels  # the ID of each by its name
        self.server = HttpServer(self._take)
        self.url = self.server.url + "/api/"
        self.messages: list[dict[str, Any]] = []
        self.files: list[dict[str, Any]] = []
        self.errors: dict[str, dict[str, Any]] = {}
        self._uploads: dict[str, dict[str, Any]] = {}

    def running(self) -> AbstractContextManager[HttpServer]:
        return self.server.running()

    def fails(self, method: str, error: str, **more: Any) -> None:
        """A method says no, as Slack does: with status 200."""
        self.errors[method] = {"ok": False, "error": error, **more}

    def _take(self, connection: Connection, request: Request) -> None:
        act = self._upload(request) if "/upload/" in request.path else self._method(request)
        act(connection, request)

    def _method(self, request: Request) -> Act:
        method = request.path.removeprefix("/api/")
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _json({"ok": False, "error": "invalid_auth"})
        if method in self.errors:
            return _json(self.errors[method])
        if request.headers["content-type"].startswith("application/json"):
            told = request.json
        else:
            told = request.form
        return _json(
            {
                "chat.postMessage": self._post,
                "files.getUploadURLExternal": self._open_upload,
                "files.completeUploadExternal": self._end_upload,
            }[method](told)
        )

    def _channel(self, told: str) -> str | None:
        known = self.channels.get(told.removeprefix("#"))
        return known or (told if told in self.channels.values() else None)

    def _post(self, told: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(told["channel"])
        if channel is None:
            return {"ok": False, "error": "channel_not_found"}
        self.messages.append(told)
        ts = f"1700000000.{len(self.messages):06}"
        return {"ok": True, "channel": channel, "ts": ts, "message": {"text": told["text"]}}

    def _open_upload(self, told: dict[str, Any]) -> dict[str, Any]:
        id_ = f"F{len(self._uploads) + 1:04}"
        self._uploads[id_] = {**told, "length": int(told["length"])}
        url = f"{self.server.url}/upload/v1/{id_}"
        return {"ok": True, "upload_url": url, "file_id": id_}

    def _upload(self, request: Request) -> Act:
        upload = self._uploads[request.path.rsplit("/", 1)[1]]
        upload["content"] = request.body
        return answers(200, f"OK - {len(request.body)}")

    def _end_upload(self, told: dict[str, Any]) -> dict[str, Any]:
        # A name is refused: https://docs.slack.dev/reference/methods/files.completeUploadExternal
        if told["channel_id"] not in self.channels.values():
            return {"ok": False, "error": "channel_not_found"}
        (file,) = json.loads(told["files"])
        upload = self._uploads[file["id"]]
        assert len(upload["content"]) == upload["length"]
        self.files.append({**upload, **told, "title": file["title"]})
        return {"ok": True, "files": [{"id": file["id"], "title": file["title"]}]}


class TeamsWorkflow:
    """A workflow that starts "when a Teams webhook request is received": 202, and no body."""

    def __init__(self) -> None:
        self.server = HttpServer(self._take)
        self.url = self.server.url + TEAMS_PATH
        self.cards: list[dict[str, Any]] = []

    def running(self) -> AbstractContextManager[HttpServer]:
        return self.server.running()

    def _take(self, connection: Connection, request: Request) -> None:
        (attachment,) = request.json["attachments"]
        assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        self.cards.append(attachment["content"])
        answers(202)(connection, request)


class WebhookReceiver:
    """A receiver of Standard Webhooks: signatures are verified, what came before is not kept."""

    def __init__(self, secret: str) -> None:
        self.server = HttpServer(self._take)
        self.url = self.server.url + RECEIVER_PATH
        self.kept: dict[str, Any] = {}
        self.taken = 0
        self._webhook = Webhook(secret)
        self._lock = threading.Lock()

    def running(self) -> AbstractContextManager[HttpServer]:
        return self.server.running()

    def _take(self, connection: Connection, request: Request) -> None:
        try:
            told = self._webhook.verify(request.body, request.headers)
        except WebhookVerificationError as error:
            return answers(401, str(error))(connection, request)
        with self._lock:
            self.taken += 1
            self.kept.setdefault(request.headers["webhook-id"], told)
        return answers(204)(connection, request)


def _json(body: dict[str, Any]) -> Act:
    return answers(200, json.dumps(body), Content_Type="application/json; charset=utf-8")
