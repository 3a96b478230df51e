"""Opening a warehouse: what URLs are refused, what is hidden, and that nothing is written."""

from pathlib import Path

import duckdb
import ibis
import ibis.expr.datatypes as dt
import pytest
from warehouse_examples import EVENTS, Given, event

from healthscore_assets.lookups.sources_settings import Warehouse
from healthscore_assets.pendo.headers.grammar import Vocabulary
from healthscore_assets.pendo.warehouse.connection import connected
from healthscore_assets.pendo.warehouse.connection_url import problem_of_url, without_secrets
from healthscore_assets.pendo.warehouse.failed import WarehouseFailed
from healthscore_assets.pendo.warehouse.fingerprints import of_months
from healthscore_assets.pendo.warehouse.tables import usage_of


def refusal(backend: str, url: str, tmp_path: Path) -> str:
    settings = Warehouse(backend=backend, schema="pendo")
    with pytest.raises(WarehouseFailed) as failed, connected(settings, url, tmp_path):
        pass
    line = str(failed.value)
    assert "\n" not in line
    assert "HEALTHSCORE_WAREHOUSE" in line or "pip install" in line
    return line


@pytest.mark.parametrize(
    ("backend", "url"),
    [
        ("postgres", "host=db.example password=geheim"),
        ("postgres", "postgresql+psycopg://ann:geheim@db.example/usage"),
        ("postgres", "postgresql://ann:geh/eim@db.example/usage"),
        ("postgres", "postgresql://ann:geh@eim@db.example/usage"),
        ("postgres", "postgresql://ann:geh:eim@db.example:x/usage"),
        ("snowflake", "postgresql://ann:geheim@db.example/usage"),
        ("bigquery", "usage"),
    ],
)
def test_what_is_no_url_is_refused_and_not_repeated(backend: str, url: str, tmp_path: Path) -> None:
    line = refusal(backend, url, tmp_path)
    assert "is no URL such as" in line
    assert not any(part in line for part in ("geh", "eim", "db.example"))


@pytest.mark.parametrize(
    "url",
    [
        "postgres://ann:geheim@db.example/usage",
        "postgresql://ann:ge%2Fheim@db.example:5432/usage?sslmode=require",
        "postgresql:///usage?host=/run/postgresql",
    ],
)
def test_urls_of_postgres(url: str) -> None:
    assert problem_of_url("postgres", url) is None


def test_a_server_that_is_not_there_is_one_line_without_the_password(tmp_path: Path) -> None:
    line = refusal("postgres", "postgresql://ann:geheim@127.0.0.1:1/usage", tmp_path)
    assert "postgres cannot be opened" in line
    assert "127.0.0.1" in line
    assert "Connection refused" in line
    assert "geheim" not in line


def test_words_of_a_driver_lose_the_password_in_both_spellings_and_keys() -> None:
    url = "snowflake://ann:ge%2Fheim@account/USAGE?warehouse=WH&token=abc123"
    said = f"cannot log in\n to {url} as ann, ge/heim, ge%2Fheim, token abc123, warehouse WH"
    told = without_secrets(said, url)
    assert told == "cannot log in to *** as ann, ***, ***, token ***, warehouse WH"


@pytest.mark.parametrize(
    "query", ["password=TOP%zzSECRET", "password=TOPSECRET", "sslpassword=TOP%2FSECRET"]
)
def test_a_password_in_the_query_is_hidden(query: str, tmp_path: Path) -> None:
    line = refusal("postgres", f"postgresql:///w?host=127.0.0.1&port=1&{query}", tmp_path)
    assert "TOP" not in line
    assert "SECRET" not in line
    said = without_secrets("at 127.0.0.1:1, TOP/SECRET", f"postgresql:///w?host=127.0.0.1&{query}")
    assert said.startswith("at 127.0.0.1:1, ")


