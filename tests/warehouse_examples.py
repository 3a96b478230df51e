"""What is taken from a warehouse, by example; from DuckDB and from Postgres alike.

The SQL is what both of them understand.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from healthscore_assets.lookups.sources_settings import Warehouse
from healthscore_assets.pendo.headers.grammar import NOTHING_WRITTEN, Vocabulary
from healthscore_assets.pendo.inbox import deliveries
from healthscore_assets.pendo.pulled import file_of_api, folder_of_warehouse
from healthscore_assets.pendo.warehouse.failed import WarehouseFailed
from healthscore_assets.pendo.warehouse.refresh import Order, refresh
from healthscore_assets.pendo.warehouse.report import File, Report

EVENTS = """
CREATE SCHEMA pendo;
CREATE TABLE pendo.feature_event (
  account_id text, visitor_id text, feature_id text, "timestamp" timestamptz,
  num_events bigint, num_minutes bigint, remote_ip text, _fivetran_synced timestamptz
);
"""
USES = (
    "CREATE TABLE uses (account_id text, visitor_id text, feature_id text, {time}, count bigint);"
)


def event(at: str, events: int = 1, account: str = "acme", visitor: str = "ann") -> str:
    row = f"('{account}', '{visitor}', 'ft_1', '{at}', {events}, 0, '10.0.0.1', '{at}')"
    return f"INSERT INTO pendo.feature_event VALUES {row};"


def use(at: str, count: int = 1, account: str = "acme") -> str:
    return f"INSERT INTO uses VALUES ('{account}', 'ann', 'ft_1', {at}, {count});"


@dataclass(frozen=True)
class Given:
    """A warehouse that a test fills, and the inbox that takes from it."""

    backend: Any
    url: str
    sql: Callable[[str], None]
    root: Path
    vocabulary: Vocabulary = NOTHING_WRITTEN

    @property
    def inbox(self) -> Path:
        return self.root / "exports" / "pendo"

    @property
    def folder(self) -> Path:
        return folder_of_warehouse(self.inbox)

    def refresh(
        self,
        months: tuple[str, ...] | None = None,
        tell: Callable[[File], None] = lambda _: None,
        **setting: str,
    ) -> Report:
        warehouse = Warehouse(backend=self.backend, **(setting or {"schema": "pendo"}))
        span, spill = ("2010-01", "2024-12"), self.root / "spill"
        order = Order(warehouse, self.url, self.inbox, self.vocabulary, *span, spill, months)
        return refresh(order, tell)

    def refused(self, **setting: str) -> str:
        with pytest.raises(WarehouseFailed) as failed:
            self.refresh(**setting)
        line = str(failed.value)
        assert "\n" not in line
        return line

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.folder.glob("*.parquet"))}

    def seen(self) -> dict[str, tuple[int, int]]:
        """By which the inbox notices that a file was touched."""
        stats = {path.name: path.stat() for path in self.folder.glob("*.parquet")}
        return {name: (stat.st_ino, stat.st_ctime_ns) for name, stat in stats.items()}

    def rows(self, name: str) -> list[dict[str, Any]]:
        return pq.read_table(self.folder / f"{name}.parquet").to_pylist()

    def column(self, name: str, column: str) -> list[Any]:
        return [row[column] for row in self.rows(name)]


def names(report: Report) -> list[str]:
    return [file.name.removesuffix(".parquet") for file in report.files if file.changed]


class WarehouseExamples:
    """Tests of a warehouse; `given` is an empty one."""

    # ------------------------------------------------------------------------- months

    def test_a_month_is_what_utc_says_whatever_zone_the_session_has(self, given: Given) -> None:
        given.sql("SET TIME ZONE 'America/New_York';" + EVENTS)
        given.sql(
            event("2024-04-30 23:59:59.999999+00", 1)
            + event("2024-05-01 00:00:00+00", 2)
            + event("2024-05-31 23:59:59.999999+00", 4)
            + event("2024-05-31 20:00:00-04:00", 8)  # midnight of 1 June in UTC
        )
        assert names(given.refresh()) == [
            *("feature_event 2024-04", "feature_event 2024-05", "feature_event 2024-06")
        ]
        assert given.column("feature_event 2024-04", "num_events") == [1]
        assert sorted(given.column("feature_event 2024-05", "num_events")) == [2, 4]
        assert given.column("feature_event 2024-06", "num_events") == [8]

    @pytest.mark.parametrize(
        ("time", "last_of_april", "first_of_may", "last_of_may"),
        [
            (
                '"timestamp" timestamp',
                "'2024-04-30 23:59:59.999999'",
                "'2024-05-01 00:00:00'",
                "'2024-05-31 23:59:59.999999'",
            ),
            ("day date", "'2024-04-30'", "'2024-05-01'", "'2024-05-31'"),
            ("day text", "'2024-04-30'", "' 2024-05-01T00:00:00Z'", "'2024-05-31'"),
            ("month date", "'2024-04-01'", "'2024-05-01'", "'2024-05-01'"),
            ("month text", "'2024-04'", "'2024-05'", "'2024-05'"),
        ],
    )
    def test_times_of_any_type_tell_the_month(
        self, given: Given, time: str, last_of_april: str, first_of_may: str, last_of_may: str
    ) -> None:
        given.sql(USES.format(time=time))
        given.sql(use(last_of_april, 1) + use(first_of_may, 2) + use(last_of_may, 4))
        assert names(given.refresh(table="uses")) == ["usage 2024-04", "usage 2024-05"]
        assert given.column("usage 2024-04", "count") == [1]
        assert sorted(given.column("usage 2024-05", "count")) == [2, 4]
        read = [(each.months, each.problem) for each in deliveries(given.inbox)]
        assert read == [(("2024-04",), None), (("2024-05",), None)]

    def test_rows_without_a_time_and_of_no_month_of_the_graph_are_told(self, given: Given) -> None:
        given.sql(EVENTS + event("2024-05-02 00:00:00+00") + event("1970-01-01 00:00:00+00"))
        given.sql(event("2199-01-01 00:00:00+00"))
        given.sql("INSERT INTO pendo.feature_event (account_id, num_events) VALUES ('acme', 3);")
        report = given.refresh()
        assert names(report) == ["feature_event 2024-05"]
        assert report.elsewhere == 3
        assert "3 rows left out" in report.line()

    def test_a_text_that_is_no_time_leaves_its_row_out(self, given: Given) -> None:
        given.sql(USES.format(time="day text"))
        given.sql(use("'2024-05-02'", 1) + use("'2024-05-31T23:30:00-05:00'", 2))
        given.sql("".join(use(f"'{text}'") for text in ("soon", "2024-5-1", "2024-13-01", "")))
        given.sql(use("NULL"))
        report = given.refresh(table="uses")
        assert sorted(given.column("usage 2024-05", "count")) == [1, 2]
        assert (names(report), report.elsewhere) == (["usage 2024-05"], 5)

    # -------------------------------------------------------------------------- cells

    def test_cells_of_all_types_are_as_a_file_would_have_them(self, given: Given) -> None:
        given.sql(
            "CREATE TABLE mixed (client_id varchar(20), visitor_id uuid, email text,"
            " is_internal boolean, feature text, num_events numeric(12, 2), minutes integer,"
            " event_time timestamptz, note text, tags integer[]);"
        )
        given.sql(
            "INSERT INTO mixed VALUES"
            " ('007', '0b0e7a3c-0000-4000-8000-00000000000a', 'zoë@acme.example', true,"
            "  'Zoë''s | Böard ✓', 12.00, 5, '2024-05-02 10:00:00.123456+02', 'x', ARRAY[1]),"
            " (NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2024-05-03 00:00:00+00', NULL, NULL);"
        )
        given.refresh(table="mixed")
        known, nothing = given.rows("usage 2024-05")
        assert known.pop("event_time").isoformat() == "2024-05-02T08:00:00.123456+00:00"
        assert known == {
            "client_id": "007",
            "visitor_id": "0b0e7a3c-0000-4000-8000-00000000000a",
            "email": "zoë@acme.example",
            "is_internal": True,
            "feature": "Zoë's | Böard ✓",
            "num_events": 12.0,
            "minutes": 5,
        }  # what the grammar does not know is not read
        assert {value for name, value in nothing.items() if name != "event_time"} == {None}

    def test_ids_that_are_numbers_become_text(self, given: Given) -> None:
        given.sql(
            "CREATE TABLE numbered (account bigint, visitor numeric(20, 0), feature integer,"
            " day date, clicks numeric(38, 0));"
            "INSERT INTO numbered VALUES (4, 12345678901234567890, 7, '2024-05-02', 3);"
        )
        given.refresh(table="numbered")
        (row,) = given.rows("usage 2024-05")
        told = row["account"], row["visitor"], row["feature"], row["clicks"]
        assert told == ("4", "12345678901234567890", "7", 3.0)

    def test_a_query_may_be_any_select(self, given: Given) -> None:
        given.sql(EVENTS + event("2024-05-02 00:00:00+00", 2) + event("2024-05-09 00:00:00+00", 3))
        given.refresh(
            query="WITH e AS (SELECT * FROM pendo.feature_event WHERE remote_ip LIKE '10.%')"
            ' SELECT account_id, visitor_id, feature_id AS "Feature ID", sum(num_events) AS events,'
            " date_trunc('month', \"timestamp\") AS month FROM e GROUP BY 1, 2, 3, 5;"
        )
        (row,) = given.rows("usage 2024-05")
        assert row == {
            "account_id": "acme",
            "visitor_id": "ann",
            "Feature ID": "ft_1",
            "events": 5,
            "month": 202405,
        }

    def test_tables_beside_are_taken_whole(self, given: Given) -> None:
        given.sql(EVENTS + event("2024-05-02 00:00:00+00"))
        given.sql(
            'CREATE TABLE pendo.feature_history (id text, name text, "group" text, tags integer[]);'
            "INSERT INTO pendo.feature_history VALUES ('ft_1', 'Board', 'g1', NULL);"
            'CREATE TABLE pendo."group" (id text, name text, priority integer);'
            "INSERT INTO pendo.\"group\" VALUES ('g1', 'Planning', 1);"
        )
        assert names(given.refresh()) == ["feature_event 2024-05", "feature_history", "group_data"]
        assert given.rows("feature_history") == [{"id": "ft_1", "name": "Board", "group": "g1"}]
        assert given.rows("group_data") == [{"id": "g1", "name": "Planning", "priority": 1}]

    def test_marks_of_deleted_rows_come_along(self, given: Given) -> None:
        given.sql(EVENTS + event("2024-05-02 00:00:00+00", 1) + event("2024-05-02 00:00:00+00", 2))
        given.sql("ALTER TABLE pendo.feature_event ADD COLUMN _fivetran_deleted boolean;")
        given.refresh()
        given.sql("UPDATE pendo.feature_event SET _fivetran_deleted = (num_events = 2);")
        assert names(given.refresh()) == ["feature_event 2024-05"]
        assert given.column("feature_event 2024-05", "_fivetran_deleted") == [False, True]

    # ------------------------------------------------------------------------ changes

    def test_what_did_not_change_is_not_touched(self, given: Given) -> None:
        given.sql(EVENTS + event("2024-04-02 00:00:00+00") + event("2024-05-02 00:00:00+00"))
        given.refresh()
        before = given.seen()
        report = given.refresh()
        assert (report.files, report.kept, report.gone) == ((), 2, ())
        given.refresh(months=("2024-04", "2024-05"))
        assert given.seen() == before

    def test_a_table_that_grows_gives_its_new_months_and_the_late_rows(self, given: Given) -> None:
        given.sql(EVENTS + event("2024-04-02 00:00:00+00") + event("2024-05-02 00:00:00+00"))
        given.refresh()
        given.sql(event("2024-04-28 00:00:00+00", 7) + event("2024-06-02 00:00:00+00"))
        report = given.refresh()
        assert names(report) == ["feature_event 2024-04", "feature_event 2024-06"]
        assert report.kept == 1
        assert given.column("feature_event 2024-04", "num_events") == [1, 7]

    def test_rows_that_change_places_are_noticed(self, given: Given) -> None:
        given.sql(EVENTS + event("2024-05-02 00:00:00+00", 1, "acme", "ann"))
        given.sql(event("2024-05-02 00:00:00+00", 2, "bolt", "bob"))
        given.refresh()
        given.sql("UPDATE pendo.feature_event SET num_events = 3 - num_events;")
        assert names(given.refresh()) == ["feature_event 2024-05"]  # the same rows, sums and ids
        assert given.column("feature_event 2024-05", "num_events") == [2, 1]

    def test_a_column_that_is_not_taken_changes_nothing(self, given: Given) -> None:
        given.sql(EVENTS + event("2024-05-02 00:00:00+00"))
        given.refresh()
        given.sql("UPDATE pendo.feature_event SET remote_ip = '10.0.0.2';")
        assert given.refresh().kept == 1

    def test_equal_rows_are_equal_bytes_in_whatever_order_they_came(self, given: Given) -> None:
        rows = [
            event(f"2024-05-0{n} 00:00:00+00", n, account) for n in (1, 2, 3) for account in "ab"
        ]
        given.sql(EVENTS + "".join(rows))
        given.refresh()
        before = given.files()
        given.sql("DELETE FROM pendo.feature_event;" + "".join(reversed(rows)))
        given.refresh(months=("2024-05",))
        assert given.files() == before

    def test_months_that_are_asked_for_are_fetched_and_no_others(self, given: Given) -> None:
        given.sql(EVENTS + "".join(event(f"2024-0{n}-02 00:00:00+00") for n in (3, 4, 5)))
        given.refresh()
        given.sql(event("2024-03-09 00:00:00+00") + event("2024-04-09 00:00:00+00"))
        report = given.refresh(months=("2024-04", "2024-05"))
        told = [(file.month, file.rows, file.changed) for file in report.files]
        assert told == [("2024-04", 2, True), ("2024-05", 1, False)]
        assert names(given.refresh()) == ["feature_event 2024-03"]

    def test_a_file_that_somebody_lost_or_changed_comes_back(self, given: Given) -> None:
        given.sql(EVENTS + event("2024-04-02 00:00:00+00") + event("2024-05-02 00:00:00+00"))
        given.refresh()
        before = given.files()
        (given.folder / "feature_event 2024-04.parquet").unlink()
        (given.folder / "feature_event 2024-05.parquet").write_bytes(b"cut")
        assert len(names(given.refresh())) == 2
        assert given.files() == before

    @pytest.mark.parametrize("damage", ["{", '{"source": 1}', ""])
    def test_what_is_remembered_may_be_lost(self, given: Given, damage: str) -> None:
        given.sql(EVENTS + event("2024-05-02 00:00:00+00"))
        given.refresh()
        before = given.files()
        (given.folder / ".warehouse.json").write_text(damage)
        report = given.refresh()
        assert [(file.month, file.changed) for file in report.files] == [("2024-05", False)]
        assert given.files() == before

    def test_other_settings_replace_what_the_former_gave(self, given: Given) -> None:
        given.sql(EVENTS + event("2024-04-02 00:00:00+00") + event("2024-05-02 00:00:00+00"))
        given.sql("CREATE TABLE pendo.feature_history (id text, name text);")
        given.sql("INSERT INTO pendo.feature_history VALUES ('ft_1', 'Board');")
        given.refresh()
        report = given.refresh(query="SELECT * FROM pendo.feature_event WHERE num_events > 0")
        assert list(given.files()) == ["usage 2024-04.parquet", "usage 2024-05.parquet"]
        assert len(report.gone) == 3

    # --------------------------------------------------------------- what is gone, failures

    def test_a_month_that_is_gone_takes_its_file_away(self, given: Given) -> None:
        given.sql(EVENTS + event("2024-04-02 00:00:00+00") + event("2024-05-02 00:00:00+00"))
        given.refresh()
        given.folder.joinpath("pendo 2024-04.parquet").write_bytes(b"of another source")
        given.sql("DELETE FROM pendo.feature_event WHERE \"timestamp\" < '2024-05-01 00:00:00+00';")
        assert given.refresh(months=("2024-05",)).gone == ()
        report = given.refresh()
        assert report.gone == ("feature_event 2024-04.parquet",)
        assert list(given.files()) == ["feature_event 2024-05.parquet", "pendo 2024-04.parquet"]
        assert "taken away: feature_event 2024-04.parquet" in report.line()

    def test_a_month_that_the_api_told_of_is_not_fetched_as_well(self, given: Given) -> None:
        given.sql(EVENTS + event("2024-04-02 00:00:00+00") + event("2024-05-02 00:00:00+00"))
        given.refresh()
        other = file_of_api(given.inbox, "2024-05")
        other.parent.mkdir(parents=True)
        other.write_bytes(b"the same in other words")
        given.sql(event("2024-04-03 00:00:00+00") + event("2024-05-03 00:00:00+00"))
        report = given.refresh()
        assert names(report) == ["feature_event 2024-04"]
        assert list(given.files()) == ["feature_event 2024-04.parquet"]
        assert report.problems() == {
            other: f"{other} has a month that the warehouse has, which is not fetched from there; "
            "take one source for it: delete that file, or leave the month out of the warehouse"
        }
        other.unlink()
        assert names(given.refresh()) == ["feature_event 2024-05"]

    def test_names_that_another_source_told_are_not_of_these_months(self, given: Given) -> None:
        given.sql(EVENTS + event("2024-05-02 00:00:00+00"))
        other = file_of_api(given.inbox, "2024-05").with_name("features.csv")
        other.parent.mkdir(parents=True)
        other.write_text('featureId,name,Product Area\nft_1,"Board, 0",Reports\n')
        given.refresh()
        (usage,) = [each for each in deliveries(given.inbox) if not each.is_names]
        assert (usage.months, usage.problem) == (("2024-05",), None)

    def test_an_emptied_table_takes_nothing_away(self, given: Given) -> None:
        given.sql(EVENTS + event("2024-04-02 00:00:00+00") + event("2024-05-02 00:00:00+00"))
        given.refresh()
        before = given.files()
        given.sql("DELETE FROM pendo.feature_event;")
        for months in (None, ("2024-04",), ("2024-04", "2024-05")):
            with pytest.raises(WarehouseFailed, match=r"has no row .* nothing is taken away"):
                given.refresh(months=months)
        assert given.files() == before

    def test_what_was_fetched_before_a_failure_stays_and_nothing_is_half(
        self, given: Given
    ) -> None:
        given.sql(EVENTS + event("2024-04-02 00:00:00+00") + event("2024-05-02 00:00:00+00", 2))
        given.refresh()
        may = given.files()["feature_event 2024-05.parquet"]
        given.sql(event("2024-04-09 00:00:00+00", 4) + event("2024-05-09 00:00:00+00", 8))

        def disk_is_full_after_april(_: File) -> None:
            raise OSError(28, os.strerror(28), str(given.folder))

        with pytest.raises(WarehouseFailed, match=r"cannot be written .No space left on device"):
            given.refresh(tell=disk_is_full_after_april)
        assert given.column("feature_event 2024-04", "num_events") == [1, 4]
        assert given.files()["feature_event 2024-05.parquet"] == may
        assert not [path for path in given.folder.iterdir() if path.is_dir()]
        report = given.refresh()
        assert (names(report), report.kept) == (["feature_event 2024-05"], 1)

    def test_one_refresh_at_a_time(self, given: Given) -> None:
        given.sql(EVENTS + event("2024-05-02 00:00:00+00"))
        lines = []
        given.refresh(tell=lambda _: lines.append(given.refused()))
        assert "another process takes usage from the warehouse" in lines[0]

    @pytest.mark.parametrize(
        ("setting", "line"),
        [
            ({"table": "missing"}, "warehouse.table: no table missing, there is odd, uses;"),
            ({"table": "pendo.missing"}, "no table missing in pendo, there is feature_event;"),
            ({"schema": "other"}, "warehouse.schema: no table feature_event in other, there is no"),
            ({"query": "SELECT 1 AS a"}, "no column tells the time among a; name one 'timestamp'"),
            ({"query": "SELECT * FROM"}, "check setting warehouse.query"),
            ({"query": "SELECT nothing FROM uses"}, "nothing"),
            ({"query": "DELETE FROM uses"}, "is not a query; expected one SELECT"),
            ({"query": "SELECT 1; DROP TABLE uses"}, "is not a query; expected one SELECT"),
            ({"query": "SELECT *, day AS hour FROM uses"}, "'day' and 'hour' could both tell"),
            ({"query": "SELECT count, day FROM uses"}, "warehouse.query: no client column"),
            (
                {"query": "SELECT account_id, visitor_id, feature_id, day FROM uses"},
                "warehouse.query: no count",
            ),
            (
                {"query": "SELECT account_id, visitor_id, day, count AS clicks_for_x FROM uses"},
                "warehouse.query",
            ),
            ({"table": "odd"}, "column 'day': holds int64; expected a date, a timestamp or text"),
            (
                {"query": "SELECT account_id, feature_id, count, 'May 2024' AS month FROM uses"},
                "column 'month': holds 'May 202' where a month was expected",
            ),
            (
                {"query": "SELECT ARRAY[1] AS account_id, feature_id, count, day FROM uses"},
                "column 'account_id': holds array<int32>; expected text or a number",
            ),
        ],
    )
    def test_settings_that_give_nothing_are_told_in_one_line(
        self, given: Given, setting: dict[str, str], line: str
    ) -> None:
        given.sql(EVENTS + USES.format(time="day date") + use("'2024-05-02'"))
        given.sql("CREATE TABLE odd (account_id text, feature_id text, day bigint, count bigint);")
        assert line in given.refused(**setting)
        assert not given.folder.exists()


ROWS = 1_000_000
_MEASURED = """
import sys
from pathlib import Path
from warehouse_examples import Given
given = Given(sys.argv[1], sys.argv[2], print, Path(sys.argv[3]))
given.refresh(query="SELECT * FROM pendo.feature_event WHERE num_minutes < " + sys.argv[4])
status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) // 1024)
"""
# What resource tells begins at the size of the process that started this one.


def memory_of_a_large_month(given: Given) -> None:
    """A month of a million rows takes little more memory than one of a thousand."""
    given.sql(EVENTS)
    given.sql(
        "INSERT INTO pendo.feature_event SELECT 'account ' || n % 5000, 'visitor ' || n % 70000,"
        " 'ft_' || n % 300, timestamptz '2024-05-01 00:00:00+00' + n * interval '2 second',"
        f" 1 + n % 4, n, NULL, NULL FROM generate_series(0, {ROWS - 1}) AS s(n);"
    )
    small, large = (_megabytes(given, rows) for rows in (1000, ROWS))
    print(f"{small} MB for a thousand rows, {large} MB for a million")
    months = pq.ParquetFile(given.folder / "usage 2024-05.parquet").metadata
    assert months.num_rows == ROWS
    assert months.num_row_groups == 31  # of 32,768 rows
    assert large - small < 250


def _megabytes(given: Given, rows: int) -> int:
    """What a process of its own took at most."""
    place = (given.backend, given.url, str(given.root), str(rows))
    told = subprocess.run(
        [sys.executable, "-c", _MEASURED, *place],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(told.stdout)
