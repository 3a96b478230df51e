"""What the set-up pages say holds: their settings are read, their receiver receives."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from delivery_letters import KEY, letter, opened

from healthscore_assets.delivery.channels.channel import Fate
from healthscore_assets.delivery.rendering.webhook import webhook_body
from healthscore_assets.delivery.settings import read_delivery_settings

PAGES = Path(__file__).parents[2] / "docs" / "delivery"
KINDS = ("apprise", "email", "slack", "teams", "webhook")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"
OTHER = "whsec_" + "A" * 40


def blocks(kind: str, language: str) -> list[str]:
    page = (PAGES / f"{kind}.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("kind", KINDS)
def test_settings_of_a_page(kind: str, tmp_path: Path) -> None:
    """They are read; the page sets their variables and tries their channels."""
    page = (PAGES / f"{kind}.md").read_text(encoding="utf-8")
    told = blocks(kind, "yaml")
    shell = "".join(blocks(kind, "sh"))
    assert told
    for number, block in enumerate(told):
        file = tmp_path / f"{number}.yaml"
        file.write_text(block, encoding="utf-8")
        settings = read_delivery_settings(file)
        ((name, channel),) = settings.channels.items()
        assert channel.kind == kind
        (line,) = re.findall(rf"^healthscore deliver --trial {name}\b.*$", shell, re.MULTILINE)
        to = line.partition(" --to ")[2]
        assert line == f"healthscore deliver --trial {name}{f' --to {to}' if to else ''}"
        # Whom a trial is for is taken, or left out, as in the file.
        asked = {**yaml.safe_load(block), "operators": {"channel": name, "to": to}}
        file.write_text(yaml.safe_dump(asked), encoding="utf-8")
        read_delivery_settings(file)
        assert page.index(block) < page.index(line)
        named = set(re.findall(r"^ {4}\w+: ([A-Z_]+)$", block, re.MULTILINE))
        assert named
        assert named <= set(re.findall(r"^export (\w+)=", shell, re.MULTILINE))


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_says_what_was_tried(kind: str) -> None:
    page = (PAGES / f"{kind}.md").read_text(encoding="utf-8")
    assert "\nTried against a local server that " in page


def test_the_shape_of_a_message() -> None:
    """The page's has the keys of what is sent, in each part, and no others."""
    (block,) = blocks("webhook", "json")
    told, sent = json.loads(block), json.loads(webhook_body(letter().document, KEY))
    assert set(told) == set(sent)
    assert set(told["sections"][0]) == set(sent["sections"][0])
    assert set(told["sections"][0]["lines"][0]) == set(sent["sections"][0]["lines"][0])


@dataclass(frozen=True)
class Running:
    url: str
    process: subprocess.Popen[str]

    def printed(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@contextmanager
def receiver(folder: Path) -> Iterator[Running]:
    """The program of the page, as it stands there."""
    (program,) = blocks("webhook", "python")
    file = folder / "receiver.py"
    file.write_text(program, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, file, "0"],
        env=os.environ | {"SCORES_SECRET": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        port = process.stdout.readline().removeprefix("listening on ").strip()
        try:
            yield Running(f"http://127.0.0.1:{port}/healthscore", process)
        finally:
            process.kill()


def test_the_receiver(tmp_path: Path) -> None:
    """A message twice is taken once; one that somebody else signed is refused."""
    settings = {"kind": "webhook", "url": "SCORES_URL", "secret": "SCORES_SECRET"}
    with receiver(tmp_path) as running:
        secrets = {"SCORES_URL": running.url, "SCORES_SECRET": SECRET}
        now = datetime.now(UTC)
        ours = opened(settings, secrets, now=now)
        theirs = opened(settings, secrets | {"SCORES_SECRET": OTHER}, now=now)
        fates = [each.send(letter()).fate for each in (ours, theirs, ours)]
        assert fates == [Fate.SENT, Fate.CHANNEL_REFUSED, Fate.SENT]
        assert ours.send(letter(key="another")).fate is Fate.SENT
        line = "digest 2 alerts of Robin Reed {'alerts': 2}\n"
        assert [running.printed(), running.printed()] == [line, line]
        running.process.kill()
        assert running.printed() == ""
