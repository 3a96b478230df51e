"""`healthscore demo`, run once for real: what it prints, and each story in the scores."""

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import health_reference
import pandas as pd
import pytest
import yaml
from project import Project

from healthscore_assets.contracts import CONTRACTS
from healthscore_assets.contracts.client_profile import STAGES
from healthscore_assets.contracts.health_scores import BANDS, VELOCITY_BANDS
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
    health = project.table("health_scores", "2025-12").set_index("client_id")
    best = health.sort_values("health").iloc[-1]
    first = tables.splitlines()[2]
    assert first.startswith(best.name)
    assert f" {best.health:.1f} {best.band} " in first


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder): path.read_bytes() for path in files}


def test_a_demo_again_changes_no_table_and_never_the_lookups(demo: tuple[Project, str]) -> None:
    project, _ = demo
    lookups = contents(project.lookups)
    before = project.bytes_of_lake()
    again = project.run("run", "--from", "2025-11")
    assert again.returncode == 0
    assert project.bytes_of_lake() == before
    assert contents(project.lookups) == lookups == contents(LOOKUPS)


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


# ------------------------------------------------------------------------------- the other feeds


def feed(demo: tuple[Project, str], name: str, key: str) -> pd.DataFrame:
    """All months of a feed's table, of a story's client."""
    project = demo[0]
    parts = [project.table(name, m).assign(month=m) for m in project.months(name)]
    rows = pd.concat([part for part in parts if len(part)])
    return rows[rows["client_id"] == CLIENT[key]].set_index("month")


def test_a_heavy_user_who_is_unhappy(demo: tuple[Project, str], scores: pd.DataFrame) -> None:
    for month in (f"2025-{m:02d}" for m in range(1, 13)):
        engagement = scores.xs(month, level="month")["engagement"]
        assert engagement.rank(ascending=False)[CLIENT["unhappy_heavy"]] <= 10
    answers = feed(demo, "surveys", "unhappy_heavy").loc["2025-01":]
    assert answers.loc[answers["kind"] == "nps", "score"].max() <= 4
    tickets = feed(demo, "support_tickets", "unhappy_heavy").loc["2025-01":]
    # The names that the tickets give are put to the client's id; a ticket counts once.
    tickets = tickets.drop_duplicates("ticket_id", keep="last")
    assert tickets["escalated"].mean() >= 0.3
    assert tickets["sentiment"].mean() < 0


def test_a_quiet_client_who_is_happy(demo: tuple[Project, str]) -> None:
    answers = feed(demo, "surveys", "quiet_happy")
    assert answers.loc[answers["kind"] == "nps", "score"].min() >= 9
    assert set(answers.loc[answers["kind"] == "csat", "score"]) == {5.0}
    paid = feed(demo, "invoices", "quiet_happy").dropna(subset="paid")
    assert len(paid)
    assert (paid["paid"] <= paid["due"]).all()


def test_a_champion_who_left(demo: tuple[Project, str]) -> None:
    people = feed(demo, "stakeholders", "champion_left")
    left = people[people["status"] == "left"]
    assert list(left.index) == ["2025-09"]
    assert list(left["role"]) == ["champion"]


def test_a_late_payer(demo: tuple[Project, str]) -> None:
    invoices = feed(demo, "invoices", "late_payer").sort_index()
    known = invoices.drop_duplicates("invoice_id", keep="last")
    due = known[known["due"].astype(str).str.startswith("2025")]
    in_time = due["paid"] <= due["due"]
    assert (len(due), in_time.sum(), due["paid"].isna().sum()) == (4, 1, 1)


def test_an_onboarding_client(demo: tuple[Project, str], scores: pd.DataFrame) -> None:
    register = feed(demo, "accounts", "onboarding")
    assert list(register["contract"]) == ["to_come", "running", "running", "running"]
    assert str(register["contract_start"].iloc[0])[:10] == "2025-10-06"
    grows = story(scores, "onboarding").loc["2025-10":, "engagement"]
    assert len(grows) == 3
    assert grows.is_monotonic_increasing
    assert grows.iloc[0] > 0


def test_a_client_with_three_feeds_missing(demo: tuple[Project, str], scores: pd.DataFrame) -> None:
    assert len(story(scores, "three_missing")) == 24
    assert len(feed(demo, "accounts", "three_missing")) == 24
    for name in ("surveys", "touchpoints", "invoices"):
        assert feed(demo, name, "three_missing").empty, name


