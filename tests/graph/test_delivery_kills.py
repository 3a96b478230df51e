"""``healthscore deliver`` killed at the worst moments, and twice at once."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from delivery_mail_server import MailServer
from delivery_project import SIGNING, Delivering
from delivery_servers import Act, Connection, HttpServer, Request, answers, answers_late
from delivery_services import WebhookReceiver

from healthscore_assets.delivery.planning.operators import told_at_once
from healthscore_assets.delivery.settings import read_delivery_settings

_SECONDS = 120
"""For which a process of a test may take; far more than it needs."""

WEBHOOK = {"team": {"kind": "webhook", "url": "HOOK", "secret": "SIGNING"}}
TEAM = {"channel": "team"}


@pytest.fixture(autouse=True)
def without_alerts(delivering: Delivering) -> None:
    """Nothing but what a test puts into the outbox is to be sent."""
    shutil.rmtree(delivering.project.lake)


def queue(delivering: Delivering, *texts: str) -> None:
    """Messages for the operators, who are the team."""
    settings = read_delivery_settings(delivering.project.lookups / "delivery.yaml")
    with delivering.outbox() as outbox:
        for text in texts:
            outbox.queue(told_at_once(text, text, settings), datetime.now(UTC))


def kill_when(delivering: Delivering, happened: threading.Event) -> None:
    """Start it, and kill it (SIGKILL) at that moment."""
    process = delivering.started()
    try:
        until = time.monotonic() + _SECONDS
        while not happened.wait(0.1):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
    finally:
        process.kill()
        process.communicate()


def test_killed_while_the_server_has_the_message_it_is_sent_again_as_the_same(
    delivering: Delivering,
) -> None:
    has_it = threading.Event()
    late = answers_late(200, "ok")

    def holds_back(connection: Connection, request: Request) -> None:
        has_it.set()
        late(connection, request)

    delivering.settings(channels=WEBHOOK, operators=TEAM)
    with HttpServer(answers(200, "ok")).running() as server:
        delivering.secrets.update(HOOK=server.url, SIGNING=SIGNING)
        queue(delivering, "2024-02 failed")
        server.plays(holds_back)
        kill_when(delivering, has_it)
        assert [*delivering.states().values()] == ["sending"]
        again = delivering.command()
        assert (again.returncode, again.stderr) == (0, "")
        first, second = server.requests
        assert first.body == second.body
        (key,) = delivering.states()
        for header in ("webhook-id", "idempotency-key"):
            assert first.headers[header] == second.headers[header] == key
        assert delivering.states() == {key: "sent"}
        (row,) = [line for line in delivering.command("--list").stdout.splitlines() if key in line]
        assert row.split()[:4] == [key, "operators", "team", "2024-02"]
        # Nothing more goes out.
        assert delivering.command("--now").stdout == "Nothing is due.\n"
        assert len(server.requests) == 2


def test_mail_that_was_taken_when_it_was_killed_comes_again_under_its_message_id(
    delivering: Delivering,
) -> None:
    with MailServer().running() as server:
        by_mail = {"kind": "email", "host": "127.0.0.1", "port": server.port, "security": "none"}
        delivering.settings(
            channels={"mail": by_mail | {"sender": "healthscore@vendor.example"}},
            operators={"channel": "mail", "to": "ops@x.example"},
        )
        queue(delivering, "2024-02 failed")
        server.waits_after_data = True
        kill_when(delivering, server.has_mail)
        server.waits_after_data = False
        assert delivering.command().returncode == 0
        first, second = (each.message for each in server.mails)
        (key,) = delivering.states()
        assert first["message-id"] == second["message-id"] == f"<{key}@vendor.example>"
        assert first.get_body().get_content() == second.get_body().get_content()
        assert delivering.states() == {key: "sent"}


def test_killed_before_the_server_read_anything_it_is_delivered_once(
    delivering: Delivering,
) -> None:
    delivering.settings(channels=WEBHOOK, operators=TEAM)
    connected = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf.settimeout(_SECONDS)

        def accept() -> None:
            taken, _ = deaf.accept()
            with taken:
                connected.set()
                killed.wait(_SECONDS)

        killed = threading.Event()
        listening = threading.Thread(target=accept)
        listening.start()
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/hook"
        delivering.secrets.update(HOOK=url, SIGNING=SIGNING)
        queue(delivering, "2024-02 failed")
        try:
            kill_when(delivering, connected)
        finally:
            killed.set()
            listening.join()
    receiver = WebhookReceiver(SIGNING)
    with receiver.running():
        delivering.secrets.update(HOOK=receiver.url)
        assert delivering.command().returncode == 0
        assert delivering.command("--now").stdout == "Nothing is due.\n"
    (key,) = delivering.states()
    assert (receiver.taken, [*receiver.kept]) == (1, [key])
    assert delivering.states() == {key: "sent"}


@pytest.fixture
def both_at_once() -> Iterator[HttpServer]:
    """A server that answers the first two requests when it has both of them."""
    together = threading.Barrier(2)

    def waits(connection: Connection, request: Request) -> None:
        together.wait(_SECONDS)
        answers(200, "ok")(connection, request)

    acts: list[Act] = [waits, waits]
    with HttpServer(answers(200, "ok")).running() as server:
        server.plays(*acts)
        yield server


def test_two_processes_at_once_send_each_message_once(
    delivering: Delivering, both_at_once: HttpServer
) -> None:
    delivering.settings(channels=WEBHOOK, operators=TEAM)
    delivering.secrets.update(HOOK=both_at_once.url, SIGNING=SIGNING)
    queue(delivering, *(f"run {number} failed" for number in range(30)))
    processes = [delivering.started() for _ in range(2)]
    printed = []
    for process in processes:
        out, errors = process.communicate(timeout=_SECONDS)
        assert (process.returncode, errors) == (0, "")
        printed.append(len(out.splitlines()))
    assert min(printed) > 0  # each had its part
    assert sum(printed) == 30
    told = Counter(request.headers["webhook-id"] for request in both_at_once.requests)
    assert told == dict.fromkeys(delivering.states(), 1)
    assert len(told) == 30
    titles = {json.loads(request.body)["title"] for request in both_at_once.requests}
    assert titles == {f"run {number} failed" for number in range(30)}
    assert {*delivering.states().values()} == {"sent"}
