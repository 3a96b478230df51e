"""`healthscore demo`, run once for real: what it prints, and each story in the scores."""

from pathlib import Path
from shutil import copytree

import pandas as pd
import pytest
from project import Project

from healthscore_assets.demo.stories import STORIES

CLIENT = {story.key: story.client_id for story in STORIES}
LOOKUPS = Path(__file__).parents[2] / "lookups"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str]:
    project = Project(tmp_path_factory.mktemp("demo"))
    copytree(LOOKUPS, project.lookups)
    done = project.run("demo")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return project, done.stdout


@pytest.fixture(scope="module")
def scores(demo: tuple[Project, str]) -> pd.DataFrame:
    """`client_scores` of all months."""
    project = demo[0]
    parts = [
        project.table("client_scores", month).assign(month=month)
        for month in project.months("client_scores")
    ]
    return pd.concat(parts).set_index(["client_id", "month"]).sort_index()


def story(scores: pd.DataFrame, key: str) -> pd.DataFrame:
    return scores.loc[CLIENT[key]]


def test_the_demo_says_what_it_did_and_where_to_look(demo: tuple[Project, str]) -> None:
    project, printed = demo
    assert len(project.months("client_scores")) == 24
    assert "24 of 24 months done" in printed
    assert "The healthiest clients of 2025-12" in printed
    assert "The most declining clients of 2025-12" in printed
    assert "healthscore explain" in printed
    tables = printed[printed.index("The healthiest") : printed.index("Where to look next")]
    assert max(len(line.rstrip()) for line in tables.splitlines()) <= 80


def test_a_demo_again_changes_no_table_and_never_the_lookups(demo: tuple[Project, str]) -> None:
    project, _ = demo
    lookups = {path.name: path.read_bytes() for path in project.lookups.iterdir()}
    before = project.bytes_of_lake()
    again = project.run("run", "--from", "2025-11")
    assert again.returncode == 0
    assert project.bytes_of_lake() == before
    assert {path.name: path.read_bytes() for path in project.lookups.iterdir()} == lookups
    assert lookups == {path.name: path.read_bytes() for path in LOOKUPS.iterdir()}


def test_clients_of_very_different_sizes(scores: pd.DataFrame) -> None:
    visitors = scores.xs("2025-12", level="month")["unique_visitors"]
    assert len(visitors) > 250
    assert visitors.max() > 100
    assert (visitors[visitors > 0] < 5).sum() > 20


def test_seasonality_dips_in_summer_and_december(scores: pd.DataFrame) -> None:
    by_month = scores.groupby("month")["engagement"].sum()
    for year in ("2024", "2025"):
        june, july, august, september = by_month[f"{year}-06" : f"{year}-09"]
        assert max(july, august) < min(june, september)
        assert by_month[f"{year}-12"] < by_month[f"{year}-11"]


def test_dying(scores: pd.DataFrame) -> None:
    client = story(scores, "dying")
    assert client.loc["2025-04", "total_all"] > 80
    assert client.loc["2025-12", "total_all"] < 25
    assert (client.loc["2025-07":, "direction"] == "down").all()


def test_silent(scores: pd.DataFrame) -> None:
    client = story(scores, "silent")
    assert client.loc["2025-08", "total_all"] > 70
    # Last listed in August: compared, with nothing, for three months, and then gone.
    assert client.loc["2025-09":"2025-11", "total_all"].tolist() == [0, 0, 0]
    assert client.loc["2025-09", "per_user_all"] != client.loc["2025-09", "per_user_all"]
    assert "2025-12" not in client.index


def test_silent_listed(scores: pd.DataFrame) -> None:
    client = story(scores, "silent_listed")
    assert client.loc["2025-09", "total_all"] > 60
    assert client.loc["2025-10":, "total_all"].tolist() == [0, 0, 0]
    assert client.loc["2025-10":, "unique_visitors"].tolist() == [0, 0, 0]


def test_growing(scores: pd.DataFrame) -> None:
    client = story(scores, "growing")
    assert client.loc["2024-12", "total_all"] < 40
    assert client.loc["2025-12", "total_all"] > 85
    assert (client.loc["2025-07":, "direction"] == "up").all()


def test_a_single_champion(demo: tuple[Project, str]) -> None:
    usage = demo[0].table("cleaned_usage", "2025-12")
    clicks = usage[(usage["client_id"] == CLIENT["champion"]) & (usage["measure"] == "clicks")]
    by_visitor = clicks.groupby("visitor_id")["value"].sum().sort_values()
    assert len(by_visitor) >= 6
    assert by_visitor.iloc[-1] / by_visitor.sum() > 0.85


def test_big_in_total_but_thin_per_user(scores: pd.DataFrame) -> None:
    client = story(scores, "big_thin").loc["2025-10":]
    assert (client["unique_visitors"] >= 150).all()
    assert (client["total_all"] >= 85).all()
    assert (client["per_user_all"] <= 25).all()


def test_small_but_deep(scores: pd.DataFrame) -> None:
    client = story(scores, "small_deep").loc["2025-10":]
    assert (client["unique_visitors"] == 3).all()
    assert (client["per_user_all"] >= 90).all()
    assert (client["total_all"] <= client["per_user_all"] - 20).all()


def test_a_new_area_launched_mid_way(demo: tuple[Project, str], scores: pd.DataFrame) -> None:
    client = story(scores, "launch")
    assert client.loc["2025-03", "active_areas_change"] == 1
    areas = {
        month: set(demo[0].table("client_area_month", month)["area"])
        for month in ("2025-02", "2025-03")
    }
    assert areas["2025-03"] - areas["2025-02"] == {"Automation"}
    weights = demo[0].table("area_weights", "2025-02").set_index(["audience", "basis", "area"])
    assert weights.loc[("all", "total", "Automation"), "weight"] == 0


def test_internal_users_carry_a_client(scores: pd.DataFrame) -> None:
    client = story(scores, "vendor_run").loc["2025-10":]
    assert (client["total_all"] - client["total_external"] >= 40).all()
    assert (client["total_internal"] > 90).all()


def test_a_client_that_returns(scores: pd.DataFrame) -> None:
    client = story(scores, "returns")
    # Listed until December: in the base, silent, to March; back in June without a past.
    assert [m for m in client.index if "2025-01" <= m <= "2025-06"] == [
        "2025-01",
        "2025-02",
        "2025-03",
        "2025-06",
    ]
    assert client.loc["2025-06":"2025-08", "engagement_avg_3m"].isna().all()
    assert client.loc["2025-09", "engagement_avg_3m"] > 0


def test_steady(scores: pd.DataFrame) -> None:
    known = story(scores, "steady")["direction"].dropna()
    assert len(known) == 21
    assert (known == "flat").sum() >= 18


def test_names_come_from_the_exports(scores: pd.DataFrame) -> None:
    for each in STORIES:
        assert set(story(scores, each.key)["client_name"]) == {each.client_name}
