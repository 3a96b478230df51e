"""A tidy month rendered as exports, in a shape and with dirt that chance picks.

Nothing that `render` does changes what the files tell: whatever the dice say, taking them in gives
the tidy month back. Knows the formats from the issue and from Pendo, nothing from the product.
"""

from __future__ import annotations

import calendar
import csv
import io
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import dirt_dates
import dirt_files
import dirt_headers as headers
from dirt_files import Cell, Sheet, chance

WIDE = ("wide_visitor", "wide_account")
LONG = ("events", "events_account")
WITHOUT_VISITORS = ("wide_account", "events_account")
LONG_MEASURES = ({"clicks", "minutes"}, {"page_views", "minutes"})

Key = tuple[str, str, str, str, str, str]
"""Month, client, visitor (blank: none), audience, feature, measure."""


@dataclass(frozen=True)
class Use:
    client: str
    visitor: str
    feature: str
    measure: str
    value: float


@dataclass(frozen=True)
class TidyMonth:
    """``idle`` are visitors (client, visitor) that are listed and used nothing."""

    month: str
    uses: tuple[Use, ...]
    idle: tuple[tuple[str, str], ...] = ()
    audience: str = "external"


@dataclass
class Rendered:
    """The inbox and the lookups, by name, and what taking them in must give."""

    shape: str
    files: dict[str, bytes] = field(default_factory=dict)
    lookups: dict[str, str] = field(default_factory=dict)
    expected: dict[Key, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What one file is to be; ``metrics`` are those of the month, feature and measure."""

    shape: str
    format: str
    month: str
    month_by: str
    internal_column: bool
    listed: bool
    client_alias: str | None
    metrics: tuple[tuple[str, str], ...]


def render(tidy: TidyMonth, rng: random.Random, shape: str = "", format: str = "") -> Rendered:  # noqa: A002
    """The month as an inbox; chance picks the shape and the format that are not given."""
    measures = {use.measure for use in tidy.uses}
    if not shape:
        fits = any(measures <= held for held in LONG_MEASURES)
        shape = rng.choice(WIDE + (LONG if fits else ()))
    listed = chance(rng, 0.4)
    alias = rng.choice((None, None, None, "Org Ref"))
    out = Rendered(shape, expected=expected(tidy, shape))
    out.lookups = lookups(tidy, listed, alias)
    clients = sorted({use.client for use in tidy.uses} | {client for client, _ in tidy.idle})
    rng.shuffle(clients)
    cut = rng.randint(1, len(clients) - 1) if len(clients) > 1 and chance(rng, 0.3) else 0
    formats = dirt_files.LONG_FORMATS if shape in LONG else dirt_files.WIDE_FORMATS
    for stem, part in (("east", clients[:cut]), ("west", clients[cut:])):
        if part:
            plan = Plan(
                shape,
                format or rng.choice(formats),
                tidy.month,
                "column" if shape in LONG else rng.choice(("column", "name", "sidecar")),
                internal_column=shape not in WITHOUT_VISITORS and chance(rng, 0.5),
                listed=listed,
                client_alias=alias,
                metrics=tuple(sorted({(use.feature, use.measure) for use in tidy.uses})),
            )
            _deliver(plan, _only(tidy, part), stem, rng, out)
    return out


def expected(tidy: TidyMonth, shape: str) -> dict[Key, float]:
    """The rows that taking the month in gives: the tidy ones, summed where no visitor is told."""
    rows: dict[Key, float] = defaultdict(float)
    for use in tidy.uses:
        visitor = "" if shape in WITHOUT_VISITORS else use.visitor
        key = (tidy.month, use.client, visitor, tidy.audience, use.feature, use.measure)
        rows[key] += use.value
    return dict(rows)


def lookups(tidy: TidyMonth, listed: bool, alias: str | None) -> dict[str, str]:
    features = sorted({use.feature for use in tidy.uses}) if listed else []
    found = {
        "product_areas.csv": _csv([(n, "area") for n in ("feature", "Something else", *features)]),
        "internal_domains.csv": "domain\nvendor.example\n",
        "scoring.yaml": "",
    }
    if alias:
        found["column_aliases.csv"] = f"canonical,alias\nclient_id,{alias}\n"
    return found


def _only(tidy: TidyMonth, clients: Sequence[str]) -> TidyMonth:
    uses = tuple(use for use in tidy.uses if use.client in clients)
    idle = tuple(pair for pair in tidy.idle if pair[0] in clients)
    return TidyMonth(tidy.month, uses, idle, tidy.audience)


def _deliver(plan: Plan, tidy: TidyMonth, stem: str, rng: random.Random, out: Rendered) -> None:
    sidecar: dict[str, str] = {}
    if plan.shape in WIDE:
        sheet = _wide(plan, tidy, rng)
    else:
        sheet = _long(plan, tidy, stem, rng, out, sidecar)
    words = [stem]
    if plan.month_by == "name":
        words.append(dirt_dates.month_in_name(plan.month, rng))
    if plan.month_by == "sidecar":
        sidecar["month"] = plan.month
    if tidy.audience == "internal" and not plan.internal_column:
        words.append("Internal")
    elif tidy.audience == "external" and chance(rng, 0.2):
        words.append("External")
    rng.shuffle(words)
    name = " ".join(words) + "." + rng.choice((plan.format, plan.format.upper()))
    out.files[name] = dirt_files.written(sheet, plan.format, rng)
    if sidecar:
        out.files[name + ".yaml"] = "".join(f"{k}: {v}\n" for k, v in sidecar.items()).encode()
    elif chance(rng, 0.2):
        out.files["again " + name] = out.files[name]


def _wide(plan: Plan, tidy: TidyMonth, rng: random.Random) -> Sheet:
    """A row per visitor, or per client; a column, or two, per feature and measure."""
    values: dict[tuple[str, str], dict[tuple[str, str], float]] = defaultdict(dict)
    by_visitor = plan.shape == "wide_visitor"
    for client, visitor in tidy.idle:
        values[client, visitor if by_visitor else ""] = {}
    for use in tidy.uses:
        row = values[use.client, use.visitor if by_visitor else ""]
        metric = (use.feature, use.measure)
        row[metric] = row.get(metric, 0) + use.value
    people = sorted(values)
    rng.shuffle(people)
    sheet = Sheet(len(people), total_below="client" if chance(rng, 0.3) else None)
    sheet.add("client", headers.client(plan.client_alias, rng), [client for client, _ in people])
    if by_visitor:
        sheet.add("visitor", headers.spelled("visitor", rng), [visitor for _, visitor in people])
        _about_visitors(plan, tidy, sheet, rng)
    if plan.month_by == "column":
        form = rng.choice(dirt_dates.MONTH_FORMS)
        cell = dirt_dates.month_cell(plan.month, form)
        sheet.add("other", headers.spelled("period", rng), [cell] * len(people))
    suffix = rng.choice(("", "", "", " (30d)", " (All Apps)"))
    for feature, measure in plan.metrics:
        cells = [values[person].get((feature, measure), 0.0) for person in people]
        header = headers.metric(feature, measure, plan.listed, rng) + suffix
        if chance(rng, 0.2):
            first = [float(rng.randint(0, int(value))) for value in cells]
            sheet.add_metric(header + ".1", [v - f for v, f in zip(cells, first, strict=True)])
            cells = first
        sheet.add_metric(header, cells)
    _metadata(sheet, rng)
    rng.shuffle(sheet.columns)
    return sheet


def _about_visitors(plan: Plan, tidy: TidyMonth, sheet: Sheet, rng: random.Random) -> None:
    if plan.internal_column:
        words = ("Yes", "true", "1", "Internal", "employee", "STAFF")
        if tidy.audience == "external":
            words = ("No", "false", "0", "external", "")
        marks: list[Cell] = [rng.choice(words) for _ in range(sheet.rows)]
        sheet.add("other", headers.spelled("is_internal", rng), marks)
    if chance(rng, 0.4):
        mails: list[Cell] = [f"someone{n}@client.example" for n in range(sheet.rows)]
        sheet.add("other", headers.spelled("email", rng), mails)
    if plan.shape in WIDE and chance(rng, 0.4):
        days: list[Cell] = [str(rng.randint(0, 28)) for _ in range(sheet.rows)]
        sheet.add("other", headers.spelled("days_active", rng), days)


def _metadata(sheet: Sheet, rng: random.Random) -> None:
    """Columns that no score reads."""
    choices: dict[str, tuple[str, ...]] = {
        "Plan": ("gold", "lead", ""),
        "Parent Account ID": ("group", "0", ""),
        "Remarks": ("two\nlines", 'a "quote"', "a, b; c", "\n", "", "Total"),
        "Region": ("Zürich", "EMEA", "--"),
    }
    for header in rng.sample(sorted(choices), rng.randint(0, 3)):
        cells: list[Cell] = [rng.choice(choices[header]) for _ in range(sheet.rows)]
        sheet.add("other", header, cells)


def _long(
    plan: Plan,
    tidy: TidyMonth,
    stem: str,
    rng: random.Random,
    out: Rendered,
    sidecar: dict[str, str],
) -> Sheet:
    """A row, or some that differ by address, per visitor and feature."""
    pages = any(use.measure == "page_views" for use in tidy.uses)
    values: dict[tuple[str, str, str], tuple[float, float]] = {}
    for client, visitor in tidy.idle:
        values[client, visitor, "Idle"] = (0.0, 0.0)
    for use in tidy.uses:
        row = (use.client, use.visitor, use.feature)
        events, minutes = values.get(row, (0.0, 0.0))
        of_minutes = use.measure == "minutes"
        values[row] = (events, use.value) if of_minutes else (use.value, minutes)
    rows = [(*key, *piece) for key in sorted(values) for piece in _pieces(values[key], rng)]
    rng.shuffle(rows)
    sheet = Sheet(len(rows))
    sheet.add("client", headers.client(plan.client_alias, rng), [row[0] for row in rows])
    if plan.shape == "events":
        sheet.add("visitor", headers.spelled("visitor", rng), [row[1] for row in rows])
        _about_visitors(plan, tidy, sheet, rng)
    if not pages and chance(rng, 0.4):
        ids = {name: f"{stem}-{n:02d}" for n, name in enumerate(sorted({row[2] for row in rows}))}
        names = [("featureId", "name"), *((code, name) for name, code in ids.items())]
        out.files[f"features of {stem}.csv"] = _csv(names).encode()
        sheet.add("feature", headers.spelled("feature_id", rng), [ids[row[2]] for row in rows])
    else:
        named: list[Cell] = [headers.separated(row[2], rng) for row in rows]
        sheet.add("feature", headers.spelled("page" if pages else "feature", rng), named)
    year, month = map(int, plan.month.split("-"))
    last = calendar.monthrange(year, month)[1]
    days = [rng.randint(1, last) for _ in rows]
    dates = dirt_dates.drawn(year, month, days, plan.format, rng)
    sheet.add("date", dates.header, dates.cells)
    if dates.order:
        sidecar["date_order"] = dates.order
    sheet.add_metric(headers.spelled("events", rng), [row[3] for row in rows])
    if any(row[4] for row in rows) or chance(rng, 0.5):
        sheet.add_metric(headers.spelled("minutes", rng), [row[4] for row in rows])
    for header in rng.sample(("remoteIp", "userAgent", "server"), rng.randint(0, 3)):
        cells: list[Cell] = [f"10.0.0.{rng.randint(1, 9)}" for _ in rows]
        sheet.add("other", header, cells)
    rng.shuffle(sheet.columns)
    return sheet


def _pieces(value: tuple[float, float], rng: random.Random) -> list[tuple[float, float]]:
    """The two values as one pair, or as two or three that add up to them."""
    pieces: list[tuple[float, float]] = []
    events, minutes = value
    while chance(rng, 0.3) and len(pieces) < 2:
        piece = (float(rng.randint(0, int(events))), float(rng.randint(0, int(minutes))))
        events, minutes = events - piece[0], minutes - piece[1]
        pieces.append(piece)
    return [*pieces, (events, minutes)]


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
