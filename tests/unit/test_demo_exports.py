"""The sample exports: what a reader of the folder finds, month by month."""

import calendar
import re
from pathlib import Path

import pandas as pd
import pytest

from healthscore_assets.demo.exports import file_names, write_exports
from healthscore_assets.demo.product import NEW_AREA_LAUNCHED, UNMAPPED, VENDOR_DOMAIN
from healthscore_assets.demo.stories import STORIES, Story

LOOKUPS = Path(__file__).parents[2] / "lookups"
MONTHS = [f"{year}-{month:02d}" for year in (2024, 2025) for month in range(1, 13)]
LAST = "pendo_visitors_2025-12.csv"


def month_of(name: str) -> str:
    """The month as a person reads it off the file name."""
    if words := re.search(r"([A-Z][a-z]{2}) (\d{4})\.csv", name):
        return f"{words[2]}-{list(calendar.month_abbr).index(words[1]):02d}"
    digits = re.search(r"(20\d\d)-?(\d\d)", name)
    assert digits, name
    return f"{digits[1]}-{digits[2]}"


def read(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / name, encoding="utf-8-sig")


def columns(folder: Path, name: str) -> list[str]:
    return list(pd.read_csv(folder / name, encoding="utf-8-sig", nrows=0).columns)


def clicks(table: pd.DataFrame) -> pd.DataFrame:
    return table.filter(regex="^Clicks for ").fillna(0)


def features(names: list[str]) -> set[str]:
    """Feature names in the lookup's spelling, whatever separator the export used."""
    clicked = [name.removeprefix("Clicks for ") for name in names if name.startswith("Clicks for ")]
    return {re.sub(r" > |: ", " | ", name) for name in clicked}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("demo") / "exports" / "pendo"
    assert [path.name for path in write_exports(target)] == list(file_names())
    return target


@pytest.fixture(scope="module")
def listed(folder: Path) -> pd.DataFrame:
    """Who is listed when, with all clicks of the row in one number."""
    parts = []
    for name in file_names():
        table = read(folder, name)
        people = table[["Visitor ID", "Account ID", "Account Name", "email"]]
        parts.append(people.assign(month=month_of(name), clicks=clicks(table).sum(axis=1)))
    return pd.concat(parts, ignore_index=True)


def test_the_same_seed_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for path in write_exports(tmp_path):
        assert path.read_bytes() == (folder / path.name).read_bytes(), path.name


def test_another_seed_writes_other_numbers(folder: Path, tmp_path: Path) -> None:
    first = next(write_exports(tmp_path, seed=7))
    assert first.read_bytes() != (folder / first.name).read_bytes()


def test_a_file_is_complete_when_it_is_yielded_and_nothing_else_lies_there(
    folder: Path, tmp_path: Path
) -> None:
    writing = write_exports(tmp_path)
    first = next(writing)
    assert list(tmp_path.iterdir()) == [first]
    assert first.read_bytes() == (folder / first.name).read_bytes()


def test_every_month_of_two_years_is_told_by_a_file_name(folder: Path) -> None:
    names = [path.name for path in folder.iterdir()]
    assert sorted(names) == sorted(file_names())
    assert sorted({month_of(name) for name in names}) == MONTHS


@pytest.mark.parametrize(
    ("month", "names"),
    [
        ("2024-01", ["pendo_visitors_2024-01.csv"]),
        (
            "2024-07",
            [
                "202407 External Usage Pendo File.csv",
                "202407 Internal Usage Pendo File.csv",
            ],
        ),
        ("2025-03", ["Pendo Export Mar 2025.csv"]),
        ("2025-07", ["pendo_visitors_2025-07.csv"]),
    ],
)
def test_the_naming_changes_over_the_years(month: str, names: list[str]) -> None:
    assert [name for name in file_names() if month_of(name) == month] == names


