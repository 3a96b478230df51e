"""``healthscore alerts report``: what became of alerts, and which rules to keep."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from healthscore_assets.cli.alerts.months import First, Last
from healthscore_assets.cli.alerts.options import (
    Format,
    FormatOption,
    LedgerPlace,
    ledger_at_work,
)
from healthscore_assets.cli.options import (
    EXPORTS,
    LAKE,
    LOOKUPS,
    Exports,
    LakeFolder,
    Lookups,
    workplace_of,
)

if TYPE_CHECKING:
    from rich.console import Console

    from healthscore_assets.orchestration.workplace import Workplace

Row = dict[str, Any]


def report(
    first: First = None,
    last: Last = None,
    rule: Annotated[str | None, typer.Option(help="Only of this rule.")] = None,
    by_month: Annotated[
        bool, typer.Option("--by-month", help="A row per rule and month, instead of per rule.")
    ] = False,
    form: FormatOption = Format.TABLE,
    exports: Exports = EXPORTS,
    lookups: Lookups = LOOKUPS,
    lake: LakeFolder = LAKE,
    ledger: LedgerPlace = "",
) -> None:
    """Say of each rule how often it alerts, what was done, and how many of its clients left.

    \b
    With renewals delivered: how many of the clients alerted churned within 90
    and 180 days, how long before that the alert was, and what a rule that
    always alerts would get. A rule that does no better can go.

    \b
    Examples:
      healthscore alerts report
      healthscore alerts report --from 2025-01 --by-month --rule health_drop
    """
    from healthscore_assets.cli.alerts.months import (
        decisions_of,
        history_of,
        marks,
        months_between,
    )
    from healthscore_assets.lake.engine import Engine
    from healthscore_assets.orchestration.ledger import rule_titles
    from healthscore_assets.risk.alerts import accounting

    workplace = workplace_of(exports, lookups, lake)
    folder = workplace.lake
    months = months_between(folder.months("alert_states"), first, last)
    engine = Engine(folder.spill_folder())
    marked = marks(engine, _marked(workplace, ledger))
    history = history_of(engine, folder, months)
    told = (accounting.by_month if by_month else accounting.by_rule)(history, marked)
    rows = engine.rows(told)
    if not by_month:
        known = {row["rule"] for row in rows}
        silent = [
            {"rule": name, **_NOTHING} for name in rule_titles(workplace) if name not in known
        ]
        rows += silent
    decided = decisions_of(engine, folder, months, history.calendar)
    rates: Row = {}
    if decided is not None and not by_month:
        by_rule = accounting.outcomes(history, decided.churned, decided.known_until)
        outcomes = {row["rule"]: row for row in engine.rows(by_rule)}
        nothing = dict.fromkeys(_OUTCOMES)
        rows = [row | nothing | outcomes.get(row["rule"], {}) for row in rows]
        (rates,) = engine.rows(
            accounting.base_rates(decided.base, decided.churned, decided.known_until)
        )
    rows = [row for row in rows if rule in (None, row["rule"])]
    columns = [*_MONTHLY] if by_month else [*_TOTALS, *(_OUTCOMES if rates else ())]
    if form is not Format.TABLE:
        from healthscore_assets.cli.alerts.printing import print_rows

        print_rows([{name: row[name] for name in columns} for row in rows], form, columns)
        return
    missing = [] if decided is None else decided.missing
    _show(
        rows,
        months,
        rates,
        missing,
        _SHOWN_BY_MONTH if by_month else _SHOWN + (LATER if rates else []),
    )


def _marked(workplace: "Workplace", ledger: str) -> list[Row]:
    """The alerts that people acknowledged or resolved."""
    with ledger_at_work(workplace, ledger) as opened:
        return [
            {
                "client_id": each.client_id,
                "rule": each.rule,
                "opened_month": each.opened_month,
                "acknowledged": each.acknowledged_at is not None,
                "by_hand": each.resolved_by_hand_at is not None,
            }
            for each in opened.marks().values()
        ]


def _show(
    rows: list[Row], months: list[str], rates: Row, missing: list[str], shown: "list[_Column]"
) -> None:
    import sys

    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)
    title = f"Alerts of {months[0]} to {months[-1]}"
    if not rows:
        console.print(f"{title}: none.")
        return
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for heading, _ in shown:
        left = heading in ("rule", "month")
        table.add_column(heading, justify="left" if left else "right", no_wrap=left)
    for row in rows:
        table.add_row(*(cell(row) for _, cell in shown))
    console.print(table)
    _explain(console, rows, rates, missing)


def _explain(console: "Console", rows: list[Row], rates: Row, missing: list[str]) -> None:
    from healthscore_assets.monitoring.alerted import LARGEST_SHARE
    from healthscore_assets.risk.alerts.accounting import HORIZONS

    notes = ["Days open: median of those resolved, from month end to month end."]
    if rates:
        told = " and ".join(
            f"{rates[f'base_rate_{days}']:.1%} within {days} days"
            for days in HORIZONS
            if rates[f"base_rate_{days}"] is not None
        )
        if told:
            notes.append(f"Of all clients, month by month, {told} churn: a rule has to beat that.")
    elif "churned_90" not in rows[0] and "month" not in rows[0]:
        notes.append("No renewals are delivered: which of the clients left is not known.")
    if missing:
        notes.append(f"Decisions of {', '.join(missing)} are not known: no renewals tell of them.")
    console.print(" ".join(notes), style="dim")
    often = sorted({row["rule"] for row in rows if row["share"] > LARGEST_SHARE})
    if often:
        console.print(
            f"Alert of more than {LARGEST_SHARE:.0%} of the clients: {', '.join(often)}. Try "
            f"another threshold: healthscore alerts simulate --rule {often[0]} --threshold ..."
        )


_MONTHLY = (
    *("rule", "month", "clients", "open", "folded", "opened", "acknowledged"),
    *("resolved_by_hand", "resolved", "left_base", "days_open", "share"),
)
_TOTALS = (
    *("rule", "opened", "clients_alerted", "acknowledged", "resolved_by_hand", "resolved"),
    *("left_base", "days_open", "share", "highest_share"),
)
_NOTHING: Row = {
    **dict.fromkeys(("opened", "clients_alerted", "acknowledged", "resolved_by_hand"), 0),
    **dict.fromkeys(("resolved", "left_base"), 0),
    "days_open": None,
    **dict.fromkeys(("share", "highest_share"), 0.0),
}
"""Of a rule that alerted of nobody."""

_OUTCOMES = (
    *("judged_90", "churned_90", "precision_90"),
    *("judged_180", "churned_180", "precision_180", "lead_days"),
)

_Column = tuple[str, Callable[[Row], str]]


def whole(name: str) -> Callable[[Row], str]:
    """A cell of a count."""
    return lambda row: f"{row[name]:,}"


def number(name: str, form: str) -> Callable[[Row], str]:
    """A cell of a number that may be missing."""
    return lambda row: "-" if row[name] is None else format(row[name], form)


def _of_judged(name: str, judged: str, precision: str) -> Callable[[Row], str]:
    return lambda row: (
        f"{row[name]} of {row[judged]} ({row[precision]:.0%})" if row[judged] else "-"
    )


_WHAT_WAS_DONE: list[_Column] = [
    ("opened", whole("opened")),
    ("acked", whole("acknowledged")),
    ("by hand", whole("resolved_by_hand")),
    ("resolved", whole("resolved")),
    ("left", whole("left_base")),
    ("days open", number("days_open", ".0f")),
]
_SHOWN: list[_Column] = [
    ("rule", lambda row: row["rule"]),
    *_WHAT_WAS_DONE,
    ("clients", whole("clients_alerted")),
    ("share", number("share", ".1%")),
    ("highest", number("highest_share", ".1%")),
]
LATER: list[_Column] = [
    ("churned in 90", _of_judged("churned_90", "judged_90", "precision_90")),
    ("in 180 days", _of_judged("churned_180", "judged_180", "precision_180")),
    ("lead", number("lead_days", ".0f")),
]
_SHOWN_BY_MONTH: list[_Column] = [
    ("rule", lambda row: row["rule"]),
    ("month", lambda row: row["month"]),
    ("open", whole("open")),
    ("folded", whole("folded")),
    *_WHAT_WAS_DONE,
    ("share", number("share", ".1%")),
]