def test_everybody_in_the_feeds_is_known_and_nothing_is_refused(demo: tuple[Project, str]) -> None:
    project = demo[0]
    for name in ("support_tickets", "surveys", "invoices", "touchpoints", "stakeholders"):
        for month in project.months(name):
            clients = set(project.table("accounts", month)["client_id"])
            assert set(project.table(name, month)["client_id"]) <= clients, (name, month)
            assert project.table(f"{name}_quarantine", month).empty, (name, month)
    # A snapshot of December lasts into January, of which there is no usage yet.
    assert project.months("accounts") == project.months("client_scores")


# ----------------------------------------------------------------------- health and structure


def every_month(demo: tuple[Project, str], table: str) -> pd.DataFrame:
    project = demo[0]
    parts = [project.table(table, m).assign(month=m) for m in project.months(table)]
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def test_health_and_structure_are_the_references(demo: tuple[Project, str]) -> None:
    """Every number of every month, against SCORING.md written a second time."""
    project = demo[0]
    lake = {
        table.name: {
            month: project.table(table.name, month) for month in project.months(table.name)
        }
        for table in project.lake.iterdir()
        if table.name in CONTRACTS
    }
    features = health_reference.feature_table(pd.read_csv(LOOKUPS / "product_areas.csv"))
    reference = health_reference.Reference(lake, features)
    for month in project.months("health_scores"):
        scores, drivers = reference.health(month)
        same(project.table("health_scores", month), scores, ["client_id"], but="reason")
        same(project.table("health_drivers", month), drivers, ["client_id", "component"])
        risk = reference.structural_risk(month)
        same(project.table("structural_risk", month), risk, ["client_id"])


def same(found: pd.DataFrame, expected: pd.DataFrame, key: list[str], but: str = "") -> None:
    """To 1e-9, null where the other is null."""
    columns = [name for name in found.columns if name != but]
    found, expected = (each.sort_values(key)[columns] for each in (found, expected))
    numbers = found.select_dtypes("number").columns
    pd.testing.assert_frame_equal(
        found[numbers].astype(float).reset_index(drop=True),
        expected[numbers].astype(float).reset_index(drop=True),
        rtol=0,
        atol=1e-9,
    )
    for name in set(columns) - set(numbers):
        ours, theirs = (
            each[name].astype(object).where(each[name].notna(), None).tolist()
            for each in (found, expected)
        )
        assert ours == theirs, name


def test_the_demo_shows_every_segment_stage_band_velocity_and_flag(
    demo: tuple[Project, str],
) -> None:
    health, risk = every_month(demo, "health_scores"), every_month(demo, "structural_risk")
    assert {*health["segment"].dropna()} == {"SMB", "SME", "GOV", "Mid-Market", "Enterprise"}
    assert {*health["stage"].dropna()} == set(STAGES)
    assert {*health["band"].dropna()} == {*health["announced_band"].dropna()} == set(BANDS)
    assert {*health["velocity_band"].dropna()} == set(VELOCITY_BANDS)
    for flag in risk.select_dtypes(bool).columns:
        assert risk[flag].any(), flag
        assert not risk[flag].all(), flag
    # Each component is good for some and bad for others, not missing or the same for all.
    drivers = every_month(demo, "health_drivers")
    assert (drivers.groupby("component")["score"].nunique() > 1).all()


@pytest.fixture(scope="module")
def seen(demo: tuple[Project, str]) -> dict[str, pd.DataFrame]:
    """Column -> client x month, of the tables that tell how a client is."""
    names = ("health_scores", "structural_risk", "client_profile", "client_scores")
    tables = [every_month(demo, name) for name in names]
    drivers = every_month(demo, "health_drivers")
    tables += [
        drivers[drivers["component"] == name].rename(columns={"score": name})
        for name in ("feature_adoption", "utilisation")
    ]
    clients = sorted({*tables[0]["client_id"]})
    months = sorted({*tables[0]["month"]})
    return {
        column: table.pivot(index="client_id", columns="month", values=column).reindex(
            index=clients, columns=months
        )
        for table in reversed(tables)
        for column in table.columns.difference(["client_id", "month"])
    }


def fall(column: pd.DataFrame) -> pd.DataFrame:
    """How much less than in the month before."""
    return -column.diff(axis=1)


