"""What lies among the exports and is read by nobody is told."""

from pathlib import Path

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
