"""The whole graph on Spark: every table of a month holds what DuckDB writes, to 1e-9.

The months before are DuckDB's, since an engine goes on where the other was.
"""

import shutil
from pathlib import Path

import openstack
import pytest
from lakes_compared import differences
from project import Project

from healthscore_assets.demo.exports import write_exports
from healthscore_assets.demo.feeds.files import write_feeds

OWN_LOOKUPS = Path(__file__).parents[2] / "lookups"
QUICK_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Of Java: tables this small are compiled for longer than they are computed."""

AS_IF_LARGE = """\
spark.healthscore.task 256k
spark.healthscore.smallestTask 64k
spark.healthscore.smallestCompiled 512k
spark.sql.adaptive.coalescePartitions.enabled false
"""
"""Many tasks of a shuffle, whose parts are joined, and code of Java for the larger queries."""


def on_both(project: Project, months: list[str], last: int = 1, settings: str = "") -> Path:
    """The lake whose ``last`` months are Spark's; the project's own is DuckDB's."""
    first = project.run("run", "--from", months[0], "--to", months[-1])
    assert (first.returncode, first.stderr) == (0, "")
    other = project.root / "lake_of_spark"
    # Linked, so that what Spark does not write is known as DuckDB's.
    shutil.copytree(project.lake, other, copy_function=lambda a, b: Path(b).hardlink_to(a))
    conf = project.root / "conf"
    conf.mkdir()
    (conf / "spark-defaults.conf").write_text(
        f"spark.master local[2]\nspark.driver.extraJavaOptions {QUICK_START}\n{settings}"
    )
    again = project.run(
        *("run", "--engine", "spark", "--lake", str(other)),
        *("--from", months[-last], "--to", months[-1]),
        DAGSTER_HOME=str(project.root / "home_of_spark"),
        SPARK_CONF_DIR=str(conf),
    )
    assert (again.returncode, again.stderr) == (0, ""), again.stdout
    assert f"{last} of {last} months done" in again.stdout
    return other


def test_generated_months_with_every_feed(tmp_path: Path) -> None:
    project = Project.make(tmp_path)
    shutil.copytree(OWN_LOOKUPS, project.lookups, dirs_exist_ok=True)
    for _ in (*write_exports(project.inbox), *write_feeds(project.exports)):
        pass
    months = [f"2024-{number:02}" for number in range(1, 6)]
    assert (
        differences(project.lake, on_both(project, months, settings=AS_IF_LARGE), months[-1]) == []
    )
    assert project.table("alerts", months[-1]).shape[0] > 0
    assert project.table("composite_health", months[-1])["health"].notna().any()


@pytest.mark.skipif(not openstack.available(), reason=openstack.ABSENT)
def test_months_of_openstack(tmp_path: Path) -> None:
    project = Project.make(tmp_path)
    shutil.copytree(openstack.LOOKUPS, project.lookups, dirs_exist_ok=True)
    shutil.copytree(openstack.EXPORTS, project.inbox, dirs_exist_ok=True)
    months = [f"2014-{number:02}" for number in range(1, 9)]
    other = on_both(project, months, last=2)
    for month in months[-2:]:
        assert differences(project.lake, other, month) == []
        assert project.table("momentum", month)["engagement_trend"].notna().any()