@pytest.mark.parametrize("backend", ["snowflake", "bigquery"])
def test_a_driver_that_is_not_installed_is_named(backend: str, tmp_path: Path) -> None:
    line = refusal(backend, f"{backend}://ann:geheim@place/usage", tmp_path)
    assert line.endswith(f"install it: pip install 'healthscore-assets[{backend}]'")


# -------------------------------------------------------------------------------- DuckDB


def test_a_duckdb_that_is_not_there_or_is_none(tmp_path: Path) -> None:
    missing = tmp_path / "missing.duckdb"
    assert f'"{missing}" in read-only mode: database does not exist' in refusal(
        "duckdb", str(missing), tmp_path
    )
    assert not missing.exists()
    other = tmp_path / "other.duckdb"
    other.write_bytes(b"no database " * 4096)
    assert "not a valid DuckDB database file" in refusal("duckdb", f"duckdb://{other}", tmp_path)


def test_a_duckdb_is_named_by_its_path_or_a_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "usage.duckdb"
    duckdb.connect(str(path)).close()
    for url in ("data/usage.duckdb", "duckdb://data/usage.duckdb", f"duckdb://{path}", str(path)):
        with connected(Warehouse(backend="duckdb", schema="pendo"), url, tmp_path) as connection:
            assert connection.tables(()) == []
    assert "HEALTHSCORE_WAREHOUSE names no file" in refusal("duckdb", "duckdb://", tmp_path)


def test_a_duckdb_is_opened_for_reading_only(tmp_path: Path) -> None:
    path = tmp_path / "usage.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(EVENTS)
    with pytest.raises(WarehouseFailed, match="attached in read-only mode"):
        write_into(path, tmp_path)


def write_into(path: Path, spill: Path) -> None:
    with connected(Warehouse(backend="duckdb", schema="pendo"), str(path), spill) as connection:
        connection.ibis.raw_sql("DELETE FROM pendo.feature_event")


# ------------------------------------------------------------------- what nobody could try


@pytest.mark.parametrize("backend", ["duckdb", "postgres", "snowflake", "bigquery"])
def test_every_question_can_be_written_in_sql_of_each_backend(backend: str) -> None:
    """Whether it is right is tried in DuckDB and Postgres alone."""
    asked: list[str] = []
    names = ("account_id", "visitor_id", "feature_id")
    schema = {
        **dict.fromkeys(names, dt.string),
        "timestamp": dt.Timestamp(timezone="UTC"),
        "num_events": dt.int64,
    }

    class Written:
        """A connection that writes SQL down and finds nothing."""

        settings = Warehouse(backend=backend, schema="pendo")  # type: ignore[arg-type]

        def table(self, name: str, database: tuple[str, ...]) -> ibis.Table:
            return ibis.table(schema, name=name, database=".".join(database))

        def rows(self, table: ibis.Table) -> list[dict[str, object]]:
            asked.append(str(ibis.to_sql(table, dialect=backend)))
            return []

    connection = Written()
    usage = usage_of(connection, Vocabulary())  # type: ignore[arg-type]
    assert of_months(connection, usage, "2024-01", "2024-12") == {}  # type: ignore[arg-type]
    connection.rows(usage.rows("2024-05"))
    months, rows = asked
    assert "GROUP BY" in months
    assert "ORDER BY" in rows
    assert all("feature_event" in sql and "2024" in sql for sql in asked)


def test_a_column_that_people_named_is_read(tmp_path: Path) -> None:
    path = tmp_path / "usage.duckdb"

    def sql(statements: str) -> None:
        with duckdb.connect(str(path)) as connection:
            connection.execute(statements)

    sql(EVENTS + event("2024-05-02 00:00:00+00", 3))
    query = "SELECT account_id AS kunde, * EXCLUDE (account_id) FROM pendo.feature_event"
    given = Given("duckdb", str(path), sql, tmp_path, Vocabulary((("kunde", "client_id"),)))
    given.refresh(query=query)
    assert given.column("usage 2024-05", "kunde") == ["acme"]
