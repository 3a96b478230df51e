"""The cleaning of long sources: Spark gives what DuckDB does, from the archived bytes on."""

import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import fivetran_tables as ft
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasync_tree import Event, Tree
from months_on_both import Lookups, Month, on_both, on_duckdb, on_spark, same, taken
from pyarrow import csv
from pyspark.sql.classic.dataframe import DataFrame

from healthscore_assets.lake.spark.engine import SparkEngine
from healthscore_assets.lookups.product_areas import ProductAreas
from healthscore_assets.pendo.cleaning.identities import Identities
from healthscore_assets.reading.refused import ExportRefused

HEADER = "Account ID,Account Name,Visitor ID,Email,Visitor Type,Day,Feature Name,Clicks,Minutes\n"
KNOWN = Identities({"acme-eu": "acme"}, {"testco": "our own"}, {"qa-robot": "a machine of our own"})
AREAS = ProductAreas(
    {"board": "Board", "planning | board": "Planning | Board"},
    {"board": "Planning", "planning | board": "Planning"},
)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "pendo"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("parquet", [False, True])
def test_fivetran_tables(spark: SparkEngine, inbox: Path, parquet: bool) -> None:
    ft.put(inbox / "fivetran", parquet=parquet, **ft.EVERYTHING)
    duckdb, on = on_both(spark, inbox, Lookups(AREAS, KNOWN))
    same(duckdb, on)
    clicks = {
        (client, visitor, feature): value
        for client, visitor, _, feature, measure, value in on.tables["cleaned_usage"]
        if measure == "clicks"
    }
    # e1 and e2 are Ann's on the board; e7 is the robot's, e5 is nobody's.
    assert clicks == {
        ("acme", "ann", "Planning | Board"): 5,
        ("acme", "ann", "Export"): 4,
        ("acme", "bob", "Planning | Board"): 5,
        ("bolt", "cat", "f3"): 7,
        ("bolt", "cat", "f4"): 1,
    }
    assert on.sums.counts == {"anonymous_visitor": 1, "excluded_visitor": 1}
    # The latest versions tell: of Acme its own, of Bolt what Salesforce has, since Pendo has none.
    assert on.tables["client_names"] == [("acme", "Acme Limited"), ("bolt", "Bolt GmbH")]
    audiences = {row[1]: row[2] for row in on.tables["visitor_month"]}
    assert audiences == {"ann": "internal", "bob": "external", "cat": "external"}
    assert dict(on.tables["feature_areas"])["Planning | Board"] == "planning"


def events(*who: tuple[str | None, str | None]) -> list[Event]:
    return [(f"e{n}", visitor, account) for n, (visitor, account) in enumerate(who)]


ANN, BOB, CY = ("ann", "acme"), ("bob", "acme"), ("cy", "bolt")
STRANGER = ("_PENDO_T_1", None)


def data_sync(inbox: Path) -> None:
    """Two features of one name; a day delivered late, one delivered again, and one taken away."""
    folder = inbox / "datasync" / "5678" / "-323232"
    folder.mkdir(parents=True)
    features = {"f1": ("Board", "Plan"), "f2": ("Chat", None), "f3": ("board ", "Plan")}
    tree = Tree(folder, features)
    tree.export(
        "2024-05-03T06:00:00Z",
        {
            "2024-05-01": {"f1": events(ANN, ANN, BOB, STRANGER), "f2": events(CY)},
            "2024-05-02": {"f1": events(CY, CY), "f2": events(ANN)},
        },
        {"2024-05-01": events(ANN, BOB, CY, STRANGER), "2024-05-02": events(CY, ANN)},
    )
    tree.export(
        "2024-05-12T06:00:00Z",
        {
            "2024-05-01": {"f1": events(ANN, ANN, ANN), "f3": events(ANN, BOB)},
            "2024-05-02": {"f2": []},
            "2024-05-09": {"f1": events(STRANGER, BOB), "f2": events(("dan", ""))},
        },
        {"2024-05-09": events(BOB, ("dan", ""))},
    )


