"""The nightly look at the whole lake."""

import time
from collections.abc import Mapping
from hashlib import sha256

import dagster as dg
from dagster._core.definitions.data_version import get_input_data_version_tag

from healthscore_assets.contracts import CONTRACTS, FILES
from healthscore_assets.monitoring.lake_check import Known, Made, Report, check_lake
from healthscore_assets.orchestration.failures import PARTITION
from healthscore_assets.orchestration.files import SWITCHED_OFF
from healthscore_assets.orchestration.plan import DATA_VERSION, RAW
from healthscore_assets.orchestration.pull_runs import is_pull
from healthscore_assets.orchestration.transient import tried_again
from healthscore_assets.orchestration.worker import UNDER_WAY
from healthscore_assets.orchestration.workplace import Workplace

_REFUSE_ROWS = ("client_aliases", "excluded_accounts", "excluded_visitors")
"""The lookups that decide which rows are refused; others change names, not sums."""

_LINES = 50
"""Of more problems than these the failure tells how many there are; all are in the run's log."""

_KEPT_SECONDS = 2 * 86_400
"""No run goes on for that long: what is older in the stage was left by a killed process."""


@dg.op(description="Holds every month of the lake against its contracts, sums and recorded hashes.")
def self_check(context: dg.OpExecutionContext, workplace: Workplace) -> None:
    """Fails with a line per problem, so that the operators are told."""
    started = time.monotonic()
    instance = context.instance
    with tried_again(context.retry_number):
        report = check_lake(
            workplace.local,
            workplace.lake,
            Known(
                workplace.product_areas,
                workplace.internal_domains,
                workplace.identities,
                workplace.settings.measure,
            ),
            history=lambda: _history(instance, workplace),
            in_the_making=lambda: _in_the_making(instance),
        )
        swept = workplace.lake.sweep_stages(time.time() - _KEPT_SECONDS)
    told = {**_told(report, time.monotonic() - started), "swept": dg.MetadataValue.int(swept)}
    for line in report.notes:
        context.log.info(line)
    for line in report.problems:
        context.log.error(line)
    if report.problems:
        raise dg.Failure("\n".join(_first(report.problems)), told, allow_retries=False)
    context.add_output_metadata(told)


@dg.job(description="Reads the whole lake and reports what is damaged, missing or does not add up.")
def nightly_self_check() -> None:
    """One op; it takes no turn at the lake, since it changes no table."""
    self_check()


def _history(instance: dg.DagsterInstance, workplace: Workplace) -> dict[str, Made]:
    """What was recorded of the newest tables of each month."""
    hashes: dict[str, dict[str, str]] = {}
    for table in (*CONTRACTS, *FILES):
        latest = instance.event_log_storage.get_latest_tags_by_partition(
            dg.AssetKey(table), dg.DagsterEventType.ASSET_MATERIALIZATION, [DATA_VERSION]
        )
        for month, tags in latest.items():
            if tags[DATA_VERSION] != SWITCHED_OFF:
                hashes.setdefault(month, {})[table] = tags[DATA_VERSION]
    cleaned, counted = _read_by(instance, "cleaned_usage"), _read_by(instance, "area_engagement")
    refusing = {_version_of(name): workplace.lookup_version(name) for name in _REFUSE_ROWS}
    counting = {_version_of("scoring_settings"): workplace.lookup_version("scoring_settings")}

    def made(month: str, published: dict[str, str]) -> Made:
        # Of a table with months Dagster records a hash over the versions of those that are read.
        exports = {_version_of(RAW): sha256(published.get(RAW, "").encode()).hexdigest()}
        read, settings = cleaned.get(month, {}), counted.get(month, {})
        return Made(
            published,
            refused_alike=(refusing | exports).items() <= read.items(),
            counted_alike=counting.items() <= settings.items(),
        )

    return {month: made(month, published) for month, published in hashes.items()}


def _read_by(instance: dg.DagsterInstance, table: str) -> dict[str, Mapping[str, str]]:
    """By month, the versions of what a table was made from, among its other tags."""
    key, made = dg.AssetKey(table), dg.DagsterEventType.ASSET_MATERIALIZATION
    newest = instance.get_latest_storage_id_by_partition(key, made)
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=key, storage_ids=list(newest.values())),
        limit=max(1, len(newest)),
    ).records
    return {
        record.partition_key: record.event_log_entry.tags or {}
        for record in records
        if record.partition_key is not None
    }


def _version_of(asset: str) -> str:
    """The tag that tells which version of an asset was read."""
    return get_input_data_version_tag(dg.AssetKey(asset))


def _in_the_making(instance: dg.DagsterInstance) -> set[str]:
    runs = instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY))
    return {run.tags[PARTITION] for run in runs if PARTITION in run.tags and not is_pull(run)}


def _told(report: Report, seconds: float) -> dict[str, dg.MetadataValue]:
    numbers = {
        "months": report.months,
        "tables": len(report.tables),
        "files": report.files,
        "bytes": report.bytes,
        "problems": len(report.problems),
        "not_compared": len(report.notes),
    }
    told: dict[str, dg.MetadataValue] = {
        name: dg.MetadataValue.int(number) for name, number in numbers.items()
    }
    told["seconds"] = dg.MetadataValue.float(round(seconds, 1))
    if report.notes:
        told["notes"] = dg.MetadataValue.text("\n".join(_first(report.notes)))
    return told


def _first(lines: list[str]) -> list[str]:
    more = len(lines) - _LINES
    return [*lines[:_LINES], f"... and {more} more"] if more > 0 else lines
