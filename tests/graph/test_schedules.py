"""What runs by the clock, tick by tick: late exports, fresh scores, the nightly self-check."""

import asyncio
import itertools
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.definitions.freshness_evaluator import TimeWindowFreshnessPolicyEvaluator
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.loader import LoadingContextForTest
from dagster._core.test_utils import freeze_time
from dagster._core.utils import make_new_run_id
from project import HEADER, Project
from test_runs import TOO_MUCH, Running

from healthscore_assets.contracts import FROM_USAGE
from healthscore_assets.lake.months import shift, span
from healthscore_assets.orchestration.plan import RAW, MonthPlan
from healthscore_assets.orchestration.runs import observe_lookups, run_month

NOW = datetime.now(UTC)
MONTH = shift(f"{NOW:%Y-%m}", -1)
"""The newest complete month, as the steps see it too: they read the clock."""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Running(Project.make(tmp_path), instance)


@pytest.fixture
def ticking(tmp_path: Path) -> Iterator[Running]:
    """On an instance with files: a schedule opens it anew."""
    home = tmp_path / "home"
    home.mkdir()
    quiet = {"telemetry": {"enabled": False}}
    with dg.DagsterInstance.local_temp(str(home), overrides=quiet) as instance:
        yield Running(Project.make(tmp_path), instance)


def take_in(running: Running, month: str) -> None:
    """The raw table of a month; nothing else is asked for here."""
    running.project.deliver_month(month)
    assert run_month(running.definitions, running.instance, MonthPlan(month, (RAW,))).succeeded


def tick(running: Running, at: datetime) -> dg.RunRequest | str:
    """A tick of the arrival schedule: the run that it asks for, or why it asks for none."""
    repository = running.definitions.get_repository_def()
    schedule = repository.get_schedule_def("month_arrival_daily")
    with dg.build_schedule_context(
        instance=running.instance,
        scheduled_execution_time=at,
        resources={"workplace": running.workplace},
        repository_def=repository,
    ) as context:
        data = schedule.evaluate_tick(context)
    if data.run_requests:
        (request,) = data.run_requests
        return request
    assert data.skip_message is not None
    return data.skip_message


