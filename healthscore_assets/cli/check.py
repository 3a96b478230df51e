"""``healthscore check``: what exports would give, before anything runs."""

from datetime import UTC, datetime
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
    from healthscore_assets.pendo.preview import Preview

_NAMED = 8

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
    from healthscore_assets.lake.engine import Engine
    from healthscore_assets.lookups.internal_domains import read_internal_domains
    from healthscore_assets.lookups.refused import LookupRefused
    from healthscore_assets.orchestration.plan import known_months_of, lost_files
    from healthscore_assets.pendo import preview
    from healthscore_assets.pendo.inbox import of_month, understood
    from healthscore_assets.pendo.refused import ExportRefused

    workplace = workplace_of(exports, lookups, lake)
    missing = [_missing(path) for path in files if not path.is_file()]
    present = [path.absolute() for path in files if path.is_file()]
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
        _show_file(delivery)
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
        _show_month(told, [export for _, export in of_files], known.settings.measure)
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


def _show_file(delivery: "Delivery") -> None:
    export = delivery.export
    print(delivery.source_file)
    if export is None:
        print("  refused: see below\n")
        return
    if delivery.is_names:
        print(f"  names of {len(export.feature_names):,} features, for the exports beside it\n")
        return
    months = ", ".join(delivery.months)
    told = f"by {export.told_by if export.when is None else _dated(export)}"
    print(f"  {_SHAPES[export.shape]}, {months} ({told}){_written(export)}")
    for role, headers in _roles(export).items():
        print(f"  {role:<14} {headers}")
    for note in export.notes:
        print(f"  note           {note}")
    print()


_SHAPES = {
    "wide_visitor": "a row per visitor, a column per feature",
    "wide_account": "a row per account, a column per feature, no visitors",
    "events": "a row per use of a feature",
}


def _dated(export: "ExportFile") -> str:
    """The column that tells the month, and where its days begin."""
    assert export.when is not None
    assert export.dates is not None
    header = repr(export.columns[export.when].header)
    if export.dates.boundary == "utc":
        return f"{header}, days of UTC"
    if export.dates.boundary == "local":
        offsets = " and ".join(f"UTC{minutes / 60:+g}" for minutes in export.dates.offsets)
        return f"{header}, local days{offsets and f' ({offsets})'}"
    return header


def _written(export: "ExportFile") -> str:
    layout = export.layout
    told = [f"header in row {layout.header_row}"] if layout.header_row > 1 else []
    if layout.format == "csv" and layout.encoding != "utf-8":
        told.append({"cp1252": "Windows-1252"}.get(layout.encoding, layout.encoding.upper()))
    told += {";": ["semicolons"], "\t": ["tabs"]}.get(layout.delimiter, [])
    return "".join(f", {each}" for each in told)


def _roles(export: "ExportFile") -> dict[str, str]:
    """What each column is: a line a role, the features and what is ignored summed up."""
    lines: dict[str, str] = {}
    features: dict[str, list[str]] = {}
    ignored = []
    for column in export.columns:
        if column.feature is not None and column.measure is not None:
            features.setdefault(column.measure, []).append(column.feature)
        elif column.role == "metadata":
            ignored.append(column.header)
        else:
            counts = f" ({column.measure})" if column.measure else ""
            lines[column.role] = f"{column.header!r}{counts}"
    for measure, named in features.items():
        lines[measure] = f"{len(named)} features: {_some(named)}"
    if ignored:
        lines["not read"] = _some(ignored)
    return lines


def _some(texts: list[str]) -> str:
    more = f" and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return ", ".join(texts[:_NAMED]) + more


def _show_month(told: "Preview", exports: "list[ExportFile]", measure: str) -> None:
    from healthscore_assets.contracts.quarantine import REASONS

    read = told.cleaned.read
    rows = [f"{read.rows:,} rows"]
    rows += [f"{told.cleaned.title_rows} above the header"] if told.cleaned.title_rows else []
    rows += [f"{read.total_rows} totals that agree"] if read.total_rows else []
    over = datetime.now(UTC).strftime("%Y-%m") > told.month
    partial = ", partial" if any(export.partial for export in exports) else ""
    print(f"{told.month}{partial if over else ', partial: the month is not over'}")
    print(f"  {', '.join(rows)}")
    visitors = f"{told.visitors:,} visitors ({told.internal:,} internal)"
    if all(export.index("visitor_id") is None for export in exports):
        visitors = "no visitors: per-user scores will be null"
    print(f"  {told.clients:,} clients, {visitors}")
    for each, total in told.engagement.items():
        scored = "  (scored)" if each == measure else ""
        print(
            f"  {each:<14} {total:,.6g}{scored}"
            if total % 1
            else f"  {each:<14} {total:,.0f}{scored}"
        )
    print(f"  {read.zeros:,} cells are zero, {read.not_collected:,} not collected")
    if read.id_lists:
        print(f"  {read.id_lists:,} cells list several clients: the first counts")
    if told.cleaned.mangled:
        print(f"  {told.cleaned.mangled}")
    if told.cleaned.listed_as_both:
        print(f"  {told.cleaned.listed_as_both:,} visitors are listed as both audiences: internal")
    for reason in told.quarantine:
        what = reason["of"] if reason["count"] == 1 else f"{reason['of']}s"
        print(f"  quarantine: {reason['count']:,} {what}, {REASONS[reason['reason']]}")
        for line in reason["first"]:
            place = f"{line['source_file']}, row {line['source_row']}, column {line['column']!r}"
            print(f"    {place}: {line['value']!r}")
    if told.unmapped:
        print(f"  without an area: {len(told.unmapped):,} features; lines for product_areas.csv:")
        for feature in told.unmapped[:_NAMED]:
            print(f"    {_csv(feature['feature'])},    ({feature['engagement']:,.0f} {measure})")
        if len(told.unmapped) > _NAMED:
            print(f"    and {len(told.unmapped) - _NAMED:,} more")
    for line in told.alike[:_NAMED]:
        print(f"  {line}")
    print()


def _csv(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(each in text for each in ',"\n') else text
