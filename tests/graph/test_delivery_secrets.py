"""No secret in anything that is kept or printed, whatever servers do: everything is searched."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote

import pandas as pd
import pytest
import trustme
from delivery_mail_server import SayingServer
from delivery_project import Delivering
from delivery_servers import (
    Act,
    Connection,
    HttpServer,
    Request,
    raw_answer,
    server_context,
    unused_port,
)
from test_deliveries import Passing, passing

from healthscore_assets.delivery import sending
from healthscore_assets.delivery.crm import talk
from healthscore_assets.delivery.planning.operators import told_at_once
from healthscore_assets.delivery.settings import read_delivery_settings

PATHS = {
    "SLACK_HOOK": "/services/T0001/B0002/slackhooksecretpath",
    "TEAMS_HOOK": "/workflows/w1/paths/invoke?sig=teams%2Bsignature%2Fsecret",
    "RECEIVER_HOOK": "/hooks/receiversecretpath",
}
VALUES = {
    "SLACK_TOKEN": "xoxb-1234-tokenofthebot",
    "SIGNING": "whsec_" + base64.b64encode(b"a key of 32 bytes for signatures").decode(),
    "MAIL_USER": "robot-user-of-mail",
    "MAIL_PASSWORD": "mail/word+secret",
    "SALESFORCE_CLIENT_ID": "consumerkeysecret/1",
    "SALESFORCE_CLIENT_SECRET": "consumersecret+2",
    "HUBSPOT_TOKEN": "pat-eu1-hubspotsecret",
    "GAINSIGHT_ACCESS_KEY": "gainsightaccesskeysecret",
    "ZENDESK_TOKEN": "zendesktokensecret",
}
APPRISE = "appriseuser:apprise%2Fword@"
IN_A_FOLDER = (
    "SLACK_HOOK",
    "SIGNING",
    "MAIL_PASSWORD",
    "HUBSPOT_TOKEN",
    "SALESFORCE_CLIENT_SECRET",
)
"""The others are in the environment."""

SECRETS = (
    *("slackhooksecretpath", "teams%2Bsignature%2Fsecret", "receiversecretpath"),
    *VALUES.values(),
    VALUES["SIGNING"].removeprefix("whsec_"),
    *("apprise/word", "appriseuser"),
)


def in_all_forms(secret: str) -> set[str]:
    """As it is, percent-encoded and not, and in base64 wherever it begins in what is encoded."""
    plain = {secret, unquote(secret), quote(secret, safe=""), quote(secret), quote_plus(secret)}
    encoded = set()
    for before in range(3):
        # Only the characters of which all bits are the secret's.
        whole = base64.b64encode(b"\0" * before + secret.encode()).decode().rstrip("=")
        encoded.add(whole[(before * 8 + 5) // 6 : (before + len(secret)) * 8 // 6])
    return plain | encoded


FORMS = {form for secret in SECRETS for form in in_all_forms(secret)}


def found_in(text: str) -> set[str]:
    return {form for form in FORMS if form in text}


def repeated(request: Request) -> str:
    """All that was sent, in every form."""
    told = plainly(request)
    return " ".join((told, unquote(told), quote(told, safe="")))


def plainly(request: Request) -> str:
    return f"{request.path} {' '.join(request.headers.values())} {request.body.decode('latin-1')}"


def repeats(status: int) -> Act:
    return lambda connection, request: connection.write(raw_answer(status, repeated(request)))


def repeats_as_no_answer(connection: Connection, request: Request) -> None:
    connection.write(repeated(request).encode() + b"\r\n\r\n")


LOGIN = f"{VALUES['MAIL_USER']} {VALUES['MAIL_PASSWORD']}".encode()
GREETING, EHLO = b"220 here\r\n", b"250-here\r\n250 AUTH PLAIN LOGIN\r\n"
MAIL_REFUSES = {"EHLO": EHLO, "AUTH": b"535 5.7.8 not " + LOGIN + b"\r\n"}
MAIL_REFUSES_ONE = {
    "EHLO": EHLO,
    "AUTH": b"235 yes\r\n",
    "MAIL": b"250 yes\r\n",
    "RCPT": b"550 5.1.1 nobody of " + LOGIN + b"\r\n",
    "RSET": b"250 yes\r\n",
    "QUIT": b"221 bye\r\n",
}


class World:
    """Every channel and system of a kind, and all that was logged, printed or kept."""

    def __init__(
        self, passes: Passing, monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, folder: Path
    ) -> None:
        self.passes, self.monkeypatch = passes, monkeypatch
        self.context = server_context(authority)
        self.folder = folder
        self.rounds = 0

    @property
    def delivering(self) -> Delivering:
        return self.passes.delivering

    def set_up(self, url: str, mail_port: int, **more: Any) -> None:
        """Point everything to these servers."""
        told = VALUES | {name: url + path for name, path in PATHS.items()}
        told["NOTIFY"] = url.replace("http://", f"json://{APPRISE}") + "/notify?rto=5&cto=5"
        for name, value in told.items():
            if name in IN_A_FOLDER:
                (self.folder / name).write_text(value + "\n")
            else:
                self.monkeypatch.setenv(name, value)
                self.delivering.secrets[name] = value
        channels: dict[str, dict[str, Any]] = {
            "hook": {"kind": "slack", "webhook": "SLACK_HOOK"},
            "bot": {"kind": "slack", "token": "SLACK_TOKEN", "channel": "C1", "api": f"{url}/api/"},
            "teams": {"kind": "teams", "webhook": "TEAMS_HOOK"},
            "receiver": {"kind": "webhook", "url": "RECEIVER_HOOK", "secret": "SIGNING"},
            "mail": {"kind": "email", "host": "127.0.0.1", "port": mail_port, "security": "tls"}
            | {"user": "MAIL_USER", "password": "MAIL_PASSWORD", "sender": "hs@vendor.example"},
            "others": {"kind": "apprise", "url": "NOTIFY"},
        }
        everybody = [
            {"channel": name, "to": "ops@x.example" if name == "mail" else ""} for name in channels
        ]
        crm = {
            "salesforce": {"api": {"url": url}},
            "hubspot": {"api": {"url": url}},
            "gainsight": {"api": {"url": url}},
            "zendesk": {"api": {"url": url, "email": "admin@vendor.example"}},
        }
        self.delivering.settings(
            channels=channels, people={"Kim Ode": everybody}, operators=everybody, crm=crm, **more
        )

    def send(self) -> dict[str, int]:
        """A run with something new for each channel, and what waits."""
        self.rounds += 1
        settings = read_delivery_settings(self.passes.workplace.delivery_file)
        with self.delivering.outbox() as outbox:
            now = datetime.now(UTC)
            text = f"round {self.rounds}"
            outbox.queue(told_at_once(text, text, settings), now)
            outbox.hurry(now)
        return self.passes.send()


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """All records of all loggers, as text, from DEBUG on."""
    texts: list[str] = []

    class Hear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            texts.append(f"{record.name} {self.format(record)} {record.args!r} {record.msg!r}")

    hear, root = Hear(), logging.getLogger()
    level = root.level
    root.addHandler(hear)
    root.setLevel(logging.DEBUG)
    try:
        yield texts
    finally:
        root.removeHandler(hear)
        root.setLevel(level)


@pytest.fixture
def world(
    delivering: Delivering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    authority = trustme.CA()
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    folder = tmp_path / "secrets"
    folder.mkdir()
    known = {"SSL_CERT_FILE": str(trusted), "HEALTHSCORE_SECRETS": str(folder)}
    for name, value in known.items():
        monkeypatch.setenv(name, value)
    delivering.secrets.update(known)
    for room in (sending, talk):  # else minutes are waited for
        monkeypatch.setattr(room, "_wait", lambda _: 0.0)
    with passing(delivering) as passes:
        yield World(passes, monkeypatch, authority, folder)


def kept(folder: Path) -> dict[str, str]:
    """All files below a folder, as text; those of tables unpacked, too."""
    texts = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            texts[str(path)] = path.read_bytes().decode("latin-1")
            if path.suffix == ".parquet":
                texts[f"{path} rows"] = pd.read_parquet(path).to_csv()
    return texts


def test_the_search_finds_them(tmp_path: Path) -> None:
    login = base64.b64encode(f"\0{VALUES['MAIL_USER']}\0{VALUES['MAIL_PASSWORD']}".encode())
    (tmp_path / "log").write_bytes(b"AUTH PLAIN " + login)
    (text,) = kept(tmp_path).values()
    assert found_in(text) != set()
    assert found_in("https://127.0.0.1/services/T0001/B0002/slackhooksecretpath") != set()
    assert found_in("sig=teams+signature/secret") != set()


def test_no_secret_is_kept_or_printed(
    world: World, heard: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    passes, sent = world.passes, []
    with (
        HttpServer(repeats(401)).running() as server,
        SayingServer(GREETING, world.context, **MAIL_REFUSES).running() as mail,
    ):
        # Ten channels that refuse: each is tried once, and the operators are told by none.
        world.set_up(server.url, mail.port)
        passes.make("2024-02", "alert_states", "alerts", "crm_scores", "hubspot_companies")
        refused = world.send()
        assert (refused["sent"], refused["not_sent"], refused["given_up"]) == (0, 10, 0)
        # Servers that say what is no answer, and a mail server that greets with secrets.
        server.default = repeats_as_no_answer
        with SayingServer(LOGIN + b"\r\n", world.context).running() as garbage:
            world.set_up(server.url, garbage.port)
            babbled = world.send()
        assert babbled["sent"] == babbled["given_up"] == 0
        assert babbled["not_sent"] >= 10
        # Servers that are away.
        world.set_up(f"http://127.0.0.1:{unused_port()}", unused_port())
        away = world.send()
        assert away["sent"] == away["given_up"] == 0
        assert away["not_sent"] >= 10
        # By command, which says why; a trial, too.
        world.set_up(server.url, mail.port)
        server.default = repeats(403)
        commands = [("--dry-run", "--now"), ("--now",), ("--list",)]
        commands += [("--trial", name, "--to", "ops@x.example") for name in ("bot", "mail")]
        done = [world.delivering.command(*arguments) for arguments in commands]
        assert [each.returncode for each in done] == [0, 1, 0, 1, 1]
        # Messages that are refused for good are in the dead-letter file.
        server.default = repeats(400)
        mail_refuses = SayingServer(GREETING, world.context, **MAIL_REFUSES_ONE)
        with mail_refuses.running() as saying:
            world.set_up(server.url, saying.port)
            given_up = world.send()
        assert given_up["sent"] == 0
        assert {"hook", "teams", "receiver", "mail"} <= {
            each["channel"] for each in world.delivering.buried
        }
        assert any("***" in each["reason"] for each in world.delivering.buried)
        # A secret that stands in the settings, and a run that fails by that.
        hook = {"pasted": {"kind": "slack", "webhook": server.url + PATHS["SLACK_HOOK"]}}
        pasted = world.delivering.project.lookups / "delivery.yaml"
        world.delivering.settings(channels=hook)
        assert not passes.run().success
        done.append(world.delivering.command())
        assert done[-1].returncode == 1
        pasted.unlink()
        sent += [plainly(request) for request in server.requests]
        sent += [line.decode() for line in (*mail.heard, *saying.heard)]

    # They were used, every one: servers were told them.
    used = {secret for secret in VALUES.values() if in_all_forms(secret) & found_in(" ".join(sent))}
    assert {*VALUES.values()} - used == {VALUES["SIGNING"]}  # what is signed by it tells nothing
    output = capfd.readouterr()
    told = {f"record {number}": text for number, text in enumerate(heard)}
    told |= {"stdout": output.out, "stderr": output.err}
    told |= {f"command {number}": each.stdout + each.stderr for number, each in enumerate(done)}
    root = world.delivering.project.root
    for place in (world.delivering.home, root / "lake", root / "exports", root / "lookups"):
        told |= kept(place)
    assert any(name.endswith("alert_ledger.sqlite") for name in told)
    assert any(name.endswith("dead_letters.jsonl") for name in told)
    assert any("/history/" in name for name in told)
    assert len(heard) > 100
    assert {name: found for name, text in told.items() if (found := found_in(text))} == {}
