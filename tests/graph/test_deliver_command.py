"""``healthscore deliver`` as a user types it, against servers of this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from delivery_mail_server import MailServer
from delivery_project import SIGNING, Delivering, today
from delivery_servers import HttpServer, answers, unused_port
from delivery_services import WebhookReceiver

from healthscore_assets.delivery.planning.operators import told_at_once
from healthscore_assets.delivery.settings import read_delivery_settings

DAY = f"{today():%-d %B}"
KIM = f"Alerts for Kim Ode, {DAY}: 1 new (1 urgent), 1 open"
DANA = f"Alerts for Dana Reyes, {DAY}: 1 new, 1 open"
LEE = f"Alerts for Lee Poe, {DAY}: 1 new, 1 open"
PORTFOLIO = "Portfolio of February 2024: no client has a health"
NO_ADDRESS = (
    "Nobody is told of 1 alert: Lee Poe has no address; add one below people or others in "
    "lookups/delivery.yaml\n"
)
TEAM = {"channel": "team"}
PEOPLE = {"Kim Ode": TEAM, "Dana Reyes": {"channel": "mail", "to": "dana@x.example"}}
OTHERS = {"channel": "mail", "to": "others@x.example"}
OPERATORS = [TEAM, {"channel": "mail", "to": "ops@x.example"}]


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    made = WebhookReceiver(SIGNING)
    with made.running():
        yield made


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer().running() as made:
        yield made


def channels(mail: MailServer) -> dict[str, Any]:
    by_mail = {"kind": "email", "host": "127.0.0.1", "port": mail.port, "security": "none"}
    return {
        "team": {"kind": "webhook", "url": "HOOK", "secret": "SIGNING"},
        "mail": by_mail | {"sender": "healthscore@vendor.example"},
    }


def knows(delivering: Delivering, url: str) -> None:
    """The secrets of the team's webhook."""
    delivering.secrets.update(HOOK=url, SIGNING=SIGNING)


def mails(mail: MailServer) -> list[tuple[str, str]]:
    """To whom, and of what, in the order in which they came."""
    return [(each.recipients[0], str(each.message["subject"])) for each in mail.mails]


def titles(receiver: WebhookReceiver) -> list[str]:
    return [told["title"] for told in receiver.kept.values()]


def key_of(mail: MailServer, number: int = 0) -> str:
    return str(mail.mails[number].message["message-id"]).strip("<>").partition("@")[0]


def headings(printed: str) -> list[tuple[str, str]]:
    """Of a dry run: by what and to whom, and which key, of each message."""
    found = [line.rsplit(", ", 1) for line in printed.splitlines() if line[:1].isdigit()]
    return [(what, key) for what, key in found]


def keys(line: str) -> list[str]:
    return re.findall(r"hs_[0-9a-f]{32}", line)


def listed(delivering: Delivering) -> str:
    """What `--list` prints, without the spaces that fill its lines."""
    done = delivering.command("--list")
    assert (done.returncode, done.stderr) == (0, "")
    return "\n".join(line.rstrip() for line in done.stdout.splitlines())


