"""Dagster's databases kept open: what others see of them, and that few are opened."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage

from healthscore_assets.orchestration.instance import open_instance
from healthscore_assets.orchestration.kept_open import KeptOpenEvents, KeptOpenStorage

EVENTS_IN_A_RUN = 10


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with open_instance() as opened:
        yield opened


def run_in(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    @dg.asset
    def made() -> None:
        pass

    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return dg.materialize([made], instance=instance, run_config=quiet)


def events_by(storage: DagsterSqliteStorage, run_id: str) -> list[str]:
    records = storage.event_log_storage.get_records_for_run(run_id).records
    return [str(record.event_log_entry.get_dagster_event().event_type_value) for record in records]


def schema_of(database: Path) -> set[tuple[str, ...]]:
    with sqlite3.connect(database) as connection:
        made = connection.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master")
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        (mode,) = connection.execute("PRAGMA journal_mode").fetchall()
        return {*made.fetchall(), ("revision", *revision), ("journal_mode", *mode)}


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_project_gets_it_and_few_databases_are_opened(instance: dg.DagsterInstance) -> None:
    run_in(instance)
    opened: list[str] = []

    def note(_: object, record: sa.pool.ConnectionPoolEntry) -> None:
        opened.append(str(record))

    sa.event.listen(sa.pool.Pool, "connect", note)
    try:
        result = run_in(instance)
    finally:
        sa.event.remove(sa.pool.Pool, "connect", note)
    assert len(result.all_events) > EVENTS_IN_A_RUN
    # The database of the run; those of all runs are open already.
    assert len(opened) == 1


def test_the_stock_storage_takes_up_what_it_left(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    run_id = run_in(instance).run_id
    stock = DagsterSqliteStorage(str(tmp_path))
    (run,) = stock.run_storage.get_runs(dg.RunsFilter([run_id]))
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert events_by(stock, run_id)[-1] == "PIPELINE_SUCCESS"
    assert len(instance.all_logs(run_id)) == len(events_by(stock, run_id))
    stock.dispose()


def test_the_database_of_a_run_is_set_up_as_the_stock_storage_does(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    instance.event_log_storage.get_records_for_run("the-first")  # which a blank one is made for
    ours = schema_of(tmp_path / f"history/runs/{run_in(instance).run_id}.db")
    folder = tmp_path / "stock"
    folder.mkdir()
    with dg.DagsterInstance.from_config(str(folder)) as stock:
        theirs = schema_of(folder / f"history/runs/{run_in(stock).run_id}.db")
    assert ours == theirs
    assert ("journal_mode", "wal") in ours


def test_of_two_that_set_up_one_run_the_second_takes_what_the_first_made(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking for the file and putting one there, another process may have done it."""
    run_id = run_in(instance).run_id
    before = len(instance.all_logs(run_id))
    late = KeptOpenStorage(str(tmp_path))
    path = tmp_path / f"history/runs/{run_id}.db"
    seen = Path.exists
    monkeypatch.setattr(Path, "exists", lambda self: self != path and seen(self))
    assert len(events_by(late, run_id)) == before
    late.dispose()
    assert not [*path.parent.glob("*.new")]


def test_the_ui_follows_a_run_of_another_process(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """The UI is told by a change of the run's file, which SQLite leaves alone while it is open."""
    run_id = "11111111-1111-4111-8111-111111111111"
    seen: list[str] = []
    with dg.DagsterInstance.from_config(str(tmp_path)) as ui:
        ui.watch_event_logs(run_id, None, lambda entry, _: seen.append(entry.user_message))
        for number in range(3):
            entry = dg.EventLogEntry(
                error_info=None,
                level=20,
                user_message=f"event {number}",
                run_id=run_id,
                timestamp=time.time(),
            )
            instance.handle_new_event(entry)
            until(lambda number=number: seen[-1:] == [f"event {number}"])
    assert seen == ["event 0", "event 1", "event 2"]


def test_the_events_of_past_runs_are_closed(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    runs = [run_in(instance).run_id for _ in range(6)]
    still_open = [run for run in runs if (tmp_path / f"history/runs/{run}.db-wal").exists()]
    assert still_open == runs[-4:]
    # And read again where they are asked for.
    storage = KeptOpenStorage(str(tmp_path))
    assert events_by(storage, runs[0])[-1] == "PIPELINE_SUCCESS"
    storage.dispose()


def test_wiped_events_are_gone(instance: dg.DagsterInstance) -> None:
    run_id = run_in(instance).run_id
    storage = instance.event_log_storage
    assert isinstance(storage, KeptOpenEvents)
    storage.wipe()
    assert storage.get_records_for_run(run_id).records == []
    assert run_in(instance).success
