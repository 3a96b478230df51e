"""The other feeds through the real graph: beside usage, refused, corrected, taken away."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from project import Project
from test_runs import Running
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from healthscore_assets.orchestration.plan import MonthPlan
from healthscore_assets.orchestration.runs import MonthOutcome, run_month
from healthscore_assets.signals.sentiment.lexicon import VaderModel

SURVEY = "Client,Date,Score,Comment\n"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Running(Project.make(tmp_path), instance)


def deliver(running: Running, feed: str, name: str, text: str) -> Path:
    path = running.project.exports / feed / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def run_planned(running: Running) -> dict[str, MonthOutcome]:
    return {
        month: run_month(running.definitions, running.instance, MonthPlan(month, tables))
        for month, tables in running.planned().items()
    }


def scores(running: Running, month: str) -> dict[str, tuple[str, float]]:
    table = running.project.table("client_scores", month)
    return {row.client_id: (row.client_name, row.total_all) for row in table.itertuples()}


def test_the_register_begins_and_ends_memberships_and_names_clients(running: Running) -> None:
    for month in ("2024-01", "2024-02"):
        running.project.deliver_month(month, {"acme": 5, "bolt": 3, "cogs": 1})
    register = (
        "Client ID,Client name,Contract start,Contract end\n"
        "acme,Acme Ltd,2023-01-01,\n"
        "bolt,Bolt,2023-01-01,2024-01-31\n"
        "quiet,Quiet Inc,2023-01-01,\n"
        "later,Later Inc,2024-03-01,\n"
    )
    deliver(running, "accounts", "accounts_2024-01-31.csv", register)
    assert all(outcome.succeeded for outcome in run_planned(running).values())
    # cogs is unknown to the register; quiet is in no export, later has no contract yet.
    assert {name: told for name, (told, _) in scores(running, "2024-01").items()} == {
        "acme": "Acme Ltd",
        "bolt": "Bolt",
        "cogs": "cogs",
        "quiet": "Quiet Inc",
    }
    assert scores(running, "2024-01")["quiet"] == ("Quiet Inc", 0.0)
    # In February bolt's contract has ended, though it is still used.
    assert scores(running, "2024-02").keys() == {"acme", "cogs", "quiet"}
    moves = running.project.table("momentum", "2024-02").set_index("client_id")
    assert moves.loc["quiet", "engagement"] == 0
    assert running.planned() == {}


def test_a_corrected_register_runs_all_that_reads_it(running: Running) -> None:
    for month in ("2024-01", "2024-02"):
        running.project.deliver_month(month, {"acme": 5, "bolt": 3})
    contract = "Client,Contract start,Contract end\nacme,2023-01-01,\nbolt,2023-01-01,"
    register = deliver(running, "accounts", "accounts_2024-01-31.csv", contract + "2024-01-31\n")
    run_planned(running)
    assert scores(running, "2024-02").keys() == {"acme"}
    register.write_text(contract + "\n")
    planned = running.planned()
    assert {*planned} >= {"2024-01", "2024-02"}
    for tables in planned.values():
        assert {"accounts", "index_scores", "momentum", "client_scores"} <= {*tables}
    run_planned(running)
    assert scores(running, "2024-02").keys() == {"acme", "bolt"}
    assert running.planned() == {}


def test_a_refused_feed_keeps_what_it_had_and_holds_up_nothing(running: Running) -> None:
    running.project.deliver_month("2024-01")
    file = deliver(running, "surveys", "s_2024-01.csv", SURVEY + "acme,2024-01-05,9,\n")
    assert all(outcome.succeeded for outcome in run_planned(running).values())
    before = running.project.table("surveys", "2024-01")
    file.write_text("Score,Date\n3,2024-01-06\n")
    running.project.deliver_month("2024-01", {"acme": 50, "bolt": 3})
    outcome = run_planned(running)["2024-01"]
    assert not outcome.succeeded
    (problem,) = outcome.problems
    assert problem.startswith("surveys/s_2024-01.csv, row 1: no column tells the client of a row;")
    assert running.project.table("surveys", "2024-01").equals(before)
    assert running.project.table("client_month", "2024-01")["engagement"].max() == 52
    assert list(running.planned()) == ["2024-01"]  # until it is corrected
    file.write_text(SURVEY + "acme,2024-01-06,3,\n")
    assert run_planned(running)["2024-01"].succeeded
    assert list(running.project.table("surveys", "2024-01")["score"]) == [3.0]
    assert running.planned() == {}


def test_snapshots_that_differ_hold_up_nothing_either(running: Running) -> None:
    running.project.deliver_month("2024-01")
    for name, seats in (("a", 1), ("b", 2)):
        text = f"Client,Seats\nacme,{seats}\n"
        deliver(running, "accounts", f"{name}_2024-01-31.csv", text)
    outcome = run_planned(running)["2024-01"]
    assert not outcome.succeeded
    assert outcome.problems == [
        "accounts/a_2024-01-31.csv: it and accounts/b_2024-01-31.csv tell different things of "
        "client 'acme' on 2024-01-31; keep the one that is right"
    ]
    assert running.project.months("accounts") == []
    assert scores(running, "2024-01").keys() == {"acme", "bolt"}


def test_a_workbook_that_breaks_keeps_its_months(running: Running) -> None:
    path = running.project.exports / "surveys" / "answers.xlsx"
    path.parent.mkdir()
    answers = pd.DataFrame({"Client": ["acme"], "Date": ["2024-01-05"], "Score": [9]})
    answers.to_excel(path, sheet_name="Answers", index=False)
    other = deliver(running, "surveys", "other_2024-02.csv", SURVEY + "acme,2024-02-05,9,\n")
    assert all(outcome.succeeded for outcome in run_planned(running).values())
    path.write_bytes(path.read_bytes()[:500])
    assert running.planned().keys() == {"2024-01"}
    assert not run_planned(running)["2024-01"].succeeded
    assert running.project.months("surveys") == ["2024-01", "2024-02"]
    assert other.exists()


def test_an_export_of_everything_runs_the_months_that_it_changes(running: Running) -> None:
    tickets = "ID,Client,Created,Closed\n"
    may = ["1,acme,2024-04-10,2024-04-12\n", "2,acme,2024-05-10,\n"]
    deliver(running, "support_tickets", "all_2024-05-31.csv", tickets + "".join(may))
    assert running.planned().keys() == {"2024-04", "2024-05"}
    run_planned(running)
    june = [may[0], "2,acme,2024-05-10,2024-06-01\n", "3,acme,2024-06-03,\n"]
    deliver(running, "support_tickets", "all_2024-06-30.csv", tickets + "".join(june))
    made = ("raw_support_tickets", "support_tickets", "support_tickets_quarantine")
    assert running.planned() == {"2024-06": made}
    run_planned(running)
    table = running.project.table("support_tickets", "2024-06")
    assert sorted(table["ticket_id"]) == ["2", "3"]
    # A ticket of April that was left out before.
    added = [*june, "4,acme,2024-04-20,2024-04-21\n"]
    deliver(running, "support_tickets", "all_2024-06-30.csv", tickets + "".join(added))
    assert running.planned().keys() == {"2024-04"}
    run_planned(running)
    assert len(running.project.table("support_tickets", "2024-04")) == 2
    assert running.planned() == {}


def test_a_file_that_is_taken_away_takes_its_months_of_the_feed(running: Running) -> None:
    running.project.deliver_month("2024-01")
    deliver(running, "surveys", "s_2024-01.csv", SURVEY + "acme,2024-01-05,9,\n")
    february = deliver(running, "surveys", "s_2024-02.csv", SURVEY + "acme,2024-02-05,9,\n")
    january = running.project.exports / "surveys" / "s_2024-01.csv"
    run_planned(running)
    january.unlink()
    assert running.planned().keys() == {"2024-01"}
    assert run_planned(running)["2024-01"].succeeded
    assert running.project.months("surveys") == ["2024-02"]
    assert running.project.months("client_scores") == ["2024-01"]
    # A folder without files may be a share that is not mounted.
    february.unlink()
    assert running.planned() == {}
    assert running.project.months("surveys") == ["2024-02"]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that the model has read."""
    read: list[str] = []
    score = VaderModel.score

    def counted(self: VaderModel, texts: Sequence[str]) -> list[float]:
        read.extend(texts)
        return score(self, texts)

    monkeypatch.setattr(VaderModel, "score", counted)
    return read


