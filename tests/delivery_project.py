"""A lake with alerts of four clients, and people who are to be told of them by real servers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from project import COMMAND, Project

from healthscore_assets.delivery.outbox.outbox import Outbox, open_outbox
from healthscore_assets.orchestration.workplace import Workplace

RULES = """
rules:
  fell:
    title: Engagement fell
    owner: csm
    playbook: call
    due_days: 7
    evidence: "Engagement {client_scores.engagement:.0f}, after {client_scores.engagement[1]:.0f}"
    tiers:
      high:
        when: client_scores.engagement <= threshold * client_scores.engagement[1]
        threshold: 0.2
      medium:
        when: client_scores.engagement <= threshold * client_scores.engagement[1]
        threshold: 0.5
"""
PLAYBOOK = """---
goal: Find out why.
owner: csm
timeframe: a week
---
## Steps
1. Call.
## Message
Dear {{ client.name }}, how are you?
"""
REGISTER = """client_id,client_name,owner
acme,Acme Works,Kim Ode
bolt,Bolt,Dana Reyes
cord,Cord,Lee Poe
dora,Dora,Kim Ode
"""
JANUARY = {"acme": 98, "bolt": 98, "cord": 98, "dora": 98}
FEBRUARY = {"acme": 8, "bolt": 38, "cord": 38, "dora": 98}
"""Clicks, to which two of chat come: engagement of acme falls from 100 to 10, which is high, that
of bolt and cord to 40, which is medium."""

SIGNING = "whsec_" + "c2VjcmV0" * 5


def project_with_alerts(root: Path) -> Project:
    """January and February are delivered and not run yet."""
    project = Project.make(root)
    project.lookup("alerts.yaml", RULES)
    (project.lookups / "playbooks").mkdir()
    project.lookup("playbooks/call.md", PLAYBOOK)
    (project.exports / "accounts").mkdir()
    (project.exports / "accounts" / "accounts_2024-02-29.csv").write_text(REGISTER)
    project.deliver_month("2024-01", JANUARY)
    project.deliver_month("2024-02", FEBRUARY)
    return project


def _noon() -> str:
    hours = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-hours:+d}"  # west is positive there


ZONE = _noon()
"""A time zone in which it is noon when tests begin, so that no day of theirs ends meanwhile."""

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def today() -> date:
    """There."""
    return datetime.now(ZoneInfo(ZONE)).date()


@dataclass(frozen=True)
class Delivering:
    """Exports, lookups, a lake, a ledger and a Dagster home of a test's own."""

    project: Project
    home: Path
    secrets: dict[str, str]

    @classmethod
    def over(cls, made: Project, root: Path) -> Delivering:
        """With a copy of a lake that was made, and of what it was made of."""
        for name in ("exports", "lookups", "lake"):
            shutil.copytree(made.root / name, root / name)
        home = root / ".dagster_home"
        home.mkdir()
        shutil.copyfile(made.root / ".dagster_home" / "dagster.yaml", home / "dagster.yaml")
        return cls(Project(root), home, {})

    @property
    def workplace(self) -> Workplace:
        return Workplace.at(self.project.exports, self.project.lookups, self.project.lake)

    @property
    def dead_letters(self) -> Path:
        return self.home / "dead_letters.jsonl"

    @property
    def buried(self) -> list[dict[str, Any]]:
        """The lines of the dead-letter file."""
        if not self.dead_letters.exists():
            return []
        return [json.loads(line) for line in self.dead_letters.read_text().splitlines()]

    def outbox(self) -> Outbox:
        return open_outbox(str(self.home / "alert_ledger.sqlite"))

    def states(self) -> dict[str, str]:
        """By key, whether a message waits, was sent, or was given up."""
        with self.outbox() as outbox:
            return {each.key: each.state for each in outbox.since(datetime(2024, 1, 1, tzinfo=UTC))}

    def settings(self, **settings: Any) -> None:
        """Write `delivery.yaml`. It is noon, and digests go at midnight: theirs is due."""
        told = {"timezone": ZONE, "digest_at": "00:00", "digest_on": list(WEEK)} | settings
        told = json.loads(json.dumps(told))  # without YAML's anchors
        self.project.lookup("delivery.yaml", yaml.safe_dump(told, sort_keys=False))

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """``healthscore deliver`` as a user types it."""
        return self.project.run("deliver", *arguments, **(self.secrets | environment))

    def started(self, *arguments: str) -> subprocess.Popen[str]:
        """The same, still running."""
        return subprocess.Popen(
            [COMMAND, "deliver", *arguments],
            cwd=self.project.root,
            env=environment_with(self.secrets),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def environment_with(secrets: Mapping[str, str]) -> dict[str, str]:
    """That of this process without what is set for Dagster or for us, and with the secrets."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HEALTHSCORE", "DAGSTER"))}
    return kept | dict(secrets)
