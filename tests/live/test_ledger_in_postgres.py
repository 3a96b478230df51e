"""The alert ledger in Postgres: the same examples as in a file, and what only a server can do."""

import itertools
from collections.abc import Iterator
from contextlib import closing
from multiprocessing import get_context

import psycopg2
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from examples import examples
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from ledger_examples import AT, MAY, LedgerExamples, dump, state
from ledger_machine import LedgerMachine
from postgres import USER, Postgres

from healthscore_assets.delivery.outbox.tables import MESSAGES
from healthscore_assets.risk.ledger.ledger import open_ledger
from healthscore_assets.risk.ledger.migrating import VERSION_TABLE
from healthscore_assets.risk.ledger.refused import LedgerRefused
from healthscore_assets.risk.ledger.tables import METADATA
from healthscore_assets.risk.ledger.unavailable import LedgerUnavailable

_NUMBERS = itertools.count()


def empty_database(database: Postgres) -> str:
    """The URL of a new one."""
    name = f"ledger_{next(_NUMBERS)}"
    database.database(name)
    return f"postgresql://{USER}@127.0.0.1:{database.port}/{name}"


def run(place: str, *statements: str) -> None:
    with closing(psycopg2.connect(place)) as connection, connection:
        for statement in statements:
            connection.cursor().execute(statement)


@pytest.fixture
def place(database: Postgres) -> str:
    return empty_database(database)


class TestInPostgres(LedgerExamples):
    """Every example, in a database of its own."""


def test_the_ledger_is_as_remembered_whatever_happens(database: Postgres) -> None:
    place = empty_database(database)

    class LedgerInPostgres(LedgerMachine):
        def empty_place(self) -> Iterator[str]:
            names = ", ".join(METADATA.tables)
            open_ledger(place).close()
            run(
                place,
                f"TRUNCATE {names}",
                "INSERT INTO alert_ledger_state (id) VALUES (1)",
            )
            yield place

    run_state_machine_as_test(
        LedgerInPostgres, settings=settings(examples(15), stateful_step_count=25)
    )


def test_alembic_finds_nothing_left_to_migrate(place: str) -> None:
    open_ledger(place).close()
    engine = sa.create_engine(place)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert MESSAGES.name in METADATA.tables  # the outbox's, too
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_it_lives_beside_the_tables_of_dagster(place: str) -> None:
    run(
        place,
        "CREATE TABLE alembic_version (version_num TEXT)",
        "INSERT INTO alembic_version VALUES ('of dagster')",
    )
    with open_ledger(place) as ledger:
        ledger.sync(MAY, [state("a")], AT)
        before = dump(ledger)
    with open_ledger(place) as ledger:
        assert dump(ledger) == before
    with closing(psycopg2.connect(place)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT version_num FROM alembic_version")
        assert cursor.fetchall() == [("of dagster",)]


def open_at_once(place: str, start: object) -> None:
    start.wait(60)  # type: ignore[attr-defined]
    open_ledger(place).close()


def test_processes_that_open_it_at_once_make_it_once(place: str) -> None:
    context = get_context("spawn")
    start = context.Barrier(4)
    processes = [context.Process(target=open_at_once, args=(place, start)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    with open_ledger(place) as ledger:
        assert ledger.sync(MAY, [state("a")], AT) == {"opened": 1}


def test_a_newer_version_is_refused(place: str) -> None:
    open_ledger(place).close()
    run(place, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(LedgerRefused, match="is of version 9999, and this healthscore knows"):
        open_ledger(place)


def test_a_user_who_may_not_create_tables_is_refused(place: str) -> None:
    run(place, "CREATE ROLE reader LOGIN")
    with pytest.raises(LedgerRefused) as refused:
        open_ledger(place.replace(f"{USER}@", "reader:s3cret@"))
    message = str(refused.value)
    assert "permission denied for schema public" in message
    assert message.endswith("; let the user create tables in the database")
    assert "s3cret" not in message
    assert "\n" not in message


def test_a_database_that_is_not_there_is_told(database: Postgres) -> None:
    with pytest.raises(LedgerUnavailable) as unavailable:
        open_ledger(f"postgresql://{USER}:s3cret@127.0.0.1:{database.port}/nowhere")
    message = str(unavailable.value)
    assert 'database "nowhere" does not exist' in message
    assert "s3cret" not in message
    assert "\n" not in message
