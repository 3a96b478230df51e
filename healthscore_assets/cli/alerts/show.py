"""``healthscore alerts show``: one alert, what happened to it, and what to do."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from healthscore_assets.cli.alerts.options import (
    Alert,
    Format,
    FormatOption,
    LedgerPlace,
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
    from rich.console import Console

    from healthscore_assets.orchestration.workplace import Workplace
    from healthscore_assets.risk.ledger.alerts import LedgerAlert, LedgerEvent


def show(
    alert: Alert,
    form: FormatOption = Format.TABLE,
    exports: Exports = EXPORTS,
    lookups: Lookups = LOOKUPS,
    lake: LakeFolder = LAKE,
    ledger: LedgerPlace = "",
) -> None:
    """Print an alert, what happened to it, its playbook, and the message filled in.

    \b
    Example:
      healthscore alerts show 1b6bf1
    """
    import json
    import sys

    from rich.console import Console

    from healthscore_assets.orchestration.ledger import rule_titles

    if form is Format.CSV:
        raise typer.BadParameter("table or json", param_hint="--format")
    workplace = workplace_of(exports, lookups, lake)
    with ledger_at_work(workplace, ledger) as opened:
        found = opened.find(alert, today())
        events = opened.events(alert_id=found.alert_id)
        newest = opened.newest_month
    playbook = _Playbook(workplace, found, found.closed_month or newest or found.opened_month)
    if form is Format.JSON:
        told = {
            **asdict(found),
            "events": [asdict(each) for each in events],
            "goal": playbook.goal,
            "who": playbook.owner,
            "timeframe": playbook.timeframe,
            "steps": playbook.steps,
            "message": playbook.message,
            "problem": playbook.problem,
        }
        print(json.dumps(told, indent=2, ensure_ascii=False, default=str))
        return
    console = Console(width=None if sys.stdout.isatty() else 110, highlight=False)
    _show(console, found, events, rule_titles(workplace).get(found.rule, found.rule))
    playbook.show(console)


def _show(
    console: "Console", alert: "LedgerAlert", events: "list[LedgerEvent]", title: str
) -> None:
    from rich.markup import escape

    from healthscore_assets.delivery.texts import printable

    client = escape(printable(f"{alert.client_name} ({alert.client_id})"))
    console.print(f"[bold]{escape(title)}[/bold]  {client}")
    console.print(f"  {printable(alert.evidence)}", markup=False)
    told = f"{alert.tier}, {alert.state}; owner {alert.owner}, due {alert.due_date:%Y-%m-%d}"
    console.print(f"  {printable(told)}; alert {alert.alert_id}", markup=False)
    console.print()
    for each in events:
        when = each.month if each.by is None else f"{each.at:%Y-%m-%d}"
        kind = each.kind.replace("_", " ")
        who = f" ({each.tier})" if each.by is None else f" by {each.by}"
        words = f": {each.text}" if each.text else ""
        console.print(printable(f"  {when:10}  {kind}{who}{words}"), markup=False)


class _Playbook:
    """What to do about an alert, as far as there is a playbook and a story to fill it with."""

    goal: str | None = None
    owner: str | None = None
    timeframe: str | None = None
    steps: tuple[str, ...] = ()
    message: str | None = None
    problem: str | None = None

    def __init__(self, workplace: "Workplace", alert: "LedgerAlert", month: str) -> None:
        from healthscore_assets.lookups.refused import LookupRefused
        from healthscore_assets.orchestration.stories import story_of
        from healthscore_assets.risk.playbooks.filling import fill
        from healthscore_assets.risk.playbooks.reading import read_playbook

        path = workplace.playbooks_folder / f"{alert.playbook}.md"
        if not path.is_file():
            self.problem = f"{path}: no such file; write it, or correct alerts.yaml"
            return
        try:
            read = read_playbook(path)
            self.goal, self.timeframe, self.steps = read.goal, read.timeframe, read.steps
            self.owner = read.owner.replace("_", " ")
            self.message = fill(read, story_of(workplace, alert.client_id, month))
        except LookupRefused as refused:
            self.problem = str(refused)

    def show(self, console: "Console") -> None:
        """Print it; what keeps it from being filled goes to standard error."""
        from rich.markup import escape

        from healthscore_assets.cli.options import complain
        from healthscore_assets.delivery.texts import printable

        if self.goal is not None:
            console.print()
            told = f"{self.goal.rstrip('.')}. Who: {self.owner}. Timeframe: {self.timeframe}."
            goal = escape(told)
            console.print(f"[bold]What to do[/bold]  {goal}")
            for number, step in enumerate(self.steps, start=1):
                console.print(f"  {number}. {step}", markup=False)
        if self.message is not None:
            console.print()
            console.print("[bold]Message[/bold]")
            console.print(printable(self.message), markup=False, soft_wrap=True)
        if self.problem is not None:
            complain([self.problem])
