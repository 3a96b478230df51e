"""Rows that come to the driver, of the whole graph with every feed: counted, not timed."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from counted import Counts
from counted_month import MONTH, second_month
from pyspark.sql.classic.dataframe import DataFrame
from whole_project import Sizes

from healthscore_assets.orchestration.instance import open_instance

MANY = Sizes(clients=300, features=4, files=2)

ROW_OF_EACH_CLIENT = {
    "client_scores_step",
    "gainsight_companies_step",
    "hubspot_companies_step",
    "salesforce_accounts_step",
    "zendesk_organizations_step",
}
"""Stages with a file for people or a CRM, which this machine writes."""


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    for name in ("SPARK_DRIVER_MEMORY", "SPARK_EXECUTOR_MEMORY"):  # which opening a session sets
        monkeypatch.setenv(name, "1g")
    with open_instance() as opened:
        yield opened


def pulled(root: Path, sizes: Sizes, instance: dg.DagsterInstance) -> Counter[str]:
    """Rows that each stage of a month on Spark takes to the driver."""
    world, counts = second_month(root, sizes, instance), Counts()
    rows: Counter[str] = Counter()

    def counting(plain: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any) -> Any:
            found = plain(*given)
            rows[counts.stage] += len(found)
            return found

        return counted

    with pytest.MonkeyPatch.context() as patch:
        for name in ("toArrow", "collect", "toPandas"):  # whatever gives rows comes by one of them
            patch.setattr(DataFrame, name, counting(getattr(DataFrame, name)))
        world.run(MONTH, "spark", counts)
    return rows


@pytest.mark.usefixtures("spark")
def test_hardly_a_row_comes_to_the_driver(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """What a stage takes is fewer rows than there are clients, but where it is meant."""
    rows = pulled(tmp_path / "project", MANY, instance)
    assert rows["indices"] > 0
    of_each_client = {stage for stage, count in rows.items() if count >= MANY.clients}
    assert of_each_client == ROW_OF_EACH_CLIENT, rows
