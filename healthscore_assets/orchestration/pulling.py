"""A month from where usage is kept into the inbox: the command and the asset do it by the same."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from healthscore_assets.pendo.warehouse.failed import WarehouseFailed
from healthscore_assets.pendo.warehouse.refresh import FOLDER

Tell = Callable[[str], None]


@contextmanager
def pulling(workplace: Workplace, tell: Tell) -> Iterator[Callable[[str], PulledMonth]]:
    """What pulls a month; within it no other pull is at work on the inbox.

    Parameters: ``tell`` hears how far a month is, and what makes it take longer.
    Raises LookupRefused, SecretMissing and PullFailed, as what it gives does the last.
    """
    settings = read_sources_settings(workplace.sources_file)
    from_warehouse = settings.source == "warehouse"
    pull = _of_warehouse(workplace) if from_warehouse else _of_pendo(workplace, settings, tell)
    with only_pull(workplace.inbox):
        yield pull


def _of_warehouse(workplace: Workplace) -> Callable[[str], PulledMonth]:
    def pull(month: str) -> PulledMonth:
        began = time.monotonic()
        try:
            report = refresh_inbox(workplace, (month,))
        except WarehouseFailed as failed:
            raise PullFailed(f"{month} is not pulled: {failed}", lasting=True) from None
        file = next((each for each in report.files if each.month == month), None)
        path = None if file is None else workplace.inbox / FOLDER / file.name
        return PulledMonth(
            month=month,
            rows=0 if file is None else file.rows,
            seconds=time.monotonic() - began,
            path=path,
            sha256=None if path is None else content_hash(path),
            changed=bool(report.gone) or any(each.changed for each in report.files),
        )

    return pull


def _of_pendo(
    workplace: Workplace, settings: SourcesSettings, tell: Tell
) -> Callable[[str], PulledMonth]:
    pendo = open_pendo(
        settings.pendo, secrets_of_environment(), lambda: datetime.now(UTC), time.sleep, tell
    )

    def pull(month: str) -> PulledMonth:
        pages = rows = 0

        def on_page(_: Window, page: KeptPage) -> None:
            nonlocal pages, rows
            pages, rows = pages + 1, rows + page.rows
            tell(f"{month}: {plural(pages, 'page')}, {rows:,} rows so far")

        today = datetime.now(UTC).date()
        return pull_month(pendo, workplace.inbox, month, today, settings.pendo.page_rows, on_page)

    return pull
