"""What the stages of all feeds do: take in the files of a month, put them together, publish."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import dagster as dg
import ibis

from healthscore_assets.contracts import FEED_TABLES
from healthscore_assets.contracts.rules import schema_of
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.months import shift
from healthscore_assets.monitoring.observation import plural
from healthscore_assets.orchestration.monthly import left_as_it_was
from healthscore_assets.orchestration.publish import (
    CONTRACT,
    Finding,
    Publication,
    Published,
    Stage,
    Staged,
    plain_refusals,
)
from healthscore_assets.orchestration.withdrawal import withdraw
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.pendo.export_file import file_of
from healthscore_assets.reading.refused import ExportRefused
from healthscore_assets.signals.delivered import delivered_rows
from healthscore_assets.signals.feed_file import FeedFile
from healthscore_assets.signals.feed_quarantine import first_refused
from healthscore_assets.signals.feeds import Feed
from healthscore_assets.signals.inbox import FeedDelivery, covering, feed_deliveries, feed_folder
from healthscore_assets.signals.month import FeedMonth, KnownClients, feed_month
from healthscore_assets.signals.sentiment_of_rows import with_sentiment
from healthscore_assets.signals.shapes import shaped

_SAME_TEXTS_MONTHS = 3
"""A ticket tells its words again when it is closed, most often within as many months."""


def feed_of_month(
    context: dg.AssetExecutionContext, workplace: Workplace, feed: Feed, clients: KnownClients
) -> Published:
    """Keep the bytes of the month's files, and publish their rows as known at its end.

    Where there is nothing to publish the table is yielded as it was: what may read it goes on.
    """
    published = False
    for each in _published(context, workplace, feed, clients):
        published |= isinstance(each, Staged) and each.table == feed.name
        yield each
    if not published:
        yield left_as_it_was(workplace.lake, feed.name, context.partition_key)


def files_of_month(
    context: dg.AssetExecutionContext, workplace: Workplace, feed: Feed
) -> list[FeedFile]:
    """The files of a feed that cover the month, as far as they can be used."""
    with plain_refusals():
        found = feed_deliveries(workplace.exports_folder, feed, workplace.feed_reading())
    covers = covering(found, context.partition_key)
    return [each.file for each in covers if each.file is not None]


def _published(
    context: dg.AssetExecutionContext, workplace: Workplace, feed: Feed, clients: KnownClients
) -> Published:
    month, lake, engine = context.partition_key, workplace.lake, workplace.local
    raw, rows_contract, quarantine = FEED_TABLES[feed.name]
    with plain_refusals():
        everything = feed_deliveries(workplace.exports_folder, feed, workplace.feed_reading())
        found = covering(with_former_months_of_feed(lake, feed, everything), month)
    refused = [each.problem.line() for each in found if each.problem]
    if refused:
        yield from _none(feed, "\n".join(refused), passed=False)
        return
    if not everything and lake.has(f"raw_{feed.name}", month):
        folder = feed_folder(workplace.exports_folder, feed)
        says = f"{folder}: holds no files; mount it, or put them back. {month} stays."
        yield from _none(feed, says, passed=False)
        return
    if not found:
        gone = withdraw(context, lake, [str(c.name) for c in FEED_TABLES[feed.name]])
        none = f"There is no file of {feed.name} for {month}."
        yield from _none(feed, gone or none, passed=True)
        return
    for each in found:
        lake.archive(each.path, each.sha256)
    files = [each.file for each in found if each.file is not None]
    try:
        told = feed_month(engine, feed, files, month, clients)
    except ExportRefused as error:
        yield from _none(feed, str(error), passed=False)
        return
    delivered = delivered_rows(feed, found, month)
    rows = shaped(feed.name, told.rows, month)
    if "text" in rows.columns:
        rows = with_sentiment(
            engine, rows, workplace.sentiment_model, _known_texts(workplace, feed, month)
        )
    stage = Stage(context, workplace, engine=engine)
    hashes = "\n".join(delivered["source_sha256"].to_pylist())
    stage.write(
        Publication(
            raw,
            engine.arrow("delivered", delivered, schema_of(raw)),
            metadata={"files": delivered.num_rows, "source_sha256": hashes},
        ),
        Publication(rows_contract, rows, metadata=told.numbers),
        Publication(quarantine, told.quarantine),
    )
    yield from stage.publish(
        [
            _reconciled(feed, files, told, sum(delivered["rows_of_month"].to_pylist())),
            _refusals(workplace, feed, files, told),
        ]
    )


def with_former_months_of_feed(
    lake: Lake, feed: Feed, found: Sequence[FeedDelivery]
) -> list[FeedDelivery]:
    """Refused files tell of the months they were taken in for, too: what is broken is not gone."""
    names = {each.source_file for each in found if each.problem is not None}
    former = former_months_of_feed(lake, feed.name, names.__contains__) if names else {}
    return [
        replace(each, months=tuple(sorted({*each.months} | former.get(each.source_file, set()))))
        for each in found
    ]


def former_months_of_feed(
    lake: Lake, feed: str, asked_for: Callable[[str], bool]
) -> dict[str, set[str]]:
    """The months that files of a feed were taken in for, by the file's name."""
    former: dict[str, set[str]] = {}
    for month in lake.months(f"raw_{feed}"):
        taken = lake.column(f"raw_{feed}", month, "source_file")
        for name in filter(asked_for, taken | set(map(file_of, taken))):
            former.setdefault(name, set()).add(month)
    return former


