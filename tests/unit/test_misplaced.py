"""Whose a file among the exports is, and that what is read by nobody is told."""

from pathlib import Path

from healthscore_assets.signals.feeds import FEEDS
from healthscore_assets.signals.inbox import feed_of_path
from healthscore_assets.signals.misplaced import misplaced


def test_folders_and_files_of_no_feed_are_told_with_where_they_belong(tmp_path: Path) -> None:
    for name in ("pendo/a.csv", "surveys/old/b.csv", "tickets/c.csv", "zzz/d.csv", ".git/e"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("a")
    (tmp_path / "loose.csv").write_text("a")
    (tmp_path / "empty").mkdir()
    feeds = (
        "pendo, accounts, support_tickets, surveys, invoices, touchpoints, stakeholders, renewals"
    )
    assert misplaced(tmp_path, "pendo") == [
        f"{tmp_path}/tickets: is not read, since no feed has that name; name it support_tickets",
        f"{tmp_path}/zzz: is not read, since no feed has that name; the folders of feeds are "
        f"{feeds}",
        f"{tmp_path}/loose.csv: is not read; put it into the folder of its feed: {feeds}",
    ]
    assert misplaced(tmp_path / "nowhere", "pendo") == []


def test_the_folder_of_a_feed_tells_and_not_those_above_the_exports() -> None:
    exports = Path("/srv/accounts/exports")
    assert feed_of_path(exports / "surveys" / "old" / "a.csv", exports) is FEEDS["surveys"]
    assert feed_of_path(exports / "pendo" / "surveys" / "a.csv", exports) is None
    assert feed_of_path(exports / "a.csv", exports) is None
    assert feed_of_path(Path("/home/ann/surveys/a.csv"), exports) is FEEDS["surveys"]
    assert feed_of_path(Path("/home/accounts/Downloads/a.csv"), exports) is None
