"""What ``healthscore check`` shows of feeds: how files are understood, what each month holds."""

from collections.abc import Sequence

from healthscore_assets.cli.check_screen import layout_in_words, some
from healthscore_assets.contracts.feed_quarantine import FEED_REASONS
from healthscore_assets.lake.engine import Engine
from healthscore_assets.monitoring.observation import plural
from healthscore_assets.reading.refused import ExportRefused
from healthscore_assets.signals.feed_file import FeedFile
from healthscore_assets.signals.feeds import Feed
from healthscore_assets.signals.inbox import FeedDelivery, covering
from healthscore_assets.signals.month import KnownClients, feed_month

_FIRST = 3


def show_feed_file(delivery: FeedDelivery) -> None:
    """Its day and months, what each column is, and what of it cannot be used."""
    file = delivery.file or delivery.unusable
    print(delivery.source_file)
    if file is None:
        print("  refused: see below\n")
        return
    months = [*file.months]
    told = months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"
    print(f"  {file.feed}, {told}, as of {file.as_of}{layout_in_words(file.layout)}")
    for name, header in file.columns.items():
        print(f"  {name:<14} {header!r}")
    if file.unread:
        print(f"  {'not read':<14} {some([*file.unread])}")
    counts = f"{file.used:,} can be used, {file.refused_rows:,} refused, {file.blank:,} blank"
    print(f"  {plural(file.delivered, 'row')}: {counts}")
    for line in file.passed_over:
        print(f"  not read: {line}")
    _show_refused(file)
    print()


def _show_refused(file: FeedFile) -> None:
    by_reason: dict[str, list[dict[str, object]]] = {}
    for line in file.refused.to_pylist():
        by_reason.setdefault(line["reason"], []).append(line)
    for reason, lines in sorted(by_reason.items(), key=lambda each: (-len(each[1]), each[0])):
        print(f"  quarantine: {plural(len(lines), 'line')}, {FEED_REASONS[reason]}")
        for line in lines[:_FIRST]:
            value = f": {line['value']!r}" if line["value"] else ""
            print(f"    row {line['source_row']}, column {line['column']!r}{value}")


def show_feed_months(
    engine: Engine, found: Sequence[FeedDelivery], feed: Feed, clients: KnownClients
) -> list[str]:
    """What each month would hold of a feed; returns why months would be refused, a line each."""
    usable = [each for each in found if each.file is not None]
    months = sorted({month for each in usable for month in each.months})
    problems = []
    if months:
        print(f"{feed.name} by month")
    for month in months:
        files = [each.file for each in covering(usable, month) if each.file is not None]
        try:
            numbers = feed_month(engine, feed, files, month, clients).numbers
        except ExportRefused as error:
            problems.append(str(error))
            print(f"  {month}  refused: see below")
            continue
        told = [
            f"{numbers[name]:,} {says}"
            for name, says in (
                ("superseded", "told again by another"),
                ("older", "of an older snapshot"),
                ("excluded", "of excluded accounts"),
            )
            if numbers[name]
        ]
        left = f" ({', '.join(told)})" if told else ""
        print(f"  {month}  {plural(numbers['kept'], 'row')} of {numbers['delivered']:,}{left}")
    if months:
        print()
    return problems
