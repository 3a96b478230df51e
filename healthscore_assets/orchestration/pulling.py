"""Months from where usage is kept into the inbox: the command and the asset do it by the same."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from healthscore_assets.lake.content import content_hash
from healthscore_assets.lookups.sources_settings import SourcesSettings, read_sources_settings
from healthscore_assets.monitoring.observation import plural
from healthscore_assets.orchestration.outbox import secrets_of_environment
from healthscore_assets.orchestration.warehouse import refresh_inbox
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.pendo.api.bodies import Window
from healthscore_assets.pendo.api.failed import PullFailed
from healthscore_assets.pendo.api.kept import KeptPage
from healthscore_assets.pendo.api.month import PulledMonth, only_pull, pull_month
from healthscore_assets.pendo.api.opened import open_pendo
from healthscore_assets.pendo.pulled import file_of_api, folder_of_warehouse
from healthscore_assets.pendo.warehouse.failed import WarehouseFailed
from healthscore_assets.pendo.warehouse.report import File, Report

Tell = Callable[[str], None]


@contextmanager
def pulling(
    workplace: Workplace, months: Sequence[str], progress: Tell, tell: Tell
) -> Iterator[Callable[[str], PulledMonth]]:
    """What pulls each of some months; within it no other pull is at work on the inbox.

    Parameters: ``progress`` hears how far it is, ``tell`` what makes it take longer.
    Raises LookupRefused, SecretMissing and PullFailed, as what it gives does the last.
    """
    settings = read_sources_settings(workplace.sources_file)
    pull: Callable[[str], PulledMonth] = (
        _OfWarehouse(workplace, tuple(months), progress).pull
        if settings.source == "warehouse"
        else _of_pendo(workplace, settings, progress, tell)
    )
    with only_pull(workplace.inbox):
        yield pull


@dataclass
class _OfWarehouse:
    """All months are asked for at once, with the first: other tables are read once for them."""

    workplace: Workplace
    months: tuple[str, ...]
    progress: Tell
    files: dict[str, File] = field(default_factory=dict)
    report: Report | None = None
    failed: WarehouseFailed | None = None

    def pull(self, month: str) -> PulledMonth:
        began = time.monotonic()
        if self.report is None and self.failed is None:
            self._refresh()
        file = self.files.get(month)
        if file is None and self.failed is not None:
            raise PullFailed(f"{month} is not pulled: {self.failed}", lasting=True)
        twice = self.report.problems() if self.report is not None else {}
        other = file_of_api(self.workplace.inbox, month)
        if other in twice:
            raise PullFailed(f"{month} is not pulled: {twice[other]}")
        name = f" {month}.parquet"
        gone = self.report is not None and any(n.endswith(name) for n in self.report.gone)
        beside = [each for key, each in self.files.items() if key not in self.months]
        path = None if file is None else folder_of_warehouse(self.workplace.inbox) / file.name
        return PulledMonth(
            month=month,
            rows=0 if file is None else file.rows,
            seconds=time.monotonic() - began,
            path=path,
            sha256=None if path is None else content_hash(path),
            changed=gone or any(each.changed for each in (*beside, *([file] if file else []))),
            taken_away=gone,
        )

    def _refresh(self) -> None:
        def tell(file: File) -> None:
            self.files[file.month or file.name] = file
            self.progress(file.line())

        try:
            self.report = refresh_inbox(self.workplace, self.months, tell)
        except WarehouseFailed as failed:
            self.failed = failed


def _of_pendo(
    workplace: Workplace, settings: SourcesSettings, progress: Tell, tell: Tell
) -> Callable[[str], PulledMonth]:
    pendo = open_pendo(
        settings.pendo, secrets_of_environment(), lambda: datetime.now(UTC), time.sleep, tell
    )

    def pull(month: str) -> PulledMonth:
        pages = rows = 0

        def on_page(_: Window, page: KeptPage) -> None:
            nonlocal pages, rows
            pages, rows = pages + 1, rows + page.rows
            progress(f"{month}: {plural(pages, 'page')}, {rows:,} rows so far")

        today = datetime.now(UTC).date()
        return pull_month(pendo, workplace.inbox, month, today, settings.pendo.page_rows, on_page)

    return pull
