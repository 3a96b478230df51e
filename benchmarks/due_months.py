"""The months of an inbox run one by one in this process, as `healthscore run` does."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import dagster as dg

from healthscore_assets.definitions import build_definitions
from healthscore_assets.orchestration.delivered import delivered
from healthscore_assets.orchestration.instance import open_instance
from healthscore_assets.orchestration.plan import Graph, MonthPlan, plan_months
from healthscore_assets.orchestration.runs import observe_lookups, run_month
from healthscore_assets.orchestration.workplace import Workplace


def due_months(
    exports: Path,
    lookups: Path,
    lake: Path,
    instead: Callable[[dg.Definitions], dg.Definitions] = lambda graph: graph,
) -> Iterator[tuple[dg.DagsterInstance, Callable[[], float]]]:
    """Each month that is due: the instance, and what runs it and gives its seconds.

    Parameters: ``instead`` gives what is run in place of the graph, by whose months.
    """
    workplace = Workplace.at(exports, lookups, lake)
    definitions = build_definitions(workplace)
    graph, sources = Graph.of(definitions), delivered(workplace).sources(workplace.lake)
    to_run = instead(definitions)
    with open_instance() as instance:
        observe_lookups(instance, workplace)
        for plan in plan_months(graph, instance, workplace.lake, sources):
            yield instance, partial(_run, to_run, instance, plan)


def _run(definitions: dg.Definitions, instance: dg.DagsterInstance, plan: MonthPlan) -> float:
    outcome = run_month(definitions, instance, plan)
    assert outcome.succeeded, outcome.problems
    return outcome.seconds
