"""Slack: webhook and bot, against servers that speak as Slack's do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from delivery_letters import KEY, PNG, letter, opened
from delivery_servers import Act, HttpServer, answers, closes, never_answers
from delivery_services import SlackApi, SlackHook

from healthscore_assets.delivery.channels.channel import Channel, Fate, Outcome
from healthscore_assets.delivery.rendering.slack import slack_message
from healthscore_assets.delivery.settings import read_delivery_settings
from healthscore_assets.lookups.refused import LookupRefused

TOKEN = "xoxb-1234-5678-tokenofthebot"
CHANNEL = "C012AB3CD"


@pytest.fixture
def hook() -> Iterator[SlackHook]:
    hook = SlackHook()
    with hook.running():
        yield hook


@pytest.fixture
def api() -> Iterator[SlackApi]:
    api = SlackApi(TOKEN, {"customer-success": CHANNEL})
    with api.running():
        yield api


def webhook(url: str) -> Channel:
    return opened({"kind": "slack", "webhook": "HOOK"}, {"HOOK": url})


def bot(
    api: str, channel: str = "#customer-success", token: str = TOKEN, seconds: float = 20
) -> Channel:
    settings = {
        "kind": "slack",
        "token": "TOKEN",
        "channel": channel,
        "api": api,
        "timeout_seconds": seconds,
    }
    return opened(settings, {"TOKEN": token})


def bot_at(*acts: Act) -> Outcome:
    """What becomes of a letter at a server that does this."""
    with HttpServer(answers(500)).running() as server:
        server.plays(*acts)
        return bot(server.url).send(letter())


def says(word: str, **more: Any) -> Act:
    return answers(200, json.dumps({"ok": False, "error": word, **more}))


def test_a_webhook_takes_a_message(hook: SlackHook) -> None:
    assert webhook(hook.url).send(letter()) == Outcome(Fate.SENT)
    assert hook.messages == [slack_message(letter().document, KEY)]


def test_a_webhook_that_is_gone(hook: SlackHook) -> None:
    outcome = webhook(f"{hook.server.url}/services/T1/B2/gone").send(letter())
    assert outcome == Outcome(
        Fate.CHANNEL_REFUSED,
        'channel team (slack): Slack says "no_service"; put a valid secret into HOOK',
    )


@pytest.mark.parametrize(
    ("status", "word", "fate"),
    [
        # https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, "errors"
        (400, "invalid_payload", Fate.REFUSED),
        (400, "invalid_blocks", Fate.REFUSED),
        (400, "no_text", Fate.REFUSED),
        (400, "user_not_found", Fate.REFUSED),
        (403, "action_prohibited", Fate.CHANNEL_REFUSED),
        (403, "invalid_token", Fate.CHANNEL_REFUSED),
        (404, "channel_not_found", Fate.CHANNEL_REFUSED),
        (410, "channel_is_archived", Fate.CHANNEL_REFUSED),
        (429, "rate_limited", Fate.LATER),
        (500, "rollup_error", Fate.LATER),
        # words that nobody knows: the status decides
        (400, "a_new_word", Fate.REFUSED),
        (403, "a_new_word", Fate.CHANNEL_REFUSED),
        (500, "a_new_word", Fate.LATER),
    ],
)
def test_what_a_webhook_says(hook: SlackHook, status: int, word: str, fate: Fate) -> None:
    hook.server.plays(answers(status, f"{word}\n", Retry_After="20"))
    outcome = webhook(hook.url).send(letter())
    assert outcome.fate is fate
    assert f'"{word}"' in outcome.says
    assert outcome.wait_seconds == (20 if fate is Fate.LATER else None)


@pytest.mark.parametrize("body", ["", "<html>Please sign in</html>", "no_team"])
def test_a_webhook_that_is_not_slack(hook: SlackHook, body: str) -> None:
    hook.server.plays(answers(200, body))
    outcome = webhook(hook.url).send(letter())
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert f'answered "{body}" where Slack says ok; ' in outcome.says


@pytest.mark.parametrize(
    ("to", "element"),
    [
        ("U012AB3CD", {"type": "user", "user_id": "U012AB3CD"}),
        ("@W012AB3CD", {"type": "user", "user_id": "W012AB3CD"}),
        ("S012AB3CD", {"type": "usergroup", "usergroup_id": "S012AB3CD"}),
        ("here", {"type": "broadcast", "range": "here"}),
        ("@channel", {"type": "broadcast", "range": "channel"}),
    ],
)
def test_a_mention(hook: SlackHook, to: str, element: dict[str, str]) -> None:
    """An element of its own, at the top of the first block that can hold one."""
    assert webhook(hook.url).send(letter(to)).fate is Fate.SENT
    (message,) = hook.messages
    plain = slack_message(letter().document, KEY)
    first = next(each for each in message["blocks"] if each["type"] == "rich_text")
    assert first["elements"][0] == {"type": "rich_text_section", "elements": [element]}
    del first["elements"][0]
    assert message == plain


@pytest.mark.parametrize("to", ["Robin", "<!channel>", "u012ab3cd", "U01 2AB", "U012\nAB3CD"])
def test_nobody_to_mention(hook: SlackHook, to: str) -> None:
    outcome = webhook(hook.url).send(letter(to))
    assert outcome.fate is Fate.REFUSED
    assert "cannot mention" in outcome.says
    assert "\n" not in outcome.says
    assert hook.server.requests == []


def test_a_bot_posts(api: SlackApi) -> None:
    assert bot(api.url).send(letter("U012AB3CD")) == Outcome(Fate.SENT)
    (message,) = api.messages
    assert message["channel"] == "#customer-success"
    assert message["metadata"] == {"event_type": "healthscore", "event_payload": {"key": KEY}}
    assert message["text"] == "2 alerts of Robin Reed: Example Ltd needs you."
    assert '"user_id": "U012AB3CD"' in json.dumps(message["blocks"])
    assert len(api.server.requests) == 1


def test_a_bot_uploads_the_image(api: SlackApi) -> None:
    """Into the channel, which is told by name and named by its ID, as uploads want it."""
    assert bot(api.url).send(letter(image=True)) == Outcome(Fate.SENT)
    (file,) = api.files
    assert file["content"] == PNG
    assert file["alt_txt"] == file["title"] == "Bands over six months"
    assert file["channel_id"] == CHANNEL
    paths = [each.path for each in api.server.requests]
    assert paths == [
        "/api/chat.postMessage",
        "/api/files.getUploadURLExternal",
        "/upload/v1/F0001",
        "/api/files.completeUploadExternal",
    ]
    # the token goes to the API and nowhere else
    assert "authorization" not in api.server.requests[2].headers


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
def test_an_image_that_is_refused(api: SlackApi, method: str) -> None:
    api.fails(method, "missing_scope", needed="files:write")
    outcome = bot(api.url).send(letter(image=True))
    assert outcome.fate is Fate.SENT
    assert outcome.warnings == (
        'channel team (slack): Slack says "missing_scope (needed: files:write)"; let the app post'
        " there, or ask an administrator of the workspace (the message was sent, without its"
        " image)",
    )
    assert len(api.messages) == 1


@pytest.mark.parametrize(
    "acts",
    [
        [answers(500, "broken")],
        [answers(302, Location="https://example.com/")],
        [answers(200, "[]")],
        [answers(200, '{"ok": true}')],
        [answers(200, '{"ok": true, "upload_url": 5, "file_id": null}')],
        [answers(200, '{"ok": true, "upload_url": "ftp://example.com"}')],
        [answers(200, '{"ok": true, "upload_url": "http://example.com/secret"}')],
        [closes()],
    ],
)
def test_an_upload_that_fails(api: SlackApi, acts: list[Act]) -> None:
    posted = {"ok": True, "channel": CHANNEL, "ts": "1.2"}
    api.server.plays(answers(200, json.dumps(posted)), *acts)
    outcome = bot(api.url).send(letter(image=True))
    assert outcome.fate is Fate.SENT
    (warning,) = outcome.warnings
    assert warning.endswith("(the message was sent, without its image)")


def test_an_upload_that_the_file_server_refuses(api: SlackApi) -> None:
    posted = {"ok": True, "channel": CHANNEL, "ts": "1.2"}
    opened_upload = {"ok": True, "upload_url": f"{api.server.url}/upload/x", "file_id": "F1"}
    api.server.plays(
        answers(200, json.dumps(posted)),
        answers(200, json.dumps(opened_upload)),
        answers(500, "disk full"),
    )
    outcome = bot(api.url).send(letter(image=True))
    assert outcome.fate is Fate.SENT
    assert 'answered 500, and says "disk full"' in outcome.warnings[0]


def test_a_token_that_is_wrong(api: SlackApi) -> None:
    outcome = bot(api.url, token="xoxb-expired").send(letter())
    assert outcome == Outcome(
        Fate.CHANNEL_REFUSED,
        'channel team (slack): Slack says "invalid_auth"; put a valid secret into TOKEN',
    )


def test_a_channel_that_is_not_there(api: SlackApi) -> None:
    outcome = bot(api.url, channel="#sales").send(letter())
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert '"channel_not_found"; see whether the channel exists, and invite the app' in outcome.says


@pytest.mark.parametrize(
    ("word", "fate"),
    [
        # https://docs.slack.dev/reference/methods/chat.postMessage, "errors"
        ("token_expired", Fate.CHANNEL_REFUSED),
        ("token_revoked", Fate.CHANNEL_REFUSED),
        ("account_inactive", Fate.CHANNEL_REFUSED),
        ("not_in_channel", Fate.CHANNEL_REFUSED),
        ("is_archived", Fate.CHANNEL_REFUSED),
        ("missing_scope", Fate.CHANNEL_REFUSED),
        ("ratelimited", Fate.LATER),
        ("internal_error", Fate.LATER),
        ("service_unavailable", Fate.LATER),
        ("invalid_blocks", Fate.REFUSED),
        ("msg_too_long", Fate.REFUSED),
        ("a_new_word", Fate.REFUSED),
    ],
)
def test_what_the_api_says(word: str, fate: Fate) -> None:
    outcome = bot_at(says(word))
    assert outcome.fate is fate
    assert f'Slack says "{word}"; ' in outcome.says


def test_what_the_api_says_of_blocks() -> None:
    metadata = {"messages": ["[ERROR] must be less than 3001 characters [json-pointer:/blocks/1]"]}
    outcome = bot_at(says("invalid_blocks", response_metadata=metadata))
    assert '"invalid_blocks [ERROR] must be less than 3001 characters' in outcome.says


@pytest.mark.parametrize(
    ("act", "fate", "wait"),
    [
        (
            answers(429, '{"ok": false, "error": "ratelimited"}', Retry_After="12"),
            Fate.LATER,
            12,
        ),
        (answers(503, "<html>Sorry</html>", Retry_After="12"), Fate.LATER, 12),
        (answers(401, "who?"), Fate.CHANNEL_REFUSED, None),
        (answers(302, Location="https://login.example.com/x"), Fate.CHANNEL_REFUSED, None),
        (answers(200, "<html>Please sign in</html>"), Fate.CHANNEL_REFUSED, None),
        (answers(200, "[1, 2]"), Fate.CHANNEL_REFUSED, None),
        (answers(200, "[" * 50_000), Fate.CHANNEL_REFUSED, None),
        (answers(200, '{"ok": false}'), Fate.REFUSED, None),
        (answers(200, '{"ok": false, "error": ["x"], "needed": 5}'), Fate.REFUSED, None),
        (answers(200, '{"ok": false, "response_metadata": {"messages": 5}}'), Fate.REFUSED, None),
        (answers(200, "{}"), Fate.REFUSED, None),
        (closes(), Fate.LATER, None),
    ],
)
def test_what_else_the_api_may_do(act: Act, fate: Fate, wait: float | None) -> None:
    outcome = bot_at(act)
    assert (outcome.fate, outcome.wait_seconds) == (fate, wait)
    assert outcome.says.startswith("channel team (slack): ")


def test_an_api_that_redirects() -> None:
    outcome = bot_at(answers(307, Location="https://login.example.com/x"))
    assert "answered 307, a redirect to login.example.com; " in outcome.says
    assert outcome.says.endswith("into TOKEN or the setting api")


def test_a_bot_waits_no_longer_than_it_should() -> None:
    with HttpServer(never_answers()).running() as server:
        outcome = bot(server.url, seconds=0.3).send(letter())
    assert outcome.fate is Fate.LATER


@pytest.mark.parametrize("token", ["xoxb-töken", "xoxb two words", "xoxb\nline", "Bearer x"])
def test_what_is_no_token(api: SlackApi, token: str) -> None:
    outcome = bot(api.url, token=token).send(letter())
    assert outcome == Outcome(
        Fate.CHANNEL_REFUSED,
        "channel team (slack): TOKEN holds what is no token; put the token into TOKEN",
    )
    assert api.server.requests == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://slack.com/api/", "must begin with https://"),
        ("slack.com/api", "must be an address such as https://example.com"),
        ("https://robot:word@slack.com/api", "must be an address alone"),
        ("https://slack.com/api?token=word", "must be an address alone"),
    ],
)
def test_an_api_that_a_token_is_not_sent_to(tmp_path: Path, url: str, says: str) -> None:
    """Settings are not read with one."""
    file = tmp_path / "delivery.yaml"
    told = f"kind: slack, token: TOKEN, channel: C1, api: '{url}'"
    file.write_text(f"channels:\n  team: {{{told}}}\n", encoding="utf-8")
    with pytest.raises(LookupRefused, match=rf"line 2: setting channels\.team\.api: {says}"):
        read_delivery_settings(file)


def test_an_api_that_nobody_has() -> None:
    outcome = bot("https://slack com/api").send(letter())
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert "the setting api holds no http or https URL" in outcome.says


@pytest.mark.parametrize("end", ["", "/"])
def test_an_api_with_and_without_a_slash_at_its_end(api: SlackApi, end: str) -> None:
    assert bot(api.url.rstrip("/") + end).send(letter()) == Outcome(Fate.SENT)
    assert [each.path for each in api.server.requests] == ["/api/chat.postMessage"]
