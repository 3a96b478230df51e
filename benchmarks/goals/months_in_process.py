"""Months run one by one as `healthscore run` does: the graph, or assets that do nothing.

    python -m benchmarks.goals.months_in_process graph|empty EXPORTS LOOKUPS LAKE MONTHS.json

Writes JSON: per month its seconds, and those that it waited for DuckDB.
"""

import json
import sys
from pathlib import Path

from benchmarks.goals.empty_assets import empty_twin
from benchmarks.goals.timed_queries import TimedQueries
from healthscore_assets.definitions import build_definitions
from healthscore_assets.orchestration.delivered import delivered
from healthscore_assets.orchestration.instance import open_instance
from healthscore_assets.orchestration.plan import Graph, plan_months
from healthscore_assets.orchestration.runs import observe_lookups, run_month
from healthscore_assets.orchestration.workplace import Workplace


def main(what: str, exports: Path, lookups: Path, lake: Path, into: Path) -> None:
    """Plan and run what is due."""
    workplace = Workplace.at(exports, lookups, lake)
    definitions = build_definitions(workplace)
    graph, sources = Graph.of(definitions), delivered(workplace).sources(workplace.lake)
    if what == "empty":
        definitions = empty_twin(definitions)
    queries = TimedQueries()
    months = []
    with open_instance() as instance, queries.counted():
        observe_lookups(instance, workplace)
        for plan in plan_months(graph, instance, workplace.lake, sources):
            before = queries.seconds
            outcome = run_month(definitions, instance, plan)
            assert outcome.succeeded, outcome.problems
            months.append((outcome.seconds, queries.seconds - before))
    into.write_text(json.dumps(months))


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:6]))