def _known_texts(workplace: Workplace, feed: Feed, month: str) -> ibis.Table:
    """The sentiment of words that were read before, in this month or one close by."""
    near = range(-_SAME_TEXTS_MONTHS, _SAME_TEXTS_MONTHS + 1)
    files = {
        ago: path
        for ago in near
        for path in workplace.lake.present(feed.name, shift(month, -ago)).values()
    }
    schema = schema_of(FEED_TABLES[feed.name][1])
    return workplace.local.months(f"{feed.name}_before", files, schema)


def _none(feed: Feed, says: str, *, passed: bool) -> Published:
    """Why nothing is taken in."""
    raw, rows, quarantine = (str(contract.name) for contract in FEED_TABLES[feed.name])
    for table, check in (
        *((table, CONTRACT) for table in (raw, rows, quarantine)),
        (rows, "reconciliation"),
        (quarantine, "refused"),
    ):
        yield dg.AssetCheckResult(
            passed=passed, asset_key=table, check_name=check, description=says
        )


def _reconciled(feed: Feed, files: Sequence[FeedFile], told: FeedMonth, of_month: int) -> Finding:
    """Each file's rows against what became of them, and the month's against its files."""
    numbers = told.numbers
    accounted = sum(numbers[name] for name in ("kept", "superseded", "older", "excluded"))
    agrees = accounted == numbers["delivered"] == of_month
    says = (
        f"{plural(of_month, 'row')} delivered: {numbers['kept']:,} kept, "
        f"{numbers['superseded']:,} told again by another, {numbers['older']:,} of an older "
        f"snapshot, {numbers['excluded']:,} of excluded accounts."
    )
    if not agrees:
        says += f" They do not add up: {numbers['delivered']:,} were read, {accounted:,} found."
    for file in files:
        if not file.adds_up:
            agrees = False
            says += (
                f"\n{file.source_file}: has {file.delivered:,} rows; {file.used:,} can be used, "
                f"{file.refused_rows:,} are refused and {file.blank:,} are blank"
            )
    return Finding("reconciliation", feed.name, agrees, says, True, numbers)


def _refusals(
    workplace: Workplace, feed: Feed, files: Sequence[FeedFile], told: FeedMonth
) -> Finding:
    lines, first = first_refused(workplace.local, feed, files, told.quarantine)
    passed_over = list(dict.fromkeys(line for file in files for line in file.passed_over))
    delivered = sum(file.delivered for file in files)
    table = f"{feed.name}_quarantine"
    share = lines / delivered if delivered else 0.0
    return Finding(
        "refused",
        table,
        not lines and not passed_over,
        "\n".join([*first, *passed_over]) or "No row and no cell was refused.",
        False,
        {"lines_refused": lines, "share_refused": share},
    )