@pytest.mark.parametrize(
    ("name", "separator"),
    [
        ("pendo_visitors_2024-01.csv", " | "),
        ("202407 Internal Usage Pendo File.csv", ": "),
        ("Pendo Export Mar 2025.csv", " > "),
    ],
)
def test_columns_are_metadata_first_then_one_per_metric_and_feature(
    folder: Path, name: str, separator: str
) -> None:
    found = columns(folder, name)
    assert found[:4] == ["Visitor ID", "Account ID", "Account Name", "email"]
    assert {"First Visit", "Last Visit", "Browser", "Days Active"} < set(found)
    for prefix in ("Clicks for", "Page Views for", "Time On Page (minutes) for", "Days Active for"):
        assert f"{prefix} Reporting{separator}Dashboards" in found
    assert len(found) == len(set(found))


def test_one_style_has_a_byte_order_mark_quoted_headers_and_an_internal_flag(folder: Path) -> None:
    start = (folder / "Pendo Export Mar 2025.csv").read_bytes()[:80]
    assert start.startswith(b'\xef\xbb\xbf"Visitor ID","Account ID","Account Name","email",')
    flags = read(folder, "Pendo Export Mar 2025.csv")["is_internal"]
    assert set(flags) == {"Yes", "No"}


def test_zeros_are_written_or_left_blank_by_style(folder: Path) -> None:
    written = pd.read_csv(folder / "pendo_visitors_2024-01.csv")
    blank = pd.read_csv(folder / "202407 External Usage Pendo File.csv")
    assert written.filter(regex="^Clicks for ").notna().all(axis=None)
    assert blank.filter(regex="^Clicks for ").min().min() == 1


def test_the_metrics_of_a_feature_fit_together(folder: Path) -> None:
    table = read(folder, LAST)
    timed = [name for name in table if name.startswith("Time On Page")]
    assert len(timed) == 5
    for name in timed:
        feature = name.removeprefix("Time On Page (minutes) for ")
        made, viewed = table[f"Clicks for {feature}"], table[f"Page Views for {feature}"]
        days, minutes = table[f"Days Active for {feature}"], table[name]
        used = made > 0
        assert ((viewed >= 1) == used).all()
        assert (viewed <= made).all()
        assert ((minutes > 0) == used).all()
        assert (minutes <= 2 * made).all()
        assert (minutes == minutes.round(1)).all()
        assert ((days >= 1) == used).all()
        assert (days <= table["Days Active"]).all()


def test_days_and_dates_fit_the_month(folder: Path) -> None:
    table = read(folder, "pendo_visitors_2024-02.csv")
    active = clicks(table).sum(axis=1) > 0
    first, last = pd.to_datetime(table["First Visit"]), pd.to_datetime(table["Last Visit"])
    assert ((table["Days Active"] >= 1) == active).all()
    assert table["Days Active"].max() <= 29  # 2024 is a leap year
    assert (first <= last).all()
    assert (last.dt.strftime("%Y-%m")[active] == "2024-02").all()
    assert (last < "2024-03-01").all()
    # The last of n active days is the n-th of the month or later.
    assert (last.dt.day >= table["Days Active"])[active].all()


def test_clients_differ_in_size_from_one_visitor_to_150(listed: pd.DataFrame) -> None:
    last = listed[listed["month"] == "2025-12"]
    sizes = last.groupby("Account ID").size()
    assert listed["Account ID"].nunique() == 300
    assert 5000 <= len(last) <= 6000
    assert sizes.min() == 1
    assert sizes.max() >= 150
    assert sizes.median() <= sizes.mean() / 1.5  # most are small, a few hold the visitors


def test_clients_join_and_leave(listed: pd.DataFrame) -> None:
    first = listed.groupby("Account ID")["month"].min()
    last = listed.groupby("Account ID")["month"].max()
    assert (first > "2024-01").sum() >= 30
    assert 5 <= (last < "2025-12").sum() <= 40


def test_ids_and_names_stay_what_they_are(listed: pd.DataFrame) -> None:
    names = listed[["Account ID", "Account Name"]].drop_duplicates()
    assert names["Account ID"].is_unique
    assert names["Account Name"].is_unique
    people = listed[["Visitor ID", "Account ID", "email"]].drop_duplicates()
    assert people["Visitor ID"].is_unique
    assert listed["Account ID"].str.fullmatch(r"acct-\d{4}").all()
    assert listed["Visitor ID"].str.fullmatch(r"v-\d{6}").all()
    assert not listed.duplicated(["month", "Visitor ID"]).any()


