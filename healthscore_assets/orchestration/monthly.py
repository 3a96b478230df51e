"""What every stage of the graph shares: a month, contracts, lookups read, checks recorded."""

import warnings
from collections.abc import Callable, Mapping, Sequence

import dagster as dg
import pandera.ibis as pa

from healthscore_assets import __version__
from healthscore_assets.contracts import feed_of
from healthscore_assets.contracts.rules import rules_of
from healthscore_assets.lake.content import content_hash
from healthscore_assets.lake.lake import Lake
from healthscore_assets.orchestration.partitions import (
    MONTHS,
    look_back,
    months_before,
    months_named,
)
from healthscore_assets.orchestration.publish import CONTRACT, Published, Staged
from healthscore_assets.orchestration.tables import Materialized, months_of, promoted
from healthscore_assets.orchestration.transient import tried_again
from healthscore_assets.orchestration.workplace import Workplace

# Check results per month (preview) and data versions (beta) are relied on here, and tested.
for _stage_of_api in (dg.PreviewWarning, dg.BetaWarning):
    warnings.filterwarnings("ignore", category=_stage_of_api, module="healthscore_assets")

POOL = "lake"
"""Steps take turns at the lake, so that none publishes what it made of tables replaced since."""

Body = Callable[..., Published]


def monthly(
    *contracts: pa.DataFrameSchema,
    group: str,
    reads: Mapping[str, int] | None = None,
    may_read: Mapping[str, int] | None = None,
    before: Mapping[str, int] | None = None,
    after: Sequence[str] = (),
    checks: Mapping[str, tuple[str, str]] | None = None,
    kinds: frozenset[str] = frozenset({"duckdb", "parquet"}),
    freshness: dg.FreshnessPolicy | None = None,
) -> Callable[[Body], dg.AssetsDefinition]:
    """A stage that makes the tables of these contracts, a month at a time.

    Parameters: ``reads`` are the tables that the stage loads and how many earlier months of them,
    ``may_read`` those that need not be there, ``before`` those of earlier months alone, such as the
    stage's own; ``after`` are inputs it does not load, such as
    lookups; ``checks`` are those beside the contract: name to table and description; ``freshness``
    is how old the tables may become.
    The body takes ``context``, ``workplace`` and the tables it reads; it is not called for a month
    of which a table it reads is not there.

    The tables are declared as what the stage depends on, and loaded here: as inputs of Dagster's
    each would be two more events of every run, a third of all.
    """
    loaded = {**(reads or {}), **(may_read or {})}
    windows = {name: look_back(months) for name, months in loaded.items()}
    windows |= {name: months_before(months) for name, months in (before or {}).items()}
    specified = [
        *(
            _check(CONTRACT, str(c.name), "Every row keeps what the data dictionary promises.")
            for c in contracts
        ),
        *(_check(name, table, says) for name, (table, says) in (checks or {}).items()),
    ]

    depends = [
        *(dg.AssetDep(name, partition_mapping=mapping) for name, mapping in windows.items()),
        *(dg.AssetDep(name) for name in after),
    ]

    def decorate(body: Body) -> dg.AssetsDefinition:
        return dg.multi_asset(
            name=f"{body.__name__}_step" if len(contracts) == 1 else body.__name__,
            specs=[_spec(c, group, kinds, freshness, depends) for c in contracts],
            partitions_def=MONTHS,
            check_specs=specified,
            pool=POOL,
        )(_only_if_delivered(body, list(reads or {}), windows, specified))

    return decorate


def nothing_delivered(specified: Sequence[dg.AssetCheckSpec], reason: str) -> Published:
    """Pass every check of a step, saying why there was nothing to check; publish nothing."""
    for spec in specified:
        yield dg.AssetCheckResult(
            passed=True, asset_key=spec.asset_key, check_name=spec.name, description=reason
        )


def left_as_it_was(lake: Lake, table: str, month: str) -> Staged:
    """A table that has nothing to publish, for stages that go on without it.

    Dagster skips what reads an output that is not there.
    """
    there = [*lake.present(table, month).values()]
    version = content_hash(there[0]) if there else "not delivered"
    return Staged(table, [], version, {"left_as_it_was": True})


def column_schema(contract: pa.DataFrameSchema) -> dg.TableSchema:
    """The columns as the UI shows them."""
    rules: dict[str, list[str]] = {}
    for rule in rules_of(contract):
        rules.setdefault(rule.column, []).append(rule.says)
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                str(column.dtype),
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable,
                    unique=contract.unique == [name],
                    other=[says for says in rules.get(name, []) if says != "not null"],
                ),
            )
            for name, column in contract.columns.items()
        ]
    )


def _only_if_delivered(
    body: Body,
    needed: Sequence[str],
    windows: Mapping[str, dg.TimeWindowPartitionMapping],
    specified: Sequence[dg.AssetCheckSpec],
) -> Callable[..., Materialized]:
    """The body, given the months of its tables that the mappings name."""

    def run(context: dg.AssetExecutionContext, workplace: Workplace) -> Materialized:
        month = context.partition_key
        with tried_again(context.retry_number):
            for table in needed:
                if not workplace.lake.has(table, month):
                    none = f"There is no {table} of {month}."
                    yield from promoted(workplace, month, nothing_delivered(specified, none))
                    return
            tables = {
                table: months_of(workplace, table, month, months_named(mapping, month))
                for table, mapping in windows.items()
            }
            yield from promoted(workplace, month, body(context, workplace, **tables))

    run.__doc__ = body.__doc__
    return run


def _spec(
    contract: pa.DataFrameSchema,
    group: str,
    kinds: frozenset[str],
    freshness: dg.FreshnessPolicy | None,
    depends: Sequence[dg.AssetDep],
) -> dg.AssetSpec:
    return dg.AssetSpec(
        str(contract.name),
        deps=depends,
        skippable=True,
        description=f"{contract.description}\n\nOne row is: {contract.metadata['grain']}.",
        group_name=group,
        kinds=set(kinds),
        freshness_policy=freshness,
        code_version=__version__,
        metadata={"dagster/column_schema": column_schema(contract)},
    )


def _check(name: str, table: str, says: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        name,
        asset=table,
        description=says,
        # A feed that is refused keeps nobody from going on without it.
        blocking=name in (CONTRACT, "reconciliation") and feed_of(table) is None,
        partitions_def=MONTHS,
    )
