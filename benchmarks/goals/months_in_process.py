"""Months run one by one as `healthscore run` does: the graph, or assets that do nothing.

    python -m benchmarks.goals.months_in_process graph|empty EXPORTS LOOKUPS LAKE MONTHS.json

Writes JSON: per month its seconds, and those that it waited for DuckDB.
"""

import json
import sys
from pathlib import Path

from benchmarks.due_months import due_months
from benchmarks.goals.empty_assets import empty_twin
from benchmarks.goals.timed_queries import TimedQueries


def main(what: str, exports: Path, lookups: Path, lake: Path, into: Path) -> None:
    """Run what is due."""
    instead = {"instead": empty_twin} if what == "empty" else {}
    queries = TimedQueries()
    months = []
    with queries.counted():
        for _, run in due_months(exports, lookups, lake, **instead):
            before = queries.seconds
            months.append((run(), queries.seconds - before))
    into.write_text(json.dumps(months))


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:6]))
