"""What every stage of the graph shares: a month, contracts, lookups read, checks recorded."""

import functools
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dagster as dg
import pandera.ibis as pa

from healthscore_assets import __version__
from healthscore_assets.contracts import feed_of
from healthscore_assets.contracts.rules import rules_of
from healthscore_assets.lake.content import content_hash
from healthscore_assets.lake.lake import Lake
from healthscore_assets.orchestration.partitions import MONTHS, look_back, months_before
from healthscore_assets.orchestration.publish import CONTRACT, Published, Staged
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
    """
    needed, loaded = reads or {}, {**(reads or {}), **(may_read or {})}
    specified = [
        *(
            _check(CONTRACT, str(c.name), "Every row keeps what the data dictionary promises.")
            for c in contracts
        ),
        *(_check(name, table, says) for name, (table, says) in (checks or {}).items()),
    ]

    def decorate(body: Body) -> dg.AssetsDefinition:
        return dg.multi_asset(
            name=f"{body.__name__}_step" if len(contracts) == 1 else body.__name__,
            outs={str(c.name): _out(c, group, kinds, freshness) for c in contracts},
            ins={
                name: dg.AssetIn(partition_mapping=look_back(months))
                for name, months in loaded.items()
            }
            | {
                name: dg.AssetIn(partition_mapping=months_before(months))
                for name, months in (before or {}).items()
            },
            deps=list(after),
            partitions_def=MONTHS,
            check_specs=specified,
            pool=POOL,
        )(_only_if_delivered(body, list(needed), specified))

    return decorate


def nothing_delivered(specified: Sequence[dg.AssetCheckSpec], reason: str) -> Published:
    """Pass every check of a step, saying why there was nothing to check; publish nothing."""
    for spec in specified:
        yield dg.AssetCheckResult(
            passed=True, asset_key=spec.asset_key, check_name=spec.name, description=reason
        )


def left_as_it_was(lake: Lake, table: str, month: str) -> dg.Output[Staged]:
    """A table that has nothing to publish, for stages that go on without it.

    Dagster skips what reads an output that is not there.
    """
    there = [*lake.present(table, month).values()]
    return dg.Output(
        Staged([]),
        output_name=table,
        metadata={"left_as_it_was": True},
        data_version=dg.DataVersion(content_hash(there[0]) if there else "not delivered"),
    )


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
    body: Body, tables: Sequence[str], specified: Sequence[dg.AssetCheckSpec]
) -> Body:
    @functools.wraps(body)
    def run(context: dg.AssetExecutionContext, workplace: Workplace, **inputs: Any) -> Published:
        month = context.partition_key
        with tried_again(context.retry_number):
            for table in tables:
                if not workplace.lake.has(table, month):
                    yield from nothing_delivered(specified, f"There is no {table} of {month}.")
                    return
            yield from body(context, workplace, **inputs)

    return run


def _out(
    contract: pa.DataFrameSchema,
    group: str,
    kinds: frozenset[str],
    freshness: dg.FreshnessPolicy | None,
) -> dg.AssetOut:
    return dg.AssetOut(
        is_required=False,
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
