"""Which months a table tells of: by a column, else by its name, else by its sidecar."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from healthscore_assets.pendo.export_file import DateOrder, ExportFile, file_of
from healthscore_assets.reading.dates.column import DateReader, Holds, NotADate
from healthscore_assets.reading.dates.file_months import MONTH_NAMES, months_named, names_a_day
from healthscore_assets.reading.dates.windows import Window, window_in
from healthscore_assets.reading.formats import tables
from healthscore_assets.reading.formats.batch import name_of
from healthscore_assets.reading.formats.coded import each_once, each_text
from healthscore_assets.reading.refused import ExportRefused, Problem
from healthscore_assets.reading.sidecar import ENDING, Sidecar

_DAYS_OF_A_MONTH = range(28, 32)

_REMEMBERED = 100_000
"""Up to so many texts a file is not read again for its months."""


def with_months(
    path: Path, export: ExportFile, sidecar: Sidecar, date_order: DateOrder | None
) -> tuple[ExportFile, tuple[str, ...]]:
    """The months of a table, in order, and the table with how its dates are written.

    Parameters: ``date_order`` is the setting; the sidecar's goes before it.
    Raises ExportRefused where no month can be told, for cells that are no dates, and for a window
    of days that is not a month, unless the sidecar takes it for one.
    """
    export = replace(export, replaces=sidecar.replaces)
    export = _without_other_window(export, sidecar)
    if export.when is not None:
        return _by_column(path, export, sidecar, date_order)
    month, told_by = _by_name(export, sidecar)
    return replace(export, told_by=told_by), (month,)


def _by_column(
    path: Path, export: ExportFile, sidecar: Sidecar, date_order: DateOrder | None
) -> tuple[ExportFile, tuple[str, ...]]:
    at = export.when
    assert at is not None
    reader = DateReader(_HOLDS[export.columns[at].role], forced=sidecar.window is not None)
    seen: list[pa.ChunkedArray] = []
    for texts in _texts_of(path, export, at):
        reader.observe(texts)
        if sum(map(len, seen)) <= _REMEMBERED:
            seen.append(texts)
    try:
        dates = reader.decide(sidecar.date_order or date_order)
    except NotADate as error:
        raise ExportRefused(
            Problem(
                export.source_file,
                error.what,
                error.todo,
                row=_first_row(path, export, at, error.text),
                column=export.columns[at].header,
            )
        ) from None
    export = replace(export, dates=dates, partial=export.partial or dates.partial)
    months: set[str] = set()
    all_seen = sum(map(len, seen)) <= _REMEMBERED
    for texts in seen if all_seen else _texts_of(path, export, at):
        months |= set(pc.unique(dates.months(texts)).drop_null().to_pylist())
    export = replace(export, months=tuple(sorted(months)))
    if sidecar.month is not None and export.months != (sidecar.month,):
        column = f"its column {export.columns[at].header!r}"
        told = ", ".join(export.months)
        raise _contradiction(export, column, told, "its sidecar", sidecar.month)
    return export, export.months


def _texts_of(path: Path, export: ExportFile, at: int) -> Iterator[pa.ChunkedArray]:
    """The texts of a column, trimmed, batch by batch; those that repeat once where they may."""
    of_file = (path, export.source_file, export.layout)
    for batch in tables.batches(*of_file, [], [at], as_codes=True):
        if len(batch.source_row):
            yield pc.utf8_trim_whitespace(each_once(batch.cells[name_of(at)]))


_HOLDS: dict[str, Holds] = {"hour": "time", "day": "day", "period": "period"}


def month_of_rows(export: ExportFile, cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """The month of each row, ``YYYY-MM``, from the cells of its column of dates.

    A row without a date counts in the first month of the file.
    """
    assert export.dates is not None, export.source_file
    return pc.fill_null(export.dates.months(pc.utf8_trim_whitespace(cells)), export.months[0])


def counts_in(export: ExportFile, month: str, cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whether each row counts in a month, from the cells of the column of dates, or their codes.

    One of a day that another file tells of later does not.
    """
    return each_text(cells, lambda texts: _counts_in(export, month, texts))


def _counts_in(export: ExportFile, month: str, cells: pa.ChunkedArray) -> pa.ChunkedArray:
    at = pc.equal(month_of_rows(export, cells), month)
    if export.superseded:
        at = pc.and_(at, pc.invert(_told_later(export, cells)))
    return at


