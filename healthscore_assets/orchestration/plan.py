"""Which months have to be run: new exports, corrected ones, and the months that read them."""

import bisect
import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import dagster as dg
import pyarrow.parquet as pq

from healthscore_assets.contracts import FILES, feed_of
from healthscore_assets.lake.content import content_hash
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.months import shift, span
from healthscore_assets.orchestration.files import SWITCHED_OFF
from healthscore_assets.orchestration.partitions import MONTHS, months_read
from healthscore_assets.pendo.delivery import Delivery
from healthscore_assets.pendo.export_file import file_of
from healthscore_assets.pendo.of_month import of_month
from healthscore_assets.pendo.raw_table import stamps, taken_in

RAW = "raw_pendo_export"
"""The root of all that is made from usage."""

DATA_VERSION = "dagster/data_version"

SOURCES = "sources"
"""The group of what fills the inbox: nothing of it is made because of what lies there."""


@dataclass(frozen=True)
class MonthPlan:
    """A month to run and the tables to make, in the order of the graph.

    ``because`` tells a person why. ``files`` and ``read`` stay the same as long as making the
    tables would come to the same end: the files of the month, and the earlier months it reads.
    """

    month: str
    tables: tuple[str, ...]
    because: str = ""
    files: str = ""
    read: str = ""


@dataclass(frozen=True)
class Graph:
    """The monthly tables in the order of the graph.

    ``reads`` tells what each reads and how many months back, ``steps`` what is made in one pass,
    ``readers`` which tables are made with each lookup. Tables of feeds need not be there for those
    that read them.
    """

    reads: Mapping[str, Mapping[str, int]]
    steps: Mapping[str, tuple[str, ...]]
    readers: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, definitions: dg.Definitions) -> "Graph":
        """Read off the declared partition mappings."""
        assets = [
            asset
            for asset in definitions.resolve_asset_graph().assets_defs
            if asset.partitions_def is not None and SOURCES not in asset.group_names_by_key.values()
        ]
        specs = {spec.key.to_user_string(): spec for asset in assets for spec in asset.specs}
        reads = {
            name: {
                dep.asset_key.to_user_string(): months_read(dep.partition_mapping)
                for dep in spec.deps
                if dep.asset_key.to_user_string() in specs
            }
            for name, spec in specs.items()
        }
        steps = {
            name: tuple(sorted(spec.key.to_user_string() for spec in asset.specs))
            for asset in assets
            for name in (spec.key.to_user_string() for spec in asset.specs)
        }
        readers: dict[str, tuple[str, ...]] = {}
        for name, spec in specs.items():
            for dep in spec.deps:
                parent = dep.asset_key.to_user_string()
                if parent not in specs:
                    readers[parent] = (*readers.get(parent, ()), name)
        return cls(_in_order(reads), steps, readers)

    def with_siblings(self, tables: set[str]) -> tuple[str, ...]:
        """The tables and those that the same steps make, in the order of the graph."""
        wanted = {sibling for table in tables for sibling in self.steps[table]}
        return tuple(table for table in self.reads if table in wanted)


@dataclass(frozen=True)
class Source:
    """What was delivered of usage, or of a feed.

    ``root`` is its raw table. ``months`` are those that files tell of, ``gone`` those in the lake
    that none does any more; ``changed`` says whether the files of a month are others than its table
    was made from, and ``stamp`` stays the same as long as they are the same.
    """

    root: str
    months: frozenset[str]
    gone: frozenset[str]
    changed: Callable[[str], bool]
    stamp: Callable[[str], str]


def at_hand(graph: Graph, sources: Sequence[Source]) -> dict[str, frozenset[str]]:
    """The months of each table, by what is delivered: those of which all that it needs is there.

    Months that are withdrawn count: they are to be taken away.
    """
    months: dict[str, frozenset[str]] = {}
    for source in sources:
        months |= dict.fromkeys(graph.steps[source.root], source.months | source.gone)
    for table, inputs in graph.reads.items():
        needed = [
            months.get(name, frozenset())
            for name in inputs
            if feed_of(name) is None and name not in graph.steps[table]
        ]
        if table not in months:
            months[table] = frozenset.intersection(*needed) if needed else frozenset()
    return months


def former_months(lake: Lake, asked_for: Callable[[str], bool]) -> dict[str, set[str]]:
    """The months that files were taken in for, or read beside, by the file's name in the inbox."""
    former: dict[str, set[str]] = {}
    for month in lake.months(RAW):
        read = {*lake.column(RAW, month, "source_file")}
        for column_map in lake.column(RAW, month, "column_map"):
            read |= json.loads(column_map).get("beside", {}).keys()
        for name in filter(asked_for, read | set(map(file_of, read))):
            former.setdefault(name, set()).add(month)
    return former


