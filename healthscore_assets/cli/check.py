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
    from healthscore_assets.pendo.export_file import ExportFile
    from healthscore_assets.pendo.inbox import Delivery

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
    features without an area, rows and cells that would be quarantined and why.

    \b
    Examples:
      healthscore check "exports/pendo/usage 2024-05.csv"
      healthscore check ~/Downloads/*.csv
    """
    from healthscore_assets.cli.check_screen import show_file, show_month
    from healthscore_assets.lake.engine import Engine
    from healthscore_assets.lookups.internal_domains import read_internal_domains
    from healthscore_assets.lookups.refused import LookupRefused
    from healthscore_assets.orchestration.plan import known_months_of, lost_files
    from healthscore_assets.pendo import preview
    from healthscore_assets.pendo.inbox import of_month, understood
    from healthscore_assets.reading.refused import ExportRefused
    from healthscore_assets.reading.sidecar import is_sidecar

    workplace = workplace_of(exports, lookups, lake)
    missing = [_missing(path) for path in files if not path.is_file()]
    present = [path.absolute() for path in files if path.is_file() and not is_sidecar(path)]
    try:
        workplace.check_lookups()
        reading = workplace.reading()
        known = preview.Lookups(
            workplace.product_areas,
            read_internal_domains(workplace.lookup_file("internal_domains")),
            workplace.identities,
            workplace.settings,
        )
    except LookupRefused as refused:
        end(str(refused))
    found = understood([(path, _named_from(path, workplace.inbox)) for path in present], reading)
    refused_files = [each.problem.line() for each in found if each.problem and each.months]
    problems = missing + refused_files + lost_files(found)
    for delivery in found:
        show_file(delivery)
    for month in known_months_of(found):
        usable = [each for each in of_month(found, month) if each.export is not None]
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
    complain(problems)
    if problems:
        raise typer.Exit(1)


def _missing(path: Path) -> str:
    if path.is_dir():
        return f"{path}: is a folder; name the files in it, such as {path / '*.csv'}"
    return f"{path}: no such file; check the name"


def _named_from(path: Path, inbox: Path) -> Path:
    """The folder below which a file is named: the inbox, if it lies there."""
    return inbox if path.is_relative_to(inbox) else path.parent


def _once(deliveries: "list[Delivery]") -> "list[tuple[Path, ExportFile]]":
    """The same bytes count once."""
    kept: dict[tuple[str, str | None], tuple[Path, ExportFile]] = {}
    for delivery in deliveries:
        if delivery.export is not None:
            key = (delivery.sha256, delivery.export.layout.sheet)
            kept.setdefault(key, (delivery.path, delivery.export))
    return list(kept.values())
