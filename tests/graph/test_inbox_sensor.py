"""The inbox sensor, tick by tick: real files, the real graph, an instance of its own."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from datasync_tree import Tree
from project import AREAS, HEADER, Project

from healthscore_assets.definitions import build_definitions
from healthscore_assets.lake.months import span
from healthscore_assets.orchestration import watch
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.reading.inbox_files import slot_of


class Ticking:
    """A project under the sensor; runs that it asks for are made when the test says so."""

    def __init__(self, project: Project, instance: dg.DagsterInstance) -> None:
        self.project, self.instance = project, instance
        self.workplace = Workplace.at(project.exports, project.lookups, project.lake)
        self.cursor: str | None = None
        self.says: str | None = None
        self.reload()

    def reload(self) -> None:
        """As after a restart of the code server: only the cursor is remembered."""
        self.definitions = build_definitions(self.workplace)
        self.sensor = self.definitions.get_repository_def().get_sensor_def("inbox")

    def tick(self) -> list[dg.RunRequest]:
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, definitions=self.definitions
        )
        data = self.sensor.evaluate_tick(context)
        self.cursor, self.says = data.cursor, data.skip_message
        return list(data.run_requests or [])

    def settle(self) -> list[dg.RunRequest]:
        """Two ticks: the files are seen, and then seen unchanged."""
        assert self.tick() == []
        return self.tick()

    def run(self, requests: list[dg.RunRequest]) -> dict[str, bool]:
        """Make what was asked for, as the queue does: the highest priority first."""
        job = self.definitions.resolve_implicit_global_asset_job_def()
        done = {}
        for request in sorted(requests, key=lambda each: -int(each.tags["dagster/priority"])):
            result = job.execute_in_process(
                partition_key=request.partition_key,
                asset_selection=list(request.asset_selection or []),
                instance=self.instance,
                raise_on_error=False,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                tags=dict(request.tags),
            )
            done[str(request.partition_key)] = result.success
        return done


@pytest.fixture
def ticking(tmp_path: Path) -> Iterator[Ticking]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Ticking(Project.make(tmp_path), instance)


def months(requests: list[dg.RunRequest]) -> list[str]:
    return [str(request.partition_key) for request in requests]


def tables(request: dg.RunRequest) -> list[str]:
    return [key.to_user_string() for key in request.asset_selection or []]


def test_the_sensor_is_on_by_default(ticking: Ticking) -> None:
    assert ticking.sensor.default_status is dg.DefaultSensorStatus.RUNNING


def test_a_new_export_starts_its_month_and_a_second_look_starts_nothing(ticking: Ticking) -> None:
    ticking.project.deliver_month("2024-05")
    requests = ticking.settle()
    assert months(requests) == ["2024-05"]
    assert ticking.run(requests) == {"2024-05": True}
    assert ticking.project.months("client_scores") == ["2024-05"]
    assert ticking.tick() == []
    assert ticking.says == "No month is due"  # looked again once, because a run had ended
    assert ticking.tick() == []
    assert ticking.says == "Nothing changed"


def test_a_file_that_grows_waits_and_other_months_do_not(ticking: Ticking) -> None:
    growing = ticking.project.deliver("usage 2024-06.csv", HEADER)
    whole = ticking.project.deliver_month("2024-05")
    assert slot_of(growing) != slot_of(whole)
    assert ticking.tick() == []
    for visitor in range(3):
        with growing.open("a") as stream:
            stream.write(f"v-{visitor},acme,1,{visitor + 1},0\n")
        requests = ticking.tick()
        assert months(requests) == (["2024-05"] if visitor == 0 else [])
        assert ticking.run(requests) == dict.fromkeys(months(requests), True)
    assert months(ticking.tick()) == ["2024-06"]


def test_a_month_waits_for_every_file_of_a_data_sync_export(ticking: Ticking) -> None:
    folder = ticking.project.inbox / "sync" / "1"
    clicks = [("e1", "v-acme", "acme"), ("e2", "v-acme", "acme")]
    root = Tree(folder, {"f1": ("Chat", None)}).export(
        "2024-06-01T06:00:00Z", {"2024-05-01": {"f1": clicks}}
    )
    (part,) = root.glob("matchedEvents/Feature/*.avro")
    whole = part.read_bytes()
    for size in (10, 20):
        part.write_bytes(whole[:size])  # the bill is still, and a file that it lists is copied
        assert ticking.tick() == []
    part.write_bytes(whole)
    assert ticking.tick() == []
    assert ticking.says == "A file is still being written"
    requests = ticking.tick()
    assert months(requests) == ["2024-05"]
    assert ticking.run(requests) == {"2024-05": True}


def test_a_month_whose_file_is_written_anew_waits_with_its_old_tables(ticking: Ticking) -> None:
    """Neither is it taken in half written, nor is its month withdrawn or run for another file."""
    old = ticking.project.deliver_month("2024-05")
    ticking.run(ticking.settle())
    ticking.settle()
    other = ticking.project.deliver("other 2024-05.csv", HEADER + "v-9,corp,1,9,9\n")
    assert slot_of(old) != slot_of(other)
    assert ticking.tick() == []
    old.write_text(HEADER + "v-1,acme,1,7,7\n")
    assert ticking.tick() == []  # the other file stands still, but they share the month
    assert months(ticking.tick()) == ["2024-05"]


def test_a_correction_starts_its_month_and_the_later_months_that_read_it(ticking: Ticking) -> None:
    every = span("2023-01", "2023-10")
    for month in every:
        ticking.project.deliver_month(month)
    requests = ticking.settle()
    assert months(requests) == every
    ticking.run(requests)
    ticking.settle()
    ticking.project.deliver_month("2023-02", {"acme": 50, "bolt": 3})
    requests = ticking.settle()
    # Momentum reads it six months later, health and its bands further than there are months.
    assert months(requests) == span("2023-02", "2023-10")
    assert tables(requests[0])[0] == "raw_pendo_export"
    assert {"momentum", "client_scores"} < {*tables(requests[6])}
    # What reads usage of a year; and alerts, which are carried from month to month.
    assert {"structural_risk", "alert_states", "alerts"} <= {*tables(requests[-1])}
    assert not {"momentum", "index_scores"} & {*tables(requests[-1])}
    assert ticking.run(requests) == dict.fromkeys(months(requests), True)
    assert ticking.settle() == []


def test_many_files_of_one_month_are_one_run(ticking: Ticking) -> None:
    for client in range(40):
        ticking.project.deliver(f"c{client} 2024-05.csv", HEADER + f"v-{client},c{client},1,1,1\n")
    requests = ticking.settle()
    assert months(requests) == ["2024-05"]
    ticking.run(requests)
    assert len(ticking.project.table("client_scores", "2024-05")) == 40
    assert ticking.settle() == []


def test_a_touched_file_with_the_same_bytes_starts_nothing(ticking: Ticking) -> None:
    path = ticking.project.deliver_month("2024-05")
    ticking.run(ticking.settle())
    ticking.settle()
    os.utime(path, (1, 1))
    assert ticking.settle() == []
    assert ticking.says == "No month is due"


def test_a_file_that_goes_back_to_an_earlier_content_is_run_again(ticking: Ticking) -> None:
    """A, B, A: the third is a change like the second."""
    for clicks in (5, 50, 5):
        ticking.project.deliver_month("2024-05", {"acme": clicks, "bolt": 3})
        requests = ticking.settle()
        assert months(requests) == ["2024-05"]
        ticking.run(requests)
        ticking.settle()
        used = ticking.project.table("cleaned_usage", "2024-05")
        assert used[used.client_id == "acme"]["value"].sum() == clicks + 2


def test_a_removed_file_withdraws_its_month_but_an_empty_inbox_withdraws_nothing(
    ticking: Ticking,
) -> None:
    paths = [ticking.project.deliver_month(month) for month in ("2024-04", "2024-05")]
    ticking.run(ticking.settle())
    ticking.settle()
    paths[0].unlink()
    requests = ticking.settle()
    assert months(requests)[0] == "2024-04"
    assert tables(requests[0]) == ["raw_pendo_export"]
    assert set(ticking.run(requests).values()) == {True}
    assert ticking.project.months("client_scores") == ["2024-05"]
    ticking.settle()
    paths[1].unlink()
    assert ticking.settle() == []
    assert "holds no exports" in str(ticking.says)
    assert ticking.project.months("client_scores") == ["2024-05"]


def test_a_refused_month_is_run_once_and_again_only_when_it_or_a_lookup_changes(
    ticking: Ticking,
) -> None:
    ticking.project.deliver_month("2024-04")
    broken = ticking.project.deliver("usage 2024-05.csv", HEADER + "v-1,acme,1,5\n")
    requests = ticking.settle()
    assert months(requests) == ["2024-04", "2024-05"]
    assert ticking.run(requests) == {"2024-04": True, "2024-05": False}
    for _ in range(3):
        assert ticking.tick() == []
    assert ticking.says == "Nothing changed since 2024-05 failed"
    # Another file is no reason to try again; nor is a touch.
    ticking.project.deliver_month("2024-01")
    os.utime(broken, (1, 1))
    requests = ticking.settle()
    assert "2024-05" not in months(requests)
    ticking.run(requests)
    ticking.settle()
    # A lookup may be what was wrong.
    ticking.project.lookup("product_areas.csv", AREAS + "Team | Calls,Team\n")
    requests = ticking.settle()
    assert months(requests) == ["2024-05"]
    ticking.run(requests)
    assert ticking.settle() == []
    ticking.project.deliver_month("2024-05")
    requests = ticking.settle()
    assert months(requests) == ["2024-05"]
    assert ticking.run(requests) == {"2024-05": True}


def test_a_file_without_a_month_is_reported_once(
    ticking: Ticking, caplog: pytest.LogCaptureFixture
) -> None:
    ticking.project.deliver("usage.csv", HEADER + "v-1,acme,1,5,1\n")
    ticking.project.deliver_month("2024-05")
    requests = ticking.settle()
    assert months(requests) == ["2024-05"]
    ticking.run(requests)
    for _ in range(3):
        ticking.tick()
    ticking.project.deliver_month("2024-06")
    ticking.run(ticking.settle())
    ticking.settle()
    reported = [r.message for r in caplog.records if r.name == "healthscore.operators"]
    assert len(reported) == 1
    assert reported[0].startswith("usage.csv")


def test_the_cursor_survives_a_restart_in_the_middle(ticking: Ticking) -> None:
    ticking.project.deliver_month("2024-05")
    assert ticking.tick() == []
    ticking.reload()
    requests = ticking.tick()
    assert months(requests) == ["2024-05"]
    # The tick died before it was remembered: asked again under the same key, Dagster drops it.
    before = ticking.cursor
    ticking.run(requests)
    ticking.reload()
    assert ticking.settle() == []
    assert before != ticking.cursor


def test_a_tick_that_was_not_remembered_asks_under_the_same_key(ticking: Ticking) -> None:
    ticking.project.deliver_month("2024-05")
    ticking.tick()
    before = ticking.cursor
    first = ticking.tick()
    ticking.cursor = before
    again = ticking.tick()
    assert [r.run_key for r in first] == [r.run_key for r in again]


def test_an_unreadable_cursor_begins_anew(ticking: Ticking) -> None:
    ticking.project.deliver_month("2024-05")
    ticking.run(ticking.settle())
    ticking.cursor = "of another version"
    assert ticking.settle() == []
    assert ticking.says == "No month is due"


def test_nothing_is_planned_while_runs_of_the_command_line_go_on(ticking: Ticking) -> None:
    ticking.project.deliver_month("2024-05")
    run = ticking.instance.create_run_for_job(
        ticking.definitions.resolve_implicit_global_asset_job_def(),
        tags={"healthscore/started_from": "command line"},
        status=dg.DagsterRunStatus.STARTED,
    )
    assert ticking.settle() == []
    assert ticking.says == "The command line is at work"
    ticking.instance.report_run_failed(run)
    assert months(ticking.tick()) == ["2024-05"]


def test_a_lookup_change_marks_and_runs_nothing_unless_the_setting_says_so(
    ticking: Ticking, caplog: pytest.LogCaptureFixture
) -> None:
    for month in ("2024-04", "2024-05"):
        ticking.project.deliver_month(month)
    ticking.run(ticking.settle())
    ticking.settle()
    ticking.project.lookup("product_areas.csv", AREAS.replace("Export,Reports", "Export,Sharing"))
    assert ticking.settle() == []
    (told,) = [r.message for r in caplog.records if r.name == "healthscore.operators"]
    assert told == (
        "product_areas.csv changed; 2 months from 2024-04 to 2024-05 were made before: "
        "materialize them, or healthscore run --from 2024-04 --to 2024-05"
    )
    settings = "largest_quarantined_share: 1.0\nrerun_after_lookup_change: true\n"
    ticking.project.lookup("scoring.yaml", settings)
    requests = ticking.settle()
    assert months(requests) == ["2024-04", "2024-05"]
    assert {r.tags["healthscore/because"] for r in requests} == {
        "product_areas changed",
        "product_areas changed, reads 2024-04",
    }
    ticking.run(requests)
    assert ticking.settle() == []
    # Changed and changed back before anything was made of it: as it was.
    before = (ticking.project.lookups / "product_areas.csv").read_text()
    ticking.project.lookup("product_areas.csv", AREAS)
    ticking.tick()
    ticking.project.lookup("product_areas.csv", before)
    assert ticking.settle() == []


def test_a_broken_lookup_is_told_once_and_nothing_is_run_until_it_is_mended(
    ticking: Ticking, caplog: pytest.LogCaptureFixture
) -> None:
    ticking.project.deliver_month("2024-05")
    ticking.project.lookup("scoring.yaml", "silent_months: many\n")
    for _ in range(4):
        assert ticking.tick() == []
    assert "scoring.yaml, line 1" in str(ticking.says)
    assert len([r for r in caplog.records if r.name == "healthscore.operators"]) == 1
    ticking.project.lookup("scoring.yaml", "largest_quarantined_share: 1.0\n")
    assert months(ticking.settle()) == ["2024-05"]


def test_files_are_read_over_several_ticks_where_there_are_many(
    ticking: Ticking, monkeypatch: pytest.MonkeyPatch
) -> None:
    for month in span("2023-01", "2023-06"):
        ticking.project.deliver_month(month)
    monkeypatch.setattr(watch, "PATIENCE_SECONDS", 0.0)
    assert ticking.settle() == []
    assert "files are still to be read" in str(ticking.says)
    monkeypatch.undo()
    assert months(ticking.tick()) == span("2023-01", "2023-06")


def test_ten_thousand_files_cost_a_stat_each_and_a_small_cursor(
    ticking: Ticking, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10_000):
        (ticking.project.inbox / f"usage {number:05d}.csv").write_bytes(b"")
    (ticking.project.inbox / "usage 00000.csv").unlink()
    graph = watch.Graph.of(ticking.definitions)
    cursor = watch.Cursor()
    # As if all had been planned for: nothing is opened in this test.
    seen = watch.Fingerprint.of(watch.listed(ticking.workplace.inbox)).text()
    lookups = watch._look(ticking.workplace, cursor).lookups
    cursor = watch.Cursor(seen=seen, settled=seen, lookups_seen=lookups, lookups=lookups)
    monkeypatch.setattr(Path, "open", None)
    monkeypatch.setattr(ticking.instance, "get_runs", None)
    monkeypatch.setattr(ticking.instance, "get_run_records", None)
    looked = watch.tick(ticking.workplace, graph, ticking.instance, cursor)
    assert looked.says == "Nothing changed"
    assert len(looked.cursor.model_dump_json()) < 6_000


def test_the_reason_and_the_order_are_told_with_the_run(ticking: Ticking) -> None:
    for month in ("2024-04", "2024-05"):
        ticking.project.deliver_month(month)
    first, second = ticking.settle()
    assert int(first.tags["dagster/priority"]) > int(second.tags["dagster/priority"])
    assert first.tags["healthscore/because"] == "new"
    assert json.loads(str(ticking.cursor))["asked"].keys() == {"2024-04", "2024-05"}


def test_an_inbox_that_goes_away_takes_no_month_away(ticking: Ticking) -> None:
    """As a share that is not mounted: before the plan, and between the plan and the run."""
    path = ticking.project.deliver_month("2024-05")
    ticking.run(ticking.settle())
    ticking.settle()
    hidden = ticking.project.root / "share"
    ticking.project.deliver_month("2024-05", {"acme": 50})
    requests = ticking.settle()
    path.rename(hidden)
    assert ticking.run(requests) == {"2024-05": False}
    assert ticking.project.months("client_scores") == ["2024-05"]
    # Something else in the empty mount point is no export, and no reason to withdraw.
    (ticking.project.inbox / "READ ME.txt").write_text("not mounted")
    for _ in range(3):
        assert ticking.tick() == []
    hidden.rename(path)
    requests = ticking.settle()
    assert months(requests) == ["2024-05"]
    assert ticking.run(requests) == {"2024-05": True}


def test_a_month_that_waited_for_another_file_is_run_when_that_file_goes_away(
    ticking: Ticking,
) -> None:
    whole = ticking.project.deliver("a 2024-05.csv", HEADER + "v-1,acme,1,5,1\n")
    growing = ticking.project.deliver("b 2024-05.csv", HEADER)
    assert slot_of(growing) != slot_of(whole)
    assert ticking.tick() == []
    growing.write_text(HEADER + "v-2,bolt,1,5,1\n")
    assert ticking.tick() == []
    growing.unlink()
    assert months(ticking.settle()) == ["2024-05"]


def test_a_file_that_is_deleted_to_be_written_anew_withdraws_nothing(ticking: Ticking) -> None:
    paths = {month: ticking.project.deliver_month(month) for month in ("2024-04", "2024-05")}
    ticking.run(ticking.settle())
    ticking.settle()
    new = ticking.project.deliver_month("2024-06")
    assert slot_of(new) != slot_of(paths["2024-05"])
    assert ticking.tick() == []
    text = paths["2024-05"].read_text()
    paths["2024-05"].unlink()
    assert months(ticking.tick()) == ["2024-06"]
    paths["2024-05"].write_text(text)
    assert ticking.settle() == []


def test_a_new_cursor_asks_under_new_keys(ticking: Ticking) -> None:
    """Dagster knows keys for good: after a reset of the cursor the old ones would be dropped."""
    ticking.project.deliver_month("2024-05")
    before = ticking.settle()
    ticking.cursor = None
    after = ticking.settle()
    assert months(before) == months(after) == ["2024-05"]
    assert before[0].run_key != after[0].run_key


def test_a_cursor_of_another_shape_begins_anew() -> None:
    assert watch.Cursor.of('{"seen": "AAAA"}').seen == ""
    assert watch.Cursor.of('{"settled": "not base64"}').settled == ""


def test_thousands_of_files_without_a_month_are_told_in_few_lines(ticking: Ticking) -> None:
    for number in range(200):
        ticking.project.deliver(f"usage {number}.csv", HEADER + f"v-{number},acme,1,5,1\n")
    looked = [ticking.settle() for _ in range(2)]
    assert looked == [[], []]
    assert len(str(ticking.cursor)) < 6_000
