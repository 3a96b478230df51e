"""A month of a project of which everything is made, run in this process and counted.

world = second_month(root, FEW, instance)
world.run(MONTH).counts        # -> Counts
"""

import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
import pytest
from counted import Counts, counting
from project import Project
from whole_project import Sizes, deliver, whole_project

from healthscore_assets.contracts import CONTRACTS, FILES
from healthscore_assets.definitions import build_definitions
from healthscore_assets.lake.engine_name import EngineName
from healthscore_assets.orchestration.delivered import delivered
from healthscore_assets.orchestration.workplace import Workplace

BEFORE, MONTH, NEXT = "2024-01", "2024-02", "2024-03"
"""The second month is counted: it reads an earlier one, as most do."""

FEW = Sizes(clients=12, features=4, files=2)
"""More clients than the samples that checks and previews show."""

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Month:
    """A month that was run: its counts, and how many there are of what may make them grow."""

    counts: Counts
    units: Mapping[str, int]


@dataclass(frozen=True)
class World:
    """A project of its own, on an instance as a project has it."""

    project: Project
    sizes: Sizes
    instance: dg.DagsterInstance

    def deliver(self, *months: str) -> None:
        for month in months:
            deliver(self.project, month, self.sizes)

    def copied_to(self, root: Path) -> "World":
        shutil.copytree(self.project.root, root)
        return replace(self, project=Project(root))

    def run(
        self, month: str, engine: str = EngineName.DUCKDB, counts: Counts | None = None
    ) -> Month:
        """Every table and file of a month that was delivered; the inbox is read, as for a plan."""
        project, counts, run_id = self.project, counts or Counts(), str(uuid.uuid4())
        workplace = Workplace.at(project.exports, project.lookups, project.lake, engine)
        job = build_definitions(workplace).resolve_implicit_global_asset_job_def()
        delivered(workplace)
        self.instance.add_event_listener(run_id, counts.heard)
        with pytest.MonkeyPatch.context() as patch, counting(counts):
            patch.setenv("HEALTHSCORE_LEDGER", str(project.root / "alert_ledger.sqlite"))
            done = job.execute_in_process(
                partition_key=month,
                asset_selection=[dg.AssetKey(table) for table in (*CONTRACTS, *FILES)],
                instance=self.instance,
                run_id=run_id,
                run_config=QUIET,
            )
        assert done.success
        assert len(self.instance.all_logs(run_id)) == counts.events.total()
        return Month(counts, units_of(project, month, self.sizes))


def units_of(project: Project, month: str, sizes: Sizes) -> dict[str, int]:
    """How many there are of what may make counts grow, and of clients, which may not."""
    texts = {feed: project.table(feed, month) for feed in ("support_tickets", "surveys")}
    return {
        "client": sizes.clients,
        "feature": sizes.features,
        "file": sizes.files,
        "state of an alert": len(project.table("alert_states", month)),
        **{f"text of {feed}": table["text_sha256"].nunique() for feed, table in texts.items()},
    }


def second_month(root: Path, sizes: Sizes, instance: dg.DagsterInstance) -> World:
    """A world whose first month was run, and whose second is delivered."""
    world = World(whole_project(root, sizes), sizes, instance)
    world.deliver(BEFORE, MONTH)
    world.run(BEFORE)
    return world
