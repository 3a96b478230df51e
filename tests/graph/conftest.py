"""Small worlds, written as exports and run through the real graph once."""

from __future__ import annotations

import itertools
import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import styles
import tables
from delivery_project import Delivering, project_with_alerts
from project import Project
from reference import Reference

MISSING = "2014-03"
"""A month without an export, right after the first four."""

RESTLESS_MONTHS = ("2013-08", "2013-09", "2013-10", "2013-11", "2013-12", "2014-01", "2014-02")


@dataclass(frozen=True)
class World:
    """What was delivered, what the graph made of it, and what the reference says."""

    root: Path
    listed: pd.DataFrame
    events: pd.DataFrame
    reference: Reference
    runs: Mapping[str, Any]
    """month -> result of its run, MISSING among them"""

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def lookups(self) -> Path:
        return self.root / "lookups"

    @property
    def lake(self) -> Path:
        return self.root / "lake"


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Default settings; every style, and a long gap before the last two months."""
    listed, events, areas = styles.tiny_world()
    months = sorted([*styles.MONTHS, MISSING])
    return _run(tmp_path_factory.mktemp("world"), listed, events, areas, months)


@pytest.fixture(scope="session")
def restless_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Other settings; seven months in a row, and clients that come and go.

    With one silent month, the oldest month that counts is one that the stages only just read.
    """
    rng = random.Random(5)
    areas = {"billing | invoices": "Billing", "reports | dashboard": "Reports"}
    listed, events = [], []
    for month, client in itertools.product(RESTLESS_MONTHS, "abcdefghij"):
        if rng.random() < 0.5:
            visitor = {"month": month, "client_id": f"acct_{client}", "visitor_id": f"vis_{client}"}
            visitor["audience"] = "internal" if client == "j" else "external"
            listed.append(visitor)
            used = [feature for feature in (*areas, "labs") if rng.random() < 0.7]
            events += [{**visitor, "feature": f, "value": rng.randint(1, 30)} for f in used]
    return _run(
        *(tmp_path_factory.mktemp("restless"), pd.DataFrame(listed), pd.DataFrame(events), areas),
        RESTLESS_MONTHS,
        silent_months=1,
        area_scaling="mean",
        flat_band=0.3,
    )


def _run(
    root: Path,
    listed: pd.DataFrame,
    events: pd.DataFrame,
    areas: Mapping[str, str],
    months: Sequence[str],
    **settings: Any,
) -> World:
    styles.write_exports(root / "exports" / "pendo", listed, events)
    styles.write_lookups(root / "lookups", areas)
    lines = [f"{name}: {value}\n" for name, value in settings.items()]
    (root / "lookups" / "scoring.yaml").write_text("".join(lines))
    runs = tables.run_graph(root / "exports", root / "lookups", root / "lake", months)
    return World(root, listed, events, Reference(listed, events, areas, **settings), runs)


@pytest.fixture
def own_copy(world: World, tmp_path: Path) -> World:
    """The same world in folders that a test may change."""
    for name in ("exports", "lookups", "lake"):
        shutil.copytree(world.root / name, tmp_path / name)
    return World(tmp_path, world.listed, world.events, world.reference, world.runs)


@pytest.fixture(scope="session")
def alerted(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """February, with alerts of three clients; tests that change its lake copy it first."""
    project = project_with_alerts(tmp_path_factory.mktemp("alerted"))
    done = project.run("run")
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture
def delivering(alerted: Project, tmp_path: Path) -> Delivering:
    """A user of that lake who has told nobody of anything yet."""
    return Delivering.over(alerted, tmp_path)
