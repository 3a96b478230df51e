"""The self-check of the lake: what is damaged in a real small lake is named, and nothing else."""

import shutil
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import tables
from project import HEADER, Project

from healthscore_assets.contracts import FROM_USAGE
from healthscore_assets.lake.content import content_hash
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lookups.product_areas import read_product_areas
from healthscore_assets.monitoring.lake_check import Known, Made, Report, check_lake
from healthscore_assets.monitoring.lake_sums import equal
from healthscore_assets.pendo.cleaning.identities import Identities

MONTHS = ("2024-01", "2024-02")
AGAIN = "make it again: healthscore run --from 2024-02 --to 2024-02"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two months of two clients; of one row the client is not told."""
    project = Project.make(tmp_path_factory.mktemp("made"))
    for month in MONTHS:
        file = project.deliver_month(month, {"acme": 5, "bolt": 3})
        file.write_text(file.read_text().replace(HEADER, f"{HEADER}v-nobody,,1,4,1\n"))
    tables.run_graph(project.exports, project.lookups, project.lake, MONTHS)
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    shutil.copytree(made.root, tmp_path / "copy")
    return Project(tmp_path / "copy")


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


def file_of(project: Project, table: str, month: str = "2024-02") -> Path:
    return project.lake / table / f"month={month}" / "data.parquet"


def published(project: Project, *, alike: bool = True) -> dict[str, Made]:
    """What is recorded of the lake as it is now."""
    return {
        month: Made(
            {table: content_hash(file_of(project, table, month)) for table in FROM_USAGE},
            refused_alike=alike,
            counted_alike=alike,
        )
        for month in MONTHS
    }


NOT_RECORDED = {month: Made({}, refused_alike=True, counted_alike=True) for month in MONTHS}


def checked(
    engine: Engine,
    project: Project,
    history: dict[str, Made],
    in_the_making: Callable[[], set[str]] = set,
    identities: Identities = Identities(),  # noqa: B008
    measure: str = "clicks",
) -> Report:
    known = Known(
        read_product_areas(project.lookups / "product_areas.csv"),
        frozenset({"vendor.example"}),
        identities,
        measure,
    )
    return check_lake(engine, Lake.at(project.lake), known, lambda: history, in_the_making)


def rewrite(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    change(pd.read_parquet(path, partitioning=None)).to_parquet(path, index=False)


def test_an_undamaged_lake_passes(engine: Engine, project: Project) -> None:
    report = checked(engine, project, published(project))
    assert report.problems == report.notes == []
    # Every table of two months, and the bytes of two exports.
    assert (report.months, len(report.tables), report.files) == (2, 31, 64)
    files = [
        path
        for path in project.lake.rglob("*")
        if path.suffix == ".parquet" or path.parent.name == "archive"
    ]
    assert report.bytes == sum(path.stat().st_size for path in files)
    # Nor does it need to be told how the lake was made.
    assert checked(engine, project, NOT_RECORDED).problems == []


def test_an_empty_lake_passes(engine: Engine, project: Project) -> None:
    shutil.rmtree(project.lake)
    report = checked(engine, project, {})
    assert report == Report()


@pytest.mark.parametrize("table", FROM_USAGE)
def test_a_flipped_byte(engine: Engine, project: Project, table: str) -> None:
    history, path = published(project), file_of(project, table)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    report = checked(engine, project, history)
    says = "is not the file that was published: its bytes have changed since"
    assert f"2024-02 {table}: {says}; {AGAIN}" in report.problems
    assert not [line for line in report.problems if not line.startswith("2024-02")]


@pytest.mark.parametrize("history", [published, lambda _: NOT_RECORDED])
def test_a_truncated_file(
    engine: Engine, project: Project, history: Callable[[Project], dict[str, Made]]
) -> None:
    recorded, path = history(project), file_of(project, "momentum")
    path.write_bytes(path.read_bytes()[:-100])
    report = checked(engine, project, recorded)
    assert report.problems[-1].startswith("2024-02 momentum: cannot be read (Invalid Input Error: ")
    assert report.problems[-1].endswith(f"; {AGAIN}")
    assert len(report.problems) == (2 if recorded[MONTHS[0]].hashes else 1)
    path.write_bytes(b"")
    assert "cannot be read" in checked(engine, project, NOT_RECORDED).problems[0]


def test_damage_in_a_value_that_no_rule_is_about(engine: Engine, project: Project) -> None:
    # Of the values of refused cells nothing is promised; they are read all the same.
    path = file_of(project, "quarantine")
    column = pq.ParquetFile(path).metadata.row_group(0).column(3)
    assert column.path_in_schema == "value"
    start = column.dictionary_page_offset or column.data_page_offset
    content = bytearray(path.read_bytes())
    content[start : start + 8] = bytes(8)
    path.write_bytes(content)
    (problem,) = checked(engine, project, NOT_RECORDED).problems
    assert problem.startswith("2024-02 quarantine: cannot be read (")


def test_a_broken_contract(engine: Engine, project: Project) -> None:
    rewrite(file_of(project, "momentum"), lambda rows: rows.assign(direction="sideways"))
    (problem,) = checked(engine, project, NOT_RECORDED).problems
    assert problem.startswith(
        "2024-02 momentum: momentum.direction: expected one of up, flat, down, 2 rows not so (first"
    )
    assert problem.endswith(AGAIN)


def test_other_columns_than_the_contract_has(engine: Engine, project: Project) -> None:
    path = file_of(project, "area_weights")
    path.write_bytes(file_of(project, "client_names").read_bytes())
    (problem,) = checked(engine, project, NOT_RECORDED).problems
    assert problem.startswith("2024-02 area_weights: its columns are client_id string, ")
    assert problem.endswith(f", not those of the contract; {AGAIN}")


# Charts 5 + 3 and chat 2 + 2 clicks: 12 of them in February, and 5 of the row that is refused.
@pytest.mark.parametrize(
    ("table", "column", "lines"),
    [
        (
            "cleaned_usage",
            "value",
            [
                "clicks: 13 in cleaned_usage, 12 in area_engagement",
                "clicks: 13 in cleaned_usage, 12 in client_feature_month",
                "cleaned_usage and its exports: clicks: 17 in the files, 13 in cleaned_usage and 5 "
                "in quarantine",
            ],
        ),
        (
            "area_engagement",
            "engagement",
            [
                "clicks: 12 in cleaned_usage, 13 in area_engagement",
                "engagement: 13 in area_engagement, 12 in client_area_month",
            ],
        ),
        (
            "client_feature_month",
            "value",
            ["clicks: 12 in cleaned_usage, 13 in client_feature_month"],
        ),
        (
            "client_month",
            "engagement",
            [
                "engagement in areas: 12 in client_area_month, 13 in client_month",
                "engagement in client_month: 13 in all, 12 in the audiences",
            ],
        ),
        ("visitor_month", "listed_rows", ["visitor_month: 3 rows of the exports, expected 2"]),
    ],
)
def test_an_edited_value(
    engine: Engine, project: Project, table: str, column: str, lines: list[str]
) -> None:
    def one_more(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[0, column] += 1
        return rows

    rewrite(file_of(project, table), one_more)
    report = checked(engine, project, NOT_RECORDED)
    assert report.problems == [f"2024-02: {line}; {AGAIN}" for line in lines]


def test_engagement_that_is_no_measure_s(engine: Engine, project: Project) -> None:
    def one_more(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[0, "engagement"] += 1
        return rows

    rewrite(file_of(project, "area_engagement"), one_more)
    history = {month: Made({}, refused_alike=True) for month in MONTHS}
    first, _ = checked(engine, project, history).problems
    assert first.startswith("2024-02: no measure: 12 or 0 in cleaned_usage, 13 in")


def test_a_quarantined_row_that_is_gone(engine: Engine, project: Project) -> None:
    rewrite(file_of(project, "quarantine"), lambda rows: rows.head(0))
    (problem,) = checked(engine, project, NOT_RECORDED).problems
    assert problem == f"2024-02: quarantine: 0 rows of the exports, expected 1; {AGAIN}"


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        ("momentum", ["clients of index_scores that are not in momentum: bolt"]),
        ("client_scores", ["clients of index_scores that are not in client_scores: bolt"]),
        (
            "index_scores",
            [
                "clients of momentum that are not in index_scores: bolt",
                "clients of client_scores that are not in index_scores: bolt",
            ],
        ),
    ],
)
def test_a_client_that_is_gone(
    engine: Engine, project: Project, table: str, lines: list[str]
) -> None:
    rewrite(file_of(project, table), lambda rows: rows[rows["client_id"] != "bolt"])
    report = checked(engine, project, NOT_RECORDED)
    assert report.problems == [f"2024-02: {line}; {AGAIN}" for line in lines]


def test_foreign_files(engine: Engine, project: Project) -> None:
    lake = project.lake
    (lake / "momentum" / "notes.txt").write_text("mine")
    shutil.copy(file_of(project, "momentum"), lake / "momentum" / "month=2024-02" / "copy.parquet")
    odd = lake / "client_month" / "month=2024-13"
    odd.mkdir()
    shutil.copy(file_of(project, "client_month"), odd / "data.parquet")
    problems = checked(engine, project, published(project)).problems
    says = "does not belong in the folder of {}, which others read whole; move it elsewhere"
    assert problems == [
        f"client_month/month=2024-13/data.parquet: {says.format('client_month')}",
        f"momentum/month=2024-02/copy.parquet: {says.format('momentum')}",
        f"momentum/notes.txt: {says.format('momentum')}",
    ]


@pytest.mark.parametrize("table", FROM_USAGE)
def test_a_missing_table(engine: Engine, project: Project, table: str) -> None:
    history = published(project)
    shutil.rmtree(file_of(project, table).parent)
    (problem,) = checked(engine, project, history).problems
    assert problem == (
        f"2024-02 {table}: is missing, while other tables of the month are there; {AGAIN}"
    )


def test_a_missing_copy_for_spreadsheets(engine: Engine, project: Project) -> None:
    path = project.lake / "client_scores_csv" / "2024-02.csv"
    path.unlink()
    (problem,) = checked(engine, project, published(project)).problems
    assert problem == f"2024-02 client_scores: {path} is missing; {AGAIN}"


def test_damaged_and_missing_bytes_in_the_archive(engine: Engine, project: Project) -> None:
    first, second = (content_hash(project.inbox / f"usage {month}.csv") for month in MONTHS)
    archive = project.lake / "archive"
    (archive / first).write_text(HEADER + "v-acme,acme,1,6,2\n")
    (archive / second).unlink()
    replaced = archive / ("0" * 64)
    replaced.write_text("an export that was corrected since")
    problems = checked(engine, project, published(project)).problems
    assert problems == [
        f"2024-01 archive/{first} (usage 2024-01.csv): the bytes are not those taken in any more; "
        "restore it from a backup, or delete what is left of it, and with usage 2024-01.csv in the "
        "inbox healthscore run --from 2024-01 --to 2024-01",
        f"2024-02 archive/{second} (usage 2024-02.csv): the bytes are missing; restore it from a "
        "backup, or delete what is left of it, and with usage 2024-02.csv in the inbox healthscore "
        "run --from 2024-02 --to 2024-02",
        f"archive/{'0' * 64}: the bytes are not those taken in any more; restore it from a backup",
    ]


def test_a_month_made_with_other_lookups_is_not_compared_with_its_exports(
    engine: Engine, project: Project
) -> None:
    excluded = Identities(excluded_accounts={"bolt": "a test account"})
    report = checked(engine, project, published(project, alike=False), identities=excluded)
    assert report.problems == []
    says = (
        "not compared with its exports, since it was made of an earlier delivery or before a "
        "lookup changed that refuses rows"
    )
    assert report.notes == [f"{month}: {says}" for month in MONTHS]
    # It would have been told of as a difference: with them, the rows of bolt are refused.
    report = checked(engine, project, published(project), identities=excluded)
    assert f"2024-02: visitor_month: 2 rows of the exports, expected 1; {AGAIN}" in report.problems


def test_a_month_that_is_being_made_is_looked_at_again(engine: Engine, project: Project) -> None:
    history, path = published(project), file_of(project, "momentum")
    whole = path.read_bytes()
    path.unlink()

    def mended() -> set[str]:
        path.write_bytes(whole)
        return set()

    # The file came while the month was looked at.
    report = checked(engine, project, history, in_the_making=mended)
    assert report.problems == report.notes == []
    assert report.files == 64
    # A month whose run is under way is left to the next night.
    path.unlink()
    report = checked(engine, project, history, in_the_making=lambda: {"2024-02"})
    assert report.problems == []
    assert report.notes == ["2024-02: is being made again; not checked"]
    assert len(checked(engine, project, history).problems) == 1


def test_months_replaced_meanwhile_are_no_false_alarm(
    engine: Engine, project: Project, tmp_path: Path
) -> None:
    other = Project.make(tmp_path / "other")
    for month in MONTHS:
        other.deliver_month(month, {"acme": 50, "cogs": 30})
    tables.run_graph(other.exports, other.lookups, other.lake, MONTHS)
    for file in (other.lake / "archive").iterdir():
        shutil.copy(file, project.lake / "archive")
    lakes = [
        shutil.copytree(each.lake, tmp_path / f"{n}") for n, each in enumerate((project, other))
    ]
    stop, rounds, under_way = threading.Event(), 0, set[str]()

    def replace_over_and_over() -> None:
        nonlocal rounds
        while not stop.is_set():
            for source in lakes[::-1]:
                under_way.update(MONTHS)
                for table in FROM_USAGE:
                    for month in MONTHS:
                        fresh = tmp_path / "fresh.parquet"
                        shutil.copy(source / table / f"month={month}" / "data.parquet", fresh)
                        fresh.replace(file_of(project, table, month))
                under_way.clear()
                rounds += 1

    thread = threading.Thread(target=replace_over_and_over)
    thread.start()
    try:
        reports = [checked(engine, project, NOT_RECORDED, under_way.copy) for _ in range(4)]
    finally:
        stop.set()
        thread.join()
    assert rounds > 10
    assert [line for report in reports for line in report.problems] == []
    assert {line for report in reports for line in report.notes} <= {
        f"{month}: is being made again; not checked" for month in MONTHS
    }


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("12", "12.000000", True),
        ("12.000001", "12", False),
        ("999999999.999999", "999999999.999998", False),
        # Sixteen digits do not fit a float any more; twelve do.
        ("10000000000.000001", "10000000000", True),
        ("10000000001", "10000000000", False),
    ],
)
def test_sums_are_equal_to_the_digits_that_floats_hold(first: str, second: str, same: bool) -> None:
    assert equal(Decimal(first), Decimal(second)) is same
    assert equal(Decimal(second), Decimal(first)) is same
