"""The alert ledger in a SQLite file: what it does, its migrations, what it refuses."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from ledger_examples import AT, MAY, LedgerExamples, dump, state

from healthscore_assets.delivery.outbox.tables import MESSAGES, NOTES, TOLD
from healthscore_assets.risk.ledger.ledger import open_ledger
from healthscore_assets.risk.ledger.migrating import VERSION_TABLE
from healthscore_assets.risk.ledger.place import ledger_place
from healthscore_assets.risk.ledger.refused import LedgerRefused
from healthscore_assets.risk.ledger.tables import METADATA
from healthscore_assets.risk.ledger.unavailable import LedgerUnavailable


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "kept" / "alerts.db")


class TestInAFile(LedgerExamples):
    """Every example, in a file whose folder is not there yet."""


# ----------------------------------------------------------------------------------- migrations


def schema(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {" ".join(sql.replace('"', "").split()) for (sql,) in rows}


def test_migrations_lead_to_the_tables_as_declared(tmp_path: Path) -> None:
    open_ledger(str(tmp_path / "migrated.db")).close()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'declared.db'}")
    METADATA.create_all(engine)
    engine.dispose()
    migrated = {sql for sql in schema(tmp_path / "migrated.db") if VERSION_TABLE not in sql}
    assert migrated == schema(tmp_path / "declared.db")
    assert {MESSAGES.name, NOTES.name, TOLD.name} <= {*METADATA.tables}  # and the ledger's three
    assert len(migrated) == 14  # six tables, eight indexes


def test_alembic_finds_nothing_left_to_migrate(place: str) -> None:
    open_ledger(place).close()
    engine = sa.create_engine(f"sqlite:///{place}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_tables_of_others_are_left_alone(place: str) -> None:
    Path(place).parent.mkdir()
    with closing(sqlite3.connect(place)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('of dagster')")
    with open_ledger(place) as ledger:
        ledger.sync(MAY, [state("a")], AT)
    with closing(sqlite3.connect(place)) as connection:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert found == [("of dagster",)]


def test_a_newer_version_is_refused_and_left_as_it_is(place: str) -> None:
    with open_ledger(place) as ledger:
        ledger.sync(MAY, [state("a")], AT)
        before = dump(ledger)
    with closing(sqlite3.connect(place)) as connection, connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(LedgerRefused) as refused:
        open_ledger(place)
    assert str(refused.value) == (
        f"alert ledger {place}: is of version 9999, and this healthscore knows those up to 0002; "
        "use the newer healthscore that wrote it"
    )
    with closing(sqlite3.connect(place)) as connection, connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '0002'")
    with open_ledger(place) as ledger:
        assert dump(ledger) == before


def test_a_ledger_of_the_first_version_keeps_all_it_holds(place: str) -> None:
    with open_ledger(place) as ledger:
        ledger.sync(MAY, [state("a")], AT)
        before = dump(ledger)
    with closing(sqlite3.connect(place)) as connection, connection:
        for table in (TOLD, NOTES, MESSAGES):
            connection.execute(f"DROP TABLE {table.name}")
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '0001'")
    with open_ledger(place) as ledger:
        assert dump(ledger) == before
    assert "delivery_messages" in " ".join(schema(Path(place)))


# --------------------------------------------------------------------------- what cannot be opened


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "alerts.csv"
    path.write_text("client,rule\n" * 100)
    with pytest.raises(LedgerRefused) as refused:
        open_ledger(str(path))
    assert str(refused.value) == (
        f"alert ledger {path}: file is not a database; "
        "expected a SQLite file that can be written; name another, or restore it"
    )
    assert path.read_text() == "client,rule\n" * 100


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerRefused) as refused:
        open_ledger(str(tmp_path))
    assert str(refused.value) == (
        f"alert ledger {tmp_path}: unable to open database file; "
        "expected a SQLite file that can be written; name another, or restore it"
    )


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerRefused) as refused:
        open_ledger(str(tmp_path / "file" / "alerts.db"))
    assert str(refused.value) == (
        f"alert ledger {tmp_path}/file/alerts.db: its folder cannot be made (File exists); "
        "name a file in a folder that can be written"
    )


def test_a_folder_that_cannot_be_written_is_refused() -> None:
    # Not even by root.
    with pytest.raises(LedgerRefused, match=r"alert ledger /proc/alerts\.db: "):
        open_ledger("/proc/alerts.db")


def test_a_file_that_somebody_holds_is_unavailable(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthscore_assets.risk.ledger.database._PATIENCE", 0)
    with open_ledger(place) as ledger, closing(sqlite3.connect(place)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnavailable) as unavailable:
            ledger.sync(MAY, [state("a")], AT)
        assert str(unavailable.value) == (
            f"alert ledger {place}: database is locked; "
            "try again, and look for a process that holds it or a disk that is full"
        )
        other.rollback()
        assert ledger.sync(MAY, [state("a")], AT) == {"opened": 1}


def test_a_server_that_does_not_answer_is_unavailable_and_its_password_not_told() -> None:
    with pytest.raises(LedgerUnavailable) as unavailable:
        open_ledger("postgresql://ann:s3cret@127.0.0.1:1/health?password=s3cret&connect_timeout=5")
    message = str(unavailable.value)
    assert message.startswith("alert ledger postgresql://ann@127.0.0.1:1/health: connection to")
    assert message.endswith("is the server up, and are user, password and database right?")
    assert "\n" not in message
    assert "s3cret" not in message


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mysql://ann:s3cret@host/db", "alert ledger mysql://...: is not a Postgres URL; give"),
        ("postgres://ann:s3cret@host/db", "alert ledger postgres://...: is not a Postgres URL"),
        ("postgresql://ann:s3@cret@host/db", "write those of the password as %40"),
        ("postgresql://ann:s3cret@host:5a/db", "alert ledger postgresql://...: is not a URL"),
        ("ann:s3cret@postgresql://host/db", "alert ledger ...://...: is not a URL"),
        ("postgresql+nodriver://ann:s3cret@host/db", "the Postgres driver is not installed"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_and_its_password_not_told(
    url: str, expected: str
) -> None:
    with pytest.raises(LedgerRefused) as refused:
        open_ledger(url)
    assert expected in str(refused.value)
    assert "cret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_password_may_hold_anything_percent_encoded() -> None:
    place = ledger_place("postgresql://ann:s3%40cret%2F@host/health")
    assert place.url.password == "s3@cret/"
    assert place.shown == "postgresql://ann@host/health"


def test_the_tables_hold_by_themselves_that_an_alert_is_open_once(place: str) -> None:
    with open_ledger(place) as ledger:
        ledger.sync(MAY, [state("a")], AT)
    with closing(sqlite3.connect(place)) as connection:
        columns = "client_id, client_name, rule, tier, opened_month, status, evidence, playbook"
        columns += ", owner, due_date, folded"
        copy = f"INSERT INTO alert_ledger (alert_id, {columns}) SELECT 'x', {columns}"
        with pytest.raises(sqlite3.IntegrityError, match=r"UNIQUE.*client_id, .*\.rule"):
            connection.execute(f"{copy} FROM alert_ledger")
        columns = "alert_id, tier, month, at, text"
        copy = f"INSERT INTO alert_ledger_events (kind, {columns}) SELECT 'escalated', {columns}"
        with pytest.raises(sqlite3.IntegrityError, match=r"UNIQUE.*alert_id, .*\.tier"):
            connection.execute(f"{copy} FROM alert_ledger_events")
