"""A project in a folder of its own, for goals about one run more."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contestants.programs import fresh_instance, healthscore_run
from benchmarks.measuring import Cost, measure


@dataclass(frozen=True)
class Project:
    """Exports, lookups, lake and Dagster instance below a folder."""

    folder: Path

    @classmethod
    def of(cls, folder: Path, exports: Sequence[Path], lookups: Path) -> "Project":
        """With copies of some exports and of the lookups; what was there before goes."""
        shutil.rmtree(folder, ignore_errors=True)
        project = cls(folder)
        project.inbox.mkdir(parents=True)
        shutil.copytree(lookups, folder / "lookups")
        for export in exports:
            project.deliver(export)
        return project

    @property
    def inbox(self) -> Path:
        """The folder of usage exports."""
        return self.folder / "exports" / "pendo"

    @property
    def lake(self) -> Path:
        """The folder of the tables."""
        return self.folder / "lake"

    def deliver(self, export: Path) -> None:
        """Put an export into the inbox, in place of one of the same name."""
        shutil.copy2(export, self.inbox)
        os.utime(self.inbox / export.name)

    def copied(self, folder: Path) -> "Project":
        """The same as it is, elsewhere, to run and throw away."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        return Project(folder)

    def run(self, *options: str) -> Cost:
        """`healthscore run`: all that is due, unless options say else. Raises Failed."""
        command = healthscore_run(self.folder / "exports", self.folder / "lookups", self.folder)
        return measure([[*command, *options]], self.environment)

    @property
    def home(self) -> Path:
        """The folder of the instance."""
        return Path(self.environment["DAGSTER_HOME"])

    @property
    def environment(self) -> dict[str, str]:
        """Where the instance is."""
        return fresh_instance(self.folder)
