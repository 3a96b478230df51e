"""Which months have to be run: new exports, corrected ones, and the months that read them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import dagster as dg
import pyarrow.parquet as pq

from healthscore_assets.lake.folder import Lake
from healthscore_assets.lake.months import shift, span
from healthscore_assets.orchestration.partitions import MONTHS, months_read
from healthscore_assets.pendo.export_file import file_of
from healthscore_assets.pendo.inbox import Delivery, of_month
from healthscore_assets.pendo.raw_table import stamps, taken_in

RAW = "raw_pendo_export"


@dataclass(frozen=True)
class MonthPlan:
    """A month to run and the tables to make, in the order of the graph."""

    month: str
    tables: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """The monthly tables in the order of the graph.

    ``reads`` tells what each reads and how many months back, ``steps`` what is made in one pass,
    ``readers`` which tables are made with each lookup.
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
            if asset.partitions_def is not None
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


def with_former_months(lake: Lake, found: list[Delivery]) -> list[Delivery]:
    """Refused files tell of the months they were taken in for, too.

    What is broken is not gone: those months are refused, and keep their tables. So do the months
    that names of features were read for: without them features would be told by their ids.
    """
    refused = {each.source_file for each in found if each.problem is not None}
    former: dict[str, set[str]] = {}
    for month in lake.months(RAW) if refused else []:
        read = {*lake.column(RAW, month, "source_file")}
        for column_map in lake.column(RAW, month, "column_map"):
            read |= json.loads(column_map).get("beside", {}).keys()
        for name in refused & (read | set(map(file_of, read))):
            former.setdefault(name, set()).add(month)
    return [
        replace(each, months=tuple(sorted({*each.months} | former[each.source_file])))
        if each.source_file in former
        else each
        for each in found
    ]


def known_months_of(found: list[Delivery]) -> list[str]:
    """The months of the graph that the files tell of, oldest first."""
    first, last = _known()
    return sorted({m for delivery in found for m in delivery.months if first <= m <= last})


def withdrawn_months(lake: Lake, found: list[Delivery]) -> list[str]:
    """The months in the lake that no file of the inbox tells of any more."""
    return sorted({*lake.months(RAW)} - {*known_months_of(found)})


def lost_files(found: list[Delivery]) -> list[str]:
    """Why files of the inbox belong to no month of the graph, a line each."""
    first, last = _known()
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


def _known() -> tuple[str, str]:
    keys = MONTHS.get_partition_keys()
    return keys[0], keys[-1]


def plan_months(
    graph: Graph, instance: dg.DagsterInstance, lake: Lake, found: list[Delivery]
) -> list[MonthPlan]:
    """The tables that are missing, or older than what they are made from, month by month.

    A month counts where an export tells of it, or did when its raw table was made. The raw table
    is out of date when the files of the inbox are not the files it was made from; any other table
    when one that it reads, in any month of its window, was made later or is about to be made. Of a
    month that is withdrawn the raw table takes the others with it.
    """
    gone = set(withdrawn_months(lake, found))
    months = sorted({*known_months_of(found), *gone})
    made = {table: _made(instance, table) for table in graph.reads}
    present = {table: set(lake.months(table)) for table in graph.reads}
    due: set[tuple[str, str]] = set()
    for month in months:
        if month not in present[RAW] or _changed(lake, found, month):
            due.add((RAW, month))
    for table, inputs in graph.reads.items():
        for month in months:
            own = made[table].get(month)
            if month not in present[table] or own is None:
                due.add((table, month))
            for parent, back in inputs.items():
                for read in span(shift(month, -back), month):
                    if (parent, read) in due or (own or 0) < made[parent].get(read, 0):
                        due.add((table, month))
    plans = []
    for month in months:
        tables = graph.with_siblings({table for table, at in due if at == month})
        if tables:
            plans.append(MonthPlan(month, (RAW,) if month in gone else tables))
    return plans


def made_before_lookups(
    graph: Graph, instance: dg.DagsterInstance, months: list[str]
) -> dict[str, list[str]]:
    """Lookups that changed since tables were made with them, and the months of those tables."""
    found: dict[str, list[str]] = {}
    for lookup, tables in graph.readers.items():
        observed = instance.fetch_observations(dg.AssetKey(lookup), limit=1).records
        if not observed:
            continue
        old = {
            month
            for table in tables
            for month, storage_id in _made(instance, table).items()
            if month in months and storage_id < observed[0].storage_id
        }
        if old:
            found[lookup] = sorted(old)
    return found


def _made(instance: dg.DagsterInstance, table: str) -> Mapping[str, int]:
    """When each month of a table was made last, as the place of that event among all events."""
    return instance.get_latest_storage_id_by_partition(
        dg.AssetKey(table), dg.DagsterEventType.ASSET_MATERIALIZATION
    )


def _changed(lake: Lake, found: list[Delivery], month: str) -> bool:
    """Whether the inbox holds other files for the month than the raw table was made from.

    A file that got another name is another one: by its name it is known when it breaks.
    """
    path = lake.month_file(RAW, month)
    taken = pq.read_table(path, partitioning=None).to_pylist() if path.exists() else []
    here = of_month(found, month)
    renamed = {row["source_file"] for row in taken} - {each.source_file for each in here}
    return bool(renamed) or stamps(here) != {taken_in(row).stamp for row in taken}


def _in_order(reads: Mapping[str, Mapping[str, int]]) -> dict[str, Mapping[str, int]]:
    ordered: dict[str, Mapping[str, int]] = {}
    while len(ordered) < len(reads):
        ready = [n for n in reads if n not in ordered and all(p in ordered for p in reads[n])]
        ordered.update((name, reads[name]) for name in ready)
    return ordered