def with_former_months(lake: Lake, found: list[Delivery]) -> list[Delivery]:
    """Refused files tell of the months they were taken in for, too.

    What is broken is not gone: those months are refused, and keep their tables. So do the months
    that names of features were read for: without them features would be told by their ids.
    """
    refused = {each.source_file for each in found if each.problem is not None}
    former = former_months(lake, refused.__contains__) if refused else {}
    return [
        replace(each, months=tuple(sorted({*each.months} | former[each.source_file])))
        if each.source_file in former
        else each
        for each in found
    ]


def known_months_of(found: list[Delivery]) -> list[str]:
    """The months of the graph that the files tell of, oldest first."""
    first, last = known_span()
    return sorted({m for delivery in found for m in delivery.months if first <= m <= last})


def withdrawn_months(lake: Lake, found: list[Delivery]) -> list[str]:
    """The months in the lake that no file of the inbox tells of any more."""
    return sorted({*lake.months(RAW)} - {*known_months_of(found)})


def lost_files(found: list[Delivery]) -> list[str]:
    """Why files of the inbox belong to no month of the graph, a line each."""
    first, last = known_span()
    lost = []
    for delivery in found:
        if delivery.problem is not None and not delivery.months:
            lost.append(delivery.problem.line())
        lost.extend(
            f"{delivery.source_file}: tells of {month}; expected a month from {first} to {last}, "
            "correct it"
            for month in delivery.months
            if not first <= month <= last
        )
    return lost


def known_span() -> tuple[str, str]:
    """The first and the last month of the graph."""
    first, last = MONTHS.get_first_partition_key(), MONTHS.get_last_partition_key()
    assert first is not None and last is not None  # noqa: PT018
    return first, last


def of_withdrawn_usage(tables: Collection[str]) -> tuple[str, ...]:
    """Those to make of a month whose usage is withdrawn: the raw table takes the others with it."""
    return tuple(table for table in tables if table == RAW or feed_of(table) is not None)


def plan_months(
    graph: Graph,
    instance: dg.DagsterInstance,
    lake: Lake,
    sources: Sequence[Source],
    *,
    held: Collection[str] = (),
    follow_lookups: bool = False,
) -> list[MonthPlan]:
    """The tables that are missing, or older than what they are made from, month by month.

    A month counts where a file tells of it, or did when its raw table was made. A raw table is out
    of date when the files of the inbox are not the files it was made from; any other table, in a
    month of which all that it needs is there, when one that it reads, in any month of its window,
    was made later or is about to be made. Of usage that is withdrawn the raw table takes the
    others with it.

    Parameters: ``held`` are months left alone, whose files are still being written;
    ``follow_lookups`` counts tables as out of date that were made with a lookup as it was before.
    """
    made = {table: _made(instance, table) for table in graph.reads}
    present = {name: _present(instance, lake, name) for name in graph.reads}
    older = _older_than_lookups(graph, instance, made) if follow_lookups else {}
    due: dict[tuple[str, str], str] = {}
    months = at_hand(graph, sources)
    for source in sources:
        untold = _untold(instance, lake, source.root, present[source.root])
        for month in (source.months | source.gone) - {*held}:
            if month not in present[source.root]:
                due[source.root, month] = "new"
            elif source.changed(month):
                due[source.root, month] = "withdrawn" if month in source.gone else "changed"
            elif month in untold:
                due[source.root, month] = "interrupted"
    for (root, month), why in [*due.items()]:
        for table in graph.with_siblings({root}):
            due.setdefault((table, month), why)
    for table, inputs in graph.reads.items():
        for month in sorted(months[table] - {*held}):
            own = made[table].get(month)
            if month not in present[table] or own is None:
                due.setdefault((table, month), "not made yet")
            for parent, back in inputs.items():
                # A stage that carries its own tables on reads those of earlier months alone.
                last = shift(month, -1) if parent in graph.steps[table] else month
                for read in span(shift(month, -back), last):
                    if (parent, read) in due or (own or 0) < made[parent].get(read, 0):
                        due.setdefault((table, month), f"reads {read}")
            for lookup in older.get((table, month), []):
                due.setdefault((table, month), f"{lookup} changed")
    gone = {month for source in sources if source.root == RAW for month in source.gone}
    plans = []
    for month in sorted({at for _, at in due}):
        tables = graph.with_siblings({table for table, at in due if at == month})
        if month in gone:
            tables = of_withdrawn_usage(tables)
        if tables:
            reasons = dict.fromkeys(reason for (_, at), reason in due.items() if at == month)
            for follows in (f"reads {month}", "not made yet"):
                if len(reasons) > 1:
                    reasons.pop(follows, None)
            plans.append(
                MonthPlan(
                    month,
                    tables,
                    ", ".join(reasons),
                    files=_hash([s.stamp(month) for s in sources if month in s.months]),
                    read=_hash(_earlier(graph, made, month, tables)),
                )
            )
    return plans


