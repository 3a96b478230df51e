"""Checks as Dagster keeps them by month: counts, the first rows that offend, numbers to plot."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from project import HEADER, Project

from healthscore_assets.definitions import build_definitions
from healthscore_assets.lake.months import span
from healthscore_assets.orchestration.plan import Graph, MonthPlan
from healthscore_assets.orchestration.runs import run_month
from healthscore_assets.orchestration.workplace import Workplace

MONTHS = span("2024-01", "2024-08")
ODD = "2024-07"
CLIENTS = {f"c{n:02d}": 40 + n for n in range(30)}
"""Clicks on charts; `deliver_month` adds two on chat. The sum of 0..29 is 435: 1,695 in all."""


class Recorded:
    """What the instance tells of the months of a project."""

    def __init__(self, project: Project, instance: dg.DagsterInstance) -> None:
        self.project, self.instance = project, instance
        workplace = Workplace.at(project.exports, project.lookups, project.lake)
        self.definitions = build_definitions(workplace)

    def run(self, *months: str) -> None:
        for month in months:
            plan = MonthPlan(month, tuple(Graph.of(self.definitions).reads))
            run_month(self.definitions, self.instance, plan)

    def checks(self, table: str, check: str) -> dict[str, dg.AssetCheckEvaluation]:
        """By month."""
        records = self.instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(dg.AssetKey(table), check), limit=100
        )
        found = {}
        for record in records:
            assert record.event is not None
            assert record.event.dagster_event is not None
            told = record.event.dagster_event.asset_check_evaluation_data
            assert told.partition is not None
            found.setdefault(told.partition, told)
        return dict(sorted(found.items()))

    def numbers(self, table: str, name: str) -> dict[str, Any]:
        """What the UI plots of a table, by month."""
        records = self.instance.fetch_materializations(dg.AssetKey(table), limit=100).records
        return {
            record.partition_key or "": value.value
            for record in reversed(records)
            if (made := record.asset_materialization) is not None
            and (value := made.metadata.get(name)) is not None
        }


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Eight months of thirty clients; in July one stops, one is new, and all else is as ever."""
    project = Project.make(tmp_path_factory.mktemp("usual"))
    for month in MONTHS:
        clicks = dict(CLIENTS)
        if month >= ODD:
            clicks |= {"c07": 0, "new": 45}
        project.deliver_month(month, clicks)
    with dg.DagsterInstance.ephemeral() as instance:
        recorded = Recorded(project, instance)
        recorded.run(*MONTHS)
        yield recorded


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """The same, but in July every client has ten times the clicks, and half of them other ids."""
    project = Project.make(tmp_path_factory.mktemp("odd"))
    for month in MONTHS:
        if month == ODD:
            names = [f"{client}.0" if n % 2 else client for n, client in enumerate(CLIENTS)]
            clicks = dict(zip(names, (10 * x for x in CLIENTS.values()), strict=True))
        else:
            clicks = CLIENTS
        project.deliver_month(month, clicks)
    with dg.DagsterInstance.ephemeral() as instance:
        recorded = Recorded(project, instance)
        recorded.run(*MONTHS)
        yield recorded


@pytest.fixture
def dirty(tmp_path: Path) -> Iterator[Recorded]:
    """A month with a bit of everything that a check tells."""
    project = Project.make(tmp_path)
    header = HEADER.rstrip("\n") + ",Clicks for Labs | Beta,Clicks for Report's | Charts\n"
    rows = [
        "v-1,acme,1,5,2,4,0\n",
        "v-2,acme,1,x,2,4,0\n",  # row 3: a cell that is no number
        "v-3,4.0,1,7,2,4,0\n",  # row 4: an id that a spreadsheet rewrote
        "_PENDO_T_9,acme,1,9,0,0,0\n",  # row 5: nobody's, and no fault of the file
        "v-4,,1,3,1,0,0\n",  # row 6: no client
    ]
    project.deliver("usage 2024-01.csv", header + "".join(rows))
    with dg.DagsterInstance.ephemeral() as instance:
        recorded = Recorded(project, instance)
        recorded.run("2024-01")
        yield recorded


