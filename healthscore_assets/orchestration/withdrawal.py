"""Take away what was made of files that are in the inbox no more."""

from collections.abc import Sequence

import dagster as dg

from healthscore_assets.lake.lake import Lake


def withdraw(context: dg.AssetExecutionContext, lake: Lake, tables: Sequence[str]) -> str:
    """Withdraw a month of tables and files, the first of them last; says what was done, if at all.

    Recorded as a materialization of each table, so that the months which read it show as due; and
    before the table goes, the raw one last, so that an interrupted withdrawal is found and ended.
    """
    month = context.partition_key
    gone = [
        table for table in reversed(tables) if lake.has(table, month) or lake.has_csv(table, month)
    ]
    for table in gone:
        context.log_event(
            dg.AssetMaterialization(
                table,
                partition=month,
                description="Withdrawn: no file in the inbox tells of the month any more.",
                metadata={"dagster/row_count": 0, "withdrawn": True},
            )
        )
        lake.withdraw(table, month)
    return f"{month} was withdrawn: no file in the inbox tells of it any more." if gone else ""