def _earlier(
    graph: Graph, made: Mapping[str, Mapping[str, int]], month: str, tables: tuple[str, ...]
) -> list[tuple[str, str, int | None]]:
    """When the earlier months that tables read were made."""
    return [
        (parent, read, made[parent].get(read))
        for table in tables
        for parent, back in graph.reads[table].items()
        for read in span(shift(month, -back), shift(month, -1))
    ]


def _hash(told: object) -> str:
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12]


def made_before_lookups(
    graph: Graph, instance: dg.DagsterInstance, months: list[str]
) -> dict[str, list[str]]:
    """Lookups that changed since tables were made with them, and the months of those tables."""
    made = {table: _made(instance, table) for table in graph.reads}
    found: dict[str, set[str]] = {}
    for (_, month), lookups in _older_than_lookups(graph, instance, made).items():
        for lookup in lookups:
            if month in months:
                found.setdefault(lookup, set()).add(month)
    return {lookup: sorted(found[lookup]) for lookup in graph.readers if lookup in found}


def _older_than_lookups(
    graph: Graph, instance: dg.DagsterInstance, made: Mapping[str, Mapping[str, int]]
) -> dict[tuple[str, str], list[str]]:
    """By table and month, the lookups that were different when it was made.

    As they were observed: one that was changed and changed back is as it was.
    """
    older: dict[tuple[str, str], list[str]] = {}
    for lookup, tables in graph.readers.items():
        records = instance.fetch_observations(dg.AssetKey(lookup), limit=1000)
        seen = [
            (each.storage_id, (each.event_log_entry.tags or {}).get(DATA_VERSION))
            for each in reversed(records.records)
        ]
        for table in tables:
            for month, storage_id in made[table].items():
                at = bisect.bisect(seen, storage_id, key=lambda each: each[0])
                if at and seen[at - 1][1] != seen[-1][1]:
                    older.setdefault((table, month), []).append(lookup)
    return older


def _made(instance: dg.DagsterInstance, table: str) -> Mapping[str, int]:
    """When each month of a table was made last, as the place of that event among all events."""
    return instance.get_latest_storage_id_by_partition(
        dg.AssetKey(table), dg.DagsterEventType.ASSET_MATERIALIZATION
    )


def _untold(
    instance: dg.DagsterInstance, lake: Lake, root: str, months: Collection[str]
) -> set[str]:
    """Months whose raw table was replaced by a process that was killed before it could say so.

    The inbox holds the files it was made from, so nothing else tells that the others are older.
    """
    told = _versions(instance, root)
    return {
        month
        for month in months
        for path in lake.present(root, month).values()
        if told.get(month) != content_hash(path)
    }


def _present(instance: dg.DagsterInstance, lake: Lake, name: str) -> set[str]:
    """The months that a table or file has, and those of a file that settings do not want."""
    if name not in FILES:
        return set(lake.months(name))
    versions = _versions(instance, name)
    off = {month for month, version in versions.items() if version == SWITCHED_OFF}
    return off | set(lake.csv_months(name))


def _versions(instance: dg.DagsterInstance, name: str) -> dict[str, str]:
    """By month, the version of the table or file that was recorded last."""
    latest = instance.event_log_storage.get_latest_tags_by_partition(
        dg.AssetKey(name), dg.DagsterEventType.ASSET_MATERIALIZATION, [DATA_VERSION]
    )
    return {month: tags[DATA_VERSION] for month, tags in latest.items()}


def files_changed(lake: Lake, found: list[Delivery], month: str) -> bool:
    """Whether the inbox holds other files for the month than the raw table was made from.

    A file that got another name is another one: by its name it is known when it breaks.
    """
    taken = [
        row
        for path in lake.present(RAW, month).values()
        for row in pq.read_table(path, partitioning=None).to_pylist()
    ]
    here = of_month(found, month)
    renamed = {row["source_file"] for row in taken} - {each.source_file for each in here}
    return bool(renamed) or stamps(here) != {taken_in(row).stamp for row in taken}


def _in_order(reads: Mapping[str, Mapping[str, int]]) -> dict[str, Mapping[str, int]]:
    ordered: dict[str, Mapping[str, int]] = {}
    while len(ordered) < len(reads):
        ready = [
            n for n in reads if n not in ordered and all(p in ordered for p in {*reads[n]} - {n})
        ]
        ordered.update((name, reads[name]) for name in ready)
    return ordered
