"""A small project in a folder: exports, lookups, lake and instance, and the real command on it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from healthscore_assets.lake.months import ordinal

AREAS = "feature,area\nReports | Charts,Reports\nReports | Export,Reports\nTeam | Chat,Team\n"
HEADER = "Visitor ID,Account ID,Days Active,Clicks for Reports | Charts,Clicks for Team | Chat\n"
COMMAND = Path(sys.executable).with_name("healthscore")


@dataclass(frozen=True)
class Project:
    """Folders as the command finds them in its current folder."""

    root: Path

    @classmethod
    def make(cls, root: Path) -> "Project":
        """An empty inbox, lookups of two areas, default settings."""
        project = cls(root)
        project.inbox.mkdir(parents=True)
        project.lookups.mkdir()
        project.lookup("product_areas.csv", AREAS)
        project.lookup("internal_domains.csv", "domain\nvendor.example\n")
        # Files of a few rows: one bad row is a large share of them.
        project.lookup("scoring.yaml", "largest_quarantined_share: 1.0\n")
        return project

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def inbox(self) -> Path:
        return self.exports / "pendo"

    @property
    def lookups(self) -> Path:
        return self.root / "lookups"

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    def lookup(self, name: str, text: str) -> None:
        (self.lookups / name).write_text(text)

    def deliver(self, name: str, text: str | bytes) -> Path:
        path = self.inbox / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def deliver_month(self, month: str, clicks: Mapping[str, int] | None = None) -> Path:
        """Two clicks of chat for everybody, and the given clicks on charts, one visitor each."""
        rows = [f"v-{c},{c},1,{n},2\n" for c, n in (clicks or {"acme": 5, "bolt": 3}).items()]
        # Blank lines, another number each month: the same bytes cannot be the usage of two months.
        blank = "\n" * (ordinal(month) % 100)
        return self.deliver(f"usage {month}.csv", HEADER + "".join(rows) + blank)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The command as a user starts it: its own process, in the project's folder."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(("HEALTHSCORE", "DAGSTER"))}
        return subprocess.run(
            [COMMAND, *arguments],
            cwd=self.root,
            env=env | environment,
            capture_output=True,
            text=True,
            timeout=900,  # a command that hangs; a demo takes minutes on a busy machine
            check=False,
        )

    def table(self, name: str, month: str) -> pd.DataFrame:
        return pd.read_parquet(self.lake / name / f"month={month}" / "data.parquet")

    def months(self, name: str) -> list[str]:
        return sorted(p.name.removeprefix("month=") for p in (self.lake / name).glob("month=*"))

    def bytes_of_lake(self) -> dict[str, bytes]:
        """Every file of the lake by its path."""
        return {
            str(path.relative_to(self.lake)): path.read_bytes()
            for path in sorted(self.lake.rglob("*"))
            if path.is_file()
        }
