"""Files for other systems: a CSV a month, made of one table, replaced and withdrawn with it."""

from collections.abc import Callable

import dagster as dg
import ibis

from healthscore_assets import __version__
from healthscore_assets.delivery.crm.cells import Layout
from healthscore_assets.lake.content import content_hash
from healthscore_assets.orchestration.monthly import POOL
from healthscore_assets.orchestration.partitions import MONTHS, look_back
from healthscore_assets.orchestration.publish import Published, Staged
from healthscore_assets.orchestration.tables import Materialized, months_of, promoted
from healthscore_assets.orchestration.transient import tried_again
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.scoring.health.inputs import of_month

SWITCHED_OFF = "switched off"
"""The data version of a month whose file the settings do not want."""

Body = Callable[[Workplace, ibis.Table], Layout | None]


def monthly_file(*, reads: str, after: str, group: str) -> Callable[[Body], dg.AssetsDefinition]:
    """A file of the month that the body lays out of one table, or does not want: None.

    Parameters: ``reads`` is the table, ``after`` the lookup that the layout depends on.
    Its rows come in the order that the body gives them. A month without the table has no file.
    """

    def decorate(body: Body) -> dg.AssetsDefinition:
        name = body.__name__

        def staged(run_id: str, month: str, workplace: Workplace) -> Published:
            lake = workplace.lake
            if not lake.has(reads, month):
                return
            laid_out = body(workplace, of_month(months_of(workplace, reads, month, [month])))
            if laid_out is None:
                lake.withdraw(name, month)
                yield Staged(name, [], SWITCHED_OFF)
                return
            file = lake.stage_file(run_id, name, month, suffix="csv")
            rows = workplace.engine.write_csv(laid_out.table, file, laid_out.null)
            told = {"dagster/row_count": rows, "file": lake.csv_place(name, month)}
            yield Staged(name, [file], content_hash(file), told)

        def run(context: dg.AssetExecutionContext, workplace: Workplace) -> Materialized:
            month = context.partition_key
            with tried_again(context.retry_number):
                published = staged(context.run.run_id, month, workplace)
                yield from promoted(workplace, month, published)

        return dg.multi_asset(
            name=f"{name}_step",
            specs=[
                dg.AssetSpec(
                    name,
                    deps=[dg.AssetDep(reads, partition_mapping=look_back(0)), dg.AssetDep(after)],
                    skippable=True,
                    description=body.__doc__,
                    group_name=group,
                    kinds={"csv"},
                    code_version=__version__,
                )
            ],
            partitions_def=MONTHS,
            pool=POOL,
        )(run)

    return decorate
