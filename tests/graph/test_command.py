"""The command as a user meets it: its own process, exit status, one line per problem."""

import csv
import io
import json
from pathlib import Path

import pytest
from project import HEADER, Project

GOOD = HEADER + "v-acme,acme,1,5,2\nv-bolt,bolt,1,3,2\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.make(tmp_path)


def refused(project: Project, *arguments: str) -> list[str]:
    """The lines on standard error of a command that ends with 1; never a traceback."""
    done = project.run(*(arguments or ("run",)))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stderr.splitlines()


def test_no_exports_folder(tmp_path: Path) -> None:
    project = Project.make(tmp_path)
    project.inbox.rmdir()
    (line,) = refused(project)
    assert line == (
        f"{project.inbox}: no such folder; create it and put Pendo's usage exports in it, "
        "or set --exports"
    )


def test_an_empty_inbox(project: Project) -> None:
    (line,) = refused(project)
    assert str(project.inbox) in line
    assert "holds no exports" in line


# All of them lie in one inbox, beside a good month, which loads all the same.
BAD_FILES = {
    "an empty file": ("usage 2024-02.csv", b"", "the file is empty; export it again"),
    "not a table": (
        "usage 2024-03.csv",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        "is not a table in text (it holds zero bytes); save it as CSV UTF-8",
    ),
    "no client column": (
        "usage 2024-04.csv",
        b"Visitor ID,Days Active,Clicks for Team | Chat\nv-acme,1,2\n",
        "row 1: no client column among 3 columns "
        "(Visitor ID, Days Active, Clicks for Team | Chat); "
        "expected a header such as Account ID, Account, Client ID, or one that "
        "lookups/column_aliases.csv lists for client_id",
    ),
    "two columns that both could be the client": (
        "usage 2024-05.csv",
        b"Visitor ID,Account ID,Client,Clicks for Team | Chat\nv-acme,acme,acme,2\n",
        "row 1: the columns 'Account ID' and 'Client' could both be the client; "
        "rename or delete one of them",
    ),
    "a month that cannot be told": (
        "usage.csv",
        GOOD.encode(),
        "its month cannot be told: neither its name nor a column says it; "
        "put the month in the name, such as 2024-05 or May 2024",
    ),
    "a name with two months": (
        "usage 2024-02 2024-03.csv",
        GOOD.encode(),
        "its name tells several months (2024-02, 2024-03); "
        "put the month in the name, such as 2024-05 or May 2024",
    ),
    "a month of the future": ("usage 2071-02.csv", GOOD.encode(), "tells of 2071-02"),
    "a feature column that is all text": (
        "usage 2024-06.csv",
        (HEADER + "v-acme,acme,1,often,2\nv-bolt,bolt,1,seldom,2\n").encode(),
        "row 2, column 'Clicks for Reports | Charts': the column holds text, not numbers "
        "(the first: 'often'); expected clicks of feature 'Reports | Charts'",
    ),
}


@pytest.fixture(scope="module")
def bad_inbox(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, list[str]]:
    project = Project.make(tmp_path_factory.mktemp("bad"))
    project.deliver_month("2024-01")
    for name, content, _ in BAD_FILES.values():
        project.deliver(name, content)
    return project, refused(project)


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_named_in_one_line(bad_inbox: tuple[Project, list[str]], case: str) -> None:
    name, _, says = BAD_FILES[case]
    (line,) = [line for line in bad_inbox[1] if line.startswith((f"{name}:", f"{name},"))]
    assert says in line


def test_bad_files_are_told_once_and_other_months_load(
    bad_inbox: tuple[Project, list[str]],
) -> None:
    project, lines = bad_inbox
    assert len(lines) == len(BAD_FILES)
    assert project.months("client_scores") == ["2024-01"]


def test_what_was_there_before_a_bad_file_stays(project: Project) -> None:
    project.deliver_month("2024-01")
    assert project.run("run").returncode == 0
    before = project.bytes_of_lake()
    project.deliver("usage 2024-01.csv", b"Visitor ID,Clicks for Team | Chat\nv-acme,1\n")
    refused(project)
    assert project.bytes_of_lake() == before
    # It is refused, and said, until it is mended.
    assert len(refused(project)) == 1
    project.deliver_month("2024-01")
    assert project.run("run").returncode == 0


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "product_areas.csv",
            "feature,area\nTeam | Chat,Team\nReports | Charts\n",
            "product_areas.csv, line 3: has 1 cells, expected 2 (feature, area)",
        ),
        (
            "scoring.yaml",
            "measure: clicks\nsilent_months: 99\n",
            "scoring.yaml, line 2: setting silent_months: input should be less than or equal to 24",
        ),
    ],
)
def test_a_bad_lookup_is_told_before_any_work_starts(
    project: Project, name: str, text: str, says: str
) -> None:
    project.deliver_month("2024-01")
    project.lookup(name, text)
    (line,) = refused(project)
    assert says in line
    assert not project.lake.exists()


def test_a_refused_cell_is_quarantined_and_the_rest_loads(project: Project) -> None:
    project.deliver("usage 2024-01.csv", HEADER + "v-acme,acme,1,many,2\nv-bolt,bolt,1,3,2\n")
    done = project.run("run")
    assert done.returncode == 0, done.stderr
    (line,) = project.table("quarantine", "2024-01").to_dict("records")
    assert line == {
        "source_file": "usage 2024-01.csv",
        "source_row": 2,
        "column": "Clicks for Reports | Charts",
        "value": "many",
        "reason": "not_a_number",
    }