def test_a_data_sync_tree_with_late_and_deleted_days(spark: SparkEngine, inbox: Path) -> None:
    data_sync(inbox)
    duckdb, on = on_both(spark, inbox, Lookups(AREAS))
    same(duckdb, on)
    assert on.tables["cleaned_usage"] == [
        ("acme", "ann", "external", "Board", "clicks", 4),  # three of f1, one of f3
        ("acme", "bob", "external", "Board", "clicks", 2),  # one of f3, and on the 9th of f1
        ("bolt", "cy", "external", "Board", "clicks", 2),
        ("bolt", "cy", "external", "Chat", "clicks", 1),  # Ann's of the 2nd was taken away
    ]
    assert ("acme", "bob", date(2024, 5, 9)) in on.tables["visitor_activity"]
    places = {(Path(line[0]).name, line[1]) for line in on.tables["quarantine"]}
    assert ("f1-2024-05-09.avro", 1) in places  # where a person finds the row
    assert ("f2-2024-05-09.avro", 1) in places


def answer(inbox: Path) -> None:
    results = [
        {"accountId": "acme", "visitorId": "ann", "featureId": "f1", "day": 1714521600000}
        | {"numEvents": 3, "numMinutes": 2},
        {"accountId": "acme", "visitorId": "ann", "featureId": "f1", "day": 1714608000000}
        | {"numEvents": 4, "numMinutes": 1},
        {"accountId": "", "visitorId": "bob", "featureId": "f2", "day": 1714608000000}
        | {"numEvents": 9, "numMinutes": 1},
        {"accountId": "bolt", "visitorId": "_PENDO_T_2", "featureId": "f2", "day": 1714608000000}
        | {"numEvents": 1, "numMinutes": 1},
        {"accountId": "bolt", "visitorId": "eve", "featureId": "f2", "day": 1714608000000}
        | {"numEvents": "many", "numMinutes": 2000000},
    ]
    (inbox / "pull 2024-05.json").write_text(json.dumps({"results": results}))


def test_an_answer_of_the_api(spark: SparkEngine, inbox: Path) -> None:
    answer(inbox)
    duckdb, on = on_both(spark, inbox)
    same(duckdb, on)
    assert ("acme", "ann", "external", "f1", "clicks", 7) in on.tables["cleaned_usage"]
    assert {(line[1], line[4]) for line in on.tables["quarantine"]} == {
        (3, "no_client_id"),
        (4, "anonymous_visitor"),
        (5, "not_a_number"),
        (5, "too_many_minutes"),
    }


def dirty(inbox: Path) -> None:
    (inbox / "2024-05 events.csv").write_text(
        HEADER
        + "acme,Acme,ann,ann@vendor.example,,2024-05-01,Board,3,1.5\n"
        + "acme,Acme Ltd,ann,ann@acme.example,,2024-05-02, board,4,0.1\n"
        + "acme-eu,Acme Ltd,ann,,Staff,2024-05-02,BOARD,2,0.2\n"
        + "acme,Acme,vera,,verified staff,2024-05-03,Export,1,0.0000004\n"
        + "acme,Acme,vic, V@Vendor.Example ,,2024-05-03,Export,1,\n"
        + 'bolt,"Bolt, Inc.",cat,,staff,2024-05-31,Export,"1,000",75%\n'
        + 'bolt,"Bolt, Inc.",dan,,no,2024-05-04,Export,-3,2\n'
        + "bolt,Bolt,dan,,no,2024-05-05,Export,2.5,3\n"
        + "bolt,Bolt,dan,,no,2024-05-06,Export,x,50000\n"
        + "bolt,Bolt,dan,,no,2024-05-07,Export,0,0\n"
        + ',,eve,,,2024-05-01,Board,"2,000",80%\n'
        + "bolt,,,,,2024-05-01,Board,5,1\n"
        + "bolt,,_PENDO_T_9,,,2024-05-01,Board,6,1\n"
        + "testco,Test,tom,,,2024-05-01,Board,7,1\n"
        + "acme,,qa-robot,,,2024-05-01,Board,8,1\n"
        + "acme,,ann,,,2024-05-01,,9,1\n"
        + "4.0,,v1,,,2024-05-01,Board,1,1\n"
        + "🚀 Ünïted,,ÄÖ,,,2024-05-01,Çhat,1,1\n"
        + "VISITOR,,x\n"
        + ",,,,,,,,\n"
    )