def told_later(export: ExportFile, month: str, cells: pa.ChunkedArray) -> int:
    """How many rows of a month are of days that another file tells of later."""
    if not export.superseded:
        return 0

    def later(texts: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.and_(pc.equal(month_of_rows(export, texts), month), _told_later(export, texts))

    return pc.sum(each_text(cells, later)).as_py() or 0


def _told_later(export: ExportFile, cells: pa.ChunkedArray) -> pa.ChunkedArray:
    days = pa.array([date.fromisoformat(day) for day in export.superseded], pa.date32())
    return pc.is_in(day_of_rows(export, cells), value_set=days)


def day_of_rows(export: ExportFile, cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """The calendar day of each row, null where the column tells months only."""
    assert export.dates is not None, export.source_file
    return export.dates.days(pc.utf8_trim_whitespace(cells))


def _first_row(path: Path, export: ExportFile, at: int, text: str) -> int | None:
    for batch in tables.batches(path, export.source_file, export.layout, [], [at]):
        if len(batch.source_row):
            place = pc.index(pc.utf8_trim_whitespace(batch.cells[name_of(at)]), text.strip())
            if place.as_py() >= 0:
                return int(batch.source_row[place.as_py()].as_py())
    return None


def _by_name(export: ExportFile, sidecar: Sidecar) -> tuple[str, str]:
    """The month and what tells it: the sheet's name, the file's, its words, else its sidecar."""
    name = Path(file_of(export.source_file)).name
    windows = [window for text in _said(export) if (window := window_in(text)) is not None]
    told = [
        ("its sheet", _of_sheet(export.layout.sheet, months_named(name))),
        ("its name", months_named(name)),
        ("the days that it tells", {w.whole_month for w in windows if w.whole_month is not None}),
        ("its sidecar", {sidecar.month} if sidecar.month is not None else set()),
    ]
    for how, months in told:
        if len(months) == 1:
            for other, others in told:
                if len(others) == 1 and others != months and other != "its name":
                    raise _contradiction(export, how, months.pop(), other, others.pop())
            return months.pop(), how
    if sidecar.window is not None:
        for window in windows:
            if window.month is not None:
                return window.month, "the days that it tells"
    named = told[1][1]
    if len(named) > 1:
        what = f"its name tells several months ({', '.join(sorted(named))})"
    elif names_a_day(name):
        what = "its name tells a day, not a month"
    else:
        what = "its month cannot be told: neither its name nor a column says it"
    raise ExportRefused(
        Problem(
            export.source_file,
            what,
            "put the month in the name, such as 2024-05 or May 2024, or in a file "
            f"{name + ENDING} beside it: `month: 2024-05`",
        )
    )


def _of_sheet(sheet: str | None, of_file: set[str]) -> set[str]:
    """The month in a sheet's name; a name such as `May` is of the year that the file's tells."""
    if sheet is None:
        return set()
    number = MONTH_NAMES.get(sheet.strip().lower())
    if number is not None and len(of_file) == 1:
        return {f"{next(iter(of_file))[:4]}-{number:02d}"}
    return months_named(sheet)


def _contradiction(
    export: ExportFile, how: str, month: str, other: str, other_month: str
) -> ExportRefused:
    return ExportRefused(
        Problem(
            export.source_file,
            f"{how} tells {month}, but {other} {other_month}",
            "rename the file or correct what is wrong",
        )
    )


def _said(export: ExportFile) -> list[str]:
    """What the table says in words: its file's name, its sheet's, and what is above the header."""
    name = Path(file_of(export.source_file)).name
    sheet = [] if export.layout.sheet is None else [export.layout.sheet]
    return [name, *sheet, *export.titles]


def _without_other_window(export: ExportFile, sidecar: Sidecar) -> ExportFile:
    """Refuse a span of days that is no month, unless each row has its date or it is let pass."""
    notes = []
    spans = [w for w in map(window_in, _said(export)) if w is not None and w.whole_month is None]
    days = sorted({c.window_days for c in export.columns if c.window_days is not None})
    if days:
        notes.append(f"its columns count {', '.join(map(str, days))} days")
    odd = [f"its columns count {n} days" for n in days if n not in _DAYS_OF_A_MONTH]
    odd += [f"it tells of {span.text!r}" for span in spans]
    dated = export.when is not None and export.columns[export.when].role != "period"
    inside = all(map(_inside_a_month, spans))
    if odd and not dated and not (sidecar.window is not None and inside):
        todo = "export one whole month"
        if inside:
            todo += (
                "; or, to take it for its month and mark it partial, write `window: month` into "
                f"{Path(file_of(export.source_file)).name + ENDING} beside it"
            )
        raise ExportRefused(Problem(export.source_file, f"{odd[0]}, which is not a month", todo))
    if odd:
        notes.append(f"{odd[0]}: marked partial")
    return replace(
        export, partial=export.partial or bool(odd), notes=(*export.notes, *dict.fromkeys(notes))
    )


def _inside_a_month(span: Window) -> bool:
    return not (span.first and span.last) or span.first[:7] == span.last[:7]