def test_scores_in_every_format(project: Project) -> None:
    project.deliver_month("2024-01", {"acme": 9, "bolt": 3, "=cogs": 1})
    assert project.run("run").returncode == 0
    table = project.run("scores")
    assert table.stdout.splitlines()[2].split()[:6] == [
        *["acme", "acme", "-", "-", "100.0", "-"]  # too little is observed for a health
    ]
    rows = json.loads(project.run("scores", "--format", "json").stdout)
    assert [(row["client_id"], row["total_all"]) for row in rows] == [
        ("acme", 100.0),
        ("bolt", 50.0),
        ("=cogs", 0.0),
    ]
    assert (rows[0]["total_all_change"], rows[0]["health"], rows[0]["band"]) == (None, None, None)
    lines = list(csv.DictReader(io.StringIO(project.run("scores", "--format", "csv").stdout)))
    assert [line["client_id"] for line in lines] == ["acme", "bolt", "'=cogs"]
    one = project.run("scores", "--client", "BOLT", "--month", "2024-01", "--format", "csv")
    assert len(one.stdout.splitlines()) == 2
    (line,) = refused(project, "scores", "--month", "2023-01")
    assert line == "2023-01 has no scores; there are scores from 2024-01 to 2024-01"
    (line,) = refused(project, "explain", "blot")
    assert line.endswith("did you mean bolt?")


def test_wrong_usage_ends_with_2(project: Project) -> None:
    project.deliver_month("2024-01")
    for arguments in (
        ("run", "--from", "2024-1"),
        ("run", "--select", "nothing"),
        ("run", "--engine", "abacus"),
        ("run", "--lake", "gs://bucket/lake"),
        ("scores", "--lake", "s3://"),
    ):
        done = project.run(*arguments)
        assert done.returncode == 2, arguments
        assert "Traceback" not in done.stderr


def test_from_and_to_are_clipped_to_the_months_that_have_exports(project: Project) -> None:
    for month in ("2024-01", "2024-02", "2024-03"):
        project.deliver_month(month)
    done = project.run("run", "--from", "2010-01", "--to", "2024-02")
    assert done.returncode == 0
    assert project.months("client_scores") == ["2024-01", "2024-02"]
    # The rest is due, and said to be.
    assert "2024-03" in done.stdout
    assert project.run("run").returncode == 0
    assert project.months("client_scores") == ["2024-01", "2024-02", "2024-03"]
    assert "up to date" in project.run("run").stdout


def test_selected_tables_are_made_with_those_of_the_same_pass(project: Project) -> None:
    project.deliver_month("2024-01")
    done = project.run("run", "--select", "raw_pendo_export", "--select", "visitor_month")
    assert done.returncode == 0, done.stderr
    made = {path.parent.parent.name for path in project.lake.glob("*/month=*/data.parquet")}
    assert made == {
        "raw_pendo_export",
        "cleaned_usage",
        "visitor_month",
        "quarantine",
        "client_names",
        "visitor_activity",
        "feature_areas",
    }


def test_folders_may_come_from_the_environment(project: Project, tmp_path: Path) -> None:
    project.deliver_month("2024-01")
    elsewhere = tmp_path / "elsewhere"
    done = project.run(
        "run", HEALTHSCORE_LAKE=str(elsewhere), DAGSTER_HOME=str(tmp_path / "dagster")
    )
    assert done.returncode == 0, done.stderr
    assert (elsewhere / "client_scores" / "month=2024-01" / "data.parquet").exists()
    assert (tmp_path / "dagster" / "dagster.yaml").exists()
    assert not project.lake.exists()


def test_status_tells_what_each_month_holds_and_what_failed(project: Project) -> None:
    assert "No month has been run yet" in project.run("status").stdout
    project.deliver_month("2024-01")
    project.deliver("usage 2024-02.csv", HEADER + ",acme,1,5,2\nv-bolt,bolt,1,3,2\n")
    project.deliver("usage 2024-03.csv", HEADER + "v-bolt,bolt,1,900000000,2\n" * 2)
    assert project.run("run").returncode == 1
    printed = project.run("status").stdout.splitlines()
    lines = {line[:7]: line.split() for line in reversed(printed)}
    assert lines["2024-01"][1:6] == ["1", "2", "0", "0.0%", "2"]
    assert lines["2024-02"][1:4] == ["1", "2", "1"]
    assert lines["2024-03"][1:6] == ["1", "2", "-", "-", "-"]
    assert "failed" in lines["2024-03"]
    assert printed[-1].startswith("2024-03 failed: cleaned_usage.value: expected at most 1e+09")
    surveys = project.exports / "surveys"
    surveys.mkdir()
    (surveys / "s.csv").write_text(
        "Client,Date,NPS\nacme,2024-01-05,9\nacme,2024-02-06,11\nbolt,2024-02-07,3\n"
    )
    assert project.run("run").returncode == 1
    feeds = project.run("status").stdout.split("feed  ")[1].splitlines()
    assert [line.split() for line in feeds[:2]] == [
        ["months", "first", "last", "rows", "refused"],
        ["surveys", "2", "2024-01", "2024-02", "2", "1"],
    ]


def test_help_teaches(project: Project) -> None:
    for command in ("demo", "run", "scores", "status", "explain"):
        text = project.run(command, "--help", COLUMNS="100").stdout
        for option in ("--exports", "--lookups", "--lake", "--engine", "HEALTHSCORE_LAKE"):
            assert option in text, (command, option)


def test_demo_refuses_a_folder_with_other_files(project: Project) -> None:
    path = project.deliver_month("2024-01")
    (line,) = refused(project, "demo")
    assert path.name in line
    assert sorted(project.inbox.iterdir()) == [path]
