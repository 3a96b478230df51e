"""What the inbox sensor knows and decides: from what is in the inbox to the months that are due."""

import hashlib
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
from pydantic import BaseModel, Field, ValidationError, field_validator

from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.orchestration.backfills import IN_ORDER
from healthscore_assets.orchestration.delivered import Delivered, delivered
from healthscore_assets.orchestration.failures import PARTITION
from healthscore_assets.orchestration.feeds import former_months_of_feed
from healthscore_assets.orchestration.partitions import MONTHS
from healthscore_assets.orchestration.plan import (
    RAW,
    Graph,
    MonthPlan,
    Source,
    former_months,
    known_months_of,
    made_before_lookups,
    plan_months,
)
from healthscore_assets.orchestration.pull_runs import is_pull
from healthscore_assets.orchestration.runs import COMMAND_LINE, STARTED_FROM, observe_lookups
from healthscore_assets.orchestration.worker import UNDER_WAY, end_abandoned_runs
from healthscore_assets.orchestration.workplace import LOOKUP_FILES, Workplace
from healthscore_assets.pendo.datasync.bill import is_bill
from healthscore_assets.pendo.inbox import read_ahead
from healthscore_assets.reading.inbox_files import Fingerprint, Seen, listed, slot_of
from healthscore_assets.reading.refused import ExportRefused
from healthscore_assets.reading.sidecar import beside
from healthscore_assets.signals.inbox import listed_feeds, read_feeds_ahead

_ENDED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]

PATIENCE_SECONDS = 30.0
"""How long a tick reads new files, half of what Dagster allows a tick; the next one goes on."""


_PULLS_BETWEEN = 100
"""Runs of a month that are looked through for the newest that made tables; a day pulls once."""

_LINES = 50
"""Of more reports than these the number is told; each is remembered in the cursor."""


class Cursor(BaseModel, frozen=True):
    """What is remembered from tick to tick; a few kilobytes however many files there are.

    ``seen`` and ``settled`` are fingerprints: of the last tick, and of what was planned for.
    ``asked`` keeps, by month, the cause of the last run asked for while the month is still due;
    ``owed`` says that months were left out of the last plan, whose files were being written.
    """

    seen: str = ""
    settled: str = ""
    lookups_seen: str = ""
    lookups: str = ""
    asked: dict[str, str] = {}
    told: tuple[str, ...] = ()
    owed: bool = False
    newest_run: str = ""
    plans: int = 0
    begun: str = Field(default_factory=lambda: uuid.uuid4().hex[:8])

    @field_validator("seen", "settled")
    @classmethod
    def _fingerprint(cls, text: str) -> str:
        Fingerprint.from_text(text)
        return text

    @classmethod
    def of(cls, text: str | None) -> "Cursor":
        """The cursor of the last tick; a fresh one for the first, or after an upgrade."""
        try:
            return cls.model_validate_json(text) if text else cls()
        except ValidationError:
            return cls()


@dataclass(frozen=True)
class Tick:
    """What comes of a tick: runs to ask for, or why there are none, and lines to report once."""

    cursor: Cursor
    says: str
    plans: list[MonthPlan] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)


