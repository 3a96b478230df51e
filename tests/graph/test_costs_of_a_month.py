"""What the run of a small month costs, by counting: a slow path cannot slip in unseen.

The counts are recorded in costs_of_a_month.yaml, and what of them may grow with what is delivered.
One that differs says which stage it is of, and what to do: to look, or to record it on purpose.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from counted_month import BEFORE, FEW, MONTH, NEXT, Month, World, second_month
from whole_project import Sizes, add_history

from healthscore_assets.contracts import CONTRACTS
from healthscore_assets.lake.months import shift
from healthscore_assets.orchestration.instance import open_instance

RECORDED = Path(__file__).with_name("costs_of_a_month.yaml")

MORE_CLIENTS = Sizes(clients=36, features=4, files=2)
MORE_FEATURES = Sizes(clients=12, features=16, files=2)
MORE_FILES = Sizes(clients=12, features=4, files=3)

YEAR = 12
"""Months. No stage looks back further: those before it are not read."""

BY_STAGE = ("queries", "rows", "objects", "openings")


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """In SQLite, as in a project."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(tmp_path_factory.mktemp("home")))
        with open_instance() as opened:
            yield opened


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance) -> World:
    return second_month(tmp_path_factory.mktemp("few") / "project", FEW, instance)


@pytest.fixture(scope="module")
def few(world: World) -> Month:
    return world.run(MONTH)


@pytest.fixture(scope="module")
def recorded() -> dict[str, dict[str, Any]]:
    return yaml.safe_load(RECORDED.read_text())


def differing(
    what: str, counted: Mapping[str, int], expected: Mapping[str, int], share: float = 0
) -> list[str]:
    """A line for each count that is not the expected one, or within a share of it."""
    lines = []
    for name in dict.fromkeys([*expected, *counted]):
        found, wanted = counted.get(name, 0), expected.get(name, 0)
        if abs(found - wanted) > share * wanted:
            lines.append(
                f"{name}: expected {wanted} {what}, counted {found}. Look what changed it; "
                f"if it is meant, write so to {RECORDED.name}."
            )
    return lines


@pytest.mark.parametrize("what", [*BY_STAGE, "events"])
def test_counts_of_a_month(what: str, few: Month, recorded: dict[str, dict[str, Any]]) -> None:
    told = differing(what, getattr(few.counts, what), recorded[what])
    assert not told, "\n".join(told)


def test_bytes_written_of_each_table(few: Month, recorded: dict[str, dict[str, Any]]) -> None:
    """To a tenth: other versions of the Parquet writer may differ a little."""
    told = differing("bytes written", few.counts.written, recorded["written"], share=0.1)
    assert not told, "\n".join(told)


def test_everything_is_made(few: Month) -> None:
    """Counts of what is not there would say nothing."""
    assert few.counts.written.keys() >= {*CONTRACTS}
    assert few.units == {
        "client": 12,
        "feature": 4,
        "file": 2,
        "state of an alert": 24,
        "text of support_tickets": 12,
        "text of surveys": 12,
    }


def grown(
    less: Month, more: Month, recorded: dict[str, dict[str, Any]], times: float = 1
) -> list[str]:
    """A line for each count that grew other than recorded, and for bytes that are too many."""
    lines = []
    for what in BY_STAGE:
        expected = Counter(getattr(less.counts, what))
        for unit, of_stages in recorded["grows_with_each"].items():
            further = more.units[unit] - less.units[unit]
            for stage, count in of_stages.get(what, {}).items():
                expected[stage] += count * further
        lines += differing(what, getattr(more.counts, what), expected)
    lines += differing("events", more.counts.events, less.counts.events)
    for table, written in more.counts.written.items():
        if written > 1.1 * times * less.counts.written[table]:
            lines.append(f"{table}: {less.counts.written[table]} bytes became {written}.")
    return lines


@pytest.mark.parametrize(
    ("sizes", "times"),
    [(MORE_CLIENTS, 3), (MORE_FEATURES, 4), (MORE_FILES, 1)],
    ids=["clients", "features", "files"],
)
def test_more_is_delivered(
    sizes: Sizes,
    times: float,
    few: Month,
    recorded: dict[str, dict[str, Any]],
    instance: dg.DagsterInstance,
    tmp_path: Path,
) -> None:
    """It costs no more queries, rows in Python, openings and events, but for what is recorded."""
    more = second_month(tmp_path / "project", sizes, instance).run(MONTH)
    told = grown(few, more, recorded, times)
    assert not told, "\n".join(told)


@pytest.mark.usefixtures("few")
def test_more_months_are_there(
    world: World, recorded: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """A month after 26 costs what the same costs after 14: no stage asks once for each."""
    counted = []
    for years in (1, 2):
        longer = world.copied_to(tmp_path / f"{years} years")
        earlier = [shift(BEFORE, -ago) for ago in range(1, 1 + YEAR * years)]
        longer.deliver(*earlier, NEXT)
        add_history(longer.project, earlier, like=MONTH)
        counted.append(longer.run(NEXT))
    told = grown(*counted, recorded)
    assert not told, "\n".join(told)
