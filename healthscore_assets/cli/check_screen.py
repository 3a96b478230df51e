"""What ``healthscore check`` prints, for a person to act on."""

from datetime import UTC, datetime

from healthscore_assets.contracts.quarantine import REASONS
from healthscore_assets.engagement.mapping_report import areas_in_words
from healthscore_assets.monitoring.observation import plural
from healthscore_assets.pendo.datasync.export import FEATURES
from healthscore_assets.pendo.datasync.newest import delivered
from healthscore_assets.pendo.delivery import Delivery
from healthscore_assets.pendo.export_file import ExportFile
from healthscore_assets.pendo.fivetran.people import people_told
from healthscore_assets.pendo.fivetran.tables import (
    ACCOUNT_HISTORY,
    DEFINING,
    FEATURE_HISTORY,
    GROUP,
)
from healthscore_assets.pendo.preview import Preview
from healthscore_assets.reading.formats.batch import Layout

_NAMED = 8


def show_file(delivery: Delivery) -> None:
    """A file's shape and month, and what each column is."""
    export = delivery.export
    if export is not None and export.made:
        _show_synced(delivery, export)
        return
    print(delivery.source_file)
    if export is None:
        print("  refused: see below\n")
        return
    if delivery.is_names or delivery.is_of_people:
        print(f"  {beside_in_words(delivery)}, for the exports beside it\n")
        return
    months = ", ".join(delivery.months)
    told = f"by {export.told_by if export.when is None else _dated(export)}"
    print(f"  {_SHAPES[export.shape]}, {months} ({told}){layout_in_words(export.layout)}")
    for role, headers in _roles(export).items():
        print(f"  {role:<14} {headers}")
    for note in export.notes:
        print(f"  note           {note}")
    print()


def _show_synced(delivery: Delivery, export: ExportFile) -> None:
    """A Data Sync export, once for its two tables."""
    if export.layout.sheet != FEATURES:
        return
    bill = delivered(delivery.path, export).bill
    days = {entry.period for entries in bill.months.values() for entry in entries}
    print(delivery.source_file.rpartition("#")[0])
    print(
        f"  Data Sync of {bill.made[:16].replace('T', ' ')} UTC: {plural(len(days), 'day')} of UTC "
        f"in {', '.join(delivery.months)}, {plural(len(bill.features), 'feature')}\n"
    )


def beside_in_words(delivery: Delivery) -> str:
    """What a file that lies beside exports tells of them."""
    export = delivery.export
    assert export is not None
    if delivery.is_of_people:
        told = people_told(delivery.path, export)
        named = {
            "client_name": "names of {}",
            "email": "e-mails of {}",
            "is_internal": "audience of {}",
        }
        of = "client" if export.shape == ACCOUNT_HISTORY else "visitor"
        words = [named[role].format(plural(count, of)) for role, count in told.items()]
        return " and ".join(words) or f"Fivetran's {export.shape}, of which no column is read"
    if export.shape not in DEFINING:
        return f"names of {plural(len(delivery.definitions), 'feature')}"
    ids = len({version.id for version in delivery.versions})
    if export.shape == GROUP:
        return f"names of {plural(ids, 'product area')}"
    return f"definitions of {plural(ids, 'feature' if export.shape == FEATURE_HISTORY else 'page')}"


_SHAPES = {
    "wide_visitor": "a row per visitor, a column per feature",
    "wide_account": "a row per account, a column per feature, no visitors",
    "events": "a row per use of a feature",
}


def _dated(export: ExportFile) -> str:
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


def layout_in_words(layout: Layout) -> str:
    """Where the header is, encoding and delimiter, as far as they are unusual."""
    told = [f"header in row {layout.header_row}"] if layout.header_row > 1 else []
    if layout.format == "csv" and layout.encoding != "utf-8":
        told.append({"cp1252": "Windows-1252"}.get(layout.encoding, layout.encoding.upper()))
    told += {";": ["semicolons"], "\t": ["tabs"]}.get(layout.delimiter, [])
    return "".join(f", {each}" for each in told)


def _roles(export: ExportFile) -> dict[str, str]:
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
        lines[measure] = f"{plural(len(named), 'feature')}: {some([*map(_csv, named)])}"
    if ignored:
        lines["not read"] = some(ignored)
    return lines


def some(texts: list[str]) -> str:
    """The first few, and how many more."""
    more = f" and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return ", ".join(texts[:_NAMED]) + more


def show_month(told: Preview, exports: list[ExportFile], measure: str) -> None:
    """What a month's files would give, what is set apart, and what to look at."""
    read = told.cleaned.read
    rows = [plural(read.rows + read.added_up, "row")]
    rows += [f"{read.added_up:,} added up by visitor and day"] if read.added_up else []
    rows += [f"{told.cleaned.title_rows} above the header"] if told.cleaned.title_rows else []
    rows += (
        [f"{plural(read.total_rows, 'total')} left out, being the sum of the rows"]
        if read.total_rows
        else []
    )
    over = datetime.now(UTC).strftime("%Y-%m") > told.month
    partial = ", partial" if any(export.partial for export in exports) else ""
    print(f"{told.month}{partial if over else ', partial: the month is not over'}")
    print(f"  {', '.join(rows)}")
    visitors = f"{plural(told.visitors, 'visitor')} ({told.internal:,} internal)"
    if all(export.index("visitor_id") is None for export in exports):
        visitors = "no visitors: per-user scores will be null"
    print(f"  {plural(told.clients, 'client')}, {visitors}")
    for each, total in told.engagement.items():
        scored = "  (scored)" if each == measure else ""
        print(
            f"  {each:<14} {total:,.6g}{scored}"
            if total % 1
            else f"  {each:<14} {total:,.0f}{scored}"
        )
    print(f"  {read.zeros:,} cells are zero, {read.not_collected:,} not collected")
    if read.told_later:
        print(
            f"  {plural(read.told_later, 'row')} not read: another file of the folder, synced "
            "later, tells of their days"
        )
    if read.id_lists:
        print(f"  {read.id_lists:,} cells list several clients: the first counts")
    if told.cleaned.mangled:
        print(f"  {told.cleaned.mangled}")
    if told.cleaned.listed_as_both:
        print(f"  {told.cleaned.listed_as_both:,} visitors are listed as both audiences: internal")
    for reason in told.quarantine:
        print(f"  quarantine: {plural(reason['count'], reason['of'])}, {REASONS[reason['reason']]}")
        for line in reason["first"]:
            place = f"{line['source_file']}, row {line['source_row']}, column {line['column']!r}"
            print(f"    {place}: {line['value']!r}")
    if told.from_pendo:
        print(
            f"  areas of Pendo, where product_areas.csv has none: {areas_in_words(told.from_pendo)}"
        )
    if told.unmapped:
        features = plural(len(told.unmapped), "feature")
        print(f"  without an area: {features}; lines for product_areas.csv:")
        for feature in told.unmapped[:_NAMED]:
            print(f"    {_csv(feature['feature'])},    ({feature['engagement']:,.0f} {measure})")
        if len(told.unmapped) > _NAMED:
            print(f"    and {len(told.unmapped) - _NAMED:,} more")
    for line in told.alike[:_NAMED]:
        print(f"  {line}")
    print()


def _csv(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(each in text for each in ',"\n') else text