def rows_of(metadata: Mapping[str, Any], name: str) -> list[list[str]]:
    """The cells of a Markdown table, header first."""
    lines = metadata[name].value.splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in lines
        if "-" * 3 not in line
    ]


def test_every_check_has_a_result_of_every_month_that_says_something(usual: Recorded) -> None:
    specs = usual.definitions.resolve_asset_graph().asset_check_keys
    assert len(specs) >= 22
    for key in specs:
        results = usual.checks(key.asset_key.to_user_string(), key.name)
        assert list(results) == MONTHS, key
        assert all(told.description for told in results.values()), key


def test_an_ordinary_month_warns_of_nothing(usual: Recorded) -> None:
    for table, check in (
        ("index_scores", "drift"),
        ("momentum", "population"),
        ("index_scores", "per_user"),
    ):
        assert all(told.passed for told in usual.checks(table, check).values()), check
    failed = [m for m, told in usual.checks("momentum", "volume").items() if not told.passed]
    assert failed == [ODD, "2024-08"]


def test_numbers_are_there_to_plot_by_month(usual: Recorded) -> None:
    def each(before: float, after: float) -> dict[str, float]:
        return {month: after if month >= ODD else before for month in MONTHS}

    # 30 clients with 1,635 clicks on charts and 2 each on chat: 1,200 + 435 + 60. From July c07
    # has none of its 47 and the new one 45 and its 2: the same.
    assert sum(CLIENTS.values()) + 60 == 1695
    assert usual.numbers("client_month", "clients") == each(30, 31)
    assert usual.numbers("client_month", "clients_external") == each(30, 31)
    assert usual.numbers("client_month", "clients_internal") == each(0, 0)
    assert usual.numbers("client_month", "engagement") == each(1695, 1695 - 47 + 47)
    assert usual.numbers("area_engagement", "share_unmapped") == each(0, 0)
    assert usual.numbers("quarantine", "share_quarantined") == each(0, 0)
    assert usual.numbers("raw_pendo_export", "rows_delivered") == each(30, 31)
    assert usual.numbers("client_month", "dagster/row_count") == each(90, 93)
    joined = {month: int(month == ODD) for month in MONTHS[1:]}
    assert usual.numbers("momentum", "clients_new") == joined
    assert usual.numbers("momentum", "clients_gone") == dict.fromkeys(MONTHS[1:], 0)
    drift = usual.numbers("index_scores", "drift_total_all")
    assert list(drift) == MONTHS[1:]
    assert {month for month, psi in drift.items() if psi} <= {ODD}


def test_a_client_that_stops_is_told_with_its_numbers(usual: Recorded) -> None:
    told = usual.checks("momentum", "volume")[ODD]
    assert told.severity == dg.AssetCheckSeverity.WARN
    # 47 clicks on charts and 2 on chat before, the 2 left.
    assert told.description == "Of 30 clients 1 used far less than usual: c07 2 (usual 49)."
    assert told.metadata["clients_dropped"].value == 1
    header, row = rows_of(told.metadata, "first_clients")
    assert header[:3] == ["client_id", "engagement", "usual"]
    assert row[:3] == ["c07", "2", "49"]
    # Until three whole months are there, nothing is compared.
    first = usual.checks("momentum", "volume")
    assert [m for m in MONTHS if "whole month" in (first[m].description or "")] == MONTHS[:3]