def test_a_dry_run_tells_and_counts_nothing_and_then_all_is_sent_once(
    delivering: Delivering, receiver: WebhookReceiver, mail: MailServer
) -> None:
    delivering.settings(channels=channels(mail), people=PEOPLE, team_leads=TEAM)
    delivering.secrets.update(HOOK=receiver.url)
    dry = delivering.command("--dry-run")
    assert dry.returncode == 0
    assert [what for what, _ in headings(dry.stdout)] == [
        "1. digest by mail -> dana@x.example",
        "2. digest by team",
        "3. portfolio by team (with an image)",
    ]
    for title in (KIM, DANA, PORTFOLIO):
        assert f"   | {title}\n" in dry.stdout
    for line in (
        "Bolt: Engagement fell: Engagement 40, after 100 (medium, due 7 March 2024, overdue; ",
        "Acme Works: Engagement fell: Engagement 10, after 100 (high, due 7 March 2024, overdue; ",
    ):
        assert line in dry.stdout
    assert dry.stdout.endswith("\nNothing was sent: this was a dry run.\n")
    missing = "channel team: SIGNING is not set; set the environment variable SIGNING\n"
    assert dry.stderr == missing + NO_ADDRESS
    knows(delivering, receiver.url)
    again = delivering.command("--dry-run")
    assert (again.stdout, again.stderr) == (dry.stdout, NO_ADDRESS)
    assert (receiver.server.requests, mail.mails, delivering.states()) == ([], [], {})

    sent = delivering.command()
    assert (sent.returncode, sent.stderr) == (0, NO_ADDRESS)
    assert {*keys(sent.stdout)} == {key for _, key in headings(dry.stdout)}
    assert len(sent.stdout.splitlines()) == 3
    assert titles(receiver) == [KIM, PORTFOLIO]
    assert mails(mail) == [("dana@x.example", DANA)]
    assert [key_of(mail), *receiver.kept] == [key for _, key in headings(dry.stdout)]

    twice = delivering.command()
    assert (twice.returncode, twice.stdout, twice.stderr) == (0, "Nothing is due.\n", NO_ADDRESS)
    assert (receiver.taken, len(mail.mails)) == (2, 1)
    # Lee gets an address, and is told.
    delivering.settings(channels=channels(mail), people=PEOPLE, others=OTHERS, team_leads=TEAM)
    third = delivering.command()
    assert (third.returncode, third.stderr) == (0, "")
    assert mails(mail)[1:] == [("others@x.example", LEE)]
    assert receiver.taken == 2


def test_now_does_not_wait_for_the_hour(
    delivering: Delivering, receiver: WebhookReceiver, mail: MailServer
) -> None:
    told = {"channels": channels(mail), "people": PEOPLE, "others": OTHERS}
    delivering.settings(**told, digest_at="23:59")
    knows(delivering, receiver.url)
    assert delivering.command().returncode == 0
    # What is urgent does not wait anyway.
    assert titles(receiver) == ["Acme Works: Engagement fell"]
    waits = delivering.command("--dry-run")
    assert headings(waits.stdout) == []
    assert "Nothing new is due. With --now: what is due later today.\n" in waits.stdout
    early = delivering.command("--dry-run", "--now")
    assert [what for what, _ in headings(early.stdout)] == [
        "1. digest by mail -> dana@x.example",
        "2. digest by mail -> others@x.example",
    ]
    assert mail.mails == []
    assert delivering.command("--now").returncode == 0
    assert {*mails(mail)} == {("dana@x.example", DANA), ("others@x.example", LEE)}
    # At the hour there is nothing left.
    delivering.settings(**told)
    assert delivering.command().stdout == "Nothing is due.\n"
    assert (receiver.taken, len(mail.mails)) == (1, 2)


def test_a_server_that_is_away_holds_up_its_own_messages_only(
    delivering: Delivering, receiver: WebhookReceiver, mail: MailServer
) -> None:
    delivering.settings(channels=channels(mail), people=PEOPLE, others=OTHERS)
    knows(delivering, f"http://127.0.0.1:{unused_port()}/hook")
    away = delivering.command()
    assert away.returncode == 1
    (line,) = away.stderr.splitlines()
    assert line.startswith(f"waits: digest by team, {KIM} (hs_")
    assert "channel team (webhook): 127.0.0.1 refused the connection; if it goes on, " in line
    assert {*mails(mail)} == {("dana@x.example", DANA), ("others@x.example", LEE)}
    (key,) = [key for key, state in delivering.states().items() if state == "waiting"]
    assert keys(line) == [key]
    waiting, _, rest = listed(delivering).partition("Given up: none.")
    assert waiting.startswith("Waiting\n")
    assert keys(waiting) == [key]
    assert rest.lstrip().startswith("Sent in the last 7 days\n")
    assert len(keys(rest)) == 2

    knows(delivering, receiver.url)
    waits = delivering.command()
    assert (waits.returncode, waits.stdout) == (0, "What waits is not due yet: --list\n")
    assert receiver.taken == 0
    assert delivering.command("--now").returncode == 0
    assert {told: each["title"] for told, each in receiver.kept.items()} == {key: KIM}
    assert {*delivering.states().values()} == {"sent"}