def launch(running: Running, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
    job = running.definitions.resolve_job_def("month_arrival")
    return job.execute_in_process(
        partition_key=request.partition_key,
        run_config=request.run_config,
        instance=running.instance,
        tags=request.tags,
        raise_on_error=False,
    )


def recorded(running: Running, month: str) -> dg.AssetCheckEvaluation:
    """The newest result of the check."""
    key = dg.AssetCheckKey(dg.AssetKey("raw_pendo_export"), "arrived")
    (newest,) = running.instance.event_log_storage.get_asset_check_execution_history(
        key, limit=1, partition_filter=PartitionKeyFilter(key=month)
    )
    event = newest.event
    assert event is not None
    assert event.dagster_event is not None
    return event.dagster_event.asset_check_evaluation_data


def day(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T06:00:00+00:00")


def test_the_schedules_are_in_utc_and_on_but_for_those_of_sources(ticking: Running) -> None:
    schedules = ticking.definitions.get_repository_def().schedule_defs
    assert {
        (each.name, each.cron_schedule, each.execution_timezone, each.default_status.value)
        for each in schedules
    } == {
        ("month_arrival_daily", "0 6 * * *", "UTC", "RUNNING"),
        ("nightly_self_check_schedule", "0 3 * * *", "UTC", "RUNNING"),
        ("pull_daily", "0 4 * * *", "UTC", "STOPPED"),
        ("warehouse_refresh_daily", "0 5 * * *", "UTC", "STOPPED"),
    }


def test_nobody_waits_for_an_export_before_the_first(ticking: Running) -> None:
    assert tick(ticking, day("2024-06-14")) == ("2024-05: no export, nor of any month before it")


def test_from_due_to_late_to_there(ticking: Running) -> None:
    take_in(ticking, "2024-03")
    assert tick(ticking, day("2024-05-01")) == "2024-04: no export yet; due 5 May 2024"
    assert tick(ticking, day("2024-05-05")) == "2024-04: no export yet; due 5 May 2024"
    sixth, seventh = tick(ticking, day("2024-05-06")), tick(ticking, day("2024-05-07"))
    assert isinstance(sixth, dg.RunRequest)
    assert isinstance(seventh, dg.RunRequest)
    assert (sixth.partition_key, sixth.run_key) == ("2024-04", "2024-04 on 2024-05-06")
    assert seventh.run_key == "2024-04 on 2024-05-07"
    # Twice a day is once.
    again = tick(ticking, day("2024-05-07") + timedelta(hours=9))
    assert isinstance(again, dg.RunRequest)
    assert again.run_key == seventh.run_key
    # With another due day it is not late yet.
    ticking.project.lookup("scoring.yaml", "export_due_day: 7\n")
    assert tick(ticking, day("2024-05-07")) == "2024-04: no export yet; due 7 May 2024"
    # It came.
    take_in(ticking, "2024-04")
    days = (NOW.date() - day("2024-04-30").date()).days
    assert tick(ticking, day("2024-05-08")) == (
        f"2024-04: taken in {days} days after the month's end"
    )
    # In June, May is waited for.
    assert tick(ticking, day("2024-06-01")) == "2024-05: no export yet; due 7 June 2024"


def test_january_asks_for_december(ticking: Running) -> None:
    take_in(ticking, "2023-11")
    assert tick(ticking, day("2024-01-05")) == "2023-12: no export yet; due 5 January 2024"
    request = tick(ticking, day("2024-01-06"))
    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == "2023-12"


def test_the_run_of_a_late_month_records_how_late_it_is(ticking: Running) -> None:
    ticking.project.lookup("scoring.yaml", "largest_quarantined_share: 1.0\nexport_due_day: 1\n")
    take_in(ticking, "2024-03")
    request = tick(ticking, day("2024-05-06"))
    assert isinstance(request, dg.RunRequest)
    result = launch(ticking, request)
    assert result.success
    check = recorded(ticking, "2024-04")
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.WARN
    assert check.partition == "2024-04"
    assert check.description == "2024-04: no export yet, 5 days late (due 1 May 2024)"
    assert check.metadata["days_late"].value == 5
    assert ticking.project.months("raw_pendo_export") == ["2024-03"]
    # An export that is in the inbox is the sensor's to take in: it may be half written.
    ticking.project.deliver_month("2024-04")
    assert launch(ticking, request).success
    assert not recorded(ticking, "2024-04").passed
    assert ticking.project.months("raw_pendo_export") == ["2024-03"]
    take_in(ticking, "2024-04")
    check = recorded(ticking, "2024-04")
    assert check.passed
    after = (NOW.date() - day("2024-04-30").date()).days
    assert check.description == f"2024-04: taken in {after} days after the month's end"
    assert check.metadata["days_after_month_end"].value == after


def test_taking_in_again_does_not_change_when_a_month_came(ticking: Running) -> None:
    ticking.project.deliver_month("2024-04")
    third_of_may = datetime(2024, 5, 3, 12, tzinfo=UTC)
    with freeze_time(third_of_may):
        ticking.instance.report_runless_asset_event(
            dg.AssetMaterialization("raw_pendo_export", partition="2024-04")
        )
    take_in(ticking, "2024-04")
    assert recorded(ticking, "2024-04").description == (
        "2024-04: taken in 3 days after the month's end"
    )


def test_an_export_that_is_refused_has_not_come(ticking: Running) -> None:
    take_in(ticking, "2024-03")
    ticking.project.deliver("usage 2024-04.csv", "nothing that is known\n1\n")
    request = tick(ticking, day("2024-05-06"))
    assert isinstance(request, dg.RunRequest)
    assert launch(ticking, request).success
    check = recorded(ticking, "2024-04")
    assert not check.passed
    assert check.description is not None
    assert check.description.startswith("2024-04: no export yet, ")


def test_what_the_lake_holds_is_never_run_for(ticking: Running) -> None:
    take_in(ticking, "2024-03")
    ticking.project.deliver_month("2024-04")
    made = MonthPlan("2024-04", (RAW, *ticking.graph.with_siblings({"cleaned_usage"})))
    assert run_month(ticking.definitions, ticking.instance, made).succeeded
    before = ticking.project.bytes_of_lake()
    for file in ticking.project.inbox.iterdir():
        file.unlink()
    assert str(tick(ticking, day("2024-05-06"))).startswith("2024-04: taken in ")
    # Nor where only the raw table is lost: nothing else is touched.
    ticking.workplace.lake.withdraw("raw_pendo_export", "2024-04")
    request = tick(ticking, day("2024-05-06"))
    assert isinstance(request, dg.RunRequest)
    assert launch(ticking, request).success
    assert not recorded(ticking, "2024-04").passed
    after = ticking.project.bytes_of_lake()
    assert before.keys() - after.keys() == {"raw_pendo_export/month=2024-04/data.parquet"}


def test_an_export_from_before_the_end_of_its_month_is_told_of(ticking: Running) -> None:
    # This month is not over: what is taken in now is not whole when it is.
    now = f"{NOW:%Y-%m}"
    take_in(ticking, now)
    assert recorded(ticking, now).passed
    due = datetime.fromisoformat(f"{shift(now, 1)}-05T06:00:00+00:00")
    told = f"{now}: only an export from before the month was over"
    assert tick(ticking, due) == f"{told}; due {due.day} {due:%B %Y}"
    request = tick(ticking, due + timedelta(days=3))
    assert isinstance(request, dg.RunRequest)
    assert launch(ticking, request).success
    check = recorded(ticking, now)
    assert not check.passed
    assert check.description == f"{told}, 3 days late (due {due.day} {due:%B %Y})"
    assert check.severity == dg.AssetCheckSeverity.WARN
    assert check.metadata["days_late"].value == 3


def test_scores_are_fresh_until_the_next_month_is_overdue(running: Running) -> None:
    running.project.lookup("scoring.yaml", "export_due_day: 5\n")
    node = running.definitions.resolve_asset_graph().get(dg.AssetKey("client_scores"))

    def state(at: datetime) -> FreshnessState:
        with freeze_time(at):
            context = LoadingContextForTest(running.instance)
            evaluator = TimeWindowFreshnessPolicyEvaluator()
            return asyncio.run(evaluator.evaluate_freshness(context, node))

    assert state(NOW) == FreshnessState.UNKNOWN
    # April's scores were made on the first of May, as early as can be.
    with freeze_time(datetime(2024, 5, 1, tzinfo=UTC)):
        running.instance.report_runless_asset_event(
            dg.AssetMaterialization("client_scores", partition="2024-04")
        )
    assert state(datetime(2024, 5, 31, tzinfo=UTC)) == FreshnessState.PASS
    # May's are due on Wednesday, 5 June: until it ends; a weekend more is no failure.
    assert state(datetime(2024, 6, 5, 23, 59, tzinfo=UTC)) == FreshnessState.PASS
    assert state(datetime(2024, 6, 6, 0, 1, tzinfo=UTC)) == FreshnessState.WARN
    assert state(datetime(2024, 6, 9, 23, 59, tzinfo=UTC)) == FreshnessState.WARN
    assert state(datetime(2024, 6, 10, 0, 1, tzinfo=UTC)) == FreshnessState.FAIL


def self_check(running: Running) -> dg.ExecuteInProcessResult:
    job = running.definitions.resolve_job_def("nightly_self_check")
    return job.execute_in_process(
        instance=running.instance,
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )


def failure(result: dg.ExecuteInProcessResult) -> tuple[str, dict[str, object]]:
    """What a failed self-check tells people, and its numbers."""
    told = result.failure_data_for_node("self_check")
    assert told is not None
    assert told.user_failure_data is not None
    assert told.user_failure_data.description is not None
    numbers = {name: value.value for name, value in told.user_failure_data.metadata.items()}
    return told.user_failure_data.description, numbers


def output(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    (event,) = [each for each in result.all_events if each.is_successful_output]
    return {name: each.value for name, each in event.step_output_data.metadata.items()}


def test_the_nightly_self_check_of_a_sound_lake(running: Running) -> None:
    observe_lookups(running.instance, running.workplace)
    for month in ("2024-03", "2024-04"):
        running.project.deliver_month(month)
        assert running.run(month).succeeded
    before = running.project.bytes_of_lake()
    result = self_check(running)
    assert result.success
    told = output(result)
    assert told.pop("seconds") > 0  # type: ignore[operator]
    read = sum(len(each) for path, each in before.items() if "client_scores_csv" not in path)
    assert told == {
        "months": 2,
        "tables": 31,
        "files": 72,
        "bytes": read,
        "problems": 0,
        "not_compared": 0,
        "swept": 0,
    }
    assert running.project.bytes_of_lake() == before


def test_the_nightly_self_check_names_what_changed_since_it_was_published(
    running: Running,
) -> None:
    observe_lookups(running.instance, running.workplace)
    for month in ("2024-03", "2024-04"):
        running.project.deliver_month(month)
        assert running.run(month).succeeded
    path = running.project.lake / "client_month" / "month=2024-03" / "data.parquet"
    # In the name of the program that wrote it: every value is as it was.
    path.write_bytes(path.read_bytes().replace(b"DuckDB version", b"DuckDB Version"))
    result = self_check(running)
    assert not result.success
    assert not any(event.is_step_up_for_retry for event in result.all_events)
    lines, numbers = failure(result)
    assert lines == (
        "2024-03 client_month: is not the file that was published: its bytes have changed since; "
        "make it again: healthscore run --from 2024-03 --to 2024-03"
    )
    assert (numbers["problems"], numbers["months"]) == (1, 2)
    # As it says.
    assert running.run("2024-03").succeeded
    assert self_check(running).success


def test_lookups_decide_what_the_self_check_compares(running: Running) -> None:
    observe_lookups(running.instance, running.workplace)
    running.project.deliver_month("2024-03")
    assert running.run("2024-03").succeeded
    # Areas and settings change no rows that are refused.
    running.project.lookup("product_areas.csv", "feature,area\nTeam | Chat,Talk\n")
    running.project.lookup("scoring.yaml", "measure: minutes\n")
    assert output(self_check(running))["not_compared"] == 0
    # The excluded accounts do.
    running.project.lookup("excluded_accounts.csv", "client_id,reason\nbolt,test\n")
    told = output(self_check(running))
    assert (told["not_compared"], told["problems"]) == (1, 0)
    assert str(told["notes"]).startswith("2024-03: not compared with its exports, since ")


def test_a_refused_correction_is_no_damage(running: Running) -> None:
    observe_lookups(running.instance, running.workplace)
    running.project.deliver_month("2024-03")
    assert running.run("2024-03").succeeded
    assert output(self_check(running))["not_compared"] == 0
    running.project.deliver("usage 2024-03.csv", TOO_MUCH)
    # The month keeps its tables, beside the record of what was delivered; the run told why.
    assert not running.run("2024-03").succeeded
    told = output(self_check(running))
    assert (told["not_compared"], told["problems"]) == (1, 0)
    assert str(told["notes"]).endswith(
        "made of an earlier delivery or before a lookup changed that refuses rows"
    )


def test_a_month_whose_run_is_under_way_is_not_told_of(running: Running) -> None:
    for month in ("2024-03", "2024-04"):
        running.project.deliver_month(month)
        assert running.run(month).succeeded
    for month in ("2024-03", "2024-04"):
        running.workplace.lake.withdraw("momentum", month)
    running.instance.add_run(
        dg.DagsterRun(
            job_name="__ASSET_JOB",
            run_id=make_new_run_id(),
            status=dg.DagsterRunStatus.STARTED,
            tags={"dagster/partition": "2024-04"},
        )
    )
    lines, numbers = failure(self_check(running))
    assert lines == (
        "2024-03 momentum: is missing, while other tables of the month are there; make it again: "
        "healthscore run --from 2024-03 --to 2024-03"
    )
    assert str(numbers["notes"]).endswith("2024-04: is being made again; not checked")


def test_many_problems_are_told_of_in_a_message_that_can_be_read(running: Running) -> None:
    running.project.deliver_month("2024-01")
    assert running.run("2024-01").succeeded
    for table, month in itertools.product(FROM_USAGE, span("2024-02", "2024-05")):
        folder = running.project.lake / table
        shutil.copytree(folder / "month=2024-01", folder / f"month={month}")
    for path in running.project.lake.glob("*/month=*/data.parquet"):
        path.write_bytes(path.read_bytes()[:-1])
    lines, numbers = failure(self_check(running))
    # 31 tables of five months that cannot be read; those of January were others before, too.
    assert numbers["problems"] == 186
    assert len(lines.splitlines()) == 51
    assert lines.endswith("\n... and 136 more")


def test_settings_that_cannot_be_read_fail_in_one_line(running: Running) -> None:
    running.project.deliver("usage 2024-03.csv", HEADER + "v,acme,1,5,2\n")
    assert running.run("2024-03").succeeded
    running.project.lookup("scoring.yaml", "export_due_day: 31\n")
    lines, _ = failure(self_check(running))
    assert "setting export_due_day: input should be less than or equal to 28, found 31" in lines