def tick(
    workplace: Workplace,
    graph: Graph,
    instance: dg.DagsterInstance,
    cursor: Cursor,
    clock: Callable[[], float] = time.monotonic,
) -> Tick:
    """Look at the inbox and the lookups; plan when they changed and stand still.

    Where nothing changed it costs a ``stat`` per file. A file that changed since the last tick is
    still being written: its months wait, the others do not.
    """
    try:
        look = _look(workplace, cursor)
    except ExportRefused as refused:
        return _telling(cursor, [str(refused)], f"Nothing is run: {refused}")
    hold = look.lookups != cursor.lookups_seen
    cursor = look.remembered(cursor)
    if not look.files:
        return _nothing_there(workplace, look, cursor, [])
    if hold:
        return Tick(cursor, "A lookup is still being written")
    changed = look.changed or look.edited or (cursor.owed and not look.moving)
    if not (changed or cursor.asked):
        return Tick(cursor, "A file is still being written" if look.moving else "Nothing changed")
    at_work = _at_work(instance)
    if at_work:
        return Tick(cursor, at_work)
    newest = _newest_run(instance)
    if not changed and newest == cursor.newest_run:
        return Tick(cursor, f"Nothing changed since {', '.join(cursor.asked)} failed")
    stop = clock() + PATIENCE_SECONDS
    try:
        workplace.check_lookups()
        observe_lookups(instance, workplace)
        left = read_ahead(workplace.inbox, workplace.reading(), lambda: clock() > stop)
        left += read_feeds_ahead(
            workplace.exports_folder, workplace.feed_reading(), lambda: clock() > stop
        )
        if left:
            return Tick(cursor, f"{left} of {len(look.files)} files are still to be read")
        told = delivered(workplace)
    except (LookupRefused, ExportRefused) as refused:
        return _telling(cursor, [str(refused)], f"Nothing is run: {refused}")
    reports = [*told.lost(), *told.misplaced]
    if not known_months_of(told.usage) and (not told.usage or workplace.lake.months(RAW)):
        return _nothing_there(workplace, look, cursor, reports)
    held = _months_of(workplace, told, look) if look.moving else set()
    sources = told.sources(workplace.lake)
    asked, plans = _due(workplace, graph, instance, sources, cursor.asked, held)
    if look.edited and not workplace.settings.rerun_after_lookup_change:
        reports += _made_before(workplace, graph, instance)
    settled = look.now.with_slots_of(Fingerprint.from_text(cursor.settled), look.moving)
    cursor = cursor.model_copy(
        update={
            "settled": settled.text(),
            "lookups": look.lookups if look.edited else cursor.lookups,
            "newest_run": newest,
            "asked": asked,
            "owed": bool(held),
            "plans": cursor.plans + 1,
        }
    )
    return _telling(cursor, reports, "No month is due", plans)


def _nothing_there(workplace: Workplace, look: "_Look", cursor: Cursor, reports: list[str]) -> Tick:
    """As where a share is not mounted: once it is there again, all is planned for anew."""
    says = f"{workplace.inbox}: holds no exports; the lake stays as it is"
    forgotten = {"settled": look.now.text(), "asked": {}}
    reports = [*reports, says] if cursor.settled else reports
    return _telling(cursor.model_copy(update=forgotten), reports, says)


@dataclass(frozen=True)
class _Look:
    """A listing of the inbox beside the one before: slots that are moving, and that changed."""

    files: dict[Path, Seen]
    now: Fingerprint
    moving: set[int]
    changed: set[int]
    lookups: str
    edited: bool

    def remembered(self, cursor: Cursor) -> Cursor:
        update = {"seen": self.now.text(), "lookups_seen": self.lookups}
        return cursor.model_copy(update=update)


def _look(workplace: Workplace, cursor: Cursor) -> _Look:
    files = listed(workplace.inbox) | listed_feeds(workplace.exports_folder)
    now = Fingerprint.of(files)
    moving = now.differing(Fingerprint.from_text(cursor.seen))
    changed = now.differing(Fingerprint.from_text(cursor.settled)) - moving
    seen = [workplace.lookup_file(name) for name in LOOKUP_FILES]
    stats = [(s.st_size, s.st_mtime_ns) if p.exists() and (s := p.stat()) else None for p in seen]
    # A file of a month to come is due when the month begins, though nothing in the inbox changes.
    lookups = _short(repr((stats, MONTHS.get_last_partition_key())))
    return _Look(files, now, moving, changed, lookups, lookups != cursor.lookups)


