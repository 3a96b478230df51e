"""``healthscore check`` as a user meets it: what exports would give, and nothing written."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from intake.binary import workbook
from project import HEADER, Project

GOOD = HEADER + "v-acme,acme,1,5,2\nv-bolt,bolt,1,3,0\n"
EVENTS = "accountId,visitorId,featureId,day,numEvents,numMinutes\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Default settings: of these small files one bad row is too much."""
    project = Project.make(tmp_path)
    project.lookup("scoring.yaml", "")
    return project


def shown(project: Project, *files: str | Path) -> list[str]:
    """What a check of good files prints."""
    done = project.run("check", *map(str, files))
    assert (done.returncode, done.stderr) == (0, "")
    return [line.strip() for line in done.stdout.splitlines() if line]


def refused(project: Project, *files: str | Path) -> tuple[list[str], list[str]]:
    """What a check that finds a problem prints, and its lines on standard error."""
    done = project.run("check", *map(str, files))
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    return [line.strip() for line in done.stdout.splitlines() if line], done.stderr.splitlines()


def test_a_good_file_is_shown_as_it_would_load_and_nothing_is_written(
    project: Project, tmp_path: Path
) -> None:
    path = project.deliver(
        "usage 2024-05.csv",
        "Pulled by Ann\n"
        "Visitor ID;Account ID;E-mail;Clicks for Team | Chat;Clicks for Labs, new;"
        "Page Views for Home;Zip\n"
        "v1;acme;a@acme.example;5;2;1;8001\n"
        "v2;acme;b@vendor.example;0;3;--;8002\n"
        "v3;bolt;c@bolt.example;;0;;8003\n",
    )
    before = sorted(tmp_path.rglob("*"))
    assert shown(project, path) == [
        "usage 2024-05.csv",
        "a row per visitor, a column per feature, 2024-05 (by its name), header in row 2, "
        "semicolons",
        "visitor_id     'Visitor ID'",
        "client_id      'Account ID'",
        "email          'E-mail'",
        'clicks         2 features: Team | Chat, "Labs, new"',
        "page_views     1 feature: Home",
        "not read       Zip",
        "2024-05",
        "3 rows, 1 above the header",
        "2 clients, 3 visitors (1 internal)",
        "clicks         10  (scored)",
        "page_views     1",
        "2 cells are zero, 3 not collected",
        # A line to paste: the name holds a comma.
        "without an area: 1 feature; lines for product_areas.csv:",
        '"Labs, new",    (5 clicks)',
    ]
    assert sorted(tmp_path.rglob("*")) == before


def test_bad_rows_are_counted_and_the_first_of_each_reason_shown(project: Project) -> None:
    project.lookup("scoring.yaml", "largest_quarantined_share: 0.5\n")
    path = project.deliver(
        "usage 2024-05.csv",
        HEADER
        + "v1,acme,1,5,2\nv2,acme,1,many,1\nv3,acme,1,-4,1\nv4,bolt,1,few,1\n"
        + ",acme,1,7,2\n,bolt,1,0,9\n_PENDO_T_1,bolt,1,1,0\n",
    )
    lines = shown(project, path)
    at = lines.index("quarantine: 2 rows, the row names no visitor")
    # A row with two positive cells has two lines: they make one refused row.
    assert lines[at : at + 4] == [
        "quarantine: 2 rows, the row names no visitor",
        "usage 2024-05.csv, row 6, column 'Clicks for Reports | Charts': '7'",
        "usage 2024-05.csv, row 6, column 'Clicks for Team | Chat': '2'",
        "usage 2024-05.csv, row 7, column 'Clicks for Team | Chat': '9'",
    ]
    at = lines.index("quarantine: 2 cells, a metric cell that is not a number")
    assert lines[at + 1 : at + 3] == [
        "usage 2024-05.csv, row 3, column 'Clicks for Reports | Charts': 'many'",
        "usage 2024-05.csv, row 5, column 'Clicks for Reports | Charts': 'few'",
    ]
    assert "usage 2024-05.csv, row 4, column 'Clicks for Reports | Charts': '-4'" in lines
    assert "usage 2024-05.csv, row 8, column 'Clicks for Reports | Charts': '1'" in lines