def test_a_dirty_file_of_events(spark: SparkEngine, inbox: Path) -> None:
    dirty(inbox)
    duckdb, on = on_both(spark, inbox, Lookups(AREAS, KNOWN))
    same(duckdb, on)
    usage = {row[:5]: row[5] for row in on.tables["cleaned_usage"]}
    assert usage["acme", "ann", "internal", "Board", "clicks"] == 9  # three spellings, an alias
    assert usage["acme", "ann", "internal", "Board", "minutes"] == pytest.approx(1.8, abs=1e-9)
    assert usage["bolt", "cat", "internal", "Export", "clicks"] == 1000
    assert usage["acme", "vic", "internal", "Export", "clicks"] == 1
    assert usage["acme", "vera", "external", "Export", "clicks"] == 1  # no word for internal
    assert dict(on.tables["client_names"])["acme"] == "Acme"  # on three rows, Acme Ltd on two
    assert on.listed_as_both == 1
    assert on.sums.numbers["clicks_refused"] == 2000 + 5 + 6 + 7 + 8 + 9
    assert on.sums.numbers["minutes_refused"] == pytest.approx(5.8, abs=1e-9)


def test_a_file_that_is_read_anew_counts_once(spark: SparkEngine, inbox: Path) -> None:
    # The first 4,096 objects are on their way when the last one turns out to be no number.
    day = 1714521600000
    results = [
        {"accountId": "acme", "visitorId": "v", "featureId": "f1", "day": day, "numEvents": n}
        for n in [*range(1, 4200), "many"]
    ]
    (inbox / "pull 2024-05.json").write_text(json.dumps({"results": results}))
    duckdb, on = on_both(spark, inbox)
    same(duckdb, on)
    clicks = 4199 * 4200 / 2
    assert on.tables["cleaned_usage"] == [("acme", "v", "external", "f1", "clicks", clicks)]
    assert [(line[1], line[3]) for line in on.tables["quarantine"]] == [(4200, "many")]


def mixed(inbox: Path) -> None:
    """All kinds beside a wide export without visitors; each of clients of its own."""
    data_sync(inbox)
    ft.put(inbox / "fivetran", feature_event=ft.FEATURE_EVENT.replace("acme", "acorn"))
    text = (inbox / "fivetran" / "feature_event.csv").read_text().replace("bolt", "birch")
    (inbox / "fivetran" / "feature_event.csv").write_text(text)
    (inbox / "accounts 2024-05.csv").write_text(
        "Account ID,Account Name,Is Internal,Clicks for Board,Clicks for Chat,Minutes\n"
        "oak,Oak,,3,0,10\noak,Oak,yes,1,2,5\nelm,Elm,,,4,\nTotal,,,4,6,15\n"
    )


def test_all_kinds_in_one_month(spark: SparkEngine, inbox: Path) -> None:
    mixed(inbox)
    duckdb, on = on_both(spark, inbox, Lookups(AREAS, KNOWN))
    same(duckdb, on)
    of_oak = [row for row in on.tables["cleaned_usage"] if row[0] == "oak"]
    assert of_oak == [
        ("oak", None, "external", "Board", "clicks", 3),
        ("oak", None, "internal", "Board", "clicks", 1),
        ("oak", None, "internal", "Chat", "clicks", 2),
    ]
    assert on.sums.numbers["total_rows"] == 1


def refusal(spark: SparkEngine, inbox: Path, given: Lookups | None = None) -> str:
    """Why the month is refused: on both engines alike."""
    lake, files = taken(inbox)
    given = given or Lookups()
    with pytest.raises(ExportRefused) as by_duckdb:
        on_duckdb(lake, files, given)
    with pytest.raises(ExportRefused) as by_spark:
        on_spark(spark, lake, files, given)
    assert by_spark.value.problem == by_duckdb.value.problem
    return str(by_spark.value)


def rows(*given: str) -> str:
    return "Account ID,Visitor ID,Day,Feature Name,Clicks\n" + "".join(f"{row}\n" for row in given)