def test_a_key_that_expired_is_told_to_the_operators_by_another_channel_once_a_day(
    delivering: Delivering, mail: MailServer
) -> None:
    delivering.settings(
        channels=channels(mail), people=PEOPLE, others=OTHERS, team_leads=TEAM, operators=OPERATORS
    )
    with HttpServer(answers(401, "token expired")).running() as server:
        knows(delivering, server.url + "/hook")
        refused = delivering.command()
        assert refused.returncode == 1
        (line,) = refused.stderr.splitlines()
        assert line.startswith(f"waits: digest by team, {KIM} (hs_")
        said = (
            'channel team (webhook): answered 401, and says "token expired"; '
            "see whether HOOK or SIGNING still holds what is valid there"
        )
        assert line.endswith(f": {said}")
        # The portfolio waits, too, without another request.
        assert len(server.requests) == 1
        problem = ("ops@x.example", "Messages by team do not go out")
        assert [each for each in mails(mail) if each[0] == "ops@x.example"] == [problem]
        assert len(mail.mails) == 3
        (text,) = [
            each.message.get_body(("plain",))
            for each in mail.mails
            if problem[0] in each.recipients
        ]
        assert text is not None
        assert said in " ".join(text.get_content().split())
        again = delivering.command("--now")
        assert again.returncode == 1
        assert len(server.requests) == 2
        assert len(mail.mails) == 3


def test_a_refused_address_is_given_up_kept_and_sent_once_it_is_taken(
    delivering: Delivering, receiver: WebhookReceiver, mail: MailServer
) -> None:
    mail.recipient_replies["dana@x.example"] = "550 5.1.1 no such user"
    delivering.settings(channels=channels(mail), people=PEOPLE, others=OTHERS)
    knows(delivering, receiver.url)
    refused = delivering.command()
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.startswith(f"given up: digest by mail -> dana@x.example, {DANA} (hs_")
    assert "550" in line
    assert "no such user" in line
    assert mails(mail) == [("others@x.example", LEE)]
    assert titles(receiver) == [KIM]
    (buried,) = delivering.buried
    assert (buried["key"], buried["to"], buried["title"]) == (*keys(line), "dana@x.example", DANA)
    assert "Bolt: Engagement fell: Engagement 40, after 100" in buried["text"]
    assert line.endswith(buried["reason"])
    shown = listed(delivering)
    given_up = shown.partition("Given up\n")[2].partition("Sent in")[0]
    assert keys(given_up) == [buried["key"]]
    assert f"In full: {delivering.dead_letters}." in shown
    # It stays given up, until somebody says so.
    assert delivering.command("--now").stdout == "Nothing is due.\n"

    nothing = delivering.command("--again", "hs_unheard_of")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert nothing.stderr == (
        "hs_unheard_of: no message of this key was given up; healthscore deliver --list\n"
    )
    mail.recipient_replies.clear()
    anew = delivering.command("--again", "all")
    assert anew.stdout == "1 message waiting anew: healthscore deliver\n"
    assert delivering.command().returncode == 0
    assert mails(mail)[1:] == [("dana@x.example", DANA)]
    assert key_of(mail, 1) == buried["key"]


def test_a_trial_goes_past_the_outbox(
    delivering: Delivering, receiver: WebhookReceiver, mail: MailServer
) -> None:
    delivering.settings(channels=channels(mail), people=PEOPLE, others=OTHERS)
    knows(delivering, receiver.url)
    tried = delivering.command("--trial", "mail", "--to", "me@x.example")
    assert (tried.returncode, tried.stderr) == (0, "")
    assert tried.stdout == "sent: a trial by mail -> me@x.example; look there whether it came\n"
    ((to, _),) = mails(mail)
    assert to == "me@x.example"
    assert delivering.command("--trial", "team").returncode == 0
    assert [told["purpose"] for told in receiver.kept.values()] == ["trial"]
    assert delivering.states() == {}
    unknown = delivering.command("--trial", "chat")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    path = delivering.project.lookups / "delivery.yaml"
    assert unknown.stderr == f"{path}: there is no channel chat; the channels are team, mail\n"
    nobody = delivering.command("--trial", "mail")
    assert nobody.returncode == 1
    assert nobody.stderr.startswith("channel mail (email): ")
    assert len(nobody.stderr.splitlines()) == 1
    assert len(mail.mails) == 1


