"""``healthscore alerts list``: what to act on, the most urgent first."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from healthscore_assets.cli.alerts.options import (
    Format,
    FormatOption,
    LedgerPlace,
    Tier,
    ledger_at_work,
    today,
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
    from collections.abc import Mapping, Sequence

    from healthscore_assets.risk.ledger.alerts import LedgerAlert

_COLUMNS = (
    *("alert_id", "client_id", "client_name", "rule", "tier", "state", "status", "opened_month"),
    *("closed_month", "evidence", "playbook", "owner", "due_date", "folded"),
    *("acknowledged_at", "acknowledged_by", "snoozed_until", "snoozed_by"),
    *("resolved_by_hand_at", "resolved_by_hand_by"),
)


def list_alerts(
    client: Annotated[str | None, typer.Option(help="Id or name of one client.")] = None,
    owner: Annotated[str | None, typer.Option(help="Whose: a person, or a role.")] = None,
    tier: Annotated[Tier | None, typer.Option(help="Only of this strength.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only of this rule.")] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Snoozed, resolved, folded and closed ones, too."),
    ] = False,
    form: FormatOption = Format.TABLE,
    exports: Exports = EXPORTS,
    lookups: Lookups = LOOKUPS,
    lake: LakeFolder = LAKE,
    ledger: LedgerPlace = "",
) -> None:
    """Print what to act on, the strongest and most urgent first.

    \b
    Examples:
      healthscore alerts list
      healthscore alerts list --owner "Dana Reyes" --tier high
      healthscore alerts list --client acct-0095 --all --format json
    """
    from healthscore_assets.orchestration.ledger import rule_titles

    workplace = workplace_of(exports, lookups, lake)
    with ledger_at_work(workplace, ledger) as opened:
        month = opened.newest_month
        found = opened.worklist(
            today(),
            everything=everything,
            client=client,
            owner=owner,
            tier=None if tier is None else tier.value,
            rule=rule,
        )
        every = opened.ids()
    if form is not Format.TABLE:
        from healthscore_assets.cli.alerts.printing import print_rows

        print_rows([_row(each) for each in found], form, _COLUMNS)
        return
    _show(found, every, rule_titles(workplace), f"Alerts of {month}", with_state=everything)


def _row(alert: "LedgerAlert") -> dict[str, Any]:
    row = asdict(alert)
    row["notes"] = [f"{n['at']:%Y-%m-%d} {n['by']}: {n['text']}" for n in row["notes"]]
    return row


def _show(
    found: "Sequence[LedgerAlert]",
    every: "Sequence[str]",
    named: "Mapping[str, str]",
    title: str,
    *,
    with_state: bool,
) -> None:
    import sys

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from healthscore_assets.delivery.texts import printable
    from healthscore_assets.monitoring.observation import plural

    console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)
    if not found:
        console.print(f"{title}: nothing to act on." if not with_state else f"{title}: none.")
        return
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for heading in ("id", "tier", "due", "client", "what", "evidence", "owner", "state"):
        table.add_column(
            heading,
            no_wrap=heading in ("id", "tier", "due", "state"),
            overflow="fold",
            ratio=3 if heading == "evidence" else None,
        )
    digits = digits_to_tell_apart(every)
    for each in found:
        table.add_row(
            each.alert_id[:digits],
            each.tier,
            f"{each.due_date:%Y-%m-%d}",
            escape(printable(each.client_name)),
            escape(named.get(each.rule, each.rule)),
            escape(printable(each.evidence)),
            escape(printable(each.owner)),
            _state(each),
        )
    console.print(table)
    clients = len({each.client_id for each in found})
    console.print(
        f"{plural(len(found), 'alert')} of {plural(clients, 'client')}. What to do about one: "
        f"healthscore alerts show {found[0].alert_id[:digits]}",
        style="dim",
    )


def _state(alert: "LedgerAlert") -> str:
    if alert.state == "snoozed":
        return f"until {alert.snoozed_until:%Y-%m-%d}"
    return "folded" if alert.folded and alert.status == "open" else alert.state


def digits_to_tell_apart(ids: "Sequence[str]", least: int = 6) -> int:
    """How many characters of these ids are enough to tell them apart."""
    for digits in range(least, 16):
        if len({each[:digits] for each in ids}) == len({*ids}):
            return digits
    return 16
