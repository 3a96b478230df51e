"""Who takes part, and how each is run."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.data.dataset import Dataset

_HERE = Path(__file__).parent
_PYTHON = sys.executable
HEALTHSCORE = Path(_PYTHON).with_name("healthscore")

Commands = Sequence[Sequence[str | Path]]


@dataclass(frozen=True)
class Contestant:
    """A way to the index scores.

    ``commands`` are run in a fresh folder, one after the other; ``scores`` tells the Parquet files
    that they leave there, None for those that come to no scores. One that ``may_fail`` is not
    made for every size: that it cannot do one is a result.
    """

    name: str
    commands: Callable[[Dataset, Path], Commands]
    scores: str | None
    environment: Callable[[Path], dict[str, str]] = field(default=lambda _: {})
    may_fail: bool = False


def _graph(data: Dataset, work: Path) -> Commands:
    return [healthscore_run(data.exports, data.lookups, work)]


def healthscore_run(exports: Path, lookups: Path, work: Path) -> list[str | Path]:
    """The command, with the lake in a folder of ``work``."""
    folders = ("--exports", exports, "--lookups", lookups, "--lake", work / "lake")
    return [HEALTHSCORE, "run", *folders]


def fresh_instance(work: Path) -> dict[str, str]:
    """A Dagster instance of the command's own: the default one, in SQLite."""
    return {"DAGSTER_HOME": str(work / "dagster_home")}


def _pandas(data: Dataset, work: Path) -> Commands:
    steps = _HERE / "pandas_scripts"
    inbox, lookups, scores = data.exports / "pendo", data.lookups, work / "scores.parquet"
    return [
        [_PYTHON, steps / "step_1_standardise.py", inbox, work],
        [_PYTHON, steps / "step_2_drop_metadata.py", lookups, work],
        [_PYTHON, steps / "step_3_join_areas.py", lookups, work],
        [_PYTHON, steps / "step_4_aggregate.py", work],
        [_PYTHON, steps / "step_5_index.py", lookups, work, scores],
    ]


def _script(name: str) -> Callable[[Dataset, Path], Commands]:
    def commands(data: Dataset, work: Path) -> Commands:
        inbox, scores = data.exports / "pendo", work / "scores.parquet"
        return [[_PYTHON, _HERE / name, inbox, data.lookups, scores]]

    return commands


def _reading(name: str) -> Callable[[Dataset, Path], Commands]:
    def commands(data: Dataset, work: Path) -> Commands:
        del work
        return [[_PYTHON, _HERE / name, data.exports / "pendo"]]

    return commands


GRAPH_SCORES = "lake/index_scores/month=*/*.parquet"
"""Where a run of the graph leaves its scores."""

GRAPH = Contestant("graph", _graph, GRAPH_SCORES, environment=fresh_instance)
PANDAS = Contestant("pandas", _pandas, "scores.parquet", may_fail=True)
POLARS = Contestant("Polars script", _script("polars_script.py"), "scores.parquet")
DUCKDB = Contestant("DuckDB script", _script("duckdb_script.py"), "scores.parquet")
ARROW = Contestant("Arrow reading", _reading("arrow_read.py"), None)
BYTES = Contestant("bytes alone", _reading("bytes_read.py"), None)

CONTESTANTS = (GRAPH, PANDAS, POLARS, DUCKDB, ARROW, BYTES)

HAND_WRITTEN = (POLARS, DUCKDB)
"""The practical floor; the faster one of a size is what the others are held against."""

MAY_BE_LEFT_OUT = (PANDAS, ARROW, BYTES)
"""All that no figure of the others is told by."""