def test_two_files_that_tell_of_one_day_are_refused(spark: SparkEngine, inbox: Path) -> None:
    one = rows("b,v,2024-05-01,X,1", "a,v,2024-05-01,X,1", "a,v,2024-05-02,X,1")
    (inbox / "one.csv").write_text(one)
    (inbox / "two.csv").write_text(
        rows("a,v,2024-05-02,X,3", "b,v,2024-05-01,X,2", "c,v,2024-05-03,X,1")
    )
    found = refusal(spark, inbox)
    assert "2 times; the first: clicks of 'X' by visitor 'v' of client 'a'" in found


def test_two_files_of_different_days_are_not_refused(spark: SparkEngine, inbox: Path) -> None:
    (inbox / "one.csv").write_text(rows("a,v,2024-05-01,X,1"))
    (inbox / "two.csv").write_text(rows("a,v,2024-05-02,X,3"))
    _, on = on_both(spark, inbox)
    assert on.tables["cleaned_usage"] == [("a", "v", "external", "X", "clicks", 4)]


def test_a_client_beside_its_visitors_is_refused(spark: SparkEngine, inbox: Path) -> None:
    (inbox / "one.csv").write_text(rows("a,v,2024-05-01,X,1", "a,u,2024-05-02,X,1"))
    (inbox / "two.csv").write_text("Account ID,Day,Feature Name,Clicks\na,2024-05-04,X,3\n")
    assert "1 times; the first: clicks of 'X' by visitor 'u' of client 'a'" in refusal(spark, inbox)


def test_a_file_refused_beyond_the_share_is_refused(spark: SparkEngine, inbox: Path) -> None:
    (inbox / "fine.csv").write_text(rows("a,v,2024-05-01,X,1"))
    bad = [f",v{n},2024-05-02,X,{n}" for n in range(3)]
    (inbox / "poor.csv").write_text(rows(*bad, "b,v,2024-05-01,X,1"))
    found = refusal(spark, inbox, Lookups(largest_share=0.5))
    assert found.startswith("poor.csv, row 2: 3 of 4 rows cannot be used (75.0%, at most 50.0%")


def test_bytes_that_cannot_be_read_are_refused_in_one_line(spark: SparkEngine, inbox: Path) -> None:
    ft.put(inbox, parquet=True, feature_event=ft.FEATURE_EVENT)
    lake, files = taken(inbox)
    kept = lake.archived(files[0].sha256)
    kept.chmod(0o644)
    kept.write_bytes(b"PAR1" + bytes(100))
    with pytest.raises(ExportRefused, match=r"^feature_event.parquet: cannot be read as Parquet"):
        on_spark(spark, lake, files, Lookups())