def renewal_is_near(seen: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Within 90 days of the month's end."""
    dates = seen["renewal_date"].apply(pd.to_datetime)
    ends = pd.PeriodIndex(dates.columns, freq="M").end_time.normalize()
    left = dates.sub(pd.Series(ends, index=dates.columns))
    return (left >= pd.Timedelta(0)) & (left <= pd.Timedelta(days=90))


SIGNS: dict[str, Callable[[dict[str, pd.DataFrame]], pd.DataFrame]] = {
    "red": lambda seen: seen["band"] == "red",
    "a fall of 10": lambda seen: fall(seen["health"]) >= 10,
    "a fall of 20": lambda seen: fall(seen["health"]) > 20,
    "below 40": lambda seen: seen["health"] < 40,
    "three falls": lambda seen: (fall(seen["health"]) >= 1).astype(int).T.rolling(3).sum().T == 3,
    "weak before the renewal": lambda seen: (seen["health"] < 70) & renewal_is_near(seen),
    "usage below 60": lambda seen: seen["usage"] < 60,
    "usage below 40": lambda seen: seen["usage"] < 40,
    "falling fast": lambda seen: seen["velocity_band"] == "declining_fast",
    "yellow and falling fast": lambda seen: (
        (seen["band"] == "yellow") & (seen["velocity_band"] == "declining_fast")
    ),
    "green and falling": lambda seen: (
        (seen["band"] == "green") & seen["velocity_band"].isin(["declining", "declining_fast"])
    ),
    "red and rising fast": lambda seen: (
        (seen["band"] == "red") & (seen["velocity_band"] == "improving_fast")
    ),
    "more adopted, less content": lambda seen: (
        (fall(seen["feature_adoption"]) < 0) & (fall(seen["sentiment"]) >= 10)
    ),
    "green, full and rising": lambda seen: (
        (seen["band"] == "green") & (seen["utilisation"] >= 80) & (seen["direction"] == "up")
    ),
    "narrow": lambda seen: seen["narrow"].eq(True) & (seen["people"] >= 10),
    "a trend of -30 %": lambda seen: seen["engagement_trend"] <= -0.3,
    "two areas fewer": lambda seen: seen["active_areas_change"] <= -2,
    "30 days silent": lambda seen: seen["days_since_last_activity"] >= 30,
    "90 days silent": lambda seen: seen["days_since_last_activity"] >= 90,
    "hangs on few": lambda seen: seen["fragile"].eq(True) | seen["single_threaded"].eq(True),
    "the champion gone": lambda seen: seen["champion_departed"].eq(True),
    "big and thin": lambda seen: (seen["total_all"] >= 70) & (seen["per_user_all"] <= 30),
}


@pytest.mark.parametrize("sign", SIGNS)
def test_every_sign_is_seen_and_most_clients_never_show_it(
    seen: dict[str, pd.DataFrame], sign: str
) -> None:
    shows = SIGNS[sign](seen)
    assert len(shows) == 300
    assert 1 <= shows.any(axis=1).sum() <= 0.4 * len(shows)
    in_month = shows.sum() / seen["health"].notna().sum()
    # Who hangs on few does so for years: there are as many in every month.
    assert in_month.max() <= (0.2 if sign == "hangs on few" else 0.15)


SIGN_OF_RULE = {
    "health_low": "red",
    "health_drop": "a fall of 10",
    "health_critical": "below 40",
    "health_falls_in_a_row": "three falls",
    "renewal_at_risk": "weak before the renewal",
    "usage_low": "usage below 60",
    "declining_fast": "falling fast",
    "yellow_declining_fast": "yellow and falling fast",
    "green_and_declining": "green and falling",
    "recovering": "red and rising fast",
    "used_more_liked_less": "more adopted, less content",
    "expansion": "green, full and rising",
    "narrow": "narrow",
    "engagement_fell": "a trend of -30 %",
    "areas_lost": "two areas fewer",
    "silent": "30 days silent",
    "usage_hangs_on_few": "hangs on few",
    "champion_departed": "the champion gone",
    "big_but_thin": "big and thin",
}
"""Rules whose condition is one of the signs."""


@pytest.mark.parametrize("rule", SIGN_OF_RULE)
def test_a_rule_holds_exactly_where_its_sign_is_seen(
    demo: tuple[Project, str], seen: dict[str, pd.DataFrame], rule: str
) -> None:
    states = every_month(demo, "alert_states").query("rule == @rule")
    holds = states[states["change"].isin(["opened", "updated", "escalated", "eased"])]
    shows = SIGNS[SIGN_OF_RULE[rule]](seen).stack()
    expected = {(client, month) for client, month in shows[shows].index}
    assert {*zip(holds["client_id"], holds["month"], strict=True)} == expected


def test_every_rule_alerts_of_somebody_and_of_most_clients_never(demo: tuple[Project, str]) -> None:
    rules = yaml.safe_load((LOOKUPS / "alerts.yaml").read_text())["rules"]
    states = every_month(demo, "alert_states")
    clients = every_month(demo, "client_scores")["client_id"].nunique()
    alerted = states.groupby("rule")["client_id"].nunique()
    assert {*alerted.index} == {*rules}
    assert alerted.max() <= clients / 2
    # Nobody has more than three at once, and the others are told with them.
    told = every_month(demo, "alerts").query("status == 'open'")
    a_client = told.groupby(["month", "client_id"]).size()
    assert a_client.max() == 3
    assert told["evidence"].str.contains("Also: ").any()
    assert told["owner"].notna().all()


def test_the_alerts_of_the_demo_can_be_worked(demo: tuple[Project, str]) -> None:
    project = demo[0]
    found = json.loads(project.run("alerts", "list", "--format", "json").stdout)
    told = every_month(demo, "alerts").query("status == 'open' and month == '2025-12'")
    assert {each["alert_id"] for each in found} == {*told["alert_id"]}
    shown = project.run("alerts", "show", found[0]["alert_id"])
    assert shown.returncode == 0
    assert shown.stderr == ""
    assert f"{found[0]['client_name']} team," in shown.stdout


def test_most_clients_are_well(seen: dict[str, pd.DataFrame]) -> None:
    health = seen["health"].stack()
    assert 70 <= health.median() <= 80
    assert 0.2 <= (health >= 80).mean() <= 0.4
    assert 0.04 <= (health < 60).mean() <= 0.15
    # From month to month they stay as they are: half of them within a point and a half.
    assert seen["health"].diff(axis=1).stack().abs().median() <= 1.5


def test_the_stories_in_health(demo: tuple[Project, str]) -> None:
    health = every_month(demo, "health_scores").set_index(["client_id", "month"]).sort_index()
    risk = every_month(demo, "structural_risk").set_index(["client_id", "month"]).sort_index()
    heavy, quiet = health.loc[CLIENT["unhappy_heavy"]], health.loc[CLIENT["quiet_happy"]]
    assert (heavy.loc["2025-03":, "usage"] > 70).all()
    assert (heavy.loc["2025-03":, "sentiment"] < 35).all()
    assert (quiet.loc["2025-03":, "sentiment"] > heavy.loc["2025-03":, "sentiment"] + 40).all()
    departed = risk.loc[CLIENT["champion_left"], "champion_departed"]
    assert list(departed[departed].index)[:1] == ["2025-09"]
    assert risk.loc[(CLIENT["champion"], "2025-12"), "single_threaded"]
    assert risk.loc[(CLIENT["champion"], "2025-12"), "concentrated"]
    assert set(health.loc[CLIENT["onboarding"]].loc["2025-10":, "stage"]) == {"onboarding"}
    missing = health.loc[CLIENT["three_missing"]]
    assert missing["engagement"].notna().all()  # delivered, without a row of it: 0, not missing
    assert (missing["coverage"] < 0.9).all()
    silent = risk.loc[CLIENT["silent_listed"]]
    assert silent.loc["2025-10":, "days_since_last_activity"].tolist() == [31, 61, 92]
    assert silent.loc["2025-10":, "dormant"].all()


def test_explain_tells_every_point(demo: tuple[Project, str]) -> None:
    project, client = demo[0], CLIENT["unhappy_heavy"]
    told = json.loads(project.run("explain", client, "--format", "json").stdout)
    health, drivers = told["health_scores"], told["health_drivers"]
    assert health["client_id"] == told["structural_risk"]["client_id"] == client
    assert sum(row["points"] for row in drivers) == pytest.approx(health["health"], abs=1e-9)
    printed = project.run("explain", client).stdout
    assert f"Health {health['health']:.1f}  {health['band']}" in printed
    lines = [line.split() for line in printed.splitlines()]
    (total,) = (line for line in lines if line[:2] == ["health", "100.0%"])
    assert total[2] == f"{health['health']:.1f}"
    nps = next(row for row in drivers if row["component"] == "nps")
    (line,) = (line for line in lines if line[:1] == ["NPS"])
    assert line[1:5] == [
        f"{nps['value']:+.0f}",
        f"{nps['score']:.1f}",
        f"{nps['weight']:.1%}",
        f"{nps['points']:.1f}",
    ]
    assert "concentrated: few do most of it" in project.run("explain", CLIENT["champion"]).stdout
