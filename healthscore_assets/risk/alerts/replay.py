"""Months played again with rules as they might be, from the tables in the lake."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import ibis
import pyarrow as pa

from healthscore_assets.contracts.alerts import ALERT_STATES
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.months import ordinal
from healthscore_assets.risk.alerts.answers import RuleTables, answers
from healthscore_assets.risk.alerts.rules import AlertRules
from healthscore_assets.risk.alerts.states import REMEMBERED_MONTHS, alert_states
from healthscore_assets.scoring.health.inputs import month_at_hand, of_month

_NOT_ONE_FOLDED = 1_000_000


def replay(
    engine: Computes,
    rules: AlertRules,
    months: Iterable[str],
    tables_of: Callable[[str], RuleTables],
) -> pa.Table:
    """Play months one after the other, beginning without alerts. Grain: client x rule x month.

    Parameters: ``tables_of`` gives what rules read of a month and those before it.
    Shape: the columns of `alert_states` and ``month``. None is folded.
    """
    schema = schema_of(ALERT_STATES)
    names = [*schema.names, "months_ago"]
    played: list[pa.Table] = []
    alone = replace(rules, max_alerts=_NOT_ONE_FOLDED)
    for month in months:
        here = ordinal(month)
        before = [
            part.drop_columns(["month"]).append_column("months_ago", _same(ago, part.num_rows))
            for part in played[-REMEMBERED_MONTHS:]
            if part.num_rows
            and 0 < (ago := here - ordinal(part["month"][0].as_py())) <= REMEMBERED_MONTHS
        ]
        read_schema = ibis.schema({**schema, "months_ago": "int64"})
        nothing = read_schema.to_pyarrow().empty_table()
        read = pa.concat_tables([nothing, *(part.select(names) for part in before)])
        tables = tables_of(month)
        states = alert_states(
            engine,
            engine.arrow("states_before", read, read_schema),
            answers(engine, tables, alone.rules),
            of_month(tables.client_signals),
            alone,
            month_at_hand(engine, month),
        )
        told = engine.to_arrow(states).cast(schema.to_pyarrow())
        played.append(told.append_column("month", pa.array([month] * told.num_rows, pa.string())))
    return pa.concat_tables(played)


def _same(ago: int, rows: int) -> pa.Array:
    return pa.array([ago] * rows, pa.int64())
