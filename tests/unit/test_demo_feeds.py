"""The sample data of the other feeds: what a reader of the folders finds, beside the usage."""

import re
from pathlib import Path

import pandas as pd
import pytest

from healthscore_assets.demo.exports import write_exports
from healthscore_assets.demo.feeds.files import feed_file_names, write_feeds
from healthscore_assets.demo.stories import STORIES

MONTHS = [f"{year}-{month:02d}" for year in (2024, 2025) for month in range(1, 13)]
CLIENT = {story.key: story.client_id for story in STORIES}
NAME = {story.key: story.client_name for story in STORIES}
HEADERS = {
    "accounts": "client_id,client_name,segment,seats,arr,contract_start,contract_end,renewal_date,"
    "owner,owner_email,plan,industry,parent",
    "support_tickets": "Id,Subject,Description,Organization,Priority,Status,Created at,Solved at,"
    "Satisfaction Score,Tags",
    "surveys": "answer_id,client_id,respondent,date,kind,score,comment",
    "invoices": "invoice_id,client_id,issued,due,paid,amount",
    "touchpoints": "client_id,date,kind,meaningful,executive,training,community",
    "stakeholders": "client_id,person,role,status,date",
    "renewals": "client_id,date,outcome,arr_before,arr_after",
}
HAPPENED = {  # days that are known: an invoice falls due, and a contract ends, in the future
    "support_tickets": ["Created at", "Solved at"],
    "surveys": ["date"],
    "invoices": ["issued", "paid"],
    "touchpoints": ["date"],
    "stakeholders": ["date"],
    "renewals": ["date"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("demo") / "exports"
    written = [path.relative_to(target).as_posix() for path in write_feeds(target)]
    names = [f"{feed}/{name}" for feed, names in feed_file_names().items() for name in names]
    assert written == names
    assert sorted(path.name for path in target.rglob("*.*")) == sorted(Path(n).name for n in names)
    return target


@pytest.fixture(scope="module")
def feeds(folder: Path) -> dict[str, pd.DataFrame]:
    """Each feed as one table, with the last month its file tells of."""
    return {
        feed: pd.concat(
            [pd.read_csv(folder / feed / name).assign(told=last_month(name)) for name in names],
            ignore_index=True,
        )
        for feed, names in feed_file_names().items()
    }


@pytest.fixture(scope="module")
def usage(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Who is listed when in the usage exports, with all clicks of the row in one number."""
    parts = []
    for at, path in enumerate(write_exports(tmp_path_factory.mktemp("pendo"))):
        table = pd.read_csv(path, encoding="utf-8-sig")
        clicks = table.filter(regex="^Clicks for ").fillna(0).sum(axis=1)
        # The second half of 2024 comes in two files a month.
        month = MONTHS[at if at < 6 else 6 + (at - 6) // 2 if at < 18 else at - 6]
        people = table[["Account ID", "Account Name", "email"]].set_axis(
            ["client_id", "client_name", "email"], axis="columns"
        )
        parts.append(people.assign(clicks=clicks, month=month))
    return pd.concat(parts, ignore_index=True)


def last_month(name: str) -> str:
    return re.findall(r"\d{4}-\d\d", name)[-1]


def of(table: pd.DataFrame, key: str) -> pd.DataFrame:
    return table[table["client_id"] == CLIENT[key]]


def at_last(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Each ticket or invoice as its last file tells it."""
    return table.groupby(by).tail(1)


def test_the_same_seed_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for path in write_feeds(tmp_path):
        same = folder / path.relative_to(tmp_path)
        assert path.read_bytes() == same.read_bytes(), path.name


def test_another_seed_writes_other_numbers(folder: Path, tmp_path: Path) -> None:
    first = next(write_feeds(tmp_path, seed=7))
    assert first.read_bytes() != (folder / first.relative_to(tmp_path)).read_bytes()


def test_a_file_is_complete_when_it_is_yielded_and_nothing_else_lies_there(
    folder: Path, tmp_path: Path
) -> None:
    first = next(write_feeds(tmp_path))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [first]
    assert first.read_bytes() == (folder / first.relative_to(tmp_path)).read_bytes()


def test_names_tell_the_feed_and_the_months() -> None:
    names = feed_file_names()
    assert list(names) == list(HEADERS)
    assert names["accounts"][1] == "accounts_2024-02-29.csv"
    assert names["surveys"][0] == "surveys_2024-01-01_2024-03-31.csv"
    assert names["renewals"][-1] == "renewals_2025-12.csv"
    quarters = names.pop("surveys")
    assert [last_month(name) for name in quarters] == MONTHS[2::3]
    for files in names.values():
        assert [last_month(name) for name in files] == MONTHS


@pytest.mark.parametrize("feed", HEADERS)
def test_every_file_has_the_headers(folder: Path, feed: str) -> None:
    for path in (folder / feed).iterdir():
        assert path.read_text(encoding="utf-8").partition("\n")[0] == HEADERS[feed], path.name


@pytest.mark.parametrize("feed", HAPPENED)
def test_no_row_tells_of_a_day_after_its_file(feeds: dict[str, pd.DataFrame], feed: str) -> None:
    table = feeds[feed]
    for column in HAPPENED[feed]:
        days = table[column].dropna()
        assert days.str.fullmatch(r"\d{4}-\d\d-\d\d").all()
        assert (days.str[:7] <= table.loc[days.index, "told"]).all()


def test_a_client_in_the_usage_is_in_the_register_under_its_name(
    feeds: dict[str, pd.DataFrame], usage: pd.DataFrame
) -> None:
    listed = usage.groupby(["client_id", "client_name", "month"], as_index=False)["clicks"].sum()
    register = feeds["accounts"].rename(columns={"told": "month"})
    both = listed.merge(register, on=["client_id", "client_name", "month"])
    assert len(both) == len(listed)
    assert not register.duplicated(["client_id", "month"]).any()
    running = (both["contract_start"].str[:7] <= both["month"]) & (
        both["contract_end"].str[:7] >= both["month"]
    )
    # The one that is being set up: signed, listed, and not a click yet.
    waiting = both[~running]
    assert waiting["client_id"].tolist() == [CLIENT["onboarding"]]
    assert waiting["month"].tolist() == ["2025-09"]
    assert waiting["clicks"].tolist() == [0]


def test_who_left_stays_in_the_register_and_out_of_the_usage(
    feeds: dict[str, pd.DataFrame], usage: pd.DataFrame
) -> None:
    register = feeds["accounts"]
    last = register[register["told"] == "2025-12"]
    assert len(last) == 300
    left = last[last["contract_end"] < "2025-12-31"]
    assert 5 <= len(left) <= 40
    assert left["renewal_date"].isna().all()
    final = usage.groupby("client_id")["month"].max()
    assert (final[left["client_id"]].to_numpy() <= left["contract_end"].str[:7]).all()
    stayed = last[~last["client_id"].isin(left["client_id"])]
    assert (final[stayed["client_id"]] == "2025-12").all()


def test_every_segment_stage_and_outcome_is_there(feeds: dict[str, pd.DataFrame]) -> None:
    register = feeds["accounts"]
    last = register[register["told"] == "2025-12"]
    segments = last["segment"].value_counts()
    assert set(segments.index) == {"Enterprise", "Mid-Market", "SME", "SMB", "GOV"}
    assert segments.min() >= 5
    assert (last["renewal_date"] <= "2026-03-31").sum() >= 20  # 90 days
    assert last["contract_start"].between("2025-01-01", "2025-09-30").sum() >= 20
    assert (last["contract_start"] < "2024-12-31").sum() >= 100
    outcomes = feeds["renewals"]["outcome"].value_counts()
    assert set(outcomes.index) == {"renewed", "churned", "expanded", "contracted"}
    assert outcomes.min() >= 5


def test_the_register_follows_the_renewals(feeds: dict[str, pd.DataFrame]) -> None:
    register = feeds["accounts"].set_index(["client_id", "told"])["arr"]
    renewals = feeds["renewals"]
    assert not renewals.duplicated(["client_id", "date", "outcome"]).any()
    for row in renewals[renewals["outcome"] != "churned"].itertuples():
        assert register[row.client_id, row.told] == row.arr_after
        before = MONTHS[MONTHS.index(row.told) - 1]
        if row.told != MONTHS[0] and (row.client_id, before) in register.index:
            assert register[row.client_id, before] == row.arr_before
    churned = renewals[renewals["outcome"] == "churned"]
    assert (churned["arr_after"] == 0).all()
    told = feeds["accounts"].set_index(["client_id", "told"])["contract_end"]
    assert [told[row.client_id, row.told] for row in churned.itertuples()] == list(churned["date"])


@pytest.mark.parametrize(
    ("feed", "key", "opened", "closed"),
    [
        ("support_tickets", "Id", "Created at", "Solved at"),
        ("invoices", "invoice_id", "issued", "paid"),
    ],
)
def test_what_is_open_comes_again_in_the_month_that_closes_it(
    feeds: dict[str, pd.DataFrame], key: str, feed: str, opened: str, closed: str
) -> None:
    table = feeds[feed]
    first, last = table.groupby(key).head(1), at_last(table, key)
    assert (first[opened].str[:7] == first["told"]).all()
    done = last[last[closed].notna()]
    assert (done[closed].str[:7] == done["told"]).all()
    again = table[table.duplicated(key)]
    assert len(again) > 100
    assert len(table) == table[key].nunique() + len(again)
    assert again[closed].notna().all()
    assert first[first[key].isin(again[key])][closed].isna().all()


def test_tickets_are_by_the_clients_names_in_three_languages(
    feeds: dict[str, pd.DataFrame],
) -> None:
    tickets = feeds["support_tickets"]
    assert set(tickets["Organization"]) <= set(feeds["accounts"]["client_name"])
    assert set(tickets["Satisfaction Score"].dropna()) == {"Good", "Bad"}
    assert 0.02 < tickets["Tags"].str.contains("escalated").mean() < 0.2
    words = tickets["Description"].str.split().str.len()
    assert 0.02 < (words <= 2).mean() < 0.1
    for said in ("Vielen Dank", "enttäuscht", "Merci", "déçus", "Thank you", "unacceptable"):
        assert tickets["Description"].str.contains(said).sum() >= 3, said


def test_answers_and_stakeholders_are_the_clients_own_people(
    feeds: dict[str, pd.DataFrame], usage: pd.DataFrame
) -> None:
    answers = feeds["surveys"]
    people = set(zip(usage["client_id"], usage["email"], strict=True))
    assert set(zip(answers["client_id"], answers["respondent"], strict=True)) <= people
    assert answers["answer_id"].is_unique
    assert answers[answers["kind"] == "nps"]["score"].between(0, 10).all()
    assert answers[answers["kind"] == "csat"]["score"].between(1, 5).all()
    stakeholders = feeds["stakeholders"]
    assert not stakeholders.duplicated(["client_id", "person", "date"]).any()
    users = stakeholders[stakeholders["role"] != "sponsor"]
    assert set(zip(users["client_id"], users["person"], strict=True)) <= people
    assert (stakeholders["date"].str[:7] == stakeholders["told"]).all()
    here = set(usage[(usage["month"] == "2024-01")]["client_id"])
    assert set(stakeholders[stakeholders["told"] == "2024-01"]["client_id"]) == here
    assert set(stakeholders["status"]) == {"active", "left"}


def by_month(rows: pd.DataFrame, clients: pd.Index) -> pd.DataFrame:
    """How many rows each client has in each month of the window."""
    counted = rows.groupby(["client_id", "told"]).size().unstack(fill_value=0)
    return counted.reindex(index=clients, columns=MONTHS, fill_value=0)


def share(flags: pd.DataFrame, of: pd.DataFrame) -> float:
    """Of the client-months of ``of``, those with the flag."""
    return flags.to_numpy()[of.to_numpy()].mean()


@pytest.fixture(scope="module")
def running(feeds: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Client x month: whether a contract runs."""
    register = feeds["accounts"]
    runs = (register["contract_start"].str[:7] <= register["told"]) & (
        register["contract_end"].str[:7] >= register["told"]
    )
    clients = pd.Index(register["client_id"].unique(), name="client_id")
    return by_month(register[runs], clients) > 0


def test_most_are_met_every_month_and_some_are_lost_sight_of(
    feeds: dict[str, pd.DataFrame], running: pd.DataFrame
) -> None:
    touchpoints = feeds["touchpoints"]
    met = by_month(touchpoints, running.index) > 0
    assert 0.95 < share(met, running) < 1.0
    for_three = met.shift(1, axis=1) & met.shift(2, axis=1) & met.shift(3, axis=1)
    lost = (running & ~met & for_three.eq(True)).any(axis=1)
    assert 0.1 <= lost.mean() <= 0.3
    reviews = touchpoints[touchpoints["kind"] == "business review"]
    assert set(reviews["told"].str[5:]) == {"01", "04", "07", "10"}
    held = by_month(reviews, running.index) > 0
    assert 0.8 <= share(held[MONTHS[::3]], running[MONTHS[::3]]) <= 0.95
    # Neglected: five months in a row without a call or a meeting.
    appointments = touchpoints[touchpoints["kind"].isin(["call", "meeting", "business review"])]
    none = (by_month(appointments, running.index) == 0) & running
    long = none.astype(int).T.rolling(5).sum().T.eq(5).any(axis=1)
    assert 0.03 <= long.mean() <= 0.2


def test_most_are_content_and_some_are_not(
    feeds: dict[str, pd.DataFrame], running: pd.DataFrame
) -> None:
    answers = feeds["surveys"]
    nps = answers[answers["kind"] == "nps"].assign(told=answers["date"].str[:7])
    assert set(nps["told"]) == {*MONTHS[::3]}
    answered = by_month(nps, running.index) > 0
    assert share(answered[MONTHS[::3]], running[MONTHS[::3]]) > 0.95
    sign = nps["score"].ge(9).astype(int) - nps["score"].le(6)
    mean = sign.groupby(nps["client_id"]).mean()
    assert 0.75 <= (mean > 0).mean() <= 0.95
    assert 0.05 <= (mean < 0).mean() <= 0.2
    # Some were content at first and are not any more, or the other way round.
    year = sign.groupby([nps["client_id"], nps["told"]]).mean().unstack()
    assert 0.05 <= ((year.max(axis=1) >= 0.5) & (year.min(axis=1) <= -0.5)).mean() <= 0.4


def test_tickets_come_in_bursts_and_bills_are_overdue_for_some(
    feeds: dict[str, pd.DataFrame], running: pd.DataFrame
) -> None:
    tickets = feeds["support_tickets"].groupby("Id").head(1)
    ids = feeds["accounts"].drop_duplicates("client_name").set_index("client_name")["client_id"]
    opened = by_month(
        tickets.assign(client_id=tickets["Organization"].map(ids)), running.index
    ).astype(float)
    before = opened.shift(1, axis=1).T.rolling(3).mean().T
    burst = ((opened >= 3) & (opened >= 2 * before)).any(axis=1)
    assert 0.1 <= burst.mean() <= 0.4
    invoices = at_last(feeds["invoices"], "invoice_id")
    late = invoices[
        (invoices["paid"].isna() & (invoices["due"] <= "2025-12-31"))
        | (invoices["due"].str[:7] < invoices["paid"].str[:7])
    ]
    assert 0.05 <= late["client_id"].nunique() / len(running) <= 0.4


def test_unhappy_but_heavy(feeds: dict[str, pd.DataFrame], usage: pd.DataFrame) -> None:
    clicks = usage.groupby(["month", "client_id"])["clicks"].sum().loc["2025-01":]
    place = clicks.groupby("month").rank(ascending=False).xs(CLIENT["unhappy_heavy"], level=1)
    assert place.max() <= 10
    answers = of(feeds["surveys"], "unhappy_heavy")
    nps = answers[(answers["kind"] == "nps") & (answers["date"] >= "2025")]
    assert len(nps) >= 12
    assert nps["score"].max() <= 4
    tickets = at_last(feeds["support_tickets"], "Id")
    tickets = tickets[tickets["Organization"] == NAME["unhappy_heavy"]]
    tickets = tickets[tickets["Created at"] >= "2025"]
    assert len(tickets) >= 24
    assert tickets["Tags"].str.contains("escalated").mean() >= 0.3


def test_quiet_but_happy(feeds: dict[str, pd.DataFrame], usage: pd.DataFrame) -> None:
    clicks = usage.groupby(["month", "client_id"])["clicks"].mean().loc["2025-01":]
    share = clicks.groupby("month").rank(pct=True).xs(CLIENT["quiet_happy"], level=1)
    assert share.max() <= 0.1
    answers = of(feeds["surveys"], "quiet_happy")
    assert set(answers[answers["kind"] == "nps"]["score"]) == {9, 10}
    assert set(answers[answers["kind"] == "csat"]["score"]) == {5}
    invoices = at_last(of(feeds["invoices"], "quiet_happy"), "invoice_id")
    assert len(invoices) >= 2
    assert (invoices["paid"] <= invoices["due"]).all()


def test_the_champion_left(feeds: dict[str, pd.DataFrame], usage: pd.DataFrame) -> None:
    clicks = of(usage, "champion_left").pivot(index="email", columns="month", values="clicks")
    before = clicks.loc[:, "2025-06":"2025-08"].sum(axis=1)
    assert (before > 0).sum() == 5
    assert before.max() / before.sum() >= 0.3
    assert clicks.loc[before.idxmax(), "2025-09":].tolist() == [0, 0, 0, 0]
    assert (clicks.drop(before.idxmax()).loc[:, "2025-09":] > 0).all(axis=None)
    told = of(feeds["stakeholders"], "champion_left")
    (left,) = told[told["status"] == "left"].itertuples()
    assert (left.person, left.role, left.told) == (before.idxmax(), "champion", "2025-09")


def test_the_late_payer(feeds: dict[str, pd.DataFrame]) -> None:
    invoices = at_last(of(feeds["invoices"], "late_payer"), "invoice_id")
    due = invoices[invoices["due"].between("2025-01-01", "2025-12-31")]
    assert len(due) == 4
    assert (due["paid"] <= due["due"]).sum() == 1
    assert (due["paid"] > due["due"]).sum() == 2
    assert due["paid"].isna().sum() == 1


def test_onboarding(feeds: dict[str, pd.DataFrame], usage: pd.DataFrame) -> None:
    rows = of(feeds["accounts"], "onboarding")
    assert rows["told"].tolist() == ["2025-09", "2025-10", "2025-11", "2025-12"]
    assert set(rows["contract_start"]) == {"2025-10-06"}  # 86 days before the last of 2025
    by_month = of(usage, "onboarding").groupby("month")["clicks"]
    made, active = by_month.sum(), by_month.agg(lambda clicks: (clicks > 0).sum())
    assert made.index.tolist() == rows["told"].tolist()
    assert made.iloc[0] == 0
    assert (made.diff().iloc[1:] > 0).all()
    assert (active.diff().iloc[1:] > 0).all()


def test_three_feeds_missing(feeds: dict[str, pd.DataFrame], usage: pd.DataFrame) -> None:
    assert len(of(feeds["accounts"], "three_missing")) == 24
    assert of(usage, "three_missing")["month"].nunique() == 24
    for feed in ("surveys", "touchpoints", "invoices"):
        assert of(feeds[feed], "three_missing").empty