def test_every_problem_of_several_files_is_one_line_and_the_good_file_is_shown(
    project: Project,
) -> None:
    names = {
        "good 2024-01.csv": GOOD,
        "text 2024-02.csv": HEADER + "v-acme,acme,1,often,2\n",
        "share 2024-03.csv": HEADER + "v-acme,acme,1,5,2\n,bolt,1,3,2\n",
        "no month.csv": GOOD + "\n",
        "no client 2024-04.csv": "Visitor ID,Clicks for Team | Chat\nv-acme,1\n",
        "future 2071-02.csv": GOOD + "\n\n",
    }
    paths = [project.deliver(name, text) for name, text in names.items()]
    lines, problems = refused(project, *paths, "nowhere.csv")
    assert {line.split(",")[0].split(":")[0] for line in problems} == {
        *names,
        "nowhere.csv",
    } - {"good 2024-01.csv"}
    by_file = {line.split(",")[0].split(":")[0]: line for line in problems}
    assert len(problems) == len(by_file)
    assert by_file["text 2024-02.csv"] == (
        "text 2024-02.csv, row 2, column 'Clicks for Reports | Charts': the column holds text, "
        "not numbers (the first: 'often'); expected clicks of feature 'Reports | Charts'; "
        "correct or delete it"
    )
    assert by_file["share 2024-03.csv"].startswith(
        "share 2024-03.csv, row 3: 1 of 2 rows cannot be used (50.0%, at most 5.0% is allowed)"
    )
    assert "its month cannot be told" in by_file["no month.csv"]
    assert "no client column among 2 columns" in by_file["no client 2024-04.csv"]
    assert "tells of 2071-02" in by_file["future 2071-02.csv"]
    assert by_file["nowhere.csv"] == "nowhere.csv: no such file; check the name"
    assert "2 clients, 2 visitors (0 internal)" in lines
    # What is too much is shown all the same: a person has to find it.
    assert "share 2024-03.csv, row 3, column 'Clicks for Reports | Charts': '3'" in lines
    assert not project.lake.exists()


def test_two_files_of_the_same_usage_are_both_named(project: Project) -> None:
    paths = [project.deliver("a 2024-05.csv", GOOD), project.deliver("b 2024-05.csv", GOOD + "\n")]
    _, (line,) = refused(project, *paths)
    assert line.startswith("a 2024-05.csv: tells of the same usage as b 2024-05.csv (3 times; ")
    # The same bytes are no overlap: they count once.
    paths[1].write_text(GOOD)
    assert "2 rows" in shown(project, *paths)


def test_each_sheet_of_a_workbook_is_shown(project: Project) -> None:
    header = ("Account ID", "Visitor ID", "Clicks for Team | Chat")
    sheets = {
        "Notes": (("Pulled by Ann",),),
        "EMEA": (header, ("acme", "v1", 3)),
        "US": (header, ("bolt", "v2", 4)),
    }
    lines = shown(project, project.deliver("usage 2024-05.xlsx", workbook(sheets)))
    assert [line for line in lines if line.startswith("usage")] == [
        "usage 2024-05.xlsx#EMEA",
        "usage 2024-05.xlsx#US",
    ]
    assert "2 clients, 2 visitors (0 internal)" in lines
    assert "clicks         7  (scored)" in lines


