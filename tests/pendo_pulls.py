"""A pull of months from the stand-in for Pendo, with a clock that waits for nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from pendo_server import KEY

from healthscore_assets.lookups.secrets import Secrets
from healthscore_assets.lookups.sources_settings import PendoApi
from healthscore_assets.pendo.api.client import Pendo
from healthscore_assets.pendo.api.month import PulledMonth, only_pull, pull_month
from healthscore_assets.pendo.api.opened import open_pendo
from healthscore_assets.pendo.pulled import file_of_api, folder_of_api

VARIABLE = "PENDO_INTEGRATION_KEY"


@dataclass
class Puller:
    """What a user has: an inbox, a key, settings. ``waits`` and ``told`` are what was seen."""

    inbox: Path
    url: str
    page_rows: int = 100
    seconds: float = 5.0
    key: str = KEY
    now: datetime = datetime(2024, 9, 1, 12, tzinfo=UTC)
    today: date = date(2024, 9, 1)
    waits: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    pages: int = 0

    @property
    def pendo(self) -> Pendo:
        settings = PendoApi(address=self.url, timeout_seconds=self.seconds)
        secrets = Secrets({VARIABLE: self.key})
        return open_pendo(settings, secrets, lambda: self.now, self._sleep, self.told.append)

    def pull(self, *months: str) -> list[PulledMonth]:
        with only_pull(self.inbox):
            return [
                pull_month(self.pendo, self.inbox, month, self.today, self.page_rows, self._on_page)
                for month in months
            ]

    def path(self, month: str) -> Path:
        return file_of_api(self.inbox, month)

    def bytes_of(self, *months: str) -> dict[str, bytes]:
        files = [*map(self.path, months), folder_of_api(self.inbox) / "features.csv"]
        return {path.name: path.read_bytes() for path in files}

    def left(self) -> list[str]:
        """What lies in the folder, hidden files too, but for the file of the lock."""
        folder = folder_of_api(self.inbox)
        files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
        return sorted(files - {".pull/lock"})

    def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)

    def _on_page(self, *_: object) -> None:
        self.pages += 1


def rows_of(path: Path) -> list[dict[str, Any]]:
    return pq.read_table(path).to_pylist()


def summed(events: Sequence[dict[str, Any]], month: str, midnight: Any) -> pd.DataFrame:
    """What a month's file should hold, by pandas; nulls as the text ``none`` so that they sort."""
    frame = pd.DataFrame([e for e in events if f"{e['day']:%Y-%m}" == month])
    frame["day"] = [midnight(day) for day in frame["day"]]
    keys = ["visitorId", "accountId", "featureId", "day"]
    sums = frame.groupby(keys, dropna=False)[["numEvents", "numMinutes"]].sum().reset_index()
    return in_order(sums)


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    names = ["visitorId", "accountId", "featureId"]
    frame = frame.assign(
        **{n: frame[n].astype(object).where(frame[n].notna(), "none") for n in names}
    )
    columns = [*names, "day", "numEvents", "numMinutes"]
    frame = frame[columns].astype({"numEvents": "int64", "numMinutes": "float64"})
    return frame.sort_values(columns, ignore_index=True)