def test_a_hundred_thousand_texts_are_read_once(running: Running, read: list[str]) -> None:
    texts = [f"Export {n} is broken again today" for n in range(1_000_000, 1_100_000)]
    lines = [f"acme,2024-01-05,9,{text}\n" for text in texts]
    file = deliver(running, "surveys", "s_2024-01.csv", SURVEY + "".join(lines))
    assert run_planned(running)["2024-01"].succeeded
    assert sorted(read) == sorted(texts)
    file.write_text(file.read_text() + "acme,2024-01-06,9,I really love this great product\n")
    assert run_planned(running)["2024-01"].succeeded
    assert read[100_000:] == ["I really love this great product"]
    table = running.project.table("surveys", "2024-01")
    broken = SentimentIntensityAnalyzer().polarity_scores(texts[0])["compound"]
    assert table["sentiment"].eq(broken).sum() == 100_000
    assert broken < 0 < table["sentiment"].max()


def test_texts_are_read_once_and_not_kept(running: Running, read: list[str]) -> None:
    text = "I really love this great product"
    lines = [f"acme,2024-01-0{day},9,{text}\n" for day in (1, 2)]
    file = deliver(running, "surveys", "s_2024-01.csv", SURVEY + "".join(lines))
    run_planned(running)
    assert read == [text]
    file.write_text(file.read_text() + "bolt,2024-01-09,2,The export is broken again today\n")
    run_planned(running)
    assert read == [text, "The export is broken again today"]
    table = running.project.table("surveys", "2024-01").sort_values("date")
    expected = SentimentIntensityAnalyzer().polarity_scores(text)["compound"]
    assert expected > 0.5
    assert list(table["sentiment"][:2]) == [expected] * 2
    assert table["sentiment"].iloc[2] < 0
    kept = b"".join(p.read_bytes() for p in running.project.lake.rglob("*.parquet"))
    assert b"really love" not in kept
