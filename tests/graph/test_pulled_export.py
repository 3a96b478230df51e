"""Pulls as runs of Dagster: by the asset, by the schedule, and what other runs make of them."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest
from pendo_pulls import VARIABLE
from pendo_server import KEY, Pendo, some_events, some_features
from project import Project
from test_inbox_sensor import Ticking

from healthscore_assets.orchestration.failures import failure_message
from healthscore_assets.orchestration.history import last_runs
from healthscore_assets.orchestration.runs import in_the_making
from healthscore_assets.pendo.api import nothing

MAY = "2024-05"


@pytest.fixture
def ticking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ticking]:
    monkeypatch.setenv(VARIABLE, KEY)
    monkeypatch.setattr(nothing, "WAITS", (0.0, 0.0))
    with (
        Pendo(some_events([MAY]), some_features()).running() as server,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        project = Project.make(tmp_path)
        project.lookup("sources.yaml", f"pendo:\n  address: {server.url}\n  page_rows: 100\n")
        yield Ticking(project, instance)


def pull(ticking: Ticking, month: str = MAY) -> dg.ExecuteInProcessResult:
    return ticking.definitions.resolve_job_def("pulls").execute_in_process(
        partition_key=month, instance=ticking.instance, raise_on_error=False
    )


def test_the_asset_does_what_the_command_does(ticking: Ticking) -> None:
    result = pull(ticking)
    assert result.success
    (event,) = result.get_asset_materialization_events()
    found = {name: value.value for name, value in event.materialization.metadata.items()}
    pulled = ticking.project.inbox / "pulled" / "api"
    assert {name: found[name] for name in ("pages", "windows", "changed", "file")} == {
        "pages": 4,
        "windows": 1,
        "changed": True,
        "file": str(pulled / "pendo 2024-05.parquet"),
    }
    assert found["dagster/row_count"] > 200
    assert len(found["sha256"]) == 64
    assert found["seconds"] >= 0
    assert not ticking.workplace.lake.months("pulled_export")


def test_the_sensor_runs_the_month_that_was_pulled(ticking: Ticking) -> None:
    assert pull(ticking).success
    requests = ticking.settle()
    assert [each.partition_key for each in requests] == [MAY]
    assert dg.AssetKey("pulled_export") not in (requests[0].asset_selection or [])
    assert ticking.run(requests) == {MAY: True}
    assert pull(ticking).success  # the same again
    assert ticking.settle() == []


def test_a_month_without_use_is_told(ticking: Ticking) -> None:
    (event,) = pull(ticking, "2024-06").get_asset_materialization_events()
    assert event.materialization.metadata["sha256"].value == ("nothing was written: no use is told")
    assert not [*(ticking.project.inbox / "pulled" / "api").glob("[!.]*")]


def test_a_pull_that_fails_is_no_run_of_the_month(
    ticking: Ticking, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pull(ticking).success
    assert ticking.run(ticking.settle()) == {MAY: True}
    before = last_runs(ticking.instance)
    monkeypatch.delenv(VARIABLE)
    failed = pull(ticking)
    assert not failed.success
    run = ticking.instance.get_run_by_id(failed.run_id)
    assert run is not None
    assert failure_message(ticking.instance, run) == (
        f"A pull failed, and the inbox is as it was (run {failed.run_id}).\n"
        f"{VARIABLE} is not set; set the environment variable {VARIABLE}"
    )
    assert last_runs(ticking.instance) == before
    assert before[MAY].status == "success"


def test_a_month_that_was_refused_is_not_run_again_because_of_a_pull(ticking: Ticking) -> None:
    """It reads June, which comes again; without a better export July would be refused again."""
    ticking.project.deliver_month("2024-06")
    ticking.project.deliver("usage 2024-07.csv", "of nothing\nthat is known\n")
    assert ticking.run(ticking.settle()) == {"2024-06": True, "2024-07": False}
    assert pull(ticking, "2024-07").success  # Pendo tells of no use in July
    ticking.project.deliver_month("2024-06", {"acme": 9})
    assert ticking.run(ticking.settle()) == {"2024-06": True}
    assert ticking.settle() == []


def test_messages_do_not_wait_for_pulls(ticking: Ticking) -> None:
    pulls = ticking.definitions.resolve_job_def("pulls")
    any_asset = ticking.definitions.resolve_implicit_global_asset_job_def()
    for job, assets, waits in (
        (pulls, None, False),
        (any_asset, ["pulled_export"], False),
        (any_asset, ["client_scores"], True),
    ):
        ticking.instance.create_run_for_job(
            job,
            asset_selection=frozenset(map(dg.AssetKey, assets)) if assets else None,
            tags={"dagster/partition": MAY},
            status=dg.DagsterRunStatus.STARTED,
        )
        assert in_the_making(ticking.instance) == waits


def test_a_key_that_is_refused_fails_the_run_once(ticking: Ticking) -> None:
    job = ticking.definitions.resolve_job_def("pulls")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "revoked")
        result = job.execute_in_process(
            partition_key=MAY, instance=ticking.instance, raise_on_error=False
        )
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    description = failure.step_failure_data.user_failure_data.description
    assert f"answered 403 to the key in {VARIABLE}" in description
    assert not [event for event in result.all_events if event.is_step_up_for_retry]


def test_the_schedule_pulls_the_month_before_and_the_current_one(ticking: Ticking) -> None:
    repository = ticking.definitions.get_repository_def()
    schedule = repository.get_schedule_def("pull_daily")
    for at, months in (
        ("2024-06-14", ["2024-05", "2024-06"]),
        ("2024-01-01", ["2023-12", "2024-01"]),
    ):
        with dg.build_schedule_context(
            instance=ticking.instance,
            scheduled_execution_time=datetime.fromisoformat(f"{at}T04:00:00+00:00"),
            repository_def=repository,
        ) as context:
            requests = schedule.evaluate_tick(context).run_requests
        assert [each.partition_key for each in requests or []] == months
        assert [each.run_key for each in requests or []] == [f"{m} on {at}" for m in months]


def test_pulls_take_turns(ticking: Ticking) -> None:
    assert ticking.definitions.resolve_job_def("pulls").tags["healthscore/pull"] == "yes"
    (asset,) = [
        each
        for each in ticking.definitions.resolve_asset_graph().assets_defs
        if dg.AssetKey("pulled_export") in each.keys
    ]
    assert asset.op.pool == "pull"
