"""The same steps, tables and checks as the graph's, that do nothing: what Dagster costs alone."""

from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg


def empty_twin(definitions: dg.Definitions) -> dg.Definitions:
    """Definitions whose monthly steps have the tables, checks and windows of these, and no body.

    They load and store nothing, tell no metadata and take no turns at a pool.
    """
    graph = definitions.resolve_asset_graph()
    monthly = [each for each in graph.assets_defs if each.partitions_def is not None]
    keys = {key for each in monthly for key in each.keys}
    return dg.Definitions(
        assets=[_empty(each, keys) for each in monthly], executor=dg.in_process_executor
    )


def _empty(asset: dg.AssetsDefinition, keys: set[dg.AssetKey]) -> dg.AssetsDefinition:
    specs = [
        dg.AssetSpec(
            spec.key,
            deps=[dep for dep in spec.deps if dep.asset_key in keys],
            partitions_def=asset.partitions_def,
            skippable=True,
        )
        for spec in asset.specs
    ]
    checks = [
        dg.AssetCheckSpec(each.name, asset=each.asset_key, partitions_def=asset.partitions_def)
        for each in asset.check_specs
    ]
    make: Callable[[Any], dg.AssetsDefinition] = dg.multi_asset(
        name=asset.node_def.name, specs=specs, check_specs=checks, can_subset=False
    )
    return make(_nothing(specs, checks))


def _nothing(
    specs: list[dg.AssetSpec], checks: list[dg.AssetCheckSpec]
) -> Callable[[], Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]]:
    def nothing() -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        for spec in specs:
            yield dg.MaterializeResult(asset_key=spec.key)
        for check in checks:
            yield dg.AssetCheckResult(passed=True, asset_key=check.asset_key, check_name=check.name)

    return nothing