def test_events_are_shown_by_month_with_the_names_of_their_features(project: Project) -> None:
    events = project.deliver(
        "events.csv",
        EVENTS
        + "acme,v1,f1,2024-05-31,3,1\nacme,v1,f2,2024-06-01,4,0\nbolt,v2,f1,2024-06-02,1,0\n",
    )
    names = project.deliver("features.csv", "featureId,name\nf1,Team | Chat\nf2,Labs | Beta\n")
    lines = shown(project, events, names)
    assert "a row per use of a feature, 2024-05, 2024-06 (by 'day')" in lines
    assert "names of 2 features, for the exports beside it" in lines
    may, june = lines.index("2024-05"), lines.index("2024-06")
    assert lines[may + 1 : may + 4] == [
        "1 row",
        "1 client, 1 visitor (0 internal)",
        "clicks         3  (scored)",
    ]
    assert "Labs | Beta,    (4 clicks)" in lines[june:]


def test_a_month_that_is_not_whole_is_said_to_be_partial(project: Project) -> None:
    path = project.deliver("usage Apr 1 - Apr 16, 2024.csv", GOOD)
    path.with_name(path.name + ".yaml").write_text("window: month\n")
    current = datetime.now(UTC).strftime("%Y-%m")
    lines = shown(project, path, project.deliver(f"usage {current}.csv", GOOD + "\n"))
    assert "2024-04, partial" in lines
    assert f"{current}, partial: the month is not over" in lines