@pytest.mark.parametrize(
    "arguments",
    [("--list", "--dry-run"), ("--trial", "team", "--now"), ("--again", "all", "--list")],
)
def test_two_things_at_once_are_wrong_usage(
    delivering: Delivering, arguments: tuple[str, ...]
) -> None:
    done = delivering.command(*arguments)
    assert done.returncode == 2
    said = " ".join(done.stderr.replace("│", " ").split())
    assert "--list, --trial, --again and --drop each go alone" in said


def test_settings_and_a_ledger_that_cannot_be_used_are_told_in_a_line_and_nothing_is_sent(
    delivering: Delivering, receiver: WebhookReceiver, mail: MailServer, tmp_path: Path
) -> None:
    delivering.settings(channels=channels(mail), people=PEOPLE, others=OTHERS)
    knows(delivering, receiver.url)
    path = delivering.project.lookups / "delivery.yaml"
    good = path.read_text()
    path.write_text(good + "team_leeds: {channel: team}\n")
    number = len(good.splitlines()) + 1
    for arguments in ((), ("--dry-run",), ("--trial", "team")):
        broken = delivering.command(*arguments)
        assert (broken.returncode, broken.stdout) == (1, "")
        assert broken.stderr == (
            f"{path}, line {number}: setting team_leeds does not exist; docs/delivery.md lists "
            "them\n"
        )
    path.write_text(good)
    ledger = tmp_path / "ledger.sqlite"
    ledger.write_text("not a database, though somebody gave it that name")
    for arguments in ((), ("--list",)):
        damaged = delivering.command(*arguments, HEALTHSCORE_LEDGER=str(ledger))
        assert (damaged.returncode, damaged.stdout) == (1, "")
        assert len(damaged.stderr.splitlines()) == 1
        assert str(ledger) in damaged.stderr
    assert ledger.read_text().startswith("not a database")
    assert (receiver.server.requests, mail.mails) == ([], [])


def queue_for_operators(delivering: Delivering, text: str) -> None:
    settings = read_delivery_settings(delivering.project.lookups / "delivery.yaml")
    with delivering.outbox() as outbox:
        outbox.queue(told_at_once(text, text, settings), datetime.now(UTC))


def test_a_lake_that_cannot_be_used_keeps_back_only_what_is_told_from_it(
    delivering: Delivering, receiver: WebhookReceiver, mail: MailServer
) -> None:
    delivering.settings(
        channels=channels(mail), people=PEOPLE, others=OTHERS, team_leads=TEAM, operators=TEAM
    )
    knows(delivering, receiver.url)
    queue_for_operators(delivering, "2024-02 failed")
    denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    with HttpServer(answers(403, denied, Content_Type="application/xml")).running() as store:
        done = delivering.command(
            AWS_ACCESS_KEY_ID="key-of-the-tests",
            AWS_SECRET_ACCESS_KEY="secret-of-the-tests",
            AWS_REGION="us-east-1",
            AWS_ENDPOINT_URL=store.url,
            HEALTHSCORE_LAKE="s3://scores/lake",
        )
    assert done.returncode == 1
    assert titles(receiver) == ["2024-02 failed"]
    lines = done.stderr.splitlines()
    # Alerts and the portfolio.
    assert len(lines) == 2
    assert all(line.startswith("s3://scores/lake") and "AccessDenied" in line for line in lines)
    assert "secret-of-the-tests" not in done.stderr
    # When it lets us in, all is told.
    assert delivering.command().returncode == 0
    assert titles(receiver) == ["2024-02 failed", KIM, PORTFOLIO]


def test_a_damaged_table_keeps_back_only_what_is_told_from_it(
    delivering: Delivering, receiver: WebhookReceiver, mail: MailServer
) -> None:
    delivering.settings(channels=channels(mail), people=PEOPLE, others=OTHERS, team_leads=TEAM)
    knows(delivering, receiver.url)
    damaged = delivering.project.lake / "portfolio_movers" / "month=2024-02" / "data.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    done = delivering.command()
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "portfolio_movers" in line
    assert "2024-02" in line
    assert titles(receiver) == [KIM]
    assert {*mails(mail)} == {("dana@x.example", DANA), ("others@x.example", LEE)}