def test_every_email_address_is_one_nobody_can_own(listed: pd.DataFrame) -> None:
    assert listed["email"].str.fullmatch(r"[a-z]+\.[a-z]+@[a-z-]+\.example").all()


def test_the_vendors_staff_work_in_some_clients(listed: pd.DataFrame) -> None:
    domains = pd.read_csv(LOOKUPS / "internal_domains.csv")["domain"].tolist()
    assert domains == [VENDOR_DOMAIN]
    staff = listed[listed["email"].str.endswith(f"@{VENDOR_DOMAIN}")]
    assert 0.10 <= staff["Account ID"].nunique() / 300 <= 0.20
    per_client = staff.groupby("Account ID")["Visitor ID"].nunique()
    assert per_client.median() <= 3
    assert 0 < len(staff) / len(listed) < 0.05


def test_file_flag_and_email_agree_on_who_is_internal(folder: Path) -> None:
    def at_vendor(name: str) -> "pd.Series[bool]":
        return read(folder, name)["email"].str.endswith(f"@{VENDOR_DOMAIN}")

    assert at_vendor("202407 Internal Usage Pendo File.csv").all()
    assert not at_vendor("202407 External Usage Pendo File.csv").any()
    flagged = read(folder, "Pendo Export Mar 2025.csv")["is_internal"] == "Yes"
    assert (flagged == at_vendor("Pendo Export Mar 2025.csv")).all()


def test_all_features_but_three_are_in_the_lookup(folder: Path) -> None:
    lookup = pd.read_csv(LOOKUPS / "product_areas.csv")
    assert lookup["feature"].is_unique
    assert lookup["area"].nunique() == 8
    assert set(lookup["tier"]) == {"core", "advanced"}
    exported = features(columns(folder, LAST))
    assert exported - set(lookup["feature"]) == {feature.name for feature in UNMAPPED}
    assert set(lookup["feature"]) - exported == set()
    assert len(exported) == 40


def test_the_new_area_has_no_columns_before_its_launch(folder: Path) -> None:
    with_it = {
        month_of(name)
        for name in file_names()
        if any("Automation" in column for column in columns(folder, name))
    }
    assert sorted(with_it) == [month for month in MONTHS if month >= NEW_AREA_LAUNCHED]
    assert min(with_it) == "2025-03"


@pytest.mark.parametrize(("before", "dip"), [("06", "08"), ("11", "12")])
@pytest.mark.parametrize("year", ["2024", "2025"])
def test_usage_per_listed_visitor_dips_in_summer_and_in_december(
    listed: pd.DataFrame, year: str, before: str, dip: str
) -> None:
    mean = listed.groupby("month")["clicks"].mean()
    assert mean[f"{year}-{dip}"] < 0.98 * mean[f"{year}-{before}"]


ABSENT = {
    "silent": ["2025-09", "2025-10", "2025-11", "2025-12"],
    "onboarding": [month for month in MONTHS if month < "2025-09"],
    "returns": ["2025-01", "2025-02", "2025-03", "2025-04", "2025-05"],
}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.key)
def test_every_storys_client_is_listed_under_its_name(listed: pd.DataFrame, story: Story) -> None:
    rows = listed[listed["Account ID"] == story.client_id]
    assert set(rows["Account Name"]) == {story.client_name}
    absent = [month for month in MONTHS if month not in set(rows["month"])]
    assert absent == ABSENT.get(story.key, [])


def test_a_silent_client_can_still_be_listed(listed: pd.DataFrame) -> None:
    (story,) = (story for story in STORIES if story.key == "silent_listed")
    made = listed[listed["Account ID"] == story.client_id].groupby("month")["clicks"].sum()
    assert made["2025-09"] > 0
    assert made["2025-10":].tolist() == [0, 0, 0]