def test_ids_and_amounts_that_changed_are_told_once_each(odd: Recorded) -> None:
    def failed(table: str, check: str) -> list[str]:
        return [month for month, told in odd.checks(table, check).items() if not told.passed]

    population = odd.checks("momentum", "population")[ODD]
    assert "15 clients joined the base of 30 and 0 left it: 45 now." in (
        population.description or ""
    )
    assert rows_of(population.metadata, "first_new")[1] == ["c01.0"]
    # The ids that were there for a month only leave after three silent ones, beyond the last.
    assert failed("momentum", "population") == [ODD]
    assert failed("momentum", "volume") == [ODD]
    volume = odd.checks("momentum", "volume")[ODD]
    assert (volume.description or "").startswith("engagement: 16,410, 9.68 times the usual 1,695")
    # To ten times as much and back again.
    assert failed("index_scores", "drift") == [ODD, "2024-08"]
    drift = odd.checks("index_scores", "drift")[ODD]
    shown = {row[0]: row for row in rows_of(drift.metadata, "by_index")[1:]}
    # 45 clients against 30 in ten bins: (1/45 + 1/30) x 27.877.
    assert float(shown["total_all"][5]) == pytest.approx((1 / 45 + 1 / 30) * 27.877, rel=1e-4)
    assert float(shown["total_all"][1]) > float(shown["total_all"][5])
    assert failed("visitor_month", "mangled_ids") == []


def test_the_first_rows_that_offend_are_shown(dirty: Recorded) -> None:
    def only(table: str, check: str) -> dg.AssetCheckEvaluation:
        return dirty.checks(table, check)["2024-01"]

    refused = only("quarantine", "refused")
    assert not refused.passed
    # What speaks against the file first. A refused row has a line per cell with clicks.
    assert rows_of(refused.metadata, "first_lines") == [
        ["source_file", "source_row", "column", "value", "reason"],
        ["usage 2024-01.csv", "3", "Clicks for Reports \\| Charts", "x", "not_a_number"],
        ["usage 2024-01.csv", "6", "Clicks for Reports \\| Charts", "3", "no_client_id"],
        ["usage 2024-01.csv", "6", "Clicks for Team \\| Chat", "1", "no_client_id"],
        ["usage 2024-01.csv", "5", "Clicks for Reports \\| Charts", "9", "anonymous_visitor"],
    ]
    # Two rows of five; 9 + 3 + 1 clicks of 5 + 2 + 4, 2 + 4, 7 + 2 + 4, 9 and 3 + 1.
    assert dirty.numbers("quarantine", "share_quarantined") == {"2024-01": 2 / 5}
    assert dirty.numbers("quarantine", "share_quarantined_clicks") == {
        "2024-01": pytest.approx(13 / 43)
    }
    mangled = only("visitor_month", "mangled_ids")
    assert rows_of(mangled.metadata, "first_ids")[1] == [
        *("usage 2024-01.csv", "4", "client_id", "4.0")
    ]
    # 12 of the 30 clicks that were accepted.
    unmapped = only("area_engagement", "unmapped")
    assert rows_of(unmapped.metadata, "first_features")[1:] == [["Labs \\| Beta", "12", "0.4"]]
    alike = only("cleaned_usage", "alike_features")
    assert alike.metadata["alike_features"].value == 1
    assert rows_of(alike.metadata, "first_features")[1][1:] == [
        "Reports \\| Charts",
        "Report's \\| Charts,Reports",
    ]


def test_a_broken_contract_shows_the_rows_that_break_it(tmp_path: Path) -> None:
    project = Project.make(tmp_path)
    # Two rows of a visitor add up to more than a month can hold.
    project.deliver("usage 2024-01.csv", HEADER + "v-b,bolt,1,900000000,2\n" * 2)
    with dg.DagsterInstance.ephemeral() as instance:
        recorded = Recorded(project, instance)
        recorded.run("2024-01")
        told = recorded.checks("cleaned_usage", "contract")["2024-01"]
    assert not told.passed
    assert {name: told.metadata[name].value for name in ("rows", "violations")} == {
        "rows": 2,
        "violations": 1,
    }
    assert rows_of(told.metadata, "first_rows_value") == [
        ["expected", "source_file", "source_row", "client_id", "visitor_id", "value"],
        ["at most 1e+09", "usage 2024-01.csv", "2", "bolt", "v-b", "1.8e+09"],
        ["at most 1e+09", "usage 2024-01.csv", "3", "bolt", "v-b", "1.8e+09"],
    ]