def test_no_row_comes_to_the_driver(
    spark: SparkEngine, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [f"a{n % 7},v{n},2024-05-{n % 31 + 1:02},F{n % 3},{n % 5}" for n in range(20_000)]
    (inbox / "many.csv").write_text(rows(*many, *(f",v{n},2024-05-01,F1,1" for n in range(500))))
    lake, files = taken(inbox)
    duckdb = on_duckdb(lake, files, Lookups())
    pulled: list[int] = []

    def counting(plain: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any) -> Any:
            found = plain(*given)
            pulled.append(len(found))
            return found

        return counted

    for name in ("toArrow", "collect", "toPandas"):  # whatever gives rows comes by one of them
        monkeypatch.setattr(DataFrame, name, counting(getattr(DataFrame, name)))
    monkeypatch.setattr("months_on_both._rows", lambda *_: [])
    on = on_spark(spark, lake, files, Lookups())
    assert 5 in pulled
    assert max(pulled) <= 5  # features, reasons, and the first five lines of the quarantine
    assert on.sums.numbers == duckdb.sums.numbers
    assert on.sums.numbers["rows_refused"] == 500


def test_pieces_of_a_parquet_file_are_one_export(spark: SparkEngine, inbox: Path) -> None:
    """Those of row groups, each a task; refused rows keep their numbers."""
    many = [f"a{n % 7},v{n % 50},2024-05-{n % 31 + 1:02},F{n % 3},{n % 5}" for n in range(1_000)]
    many[700] = ",v1,2024-05-01,F1,1"
    table = csv.read_csv(io.BytesIO(rows(*many).encode()))
    pq.write_table(table, inbox / "many.parquet", row_group_size=90)
    lake, files = taken(inbox)
    duckdb = on_duckdb(lake, files, Lookups())
    for at_once in (50, 300, 2_000):  # 20 pieces of 12 row groups, of which some have none; 4; 1
        same(duckdb, on_spark(spark, lake, files, Lookups(), at_once))
    assert [line[1] for line in duckdb.tables["quarantine"]] == [701]


def parquet_in_groups(inbox: Path, *lines: str) -> None:
    """Events in row groups of ten rows, their clicks as text."""
    as_text = csv.ConvertOptions(column_types={"Clicks": pa.string()})
    table = csv.read_csv(io.BytesIO(rows(*lines).encode()), convert_options=as_text)
    pq.write_table(table, inbox / "some.parquet", row_group_size=10)


EVENTS_OF_50 = [f"a{n % 7},v{n},2024-05-{n % 31 + 1:02},F1,2" for n in range(50)]


@pytest.mark.parametrize(("total", "refused"), [("100", 0), ("99", 1)])
def test_a_total_is_that_of_the_whole_file(
    spark: SparkEngine, inbox: Path, total: str, refused: int
) -> None:
    parquet_in_groups(inbox, *EVENTS_OF_50, f"Total,,2024-05-31,F1,{total}")
    lake, files = taken(inbox)
    duckdb = on_duckdb(lake, files, Lookups())
    same(duckdb, on_spark(spark, lake, files, Lookups(), 10))
    assert duckdb.read.total_rows == 1 - refused
    assert len(duckdb.tables["quarantine"]) == refused


def test_a_column_is_judged_by_the_whole_file(spark: SparkEngine, inbox: Path) -> None:
    """Two cells that are no numbers, alone in the last of its pieces, are refused by themselves."""
    parquet_in_groups(inbox, *EVENTS_OF_50, *(f"a1,v{n},2024-05-31,F1,many" for n in range(2)))
    lake, files = taken(inbox)
    duckdb = on_duckdb(lake, files, Lookups())
    same(duckdb, on_spark(spark, lake, files, Lookups(), 10))
    assert [line[-1] for line in duckdb.tables["quarantine"]] == ["not_a_number"] * 2


def test_a_column_of_text_is_refused_whatever_the_pieces(spark: SparkEngine, inbox: Path) -> None:
    """One cell that is no number in each of two pieces, and never a number."""
    parquet_in_groups(
        inbox, *(f"a1,v{n},2024-05-31,F1,{'' if n % 10 else 'many'}" for n in range(20))
    )
    lake, files = taken(inbox)
    told = r"^some.parquet, row 1, column 'Clicks': the column holds text, not numbers"
    with pytest.raises(ExportRefused, match=told):
        on_duckdb(lake, files, Lookups())
    with pytest.raises(ExportRefused, match=told):
        on_spark(spark, lake, files, Lookups(), 10)


def test_a_history_that_cannot_be_read_is_refused(spark: SparkEngine, inbox: Path) -> None:
    ft.put(inbox, parquet=True, **ft.EVERYTHING)
    lake, files = taken(inbox)
    (of_accounts,) = (
        history
        for history in files[0].export.histories
        if history.export.source_file == "account_history.parquet"
    )
    kept = lake.archived(of_accounts.sha256)
    kept.chmod(0o644)
    kept.write_bytes(b"PAR1" + bytes(100))
    with pytest.raises(ExportRefused, match=r"^account_history.parquet: cannot be read as Parquet"):
        on_spark(spark, lake, files, Lookups())


def same_months(first: Month, second: Month) -> bool:
    return first.tables == second.tables


def test_pieces_of_a_data_sync_export_are_one_export(spark: SparkEngine, inbox: Path) -> None:
    data_sync(inbox)
    lake, files = taken(inbox)
    whole, in_pieces = (on_spark(spark, lake, files, Lookups(), at_once) for at_once in (100, 1))
    assert same_months(whole, in_pieces)