def _due(
    workplace: Workplace,
    graph: Graph,
    instance: dg.DagsterInstance,
    sources: list[Source],
    asked: dict[str, str],
    held: set[str],
) -> tuple[dict[str, str], list[MonthPlan]]:
    """What the months that are due were asked for with, and the plans of those to ask for."""
    versions = _short(repr([workplace.lookup_version(name) for name in LOOKUP_FILES]))

    def planned(held: set[str]) -> list[MonthPlan]:
        return plan_months(
            graph,
            instance,
            workplace.lake,
            sources,
            held=held,
            follow_lookups=workplace.settings.rerun_after_lookup_change,
        )

    def cause(plan: MonthPlan) -> str:
        return f"{plan.files}-{versions}-{plan.read}"

    plans = planned(held)
    in_vain = {
        plan.month: cause(plan)
        for plan in plans
        if _in_vain(instance, plan.month, asked.get(plan.month, ""), cause(plan))
    }
    if in_vain:
        # They would fail again, and later months have nothing to wait for.
        plans = planned(held | {*in_vain})
    return in_vain | {plan.month: cause(plan) for plan in plans}, plans


def _in_vain(instance: dg.DagsterInstance, month: str, asked: str, cause: str) -> bool:
    """Whether a month was asked for as it is, or failed with the files and lookups it has."""
    if asked == cause:
        return True
    if asked.rpartition("-")[0] != cause.rpartition("-")[0]:
        return False
    runs = instance.get_runs(dg.RunsFilter(tags={PARTITION: month}), limit=_PULLS_BETWEEN)
    newest = next((run for run in runs if not is_pull(run)), None)
    return newest is not None and not newest.is_success


def _months_of(workplace: Workplace, told: Delivered, look: _Look) -> set[str]:
    """The months that moving files tell of as they are now, and those they were taken in for.

    A file that is gone moves too: whoever replaces a file may delete it first. A Data Sync export
    moves as long as any of its files does.
    """
    folders = {
        folder for path in look.files if slot_of(path) in look.moving for folder in path.parents
    }

    def moves(path: Path) -> bool:
        if is_bill(path) and path.parent in folders:
            return True
        told = beside(path)
        return slot_of(path) in look.moving or (told in look.files and slot_of(told) in look.moving)

    now = {month for each in told.usage if moves(each.path) for month in each.months}
    for found in told.feeds.values():
        now |= {month for each in found if moves(each.path) for month in each.months}
    lake, exports = workplace.lake, workplace.exports_folder
    former = former_months(lake, lambda name: moves(workplace.inbox / name))
    for feed in told.feeds:
        former |= former_months_of_feed(lake, feed, lambda name: moves(exports / name))
    return now.union(*former.values())


def _at_work(instance: dg.DagsterInstance) -> str | None:
    """Whether runs that make months are under way; the next plan waits until they are through."""
    # Of a command line that was killed in the code server's container the daemon cannot tell.
    end_abandoned_runs(instance)
    for says, tags in (
        ("The months that were due are being made", {IN_ORDER: "yes"}),
        ("The command line is at work", {STARTED_FROM: COMMAND_LINE}),
    ):
        if instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY, tags=tags), limit=1):
            return says
    return None


def _newest_run(instance: dg.DagsterInstance) -> str:
    ended = instance.get_run_records(
        dg.RunsFilter(statuses=_ENDED), limit=1, order_by="update_timestamp"
    )
    return ended[0].dagster_run.run_id if ended else ""


def _made_before(workplace: Workplace, graph: Graph, instance: dg.DagsterInstance) -> list[str]:
    lines = []
    made = made_before_lookups(graph, instance, workplace.lake.months(RAW))
    for lookup, months in made.items():
        lines.append(
            f"{LOOKUP_FILES[lookup]} changed; {len(months)} months from {months[0]} to {months[-1]}"
            f" were made before: materialize them, or healthscore run --from {months[0]}"
            f" --to {months[-1]}"
        )
    return lines


def _telling(cursor: Cursor, lines: list[str], says: str, plans: Sequence[MonthPlan] = ()) -> Tick:
    """A tick that reports the lines which the one before did not."""
    if len(lines) > _LINES:
        lines = [*lines[:_LINES], f"... and {len(lines) - _LINES} more: healthscore run tells all"]
    hashes = {_short(line): line for line in lines}
    fresh = [line for key, line in hashes.items() if key not in cursor.told]
    return Tick(cursor.model_copy(update={"told": tuple(hashes)}), says, list(plans), fresh)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