def test_accounts_without_visitors_in_a_file_outside_the_inbox(
    project: Project, tmp_path: Path
) -> None:
    project.inbox.rmdir()
    downloads = tmp_path / "Downloads"
    downloads.mkdir()
    (downloads / "usage 2024-05.csv").write_text("Account ID,Clicks for Team | Chat\nacme,9\n")
    assert shown(project, "Downloads/usage 2024-05.csv") == [
        "usage 2024-05.csv",
        "a row per account, a column per feature, no visitors, 2024-05 (by its name)",
        "client_id      'Account ID'",
        "clicks         1 feature: Team | Chat",
        "2024-05",
        "1 row",
        "1 client, no visitors: per-user scores will be null",
        "clicks         9  (scored)",
        "0 cells are zero, 0 not collected",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Downloads", "exports", "lookups"]


def test_features_with_nearly_the_same_name_come_with_a_line_for_the_lookup(
    project: Project,
) -> None:
    path = project.deliver(
        "usage 2024-05.csv",
        "Visitor ID,Account ID,Clicks for Team | Chat,Clicks for Team | Chat - Old\nv,acme,1,2\n",
    )
    lines = shown(project, path)
    (line,) = [line for line in lines if "is nearly" in line]
    assert "'Team | Chat - Old' is nearly 'Team | Chat'" in line
    assert "Team | Chat - Old,Team" in line


def deliver_to(project: Project, feed: str, name: str, text: str) -> Path:
    path = project.exports / feed / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


TICKETS = (
    "Id,Organization,Created at,Solved at,Group\n"
    "1,acme,2024-04-30,2024-05-02,x\n2,bolt,2024-05-03,,x\n3,bolt,2024-05-04,,x\n"
)


def test_a_feed_is_shown_as_it_would_load_and_nothing_is_written(
    project: Project, tmp_path: Path
) -> None:
    project.lookup("excluded_accounts.csv", "client_id,reason\nbolt,ours\n")
    april = deliver_to(project, "support_tickets", "t 2024-04.csv", TICKETS.split("2,bolt")[0])
    may = deliver_to(project, "support_tickets", "t 2024-05.csv", "Export\n" + TICKETS)
    before = sorted(tmp_path.rglob("*"))
    lines = shown(project, april, may)
    at = lines.index("support_tickets/t 2024-05.csv")
    assert lines[at:] == [
        "support_tickets/t 2024-05.csv",
        "support_tickets, 2024-04 to 2024-05, as of 2024-05-31, header in row 2",
        "ticket_id      'Id'",
        "client_id      'Organization'",
        "created        'Created at'",
        "closed         'Solved at'",
        "not read       Group",
        "3 rows: 3 can be used, 0 refused, 0 blank",
        "support_tickets by month",
        "2024-04  1 row of 2 (1 told again by another)",
        "2024-05  1 row of 3 (2 of excluded accounts)",
    ]
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_wrong_with_feeds_is_one_line_each_and_shown(project: Project) -> None:
    survey = deliver_to(
        project, "surveys", "s.csv", "Client,Date,NPS\nacme,2024-05-01,11\nbolt,2024-05-02,9\n"
    )
    nobody = deliver_to(project, "surveys", "n.csv", "Who,Date,NPS\nacme,2024-05-01,1\n")
    a = deliver_to(project, "accounts", "a_2024-05-31.csv", "Client,Seats\nacme,1\nbolt,2\n")
    b = deliver_to(project, "accounts", "b_2024-05-31.csv", "Client,Seats\nacme,3\nbolt,2\n")
    lines, problems = refused(project, survey, nobody, a, b)
    assert problems == [
        "accounts/a_2024-05-31.csv: it and accounts/b_2024-05-31.csv tell different things of "
        "client 'acme' on 2024-05-31; keep the one that is right",
        "surveys/s.csv, row 2, column 'NPS': '11' is not used: a number beyond what the column can "
        "hold, expected a whole number from 0 to 10; 1 of 2 rows are wrong in this or another way, "
        "at most 5.0% may be; correct the file, or raise largest_quarantined_share in scoring.yaml",
        "surveys/n.csv, row 1: no column tells the client of a row; its headers are 'Who', 'Date', "
        "'NPS'; expected one such as client id, client, account id, account; or put its header "
        "into column_aliases.csv as surveys.client_id",
    ]
    at = lines.index("2 rows: 1 can be used, 1 refused, 0 blank")
    assert lines[at + 1 : at + 3] == [
        "quarantine: 1 line, a number beyond what the column can hold",
        "row 2, column 'NPS': '11'",
    ]
    assert "2024-05  refused: see below" in lines


def test_a_feed_from_anywhere_is_recognised_and_told_where_it_belongs(
    project: Project, tmp_path: Path
) -> None:
    (tmp_path / "Downloads").mkdir()
    (tmp_path / "Downloads" / "export.csv").write_text(TICKETS)
    lines, problems = refused(project, "Downloads/export.csv")
    assert lines[1] == "support_tickets, 2024-04 to 2024-05, as of 2024-05-04"
    assert problems == [
        f"export.csv: reads like support_tickets; put it in {project.exports}/support_tickets"
    ]
    # Among the usage it is what a run would refuse.
    _, (line,) = refused(project, project.deliver("export.csv", TICKETS))
    assert line.startswith("export.csv")
    assert "reads like" not in line


def test_a_table_of_a_connector_that_is_refused_is_no_feed(
    project: Project, tmp_path: Path
) -> None:
    """Its columns would do for accounts; its name says what it is."""
    (tmp_path / "Downloads").mkdir()
    table = "id,name,group_id,last_updated_at\nf0,Board,g1,2024-01-01T00:00:00Z\n"
    (tmp_path / "Downloads" / "feature_history.csv").write_text(table)
    _, (line,) = refused(project, "Downloads/feature_history.csv")
    assert line.startswith("feature_history.csv, row 1: 'id' could be the id of the client or")


def test_a_sentiment_model_that_cannot_be_opened_is_told_before_anything_runs(
    project: Project,
) -> None:
    project.lookup("scoring.yaml", "sentiment_model: models/none\n")
    project.deliver("usage 2024-05.csv", GOOD)
    for arguments in (["check", "exports/pendo/usage 2024-05.csv"], ["run"]):
        done = project.run(*arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f"{project.lookups}/scoring.yaml, setting sentiment_model: sentiment model "
            f"{project.lookups}/models/none: no such folder; models are read from disk only: "
            "download it, give its folder\n"
        )
    assert not project.lake.exists()
