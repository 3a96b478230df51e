"""The front door: everything Dagster loads."""

import dagster as dg

from healthscore_assets.assets.graph import stages
from healthscore_assets.orchestration.backfills import months
from healthscore_assets.orchestration.delivery_job import deliveries, due_deliveries
from healthscore_assets.orchestration.plan import Graph
from healthscore_assets.orchestration.schedules import (
    arrival_schedule,
    every_night,
    month_arrival,
    pull_schedule,
    pulls,
    warehouse_schedule,
)
from healthscore_assets.orchestration.self_check import nightly_self_check
from healthscore_assets.orchestration.sensors import failed_runs, inbox_sensor, warned_runs
from healthscore_assets.orchestration.warehouse import warehouse_refresh
from healthscore_assets.orchestration.workplace import Workplace


def build_definitions(workplace: Workplace) -> dg.Definitions:
    """The graph over given folders, and what runs it by itself."""
    graph = stages(workplace)
    by_itself = dg.Definitions(
        sensors=[
            inbox_sensor(workplace, Graph.of(graph)),
            failed_runs,
            warned_runs,
            due_deliveries,
        ],
        schedules=[arrival_schedule, every_night, pull_schedule, warehouse_schedule],
        jobs=[months, month_arrival, nightly_self_check, deliveries, pulls, warehouse_refresh],
    )
    return dg.Definitions.merge(graph, by_itself)


@dg.definitions
def defs() -> dg.Definitions:
    """The graph over the folders that the environment names."""
    return build_definitions(Workplace.from_environment())
