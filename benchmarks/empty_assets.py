"""What Dagster itself costs: the graph's shape with nothing in it, on the same kind of instance.

    python benchmarks/empty_assets.py --months 5

Every step of the graph stands for an empty one: as many assets, as many checks, the same order,
partitions and declared lookups, no body, nothing loaded and nothing stored. Prints the CPU and wall
seconds of each month's run; the first warms up. What a month of `healthscore run` takes beyond its
queries is held against the median of the others.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from healthscore_assets.assets.graph import stages
from healthscore_assets.contracts import FILES, FROM_USAGE
from healthscore_assets.lake.months import span
from healthscore_assets.orchestration.instance import open_instance
from healthscore_assets.orchestration.partitions import MONTHS
from healthscore_assets.orchestration.plan import Graph, MonthPlan
from healthscore_assets.orchestration.runs import run_month
from healthscore_assets.orchestration.workplace import Workplace

FIRST, LAST = "2023-01", "2023-12"

USAGE_ALONE = (*FROM_USAGE, *FILES)
"""What a month without any feed makes."""


@dataclass(frozen=True)
class Spent:
    """What the run of one month took, and how many events it wrote."""

    month: str
    cpu: float
    wall: float
    events: int


def empty_graph(graph: dg.Definitions) -> dg.Definitions:
    """As many steps, assets, checks and dependencies, and nothing to do."""
    order = [dg.AssetKey(table) for table in Graph.of(graph).reads]
    assets = graph.resolve_asset_graph().assets_defs
    steps = [asset for asset in assets if asset.keys & {*order}]
    return dg.Definitions(
        assets=[_empty(asset, order) for asset in steps], executor=dg.in_process_executor
    )


def _empty(asset: dg.AssetsDefinition, order: list[dg.AssetKey]) -> dg.AssetsDefinition:
    keys = [key for key in order if key in asset.keys]
    specs = [
        dg.AssetSpec(key, deps=asset.specs_by_key[key].deps, partitions_def=MONTHS) for key in keys
    ]

    @dg.multi_asset(name=asset.op.name, specs=specs, check_specs=[*asset.check_specs])
    def nothing() -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        for key in keys:
            yield dg.MaterializeResult(key)
        for check in asset.check_specs:
            yield dg.AssetCheckResult(passed=True, asset_key=check.asset_key, check_name=check.name)

    return nothing


def run_empty(
    months: Collection[str],
    tables: Collection[str] = USAGE_ALONE,
    workplace: Workplace | None = None,
) -> list[Spent]:
    """Run the empty graph a month at a time, as `healthscore run` does."""
    definitions = empty_graph(stages(workplace or Workplace.from_environment()))
    spent = []
    with open_instance() as instance:
        for month in months:
            cpu, wall = time.process_time(), time.monotonic()
            outcome = run_month(definitions, instance, MonthPlan(month, tuple(tables)))
            cpu, wall = time.process_time() - cpu, time.monotonic() - wall
            assert outcome.succeeded, outcome.problems
            spent.append(Spent(month, cpu, wall, len(instance.all_logs(outcome.run_id))))
    return spent


def main() -> None:
    """Print every month, and the median of all but the first."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--months", type=int, default=6)
    months = span(FIRST, LAST)[: parser.parse_args().months]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DAGSTER_HOME"] = str(Path(folder) / "home")
        spent = run_empty(months)
    for each in spent:
        print(f"{each.month} {each.cpu:5.2f} s CPU {each.wall:5.2f} s wall, {each.events} events")
    warm = spent[1:]
    cpu, wall = (statistics.median(getattr(s, name) for s in warm) for name in ("cpu", "wall"))
    print(f"median  {cpu:5.2f} s CPU {wall:5.2f} s wall")


if __name__ == "__main__":
    main()
