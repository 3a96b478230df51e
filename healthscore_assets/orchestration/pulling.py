"""A month from where usage is kept into the inbox: the command and the asset do it by the same."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import dagster as dg

from healthscore_assets.lookups.sources_settings import SourcesSettings, read_sources_settings
from healthscore_assets.monitoring.observation import plural
from healthscore_assets.orchestration.outbox import secrets_of_environment
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.pendo.api.bodies import Window
from healthscore_assets.pendo.api.failed import PullFailed
from healthscore_assets.pendo.api.kept import KeptPage
from healthscore_assets.pendo.api.month import PulledMonth, only_pull, pull_month
from healthscore_assets.pendo.api.opened import open_pendo

PULLED = "pulled_export"
"""The asset; it stands before the inbox, so nothing of the graph is made from it directly."""

PULLS = "pulls"
ONE_AT_A_TIME = {"healthscore/pull": "yes"}
"""Tag of runs of which the queue starts one at a time."""

Tell = Callable[[str], None]


@contextmanager
def pulling(workplace: Workplace, tell: Tell) -> Iterator[Callable[[str], PulledMonth]]:
    """What pulls a month; within it no other pull is at work on the inbox.

    Parameters: ``tell`` hears how far a month is, and what makes it take longer.
    Raises LookupRefused, SecretMissing and PullFailed, as what it gives does the last.
    """
    settings = read_sources_settings(workplace.sources_file)
    pull = _puller(workplace, settings, tell)
    with only_pull(workplace.inbox):
        yield pull


def _puller(
    workplace: Workplace, settings: SourcesSettings, tell: Tell
) -> Callable[[str], PulledMonth]:
    if settings.source == "warehouse":
        found = f"{workplace.sources_file}: source is warehouse, and pull asks Pendo's API"
        raise PullFailed(f"{found}; set source: files to pull from there", lasting=True)
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


def is_pull(run: dg.DagsterRun) -> bool:
    """Whether a run pulls, and makes no tables."""
    return run.job_name == PULLS or run.asset_selection == {dg.AssetKey(PULLED)}
