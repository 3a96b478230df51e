"""``healthscore check``: what exports would give, before anything runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from healthscore_assets.cli.options import (
    ENGINE,
    EXPORTS,
    LAKE,
    LOOKUPS,
    EngineOption,
    Exports,
    LakeFolder,
    Lookups,
    complain,
    end,
    workplace_of,
)

if TYPE_CHECKING:
    from healthscore_assets.orchestration.workplace import Workplace
    from healthscore_assets.pendo.delivery import Delivery
    from healthscore_assets.pendo.export_file import ExportFile
    from healthscore_assets.signals.feeds import Feed

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Exports, wherever they lie.")]


def check(
    files: Files,
    exports: Exports = EXPORTS,
    lookups: Lookups = LOOKUPS,
    lake: LakeFolder = LAKE,
    engine: EngineOption = ENGINE,  # noqa: ARG001
) -> None:
    """Read exports without running anything, and say how they are understood.

    For each file: its shape, its month, what each column is. For each month: what would load,
    features without an area, rows and cells that would be quarantined and why. A file is read as
    the feed in whose folder it lies, any other as usage of Pendo.

    \b
    Examples:
      healthscore check "exports/pendo/usage 2024-05.csv"
      healthscore check exports/support_tickets/*
      healthscore check ~/Downloads/*.csv
      healthscore check exports/pendo/datasync
    """
    from healthscore_assets.lookups.refused import LookupRefused
    from healthscore_assets.reading.sidecar import is_sidecar
    from healthscore_assets.signals.inbox import feed_of_path

    workplace = workplace_of(exports, lookups, lake)
    files = [each for path in files for each in _with_bills(path, workplace.inbox)]
    problems = [_missing(path) for path in files if not path.is_file()]
    present = [path.absolute() for path in files if path.is_file() and not is_sidecar(path)]
    try:
        workplace.check_lookups()
        told = ((path, feed_of_path(path, workplace.exports_folder)) for path in present)
        feeds = {path: feed for path, feed in told if feed is not None}
        usage = [path for path in present if path not in feeds]
        more, elsewhere = _check_usage(workplace, usage)
        problems += more + _check_feeds(workplace, feeds | elsewhere)
    except LookupRefused as refused:
        end(str(refused))
    complain(dict.fromkeys(problems))
    if problems:
        raise typer.Exit(1)


def _check_usage(workplace: "Workplace", files: list[Path]) -> "tuple[list[str], dict[Path, Feed]]":
    """Show files as usage; returns what is wrong, and files that read like a feed instead."""
    from healthscore_assets.cli.check_screen import show_file, show_month
    from healthscore_assets.lake.engine import Engine
    from healthscore_assets.lookups.internal_domains import read_internal_domains
    from healthscore_assets.orchestration.plan import known_months_of, lost_files
    from healthscore_assets.pendo import preview
    from healthscore_assets.pendo.inbox import understood
    from healthscore_assets.pendo.of_month import of_month
    from healthscore_assets.pendo.warehouse.tables import BESIDE, FIVETRAN_EVENTS
    from healthscore_assets.reading.refused import ExportRefused

    known = preview.Lookups(
        workplace.product_areas,
        read_internal_domains(workplace.lookup_file("internal_domains")),
        workplace.identities,
        workplace.settings,
    )
    named = [(path, _named_from(path, workplace.inbox)) for path in files]
    found = understood(named, workplace.reading())
    elsewhere = {
        each.path: feed
        for each in found
        if each.export is None
        and not each.path.is_relative_to(workplace.inbox)
        and not each.path.stem.startswith((FIVETRAN_EVENTS, *BESIDE))
        and (feed := _feed_like(each, workplace)) is not None
    }
    found = [each for each in found if each.path not in elsewhere]
    problems = [each.problem.line() for each in found if each.problem and each.months]
    problems += lost_files(found)
    for delivery in found:
        show_file(delivery)
    for month in known_months_of(found):
        telling = of_month(found, month)
        problems += [each.problem.line() for each in telling if each.problem]
        usable = [each for each in telling if each.export is not None]
        of_files = _once(usable)
        if not of_files:
            continue
        try:
            told = preview.preview_month(Engine(), of_files, month, known)
        except ExportRefused as error:
            problems.append(str(error))
            continue
        show_month(told, [export for _, export in of_files], known.settings.measure)
        problems += [str(told.refused)] if told.refused else []
    return problems, elsewhere


def _feed_like(delivery: "Delivery", workplace: "Workplace") -> "Feed | None":
    """The feed that a file reads like which is no usage."""
    from healthscore_assets.reading.refused import ExportRefused
    from healthscore_assets.signals.recognised import feed_like

    try:
        aliases = workplace.feed_reading().aliases
        return feed_like(delivery.path, delivery.source_file, aliases)
    except ExportRefused:
        return None


def _check_feeds(workplace: "Workplace", files: "dict[Path, Feed]") -> list[str]:
    """Show files as feeds; returns what is wrong."""
    from healthscore_assets.cli.check_feeds import show_feed_file, show_feed_months
    from healthscore_assets.lake.engine import Engine
    from healthscore_assets.signals.feeds import FEEDS
    from healthscore_assets.signals.inbox import deliveries_of, feed_folder
    from healthscore_assets.signals.month import KnownClients

    reading, problems = workplace.feed_reading(), []
    identities = workplace.identities
    clients = KnownClients(identities.client_aliases, identities.excluded_accounts)
    engine = Engine()
    for feed in FEEDS.values():
        folder = feed_folder(workplace.exports_folder, feed)
        paths = [path for path, of in files.items() if of is feed]
        found = [
            each
            for path in paths
            for each in deliveries_of(path, _named_from(path, folder.parent), feed, reading)
        ]
        for each in found:
            show_feed_file(each)
        problems += [each.problem.line() for each in found if each.problem]
        problems += show_feed_months(engine, found, feed, clients)
        problems += [
            f"{path.name}: reads like {feed.name}; put it in {folder}"
            for path in paths
            if not path.is_relative_to(folder)
        ]
    return problems


def _with_bills(path: Path, inbox: Path) -> list[Path]:
    """A folder of Data Sync exports is checked as a whole."""
    from healthscore_assets.pendo.inbox import files_of
    from healthscore_assets.reading.formats.datasync import BILL

    folder = path.absolute()
    has_bills = path.is_dir() and next(path.rglob(BILL), None) is not None
    return files_of(folder, inbox) if has_bills else [path]


def _missing(path: Path) -> str:
    if path.is_dir():
        return f"{path}: is a folder; name the files in it, such as {path / '*.csv'}"
    return f"{path}: no such file; check the name"


def _named_from(path: Path, inbox: Path) -> Path:
    """The folder below which a file is named: the inbox, if it lies there."""
    from healthscore_assets.pendo.datasync.bill import is_bill

    if path.is_relative_to(inbox):
        return inbox
    return path.parents[1] if is_bill(path) and len(path.parents) > 1 else path.parent


def _once(deliveries: "list[Delivery]") -> "list[tuple[Path, ExportFile]]":
    """The same bytes count once."""
    kept: dict[tuple[str, str | None], tuple[Path, ExportFile]] = {}
    for delivery in deliveries:
        if delivery.export is not None:
            key = (delivery.sha256, delivery.export.layout.sheet)
            kept.setdefault(key, (delivery.path, delivery.export))
    return list(kept.values())
