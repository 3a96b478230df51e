"""``healthscore alerts``: works the alert ledger, and says which rules to keep."""

import typer

from healthscore_assets.cli.alerts.marks import ack, note, reopen, resolve, snooze
from healthscore_assets.cli.alerts.report import report
from healthscore_assets.cli.alerts.show import show
from healthscore_assets.cli.alerts.simulate import simulate
from healthscore_assets.cli.alerts.worklist import list_alerts

alerts = typer.Typer(
    help="Work the alerts: what to act on, what was done, and which rules to keep.",
    no_args_is_help=False,
    rich_markup_mode="rich",
)
alerts.command("list")(list_alerts)
for command in (show, ack, snooze, resolve, reopen, note, report, simulate):
    alerts.command()(command)


@alerts.callback(invoke_without_command=True)
def by_default(context: typer.Context) -> None:
    """Work the alerts: what to act on, what was done, and which rules to keep.

    \b
    Without a command: the list of what to act on.
    """
    if context.invoked_subcommand is None:
        # As if it had been named, so that the environment counts.
        command = typer.main.get_command(alerts).commands["list"]  # type: ignore[attr-defined]
        with command.make_context("list", [], parent=context) as listing:
            command.invoke(listing)
