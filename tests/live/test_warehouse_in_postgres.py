"""Usage from a real Postgres: every example, and what only a server can do."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from postgres import USER, Postgres
from warehouse_examples import EVENTS, Given, WarehouseExamples, event, memory_of_a_large_month

from healthscore_assets.lookups.sources_settings import Warehouse
from healthscore_assets.pendo.warehouse import connection
from healthscore_assets.pendo.warehouse.failed import WarehouseFailed
from healthscore_assets.pendo.warehouse.report import File

_NUMBERS = itertools.count()


@pytest.fixture
def given(database: Postgres, tmp_path: Path) -> Given:
    name = f"warehouse_{next(_NUMBERS)}"
    database.database(name)
    url = f"postgresql://{USER}@127.0.0.1:{database.port}/{name}"

    def sql(statements: str) -> None:
        with psycopg.connect(url) as connection:
            connection.execute(statements)

    sql(f"ALTER DATABASE {name} SET timezone = 'Asia/Kathmandu'")  # quarter hours, ahead of UTC
    return Given("postgres", url, sql, tmp_path)


class TestInPostgres(WarehouseExamples):
    """Every example, in a database of its own."""


# ----------------------------------------------------------------------------------- types


def test_types_of_postgres_alone_are_read_as_text(given: Given) -> None:
    given.sql(
        "CREATE TYPE kind AS ENUM ('board', 'list'); CREATE DOMAIN code AS varchar(8);"
        "CREATE TABLE own (account code, visitor char(6), feature kind, day date, count smallint,"
        " extra jsonb, address inet, spent interval);"
        "INSERT INTO own VALUES ('007', 'ann', 'list', '2024-05-02', 3, '{}', '10.0.0.1', '1 h');"
    )
    for setting in ({"table": "own"}, {"query": "SELECT * FROM own"}):
        given.refresh(**setting)
        (row,) = given.rows("usage 2024-05")
        assert [str(row[name]).strip() for name in ("account", "visitor", "feature", "count")] == [
            *("007", "ann", "list", "3")
        ]
        assert "extra" not in row


def test_times_that_no_clock_shows_are_left_out(given: Given) -> None:
    given.sql(EVENTS + event("infinity") + event("-infinity") + event("2024-05-02 00:00:00+00"))
    report = given.refresh()
    assert (len(report.files), report.elsewhere) == (1, 2)


def test_numbers_that_are_none(given: Given) -> None:
    given.sql(
        "CREATE TABLE odd (account text, feature text, day date, clicks numeric, minutes float8);"
        "INSERT INTO odd VALUES ('a', 'f', '2024-05-02', 'NaN', 'NaN'), ('b', 'f', '2024-05-02',"
        " 123456789012345678901234567890.5, 1e300);"
    )
    given.refresh(table="odd")
    assert [str(value) for value in given.column("usage 2024-05", "clicks")] == [
        *("nan", "1.2345678901234568e+29")
    ]


def test_views_and_materialised_views_are_tables_too(given: Given) -> None:
    given.sql(EVENTS + event("2024-05-02 00:00:00+00", 3))
    given.sql("CREATE MATERIALIZED VIEW kept AS SELECT * FROM pendo.feature_event;")
    given.refresh(table="public.kept")
    assert given.column("usage 2024-05", "num_events") == [3]


def test_a_query_may_hold_percent_signs_and_a_comment(given: Given) -> None:
    given.sql(EVENTS + event("2024-05-02 00:00:00+00", 3) + event("2024-05-02 01:00:00+00", 9, "b"))
    given.refresh(
        query="-- clients whose id begins so: 100 %s\n"
        "SELECT * FROM pendo.feature_event WHERE account_id LIKE 'a%' AND num_events % 2 = 1"
    )
    assert given.column("usage 2024-05", "num_events") == [3]


# -------------------------------------------------------------------------------- refusals


def test_a_query_cannot_write(given: Given) -> None:
    given.sql(
        EVENTS + event("2024-05-02 00:00:00+00") + "CREATE FUNCTION emptied() RETURNS bigint"
        " LANGUAGE sql AS $$ DELETE FROM pendo.feature_event; SELECT 1::bigint; $$;"
    )
    query = "SELECT *, emptied() AS page_views FROM pendo.feature_event"
    assert "cannot execute DELETE in a read-only transaction" in given.refused(query=query)
    given.refresh()
    assert len(given.rows("feature_event 2024-05")) == 1


def test_a_user_who_may_not_read_is_told(given: Given) -> None:
    reader = f"reader_{next(_NUMBERS)}"
    given.sql(EVENTS + event("2024-05-02 00:00:00+00"))
    given.sql(f"CREATE ROLE {reader} LOGIN; GRANT USAGE ON SCHEMA pendo TO {reader};")
    mine = Given("postgres", given.url.replace(f"{USER}@", f"{reader}@", 1), given.sql, given.root)
    assert "permission denied for table feature_event" in mine.refused()
    given.sql(f"GRANT SELECT ON pendo.feature_event TO {reader};")
    assert mine.refresh().files[0].rows == 1


def test_a_wrong_password_is_told_without_it(given: Given) -> None:
    with _passwords(given) as user:
        for password, says in [
            ("gehe%2Fim", None),
            ("wrong%2Fone", f'password authentication failed for user "{user}"'),
        ]:
            url = given.url.replace(f"{USER}@", f"{user}:{password}@", 1)
            mine = Given("postgres", url, given.sql, given.root)
            line = mine.refused()
            assert (says or "no table feature_event in pendo") in line
            assert "wrong" not in line


@contextmanager
def _passwords(given: Given) -> Iterator[str]:
    """A user who needs one, for a while: the others of this server need none."""
    user = f"careful_{next(_NUMBERS)}"
    with psycopg.connect(given.url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {user} LOGIN PASSWORD 'gehe/im'")
        (found,) = connection.execute("SHOW hba_file").fetchone() or ("",)
        rules = Path(found)
        before = rules.read_text()
        try:
            rules.write_text(f"host all {user} 127.0.0.1/32 scram-sha-256\n{before}")
            connection.execute("SELECT pg_reload_conf()")
            yield user
        finally:
            rules.write_text(before)
            connection.execute("SELECT pg_reload_conf()")


def test_a_connection_that_breaks_leaves_what_was_fetched(given: Given) -> None:
    given.sql(EVENTS + event("2024-04-02 00:00:00+00", 3) + event("2024-05-02 00:00:00+00", 4))

    def ended_by_an_operator(file: File) -> None:
        assert file.month == "2024-04"
        given.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    with pytest.raises(WarehouseFailed, match="try again if the server was away"):
        given.refresh(tell=ended_by_an_operator)
    assert list(given.files()) == ["feature_event 2024-04.parquet"]
    assert [file.month for file in given.refresh().files] == ["2024-05"]


def test_memory_does_not_grow_with_a_month(given: Given) -> None:
    memory_of_a_large_month(given)


def test_a_table_that_somebody_locked_is_told(
    given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connection._LIMITS == {"lock_timeout": "2min", "statement_timeout": "30min"}
    monkeypatch.setitem(connection._LIMITS, "lock_timeout", "200ms")
    given.sql(EVENTS + event("2024-05-02 00:00:00+00"))
    with psycopg.connect(given.url) as other:
        other.execute("LOCK TABLE pendo.feature_event")
        assert "canceling statement due to lock timeout" in given.refused()
    assert len(given.refresh().files) == 1


def test_limits_of_time_in_the_url_count(given: Given) -> None:
    settings = Warehouse(backend="postgres", schema="pendo")
    for options, limit in (("", "30min"), ("?options=-c%20statement_timeout%3D7s", "7s")):
        with connection.connected(settings, given.url + options, given.root) as opened:
            (row,) = opened.rows(opened.query("SELECT current_setting('statement_timeout') AS t"))
        assert row == {"t": limit}
