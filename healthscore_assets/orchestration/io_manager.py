"""Promotes months that were staged and checked, and loads months for the stages that read them."""

from collections.abc import Iterable

import dagster as dg
import ibis

from healthscore_assets.contracts import CONTRACTS
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lake.months import ordinal
from healthscore_assets.orchestration.publish import Staged
from healthscore_assets.orchestration.transient import tried_again
from healthscore_assets.orchestration.workplace import Workplace


@dg.io_manager(required_resource_keys={"workplace"})
def lake_io_manager(context: dg.InitResourceContext) -> "LakeIOManager":
    """The I/O manager of a run, on the run's own engine."""
    return LakeIOManager(context.resources.workplace)


class LakeIOManager(dg.IOManager):
    """Tables in the lake by asset and month."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace

    def handle_output(self, context: dg.OutputContext, obj: Staged) -> None:
        """Put the staged files in their places."""
        with tried_again(context.step_context.previous_attempt_count):
            for staged in obj.files:
                table = context.asset_key.path[-1]
                self._workplace.lake.promote(staged, table, context.partition_key)

    def load_input(self, context: dg.InputContext) -> ibis.Table:
        """The months of a table that the input's mapping names; see `months_of`."""
        with tried_again(context.step_context.previous_attempt_count):
            return months_of(
                self._workplace,
                context.asset_key.path[-1],
                context.partition_key,
                context.asset_partition_keys,
            )


def months_of(workplace: Workplace, table: str, at: str, months: Iterable[str]) -> ibis.Table:
    """Months of a table as a run of the month ``at`` reads them.

    A month that was never delivered is absent; with none there is an empty table.
    """
    here = ordinal(at)
    files = {
        here - ordinal(month): path
        for month in months
        for path in workplace.lake.present(table, month).values()
    }
    return workplace.engine.months(table, files, schema_of(CONTRACTS[table]))
